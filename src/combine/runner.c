/* SPDX-License-Identifier: MIT */
/*
 * runner.c: runs, one or several on one loop.
 *
 *   open    makes a loop, which is not current on any thread until something runs
 *   run     runs the main task, until it is done and its callbacks have run
 *   close   ends what is left (shutdown.c), then runs the modules' close functions; frees the loop
 *
 * eddy_run() does all three.
 *
 * Invariants:
 *   - Between runs the thread has no current loop: its tasks don't run, timers don't fire.
 *   - Main tasks run in the runner's context itself, not in a copy: variables set by one are seen
 *     by the next.
 *   - Ctrl-C is handled from the start of a run to its end; by eddy_run() until the loop has
 *     closed. Once the main task is done it ends the program, as in asyncio, which restores the
 *     signal then.
 */
#include "combine/combine.h"
#include "core/inherit.h"

#include <eddy/loop.h>
#include <eddy/runner.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct eddy_runner {
    struct eddy_loop *loop;      // NULL: closed
    struct eddy_future *main;    // of the last or the current run; NULL before the first
    eddy_context *context;       // of its main tasks; NULL for a single run: the thread's
    pthread_t thread;
};

/* ---- the steps of a run ----------------------------------------------------------------------*/

static void call_hook(struct eddy_loop *loop, void (*hook)(eddy_task *main, void *data),
                      eddy_task *main)
{
    if (hook != NULL)
        hook(main, loop->options.hook_data);
}

static int open_runner(struct eddy_runner *runner, const eddy_run_options *options)
{
    *runner = (struct eddy_runner){.thread = pthread_self()};
    return eddy__loop_open(&runner->loop, options);
}

static void make_main(struct eddy_runner *runner, eddy_coroutine *coroutine, eddy_context *context)
{
    eddy_task_options options = {.context = context != NULL ? context : runner->context};
    eddy_future_free(runner->main);
    runner->main = eddy_task_create(coroutine, &options);
    if (runner->main->kind == &eddy__future_task) // else it could not be made
        runner->loop->main = eddy__task_of(runner->main);
}

/* Runs `coroutine`, which is used up, until it is done. The loop is attached. 0, or -EDEADLK. */
static int run_main(struct eddy_runner *runner, eddy_coroutine *coroutine, eddy_context *context)
{
    struct eddy_loop *loop = runner->loop;
    eddy__error_unref(eddy__run_error);
    eddy__run_error = NULL;
    loop->is_interrupted = false;
    loop->is_deadlock_reported = false;
    make_main(runner, coroutine, context);
    eddy__interrupt_arm(loop);
    int err = eddy__loop_run_until(loop, runner->main);
    loop->is_interrupted_late = eddy__interrupt_end(loop);
    if (err == 0)
        call_hook(loop, loop->options.on_main_done, runner->main);
    return err;
}

/* Ends what is left; `err` is the status of the last run. The loop is attached. */
static int end_all(struct eddy_runner *runner, int err)
{
    struct eddy_loop *loop = runner->loop;
    struct shutdown shutdown = {.loop = loop};
    if (err == 0)
        err = eddy__shutdown(&shutdown);
    if (err == 0)
        call_hook(loop, loop->options.on_closing, runner->main);
    eddy__shutdown_unwind(&shutdown, err < 0);
    return err;
}

static void close_runner(struct eddy_runner *runner)
{
    runner->loop->main = NULL;
    eddy_future_free(runner->main);
    runner->main = NULL;
    eddy_context_free(runner->context);
    runner->context = NULL;
    eddy__loop_close(runner->loop);
    runner->loop = NULL;
}

/* If the poller failed, the run ends with that error, not with the tasks' outcome. */
static int fail_of_poller(const struct eddy_loop *loop)
{
    eddy__error_unref(eddy__run_error);
    eddy__run_error =
        eddy__error_new(loop->poll_error, NULL, "the loop could not wait for events any more");
    return loop->poll_error;
}

/* What a run returns: the main task's outcome, its error kept for eddy_error_get(). */
static int outcome_of(const struct eddy_runner *runner, int err, void *out_value, size_t size)
{
    struct eddy_future *main = runner->main;
    if (runner->loop->poll_error < 0) {
        eddy__future_look(main);
        return fail_of_poller(runner->loop);
    }
    if (err < 0)
        return err;
    if (runner->loop->is_interrupted_late) {
        eddy__future_look(main); // the interrupt replaces its outcome
        return EDDY_INTERRUPTED;
    }
    int status = eddy__future_take(main, out_value, size);
    if (status == EDDY_CANCELLED && runner->loop->is_interrupted && eddy_task_uncancel(main) == 0)
        status = EDDY_INTERRUPTED;
    if (status < 0) {
        eddy__error_unref(eddy__run_error);
        eddy__run_error = eddy__error_ref(main->error);
    }
    return status;
}

static int check_main(const eddy_coroutine *coroutine, const void *out_value, size_t size)
{
    if (coroutine == NULL)
        return eddy__misuse("eddy_run: there is no coroutine object");
    if (coroutine->status >= 0 && out_value != NULL && size != eddy__future_value(coroutine).size)
        return eddy__misuse("eddy_run: the result has another size");
    return 0;
}

/* ---- runners ---------------------------------------------------------------------------------*/

int eddy_runner_open(const eddy_run_options *options, eddy_runner **out_runner)
{
    if (out_runner == NULL)
        return eddy__misuse("eddy_runner_open: there is no place for the runner");
    struct eddy_runner *runner = eddy__malloc(sizeof *runner);
    if (runner == NULL)
        return -ENOMEM;
    int err = open_runner(runner, options);
    if (err < 0) {
        eddy__free(runner);
        return err;
    }
    err = eddy_copy_context(&runner->context);
    if (err < 0) {
        eddy_runner_free(runner);
        return err;
    }
    *out_runner = runner;
    return 0;
}

static int may_use(const struct eddy_runner *runner)
{
    if (runner == NULL)
        return eddy__misuse("eddy_runner_run: there is no runner");
    if (!pthread_equal(runner->thread, pthread_self()))
        return eddy__misuse("eddy_runner_run: the runner belongs to another thread");
    if (eddy__loop_current() != NULL)
        return eddy__misuse("eddy_runner_run: a loop runs on this thread already");
    return 0;
}

int eddy__runner_run(eddy_runner *runner, eddy_coroutine *coroutine, eddy_context *context,
                     void *out_value, size_t size)
{
    int err = may_use(runner);
    if (err == 0 && runner->loop == NULL)
        err = eddy__misuse("eddy_runner_run: the runner has been closed");
    if (err == 0 && runner->loop->poll_error < 0)
        err = fail_of_poller(runner->loop);
    if (err == 0)
        err = check_main(coroutine, out_value, size);
    if (err < 0)
        return eddy__coro_refuse(coroutine, err);
    struct eddy_loop *loop = runner->loop;
    err = eddy__loop_attach(loop);
    if (err < 0) {
        eddy__loop_detach(loop);
        return eddy__coro_refuse(coroutine, err);
    }
    err = run_main(runner, coroutine, context);
    if (err < 0)
        eddy__shutdown_unwind(&(struct shutdown){.loop = loop}, true); // no task may wait for ever
    int status = outcome_of(runner, err, out_value, size);
    eddy__interrupt_disarm(loop);
    loop->main = NULL;
    eddy__loop_detach(loop);
    return status;
}

eddy_loop *eddy_runner_get_loop(const eddy_runner *runner)
{
    return runner != NULL ? runner->loop : NULL;
}

int eddy_runner_close(eddy_runner *runner)
{
    if (runner != NULL && runner->loop == NULL)
        return 0;
    int err = may_use(runner);
    if (err < 0)
        return err;
    EDDY_IGNORE(eddy__loop_attach(runner->loop) < 0);
    err = end_all(runner, 0);
    close_runner(runner);
    return err;
}

void eddy_runner_free(eddy_runner *runner)
{
    if (runner == NULL)
        return;
    if (eddy_runner_close(runner) == EDDY_EMISUSE)
        eddy__report_misuse("eddy_runner_free: the runner is in use, or another thread's; it is kept");
    else
        eddy__free(runner);
}

/* ---- one run ---------------------------------------------------------------------------------*/

int eddy__run_to(void *out_value, size_t size, eddy_coroutine *coroutine,
                 const eddy_run_options *options)
{
    struct eddy_runner runner;
    int err = check_main(coroutine, out_value, size);
    if (err == 0 && eddy__task_current() != NULL)
        return eddy__run_nested(out_value, size, coroutine, options);
    if (err == 0 && eddy__loop_current() != NULL)
        err = eddy__misuse("eddy_run: inside a loop it must be called in a task");
    if (err == 0)
        err = open_runner(&runner, options);
    if (err < 0)
        return eddy__coro_refuse(coroutine, err);
    EDDY_IGNORE(eddy__loop_attach(runner.loop) < 0);
    err = end_all(&runner, run_main(&runner, coroutine, NULL));
    int status = outcome_of(&runner, eddy__future_is_done(runner.main) ? 0 : err, out_value, size);
    close_runner(&runner);
    return err < 0 ? err : status;
}

int eddy_run(eddy_coroutine *main, const eddy_run_options *options)
{
    return eddy__run_to(NULL, 0, main, options);
}

int eddy_main(eddy_coroutine *main)
{
    return eddy_main_with(main, NULL);
}

int eddy_main_with(eddy_coroutine *main, const eddy_run_options *options)
{
    int status = eddy_run(main, options);
    if (status >= 0)
        return EXIT_SUCCESS;
    if (status == EDDY_INTERRUPTED)
        return 130;
    char text[4096];
    eddy_error_format(status, eddy_error_get(status), text, sizeof text);
    fprintf(stderr, "eddy: %s\n", text);
    return EXIT_FAILURE;
}
