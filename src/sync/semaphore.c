/* SPDX-License-Identifier: MIT */
/*
 * semaphore.c: a number of slots, first come, first served.
 *
 * A release adds a slot and, if a task waits, reserves it at once for the first waiter. A reserved
 * slot is not free, so no other task can take it before the woken task resumes. A waiter that was
 * cancelled after its wake gives the slot back and wakes the next one.
 */
#include "sync/sync.h"

#include <eddy/semaphore.h>

int eddy_semaphore_init(eddy_semaphore *semaphore, long value)
{
    if (EDDY__UNLIKELY(semaphore == NULL))
        return eddy__misuse("eddy_semaphore_init: the semaphore is NULL");
    if (value < 0)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_semaphore_init: the value is negative");
    *semaphore = (eddy_semaphore)EDDY_SEMAPHORE(value);
    return 0;
}

int eddy_bounded_semaphore_init(eddy_semaphore *semaphore, long value)
{
    if (EDDY__UNLIKELY(semaphore == NULL))
        return eddy__misuse("eddy_bounded_semaphore_init: the semaphore is NULL");
    if (value < 0)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_bounded_semaphore_init: the value is negative");
    *semaphore = (eddy_semaphore)EDDY_BOUNDED_SEMAPHORE(value);
    return 0;
}

bool eddy_semaphore_locked(const eddy_semaphore *semaphore)
{
    if (semaphore == NULL)
        return false;
    // The waiters may be read only on their own thread.
    const struct eddy_loop *loop = eddy__loop_current();
    bool is_ours = loop != NULL && loop->id == semaphore->loop;
    return semaphore->value <= 0 || (is_ours && eddy__waiters_any_live(&semaphore->waiters));
}

/* Reserves a slot for the first task that still waits; false if none does. */
static bool wake_next(eddy_semaphore *semaphore)
{
    struct wait *wait = eddy__waiters_first_pending(&semaphore->waiters);
    if (wait == NULL)
        return false;
    semaphore->value--;
    eddy__wait_finish(wait, 0);
    return true;
}

int eddy_semaphore_acquire(eddy_semaphore *semaphore)
{
    if (EDDY__UNLIKELY(semaphore == NULL))
        return eddy__misuse("eddy_semaphore_acquire: the semaphore is NULL");
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_semaphore_acquire");
    if (err == 0)
        err = eddy__bind(&semaphore->loop, "eddy_semaphore_acquire");
    if (err < 0)
        return err;
    if (!eddy_semaphore_locked(semaphore)) {
        semaphore->value--;
        return 0;
    }
    err = eddy__wait_park_in(&wait, &semaphore->waiters);
    if (err == EDDY_CANCELLED && wait.state == WAIT_FINISHED)
        semaphore->value++;
    while (semaphore->value > 0 && wake_next(semaphore))
        continue;
    return err;
}

int eddy_semaphore_release(eddy_semaphore *semaphore)
{
    if (EDDY__UNLIKELY(semaphore == NULL))
        return eddy__misuse("eddy_semaphore_release: the semaphore is NULL");
    int err = eddy__bind(&semaphore->loop, "eddy_semaphore_release");
    if (err < 0)
        return err;
    if (semaphore->value >= semaphore->value_max)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_semaphore_release: released too often");
    semaphore->value++;
    wake_next(semaphore);
    return 0;
}
