/* SPDX-License-Identifier: MIT */
/*
 * condition.h: condition variables: wait until state that a lock protects has changed.
 *
 *     static eddy_condition changed = EDDY_CONDITION;
 *
 *     EDDY_TRY(eddy_condition_acquire(&changed));
 *     int rc = eddy_condition_wait_for(&changed, has_work, &work);
 *     ...
 *     eddy_condition_release(&changed);
 *
 * A condition has its own lock, or shares one: EDDY_CONDITION_ON(&lock). The caller owns the
 * struct. It needs no clean-up and must not move while it is in use.
 */
#ifndef EDDY_CONDITION_H
#define EDDY_CONDITION_H

#include <eddy/lock.h>

EDDY_BEGIN_DECLS

/* A condition, in the caller's memory. */
typedef struct eddy_condition {
    eddy_lock own;
    eddy_lock *shared; /* NULL: `own` is the lock */
    eddy_waiters waiters;
    uint32_t loop; /* the loop that uses it; 0: none yet */
} eddy_condition;

/* Initialise a condition: with its own lock, or on an eddy_lock that lives as long. */
#define EDDY_CONDITION {EDDY_LOCK, NULL, EDDY_NO_WAITERS, 0}
#define EDDY_CONDITION_ON(lock) {EDDY_LOCK, (lock), EDDY_NO_WAITERS, 0}

/* Like EDDY_CONDITION_ON, or EDDY_CONDITION if `lock` is NULL. Returns 0; EDDY_EMISUSE for NULL. */
EDDY_API int eddy_condition_init(eddy_condition *condition, eddy_lock *lock);

/* The same as eddy_lock_acquire(), eddy_lock_release(), eddy_lock_locked() on its lock. */
EDDY_API EDDY_SUSPENDS int eddy_condition_acquire(eddy_condition *condition);
EDDY_API int eddy_condition_release(eddy_condition *condition);
EDDY_API bool eddy_condition_locked(const eddy_condition *condition);

/*
 * Releases the lock, waits for a notification, and reacquires the lock, even if cancelled. So the
 * lock is held on return, except with EDDY_EMISUSE (the lock is not locked) or at the end of a
 * deadlocked run, when no task may be left to release it. If the waiter is notified and cancelled,
 * the notification goes to another waiter. Returns 0, EDDY_CANCELLED or EDDY_EMISUSE. Suspends.
 */
EDDY_API EDDY_SUSPENDS int eddy_condition_wait(eddy_condition *condition);

/*
 * Waits until predicate(data) is true. The predicate is called first and after every notification,
 * with the lock held; it must not suspend. Returns 0 when it is true, or the errors of
 * eddy_condition_wait(). Suspends unless it is true at first.
 */
EDDY_API EDDY_SUSPENDS int eddy_condition_wait_for(eddy_condition *condition,
                                                   bool (*predicate)(void *data), void *data);

/* Wake `n` waiters, or all. Return 0, or EDDY_EMISUSE if the lock is not locked. */
EDDY_API int eddy_condition_notify(eddy_condition *condition, size_t n);
EDDY_API int eddy_condition_notify_all(eddy_condition *condition);

EDDY_END_DECLS

#endif
