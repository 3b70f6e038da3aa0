/* SPDX-License-Identifier: MIT */
/*
 * timer.c: handles that become ready at their time, and sleeping.
 *
 * A timer that is due is queued as a handle; what that handle does is seen one iteration later. So
 * a sleep takes two hops, as asyncio's does: the timer's, and the task's own step. The clock is
 * read whenever a deadline is computed from it: a stale one would let timers fire early.
 */
#include "core/run.h"

#include <errno.h>
#include <math.h>

int64_t eddy__loop_now_ns(const struct eddy_loop *loop)
{
    return loop->is_virtual ? loop->now_ns : eddy__clock_now_ns();
}

int eddy__timer_arm(struct eddy_loop *loop, struct timer *timer, int64_t when_ns)
{
    EDDY_ASSERT(timer->node.position == 0);
    timer->when_ns = when_ns;
    return eddy__heap_insert(&loop->timers, &timer->node, when_ns);
}

void eddy__timer_disarm(struct eddy_loop *loop, struct timer *timer)
{
    if (timer->node.position != 0)
        eddy__heap_remove(&loop->timers, &timer->node);
    eddy__handle_cancel(&timer->handle);
}

struct sleep {
    struct timer timer;
    struct wait wait;
};

static void wake_sleeper(struct handle *handle)
{
    struct timer *timer = container_of(handle, struct timer, handle);
    eddy__wait_finish(&container_of(timer, struct sleep, timer)->wait, 0);
}

int eddy_sleep(double seconds)
{
    if (isnan(seconds))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_sleep: the time is not a number");
    if (seconds <= 0)
        return eddy__task_yield();
    struct sleep sleep = {.timer.handle.run = wake_sleeper};
    int err = eddy__wait_init(&sleep.wait, "eddy_sleep");
    if (err < 0)
        return err;
    struct eddy_loop *loop = eddy__loop_current();
    int64_t when_ns = eddy__ns_add(eddy__loop_now_ns(loop), eddy__ns_of_seconds(seconds));
    if (when_ns != NS_NEVER && (err = eddy__timer_arm(loop, &sleep.timer, when_ns)) < 0)
        return err;
    err = eddy__wait_park_inline(&sleep.wait);
    eddy__timer_disarm(loop, &sleep.timer);
    return err;
}

double eddy_time(void)
{
    const struct eddy_loop *loop = eddy__loop_current();
    int64_t now_ns = loop != NULL ? eddy__loop_now_ns(loop) : eddy__clock_now_ns();
    return eddy__seconds_of_ns(now_ns);
}

int eddy_advance_clock(double seconds)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL || !loop->is_virtual)
        return eddy__misuse("eddy_advance_clock: there is no virtual clock");
    if (!(seconds >= 0))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_advance_clock: time can't go back");
    loop->now_ns = eddy__ns_add(loop->now_ns, eddy__ns_of_seconds(seconds));
    return 0;
}
