/* SPDX-License-Identifier: MIT */
/*
 * fetch_work.c: a worker task: takes a row, makes one request, hands the row over or puts it aside.
 *
 *     fetch_take() --row--> waits for its turn --> requests --answer--> hands over --.
 *          ^                       |                  |                              |
 *          |                       |             failed, or refused                  |
 *          |                       `host paused--> puts aside                        |
 *          `----------------------------------------------------------------------- -'
 *
 * A row that is put aside waits in job->hosts, not in a worker. A row that failed still counts
 * there as under way, so a host that is down does not get requests faster than one that answers.
 *
 * Invariants:
 *   - A URL that has been tried is recorded in a row, also if the worker is cancelled; a URL that
 *     hasn't been tried is left to a later run.
 *   - worker->state is set right before each wait: job_stop() depends on it.
 *   - When the job stops, each worker that ends hands over the rows that are put aside; after that,
 *     no row is put aside any more.
 */
#include "fetch_job.h"

#include <stdio.h>
#include <time.h>

/* What a worker did with a row. */
enum step { STEP_SETTLED, STEP_ASIDE };

/*
 * Waits until --rate allows a request. Turns are assigned in advance, one after the other, so a
 * worker that wakes late doesn't delay the next ones.
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

/* Records that another try was due when the job stopped, so that a later run makes it. */
static void record_interrupt(struct row *row)
{
    if (row->record.status > 0)
        row_set_error(row, "status %d; interrupted before it was tried again", row->record.status);
}

/* Records until when the server asks to wait, which is longer than this run waits. */
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

/* Puts the row aside for another try, after a temporary failure. */
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
    // 429 without Retry-After: our own pause applies to the whole host, so other requests wait too.
    bool is_too_many = row->record.status == 429 && delay <= job->options->max_wait;
    if (!is_too_many || !hosts_refused(&job->hosts, &row->request, now, delay, 0, &until))
        hosts_failed(&job->hosts, &row->request, now, delay);
    return STEP_ASIDE;
}

/* Puts the row aside because its host asks for a pause. */
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

/* Handles a lack of descriptors: continues with one worker less, if another one is left. */
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
    // The memory of rows that are put aside is limited, so it is counted.
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

/* Makes one request for a row, unless its host is paused or closed. */
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
    // The host may have been paused or closed during the wait.
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

/* Counts the reason why a URL wasn't loaded, and prints it with --verbose. */
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

/* Gives a settled row to the landing, which frees it. Drops one without an attempt or an error. */
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

/* When the job stops: hands over what is put aside; tried rows are recorded as interrupted. */
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
