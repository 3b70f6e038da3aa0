/* SPDX-License-Identifier: MIT */
/*
 * run.h: scheduling declarations shared by the files of core/; see run.c.
 */
#ifndef EDDY_CORE_RUN_H
#define EDDY_CORE_RUN_H

#include "core/core.h"

/* What may run between two full turns: this many handles, or 64 iterations, or some of each. */
enum { EDDY__BUDGET = 4096 };

/* The `run` of the step handle of a task that has not begun; eddy__task_step() from then on. */
void eddy__task_begin(struct handle *handle);

/* Runs a new task's first step at once, as the current task; returns when it suspends or ends. */
void eddy__run_eagerly(struct task *task);

/* Like eddy__batch_take(), for callers that did not call eddy__loop_look_ahead(). */
static inline struct handle *eddy__batch_take_any(struct eddy_loop *loop)
{
    if (loop->ready.head.next == loop->ahead)
        loop->ahead = NULL;
    return eddy__batch_take(loop);
}

/* Adds `change` to the number of eager starts in progress. */
static inline void eddy__loop_count_eager(struct eddy_loop *loop, int change)
{
    loop->eager_count += (uint32_t)change;
    loop->has_detours = loop->is_debug || loop->eager_count > 0;
}

/* Adds `change` to the number of tasks. From CROWD_MIN on, stacks don't stay in the cache. */
static inline void eddy__loop_count_task(struct eddy_loop *loop, int change)
{
    enum { CROWD_MIN = 2048 };
    loop->task_count += (size_t)change;
    loop->is_crowded = loop->task_count >= CROWD_MIN;
}

/* Reports and frees the coroutine objects that callbacks made and that were not taken; task.c. */
void eddy__loop_drop_unawaited(struct eddy_loop *loop);

/* A coroutine's arguments follow the struct; its result follows them. */
static inline size_t eddy__coro_arguments_offset(const struct eddy_function *function)
{
    return (sizeof(struct task) + function->alignment - 1) & -(size_t)function->alignment;
}

static inline size_t eddy__coro_result_offset(const struct eddy_function *function)
{
    return eddy__coro_arguments_offset(function) + function->result_offset;
}

/* Bytes of a task that runs `function`. */
static inline size_t eddy__coro_size(const struct eddy_function *function)
{
    return eddy__coro_result_offset(function) + function->result_size;
}

/* Runs the body of a coroutine. */
static inline int eddy__coro_enter(struct task *task)
{
    const struct eddy_function *function = task->site->function;
    return function->entry((char *)task + eddy__coro_arguments_offset(function),
                           (char *)task + eddy__coro_result_offset(function));
}

/* Completes the future of a task whose body ended with `status`; task.c. */
void eddy__task_end(struct task *task, int status);

/* Ends a task when the loop closes; its frames are abandoned as they are. */
void eddy__task_give_up(struct task *task);

/* Ends a task that never began: cancelled before its first step, or no memory for its stack. */
void eddy__task_end_unbegun(struct task *task, int status, struct eddy_error *error);

/* Frees a callback that will never be called, if `handle` is one; callback.c, future.c. */
void eddy__callback_drop(struct handle *handle);
bool eddy__done_callback_drop(struct handle *handle, bool is_queued);

/* Whether nothing known to the loop can wake it; whether something else may; deadlock.c. */
bool eddy__is_deadlocked(const struct eddy_loop *loop);
bool eddy__may_be_woken(const struct eddy_loop *loop);
void eddy__report_deadlock(struct eddy_loop *loop);

/* Takes the calls that other threads have posted; inbox.c. */
struct inbox *eddy__inbox_new(void);
void eddy__inbox_close(struct inbox *inbox); // later posts are refused
bool eddy__inbox_is_closed(struct inbox *inbox); // any thread
bool eddy__inbox_was_used(struct inbox *inbox);  // something has been posted
void eddy__inbox_run(struct inbox *inbox);
void eddy__inbox_free(struct inbox *inbox);

/* Releases a reference to the loop; the last frees what any thread may touch; loop_ref.c. */
void eddy__loop_unref(struct eddy_loop *loop);

#endif
