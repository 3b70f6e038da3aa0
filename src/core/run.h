/* SPDX-License-Identifier: MIT */
/*
 * run.h: what the files of core/ share about who runs next; see run.c.
 */
#ifndef EDDY_CORE_RUN_H
#define EDDY_CORE_RUN_H

#include "core/core.h"

/* The `run` of a task's step handle: before it has begun, and from then on. */
void eddy__task_begin(struct handle *handle);
void eddy__task_step(struct handle *handle);

/* Runs a new task's first step at once, as the current task; returns when it stops or ends. */
void eddy__run_eagerly(struct task *task);

/*
 * Starts an iteration with what is ready, without asking kernel, threads or clock. False when that
 * has been put off long enough, or nothing is ready: then a whole turn is due.
 */
bool eddy__loop_begin_iteration(struct eddy_loop *loop);

/* Takes the next handle of this iteration, of which there is one, out of the queue. */
static inline struct handle *eddy__batch_take(struct eddy_loop *loop)
{
    struct link *link = loop->ready.head.next;
    if (link == loop->batch_last)
        loop->batch_last = NULL;
    list_remove(link);
    loop->handles_left--;
    return container_of(link, struct handle, link);
}

/* As eddy__run_next(), whatever comes next. */
void eddy__run_next_of_any(struct task *self);

/* Stops the running task, which somebody will make ready, and lets the next one go on. */
static inline void eddy__run_next(struct eddy_loop *loop, struct task *self)
{
    struct activation *from = self->activation;
    struct handle *handle = container_of(loop->ready.head.next, struct handle, link);
    // Straight on to the next task: nothing else stands before it, and nobody times the steps.
    if (EDDY__LIKELY(from->eager == NULL && !loop->is_debug &&
                     (loop->batch_last != NULL || eddy__loop_begin_iteration(loop)) &&
                     handle->run == eddy__task_step)) {
        eddy__batch_take(loop);
        struct task *next = container_of(handle, struct task, step);
        struct activation *to = next->activation;
        if (EDDY__UNLIKELY(next == self))
            return;
        loop->current = next;
        eddy__fiber_switch(&from->context, &from->stack->fiber, &to->context, &to->stack->fiber);
        return;
    }
    eddy__run_next_of_any(self);
}

/* Reports and drops the coroutine objects made in callbacks that nobody took; task.c. */
void eddy__loop_drop_unawaited(struct eddy_loop *loop);

/* Runs the body of a coroutine; task.c. */
int eddy__coro_enter(struct task *task);

/* Completes the future of a task whose body ended with `status`; task.c. */
void eddy__task_end(struct task *task, int status);

/* Ends a task whose frames are given up as they are, at the loop's end. */
void eddy__task_give_up(struct task *task);

/* Ends a task that never began: cancelled before its first step, or no memory for its stack. */
void eddy__task_end_unbegun(struct task *task, int status);

/* Frees a callback that will never be called, if `handle` is one; callback.c, future.c. */
void eddy__callback_drop(struct handle *handle);
bool eddy__done_callback_drop(struct handle *handle);

/* Takes the calls that other threads have posted; inbox.c. */
struct inbox *eddy__inbox_new(void);
void eddy__inbox_close(struct inbox *inbox); // later posts are refused
void eddy__inbox_run(struct inbox *inbox);
void eddy__inbox_free(struct inbox *inbox);

#endif
