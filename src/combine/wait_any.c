/* SPDX-License-Identifier: MIT */
/*
 * wait_any.c: eddy_wait(): waits until all, or one, of several are done, or the timeout expires.
 *
 * Each future gets a handle among its callbacks, and a timer is armed beside them. The one that
 * satisfies the condition finishes the wait. On return all handles are removed except those already
 * queued: they still mark as retrieved the errors that they would have marked.
 */
#include "combine/combine.h"

#include <eddy/wait.h>

#include <errno.h>
#include <math.h>

struct waited {
    struct handle handle;
    struct eddy_future *future; // a reference; NULL: given twice
    struct waiting *waiting;
};

struct waiting {
    struct wait *wait; // in the frame of eddy_wait(); NULL: that has resumed
    struct timer timer;
    struct pin pin; // while handles are queued after that
    eddy_return_when return_when;
    size_t left;         // futures whose handle has not run yet
    size_t queued_count; // handles that were queued when the wait ended
    size_t count;
    struct waited waited[];
};

static void on_time_over(struct handle *handle)
{
    struct timer *timer = container_of(handle, struct timer, handle);
    eddy__wait_finish(container_of(timer, struct waiting, timer)->wait, 0);
}

static bool is_settled_by(struct waiting *waiting, struct eddy_future *future)
{
    if (waiting->left == 0 || waiting->return_when == EDDY_FIRST_COMPLETED)
        return true;
    if (waiting->return_when != EDDY_FIRST_EXCEPTION || future->state != EDDY_STATE_FAILED)
        return false;
    eddy__future_look(future);
    return true;
}

static void on_done(struct handle *handle)
{
    struct waited *waited = container_of(handle, struct waited, handle);
    struct waiting *waiting = waited->waiting;
    waiting->left--;
    bool is_settled = is_settled_by(waiting, waited->future);
    if (waiting->wait == NULL) {
        if (--waiting->queued_count == 0)
            eddy__unpin(&waiting->pin);
    } else if (is_settled) {
        eddy__timer_disarm(eddy__loop_current(), &waiting->timer);
        eddy__wait_finish(waiting->wait, 0);
    }
}

struct eddy_future *eddy__wait_behind(const struct handle *handle)
{
    if (handle->run != on_done)
        return NULL;
    const struct wait *wait = container_of(handle, struct waited, handle)->waiting->wait;
    return wait != NULL ? &wait->task->future : NULL;
}

static void subscribe_all(struct waiting *waiting, eddy_future *const *futures)
{
    uint32_t walk = eddy__future_walk();
    for (size_t i = 0; i < waiting->count; i++) {
        struct waited *waited = &waiting->waited[i];
        *waited = (struct waited){.handle.run = on_done, .waiting = waiting};
        if (!eddy__future_mark(futures[i], walk))
            continue;
        waited->future = eddy_future_ref(futures[i]);
        waiting->left++;
    }
    for (size_t i = 0; i < waiting->count; i++)
        if (waiting->waited[i].future != NULL)
            eddy__future_subscribe(waiting->waited[i].future, &waiting->waited[i].handle);
}

static void free_waiting(struct waiting *waiting)
{
    for (size_t i = 0; i < waiting->count; i++) {
        eddy__handle_cancel(&waiting->waited[i].handle);
        eddy_future_free(waiting->waited[i].future);
    }
    eddy__free(waiting);
}

static void drop_waiting(struct pin *pin)
{
    free_waiting(container_of(pin, struct waiting, pin));
}

/* Removes the handles that are not queued, and returns the number of done futures. */
static int withdraw_all(struct waiting *waiting)
{
    int done_count = 0;
    waiting->wait = NULL;
    for (size_t i = 0; i < waiting->count; i++) {
        struct waited *waited = &waiting->waited[i];
        if (waited->future == NULL)
            continue;
        bool is_done = eddy__future_is_done(waited->future);
        done_count += is_done;
        if (!is_done)
            eddy__handle_cancel(&waited->handle);
        else if (link_is_linked(&waited->handle.link))
            waiting->queued_count++;
    }
    if (waiting->queued_count > 0)
        eddy__pin(&waiting->pin, drop_waiting);
    else
        free_waiting(waiting);
    return done_count;
}

static int check(eddy_future *const *futures, size_t count, double timeout)
{
    if (count == 0 || isnan(timeout))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_wait: the list is empty, or the time no number");
    if (futures == NULL)
        return eddy__misuse("eddy_wait: the list is NULL");
    int err = 0;
    for (size_t i = 0; i < count; i++) {
        if (futures[i] != NULL && eddy__is_coroutine(futures[i])) {
            eddy_coro_free(futures[i]);
            err = eddy__fail_plain(EDDY_ETYPE, "eddy_wait: a coroutine object is no task");
        } else if (err == 0) {
            err = eddy__future_check(futures[i]);
        }
    }
    return err;
}

static int arm(struct waiting *waiting, double timeout)
{
    struct eddy_loop *loop = eddy__loop_current();
    waiting->timer.handle.run = on_time_over;
    int64_t delay_ns = eddy__ns_of_seconds(timeout);
    if (delay_ns == NS_NEVER)
        return 0;
    return eddy__timer_arm(loop, &waiting->timer,
                           eddy__ns_add(eddy__loop_now_ns(loop), delay_ns));
}

int eddy_wait(eddy_future *const *futures, size_t count, double timeout,
              eddy_return_when return_when)
{
    struct wait wait;
    int err = check(futures, count, timeout);
    if (err == 0)
        err = eddy__wait_init(&wait, "eddy_wait");
    if (err < 0)
        return err;
    struct waiting *waiting = eddy__zalloc(sizeof *waiting + count * sizeof(struct waited));
    if (waiting == NULL)
        return -ENOMEM;
    waiting->wait = &wait;
    waiting->return_when = return_when;
    waiting->count = count;
    err = arm(waiting, timeout);
    if (err < 0) {
        eddy__free(waiting);
        return err;
    }
    subscribe_all(waiting, futures);
    err = eddy__wait_park(&wait);
    eddy__timer_disarm(eddy__loop_current(), &waiting->timer);
    int done_count = withdraw_all(waiting);
    return err < 0 ? err : done_count;
}
