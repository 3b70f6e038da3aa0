/* SPDX-License-Identifier: MIT */
/*
 * future.h: futures and tasks: the objects that a task can await.
 *
 * As in asyncio, a task is a future, and so is the result of a gather or a shield. They share one
 * type and one set of functions, and a list can mix them. A coroutine object (coro.h) is a task
 * that has not been started; only the function that it is passed to may use it.
 *
 * Futures are reference-counted. A function that creates one returns a reference, which the caller
 * releases with eddy_future_free() or EDDY_AUTO. A future belongs to its loop and that loop's
 * thread. On another thread, while the loop is alive, functions that return a status return
 * EDDY_EMISUSE. eddy_future_free() and eddy_future_ref() report the misuse and change nothing. The
 * other functions that return no status don't check.
 */
#ifndef EDDY_FUTURE_H
#define EDDY_FUTURE_H

#include <eddy/error.h>

EDDY_BEGIN_DECLS

typedef struct eddy_future eddy_future;
typedef struct eddy_future eddy_task;      /* a future with a coroutine that completes it */
typedef struct eddy_future eddy_coroutine; /* a task that has not been started */

/* The state of a future. */
typedef enum eddy_future_state {
    EDDY_STATE_PENDING,   /* not done */
    EDDY_STATE_FINISHED,  /* done, with a result */
    EDDY_STATE_FAILED,    /* done, with an error */
    EDDY_STATE_CANCELLED, /* done: cancelled */
} eddy_future_state;

/*
 * Creates a pending future for a value of `type`; `void` means no value. If the value owns
 * something, name its destructor with `_owning`: it is called once if the value is never taken.
 *
 *     EDDY_AUTO(eddy_future) *answer = eddy_future_new(int);
 *     eddy_future *gate = eddy_future_new(void);
 *     eddy_future *opened = eddy_future_new_owning(eddy_stream *, EDDY_OWNED(eddy_stream));
 *
 * Never returns NULL: without memory, the future has already failed with -ENOMEM.
 */
#define eddy_future_new(type) eddy__future_of_size(EDDY__SIZE_OF(type), NULL)
#define eddy_future_new_owning(type, drop) eddy__future_of_size(EDDY__SIZE_OF(type), (drop))
EDDY_API eddy_future *eddy__future_of_size(size_t value_size, void (*drop)(void *value));

/* Takes one more reference, which the caller must release. Returns `future`. */
EDDY_API eddy_future *eddy_future_ref(eddy_future *future);

/* Releases one reference. Releasing the last one reports an error that was never retrieved. */
EDDY_API void eddy_future_free(eddy_future *future);

/*
 * Waits for `future` (a future, a task or a coroutine object) and takes its value.
 *
 *     reply r;
 *     int rc = eddy_await(task, &r);
 *     int rc = eddy_await(other);             // the value stays in the future
 *
 * A coroutine object runs inline, in the current task, and is consumed. A task or future is only
 * borrowed. The value is copied; a value with a destructor is moved to the first caller that takes
 * it, and a second one gets EDDY_EINVALIDSTATE. The size of *r must be the size of the value.
 *
 * Returns the status of the task (0 or more), its error, EDDY_CANCELLED if it or the awaiting task
 * was cancelled, or EDDY_EMISUSE: called outside a task, a task awaits itself (one hop later), the
 * future belongs to another loop, or the value has another size.
 *
 * Suspends unless `future` is done. Cancelling the awaiting task also cancels `future`. Tasks that
 * await each other in a cycle wait until one of them is cancelled; then all of them are.
 */
#define eddy_await(...) EDDY__SELECT2(__VA_ARGS__, eddy__await_value, eddy__await_status, )(__VA_ARGS__)
#define eddy__await_status(future) eddy__await((future), NULL, 0)
#define eddy__await_value(future, out_value) eddy__await((future), (out_value), sizeof *(out_value))
#define EDDY__SELECT2(_1, _2, chosen, ...) chosen
EDDY_API EDDY_SUSPENDS int eddy__await(eddy_future *future, void *out_value, size_t size);

/*
 * Return the state; whether the future is done (finished, failed or cancelled); whether it was
 * cancelled; whether it is a task (a coroutine object is one), not a bare future, gather or shield.
 */
EDDY_API eddy_future_state eddy_future_get_state(const eddy_future *future);
EDDY_API bool eddy_future_done(const eddy_future *future);
EDDY_API bool eddy_future_cancelled(const eddy_future *future);
EDDY_API bool eddy_future_is_task(const eddy_future *future);

/*
 * Takes the outcome of a done future, as eddy_await() does. Returns a status of 0 or more, its
 * error, or EDDY_CANCELLED; EDDY_EINVALIDSTATE while it is pending. `out_value` is NULL or has room
 * for `size` bytes, the size of the value. Counts as retrieving the error. Never suspends.
 */
#define eddy_future_result(...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__result_value, eddy__result_status, )(__VA_ARGS__)
#define eddy__result_status(future) eddy__future_result((future), NULL, 0)
#define eddy__result_value(future, out_value) \
    eddy__future_result((future), (out_value), sizeof *(out_value))
EDDY_API EDDY_CHECKED int eddy__future_result(eddy_future *future, void *out_value, size_t size);

/*
 * Returns the error of a failed future, 0 if finished, EDDY_CANCELLED if cancelled, or
 * EDDY_EINVALIDSTATE if pending. Details: eddy_error_get(). Counts as retrieving the error.
 */
EDDY_API EDDY_CHECKED int eddy_future_exception(eddy_future *future);

/*
 * Returns the details of a done future's error or cancellation, borrowed while the future lives;
 * NULL if there are none, or only the code is known. Does not count as retrieving the error.
 */
EDDY_API const eddy_error *eddy_future_error(const eddy_future *future);

/* Returns the value of a finished future, borrowed; NULL if there is none or it has been taken. */
EDDY_API const void *eddy_future_value(const eddy_future *future);

/*
 * Completes a pending bare future with a value of its type, with no value, or with an error (less
 * than 0). Pass the value by its address, or as a type and an expression that is converted to it:
 *
 *     eddy_future_set_result(gate)
 *     eddy_future_set_result(answer, &number)
 *     eddy_future_set_result(answer, int, 42)
 *
 * Returns 0; EDDY_EINVALIDSTATE if it is done; EDDY_EMISUSE for a task or a value of another size;
 * EDDY_EVALUE for a status that is no error. On an error the caller still owns the value.
 */
#define eddy_future_set_result(...)                                                          \
    EDDY__SELECT_SET(__VA_ARGS__, eddy__set_result_typed, eddy__set_result_typed,            \
                     eddy__set_result_typed, eddy__set_result_typed, eddy__set_result_typed, \
                     eddy__set_result_typed, eddy__set_result_value, eddy__set_result_none, ) \
    (__VA_ARGS__)
#define EDDY__SELECT_SET(_1, _2, _3, _4, _5, _6, _7, _8, chosen, ...) chosen
#define eddy__set_result_none(future) eddy__future_set_result((future), NULL, 0)
#define eddy__set_result_value(future, value) \
    eddy__future_set_result((future), (value), sizeof *(value))
#define eddy__set_result_typed(future, type, ...)                                \
    eddy__status(__extension__({                                                 \
        type eddy_value_ = __VA_ARGS__;                                          \
        eddy__future_set_result((future), &eddy_value_, sizeof eddy_value_);     \
    }))
EDDY_API EDDY_CHECKED int eddy__future_set_result(eddy_future *future, const void *value,
                                                  size_t size);
EDDY_API EDDY_CHECKED int eddy_future_set_exception(eddy_future *future, int error);

/*
 * Requests cancellation. A bare future is cancelled at once; a task gets EDDY_CANCELLED at its next
 * await; a gather cancels all its children. `message` (copied; may be omitted or NULL) travels with
 * the cancellation. Returns 1 if cancellation was requested, 0 if `future` was already done.
 *
 *     eddy_future_cancel(future);
 *     eddy_task_cancel(task, "the user left");
 */
#define eddy_future_cancel(...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__cancel_message, eddy__cancel_plain, )(__VA_ARGS__)
#define eddy__cancel_plain(future) eddy__future_cancel((future), NULL, EDDY_HERE)
#define eddy__cancel_message(future, message) eddy__future_cancel((future), (message), EDDY_HERE)
EDDY_API int eddy__future_cancel(eddy_future *future, const char *message, const eddy_place *place);

/*
 * A function that the loop calls once `future` is done. Returns 0 or more, or an error, which is
 * passed to the exception handler. Must not suspend.
 */
typedef int eddy_done_callback(eddy_future *future, void *data);

/*
 * Has the loop call callback(future, data) when `future` is done, or in the next iteration if it
 * already is. Callbacks run in order of registration. Returns 0, -ENOMEM or EDDY_EMISUSE.
 */
EDDY_API EDDY_CHECKED int eddy_future_add_done_callback(eddy_future *future,
                                                        eddy_done_callback *callback, void *data);

/* Removes all registrations of `callback` with `data` not yet queued to run. Returns how many. */
EDDY_API int eddy_future_remove_done_callback(eddy_future *future, eddy_done_callback *callback,
                                              void *data);

EDDY_AUTO_FOR(eddy_future, eddy_future_free)

EDDY_END_DECLS

/* The size of a type, 0 for void. */
#ifdef __cplusplus
template <typename Type> static inline size_t eddy__size_of()
{
    return sizeof(Type);
}
template <> inline size_t eddy__size_of<void>()
{
    return 0;
}
#define EDDY__SIZE_OF(type) eddy__size_of<type>()
#else
#define EDDY__SIZE_OF(type) __extension__ _Generic((type *)NULL, void *: 0, default: sizeof(type))
#endif

#endif
