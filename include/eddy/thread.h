/* SPDX-License-Identifier: MIT */
/*
 * thread.h: running blocking functions on threads while the loop continues.
 *
 *     EDDY_ASYNC_TO(long, crunch, (long, n)) { *result = fibonacci(n); return 0; }
 *
 *     long number;
 *     EDDY_TRY(eddy_to_thread(eddy_coro(crunch, 40), &number));
 *
 * The function is written as a coroutine function, with the same rules for types and ownership of
 * arguments and result. But on a thread it must not await: functions that suspend return
 * EDDY_EMISUSE there.
 */
#ifndef EDDY_THREAD_H
#define EDDY_THREAD_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

/*
 * Runs the coroutine object, which is consumed, on one of the loop's threads, and stores its value
 * in `out_value`, if given. At most eddy_run_options.threads_max functions run at once; others
 * queue.
 *
 * Returns the function's status, EDDY_CANCELLED, EDDY_EMISUSE outside a task, -ENOMEM or -EAGAIN
 * if no thread can be created. Suspends. If the task is cancelled, a function that is still queued
 * never runs; one that is running continues, its result is dropped, and the end of the run waits
 * for it.
 */
#define eddy_to_thread(...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__to_thread_value, eddy__to_thread_status, )(__VA_ARGS__)
#define eddy__to_thread_status(coroutine) eddy__to_thread((coroutine), NULL, 0)
#define eddy__to_thread_value(coroutine, out_value) \
    eddy__to_thread((coroutine), (out_value), sizeof *(out_value))
EDDY_API EDDY_SUSPENDS int eddy__to_thread(eddy_coroutine *coroutine, void *out_value, size_t size);

/*
 * The same on separate threads, at most eddy_run_options.lookup_threads_max: for modules that look
 * up names, as eddy_open_connection() does. So look-ups don't queue behind the program's jobs, and
 * these don't queue behind a name server that doesn't answer.
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
 * The same as eddy_to_thread() without waiting: returns a future, as loop.run_in_executor() does:
 *
 *     eddy_future *halves[] = {eddy_to_thread_start(eddy_coro(crunch, 39)),
 *                              eddy_to_thread_start(eddy_coro(crunch, 40))};
 *     EDDY_TRY(eddy_gather_all_to(numbers, halves, 2));
 *
 * The function is submitted at once; the future gets its status and value. The caller owns the
 * reference. Never NULL: if it can't be created or submitted, the future has already failed. Call
 * it on the loop's thread; callbacks may too. Cancelling the future cancels it at once, and the
 * function if it has not begun. If the run ends before the function, the future stays pending.
 */
EDDY_API EDDY_CHECKED eddy_future *eddy_to_thread_start(eddy_coroutine *coroutine);

EDDY_END_DECLS

#endif
