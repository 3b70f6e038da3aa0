/* SPDX-License-Identifier: MIT */
/*
 * poll_failure.c: what a loop does when the poller fails.
 *
 * After an error of epoll_wait() itself, the loop gets no more events from its descriptors, and
 * cannot recover. The run then ends in an order that frees nothing while a thread works on it:
 *
 *   1. the failure is reported
 *   2. ready handles run, and threads at work for the loop (eddy_loop_hold()) finish: their results
 *      arrive as posts, for which the loop waits on its `attention` flag in place of the poller
 *   3. when nothing is ready and no thread is at work, or flush_timeout is over (some threads work
 *      until the main task tells them to end), the main task is cancelled, once, as by Ctrl-C
 *   4. when nothing is ready and no thread is at work again, nothing can become ready:
 *      eddy__loop_run_until() returns the poller's error, and the end of the run unwinds the rest
 *
 * Timers fire only while threads are at work. The run returns the poller's error.
 *
 * Called by loop.c.
 */
#include "core/run.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(((struct eddy_loop *)NULL)->attention) == 4, "a futex has 32 bits");

static long futex(_Atomic uint32_t *word, int what, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, what, value, timeout, NULL, 0);
}

void eddy__poll_failed(struct eddy_loop *loop, int err)
{
    loop->poll_error = err;
    loop->patient_until_ns = eddy__ns_add(eddy__clock_now_ns(), eddy__loop_flush_timeout_ns(loop));
    atomic_store(&loop->is_without_poller, true);
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_POLL,
        .message = "the loop can't wait for events any more; the run ends",
        .status = err,
    });
}

void eddy__poll_failure_wake(struct eddy_loop *loop)
{
    if (atomic_load(&loop->is_without_poller))
        (void)futex(&loop->attention, FUTEX_WAKE_PRIVATE, 1, NULL);
}

static void cancel_main(struct eddy_loop *loop)
{
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_SHUTDOWN, "the loop can't wait for events any more", NULL);
    eddy__future_cancel_for(&loop->main->future, why);
    eddy__error_unref(why);
}

static bool is_main_told(const struct eddy_loop *loop)
{
    return loop->is_main_told || loop->main == NULL || eddy__future_is_done(&loop->main->future);
}

/* Waits for a post. */
static void wait_for_threads(struct eddy_loop *loop, int64_t timeout_ns)
{
    const struct timespec timeout = {timeout_ns / NS_PER_S, timeout_ns % NS_PER_S};
    // Returns at once if the flag is set: its setter has seen, or need not see, this wait.
    (void)futex(&loop->attention, FUTEX_WAIT_PRIVATE, 0, timeout_ns == NS_NEVER ? NULL : &timeout);
}

int eddy__poll_failure_wait(struct eddy_loop *loop, int64_t timeout_ns)
{
    if (timeout_ns <= 0)
        return 0;
    bool is_told = is_main_told(loop);
    int64_t patience_ns = NS_NEVER;
    if (!is_told && loop->patient_until_ns != NS_NEVER)
        patience_ns = loop->patient_until_ns - eddy__clock_now_ns();
    if (loop->hold_count > 0 && patience_ns > 0) {
        wait_for_threads(loop, timeout_ns < patience_ns ? timeout_ns : patience_ns);
        return 0;
    }
    if (is_told)
        return loop->poll_error;
    loop->is_main_told = true;
    cancel_main(loop);
    return 0;
}
