/* SPDX-License-Identifier: MIT */
/*
 * barrier.c: a meeting point, built of a condition as asyncio's is.
 *
 *      filling --the last one comes--> draining --the last one leaves--> filling
 *         `--reset--> resetting --the last one leaves--> filling
 *         `--abort--> broken
 */
#include "sync/sync.h"

#include <eddy/barrier.h>

int eddy_barrier_init(eddy_barrier *barrier, int parties)
{
    if (parties < 1)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_barrier_init: there must be a party");
    *barrier = (eddy_barrier)EDDY_BARRIER(parties);
    return 0;
}

static bool may_enter(void *data)
{
    const eddy_barrier *barrier = data;
    return barrier->state != EDDY_BARRIER_DRAINING && barrier->state != EDDY_BARRIER_RESETTING;
}

static bool is_over(void *data)
{
    const eddy_barrier *barrier = data;
    return barrier->state != EDDY_BARRIER_FILLING;
}

/* With the lock held and a place taken: until all are here. */
static int meet(eddy_barrier *barrier)
{
    if (barrier->count == barrier->parties) {
        barrier->state = EDDY_BARRIER_DRAINING;
        return eddy_condition_notify_all(&barrier->changed);
    }
    EDDY_TRY(eddy_condition_wait_for(&barrier->changed, is_over, barrier));
    if (barrier->state == EDDY_BARRIER_BROKEN || barrier->state == EDDY_BARRIER_RESETTING)
        return EDDY_EBROKENBARRIER;
    return 0;
}

static void leave(eddy_barrier *barrier)
{
    if (--barrier->count > 0)
        return;
    if (barrier->state != EDDY_BARRIER_BROKEN)
        barrier->state = EDDY_BARRIER_FILLING;
    EDDY_IGNORE(eddy_condition_notify_all(&barrier->changed));
}

static int wait_inside(eddy_barrier *barrier)
{
    EDDY_TRY(eddy_condition_wait_for(&barrier->changed, may_enter, barrier));
    if (barrier->state == EDDY_BARRIER_BROKEN)
        return EDDY_EBROKENBARRIER;
    int index = barrier->count++;
    int err = meet(barrier);
    leave(barrier);
    return err < 0 ? err : index;
}

int eddy_barrier_wait(eddy_barrier *barrier)
{
    EDDY_TRY(eddy_condition_acquire(&barrier->changed));
    int index = wait_inside(barrier);
    EDDY_IGNORE(eddy_condition_release(&barrier->changed));
    return index;
}

static int change(eddy_barrier *barrier, eddy_barrier_state state)
{
    barrier->state = state;
    EDDY_IGNORE(eddy_condition_notify_all(&barrier->changed));
    return eddy_condition_release(&barrier->changed);
}

int eddy_barrier_reset(eddy_barrier *barrier)
{
    EDDY_TRY(eddy_condition_acquire(&barrier->changed));
    return change(barrier, barrier->count > 0 ? EDDY_BARRIER_RESETTING : EDDY_BARRIER_FILLING);
}

int eddy_barrier_abort(eddy_barrier *barrier)
{
    EDDY_TRY(eddy_condition_acquire(&barrier->changed));
    return change(barrier, EDDY_BARRIER_BROKEN);
}

int eddy_barrier_parties(const eddy_barrier *barrier)
{
    return barrier->parties;
}

int eddy_barrier_n_waiting(const eddy_barrier *barrier)
{
    return barrier->state == EDDY_BARRIER_FILLING ? barrier->count : 0;
}

bool eddy_barrier_broken(const eddy_barrier *barrier)
{
    return barrier->state == EDDY_BARRIER_BROKEN;
}
