/* SPDX-License-Identifier: MIT */
/*
 * runner.h: several runs on one loop, like asyncio.Runner.
 *
 *     EDDY_AUTO(eddy_runner) *runner = NULL;
 *     EDDY_TRY(eddy_runner_open(NULL, &runner));
 *     EDDY_TRY(eddy_runner_run(runner, eddy_coro(connect_all)));
 *     while (read_command(&command))
 *         EDDY_TRY(eddy_runner_run(runner, eddy_coro(obey, command), &answer));
 *
 * Tasks that are unfinished after one run continue in the next. Between runs nothing runs, and the
 * thread has no running loop: only the runner's functions, eddy_call_soon_threadsafe() and
 * functions that only read or free may be called. A thread may have several runners, and runs one
 * at a time.
 */
#ifndef EDDY_RUNNER_H
#define EDDY_RUNNER_H

#include <eddy/context_var.h>
#include <eddy/loop.h>

EDDY_BEGIN_DECLS

typedef struct eddy_runner eddy_runner;

/*
 * Opens a loop on this thread. `options` (NULL: all defaults) are as for eddy_run(). The
 * on_main_done hook is called after each run, on_closing once, with the last main task, or NULL.
 * Returns 0, EDDY_EMISUSE for options out of range, -ENOMEM, -EMFILE, ...
 */
EDDY_API EDDY_CHECKED int eddy_runner_open(const eddy_run_options *options,
                                           eddy_runner **out_runner);

/*
 * Runs a coroutine object, which is consumed, until it is done, and stores its result in
 * *out_value, if given. Other tasks stay unfinished.
 *
 *     int rc = eddy_runner_run(runner, eddy_coro(app));
 *     int rc = eddy_runner_run(runner, eddy_coro(count, path), &number);
 *
 * All main tasks run in the runner's context: a context variable that one sets is set for the next.
 * The context is a copy of the current one when the runner is opened.
 *
 * Returns as eddy_run() does: the status or error of the main task (details: eddy_error_get(),
 * until the thread's next run),
 *   EDDY_INTERRUPTED  Ctrl-C cancelled it; the next run may follow,
 *   -EDEADLK          under the virtual clock: nothing can become ready; every task, also of earlier
 *                     runs, has been cancelled,
 *   EDDY_EMISUSE      the runner is closed or of another thread, or a loop runs on this one.
 */
#define eddy_runner_run(runner, ...)                                                               \
    EDDY__SELECT2(__VA_ARGS__, eddy__runner_run_value, eddy__runner_run_status, )                  \
    ((runner), NULL, __VA_ARGS__)

/* The same in another context, like Runner.run(c, context=...). */
#define eddy_runner_run_in(runner, context, ...)                                                   \
    EDDY__SELECT2(__VA_ARGS__, eddy__runner_run_value, eddy__runner_run_status, )                  \
    ((runner), (context), __VA_ARGS__)

#define eddy__runner_run_status(runner, context, coroutine)                                        \
    eddy__runner_run((runner), (coroutine), (context), NULL, 0)
#define eddy__runner_run_value(runner, context, coroutine, out_value)                              \
    eddy__runner_run((runner), (coroutine), (context), (out_value), sizeof *(out_value))
EDDY_API EDDY_CHECKED int eddy__runner_run(eddy_runner *runner, eddy_coroutine *coroutine,
                                           eddy_context *context, void *out_value, size_t size);

/* Returns its loop, borrowed until it closes; NULL after that. */
EDDY_API eddy_loop *eddy_runner_get_loop(const eddy_runner *runner);

/*
 * Cancels and awaits the remaining tasks, and closes generators, threads and the loop. Closing
 * again does nothing. Returns 0, -EDEADLK if remaining tasks could not end (they are abandoned),
 * or EDDY_EMISUSE inside a loop or on another thread, with nothing changed.
 */
EDDY_API int eddy_runner_close(eddy_runner *runner);

/* Closes it if open, and frees it. Accepts NULL. Not inside a loop, nor on another thread. */
EDDY_API void eddy_runner_free(eddy_runner *runner);

EDDY_AUTO_FOR(eddy_runner, eddy_runner_free)

EDDY_END_DECLS

#endif
