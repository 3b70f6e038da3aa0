/* SPDX-License-Identifier: MIT */
/*
 * as_completed.h: several awaitables, in the order in which they are done.
 *
 *     int rc;
 *     eddy_for (eddy_future *, done, eddy_as_completed(coros, n, EDDY_NO_TIMEOUT), &rc) {
 *         reply r;
 *         int status = eddy_future_result(done, &r);
 *         ...
 *     }
 */
#ifndef EDDY_AS_COMPLETED_H
#define EDDY_AS_COMPLETED_H

#include <eddy/iterator.h>
#include <eddy/task.h>

EDDY_BEGIN_DECLS

typedef struct eddy_as_completed eddy_as_completed;

/*
 * Coroutine objects are used up and become tasks; tasks and futures are borrowed, and each counts
 * once. The time runs from now (EDDY_NO_TIMEOUT: without end). NULL without memory, or for a NaN:
 * the next function then answers -ENOMEM.
 */
EDDY_API EDDY_CHECKED eddy_as_completed *eddy_as_completed_new(eddy_future *const *awaitables,
                                                               size_t count, double timeout);

/* The same as the source of an eddy_for, which uses it up: the tasks run on after a `break`. */
#define eddy_as_completed(awaitables, count, timeout) \
    eddy__as_completed_owned(eddy_as_completed_new((awaitables), (count), (timeout)))
EDDY_API EDDY_CHECKED eddy__futures eddy__as_completed_owned(eddy_as_completed *order);

/*
 * Waits for the next that is done: 1 and the future, lent until the iterator is freed; 0 when all
 * have been; EDDY_TIMEDOUT for each that the time did not suffice for; EDDY_CANCELLED, which loses
 * none; EDDY_EMISUSE. Suspends unless one is at hand.
 */
EDDY_API EDDY_SUSPENDS int eddy_as_completed_next(eddy_as_completed *order, eddy_future **out_done);

/* Which of the awaitables `done` was: its first place in the list. */
EDDY_API size_t eddy_as_completed_index(const eddy_as_completed *order, const eddy_future *done);

/* The tasks run on. NULL is fine. */
EDDY_API void eddy_as_completed_free(eddy_as_completed *order);

EDDY_AUTO_FOR(eddy_as_completed, eddy_as_completed_free)

EDDY_END_DECLS

#endif
