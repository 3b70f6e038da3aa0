/* SPDX-License-Identifier: MIT */
/*
 * barrier.c: a barrier, built on a condition as asyncio's is.
 *
 *      filling --the last one comes--> draining --the last one leaves--> filling
 *         `--reset--> resetting --the last one leaves--> filling
 *         `--abort--> broken
 *
 * The tasks inside form a list, in the order of their indices. A task that leaves while the barrier
 * fills gives its index to the last one: so the indices are always 0 to count - 1, and the next
 * arrival gets `count` without a search.
 */
#include "sync/sync.h"

#include <eddy/barrier.h>

/* A task inside; lies on its stack. */
struct eddy__barrier_party {
    struct eddy__barrier_party *before; // the one with the next lower index; or NULL
    struct eddy__barrier_party *behind;
    int index;
};

int eddy_barrier_init(eddy_barrier *barrier, int parties)
{
    if (EDDY__UNLIKELY(barrier == NULL))
        return eddy__misuse("eddy_barrier_init: the barrier is NULL");
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

/* Waits until all tasks have arrived. The lock is held and a place is taken. */
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

static void enter(eddy_barrier *barrier, struct eddy__barrier_party *self)
{
    *self = (struct eddy__barrier_party){.before = barrier->last, .index = barrier->count++};
    if (barrier->last != NULL)
        barrier->last->behind = self;
    barrier->last = self;
}

/* Forgets tasks of a loop that has ended and given them up: their stacks are gone. */
static void forget_ended_run(eddy_barrier *barrier)
{
    uint32_t loop = barrier->changed.loop;
    if (EDDY__LIKELY(barrier->count == 0 || loop == eddy__loop_id()))
        return;
    if (eddy__loop_here(loop) != NULL || eddy__loop_is_elsewhere(loop))
        return;
    barrier->count = 0;
    barrier->last = NULL;
    if (barrier->state != EDDY_BARRIER_BROKEN)
        barrier->state = EDDY_BARRIER_FILLING;
}

static void unlink_party(eddy_barrier *barrier, const struct eddy__barrier_party *party)
{
    if (party->before != NULL)
        party->before->behind = party->behind;
    if (party->behind != NULL)
        party->behind->before = party->before;
    else
        barrier->last = party->before;
}

/* Moves the last party to the place of `self`, with its index. */
static void replace_by_last(eddy_barrier *barrier, const struct eddy__barrier_party *self)
{
    struct eddy__barrier_party *last = barrier->last;
    unlink_party(barrier, last);
    *last = *self;
    if (last->before != NULL)
        last->before->behind = last;
    if (last->behind != NULL)
        last->behind->before = last;
    else
        barrier->last = last;
}

static void leave(eddy_barrier *barrier, const struct eddy__barrier_party *self)
{
    if (barrier->state == EDDY_BARRIER_FILLING && barrier->last != self)
        replace_by_last(barrier, self);
    else
        unlink_party(barrier, self);
    if (--barrier->count > 0)
        return;
    if (barrier->state != EDDY_BARRIER_BROKEN)
        barrier->state = EDDY_BARRIER_FILLING;
    EDDY_IGNORE(eddy_condition_notify_all(&barrier->changed));
}

static int wait_inside(eddy_barrier *barrier)
{
    forget_ended_run(barrier);
    EDDY_TRY(eddy_condition_wait_for(&barrier->changed, may_enter, barrier));
    if (barrier->state == EDDY_BARRIER_BROKEN)
        return EDDY_EBROKENBARRIER;
    struct eddy__barrier_party self;
    enter(barrier, &self);
    int err = meet(barrier);
    leave(barrier, &self);
    return err < 0 ? err : self.index;
}

int eddy_barrier_wait(eddy_barrier *barrier)
{
    if (EDDY__UNLIKELY(barrier == NULL))
        return eddy__misuse("eddy_barrier_wait: the barrier is NULL");
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
    if (EDDY__UNLIKELY(barrier == NULL))
        return eddy__misuse("eddy_barrier_reset: the barrier is NULL");
    EDDY_TRY(eddy_condition_acquire(&barrier->changed));
    return change(barrier, barrier->count > 0 ? EDDY_BARRIER_RESETTING : EDDY_BARRIER_FILLING);
}

int eddy_barrier_abort(eddy_barrier *barrier)
{
    if (EDDY__UNLIKELY(barrier == NULL))
        return eddy__misuse("eddy_barrier_abort: the barrier is NULL");
    EDDY_TRY(eddy_condition_acquire(&barrier->changed));
    return change(barrier, EDDY_BARRIER_BROKEN);
}

int eddy_barrier_parties(const eddy_barrier *barrier)
{
    return barrier != NULL ? barrier->parties : 0;
}

int eddy_barrier_n_waiting(const eddy_barrier *barrier)
{
    bool is_filling = barrier != NULL && barrier->state == EDDY_BARRIER_FILLING;
    return is_filling ? barrier->count : 0;
}

bool eddy_barrier_broken(const eddy_barrier *barrier)
{
    return barrier != NULL && barrier->state == EDDY_BARRIER_BROKEN;
}
