/* SPDX-License-Identifier: MIT */
/*
 * loop_ref.c: references to a loop, and holds.
 *
 * The loop's struct and its inbox live until the last reference is released. The loop releases its
 * own reference when it closes; from then on the inbox refuses posts, and nothing else of the loop
 * is left. So a thread with a reference can post at any time.
 *
 * A hold is a reference that also counts as work in progress. The hold count belongs to the loop's
 * thread while the loop lives, and to any thread afterwards.
 */
#include "core/run.h"

#include <errno.h>

void eddy__loop_unref(struct eddy_loop *loop)
{
    if (atomic_fetch_sub_explicit(&loop->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (!eddy__inbox_is_closed(loop->inbox))
        eddy__stop_for_misuse("eddy_loop_free: more references are given back than were taken");
    eddy__inbox_free(loop->inbox);
    eddy__free(loop);
}

eddy_loop *eddy_loop_ref(eddy_loop *loop)
{
    if (loop != NULL)
        atomic_fetch_add_explicit(&loop->refs, 1, memory_order_relaxed);
    return loop;
}

void eddy_loop_free(eddy_loop *loop)
{
    if (loop != NULL)
        eddy__loop_unref(loop);
}

/* 1 if the loop has ended, 0 if this is its thread, or EDDY_EMISUSE. */
static int check_ended(const struct eddy_loop *loop, const char *sentence)
{
    if (loop == NULL)
        return eddy__misuse("the loop is NULL");
    if (eddy__loop_here(loop->id) == loop)
        return 0;
    return eddy__loop_is_elsewhere(loop->id) ? eddy__misuse(sentence) : 1;
}

int eddy_loop_hold(eddy_loop *loop)
{
    int ended = check_ended(loop, "eddy_loop_hold: the loop belongs to another thread");
    if (ended != 0)
        return ended < 0 ? ended : -ESHUTDOWN;
    eddy_loop_ref(loop);
    atomic_fetch_add_explicit(&loop->hold_count, 1, memory_order_relaxed);
    return 0;
}

int eddy_loop_release(eddy_loop *loop)
{
    int ended = check_ended(loop, "eddy_loop_release: the loop belongs to another thread");
    if (ended < 0)
        return ended;
    size_t count = atomic_load_explicit(&loop->hold_count, memory_order_relaxed);
    do
        if (count == 0)
            return eddy__misuse("eddy_loop_release: the loop is not held");
    while (!atomic_compare_exchange_weak(&loop->hold_count, &count, count - 1));
    if (ended == 0 && count == 1 && EDDY__UNLIKELY(loop->release_waiter != NULL))
        eddy__wait_finish(loop->release_waiter, 0);
    eddy__loop_unref(loop);
    return 0;
}
