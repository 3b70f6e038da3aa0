/* SPDX-License-Identifier: MIT */
/*
 * as_completed.h: iterates over awaitables in the order in which they complete.
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
 * Creates the iterator. Coroutine objects are consumed and become tasks; tasks and futures are
 * borrowed, and duplicates count once. `timeout` is in seconds from now (EDDY_NO_TIMEOUT: no
 * limit). Returns NULL without memory or for a NaN; eddy_as_completed_next() then returns -ENOMEM.
 */
EDDY_API EDDY_CHECKED eddy_as_completed *eddy_as_completed_new(eddy_future *const *awaitables,
                                                               size_t count, double timeout);

/* The same as the source of an eddy_for, which consumes it. After a `break` the tasks run on. */
#define eddy_as_completed(awaitables, count, timeout) \
    eddy__as_completed_owned(eddy_as_completed_new((awaitables), (count), (timeout)))
EDDY_API EDDY_CHECKED eddy__futures eddy__as_completed_owned(eddy_as_completed *order);

/*
 * Waits for the next completion. Returns 1 and the future, borrowed until the iterator is freed; 0
 * after the last; EDDY_TIMEDOUT once for each future not done in time; EDDY_CANCELLED, which loses
 * none; EDDY_EMISUSE. Suspends unless one is ready.
 */
EDDY_API EDDY_SUSPENDS int eddy_as_completed_next(eddy_as_completed *order, eddy_future **out_done);

/* Returns the index of `done` among the awaitables: that of its first occurrence. */
EDDY_API size_t eddy_as_completed_index(const eddy_as_completed *order, const eddy_future *done);

/* Frees the iterator; the tasks run on. NULL is fine. */
EDDY_API void eddy_as_completed_free(eddy_as_completed *order);

EDDY_AUTO_FOR(eddy_as_completed, eddy_as_completed_free)

EDDY_END_DECLS

#endif
