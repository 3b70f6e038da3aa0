/* SPDX-License-Identifier: MIT */
/*
 * semaphore.h: counting semaphores for tasks, in FIFO order.
 *
 *     static eddy_semaphore slots = EDDY_SEMAPHORE(5);
 *
 *     EDDY_TRY(eddy_semaphore_acquire(&slots));
 *     int rc = fetch(url);
 *     eddy_semaphore_release(&slots);
 *
 * The caller owns the struct. It needs no clean-up, and must not move while tasks wait on it.
 */
#ifndef EDDY_SEMAPHORE_H
#define EDDY_SEMAPHORE_H

#include <eddy/waiters.h>

EDDY_BEGIN_DECLS

/* A semaphore; the caller's memory. */
typedef struct eddy_semaphore {
    long value;     /* number of free slots */
    long value_max; /* release may not exceed it; LONG_MAX unless bounded */
    eddy_waiters waiters;
    uint32_t loop; /* the loop that uses it; 0: none yet */
} eddy_semaphore;

/* Initialise a semaphore with `initial` free slots; a bounded one never has more. */
#define EDDY_SEMAPHORE(initial) {(initial), __LONG_MAX__, EDDY_NO_WAITERS, 0}
#define EDDY_BOUNDED_SEMAPHORE(initial) {(initial), (initial), EDDY_NO_WAITERS, 0}

/* Sets `semaphore` to `value` free slots; EDDY_EVALUE if that is negative. */
EDDY_API EDDY_CHECKED int eddy_semaphore_init(eddy_semaphore *semaphore, long value);

/* The same; releasing it more often than acquiring is EDDY_EVALUE. */
EDDY_API EDDY_CHECKED int eddy_bounded_semaphore_init(eddy_semaphore *semaphore, long value);

/*
 * Acquires a slot, waiting until one is free and every earlier waiter has had one.
 *
 * Returns 0, EDDY_CANCELLED, or EDDY_EMISUSE outside a task. Suspends only if it must wait. If a
 * waiter is cancelled, a slot already given to it is passed to the next.
 */
EDDY_API EDDY_SUSPENDS int eddy_semaphore_acquire(eddy_semaphore *semaphore);

/* Releases a slot and wakes the first waiter. Returns 0; EDDY_EVALUE if bounded and full. */
EDDY_API int eddy_semaphore_release(eddy_semaphore *semaphore);

/* Whether acquire would wait. */
EDDY_API bool eddy_semaphore_locked(const eddy_semaphore *semaphore);

EDDY_END_DECLS

#endif
