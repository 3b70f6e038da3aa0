/* SPDX-License-Identifier: MIT */
/*
 * timer.c: handles that become ready at a deadline, and sleeping.
 *
 * A due timer is queued as a handle; what that handle makes ready runs one iteration later. So a
 * sleep takes two iterations, as in asyncio: the timer's, and the task's own step. The clock is
 * read whenever a deadline is computed from it: a stale time would let timers fire early.
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
    if (EDDY__UNLIKELY(when_ns <= loop->now_ns))
        loop->iterations_free = 0; // it is due
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
    struct sleep sleep;
    eddy__timer_init(&sleep.timer, wake_sleeper);
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

/* ---- a sleep as a future ---------------------------------------------------------------------*/

struct sleep_future {
    struct eddy_future future; // first
    struct timer timer;
};

static struct sleep_future *sleep_of(struct eddy_future *future)
{
    return container_of(future, struct sleep_future, future);
}

static bool cancel_sleep(struct eddy_future *future, struct eddy_error *why)
{
    eddy__timer_disarm(eddy__loop_current(), &sleep_of(future)->timer);
    eddy__future_cancelled(future, why);
    return true;
}

/* If it is freed while pending, its timer is armed in the running loop, or its loop has closed. */
static size_t fini_sleep(struct eddy_future *future)
{
    struct sleep_future *sleep = sleep_of(future);
    if (!eddy__future_is_done(future) && future->loop_id == eddy__loop_id())
        eddy__timer_disarm(eddy__loop_current(), &sleep->timer);
    return sizeof *sleep;
}

static const struct future_kind sleep_kind = {"sleep", cancel_sleep, fini_sleep, NULL};

static void finish_sleep(struct handle *handle)
{
    struct timer *timer = container_of(handle, struct timer, handle);
    eddy__future_finish(&container_of(timer, struct sleep_future, timer)->future, 0, false);
}

eddy_future *eddy_sleep_start(double seconds)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL)
        return eddy__future_failed(EDDY_EMISUSE, "eddy_sleep_start: no loop runs on this thread");
    if (isnan(seconds))
        return eddy__future_failed(EDDY_EVALUE, "eddy_sleep_start: the time is not a number");
    struct eddy_future *future = eddy__future_new(&sleep_kind, sizeof(struct sleep_future));
    if (future->kind != &sleep_kind)
        return future;
    struct sleep_future *sleep = sleep_of(future);
    sleep->timer.handle.run = finish_sleep;
    if (seconds <= 0) {
        eddy__loop_ready(loop, &sleep->timer.handle);
        return future;
    }
    int64_t when_ns = eddy__ns_add(eddy__loop_now_ns(loop), eddy__ns_of_seconds(seconds));
    if (when_ns != NS_NEVER && eddy__timer_arm(loop, &sleep->timer, when_ns) < 0) {
        eddy_future_free(future);
        return eddy__future_unmade(-ENOMEM);
    }
    return future;
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
    loop->iterations_free = 0; // timers may be due
    return 0;
}
