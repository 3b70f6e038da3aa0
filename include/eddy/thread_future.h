/* SPDX-License-Identifier: MIT */
/*
 * thread_future.h: a coroutine handed to a loop by another thread, which waits for it.
 *
 *     EDDY_AUTO(eddy_thread_future) *future = NULL;
 *     EDDY_TRY(eddy_run_coroutine_threadsafe(eddy_coro(fetch, url), loop, &future));
 *     reply r;
 *     int rc = eddy_thread_future_result(future, 2.5, &r);     // blocks this thread, not the loop
 *     if (rc == EDDY_TIMEDOUT)
 *         eddy_thread_future_cancel(future);
 *
 * All functions here but eddy_wrap_future() may be called from any thread. eddy_thread_future_result()
 * blocks the thread that it is called on: a task must not wait so for its own loop, and had better not
 * for another (eddy_wrap_future() is for that). A virtual clock stands still while a thread works for
 * its loop (eddy_to_thread, eddy_loop_hold), also while that waits here.
 */
#ifndef EDDY_THREAD_FUTURE_H
#define EDDY_THREAD_FUTURE_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* The outcome that a thread waits for; asyncio's is a concurrent.futures.Future. */
typedef struct eddy_thread_future eddy_thread_future;

/*
 * Has `loop` run a coroutine object, made on this thread and used up, as a task. It inherits this
 * thread's context variables. `out_future` receives a handle, to be freed; with NULL nobody waits, and
 * an error goes to the loop's exception handler. The loop must be alive, as for
 * eddy_call_soon_threadsafe().
 *
 * Returns 0, -ENOMEM, EDDY_EMISUSE for what is no coroutine object or no loop, -ESHUTDOWN once the
 * loop takes no more calls. After an error the coroutine object has been dropped, its arguments
 * destroyed here.
 */
EDDY_API EDDY_CHECKED int eddy_run_coroutine_threadsafe(eddy_coroutine *coroutine, eddy_loop *loop,
                                                        eddy_thread_future **out_future);

/*
 * Waits at most `timeout` seconds of real time (0: not at all; EDDY_NO_TIMEOUT) until it is done, and
 * takes the value into *out_value, if that is given: copied, or moved, once, if it has a destructor.
 * The size of *out_value must be the value's.
 *
 * Returns the task's status or error (details: eddy_error_get()), EDDY_CANCELLED,
 *   EDDY_TIMEDOUT       it is not done yet,
 *   -ESHUTDOWN          the loop closed before the coroutine began,
 *   EDDY_EINVALIDSTATE  the value has been moved away already,
 *   EDDY_EVALUE         the time is not a number,
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
 * Cancels it: from now on it is cancelled for those who wait; the task gets its cancellation, and what
 * it makes of that is nobody's. 1, or 0 if it was done already.
 */
EDDY_API int eddy_thread_future_cancel(eddy_thread_future *future);

/* Whether it has an outcome, and whether that is a cancellation. Never block. */
EDDY_API bool eddy_thread_future_done(eddy_thread_future *future);
EDDY_API bool eddy_thread_future_cancelled(eddy_thread_future *future);

/*
 * A future of the loop that runs here which follows `source`, of whatever loop: a task awaits it without
 * blocking anybody, and may still combine it with others.
 *
 *     EDDY_AUTO(eddy_future) *reply_to_come = eddy_wrap_future(future);
 *     reply r;
 *     int rc = eddy_wait_for(reply_to_come, 2.5, &r);
 *
 * When `source` is done, so is this, an iteration later: with its status and value (copied, or moved,
 * if it has a destructor and is still there), its error or cancellation. Cancelling this future cancels
 * `source`, as eddy_thread_future_cancel() does, in the next iteration. `source` is borrowed, and may be
 * freed at once. While another loop works for it, this loop counts as held (eddy_loop_hold). If this loop
 * closes first, the future stays pending, and `source` goes on.
 *
 * Returns a reference, to be given back. Never NULL: what can't be made has failed already (-ENOMEM;
 * EDDY_EMISUSE where no loop runs, or for NULL). Never suspends.
 */
EDDY_API eddy_future *eddy_wrap_future(eddy_thread_future *source);

/* Gives the handle back; the task goes on. Its value, if nobody took it, is destroyed. */
EDDY_API void eddy_thread_future_free(eddy_thread_future *future);

EDDY_AUTO_FOR(eddy_thread_future, eddy_thread_future_free)

EDDY_END_DECLS

#endif
