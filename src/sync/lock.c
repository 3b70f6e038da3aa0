/* SPDX-License-Identifier: MIT */
/*
 * lock.c: mutual exclusion, first come, first served.
 *
 * A release does not hand the lock over: it unlocks the lock and wakes the first waiter, which
 * takes it when it resumes. No other task can take it meanwhile, since acquire parks while the wait
 * queue has live waiters. A waiter that was cancelled after its wake wakes the next one.
 */
#include "sync/sync.h"

#include <eddy/lock.h>

int eddy_lock_init(eddy_lock *lock)
{
    if (EDDY__UNLIKELY(lock == NULL))
        return eddy__misuse("eddy_lock_init: the lock is NULL");
    *lock = (eddy_lock)EDDY_LOCK;
    return 0;
}

bool eddy_lock_locked(const eddy_lock *lock)
{
    return lock != NULL && lock->is_locked;
}

static void wake_first(eddy_lock *lock)
{
    if (lock->waiters.first != NULL)
        eddy__wait_finish(lock->waiters.first, 0);
}

EDDY__RETURNS_ELSEWHERE static int acquire_later(eddy_lock *lock)
{
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_lock_acquire");
    if (err < 0)
        return err;
    err = eddy__wait_park_in_inline(&wait, &lock->waiters);
    if (err == 0)
        lock->is_locked = true;
    else if (!lock->is_locked)
        wake_first(lock);
    return err;
}

int eddy_lock_acquire(eddy_lock *lock)
{
    if (EDDY__UNLIKELY(lock == NULL))
        return eddy__misuse("eddy_lock_acquire: the lock is NULL");
    int err = 0;
    if (eddy__task_required("eddy_lock_acquire", &err) == NULL)
        return err;
    err = eddy__bind(&lock->loop, "eddy_lock_acquire");
    if (err < 0)
        return err;
    if (lock->is_locked || eddy__waiters_any_live(&lock->waiters))
        return acquire_later(lock);
    lock->is_locked = true;
    return 0;
}

int eddy_lock_release(eddy_lock *lock)
{
    if (EDDY__UNLIKELY(lock == NULL))
        return eddy__misuse("eddy_lock_release: the lock is NULL");
    int err = eddy__bind(&lock->loop, "eddy_lock_release");
    if (err < 0)
        return err;
    if (!lock->is_locked)
        return eddy__misuse("eddy_lock_release: the lock is not locked");
    lock->is_locked = false;
    wake_first(lock);
    return 0;
}
