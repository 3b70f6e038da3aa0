/* SPDX-License-Identifier: MIT */
/*
 * condition.c: a lock, and a wait queue of tasks that released it until they are notified.
 *
 * eddy_condition_wait() returns with the lock held, also when cancelled: then acquiring is repeated
 * each time that it is cancelled, and the last cancellation is returned. The lock is given up only
 * at the end of a run that is stuck, because it may never be released. A wait that returns an error
 * notifies another waiter, since its own notification may have been meant for one.
 */
#include "sync/sync.h"

#include <eddy/condition.h>

int eddy_condition_init(eddy_condition *condition, eddy_lock *lock)
{
    if (EDDY__UNLIKELY(condition == NULL))
        return eddy__misuse("eddy_condition_init: the condition is NULL");
    *condition = (eddy_condition)EDDY_CONDITION_ON(lock);
    return 0;
}

static eddy_lock *lock_of(eddy_condition *condition)
{
    return condition->shared != NULL ? condition->shared : &condition->own;
}

int eddy_condition_acquire(eddy_condition *condition)
{
    if (EDDY__UNLIKELY(condition == NULL))
        return eddy__misuse("eddy_condition_acquire: the condition is NULL");
    return eddy_lock_acquire(lock_of(condition));
}

int eddy_condition_release(eddy_condition *condition)
{
    if (EDDY__UNLIKELY(condition == NULL))
        return eddy__misuse("eddy_condition_release: the condition is NULL");
    return eddy_lock_release(lock_of(condition));
}

bool eddy_condition_locked(const eddy_condition *condition)
{
    if (condition == NULL)
        return false;
    return condition->shared != NULL ? condition->shared->is_locked : condition->own.is_locked;
}

static void wake(eddy_condition *condition, size_t n)
{
    struct wait *wait;
    for (; n > 0 && (wait = eddy__waiters_first_pending(&condition->waiters)) != NULL; n--)
        eddy__wait_finish(wait, 0);
}

int eddy_condition_wait(eddy_condition *condition)
{
    if (EDDY__UNLIKELY(condition == NULL))
        return eddy__misuse("eddy_condition_wait: the condition is NULL");
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_condition_wait");
    if (err == 0)
        err = eddy__bind(&condition->loop, "eddy_condition_wait");
    if (err < 0)
        return err;
    if (!eddy_condition_locked(condition))
        return eddy__misuse("eddy_condition_wait: the lock is not locked");
    err = eddy_condition_release(condition);
    if (err < 0)
        return err; // a shared lock may belong to another thread's loop
    err = eddy__wait_park_in(&wait, &condition->waiters);
    int again;
    eddy__region_hold(wait.task);
    while ((again = eddy_condition_acquire(condition)) < 0) {
        err = again;
        if (eddy__loop_current()->is_unwinding)
            break;
    }
    eddy__region_release(wait.task);
    if (again < 0)
        return err;
    if (err < 0)
        wake(condition, 1);
    return err;
}

int eddy_condition_wait_for(eddy_condition *condition, bool (*predicate)(void *data), void *data)
{
    if (condition == NULL || predicate == NULL)
        return eddy__misuse("eddy_condition_wait_for: the condition or the predicate is NULL");
    while (!predicate(data))
        EDDY_TRY(eddy_condition_wait(condition));
    return 0;
}

int eddy_condition_notify(eddy_condition *condition, size_t n)
{
    if (EDDY__UNLIKELY(condition == NULL))
        return eddy__misuse("eddy_condition_notify: the condition is NULL");
    int err = eddy__bind(&condition->loop, "eddy_condition_notify");
    if (err < 0)
        return err;
    if (!eddy_condition_locked(condition))
        return eddy__misuse("eddy_condition_notify: the lock is not locked");
    wake(condition, n);
    return 0;
}

int eddy_condition_notify_all(eddy_condition *condition)
{
    return eddy_condition_notify(condition, SIZE_MAX);
}
