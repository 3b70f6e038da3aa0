/* SPDX-License-Identifier: MIT */
/*
 * timeout.h: a limit on the time of whatever runs inside a scope.
 *
 *     eddy_timeout_begin(2.0);
 *     int rc = fetch(url);
 *     rc = eddy_timeout_end(rc);                   // EDDY_TIMEDOUT when it took longer
 *
 *     EDDY_TRY(eddy_within(2.0, fetch(url)));      // the same around one call
 *
 * When the deadline passes, the task is cancelled inside the scope; the end of the scope turns that
 * cancellation, and no other, into EDDY_TIMEDOUT. Scopes nest. They are ended newest first, by the
 * function that began them or, in a coroutine's body that leaves early, by Eddy; one that a plain
 * function leaves open is reported and ended when the coroutine returns.
 */
#ifndef EDDY_TIMEOUT_H
#define EDDY_TIMEOUT_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* A timeout scope; shared by reference counts, so that its state can be read after its end. */
typedef struct eddy_timeout eddy_timeout;

/*
 * Begins a scope of `seconds` from now, or until eddy_time() is `when`. EDDY_NO_TIMEOUT never
 * expires; a time already past cancels at the next await. Returns 0, EDDY_EVALUE for a NaN or
 * -ENOMEM: the scope is open all the same, without a limit, and its end returns that error, so that
 * this status need not be looked at; EDDY_EMISUSE outside a task, where nothing has begun.
 */
#define eddy_timeout_begin(seconds) eddy__timeout_begin((seconds), EDDY_HERE, __func__)
#define eddy_timeout_at_begin(when) eddy__timeout_at_begin((when), EDDY_HERE, __func__)
EDDY_API int eddy__timeout_begin(double seconds, const eddy_place *place, const char *function);
EDDY_API int eddy__timeout_at_begin(double when, const eddy_place *place, const char *function);

/*
 * Ends the newest scope, which must be a timeout, with the status of its body: EDDY_TIMEDOUT if
 * the body ended with EDDY_CANCELLED because of this scope's deadline, else `status`; EDDY_EMISUSE
 * when no timeout is open there. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_timeout_end(int status);

/* The status of `call` under a timeout of `seconds`; or why the scope could not begin. */
#define eddy_within(seconds, call)                                    \
    eddy__status(__extension__({                                      \
        int eddy_within_ = eddy_timeout_begin(seconds);               \
        eddy_timeout_end(eddy_within_ < 0 ? eddy_within_ : (call));   \
    }))

/*
 * A timeout as an object, for whoever wants to move its deadline or ask it later:
 *
 *     EDDY_AUTO(eddy_timeout) *limit = eddy_timeout_new(2.0);
 *     EDDY_TRY(eddy_timeout_enter(limit));
 *     ...
 *     rc = eddy_timeout_end(rc);
 *     if (eddy_timeout_expired(limit)) ...
 *
 * eddy_timeout_new() returns NULL without memory (entering NULL is -ENOMEM). Entering twice, or
 * outside a task, is EDDY_EMISUSE, entering one made for a NaN EDDY_EVALUE.
 */
EDDY_API eddy_timeout *eddy_timeout_new(double seconds);
EDDY_API eddy_timeout *eddy_timeout_at_new(double when);
#define eddy_timeout_enter(timeout) eddy__timeout_enter((timeout), EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__timeout_enter(eddy_timeout *timeout, const eddy_place *place,
                                              const char *function);
EDDY_API void eddy_timeout_free(eddy_timeout *timeout);

/* The innermost open timeout of the current task, lent; NULL if there is none. */
EDDY_API eddy_timeout *eddy_timeout_current(void);

/* When it expires, by eddy_time(); EDDY_NO_TIMEOUT if never. */
EDDY_API double eddy_timeout_when(const eddy_timeout *timeout);

/* Moves the deadline to `when`. 0; EDDY_EMISUSE unless it is open and has not expired. */
EDDY_API EDDY_CHECKED int eddy_timeout_reschedule(eddy_timeout *timeout, double when);

/* Whether its deadline has passed while it was open. */
EDDY_API bool eddy_timeout_expired(const eddy_timeout *timeout);

/*
 * Waits for `awaitable` as eddy_await() does, for `seconds` at most (EDDY_NO_TIMEOUT: without a limit); on
 * time-out what it awaits is cancelled and waited for. A coroutine object runs in the current task.
 * With 0 seconds or less: EDDY_TIMEDOUT unless it is done already.
 *
 *     int rc = eddy_wait_for(eddy_coro(fetch, url), 2.0, &reply);
 *     int rc = eddy_wait_for(task, 2.0);
 */
#define eddy_wait_for(awaitable, ...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__wait_for_value, eddy__wait_for_status, )(awaitable, __VA_ARGS__)
#define eddy__wait_for_status(awaitable, seconds) \
    eddy__wait_for((awaitable), (seconds), NULL, 0, EDDY_HERE)
#define eddy__wait_for_value(awaitable, seconds, out_value) \
    eddy__wait_for((awaitable), (seconds), (out_value), sizeof *(out_value), EDDY_HERE)
EDDY_API EDDY_SUSPENDS int eddy__wait_for(eddy_future *awaitable, double seconds, void *out_value,
                                          size_t size, const eddy_place *place);

EDDY_AUTO_FOR(eddy_timeout, eddy_timeout_free)

EDDY_END_DECLS

#endif
