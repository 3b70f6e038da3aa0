/* SPDX-License-Identifier: MIT */
/*
 * timeout.h: scopes that limit the time of the code inside them.
 *
 *     eddy_timeout_begin(2.0);
 *     int rc = fetch(url);
 *     rc = eddy_timeout_end(rc);                   // EDDY_TIMEDOUT when it took longer
 *
 *     EDDY_TRY(eddy_within(2.0, fetch(url)));      // the same around one call
 *
 * When the deadline passes, the task is cancelled inside the scope. The end of the scope turns
 * that cancellation, and no other, into EDDY_TIMEDOUT. Scopes nest. The function that begins
 * scopes ends them, newest first; if a coroutine's body returns early, Eddy ends its scopes. A
 * scope that a plain function leaves open is reported, and ended when the coroutine returns.
 */
#ifndef EDDY_TIMEOUT_H
#define EDDY_TIMEOUT_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* A timeout scope; reference-counted, so that its state can be read after its end. */
typedef struct eddy_timeout eddy_timeout;

/*
 * Begins a scope that ends `seconds` from now, or when eddy_time() is `when`. EDDY_NO_TIMEOUT never
 * expires; a deadline already past cancels at the next await. Returns 0, EDDY_EVALUE for a NaN, or
 * -ENOMEM. After these errors the scope is open without a limit, and its end returns the error, so
 * this status need not be checked. Returns EDDY_EMISUSE outside a task: no scope has begun.
 */
#define eddy_timeout_begin(seconds) eddy__timeout_begin((seconds), EDDY_HERE, __func__)
#define eddy_timeout_at_begin(when) eddy__timeout_at_begin((when), EDDY_HERE, __func__)
EDDY_API int eddy__timeout_begin(double seconds, const eddy_place *place, const char *function);
EDDY_API int eddy__timeout_at_begin(double when, const eddy_place *place, const char *function);

/*
 * Ends the newest scope, which must be a timeout. `status` is the status of its body. Returns
 * EDDY_TIMEDOUT if the body ended with EDDY_CANCELLED because of this scope's deadline, else
 * `status`; EDDY_EMISUSE if the newest scope is no timeout. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_timeout_end(int status);

/* Returns the status of `call` under a timeout of `seconds`, or why the scope could not begin. */
#define eddy_within(seconds, call)                                    \
    eddy__status(__extension__({                                      \
        int eddy_within_ = eddy_timeout_begin(seconds);               \
        eddy_timeout_end(eddy_within_ < 0 ? eddy_within_ : (call));   \
    }))

/*
 * A timeout as an object, whose deadline can be moved and whose state can be read later:
 *
 *     EDDY_AUTO(eddy_timeout) *limit = eddy_timeout_new(2.0);
 *     EDDY_TRY(eddy_timeout_enter(limit));
 *     ...
 *     rc = eddy_timeout_end(rc);
 *     if (eddy_timeout_expired(limit)) ...
 *
 * eddy_timeout_new() returns NULL when out of memory. eddy_timeout_enter() returns 0; -ENOMEM for
 * NULL; EDDY_EMISUSE for a second time or outside a task; EDDY_EVALUE if the timeout was created
 * with a NaN.
 */
EDDY_API eddy_timeout *eddy_timeout_new(double seconds);
EDDY_API eddy_timeout *eddy_timeout_at_new(double when);
#define eddy_timeout_enter(timeout) eddy__timeout_enter((timeout), EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__timeout_enter(eddy_timeout *timeout, const eddy_place *place,
                                              const char *function);
EDDY_API void eddy_timeout_free(eddy_timeout *timeout);

/* Returns the innermost open timeout of the current task, borrowed; NULL if there is none. */
EDDY_API eddy_timeout *eddy_timeout_current(void);

/* Returns the time when it expires, by eddy_time(); EDDY_NO_TIMEOUT if never. */
EDDY_API double eddy_timeout_when(const eddy_timeout *timeout);

/* Moves the deadline to `when`. Returns 0; EDDY_EMISUSE unless it is open and has not expired. */
EDDY_API EDDY_CHECKED int eddy_timeout_reschedule(eddy_timeout *timeout, double when);

/* Whether its deadline passed while it was open. */
EDDY_API bool eddy_timeout_expired(const eddy_timeout *timeout);

/*
 * Waits for `awaitable` as eddy_await() does, for `seconds` at most (EDDY_NO_TIMEOUT: no limit). On
 * timeout, cancels `awaitable` and waits for it to end; returns EDDY_TIMEDOUT if it ends cancelled.
 * A coroutine object runs in the current task. With 0 seconds or less: EDDY_TIMEDOUT unless done.
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
