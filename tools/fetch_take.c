/* SPDX-License-Identifier: MIT */
/*
 * fetch_take.c: picks the next row for a worker.
 *
 *     fetch_take(): a row that is put aside and may be tried now
 *                   else the next URL of the source; if its host is paused, it is put aside
 *                   else wait: idle workers are called, one at a time
 *
 * Invariants:
 *   - While there is something to do, a worker searches for it or is about to: a worker that leaves
 *     with a row calls another, and that one the next, until one finds nothing.
 *   - The alarm is set to the time when the next row that is put aside may be tried.
 *   - No worker takes a row while more than UNLANDED_MAX bytes of bodies wait to be landed, or a
 *     new URL while more than ASIDE_MAX bytes of rows are put aside.
 *   - Workers end when the source is drained and nothing is put aside. If a worker puts a row aside
 *     after that, it is still running and can take the row again.
 *
 * Called by fetch_work.c.
 */
#include "fetch_job.h"

#include <math.h>
#include <stddef.h>

static struct row *row_of(struct host_request *request)
{
    return (struct row *)((char *)request - offsetof(struct row, request));
}

static bool can_feed(const struct job *job)
{
    return !job->is_drained && !job->is_feeding && job->hosts.aside_size <= ASIDE_MAX;
}

static bool is_done(const struct job *job)
{
    return job->stop != STOP_NONE || (job->is_drained && job->hosts.aside_count == 0);
}

/* --- Idle workers ----------------------------------------------------------------------------- */

static void enter_idle(struct worker *worker)
{
    struct job *job = worker->job;
    worker->is_idle = true;
    worker->previous_idle = NULL;
    worker->next_idle = job->idle;
    if (job->idle != NULL)
        job->idle->previous_idle = worker;
    job->idle = worker;
}

static void leave_idle(struct worker *worker)
{
    worker->is_idle = false;
    if (worker->previous_idle != NULL)
        worker->previous_idle->next_idle = worker->next_idle;
    else
        worker->job->idle = worker->next_idle;
    if (worker->next_idle != NULL)
        worker->next_idle->previous_idle = worker->previous_idle;
}

void fetch_call_another(struct job *job)
{
    struct worker *worker = job->idle;
    if (worker == NULL) {
        job_start_worker(job);
        return;
    }
    leave_idle(worker);
    EDDY_IGNORE(eddy_event_set(&worker->call));
}

static int wait_for_call(struct worker *worker)
{
    worker->state = WORKER_WAITS;
    EDDY_IGNORE(eddy_event_clear(&worker->call));
    enter_idle(worker);
    int rc = eddy_event_wait(&worker->call);
    if (worker->is_idle)
        leave_idle(worker);
    else if (rc < 0)
        fetch_call_another(worker->job);    // it was called, but can't take a row
    return rc;
}

/* --- The alarm -------------------------------------------------------------------------------- */

static int on_alarm(void *data)
{
    struct job *job = data;
    eddy_handle_free(job->alarm);
    job->alarm = NULL;
    fetch_call_another(job);
    return 0;
}

static void set_alarm(struct job *job)
{
    double at = hosts_next_time(&job->hosts);
    if (isinf(at) || (job->alarm != NULL && job->alarm_at <= at))
        return;
    fetch_take_end(job);
    // Slightly later: the loop's clock counts nanoseconds, and rounding could make it too early.
    int rc = eddy_call_at(at + 1e-6, on_alarm, job, &job->alarm);
    job->alarm_at = at;
    if (rc < 0)
        job_fail(job, rc, "can't wait for a host");
}

void fetch_take_end(struct job *job)
{
    if (job->alarm != NULL)
        eddy_handle_cancel(job->alarm);
    eddy_handle_free(job->alarm);
    job->alarm = NULL;
}

/* --- Taking ----------------------------------------------------------------------------------- */

/* Takes the next URL. Returns 1 and a row that may be sent; 0 if none, or if it was put aside. */
static int take_new(struct worker *worker, struct row **out_row)
{
    struct job *job = worker->job;
    struct row *row;
    worker->state = WORKER_WAITS;
    int rc = feed_next(job, &row);
    if (rc <= 0)
        return rc;
    if (!hosts_begin(&job->hosts, &row->request, eddy_time()))
        return 0;
    *out_row = row;
    return 1;
}

static int take(struct worker *worker, struct row **out_row)
{
    struct job *job = worker->job;
    for (;;) {
        worker->state = WORKER_WAITS;
        EDDY_TRY(eddy_event_wait(&job->has_room));
        if (is_done(job))
            return 0;
        struct host_request *request = hosts_take(&job->hosts, eddy_time());
        set_alarm(job);
        if (request != NULL) {
            *out_row = row_of(request);
            return 1;
        }
        int rc = can_feed(job) ? take_new(worker, out_row) : wait_for_call(worker);
        if (rc != 0)
            return rc;
    }
}

int fetch_take(struct worker *worker, struct row **out_row)
{
    struct job *job = worker->job;
    int rc = take(worker, out_row);
    if (can_feed(job) || hosts_are_ready(&job->hosts) || is_done(job))
        fetch_call_another(job);
    return rc;
}

struct row *fetch_take_any(struct job *job)
{
    struct host_request *request = hosts_take_any(&job->hosts);
    return request != NULL ? row_of(request) : NULL;
}
