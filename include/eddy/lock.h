/* SPDX-License-Identifier: MIT */
/*
 * lock.h: mutual exclusion between tasks, first come, first served. Not re-entrant.
 *
 *     static eddy_lock lock = EDDY_LOCK;
 *
 *     EDDY_TRY(eddy_lock_acquire(&lock));
 *     int rc = transfer(from, to);
 *     eddy_lock_release(&lock);
 *
 * Between two suspension points a task is alone anyway: a lock is for what must hold across them.
 * The struct is the caller's, needs no clean-up, and must not move while tasks wait on it.
 */
#ifndef EDDY_LOCK_H
#define EDDY_LOCK_H

#include <eddy/waiters.h>

EDDY_BEGIN_DECLS

/* A lock; the caller's memory. */
typedef struct eddy_lock {
    bool is_locked;
    eddy_waiters waiters;
    uint32_t loop; /* that uses it; 0: none has */
} eddy_lock;

/* Initialises a lock that nobody holds. */
#define EDDY_LOCK {false, EDDY_NO_WAITERS, 0}

/* Sets `lock` to unlocked, as EDDY_LOCK does. Always 0. */
EDDY_API int eddy_lock_init(eddy_lock *lock);

/*
 * Takes the lock, waiting until it is free and every earlier waiter has had it.
 *
 * Returns 0, EDDY_CANCELLED (the lock is not taken, and a wake that had come goes to the next), or
 * EDDY_EMISUSE outside a task. Suspends only when it must wait.
 */
EDDY_API EDDY_SUSPENDS int eddy_lock_acquire(eddy_lock *lock);

/* Gives it back and wakes the first waiter. 0, or EDDY_EMISUSE if it is not locked. */
EDDY_API int eddy_lock_release(eddy_lock *lock);

/* Whether somebody holds it. */
EDDY_API bool eddy_lock_locked(const eddy_lock *lock);

/*
 * The status of `call` with the lock held (`async with lock`), or why it could not be taken:
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
