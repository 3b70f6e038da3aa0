/* SPDX-License-Identifier: MIT */
/*
 * park.h: the inline path from a task that parks to the next task.
 *
 * The processor mispredicts a return into a function that it has not called from this stack, and
 * the misprediction costs as much as the whole switch. So frequent suspensions (queues, locks,
 * sleeps, awaits) inline the path down to the switch, eddy__wait_park_inline(), in a function of
 * their own marked EDDY__RETURNS_ELSEWHERE. Other callers use eddy__wait_park().
 *
 * Part of core.h, which includes it.
 */
#ifndef EDDY_CORE_PARK_H
#define EDDY_CORE_PARK_H

/* The `run` of a task's step handle, from its first step on. */
void eddy__task_step(struct handle *handle);

bool eddy__loop_begin_iteration_slowly(struct eddy_loop *loop);

/*
 * Starts an iteration with the ready handles, without checking kernel, threads or clock. False if
 * that has been deferred long enough, or nothing is ready: then a full turn is due.
 */
static inline bool eddy__loop_begin_iteration(struct eddy_loop *loop)
{
    if (EDDY__UNLIKELY(loop->iterations_free == 0 || list_is_empty(&loop->ready) ||
                       atomic_load_explicit(&loop->attention, memory_order_relaxed) != 0))
        return eddy__loop_begin_iteration_slowly(loop);
    loop->iterations_free--;
    loop->batch_last = list_last(&loop->ready);
    return true;
}

/* With many tasks, before the next handle is taken: prefetches stacks that are needed soon. */
void eddy__loop_look_ahead(struct eddy_loop *loop);

/* Like eddy__run_next(), for any kind of next handle. */
void eddy__run_next_of_any(struct task *self);

/* Ends a wait that was cancelled, or with a cancellation pending. Returns EDDY_CANCELLED. */
int eddy__wait_end_cancelled(struct wait *wait);

/* Applies a cancellation requested while the task ran to what it is about to wait for. */
void eddy__wait_meet_cancel(struct task *task);

/* Removes this iteration's next handle from the queue. There must be one. */
static inline struct handle *eddy__batch_take(struct eddy_loop *loop)
{
    struct link *link = loop->ready.head.next;
    if (link == loop->batch_last)
        loop->batch_last = NULL;
    list_remove(link);
    loop->budget--;
    return container_of(link, struct handle, link);
}

/*
 * Suspends the running task, which another call will make ready, and resumes the next one.
 * (Afterwards, read values again, through eddy__loop_current(): keeping them across the switch
 * takes a place in the frame for each, and longer.)
 */
__attribute__((always_inline)) static inline void eddy__run_next(struct eddy_loop *loop,
                                                                 struct task *self)
{
    eddy__note_return();
    struct handle *handle = container_of(loop->ready.head.next, struct handle, link);
    // Switches straight to the next task, if no other handle is before it.
    if (EDDY__LIKELY(!loop->has_detours &&
                     (loop->batch_last != NULL || eddy__loop_begin_iteration(loop)) &&
                     handle->run == eddy__task_step)) {
        if (EDDY__UNLIKELY(loop->is_crowded))
            eddy__loop_look_ahead(loop);
        eddy__batch_take(loop);
        struct task *next = container_of(handle, struct task, step);
        if (EDDY__UNLIKELY(next == self))
            return;
        loop->current = next;
        eddy__fiber_switch(&self->context, &self->activation->stack->fiber, &next->context,
                           &next->activation->stack->fiber);
        return;
    }
    eddy__run_next_of_any(self);
}

__attribute__((always_inline)) static inline int eddy__wait_park_inline(struct wait *wait)
{
    wait->task->activation->wait = wait;
    if (eddy__task_must_cancel(eddy__loop_current(), wait->task))
        eddy__wait_meet_cancel(wait->task);
    eddy__run_next(eddy__loop_current(), wait->task);
    struct task *task = wait->task;
    task->activation->wait = NULL;
    if (EDDY__LIKELY(wait->state == WAIT_FINISHED &&
                     !eddy__task_must_cancel(eddy__loop_current(), task)))
        return wait->result;
    return eddy__wait_end_cancelled(wait);
}

__attribute__((always_inline)) static inline int eddy__wait_park_in_inline(struct wait *wait,
                                                                           eddy_waiters *row)
{
    eddy__waiters_append(row, wait);
    int result = eddy__wait_park_inline(wait);
    if (wait->row != NULL)
        eddy__waiters_remove(wait);
    return result;
}

#endif
