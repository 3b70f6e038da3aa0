/* SPDX-License-Identifier: MIT */
/*
 * run.c: who runs next.
 *
 * A task that stops does not go back to the loop: it looks at the front of the iteration's batch
 * itself and, if that is another task's step, switches straight to it. Only when something else is
 * due there (a callback, or a look at the kernel) does it switch to the loop's own stack, which
 * goes on from where it was. A task that ends leaves its stack to the next one that begins.
 *
 *      task A --parks--> [front of the batch] --a task's step--> task B
 *                              |
 *                              `--a callback, or the batch is empty--> the loop's stack
 *
 * What always holds:
 *   - loop->current is set by whoever switches, before the switch.
 *   - A task that was started eagerly goes back to its creator at its first stop, wherever that is.
 *   - A step is taken out of the batch before its task continues.
 *   - Between tasks (a destructor or the exception handler may run there) nothing starts eagerly: the
 *     stack under our feet may have been given back.
 *
 * Rests on arch/. Called by wait.c, future.c, task.c and loop.c.
 */
#include "core/run.h"
#include "poll/poll.h"

#include <errno.h>

/* Who goes on when an eagerly started task first stops; lies on the creator's stack. */
struct eager_start {
    struct context context;
    struct fiber *fiber;
    struct task *creator; // NULL: a callback
};

/* Whether the kernel or a timer may have something, and the last look is a while ago. */
static bool is_look_due(const struct eddy_loop *loop)
{
    if (loop->timers.count == 0 && eddy__poller_pending(loop->poller) == 0)
        return false;
    return eddy__ticks() - loop->turn_ticks > loop->ticks_max;
}

bool eddy__loop_begin_iteration(struct eddy_loop *loop)
{
    if (list_is_empty(&loop->ready) || loop->iterations_left == 0 || loop->handles_left == 0 ||
        atomic_load_explicit(&loop->attention, memory_order_relaxed) != 0 ||
        eddy__heap_first_key(&loop->timers) <= loop->now_ns || is_look_due(loop))
        return false;
    loop->iterations_left--;
    list_append(&loop->batch, &loop->ready);
    return true;
}

/* Whether `task` has a stack to go on with. One that can't begin has ended by now. */
static bool can_go_on(struct eddy_loop *loop, struct task *task)
{
    if (EDDY__LIKELY(task->stack != NULL))
        return true;
    if (task->must_cancel) {
        eddy__task_end_unbegun(task, EDDY_CANCELLED);
        return false;
    }
    task->stack = eddy__stack_take(&loop->stacks, task->stack_size);
    if (task->stack == NULL) {
        eddy__task_end_unbegun(task, -ENOMEM);
        return false;
    }
    task->stack->owner = task;
    return true;
}

/* Takes the next task off the batch; NULL when the loop's own stack has something to do first. */
static struct task *take_next_task(struct eddy_loop *loop)
{
    if (EDDY__UNLIKELY(loop->is_debug))
        return NULL; // every step goes through the loop, which times it
    for (;;) {
        if (list_is_empty(&loop->batch) && !eddy__loop_begin_iteration(loop))
            return NULL;
        struct handle *handle = container_of(loop->batch.head.next, struct handle, link);
        if (handle->run != eddy__task_step)
            return NULL;
        link_remove(&handle->link);
        if (loop->handles_left > 0)
            loop->handles_left--;
        struct task *task = container_of(handle, struct task, step);
        if (can_go_on(loop, task))
            return task;
    }
}

static void run_to_the_end(void *argument);

/* Suspends in `from`, and lets `task` begin or go on. */
static void go_on_with(struct eddy_loop *loop, struct task *task, struct context *from,
                       struct fiber *from_fiber)
{
    loop->current = task;
    if (task->stage == TASK_CREATED) {
        task->stage = TASK_RUNNING;
        eddy__fiber_start(from, from_fiber, task->stack, run_to_the_end, task);
    } else {
        eddy__fiber_switch(from, from_fiber, &task->context, &task->stack->fiber);
    }
}

/* The dying task's last act, on a stack that has been given back. */
_Noreturn static void leave_for_next(struct eddy_loop *loop, struct fiber *fiber,
                                     const struct eager_start *eager)
{
    if (eager != NULL) {
        loop->current = eager->creator;
        loop->is_between_tasks = false;
        eddy__fiber_leave(fiber, &eager->context, eager->fiber);
    }
    struct task *next = take_next_task(loop);
    loop->current = next;
    loop->is_between_tasks = false;
    if (next == NULL)
        eddy__fiber_leave(fiber, &loop->context, &loop->fiber);
    if (next->stage == TASK_CREATED) {
        next->stage = TASK_RUNNING;
        eddy__fiber_leave_start(fiber, next->stack, run_to_the_end, next);
    }
    eddy__fiber_leave(fiber, &next->context, &next->stack->fiber);
}

/* The first frame of every task's stack. */
static void run_to_the_end(void *argument)
{
    struct task *task = argument;
    int status = task->function->entry(eddy__coro_arguments(task),
                                       eddy__future_value(&task->future));
    struct eddy_loop *loop = eddy__loop_current();
    struct stack *stack = task->stack;
    const struct eager_start *eager = task->eager;
    task->eager = NULL;
    eddy__task_end(task, status);
    task->stack = NULL;
    eddy__stack_give(&loop->stacks, stack);
    loop->current = NULL;
    loop->is_between_tasks = true;
    eddy_future_free(&task->future);
    leave_for_next(loop, &stack->fiber, eager);
}

void eddy__run_next(struct task *self)
{
    struct eddy_loop *loop = eddy__loop_current();
    EDDY_ASSERT(loop->current == self);
    if (EDDY__UNLIKELY(self->eager != NULL)) {
        struct eager_start *eager = self->eager;
        self->eager = NULL;
        loop->current = eager->creator;
        eddy__fiber_switch(&self->context, &self->stack->fiber, &eager->context, eager->fiber);
        return;
    }
    struct task *next = take_next_task(loop);
    if (next == self)
        return;
    if (next != NULL) {
        go_on_with(loop, next, &self->context, &self->stack->fiber);
        return;
    }
    loop->current = NULL;
    eddy__fiber_switch(&self->context, &self->stack->fiber, &loop->context, &loop->fiber);
}

void eddy__task_step(struct handle *handle)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *task = container_of(handle, struct task, step);
    if (can_go_on(loop, task))
        go_on_with(loop, task, &loop->context, &loop->fiber);
}

void eddy__run_eagerly(struct task *task)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *creator = loop->current;
    if (!can_go_on(loop, task))
        return;
    struct eager_start eager = {
        .fiber = creator != NULL ? &creator->stack->fiber : &loop->fiber,
        .creator = creator,
    };
    task->eager = &eager;
    go_on_with(loop, task, &eager.context, eager.fiber);
}
