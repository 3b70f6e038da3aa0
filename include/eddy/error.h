/* SPDX-License-Identifier: MIT */
/*
 * error.h: statuses, and the details of an error: message, place, cause and members.
 *
 * Every function that can fail returns a status: 0 or more is success, and a negative errno value
 * is a system error. Eddy's own codes lie below -4096, outside the kernel's range, so a library's
 * ECANCELED never looks like an Eddy cancellation.
 *
 * A function returns the status as a number; the task keeps the details of the error:
 *
 *     if (doc.size == 0)
 *         return eddy_fail(-ENODATA, "%s answered nothing", url);
 *     ...
 *     int rc = eddy_await(task);
 *     if (rc < 0)
 *         fprintf(stderr, "%s\n", eddy_error_message(eddy_error_get(rc)));
 */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/* Eddy's own codes. Each corresponds to the Python exception named beside it. */
enum {
    EDDY_CANCELLED = -4097,       /* asyncio.CancelledError */
    EDDY_TIMEDOUT = -4098,        /* TimeoutError */
    EDDY_EINVALIDSTATE = -4099,   /* asyncio.InvalidStateError: no result yet, or already set */
    EDDY_EMISUSE = -4100,         /* RuntimeError: the call breaks a rule; the message says which */
    EDDY_EVALUE = -4101,          /* ValueError: an argument out of range */
    EDDY_ETYPE = -4102,           /* TypeError */
    EDDY_QUEUE_EMPTY = -4103,     /* asyncio.QueueEmpty */
    EDDY_QUEUE_FULL = -4104,      /* asyncio.QueueFull */
    EDDY_QUEUE_SHUTDOWN = -4105,  /* asyncio.QueueShutDown */
    EDDY_EBROKENBARRIER = -4106,  /* asyncio.BrokenBarrierError */
    EDDY_EGROUP = -4107,          /* ExceptionGroup: eddy_error_member() has its members */
    EDDY_STOPITERATION = -4108,   /* StopAsyncIteration: there are no more items */
    EDDY_GENERATOREXIT = -4109,   /* GeneratorExit: inside a generator that is being closed */
    EDDY_INTERRUPTED = -4110,     /* KeyboardInterrupt: Ctrl-C ended the run */
    EDDY_INCOMPLETE = -4111,      /* asyncio.IncompleteReadError: the peer ended too early */
    EDDY_LIMIT = -4112,           /* asyncio.LimitOverrunError: no separator within the limit */
    EDDY_ERESOLVE = -4113,        /* socket.gaierror: the name was not resolved */

    EDDY_ERROR_HTTP = -5000,      /* -5000 to -5199: eddy-http */
    EDDY_ERROR_SQL = -5200,       /* -5200 to -5399: eddy-sql */
    EDDY_ERROR_TLS = -5400,       /* -5400 to -5599: eddy-tls */
    EDDY_ERROR_USER = -10000,     /* -10000 and below: the application */
};

/* No time limit, for arguments in seconds: infinity. A NaN is EDDY_EVALUE everywhere. */
#define EDDY_NO_TIMEOUT ((double)__builtin_inf())

/*
 * Returns the name of any status: "cancelled", "timed out", or the strerror(3) text of a system
 * error. The text is static or valid until the thread's next call. Never NULL.
 */
EDDY_API const char *eddy_strerror(int status);

/*
 * Registers names for an application's or module's codes, `first` down to `last`, with
 * eddy_strerror(). `name` returns static text or NULL. Returns 0, EDDY_EVALUE if the range is empty
 * or taken by another module, or -ENOMEM. Any thread; registering the same again is fine.
 */
EDDY_API EDDY_CHECKED int eddy_error_register(int first, int last, const char *(*name)(int status));

/* The details of an error. Reference-counted; see eddy_error_take(). */
typedef struct eddy_error eddy_error;

/*
 * Attaches a message and this place to the error `status` that the current task is about to
 * return, and returns `status`. Outside a task the thread keeps the details.
 */
#define eddy_fail(status, ...) \
    (eddy__leaves_with_error(__func__), eddy__fail((status), 0, EDDY_HERE, __VA_ARGS__))

/* The same with a cause, which is the error that a call has just returned (`raise ... from`). */
#define eddy_fail_from(status, cause, ...) \
    (eddy__leaves_with_error(__func__), eddy__fail((status), (cause), EDDY_HERE, __VA_ARGS__))
EDDY_API EDDY_PRINTF(4, 5) int eddy__fail(int status, int cause, const eddy_place *place,
                                          const char *format, ...);

/*
 * Returns the details of `status`, the error that a call has just returned to the current task;
 * NULL if there are none. Borrowed until the task's next call that fails or suspends. All the
 * functions below that read an error accept NULL and return "nothing".
 */
EDDY_API const eddy_error *eddy_error_get(int status);

/*
 * Takes the details out of the current task: the error has been caught, and its details can't be
 * mistaken for those of a later error with the same code. The caller owns the reference and
 * releases it with eddy_error_free(). Without details, it holds only the code. NULL: no memory.
 */
EDDY_API eddy_error *eddy_error_take(int status);
EDDY_API void eddy_error_free(eddy_error *error);

/* Raises a kept error again in the current task (`raise e`). Borrows `error`; returns its code. */
EDDY_API int eddy_error_raise(const eddy_error *error);

/*
 * Read an error: its code, its message, the place of the eddy_fail(), the error it was raised from,
 * and for a group's error the number of its members and each member. Results are borrowed while the
 * error lives; NULL if there is none, also for an `index` past the last member.
 */
EDDY_API int eddy_error_code(const eddy_error *error);             /* 0 for NULL */
EDDY_API const char *eddy_error_message(const eddy_error *error);  /* NULL: none was given */
EDDY_API const eddy_place *eddy_error_place(const eddy_error *error);
EDDY_API const eddy_error *eddy_error_cause(const eddy_error *error);
EDDY_API size_t eddy_error_member_count(const eddy_error *error);
EDDY_API const eddy_error *eddy_error_member(const eddy_error *error, size_t index);

/* The reason of a cancellation. */
typedef enum eddy_cancel_reason {
    EDDY_CANCEL_REQUEST,   /* a cancel function was called */
    EDDY_CANCEL_DEADLINE,  /* a timeout scope expired */
    EDDY_CANCEL_SIBLING,   /* a task of the same group failed */
    EDDY_CANCEL_SHUTDOWN,  /* the run is ending */
    EDDY_CANCEL_INTERRUPT, /* Ctrl-C */
    EDDY_CANCEL_SCOPE,     /* a cancel scope was cancelled (persistent): cancel_scope.h */
} eddy_cancel_reason;

/* For an EDDY_CANCELLED: the reason, and the name of the task that requested it ("-": none). */
EDDY_API eddy_cancel_reason eddy_error_cancel_reason(const eddy_error *error);
EDDY_API const char *eddy_error_cancelled_by(const eddy_error *error);

/*
 * Writes the error as text, with message, place, cause and members: at most `size` bytes, including
 * the terminating zero. Returns the length of the whole text, as snprintf(3) does.
 */
EDDY_API size_t eddy_error_format(int status, const eddy_error *error, char *buf, size_t size);

EDDY_AUTO_FOR(eddy_error, eddy_error_free)

EDDY_END_DECLS

#endif
