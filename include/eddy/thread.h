/* SPDX-License-Identifier: MIT */
/*
 * thread.h: blocking work on a thread, while the loop goes on.
 *
 *     EDDY_ASYNC_TO(long, crunch, (long, n)) { *result = fibonacci(n); return 0; }
 *
 *     long number;
 *     EDDY_TRY(eddy_to_thread(eddy_coro(crunch, 40), &number));
 *
 * The function is written as a coroutine function is, so arguments and result have the same types
 * and the same owners; but on a thread it must not await: whatever would suspend answers with
 * EDDY_EMISUSE there.
 */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

/*
 * Runs the coroutine object, which is used up, on one of the loop's threads (at most
 * eddy_run_options.threads_max; others wait in a row), and takes its value into `out_value`, if given.
 *
 * Returns what the function returned, EDDY_CANCELLED, EDDY_EMISUSE outside a task, -ENOMEM or -EAGAIN
 * when no thread can be made. Suspends. When the task is cancelled, a function that is still in
 * the row never runs; one that runs goes on, alone, and its result is dropped. The end of the run
 * waits for it.
 */
#define eddy_to_thread(...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__to_thread_value, eddy__to_thread_status, )(__VA_ARGS__)
#define eddy__to_thread_status(coroutine) eddy__to_thread((coroutine), NULL, 0)
#define eddy__to_thread_value(coroutine, out_value) \
    eddy__to_thread((coroutine), (out_value), sizeof *(out_value))
EDDY_API EDDY_SUSPENDS int eddy__to_thread(eddy_coroutine *coroutine, void *out_value, size_t size);

/*
 * The same on threads of their own, at most eddy_run_options.lookup_threads_max: for look-ups of names in
 * modules that make them, as eddy_open_connection() does. They don't queue behind the program's jobs, nor
 * do these behind a name server that doesn't answer.
 */
#define eddy_to_lookup_thread(...)                                                           \
    EDDY__SELECT2(__VA_ARGS__, eddy__to_lookup_thread_value, eddy__to_lookup_thread_status, ) \
    (__VA_ARGS__)
#define eddy__to_lookup_thread_status(coroutine) eddy__to_lookup_thread((coroutine), NULL, 0)
#define eddy__to_lookup_thread_value(coroutine, out_value) \
    eddy__to_lookup_thread((coroutine), (out_value), sizeof *(out_value))
EDDY_API EDDY_SUSPENDS int eddy__to_lookup_thread(eddy_coroutine *coroutine, void *out_value,
                                                  size_t size);

/*
 * The same as eddy_to_thread() without waiting: a future, as loop.run_in_executor() gives one, for lists of several:
 *
 *     eddy_future *halves[] = {eddy_to_thread_start(eddy_coro(crunch, 39)),
 *                              eddy_to_thread_start(eddy_coro(crunch, 40))};
 *     EDDY_TRY(eddy_gather_all_to(numbers, halves, 2));
 *
 * It is submitted at once, and carries the function's status and value. The reference is the
 * caller's; never NULL: what can't be made or submitted has failed already. Called on the loop's
 * thread, also in callbacks. Cancelling it is as above: the future is cancelled at once, the
 * function if it has not begun. When the run ends before it, the future stays pending.
 */
EDDY_API EDDY_CHECKED eddy_future *eddy_to_thread_start(eddy_coroutine *coroutine);

EDDY_END_DECLS

#endif
