/* SPDX-License-Identifier: MIT */
/*
 * semaphore.h: at most so many at once, first come, first served.
 *
 *     static eddy_semaphore slots = EDDY_SEMAPHORE(5);
 *
 *     EDDY_TRY(eddy_semaphore_acquire(&slots));
 *     int rc = fetch(url);
 *     eddy_semaphore_release(&slots);
 *
 * The struct is the caller's, needs no clean-up, and must not move while tasks wait on it.
 */
#ifndef EDDY_SEMAPHORE_H
#define EDDY_SEMAPHORE_H

#include <eddy/waiters.h>

EDDY_BEGIN_DECLS

/* A semaphore; the caller's memory. */
typedef struct eddy_semaphore {
    long value;     /* slots that are free */
    long value_max; /* what release may not exceed; LONG_MAX unless bounded */
    eddy_waiters waiters;
    uint32_t loop; /* that uses it; 0: none has */
} eddy_semaphore;

/* Initialise a semaphore with so many free slots; the bounded one refuses to have more later. */
#define EDDY_SEMAPHORE(initial) {(initial), __LONG_MAX__, EDDY_NO_WAITERS, 0}
#define EDDY_BOUNDED_SEMAPHORE(initial) {(initial), (initial), EDDY_NO_WAITERS, 0}

/* Sets `semaphore` to `value` free slots; EDDY_EVALUE if that is negative. */
EDDY_API EDDY_CHECKED int eddy_semaphore_init(eddy_semaphore *semaphore, long value);

/* The same; releasing it more often than acquiring is EDDY_EVALUE. */
EDDY_API EDDY_CHECKED int eddy_bounded_semaphore_init(eddy_semaphore *semaphore, long value);

/*
 * Takes a slot, waiting until there is one and every earlier waiter has had its own.
 *
 * Returns 0, EDDY_CANCELLED, or EDDY_EMISUSE outside a task. Suspends only when it must wait. A
 * cancelled waiter leaves no trace: a slot it had been given goes to the next.
 */
EDDY_API EDDY_SUSPENDS int eddy_semaphore_acquire(eddy_semaphore *semaphore);

/* Gives a slot back and wakes the first waiter. 0; EDDY_EVALUE if bounded and full. */
EDDY_API int eddy_semaphore_release(eddy_semaphore *semaphore);

/* Whether acquire would wait. */
EDDY_API bool eddy_semaphore_locked(const eddy_semaphore *semaphore);

EDDY_END_DECLS

#endif
