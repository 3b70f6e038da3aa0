/* SPDX-License-Identifier: MIT */
/*
 * lock.h: mutual exclusion between tasks, in FIFO order. Not re-entrant.
 *
 *     static eddy_lock lock = EDDY_LOCK;
 *
 *     EDDY_TRY(eddy_lock_acquire(&lock));
 *     int rc = transfer(from, to);
 *     eddy_lock_release(&lock);
 *
 * Between two suspension points no other task runs: a lock is only needed to protect state across
 * them. The caller owns the struct. It needs no clean-up, and must not move while tasks wait on
 * it.
 */
#ifndef EDDY_LOCK_H
#define EDDY_LOCK_H

#include <eddy/waiters.h>

EDDY_BEGIN_DECLS

/* A lock; the caller's memory. */
typedef struct eddy_lock {
    bool is_locked;
    eddy_waiters waiters;
    uint32_t loop; /* the loop that uses it; 0: none yet */
} eddy_lock;

/* Initialises an unlocked lock. */
#define EDDY_LOCK {false, EDDY_NO_WAITERS, 0}

/* Sets `lock` to unlocked, as EDDY_LOCK does. Always returns 0. */
EDDY_API int eddy_lock_init(eddy_lock *lock);

/*
 * Acquires the lock, waiting until it is free and every earlier waiter has had it.
 *
 * Returns 0, EDDY_CANCELLED (the lock is not acquired; a wake already received is passed to the
 * next waiter), or EDDY_EMISUSE outside a task. Suspends only if it must wait.
 */
EDDY_API EDDY_SUSPENDS int eddy_lock_acquire(eddy_lock *lock);

/* Releases it and wakes the first waiter. Returns 0, or EDDY_EMISUSE if it is not locked. */
EDDY_API int eddy_lock_release(eddy_lock *lock);

/* Whether it is locked. */
EDDY_API bool eddy_lock_locked(const eddy_lock *lock);

/*
 * Returns the status of `call` with the lock held (`async with lock`), or the error of acquiring
 * it:
 *
 *     EDDY_TRY(eddy_locked(&lock, transfer(from, to)));
 */
#define eddy_locked(lock, call)                               \
    eddy__status(__extension__({                              \
        eddy_lock *eddy_locked_ = (lock);                     \
        int eddy_status_ = eddy_lock_acquire(eddy_locked_);   \
        if (eddy_status_ >= 0) {                              \
            eddy_status_ = (call);                            \
            eddy_lock_release(eddy_locked_);                  \
        }                                                     \
        eddy_status_;                                         \
    }))

EDDY_END_DECLS

#endif
