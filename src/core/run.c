/* SPDX-License-Identifier: MIT */
/*
 * run.c: scheduling: which task runs next.
 *
 * A task that suspends does not return to the loop. It takes the handle at the front of the ready
 * queue and, if that is another task's step, switches straight to that task. Only if something else
 * is due (a callback, or a poll of the kernel) does it switch to the loop's own stack, which
 * continues where it left off. A task that ends leaves its stack to the next task that begins.
 *
 *      task A --parks--> [front of the queue] --a task's step--> task B
 *                              |
 *                              `--a callback, or a turn is due--> the loop's stack
 *
 * Invariants:
 *   - The code that switches sets loop->current before the switch.
 *   - An eagerly started task returns to its creator at its first suspension, wherever that is.
 *   - A step is removed from the queue before its task resumes.
 *   - Between tasks (a destructor or the exception handler may run there) nothing starts eagerly:
 *     the current stack may already have been returned to the pool.
 *
 * Depends on arch/. Called by wait.c, future.c, task.c and loop.c.
 */
#include "core/run.h"
#include "core/stacks.h"
#include "poll/poll.h"

#include <errno.h>
#include <stdio.h>

/* What resumes when an eagerly started task first suspends; lies on the creator's stack. */
struct eager_start {
    struct context context;
    struct fiber *fiber;
    struct task *creator; // NULL: a callback
};

enum {
    ITERATION_COST = EDDY__BUDGET / 64,
    GRANT_MAX = 8, // iterations; see grant()
};

/* Whether the kernel or a timer may have an event. */
static bool is_news_possible(const struct eddy_loop *loop)
{
    return loop->timers.count > 0 || eddy__poller_pending(loop->poller) > 0;
}

/*
 * How many iterations may begin before the next check. Reading ticks takes as long as several
 * switches, so it is not done for each iteration while they are short; after a long one it is.
 */
static int grant(struct eddy_loop *loop, uint64_t ticks)
{
    bool are_short = ticks - loop->look_ticks <= loop->ticks_max / GRANT_MAX;
    int twice = 2 * loop->iterations_granted;
    loop->look_ticks = ticks;
    return !are_short || twice == 0 ? 1 : twice < GRANT_MAX ? twice : GRANT_MAX;
}

bool eddy__loop_begin_iteration_slowly(struct eddy_loop *loop)
{
    if (list_is_empty(&loop->ready) || loop->budget <= 0 ||
        atomic_load_explicit(&loop->attention, memory_order_relaxed) != 0)
        return false;
    if (loop->timers.count > 0 && eddy__heap_first_key(&loop->timers) <= loop->now_ns)
        return false;
    int granted = GRANT_MAX;
    if (is_news_possible(loop)) {
        uint64_t ticks = eddy__ticks();
        if (ticks - loop->turn_ticks > loop->ticks_max)
            return false;
        granted = grant(loop, ticks);
    }
    loop->iterations_granted = granted;
    loop->iterations_free = granted - 1;
    loop->budget -= granted * ITERATION_COST;
    loop->batch_last = list_last(&loop->ready);
    return true;
}

/* ---- prefetching stacks ----------------------------------------------------------------------*/

enum {
    AHEAD = 12,       // switches between fetching a stack and using it
    LINE = 64,        // bytes of a cache line
    FRAMES = 2 * LINE // of its stack that a resuming task touches at least
};

/* Prefetches the part of a ready task's stack that it will touch first. */
static void fetch_stack(const struct link *link)
{
    const struct handle *handle = container_of(link, const struct handle, link);
    if (handle->run != eddy__task_step)
        return;
    const char *sp = container_of(handle, const struct task, step)->context.sp;
    for (int above = 0; above < FRAMES; above += LINE)
        __builtin_prefetch(sp + above, 0, 2);
}

/*
 * Touching a stack that has left the cache takes as long as ten switches, mostly for the page
 * table. So stacks are prefetched up to a mark some tasks ahead, which each switch advances by one.
 */
void eddy__loop_look_ahead(struct eddy_loop *loop)
{
    const struct link *next = loop->ready.head.next; // is about to be taken
    struct link *ahead = loop->ahead != NULL ? loop->ahead : loop->ready.head.next;
    int steps = loop->ahead != NULL ? 1 : AHEAD;
    for (; steps > 0 && ahead->next != &loop->ready.head; steps--) {
        ahead = ahead->next;
        fetch_stack(ahead);
    }
    loop->ahead = ahead != next ? ahead : NULL;
}

/* ---- choosing the next task ------------------------------------------------------------------*/

static inline size_t stack_size_of(const struct task *task)
{
    if (EDDY__LIKELY(task->held == NULL))
        return 0;
    const struct task_extra *extra = eddy__task_extra(task);
    return extra != NULL ? extra->stack_size : 0;
}

/* Field by field: clearing the whole struct takes longer than the rest of a start. */
static inline void init_activation(struct activation *activation, struct stack *stack,
                                   const struct task *task)
{
    activation->stack = stack;
    activation->wait = NULL;
    activation->scopes = NULL;
    activation->scope_depth = 0;
    activation->failed_begins = 0;
    activation->leaving = NULL;
    activation->left_failure = 0;
    activation->error = NULL;
    activation->eager = NULL;
    activation->watcher = task->watcher;
    activation->generator = NULL;
    list_init(&activation->unawaited);
    bool has_none = EDDY__LIKELY(task->held == NULL);
    activation->extra = has_none ? NULL : eddy__task_extra(task);
    activation->inherited = has_none ? NULL : eddy__task_inherited(task);
    activation->ruling = NULL;
    activation->cancelled_above = NULL;
    activation->region_holds = 0;
}

/* Fails the task with a message that says what was missing. */
__attribute__((noinline, cold)) static void end_without_stack(const struct eddy_loop *loop,
                                                              struct task *task)
{
    size_t size = stack_size_of(task);
    char message[192];
    snprintf(message, sizeof message,
             "no stack of %zu KiB could be mapped for the task: a limit on memory, on address space "
             "(ulimit -v) or on mappings (vm.max_map_count) has been reached",
             (size > 0 ? size : loop->stacks.shelves[0].size) / 1024);
    struct eddy_error *error = eddy__error_new(-ENOMEM, &task->site->place, message);
    eddy__task_end_unbegun(task, -ENOMEM, error);
    eddy__error_unref(error);
}

/* Gives a task that is to begin its stack. False if it can't begin; then it has ended. */
static inline bool can_begin(struct eddy_loop *loop, struct task *task)
{
    if (eddy__task_must_cancel(loop, task)) {
        eddy__task_end_unbegun(task, EDDY_CANCELLED, NULL);
        return false;
    }
    struct stack *stack = eddy__stack_take(&loop->stacks, stack_size_of(task));
    if (stack == NULL) {
        end_without_stack(loop, task);
        return false;
    }
    struct activation *activation = eddy__stack_room(stack);
    stack->owner = task;
    init_activation(activation, stack, task);
    task->activation = activation;
    task->step.run = eddy__task_step;
    task->future.stage = TASK_RUNNING;
    return true;
}

/*
 * Removes the next runnable task from the queue; NULL if the loop's own stack has something to do
 * first. `*out_is_new` is set if the task is to begin.
 */
__attribute__((always_inline)) static inline struct task *take_next_task(struct eddy_loop *loop,
                                                                         bool *out_is_new)
{
    if (EDDY__UNLIKELY(loop->is_debug))
        return NULL; // every step goes through the loop, which times it
    for (;;) {
        if (loop->batch_last == NULL && !eddy__loop_begin_iteration(loop))
            return NULL;
        struct handle *handle = container_of(loop->ready.head.next, struct handle, link);
        *out_is_new = handle->run == eddy__task_begin;
        if (!*out_is_new && handle->run != eddy__task_step)
            return NULL;
        if (EDDY__UNLIKELY(loop->is_crowded) && !*out_is_new)
            eddy__loop_look_ahead(loop);
        eddy__batch_take_any(loop);
        struct task *task = container_of(handle, struct task, step);
        if (*out_is_new && !can_begin(loop, task))
            continue;
        return task;
    }
}

/* ---- switching from task to task -------------------------------------------------------------*/

static void run_to_the_end(void *argument);

/* Saves the current context in `from`, and resumes or begins `task`. */
static void go_on_with(struct eddy_loop *loop, struct task *task, bool is_new,
                       struct context *from, struct fiber *from_fiber)
{
    struct stack *to = task->activation->stack;
    loop->current = task;
    if (is_new)
        eddy__fiber_start(from, from_fiber, to, run_to_the_end, task);
    else
        eddy__fiber_switch(from, from_fiber, &task->context, &to->fiber);
}

/* The last step of an ended task, on a stack that has been returned to the pool. */
_Noreturn static void leave_for_next(struct eddy_loop *loop, struct fiber *fiber,
                                     const struct eager_start *eager)
{
    if (EDDY__UNLIKELY(eager != NULL)) {
        eddy__loop_count_eager(loop, -1);
        loop->current = eager->creator;
        loop->is_between_tasks = false;
        eddy__fiber_leave(fiber, &eager->context, eager->fiber);
    }
    bool is_new = false;
    struct task *next = take_next_task(loop, &is_new);
    loop->current = next;
    loop->is_between_tasks = false;
    if (next == NULL)
        eddy__fiber_leave(fiber, &loop->context, &loop->fiber);
    struct stack *to = next->activation->stack;
    if (is_new)
        eddy__fiber_leave_start(fiber, to, run_to_the_end, next);
    eddy__fiber_leave(fiber, &next->context, &to->fiber);
}

/* The first frame of every task's stack. */
static void run_to_the_end(void *argument)
{
    struct task *task = argument;
    int status = eddy__coro_enter(task);
    struct activation *activation = task->activation;
    if (EDDY__UNLIKELY(activation->scopes != NULL))
        status = eddy__body_end(0, status);
    struct eddy_loop *loop = eddy__loop_current();
    struct stack *stack = activation->stack;
    const struct eager_start *eager = activation->eager;
    eddy__task_end(task, status);
    if (EDDY__UNLIKELY(loop->stacks.is_measuring))
        eddy__depth_note(loop, task->site->function, stack);
    eddy__stack_give(&loop->stacks, stack);
    loop->current = NULL;
    loop->is_between_tasks = true;
    eddy__future_unref(&task->future);
    leave_for_next(loop, &stack->fiber, eager);
}

void eddy__run_next_of_any(struct task *self)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct activation *from = self->activation;
    EDDY_ASSERT(loop->current == self);
    if (EDDY__UNLIKELY(from->eager != NULL)) {
        struct eager_start *eager = from->eager;
        from->eager = NULL;
        eddy__loop_count_eager(loop, -1);
        loop->current = eager->creator;
        eddy__fiber_switch(&self->context, &from->stack->fiber, &eager->context, eager->fiber);
        return;
    }
    bool is_new = false;
    struct task *next = take_next_task(loop, &is_new);
    if (next == self)
        return;
    if (next != NULL) {
        go_on_with(loop, next, is_new, &self->context, &from->stack->fiber);
        return;
    }
    loop->current = NULL;
    eddy__fiber_switch(&self->context, &from->stack->fiber, &loop->context, &loop->fiber);
}

void eddy__task_step(struct handle *handle)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *task = container_of(handle, struct task, step);
    go_on_with(loop, task, false, &loop->context, &loop->fiber);
}

void eddy__task_begin(struct handle *handle)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *task = container_of(handle, struct task, step);
    if (can_begin(loop, task))
        go_on_with(loop, task, true, &loop->context, &loop->fiber);
}

const struct context *eddy__eager_creator_context(const struct task *task)
{
    const struct task *started = eddy__loop_current()->current;
    while (started != NULL && started->activation->eager != NULL) {
        const struct eager_start *eager = started->activation->eager;
        if (eager->creator == task)
            return &eager->context;
        started = eager->creator;
    }
    return NULL;
}

void eddy__run_eagerly(struct task *task)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *creator = loop->current;
    if (!can_begin(loop, task))
        return;
    struct eager_start eager = {
        .fiber = creator != NULL ? &creator->activation->stack->fiber : &loop->fiber,
        .creator = creator,
    };
    task->activation->eager = &eager;
    eddy__loop_count_eager(loop, 1);
    go_on_with(loop, task, true, &eager.context, eager.fiber);
}
