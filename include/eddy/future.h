/* SPDX-License-Identifier: MIT */
/*
 * future.h: what can be awaited.
 *
 * As in asyncio, a task is a future, and so is the outcome of a gather or a shield: one type, one
 * set of functions, and lists that mix them freely. A coroutine object (coro.h) is a task that has
 * not been started; nobody but the function it is handed to may use it.
 *
 * Futures are shared by reference counts: whoever is handed one by a maker gives it back with
 * eddy_future_free() or EDDY_AUTO. They belong to the loop that made them and to its thread: on
 * another, while that loop is alive, what returns a status answers EDDY_EMISUSE, and freeing is reported
 * and leaves the future alone. (eddy_future_ref() and the questions that return no status can't tell.)
 */
#ifndef EDDY_FUTURE_H
#define EDDY_FUTURE_H

#include <eddy/error.h>

EDDY_BEGIN_DECLS

typedef struct eddy_future eddy_future;
typedef struct eddy_future eddy_task;      /* a future with a coroutine that completes it */
typedef struct eddy_future eddy_coroutine; /* a task that nobody has started */

/* How far a future is. */
typedef enum eddy_future_state {
    EDDY_STATE_PENDING,   /* not done */
    EDDY_STATE_FINISHED,  /* with a result */
    EDDY_STATE_FAILED,    /* with an error */
    EDDY_STATE_CANCELLED, /* cancelled */
} eddy_future_state;

/*
 * A pending future that will carry a value of `type`, or none: `void`. What is given away with a value
 * that owns something names its destructor, which is called once if nobody takes the value.
 *
 *     EDDY_AUTO(eddy_future) *answer = eddy_future_new(int);
 *     eddy_future *gate = eddy_future_new(void);
 *     eddy_future *opened = eddy_future_new_owning(eddy_stream *, EDDY_OWNED(eddy_stream));
 *
 * Never NULL: what can't be made has failed already (-ENOMEM).
 */
#define eddy_future_new(type) eddy__future_of_size(EDDY__SIZE_OF(type), NULL)
#define eddy_future_new_owning(type, drop) eddy__future_of_size(EDDY__SIZE_OF(type), (drop))
EDDY_API eddy_future *eddy__future_of_size(size_t value_size, void (*drop)(void *value));

/* One more reference, to be given back; returns `future`. */
EDDY_API eddy_future *eddy_future_ref(eddy_future *future);

/* Gives one reference back. An error that nobody has looked at is reported with the last one. */
EDDY_API void eddy_future_free(eddy_future *future);

/*
 * Waits for `future` (a future, a task, or a coroutine object) and takes its value.
 *
 *     reply r;
 *     int rc = eddy_await(task, &r);
 *     int rc = eddy_await(other);             // the value is left where it is
 *
 * A coroutine object runs inline, in the current task, and is used up. A task or future is only
 * borrowed. The value is copied; one with a destructor is moved to the first who asks for it, and
 * EDDY_EINVALIDSTATE for the second. The size of *r must be the value's.
 *
 * Returns the status of the task (0 or more), its error, EDDY_CANCELLED when it or the awaiting task
 * was cancelled, or EDDY_EMISUSE: called outside a task, a task that awaits itself (one hop later), a
 * future of another loop, a value of another size.
 *
 * Suspends unless done. When the awaiting task is cancelled, so is what it awaits. Tasks that await
 * each other in a ring wait until one of them is cancelled: then all are.
 */
#define eddy_await(...) EDDY__SELECT2(__VA_ARGS__, eddy__await_value, eddy__await_status, )(__VA_ARGS__)
#define eddy__await_status(future) eddy__await((future), NULL, 0)
#define eddy__await_value(future, out_value) eddy__await((future), (out_value), sizeof *(out_value))
#define EDDY__SELECT2(_1, _2, chosen, ...) chosen
EDDY_API EDDY_SUSPENDS int eddy__await(eddy_future *future, void *out_value, size_t size);

/*
 * How far it is; whether it is done, in whatever way; whether it was cancelled; and whether it is a
 * task (a coroutine object is one), and not a bare future, a gather or a shield.
 */
EDDY_API eddy_future_state eddy_future_get_state(const eddy_future *future);
EDDY_API bool eddy_future_done(const eddy_future *future);
EDDY_API bool eddy_future_cancelled(const eddy_future *future);
EDDY_API bool eddy_future_is_task(const eddy_future *future);

/*
 * Takes the outcome of a done future, as eddy_await() would: a status of 0 or more, its error, or
 * EDDY_CANCELLED; EDDY_EINVALIDSTATE while it is pending. `out_value` is NULL or has room for `size`
 * bytes, the size of the value. Counts as looking at the error. Never suspends.
 */
#define eddy_future_result(...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__result_value, eddy__result_status, )(__VA_ARGS__)
#define eddy__result_status(future) eddy__future_result((future), NULL, 0)
#define eddy__result_value(future, out_value) \
    eddy__future_result((future), (out_value), sizeof *(out_value))
EDDY_API EDDY_CHECKED int eddy__future_result(eddy_future *future, void *out_value, size_t size);

/*
 * The error of a failed future; 0 of one with a result; EDDY_CANCELLED or EDDY_EINVALIDSTATE of one
 * cancelled or pending. Details: eddy_error_get(). Counts as looking at the error.
 */
EDDY_API EDDY_CHECKED int eddy_future_exception(eddy_future *future);

/*
 * What is known about the error or cancellation of a done future; lent as long as the future. NULL
 * also for an error of which nothing but the code is known. Does not count as looking at it.
 */
EDDY_API const eddy_error *eddy_future_error(const eddy_future *future);

/* Lends the value of a finished future, NULL if there is none (any more). */
EDDY_API const void *eddy_future_value(const eddy_future *future);

/*
 * Completes a pending bare future: with a value of its type, with none, or with an error (less than
 * 0). The value is given by its address, or as a type and an expression that is converted to it:
 *
 *     eddy_future_set_result(gate)
 *     eddy_future_set_result(answer, &number)
 *     eddy_future_set_result(answer, int, 42)
 *
 * 0; EDDY_EINVALIDSTATE when it is done; EDDY_EMISUSE for a task, or a value of another size;
 * EDDY_EVALUE for a status that is no error. On an error the value stays the caller's.
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
 * Asks for cancellation: of a bare future, which is cancelled at once; of a task, which gets
 * EDDY_CANCELLED at its next await; of a gather, whose children are all cancelled. `message` (copied,
 * may be left out or NULL) travels with the cancellation. Returns 1 if it was requested, 0 if
 * `future` was done already.
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
 * What the loop calls once `future` is done. Returns 0 or more, or an error, which goes to the
 * exception handler. Must not suspend.
 */
typedef int eddy_done_callback(eddy_future *future, void *data);

/*
 * Calls callback(future, data) as soon as `future` is done: in the loop's next iteration if it is
 * done already, and in the order of registration. 0, or -ENOMEM, or EDDY_EMISUSE.
 */
EDDY_API EDDY_CHECKED int eddy_future_add_done_callback(eddy_future *future,
                                                        eddy_done_callback *callback, void *data);

/* Takes off every registration of `callback` with `data` that is not on its way; their number. */
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
