/* SPDX-License-Identifier: MIT */
/*
 * combine.h: the interface of combine/: what is built from futures and callbacks, and the runner.
 *
 * Everything here is built on core/: no file of it switches stacks, or touches the ready queue
 * except through futures, handles and waits.
 */
#ifndef EDDY_COMBINE_COMBINE_H
#define EDDY_COMBINE_COMBINE_H

#include "core/core.h"

/* What a shutdown ends, and how. */
struct shutdown {
    struct eddy_loop *loop;
    const struct nested_run *within; // what was made in this run; NULL: everything
    struct eddy_error *cancelled;    // of the task that ends a nested run, meanwhile; a reference
    bool is_cancelled;               // there was one
};

/*
 * Ends what the main task has left: tasks, then generators. 0, or an error after which nothing runs
 * on by itself. The second, called after an error or not, unwinds what is left then.
 */
int eddy__shutdown(struct shutdown *shutdown);
void eddy__shutdown_unwind(struct shutdown *shutdown, bool is_deadlocked);

/* In the task that ends a nested run: waits for `future`, even if the task is cancelled. */
int eddy__nested_wait(struct shutdown *shutdown, struct eddy_future *future);

/* eddy_run() inside a task; nested.c. */
int eddy__run_nested(void *out_value, size_t size, eddy_coroutine *coroutine,
                     const eddy_run_options *options);

/* eddy__coro_refuse() for a list. */
static inline void eddy__coro_refuse_all(struct eddy_future *const *awaitables, size_t count)
{
    for (size_t i = 0; awaitables != NULL && i < count; i++)
        (void)eddy__coro_refuse(awaitables[i], 0);
}

/*
 * The future notified by `handle`, which is among the callbacks of another: a gather, a shield, the
 * task that has opened a group, or waits; NULL if the handle is no such thing. For call_graph.c.
 */
struct eddy_future *eddy__gather_behind(const struct handle *handle);
struct eddy_future *eddy__shield_behind(const struct handle *handle);
struct eddy_future *eddy__group_behind(const struct handle *handle);
struct eddy_future *eddy__wait_behind(const struct handle *handle);
struct eddy_future *eddy__wait_for_behind(const struct handle *handle);

/* The gather notified by `watcher`. */
struct eddy_future *eddy__gather_watching(struct watcher *watcher);

#endif
