/* SPDX-License-Identifier: MIT */
/*
 * fetch_work.c: a worker: takes a URL, tries until that has an outcome, hands over the row; again.
 *
 *     waits --URL--> waits for its turn --> requests --answer--> hands over --> waits
 *                        ^                     `--failed, may be tried again--> waits --.
 *                        `--------------------------------------------------------------'
 *
 * A worker that pauses keeps its place, so no more than --concurrency URLs are ever under way, and
 * a server that answers "too many requests" is asked less by as many.
 *
 * What always holds:
 *   - A URL that has been tried ends in a row, also when the worker is cancelled; one that hasn't
 *     is left to a later run.
 *   - worker->state is set right before each wait: job_stop() goes by it.
 */
#include "fetch_job.h"

/* Waits for a while, as a worker that may be cancelled meanwhile. */
static int pause_for(struct worker *worker, double seconds)
{
    worker->state = WORKER_WAITS;
    return eddy_sleep(seconds);
}

/*
 * Waits until --rate allows a request. Turns are dealt out beforehand, one after the other, so a
 * worker that wakes late doesn't slow down those behind it.
 */
static int wait_for_turn(struct worker *worker)
{
    struct job *job = worker->job;
    if (job->options->rate <= 0)
        return 0;
    double now = eddy_time();
    double turn = job->next_turn > now ? job->next_turn : now;
    job->next_turn = turn + 1 / job->options->rate;
    return turn > now ? pause_for(worker, turn - now) : 0;
}

/* Says in the row that there was to be another try, so that a later run makes it. */
static void record_interrupt(struct row *row)
{
    if (row->record.error == NULL)
        row_set_error(row, "status %d; interrupted before it was tried again", row->record.status);
}

/* Tries until there is an outcome. A row without attempts has not been begun. */
static void try_until_settled(struct worker *worker, struct row *row)
{
    struct job *job = worker->job;
    for (unsigned retry = 0;; retry++) {
        double retry_after;
        if (wait_for_turn(worker) < 0)
            break;
        worker->state = WORKER_REQUESTS;
        enum try_outcome outcome = fetch_try(job, row, &retry_after);
        if (outcome == TRY_CUT_OFF)
            row_set_error(row, "interrupted before it was answered");
        if (outcome != TRY_AGAIN || retry >= job->options->retries)
            return;
        if (job->stop != STOP_NONE)
            break;
        if (pause_for(worker, backoff_delay(&job->backoff, retry, retry_after)) < 0)
            break;
        job->summary.retries++;
    }
    if (row->record.attempts > 0)
        record_interrupt(row);
}

/* Gives the row to the landing, which frees it. */
static int hand_over(struct worker *worker, struct row *row)
{
    struct job *job = worker->job;
    worker->state = WORKER_HANDS_OVER;
    job->show.done++;
    job->show.failed += row->record.error != NULL;
    job->unlanded_size += row->record.body_size;
    if (job->unlanded_size > UNLANDED_MAX)
        EDDY_IGNORE(eddy_event_clear(&job->has_room));
    int rc = eddy_queue_put(job->rows, &row);
    if (rc < 0) {
        job_fail(job, rc, "can't hand over a row");
        row_free(row);
    }
    return rc;
}

EDDY_ASYNC_DEFINE(fetch_work, (struct worker *, worker))
{
    struct row *row;
    int rc;
    while ((rc = feed_take(worker->job, &row)) > 0) {
        try_until_settled(worker, row);
        if (row->record.attempts > 0)
            rc = hand_over(worker, row);
        else
            row_free(row);
        if (rc < 0)
            return rc;
        worker->state = WORKER_WAITS;
        if (eddy_task_cancelling(eddy_current_task()) > 0)
            return EDDY_CANCELLED;
        if (worker->job->stop != STOP_NONE)
            return 0;
    }
    return rc;
}
