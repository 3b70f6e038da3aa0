/* SPDX-License-Identifier: MIT */
/*
 * fetch_work.c: a worker: takes a row, makes one request, hands the row over or puts it aside.
 *
 *     fetch_take() --row--> waits for its turn --> requests --answer--> hands over --.
 *          ^                       |                  |                              |
 *          |                       |             failed, or refused                  |
 *          |                       `host paused--> puts aside                        |
 *          `----------------------------------------------------------------------- -'
 *
 * A row that is put aside waits in job->hosts, not in a worker. One that failed still counts there as
 * under way, so a host that is down is not asked faster than one that answers.
 *
 * Invariants:
 *   - A URL that has been tried ends in a row, also when the worker is cancelled; one that hasn't
 *     is left to a later run.
 *   - worker->state is set right before each wait: job_stop() goes by it.
 *   - When the job stops, each worker that ends hands over what is put aside; nothing is put aside
 *     any more after that.
 */
#include "fetch_job.h"

#include <stdio.h>
#include <time.h>

/* What a worker has done with a row. */
enum step { STEP_SETTLED, STEP_ASIDE };

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
    if (turn <= now)
        return 0;
    worker->state = WORKER_WAITS;
    return eddy_sleep(turn - now);
}

/* Says in the row that there was to be another try, so that a later run makes it. */
static void record_interrupt(struct row *row)
{
    if (row->record.status > 0)
        row_set_error(row, "status %d; interrupted before it was tried again", row->record.status);
}

/* Says in the row until when the server asks to wait, which is longer than this run will. */
static void record_wait(struct row *row, double until)
{
    int64_t at_ms = fetch_now_ms() + (int64_t)((until - eddy_time()) * 1000);
    time_t at = (time_t)((at_ms + 500) / 1000);
    struct tm parts;
    char date[32];
    gmtime_r(&at, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (row->record.status > 0)
        row_set_error(row, "status %d; the server asks to wait until %s, longer than --max-wait",
                      row->record.status, date);
    else
        row_set_error(
            row, "not requested: the server asks to wait until %s, longer than --max-wait", date);
    if (row->record.fetched_at_ms == 0)
        row->record.fetched_at_ms = fetch_now_ms();
}

static void tell(struct job *job, const struct row *row, const char *what, double seconds)
{
    if (job->options->is_verbose)
        show_say(&job->show, "%s: %s; %s %.1f s", row->key,
                 row->record.error != NULL ? row->record.error : "not answered", what, seconds);
}

/* --- What the outcome of a try means for the row ---------------------------------------------- */

/* It failed for a passing reason. */
static enum step try_later(struct worker *worker, struct row *row, double retry_after)
{
    struct job *job = worker->job;
    double until, now = eddy_time();
    if (retry_after > job->options->max_wait) {
        record_wait(row, now + retry_after);
        return STEP_SETTLED;
    }
    if (row->retry_count >= job->options->retries)
        return STEP_SETTLED;
    if (job->stop != STOP_NONE) {
        record_interrupt(row);
        return STEP_SETTLED;
    }
    double delay = backoff_delay(&job->backoff, row->retry_count++, retry_after);
    tell(job, row, "tried again in", delay);
    // Too many requests: without a Retry-After the pause is ours, and so the others wait as well.
    bool is_too_many = row->record.status == 429 && delay <= job->options->max_wait;
    if (!is_too_many || !hosts_refused(&job->hosts, &row->request, now, delay, 0, &until))
        hosts_failed(&job->hosts, &row->request, now, delay);
    return STEP_ASIDE;
}

/* Its host asks for a pause. */
static enum step wait_for_host(struct worker *worker, struct row *row, double retry_after)
{
    struct job *job = worker->job;
    double until, now = eddy_time();
    if (job->stop != STOP_NONE) {
        record_interrupt(row);
        return STEP_SETTLED;
    }
    if (!hosts_refused(&job->hosts, &row->request, now, retry_after, backoff_random(&job->backoff),
                       &until)) {
        record_wait(row, until);
        return STEP_SETTLED;
    }
    tell(job, row, "the host is paused for", until - now);
    return STEP_ASIDE;
}

/* There are too few descriptors: goes on with one worker less, as long as another is left. */
static enum step wait_for_resource(struct worker *worker, struct row *row)
{
    struct job *job = worker->job;
    size_t count = job->active_count < job->concurrency ? job->active_count : job->concurrency;
    if (count <= 1 || job->stop != STOP_NONE)
        return try_later(worker, row, -1);
    worker->is_superfluous = true;
    job->concurrency = count - 1;
    if (!job->has_told_resource)
        show_say(&job->show, "%s; going on with fewer requests at a time", row->record.error);
    job->has_told_resource = true;
    row->record.attempts--;
    hosts_postpone(&job->hosts, &row->request, eddy_time(), 1);
    return STEP_ASIDE;
}

static enum step judge(struct worker *worker, struct row *row, enum try_outcome outcome,
                       double retry_after)
{
    int status = row->record.status;
    // What is put aside takes memory, which is bounded.
    row->request.size = sizeof *row + row->url_size + row->record.body_size;
    if (status > 0 && status != 429 && outcome != TRY_REFUSED)
        hosts_answered(&worker->job->hosts, &row->request, eddy_time());
    switch (outcome) {
    case TRY_AGAIN: return try_later(worker, row, retry_after);
    case TRY_REFUSED: return wait_for_host(worker, row, retry_after);
    case TRY_NO_RESOURCE: return wait_for_resource(worker, row);
    case TRY_CUT_OFF: row_set_error(row, "interrupted before it was answered"); break;
    default: break;
    }
    return STEP_SETTLED;
}

/* --- Rows ------------------------------------------------------------------------------------- */

/* Makes one request for a row, unless its host doesn't want it. */
static enum step work_on(struct worker *worker, struct row *row)
{
    struct job *job = worker->job;
    double until, retry_after;
    bool is_closed = hosts_is_closed(&row->request, &until);
    if (!is_closed && wait_for_turn(worker) < 0) {
        if (row->record.attempts > 0)
            record_interrupt(row);
        return STEP_SETTLED;
    }
    // The host may have been paused or closed meanwhile.
    if (hosts_hold(&job->hosts, &row->request, eddy_time()))
        return STEP_ASIDE;
    if (is_closed || hosts_is_closed(&row->request, &until)) {
        record_wait(row, until);
        return STEP_SETTLED;
    }
    worker->state = WORKER_REQUESTS;
    job->summary.retries += row->record.attempts > 0;
    enum try_outcome outcome = fetch_try(job, row, &retry_after);
    return judge(worker, row, outcome, retry_after);
}

static bool is_loaded(const struct record *record)
{
    return record->error == NULL && record->status >= 200 && record->status <= 299;
}

/* Counts why a URL wasn't loaded, and tells it with --verbose. */
static void explain(struct job *job, const struct row *row)
{
    const struct record *record = &row->record;
    char text[32];
    snprintf(text, sizeof text, "status %d", record->status);
    const char *reason = record->error != NULL ? record->error : text;
    if (is_loaded(record))
        return;
    reasons_put(&job->reasons, reason, row->key);
    if (job->options->is_verbose)
        show_say(&job->show, "%s: %s", row->key, reason);
}

/* Gives a settled row to the landing, which frees it. A row that hasn't been begun is dropped. */
static int hand_over(struct worker *worker, struct row *row)
{
    struct job *job = worker->job;
    hosts_leave(&job->hosts, &row->request);
    if (row->record.attempts == 0 && row->record.error == NULL) {
        row_free(row);
        return 0;
    }
    worker->state = WORKER_HANDS_OVER;
    explain(job, row);
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

/* The job stops: what has been tried is recorded as interrupted. */
static int hand_over_rest(struct worker *worker)
{
    struct row *row;
    while ((row = fetch_take_any(worker->job)) != NULL) {
        if (row->record.attempts > 0)
            record_interrupt(row);
        EDDY_TRY(hand_over(worker, row));
    }
    return 0;
}

static int work(struct worker *worker)
{
    struct row *row;
    int rc;
    while ((rc = fetch_take(worker, &row)) > 0) {
        if (work_on(worker, row) == STEP_SETTLED)
            EDDY_TRY(hand_over(worker, row));
        worker->state = WORKER_WAITS;
        if (eddy_task_cancelling(eddy_current_task()) > 0)
            return EDDY_CANCELLED;
        if (worker->job->stop != STOP_NONE || worker->is_superfluous)
            return 0;
    }
    return rc;
}

EDDY_ASYNC_DEFINE(fetch_work, (struct worker *, worker))
{
    int rc = work(worker);
    if (worker->job->stop != STOP_NONE)
        EDDY_TRY(hand_over_rest(worker));
    return rc;
}
