/* SPDX-License-Identifier: MIT */
/*
 * fetch_job.c: starts the workers of a job, and stops the job early.
 *
 *     running --Ctrl-C--> stopping --all workers ended--> landing the rest --> summary, exit 130
 *        |                    `--5 s later: what is still under way is cut off
 *        `--landing fails--> every worker is cut off at once, rows are dropped --> exit 1
 *
 * Invariants:
 *   - A worker that hands over a row is never cancelled, so a completed row is landed.
 *   - A worker counts as active from its creation until its done callback, also if it is cancelled
 *     before its first step. The callback of the last one shuts the queue down.
 *   - A job that ends while there are URLs left has a stop reason, and reports it.
 *   - The second signal ends the program at once. That is as safe as SIGKILL: each batch is on disk
 *     as a whole, or not at all.
 *
 * Called by the tasks of the fetch command, and by the loop for signals.
 */
#include "fetch_job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_INTERRUPTED = 130 };

static const double grace = 5;    // seconds that requests under way have after an interrupt

/* --- Workers ---------------------------------------------------------------------------------- */

static int on_worker_done(eddy_future *task, void *data)
{
    struct worker *worker = data;
    struct job *job = worker->job;
    int rc = eddy_future_exception(task);
    worker->task = NULL;
    eddy_task_free(task);
    if (--job->active_count > 0)
        return 0;
    // If a worker can't be started (out of memory), the other workers take its URLs.
    bool has_more = !job->is_drained || job->hosts.aside_count > 0;
    if (has_more && job->stop == STOP_NONE)
        job_fail(job, rc < 0 ? rc : -ECANCELED, "can't start a worker");
    EDDY_IGNORE(eddy_queue_shutdown(job->rows, false));
    return 0;
}

void job_start_worker(struct job *job)
{
    bool is_needed = !job->is_drained || hosts_are_ready(&job->hosts);
    if (job->worker_count >= job->concurrency || job->stop != STOP_NONE || !is_needed)
        return;
    struct worker *worker = &job->workers[job->worker_count++];
    *worker = (struct worker){.job = job, .task = eddy_create_task(fetch_work, worker)};
    job->active_count++;
    int rc = eddy_future_add_done_callback(worker->task, on_worker_done, worker);
    if (rc < 0) {
        if (!eddy_future_done(worker->task))
            job_fail(job, rc, "can't start a worker");
        EDDY_IGNORE(on_worker_done(worker->task, worker));
    }
}

/* --- Stopping --------------------------------------------------------------------------------- */

static size_t cancel_workers(struct job *job, enum worker_state last, const char *why)
{
    size_t left_count = 0;
    for (size_t i = 0; i < job->worker_count; i++) {
        struct worker *worker = &job->workers[i];
        if (worker->task == NULL)
            continue;
        if (worker->state <= last)
            eddy_task_cancel(worker->task, why);
        else
            left_count++;
    }
    return left_count;
}

static int cut_off(void *data)
{
    struct job *job = data;
    cancel_workers(job, WORKER_REQUESTS, "it took too long after an interrupt");
    return 0;
}

void job_stop(struct job *job, enum stop_reason reason)
{
    if (job->stop != STOP_NONE && (job->stop == reason || reason != STOP_FAILED))
        return;
    job->stop = reason;
    if (job->session == NULL) {
        eddy_task_cancel(job->main, "the job was stopped");    // still opening
        return;
    }
    if (reason != STOP_INTERRUPTED) {
        cancel_workers(job, WORKER_REQUESTS, "the job was stopped");
        return;
    }
    size_t left_count = cancel_workers(job, WORKER_WAITS, "the job was interrupted");
    if (left_count > 0 && !job->options->is_quiet)
        show_say(&job->show,
                 "stopping; %zu request%s under way may end within %.0f s; Ctrl-C "
                 "again ends at once",
                 left_count, left_count == 1 ? "" : "s", grace);
    // If there is no memory for the timer, the timeout of each request ends the wait.
    EDDY_IGNORE(eddy_call_later(grace, cut_off, job, &job->cut_off));
}

void job_fail(struct job *job, int status, const char *what)
{
    if (job->stop == STOP_FAILED)
        return;
    const char *message = eddy_error_message(eddy_error_get(status));
    complain(&job->complaint, status, 0, "%s: %.300s", what,
             message != NULL ? message : eddy_strerror(status));
    job_stop(job, STOP_FAILED);
}

static int on_signal(void *data)
{
    struct job *job = data;
    if (++job->signal_count == 1 && job->stop == STOP_NONE) {
        // After everything has landed there is nothing to interrupt.
        if (!job->has_landed)
            job_stop(job, STOP_INTERRUPTED);
        return 0;
    }
    show_clear(&job->show);
    _exit(EXIT_INTERRUPTED);
}

/* Whether the signal is ignored, as shells have it for background jobs; then it stays ignored. */
static bool is_ignored(int signal_number)
{
    struct sigaction action;
    return sigaction(signal_number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int job_watch_signals(struct job *job)
{
    if (!is_ignored(SIGINT))
        EDDY_TRY(eddy_add_signal_handler(SIGINT, on_signal, job));
    return eddy_add_signal_handler(SIGTERM, on_signal, job);
}
