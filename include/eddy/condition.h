/* SPDX-License-Identifier: MIT */
/*
 * condition.h: waiting until something that a lock protects has changed.
 *
 *     static eddy_condition changed = EDDY_CONDITION;
 *
 *     EDDY_TRY(eddy_condition_acquire(&changed));
 *     int rc = eddy_condition_wait_for(&changed, has_work, &work);
 *     ...
 *     eddy_condition_release(&changed);
 *
 * It has a lock of its own, or shares one: EDDY_CONDITION_ON(&lock). The struct is the caller's, needs
 * no clean-up, and must not move while it is in use.
 */
#ifndef EDDY_CONDITION_H
#define EDDY_CONDITION_H

#include <eddy/lock.h>

EDDY_BEGIN_DECLS

/* A condition; the caller's memory. */
typedef struct eddy_condition {
    eddy_lock own;
    eddy_lock *shared; /* NULL: `own` is the lock */
    eddy_waiters waiters;
    uint32_t loop; /* that uses it; 0: none has */
} eddy_condition;

/* Initialise a condition: with a lock of its own, or on an eddy_lock that lives as long. */
#define EDDY_CONDITION {EDDY_LOCK, NULL, EDDY_NO_WAITERS, 0}
#define EDDY_CONDITION_ON(lock) {EDDY_LOCK, (lock), EDDY_NO_WAITERS, 0}

/* As EDDY_CONDITION, or with `lock` not NULL as EDDY_CONDITION_ON. Always 0. */
EDDY_API int eddy_condition_init(eddy_condition *condition, eddy_lock *lock);

/* The lock: as eddy_lock_acquire(), eddy_lock_release() and eddy_lock_locked(). */
EDDY_API EDDY_SUSPENDS int eddy_condition_acquire(eddy_condition *condition);
EDDY_API int eddy_condition_release(eddy_condition *condition);
EDDY_API bool eddy_condition_locked(const eddy_condition *condition);

/*
 * Gives the lock back, waits until notified, and takes the lock again: also when it is cancelled,
 * so that it is held whenever this returns other than with EDDY_EMISUSE (the lock is not locked), or
 * at the end of a deadlocked run, where nobody may be left to release it. A notification that meets a cancellation goes to another waiter. 0, EDDY_CANCELLED, EDDY_EMISUSE.
 */
EDDY_API EDDY_SUSPENDS int eddy_condition_wait(eddy_condition *condition);

/*
 * Waits until predicate(data) is true, which is looked at first and after every notification, with
 * the lock held. Returns and suspends as eddy_condition_wait(), 0 meaning true; the predicate must
 * not suspend.
 */
EDDY_API EDDY_SUSPENDS int eddy_condition_wait_for(eddy_condition *condition,
                                                   bool (*predicate)(void *data), void *data);

/* Wakes `n` waiters, or all. 0, or EDDY_EMISUSE if the lock is not locked. */
EDDY_API int eddy_condition_notify(eddy_condition *condition, size_t n);
EDDY_API int eddy_condition_notify_all(eddy_condition *condition);

EDDY_END_DECLS

#endif
