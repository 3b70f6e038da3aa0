/* SPDX-License-Identifier: MIT */
/*
 * debug.c: the state of a loop in debug mode.
 *
 * When EDDY_CANCELLED is delivered to a task, the place is noted. If the task then ends other than
 * cancelled while requests are still counted (nothing called eddy_task_uncancel()), it has
 * swallowed the cancellation, and the report names the await that delivered it.
 *
 * Invariants: a delivery is in the list until its task ends; each task has at most one, the last.
 * Deliveries leave in about the order in which they came, so a search from the front is quick.
 */
#include "core/debug.h"

#include <stdio.h>

struct delivery {
    struct link link;
    struct task *task;
    const char *what;       // the function that returned it
    struct eddy_error *why; // or NULL
    struct trace trace;     // the callers of that function
};

static const double SLOW_CALLBACK_S = 0.1; // asyncio's

double eddy__debug_slow_limit(const struct eddy_loop *loop)
{
    double limit = loop->options.slow_callback_duration;
    return limit > 0 ? limit : SLOW_CALLBACK_S;
}

void eddy__debug_open(struct eddy_loop *loop)
{
    struct debug *debug = eddy__zalloc(sizeof *debug);
    if (debug == NULL)
        return;
    list_init(&debug->deliveries);
    list_init(&debug->open_notes);
    debug->watchdog = eddy__watchdog_open(eddy__ns_of_seconds(eddy__debug_slow_limit(loop)));
    loop->debug = debug;
}

static void drop(struct delivery *delivery)
{
    link_remove(&delivery->link);
    eddy__error_unref(delivery->why);
    eddy__free(delivery);
}

void eddy__debug_close(struct eddy_loop *loop)
{
    struct debug *debug = loop->debug;
    if (debug == NULL)
        return;
    struct link *link;
    while (list_pop(&debug->open_notes) != NULL)
        continue; // opened by closers
    while ((link = list_first(&debug->deliveries)) != NULL)
        drop(container_of(link, struct delivery, link));
    eddy__watchdog_close(debug->watchdog);
    loop->debug = NULL;
    eddy__free(debug);
}

static struct delivery *find(const struct debug *debug, const struct task *task)
{
    for (struct link *link = list_first(&debug->deliveries); link != NULL;
         link = list_next(&debug->deliveries, link))
        if (container_of(link, struct delivery, link)->task == task)
            return container_of(link, struct delivery, link);
    return NULL;
}

void eddy__debug_cancelled(struct task *task, const char *what)
{
    struct debug *debug = eddy__loop_current()->debug;
    // No request was made of this task: what it awaited was cancelled.
    if (debug == NULL || task->future.cancelling == 0)
        return;
    struct delivery *delivery = find(debug, task);
    if (delivery == NULL) {
        delivery = eddy__zalloc(sizeof *delivery);
        if (delivery == NULL)
            return;
        delivery->task = task;
        list_push(&debug->deliveries, &delivery->link);
    }
    delivery->what = what;
    eddy__error_unref(delivery->why);
    struct eddy_error *error = task->activation->error;
    bool is_known = error != NULL && error->code == EDDY_CANCELLED;
    delivery->why = eddy__error_ref(is_known ? error : NULL);
    eddy__trace_take(&delivery->trace);
}

static void report_swallowed(const struct delivery *delivery)
{
    struct task *task = delivery->task;
    char caller[192];
    char message[512];
    eddy__trace_format(&delivery->trace, caller, sizeof caller);
    int n = snprintf(message, sizeof message,
                     "a task swallowed its cancellation, which came out of %s in %s",
                     delivery->what, caller);
    const eddy_place *place = eddy_error_place(delivery->why);
    if (place != NULL && n > 0 && (size_t)n < sizeof message)
        snprintf(message + n, sizeof message - (size_t)n, "; asked for at %s:%d", place->file,
                 place->line);
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_SWALLOWED,
        .message = message,
        .error = delivery->why,
        .task = &task->future,
        .name = eddy_task_get_name(&task->future),
        .place = &task->site->place,
    });
}

void eddy__debug_task_ends(struct task *task, int status)
{
    struct debug *debug = eddy__loop_current()->debug;
    struct delivery *delivery = debug != NULL ? find(debug, task) : NULL;
    if (delivery == NULL)
        return;
    bool is_cancelled = status == EDDY_CANCELLED || (status >= 0 && task->future.must_cancel);
    if (task->future.cancelling > 0 && !is_cancelled)
        report_swallowed(delivery);
    drop(delivery);
}
