/* SPDX-License-Identifier: MIT */
/*
 * wait_any.c: eddy_wait(): until all, or one, of several are done, or the time is over.
 *
 * Each future gets a handle among its callbacks, and a timer stands beside them; whichever settles the
 * matter finishes the wait. On the way out everything is taken back: nothing of it outlives the call.
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
    struct wait wait;
    struct timer timer;
    eddy_return_when return_when;
    size_t left;
    size_t count;
    struct waited *waited;
};

static void on_time_over(struct handle *handle)
{
    struct timer *timer = container_of(handle, struct timer, handle);
    eddy__wait_finish(&container_of(timer, struct waiting, timer)->wait, 0);
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
    if (!is_settled_by(waiting, waited->future))
        return;
    eddy__timer_disarm(waiting->wait.task->future.loop, &waiting->timer);
    eddy__wait_finish(&waiting->wait, 0);
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

/* Takes all handles back, and counts who is done. */
static int withdraw_all(struct waiting *waiting)
{
    int done_count = 0;
    for (size_t i = 0; i < waiting->count; i++) {
        struct waited *waited = &waiting->waited[i];
        if (waited->future == NULL)
            continue;
        eddy__handle_cancel(&waited->handle);
        done_count += eddy__future_is_done(waited->future);
        eddy_future_free(waited->future);
    }
    return done_count;
}

static int check(eddy_future *const *futures, size_t count, double timeout)
{
    if (count == 0 || isnan(timeout))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_wait: the list is empty, or the time no number");
    int err = 0;
    for (size_t i = 0; i < count; i++) {
        if (futures[i] != NULL && eddy__is_coroutine(futures[i])) {
            eddy_coro_free(futures[i]);
            err = eddy__fail_plain(EDDY_ETYPE, "eddy_wait: a coroutine object is no task");
        } else if (err == 0) {
            err = eddy__future_check(futures[i], "eddy_wait");
        }
    }
    return err;
}

static int arm(struct waiting *waiting, double timeout)
{
    struct eddy_loop *loop = eddy__loop_current();
    waiting->timer = (struct timer){.handle.run = on_time_over};
    int64_t delay_ns = eddy__ns_of_seconds(timeout);
    if (delay_ns == NS_NEVER)
        return 0;
    return eddy__timer_arm(loop, &waiting->timer,
                           eddy__ns_add(eddy__loop_now_ns(loop), delay_ns));
}

int eddy_wait(eddy_future *const *futures, size_t count, double timeout,
              eddy_return_when return_when)
{
    struct waiting waiting = {.return_when = return_when, .count = count};
    int err = check(futures, count, timeout);
    if (err == 0)
        err = eddy__wait_init(&waiting.wait, "eddy_wait");
    if (err < 0)
        return err;
    waiting.waited = eddy__malloc(count * sizeof(struct waited));
    if (waiting.waited == NULL)
        return -ENOMEM;
    err = arm(&waiting, timeout);
    if (err < 0) {
        eddy__free(waiting.waited);
        return err;
    }
    subscribe_all(&waiting, futures);
    err = eddy__wait_park(&waiting.wait);
    eddy__timer_disarm(eddy__loop_current(), &waiting.timer);
    int done_count = withdraw_all(&waiting);
    eddy__free(waiting.waited);
    return err < 0 ? err : done_count;
}
