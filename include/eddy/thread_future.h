/* SPDX-License-Identifier: MIT */
/*
 * thread_future.h: running a coroutine on another thread's loop, and waiting for its result.
 *
 *     EDDY_AUTO(eddy_thread_future) *future = NULL;
 *     EDDY_TRY(eddy_run_coroutine_threadsafe(eddy_coro(fetch, url), loop, &future));
 *     reply r;
 *     int rc = eddy_thread_future_result(future, 2.5, &r);     // blocks this thread, not the loop
 *     if (rc == EDDY_TIMEDOUT)
 *         eddy_thread_future_cancel(future);
 *
 * All functions here except eddy_wrap_future() may be called from any thread.
 * eddy_thread_future_result() blocks the calling thread: a task must not call it for its own loop,
 * and should not for another (use eddy_wrap_future()). A virtual clock stands still while a thread
 * works for its loop (eddy_to_thread, eddy_loop_hold), even while that thread waits here.
 */
#ifndef EDDY_THREAD_FUTURE_H
#define EDDY_THREAD_FUTURE_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* A future that threads can wait for; concurrent.futures.Future in asyncio. */
typedef struct eddy_thread_future eddy_thread_future;

/*
 * Makes `loop` run a coroutine object, created on this thread and consumed, as a task, which
 * inherits this thread's context variables. `out_future` receives a handle, to be freed; if it is
 * NULL, an error goes to the loop's exception handler. The loop must be alive, as for
 * eddy_call_soon_threadsafe().
 *
 * Returns 0, -ENOMEM, EDDY_EMISUSE for a NULL loop or what is no coroutine object, -ESHUTDOWN if
 * the loop accepts no more calls. On an error the coroutine object is dropped, and its arguments
 * are destroyed on this thread.
 */
EDDY_API EDDY_CHECKED int eddy_run_coroutine_threadsafe(eddy_coroutine *coroutine, eddy_loop *loop,
                                                        eddy_thread_future **out_future);

/*
 * Waits at most `timeout` seconds of real time (0: not at all; EDDY_NO_TIMEOUT: no limit) until it
 * is done, and stores its value in *out_value, if given: a copy; a value with a destructor is
 * moved, once. *out_value must have the size of the value.
 *
 * Returns the task's status or error (details: eddy_error_get()), EDDY_CANCELLED,
 *   EDDY_TIMEDOUT       it is not done yet,
 *   -ESHUTDOWN          the loop closed before the coroutine began,
 *   EDDY_EINVALIDSTATE  the value has already been moved,
 *   EDDY_EVALUE         the timeout is a NaN,
 *   EDDY_EMISUSE        called on the loop's own thread before it is done, or another size.
 */
#define eddy_thread_future_result(future, ...)                                                     \
    EDDY__SELECT2(__VA_ARGS__, eddy__thread_result_value, eddy__thread_result_status, )            \
    ((future), __VA_ARGS__)
#define eddy__thread_result_status(future, timeout)                                                \
    eddy__thread_future_result((future), (timeout), NULL, 0)
#define eddy__thread_result_value(future, timeout, out_value)                                      \
    eddy__thread_future_result((future), (timeout), (out_value), sizeof *(out_value))
EDDY_API EDDY_CHECKED int eddy__thread_future_result(eddy_thread_future *future, double timeout,
                                                     void *out_value, size_t size);

/*
 * Cancels it: waiting threads get EDDY_CANCELLED at once. The task is cancelled too, and its
 * outcome is dropped. Returns 1, or 0 if it was already done.
 */
EDDY_API int eddy_thread_future_cancel(eddy_thread_future *future);

/* Whether it is done, and whether it was cancelled. Never block. */
EDDY_API bool eddy_thread_future_done(eddy_thread_future *future);
EDDY_API bool eddy_thread_future_cancelled(eddy_thread_future *future);

/*
 * Returns a future of the running loop that follows `source`, of any loop. A task can await it
 * without blocking the thread, or combine it with other futures.
 *
 *     EDDY_AUTO(eddy_future) *reply_to_come = eddy_wrap_future(future);
 *     reply r;
 *     int rc = eddy_wait_for(reply_to_come, 2.5, &r);
 *
 * It is done one iteration after `source`, with the same status and value (copied; moved if it has
 * a destructor and has not been moved yet), error or cancellation. Cancelling it cancels `source`
 * in the next iteration, as eddy_thread_future_cancel() does. `source` is borrowed, and may be
 * freed at once. While another loop works for it, this loop counts as held (eddy_loop_hold). If
 * this loop closes first, the future stays pending, and `source` continues.
 *
 * Returns a reference, to be freed. Never NULL: if it can't be created, it has already failed
 * (-ENOMEM; EDDY_EMISUSE where no loop runs, or for NULL). Never suspends.
 */
EDDY_API eddy_future *eddy_wrap_future(eddy_thread_future *source);

/* Frees the handle; the task continues. A value that was not retrieved is destroyed. */
EDDY_API void eddy_thread_future_free(eddy_thread_future *future);

EDDY_AUTO_FOR(eddy_thread_future, eddy_thread_future_free)

EDDY_END_DECLS

#endif
