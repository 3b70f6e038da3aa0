/* SPDX-License-Identifier: MIT */
/*
 * shutdown.c: how what is left of a run is ended.
 *
 *   1. if tasks are left: all are cancelled, oldest first, and awaited by a gather
 *   2. a task that closes generators, and an empty one in place of asyncio's end of its executor:
 *      callbacks that were on their way get these iterations, as they do in asyncio
 *   3. what is there even then is cancelled without asking what it waits for, and given up at last
 *
 * Called by runner.c, while no task runs.
 */
#include "combine/combine.h"

#include <eddy/gather.h>
#include <eddy/generator.h>
#include <eddy/loop.h>

#include <errno.h>

enum {
    LATE_ROUNDS_MAX = 8,    // of cancelling tasks that were created while others were cancelled
    UNWIND_ROUNDS_MAX = 64, // of those that catch the cancellation and wait again
    SETTLE_MAX = 100000,    // iterations, in all rounds, for those that end because others have
};

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

/* Closes all generators that were ever asked, each in a task; the errors are reported. */
EDDY_ASYNC(close_generators)
{
    struct eddy_loop *loop = eddy__loop_current();
    size_t count = 0;
    for (struct link *link = list_first(&loop->generators); link != NULL;
         link = list_next(&loop->generators, link))
        count++;
    if (count == 0)
        return 0;
    eddy_generator **generators = eddy__malloc(count * sizeof(eddy_generator *));
    eddy_future **closings = eddy__malloc(count * sizeof(eddy_future *));
    if (generators == NULL || closings == NULL) {
        eddy__free(generators);
        eddy__free(closings);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        generators[i] = eddy__generator_at(loop, i);
        closings[i] = eddy_coro(aclose, eddy__generator_at(loop, i));
    }
    eddy_future *gather = eddy_gather_start(closings, count, true);
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

static int run_last(struct eddy_loop *loop, eddy_coroutine *coroutine)
{
    eddy_task *task = eddy_task_create(coroutine, &(eddy_task_options){.name = "-"});
    int err = eddy__future_is_done(task) ? task->status : eddy__loop_run_until(loop, task);
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

/* Cancels every unfinished task and waits for all. */
static int cancel_all(struct eddy_loop *loop)
{
    size_t count = eddy_all_tasks(NULL, 0);
    if (count == 0)
        return 0;
    eddy_task **tasks = eddy__malloc(count * sizeof(eddy_task *));
    if (tasks == NULL)
        return -ENOMEM;
    eddy_all_tasks(tasks, count);
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_SHUTDOWN, "the run is ending", NULL);
    for (size_t i = 0; i < count; i++)
        eddy__future_cancel_for(tasks[i], why);
    eddy__error_unref(why);
    struct eddy_future *gather = eddy_gather_start(tasks, count, true);
    for (size_t i = 0; i < count; i++)
        eddy_task_free(tasks[i]);
    eddy__free(tasks);
    // Done already: it could not be made.
    int err = eddy__future_is_done(gather) ? gather->status : eddy__loop_run_until(loop, gather);
    if (err == 0)
        report_failures(gather);
    eddy__future_look(gather);
    eddy_future_free(gather);
    return err;
}

/* Ends generators, and lets what became ready run as far as it can: chains unwind link by link. */
EDDY_ASYNC(settle, (size_t *, iterations_left))
{
    struct eddy_loop *loop = eddy__loop_current();
    eddy__generators_exit(loop);
    while (!list_is_empty(&loop->ready) && *iterations_left > 0) {
        --*iterations_left;
        EDDY_TRY(eddy__task_yield());
    }
    return 0;
}

/*
 * Lets every task and generator that is left unwind, so that what its frames own is given back: after
 * a deadlock, and when tasks were created while the run's end cancelled the others.
 */
void eddy__shutdown_unwind(struct eddy_loop *loop, bool is_deadlocked)
{
    for (int round = 0; round < LATE_ROUNDS_MAX && !is_deadlocked; round++)
        is_deadlocked = cancel_all(loop) < 0 || list_is_empty(&loop->tasks);
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_SHUTDOWN, "the run is ending", NULL);
    size_t iterations_left = SETTLE_MAX;
    for (int round = 0; round < UNWIND_ROUNDS_MAX; round++) {
        if (list_is_empty(&loop->tasks) && !eddy__generators_wait(loop))
            break;
        for (struct link *link = list_first(&loop->tasks); link != NULL;
             link = list_next(&loop->tasks, link))
            eddy__task_abort(container_of(link, struct task, all), why);
        EDDY_IGNORE(run_last(loop, eddy_coro(settle, &iterations_left)) < 0);
    }
    eddy__error_unref(why);
    eddy__generators_give_up(loop);
}

int eddy__shutdown(struct eddy_loop *loop)
{
    int err = cancel_all(loop);
    if (err == 0)
        err = run_last(loop, eddy_coro(close_generators));
    if (err == 0)
        err = run_last(loop, eddy_coro(nothing));
    return err;
}
