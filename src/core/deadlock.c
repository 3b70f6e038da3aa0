/* SPDX-License-Identifier: MIT */
/*
 * deadlock.c: detecting a loop that has nothing to wait for.
 *
 * A loop is deadlocked if nothing is ready, no timer is armed, no operation is pending, no signal
 * is watched, and the loop is not held. Under the virtual clock that ends the run. Under the real
 * clock it is only reported, once, since the kernel may still deliver something unknown to the
 * loop. A false report is worse than none, so there is none while
 *
 *   - another thread may call: one has called before, a reference to the loop is held, or the
 *     process has threads that Eddy did not start;
 *   - the main task seems to wait for Ctrl-C: the loop handles Ctrl-C, and the task sleeps without
 *     end or waits for an event.
 */
#include "core/run.h"
#include "poll/poll.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

atomic_int eddy__own_thread_count;

void eddy__report_deadlock(struct eddy_loop *loop)
{
    if (loop->is_deadlock_reported)
        return;
    loop->is_deadlock_reported = true;
    char message[2048];
    int n = snprintf(message, sizeof message, "deadlock: nothing can become ready any more");
    for (struct link *link = list_first(&loop->tasks);
         link != NULL && n > 0 && (size_t)n < sizeof message;
         link = list_next(&loop->tasks, link)) {
        const struct task *task = container_of(link, struct task, all);
        const struct wait *wait = eddy__task_wait(task);
        n += snprintf(message + n, sizeof message - (size_t)n, "\n  task \"%s\" waits in %s",
                      eddy_task_get_name(&task->future),
                      wait != NULL ? wait->what : "nothing");
        if (wait != NULL && wait->future != NULL && (size_t)n < sizeof message)
            n += snprintf(message + n, sizeof message - (size_t)n, " for \"%s\"",
                          eddy_task_get_name(wait->future));
    }
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_DEADLOCK, .message = message, .status = -EDEADLK});
}

bool eddy__is_deadlocked(const struct eddy_loop *loop)
{
    return eddy__poller_pending(loop->poller) == 0 && loop->hold_count == 0 &&
           loop->listen_count == 0;
}

/* Whether the process has threads besides this one and Eddy's own. */
static bool has_foreign_threads(void)
{
    struct stat tasks; // a folder with one folder for each thread
    if (stat("/proc/self/task", &tasks) < 0)
        return false;
    return (long)tasks.st_nlink - 2 > 1 + atomic_load(&eddy__own_thread_count);
}

static bool waits_for_interrupt(const struct eddy_loop *loop)
{
    const struct wait *wait = loop->main != NULL ? eddy__task_wait(loop->main) : NULL;
    return wait != NULL && eddy__interrupt_is_armed(loop) &&
           (strcmp(wait->what, "eddy_sleep") == 0 || strcmp(wait->what, "eddy_event_wait") == 0);
}

bool eddy__may_be_woken(const struct eddy_loop *loop)
{
    return eddy__inbox_was_used(loop->inbox) ||
           atomic_load_explicit(&loop->refs, memory_order_relaxed) > 1 ||
           waits_for_interrupt(loop) || has_foreign_threads();
}
