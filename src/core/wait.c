/* SPDX-License-Identifier: MIT */
/*
 * wait.c: suspending a task and waking it.
 *
 * Every suspension in Eddy goes through this file, or through future.c for a shared future. A task
 * suspends by placing a `struct wait` on its own stack, linking it into the wait queue of what it
 * waits for (a descriptor, a lock, a timer), and parking. The waker calls eddy__wait_finish(),
 * which stores the result and queues the task.
 *
 *        running --park--> parked --finish--> ready --next iteration--> running
 *
 * A wait plays the part of the future that asyncio's primitives create: it is pending, finished or
 * cancelled, and its task resumes one iteration after it stops being pending.
 *
 * Invariants:
 *   - "Finished" is a state. The primitive decides when a wait leaves its queue: a queue removes it
 *     at the wake; a semaphore when the woken task resumes, as in asyncio.
 *   - If a finished task is cancelled before it resumes, park returns EDDY_CANCELLED with the state
 *     WAIT_FINISHED, and the primitive passes the wake to the next waiter.
 *   - Finishing never switches stacks, never fails and never allocates.
 *
 * Ownership: a wait belongs to the stack frame of the function that parks. This file owns nothing.
 */
#include "core/debug.h"
#include "core/run.h"

/* Like eddy__wait_finish(), but cancels the wait. False if it isn't pending. */
static bool cancel_wait(struct wait *wait, struct eddy_error *why)
{
    if (wait->state != WAIT_PENDING)
        return false;
    wait->state = WAIT_CANCELLED;
    if (wait->row != NULL)
        wait->row->live_count--;
    wait->error = eddy__error_ref(why);
    eddy__loop_ready(eddy__loop_current(), &wait->task->step);
    return true;
}

/*
 * Applies one request to one task. True if cancelling its wait settled the request. If the task
 * waits for a future, `*out_next` is that future, to be asked next.
 */
static bool request_cancel(struct task *task, struct eddy_error *why, struct eddy_future **out_next)
{
    task->future.cancelling++;
    struct wait *wait = eddy__task_wait(task);
    if (wait == NULL)
        return false;
    *out_next = wait->future;
    return *out_next == NULL && cancel_wait(wait, why);
}

/* Clears the marks that a request left on the first `count` tasks of the chain. */
static void forget_walk(struct eddy_future *future, size_t count)
{
    while (count-- > 0) {
        struct task *task = eddy__task_of(future);
        struct wait *wait = eddy__task_wait(task);
        task->future.is_being_cancelled = false;
        future = wait != NULL ? wait->future : NULL;
    }
}

/* Resumes `task`, which closes a cycle of tasks that await each other: nothing else can. */
static void cut_ring(struct task *task)
{
    eddy__handle_cancel(&task->step); // out of the callbacks of what it awaits
    eddy__loop_ready(eddy__loop_current(), &task->step);
}

static void set_must_cancel(struct task *task, struct eddy_error *why)
{
    struct eddy_error *earlier = task->future.error;
    eddy__task_set_must_cancel(task, true);
    task->future.error = eddy__error_ref(why);
    eddy__error_unref(earlier);
}

void eddy__task_forget_cancel(struct task *task)
{
    if (!task->future.must_cancel)
        return;
    eddy__task_set_must_cancel(task, false);
    eddy__error_unref(task->future.error);
    task->future.error = NULL;
}

/*
 * Walks the chain of tasks that await tasks, without recursion: it may be 100,000 long. Each task
 * counts the request; the last one either has its wait cancelled or is marked, to be cancelled at
 * its next step. A cycle of tasks is cut where the walk returns to a visited task: the last one
 * stops waiting, and the cancellation propagates around the cycle.
 */
bool eddy__future_cancel_for(struct eddy_future *future, struct eddy_error *why)
{
    struct eddy_future *first = future;
    struct task *last = NULL;
    size_t count = 0; // of tasks marked
    bool is_settled = false;
    bool is_ring = false;
    while (future != NULL) {
        eddy__future_look(future);
        if (eddy__future_is_done(future))
            break;
        if (future->kind != &eddy__future_task) {
            is_settled = future->kind->cancel(future, why);
            break;
        }
        struct task *task = eddy__task_of(future);
        is_ring = future->is_being_cancelled;
        if (is_ring)
            break;
        future->is_being_cancelled = true;
        count++;
        last = task;
        future = NULL;
        is_settled = request_cancel(task, why, &future);
    }
    forget_walk(first, count);
    if (is_settled || last == NULL)
        return is_settled;
    set_must_cancel(last, why);
    if (is_ring)
        cut_ring(last);
    return true;
}

/* Resumes the task, cancelled, whatever it waits for, even (through a cycle) itself. */
void eddy__task_abort(struct task *task, struct eddy_error *why)
{
    task->future.cancelling++;
    struct wait *wait = eddy__task_wait(task);
    if (wait != NULL && wait->future == NULL && cancel_wait(wait, why))
        return;
    set_must_cancel(task, why);
    if (wait == NULL || wait->future == NULL || eddy__future_is_done(wait->future))
        return; // its step is queued already
    link_remove(&task->step.link);
    eddy__loop_ready(eddy__loop_current(), &task->step);
}

/* Clears a delivered cancellation. A ruling scope makes the next await cancelled again. */
static void settle_cancel(struct task *task)
{
    eddy__task_forget_cancel(task);
    if (EDDY__UNLIKELY(task->activation->ruling != NULL))
        eddy__region_rearm(task);
}

void eddy__wait_meet_cancel(struct task *task)
{
    struct wait *wait = task->activation->wait;
    bool is_settled = wait->future != NULL
                          ? eddy__future_cancel_for(wait->future, task->future.error)
                          : cancel_wait(wait, task->future.error);
    if (is_settled)
        settle_cancel(task);
}

/* Not inlined: inlining it would make every switch save one more register. */
__attribute__((noinline)) static int deliver_cancel(struct task *task, int outcome,
                                                    const char *what)
{
    if (task->future.must_cancel && outcome != EDDY_CANCELLED)
        eddy__error_travel(task, task->future.error);
    settle_cancel(task);
    if (EDDY__UNLIKELY(eddy__loop_current()->debug != NULL))
        eddy__debug_cancelled(task, what);
    return EDDY_CANCELLED;
}

/* At a step: EDDY_CANCELLED if a cancellation is pending, else `outcome`. */
static inline int deliver_pending_cancel(const struct eddy_loop *loop, struct task *task,
                                         int outcome, const char *what)
{
    if (EDDY__LIKELY(!eddy__task_must_cancel(loop, task) && outcome != EDDY_CANCELLED))
        return outcome;
    return deliver_cancel(task, outcome, what);
}

int eddy__wait_end_cancelled(struct wait *wait)
{
    struct task *task = wait->task;
    if (wait->state == WAIT_CANCELLED) {
        eddy__error_travel(task, wait->error);
        eddy__error_unref(wait->error);
    }
    return deliver_pending_cancel(eddy__loop_current(), task,
                                  wait->state == WAIT_CANCELLED ? EDDY_CANCELLED : 0, wait->what);
}

int eddy__wait_park(struct wait *wait)
{
    return eddy__wait_park_inline(wait);
}

int eddy__wait_park_in(struct wait *wait, eddy_waiters *row)
{
    return eddy__wait_park_in_inline(wait, row);
}

EDDY__RETURNS_ELSEWHERE int eddy__task_yield(void)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *task = loop != NULL ? loop->current : NULL;
    if (EDDY__UNLIKELY(task == NULL))
        return eddy__task_missing("eddy_sleep");
    eddy__loop_ready(loop, &task->step);
    eddy__run_next(loop, task);
    loop = eddy__loop_current();
    return deliver_pending_cancel(loop, loop->current, 0, "eddy_sleep");
}

/* A task that awaits itself is refused one iteration later, as in asyncio. */
static int await_itself(void)
{
    int err = eddy__task_yield();
    return err < 0 ? err : eddy__misuse("eddy_await: a task can't await itself");
}

/* Parks until `future` is done; EDDY_CANCELLED when a cancellation is delivered instead. */
static inline int park_for(struct task *task, struct eddy_future *future)
{
    struct wait wait;
    wait.row = NULL;
    wait.task = task;
    wait.future = future;
    wait.what = "eddy_await";
    wait.state = WAIT_PENDING;
    pile_push(&future->callbacks, &task->step.link);
    task->activation->wait = &wait;
    if (eddy__task_must_cancel(eddy__loop_current(), task))
        eddy__wait_meet_cancel(task);
    eddy__run_next(eddy__loop_current(), task);
    task = wait.task;
    future = wait.future;
    task->activation->wait = NULL;
    eddy__future_look(future);
    return deliver_pending_cancel(eddy__loop_current(), task,
                                  future->status == EDDY_CANCELLED ? EDDY_CANCELLED : 0, wait.what);
}

EDDY__RETURNS_ELSEWHERE static int await_pending(struct task *task, struct eddy_future *future,
                                                 void *out_value, size_t size)
{
    future->refs++;
    int status = park_for(task, future);
    // Unless this task was cancelled first: then the outcome stays in the future.
    if (status != EDDY_CANCELLED || future->status == EDDY_CANCELLED)
        status = eddy__future_take(future, out_value, size);
    eddy__future_unref(future);
    return status;
}

/* Awaits a coroutine object by running its body inline. */
static int await_inline(struct task *coroutine, void *out_value, size_t size)
{
    eddy__coro_take(coroutine);
    int status = eddy__coro_run(coroutine);
    if (status >= 0)
        status = eddy__future_take(&coroutine->future, out_value, size);
    eddy_future_free(&coroutine->future);
    return status;
}

static inline size_t value_size(const struct eddy_future *future)
{
    return future->kind == &eddy__future_task
               ? container_of(future, struct task, future)->site->function->result_size
               : eddy__future_value(future).size;
}

int eddy__await(eddy_future *future, void *out_value, size_t size)
{
    int err = 0;
    struct task *task = eddy__task_required("eddy_await", &err);
    if (task != NULL)
        err = eddy__future_check(future);
    if (err == 0 && future->status >= 0 && out_value != NULL &&
        size != value_size(future))
        err = eddy__misuse("eddy_await: the value has another size");
    if (err < 0)
        return eddy__coro_refuse(future, err);
    if (eddy__is_coroutine(future))
        return await_inline(eddy__task_of(future), out_value, size);
    if (future == &task->future)
        return await_itself();
    return eddy__future_is_done(future) ? eddy__future_take(future, out_value, size)
                                        : await_pending(task, future, out_value, size);
}
