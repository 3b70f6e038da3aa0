/* SPDX-License-Identifier: MIT */
/*
 * shutdown.c: ending what is left of a run.
 *
 *   1. if tasks are left: all are cancelled, oldest first, and awaited by a gather
 *   2. a task that closes generators, and an empty one where asyncio shuts down its executor:
 *      callbacks that were already queued get these iterations, as they do in asyncio
 *   3. what is left even then is cancelled regardless of what it waits for, and finally given up
 *
 * A nested run ends what was made within it in the same way, while everything else runs on.
 *
 * Called by runner.c while no task runs, by nested.c in the task that runs the nested run.
 */
#include "combine/combine.h"
#include "core/inherit.h"

#include <eddy/gather.h>
#include <eddy/generator.h>
#include <eddy/loop.h>
#include <eddy/timeout.h>

#include <errno.h>

enum {
    LATE_ROUNDS_MAX = 8,    // of cancelling tasks created while others were cancelled
    UNWIND_ROUNDS_MAX = 64, // of those that catch the cancellation and wait again
    SETTLE_MAX = 100000,    // iterations, in all rounds, for those that end because others have
    NESTED_SETTLE_MAX = 1000, // the same where others may never let the loop be idle
};

static bool has_tasks(const struct shutdown *shutdown)
{
    return shutdown->within != NULL ? shutdown->within->task_count > 0
                                    : !list_is_empty(&shutdown->loop->tasks);
}

/* Runs the loop until `future` is done: 0, or an error after which nothing completes. */
static int wait_for(struct shutdown *shutdown, struct eddy_future *future)
{
    if (eddy__future_is_done(future))
        return future->status; // it could not be made
    return shutdown->within != NULL ? eddy__nested_wait(shutdown, future)
                                    : eddy__loop_run_until(shutdown->loop, future);
}

EDDY_ASYNC(nothing)
{
    return 0;
}

EDDY_ASYNC(aclose, (eddy_generator *, generator))
{
    int status = eddy_generator_close(generator);
    eddy_generator_free(generator);
    return status;
}

static void report_generator(eddy_generator *generator, int status, const struct eddy_error *error)
{
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_ASYNCGEN,
        .message = "a generator failed when the run's end closed it",
        .status = status,
        .error = error,
        .name = eddy__generator_name(generator),
    });
}

/* Closes all generators ever iterated within, each in a task; reports the errors. */
EDDY_ASYNC(close_generators, (const struct nested_run *, within))
{
    struct eddy_loop *loop = eddy__loop_current();
    size_t count = eddy__generator_count(loop, within);
    if (count == 0)
        return 0;
    eddy_generator **generators = eddy__malloc(count * sizeof(eddy_generator *));
    eddy_future **closings = eddy__malloc(count * sizeof(eddy_future *));
    if (generators == NULL || closings == NULL) {
        eddy__free(generators);
        eddy__free(closings);
        return -ENOMEM;
    }
    // Twice: each has one reference in the array and one in its closing task.
    eddy__generators_collect(loop, within, generators, count);
    eddy__generators_collect(loop, within, generators, count);
    for (size_t i = 0; i < count; i++)
        closings[i] = eddy_coro(aclose, generators[i]);
    eddy_future *gather = eddy_gather_all_start(closings, count, true);
    int status = eddy_await(gather);
    for (size_t i = 0; i < count; i++) {
        eddy_future *closing = eddy_gather_child(gather, i);
        if (status >= 0 && closing->status < 0)
            report_generator(generators[i], closing->status, closing->error);
        eddy_generator_free(generators[i]);
    }
    eddy_future_free(gather);
    eddy__free(generators);
    eddy__free(closings);
    return status;
}

static int run_last(struct shutdown *shutdown, eddy_coroutine *coroutine)
{
    eddy_task *task = eddy_task_create(coroutine, &(eddy_task_options){.name = "-"});
    int err = wait_for(shutdown, task);
    eddy__future_look(task);
    eddy_task_free(task);
    return err;
}

static void report_failures(struct eddy_future *gather)
{
    for (size_t i = 0; i < eddy_gather_count(gather); i++) {
        struct eddy_future *task = eddy_gather_child(gather, i);
        if (task->state == EDDY_STATE_FAILED)
            eddy__report_task(EDDY_REPORT_SHUTDOWN, task,
                              "a task failed when the run's end cancelled it");
    }
}

/* Stores references to all unfinished tasks in *out_tasks, a new array. The number, or -ENOMEM. */
static ssize_t collect(const struct shutdown *shutdown, eddy_task ***out_tasks)
{
    size_t all = has_tasks(shutdown) ? eddy_all_tasks(NULL, 0) : 0, count = 0;
    if (all == 0)
        return 0;
    eddy_task **tasks = eddy__malloc(all * sizeof(eddy_task *));
    if (tasks == NULL)
        return -ENOMEM;
    for (struct link *link = list_first(&shutdown->loop->tasks); link != NULL;
         link = list_next(&shutdown->loop->tasks, link)) {
        struct task *task = container_of(link, struct task, all);
        if (eddy__is_within(eddy__nested_run_of(eddy__task_inherited(task)), shutdown->within))
            tasks[count++] = eddy_future_ref(&task->future);
    }
    *out_tasks = tasks;
    return (ssize_t)count;
}

/* Cancels every unfinished task and waits for all. */
static int cancel_all(struct shutdown *shutdown)
{
    eddy_task **tasks;
    ssize_t count = collect(shutdown, &tasks);
    if (count <= 0)
        return (int)count;
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_SHUTDOWN, "the run is ending", NULL);
    for (ssize_t i = 0; i < count; i++)
        eddy__future_cancel_for(tasks[i], why);
    eddy__error_unref(why);
    struct eddy_future *gather = eddy_gather_all_start(tasks, (size_t)count, true);
    eddy_tasks_free(tasks, (size_t)count);
    int err = wait_for(shutdown, gather);
    if (err == 0)
        report_failures(gather);
    eddy__future_look(gather);
    eddy_future_free(gather);
    return err;
}

static void abort_all(struct shutdown *shutdown, struct eddy_error *why)
{
    for (struct link *link = list_first(&shutdown->loop->tasks); link != NULL;
         link = list_next(&shutdown->loop->tasks, link)) {
        struct task *task = container_of(link, struct task, all);
        if (eddy__is_within(eddy__nested_run_of(eddy__task_inherited(task)), shutdown->within))
            eddy__task_abort(task, why);
    }
}

static int run_what_is_ready(const struct shutdown *shutdown, size_t *iterations_left)
{
    while (!list_is_empty(&shutdown->loop->ready) && *iterations_left > 0) {
        if (shutdown->within != NULL && !has_tasks(shutdown))
            break; // the ready tasks are none of ours
        --*iterations_left;
        EDDY_TRY(eddy__task_yield());
    }
    return 0;
}

/*
 * After the poller has failed: waits for threads that tasks have started since. They may be using
 * memory of frames that the next round unwinds.
 */
static int wait_for_threads(struct eddy_loop *loop)
{
    double seconds = eddy__seconds_of_ns(eddy__loop_flush_timeout_ns(loop));
    int rc = eddy_within(seconds, eddy__loop_wait_for_threads(loop));
    return rc == EDDY_TIMEDOUT ? 0 : rc;
}

/* Ends generators, and runs what became ready as far as possible: chains unwind link by link. */
EDDY_ASYNC(settle, (const struct shutdown *, shutdown), (size_t *, iterations_left))
{
    struct eddy_loop *loop = shutdown->loop;
    eddy__generators_exit(loop, shutdown->within);
    EDDY_TRY(run_what_is_ready(shutdown, iterations_left));
    if (loop->poll_error == 0 || loop->hold_count == 0)
        return 0;
    EDDY_TRY(wait_for_threads(loop));
    return run_what_is_ready(shutdown, iterations_left);
}

/*
 * Unwinds every task and generator that is left, so that what its frames own is released: after a
 * deadlock, and when tasks were created while the run's end cancelled the others.
 */
void eddy__shutdown_unwind(struct shutdown *shutdown, bool is_deadlocked)
{
    for (int round = 0; round < LATE_ROUNDS_MAX && !is_deadlocked; round++)
        is_deadlocked = cancel_all(shutdown) < 0 || !has_tasks(shutdown);
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_SHUTDOWN, "the run is ending", NULL);
    size_t iterations_left = shutdown->within != NULL ? NESTED_SETTLE_MAX : SETTLE_MAX;
    shutdown->loop->is_unwinding = shutdown->within == NULL;
    for (int round = 0; round < UNWIND_ROUNDS_MAX; round++) {
        if (!has_tasks(shutdown) && !eddy__generators_wait(shutdown->loop, shutdown->within))
            break;
        abort_all(shutdown, why);
        EDDY_IGNORE(run_last(shutdown, eddy_coro(settle, shutdown, &iterations_left)) < 0);
    }
    shutdown->loop->is_unwinding = false;
    eddy__error_unref(why);
    eddy__generators_give_up(shutdown->loop, shutdown->within);
}

int eddy__shutdown(struct shutdown *shutdown)
{
    int err = cancel_all(shutdown);
    // A nested run needs none of the further iterations that asyncio's end of a run has.
    bool is_whole = shutdown->within == NULL;
    if (err == 0 && (is_whole || eddy__generator_count(shutdown->loop, shutdown->within) > 0))
        err = run_last(shutdown, eddy_coro(close_generators, shutdown->within));
    if (err == 0 && is_whole)
        err = run_last(shutdown, eddy_coro(nothing));
    return err;
}
