/* SPDX-License-Identifier: MIT */
/*
 * core.h: internal declarations of core/: loop, tasks, futures, waits, timers, errors.
 *
 *   handle   something the loop will run once: a task's next step, a callback      loop.c
 *   future   an outcome that can be awaited; tasks and gathers are futures         future.c
 *   task     a future with a coroutine and, from its first step on, a stack        task.c
 *   wait     one suspension of a task; lives on the task's stack                   wait.c
 *   timer    a handle that becomes ready at its deadline                           timer.c
 *   error    the details of an error beyond its status code                        error.c
 *   scope    something that a body must end before it returns                      scope.c
 *   inherited  what a task or callback inherits: context variables, its nested run inherit.c
 *
 * The order of events is guaranteed, and is asyncio's: a future's callbacks are queued in order of
 * registration and never called directly; one iteration runs the handles that were ready when it
 * began; due timers are queued after the kernel's events.
 *
 * Invariants:
 *   - A task is in one state: running, in the ready queue, or parked with `wait` set. Its step
 *     handle is linked in the ready queue, in the callbacks of the awaited future, or nowhere.
 *   - State that a task needs only while it runs (struct activation) lies on its stack, so a task
 *     that has not begun, or has ended, takes two cache lines.
 *   - Callbacks run only on the loop's own stack; tasks run on their own stacks.
 *   - Everything here belongs to the loop's thread, except eddy__loop_post() and what it needs.
 */
#ifndef EDDY_CORE_CORE_H
#define EDDY_CORE_CORE_H

#include "arch/arch.h"
#include "arch/ticks.h"
#include "base/base.h"
#include "base/block.h"
#include "base/heap.h"

#include <eddy/context_var.h>
#include <eddy/coro.h>
#include <eddy/loop.h>
#include <eddy/task.h>
#include <eddy/waiters.h>

#include <pthread.h>
#include <stdatomic.h>

struct task;
struct poller;

/* The loop that runs on this thread. The only global; read through eddy__loop_current(). */
extern _Thread_local struct eddy_loop *eddy__loop __attribute__((tls_model("initial-exec")));

/* ---- handles ---------------------------------------------------------------------------------*/

struct handle {
    struct link link; // in the ready queue, or in the callbacks of a future
    void (*run)(struct handle *handle);
};

/* Queues `handle`, which must not be linked anywhere, for the next iteration. */
static inline void eddy__loop_ready(struct eddy_loop *loop, struct handle *handle);

/* Unlinks `handle` if it is linked. */
static inline void eddy__handle_cancel(struct handle *handle);

/* ---- timers ----------------------------------------------------------------------------------*/

struct timer {
    struct handle handle; // queued at the deadline
    struct heap_node node;
    int64_t when_ns;
};

static inline void eddy__timer_init(struct timer *timer, void (*run)(struct handle *handle))
{
    timer->handle = (struct handle){.run = run};
    timer->node = (struct heap_node){0};
}

/* Has timer->handle.run called at `when_ns`. Disarming works until the handle runs. */
int eddy__timer_arm(struct eddy_loop *loop, struct timer *timer, int64_t when_ns);
void eddy__timer_disarm(struct eddy_loop *loop, struct timer *timer);
int64_t eddy__loop_now_ns(const struct eddy_loop *loop);

/* ---- errors ----------------------------------------------------------------------------------*/

struct eddy_error {
    _Atomic uint32_t refs; // an error may be kept, and released, on any thread
    int code;
    const eddy_place *place;
    char *message;            // or NULL
    struct eddy_error *cause; // or NULL
    eddy_cancel_reason reason;
    char cancelled_by[EDDY_TASK_NAME_MAX]; // of a cancellation: the requesting task, or "-"
    size_t member_count;
    struct eddy_error **members;
};

struct eddy_error *eddy__error_new(int code, const eddy_place *place, const char *message);
struct eddy_error *eddy__error_ref(struct eddy_error *error); // NULL is fine
void eddy__error_unref(struct eddy_error *error);             // NULL is fine
struct eddy_error *eddy__error_copy(const struct eddy_error *error); // a deep copy; NULL is fine
int eddy__error_add_member(struct eddy_error *error, struct eddy_error *member); // takes a ref

/* The error of a cancellation; NULL without memory, which loses only the details. */
struct eddy_error *eddy__cancellation_new(eddy_cancel_reason reason, const char *message,
                                          const eddy_place *place);

/* Makes `error` the one that travels in `task`. Takes a reference; NULL: no details. */
void eddy__error_travel(struct task *task, struct eddy_error *error);

/* The error that ended the thread's last run, for eddy_error_get(); a reference, or NULL. */
extern _Thread_local struct eddy_error *eddy__run_error;

/* Returns EDDY_EMISUSE (or `code`) with a message ("eddy_await: a task can't await itself"). */
int eddy__misuse(const char *sentence);
int eddy__fail_plain(int code, const char *sentence);

#include "core/future.h"    // struct eddy_future, struct task

/* ---- waits -----------------------------------------------------------------------------------*/

enum wait_state {
    WAIT_PENDING,
    WAIT_FINISHED,
    WAIT_CANCELLED,
};

/* One suspension of a task. Lies on the task's stack; a task has one at a time. */
struct wait {
    struct wait *next; // in a wait queue
    struct wait *prev;
    eddy_waiters *row; // the wait queue that it is in; or NULL
    struct task *task;
    struct eddy_future *future; // the shared future that it awaits; or NULL
    struct eddy_error *error;   // if WAIT_CANCELLED: a reference
    const char *what;           // "eddy_sleep", for reports
    int result;                 // if WAIT_FINISHED
    uint8_t state; // enum wait_state
};

/*
 * Prepares `wait` for the running task. Returns 0, or EDDY_EMISUSE outside a task, with `what` in
 * the message.
 */
static inline int eddy__wait_init(struct wait *wait, const char *what);

/*
 * Parks the running task until eddy__wait_finish(wait). Returns that result, or EDDY_CANCELLED;
 * then, if wait->state is WAIT_FINISHED, the caller must pass the wake to the next waiter.
 */
int eddy__wait_park(struct wait *wait);

/* The same, at the end of a wait queue. The wait leaves it when the task resumes, if not before. */
int eddy__wait_park_in(struct wait *wait, eddy_waiters *row);

/*
 * Stores the result and queues the task; does nothing if the wait isn't pending. The only place in
 * Eddy where a parked task becomes ready (completed futures queue their callbacks in future.c).
 */
static inline void eddy__wait_finish(struct wait *wait, int result);

static inline bool eddy__wait_is_pending(const struct wait *wait)
{
    return wait->state == WAIT_PENDING;
}

/*
 * Wait queues, like asyncio's deques of futures. A woken or cancelled wait stays in its queue until
 * its task resumes (queue.c removes it at the wake). Everything here takes constant time, so that
 * cancelling n waiters at once doesn't take n * n: the queue counts the waits that have not been
 * cancelled, and no wait before its mark `pending` is pending. A queue whose waiters leave at the
 * wake needs neither: it uses link and unlink in place of append and remove.
 */
static inline void eddy__waiters_link(eddy_waiters *row, struct wait *wait)
{
    EDDY_ASSERT(wait->row == NULL);
    wait->row = row;
    wait->next = NULL;
    wait->prev = row->last;
    if (row->last != NULL)
        row->last->next = wait;
    else
        row->first = wait;
    row->last = wait;
}

static inline void eddy__waiters_append(eddy_waiters *row, struct wait *wait)
{
    eddy__waiters_link(row, wait);
    if (row->pending == NULL)
        row->pending = wait;
    row->live_count++;
}

static inline void eddy__waiters_unlink(struct wait *wait)
{
    eddy_waiters *row = wait->row;
    if (wait->prev != NULL)
        wait->prev->next = wait->next;
    else
        row->first = wait->next;
    if (wait->next != NULL)
        wait->next->prev = wait->prev;
    else
        row->last = wait->prev;
    wait->row = NULL;
}

static inline void eddy__waiters_remove(struct wait *wait)
{
    eddy_waiters *row = wait->row;
    if (row->pending == wait)
        row->pending = wait->next;
    row->live_count -= wait->state != WAIT_CANCELLED;
    eddy__waiters_unlink(wait);
}

/* Whether at least one wait has not been cancelled. */
static inline bool eddy__waiters_any_live(const eddy_waiters *row)
{
    return row->live_count > 0;
}

/* The first pending wait; or NULL. */
static inline struct wait *eddy__waiters_first_pending(eddy_waiters *row)
{
    while (row->pending != NULL && row->pending->state != WAIT_PENDING)
        row->pending = row->pending->next;
    return row->pending;
}

/*
 * Cancels a task regardless of what it waits for. Used at the end of a deadlocked run, where tasks
 * may await each other in a cycle.
 */
void eddy__task_abort(struct task *task, struct eddy_error *why);

/* Yields once: the task resumes in the next iteration. Returns 0 or EDDY_CANCELLED. */
int eddy__task_yield(void);

/* ---- pins ------------------------------------------------------------------------------------*/

/* Keeps an object with pending callbacks alive; the loop drops those left when it closes. */
struct pin {
    struct link link;
    void (*drop)(struct pin *pin);
};

void eddy__pin(struct pin *pin, void (*drop)(struct pin *pin));
void eddy__unpin(struct pin *pin); // calls drop

/* ---- scopes ----------------------------------------------------------------------------------*/

/* Something begun in a body that must be ended before the body's caller continues. */
struct scope {
    struct scope *outer;
    int (*end)(struct scope *scope, int status); // unlinks it; returns the body's new status
    const char *kind;                            // "timeout"
    const eddy_place *place;
    const char *function; // the function that began it
    bool is_shield;    // hides persistent cancellation of outer scopes from the inside
    bool is_cancelled; // persistently
    bool is_left;      // its block has been left: nothing runs in it, only its outcome is pending
    bool has_outcome;  // if is_left: its end may change the status
    struct eddy_error *why; // if is_cancelled: the reason; a reference
    // Of a group: makes `cancelled`, a scope around it, rule its children; or NULL.
    void (*cancel_children)(struct scope *scope, struct scope *cancelled);
};

/*
 * Handle the newest scopes of the running task whose blocks have been left. end_left ends those
 * that have an outcome and passes the status through them; drop_left drops those that have none.
 */
int eddy__scope_end_left(struct task *task, int status);
void eddy__scope_drop_left(struct task *task);

static inline void eddy__scope_push(struct task *task, struct scope *scope)
{
    struct activation *activation = task->activation;
    if (EDDY__UNLIKELY(activation->scopes != NULL && activation->scopes->is_left))
        eddy__scope_drop_left(task);
    scope->outer = activation->scopes;
    activation->scopes = scope;
    activation->scope_depth++;
}

/* The newest scope of `task` whose block has not been left; NULL if none, or if `task` is NULL. */
static inline struct scope *eddy__scope_newest(const struct task *task)
{
    struct scope *scope = task != NULL ? task->activation->scopes : NULL;
    while (EDDY__UNLIKELY(scope != NULL && scope->is_left))
        scope = scope->outer;
    return scope;
}

/* Pops the running task's newest scope. With generators, another task may have pushed it. */
static inline void eddy__scope_pop(struct scope *scope);

/* ---- persistent cancellation: cancel_region.c ------------------------------------------------*/

/*
 * Cancels `scope`, which `task` has entered: from now on awaits inside it return EDDY_CANCELLED.
 * Returns true if the task was sent a request, which is then counted.
 */
bool eddy__scope_cancel(struct task *task, struct scope *scope, struct eddy_error *why);

/* Recomputes the scope that rules `task`, after a relevant scope was entered or left. */
void eddy__region_refresh(struct task *task);

/* After a delivery to a ruled task: makes the next await cancelled too. */
void eddy__region_rearm(struct task *task);

/* Between these two, persistent cancellation does not reach internal awaits that must complete. */
void eddy__region_hold(struct task *task);
void eddy__region_release(struct task *task);

/* A group's task: is ruled from now on; was made, perhaps in a cancelled scope; has ended. */
void eddy__region_cancel_child(struct task *child, struct scope *cancelled);
void eddy__region_inherit(struct task *child, const struct task *parent, const struct scope *group);
void eddy__region_leave(struct task *task);

/* Whether a scope around the group of `child` is cancelled (persistently). */
bool eddy__region_is_child_cancelled(const struct task *child);

/* ---- generators ------------------------------------------------------------------------------*/

struct eddy_generator;
/* The scopes of *generator's asker. Sets *generator to the one that the asker runs in; or NULL. */
struct scope *eddy__generator_asker_scopes(const struct eddy_generator **generator);

const char *eddy__generator_name(const struct eddy_generator *generator);

/*
 * The loop's generators that are to be closed, in order of first use. collect stores the first
 * `count`, with a reference each; count returns how many there are. `within` is the nested run in
 * which they were first asked; NULL: any.
 */
struct nested_run;
void eddy__generators_collect(struct eddy_loop *loop, const struct nested_run *within,
                              struct eddy_generator **out_generators, size_t count);
size_t eddy__generator_count(const struct eddy_loop *loop, const struct nested_run *within);

/* Whether a body is still suspended at a yield: after a deadlock, or because it ignored a close. */
bool eddy__generators_wait(const struct eddy_loop *loop, const struct nested_run *within);

/* Ends such bodies, in the running task: each one's yield returns EDDY_GENERATOREXIT, once. */
void eddy__generators_exit(struct eddy_loop *loop, const struct nested_run *within);

/* Abandons those that are suspended even then, with their frames. */
void eddy__generators_give_up(struct eddy_loop *loop, const struct nested_run *within);

/* ---- the loop --------------------------------------------------------------------------------*/

/* Uses of threads. Each has its own pool, so that no use queues behind another. */
enum thread_use {
    THREADS_WORK,   // eddy_to_thread()
    THREADS_LOOKUP, // eddy_to_lookup_thread(): names
    THREAD_USES,
};

struct eddy_loop {
    _Atomic uint32_t refs;   // its own until it has closed, and those of any thread: loop_ref.c
    struct list ready;       // handles: those of this iteration, then those of the next
    struct link *batch_last; // this iteration's last handle, if that has not run; or NULL
    struct link *ahead;      // in `ready`: how far stacks have been prefetched: run.c; or NULL
    struct task *current;
    int64_t now_ns;             // virtual time; or the real time last read
    _Atomic uint32_t attention; // not 0: make a full turn at the end of this iteration
    uint32_t eager_count; // eagerly started tasks that have not suspended yet
    int budget; // left until the kernel is polled although handles are ready: run.h
    int iterations_free; // may begin before budget and clock are checked: run.c
    int iterations_granted; // at the last check
    uint32_t must_cancel_count; // tasks with must_cancel set
    size_t task_count;          // unfinished ones
    uint32_t id; // unique in the process; never 0
    uint64_t task_id;      // of its latest task
    uint64_t task_id_last; // the last id of the block reserved for this loop
    uint64_t turn_ticks; // at the last full turn, by eddy__ticks()
    uint64_t look_ticks; // when ticks were last read
    uint64_t ticks_max;  // between two turns, while events or timers are awaited
    bool is_virtual;
    bool is_debug;
    bool has_detours; // debug mode times each step, or a task is being started eagerly: run.c
    bool is_crowded;  // tasks' stacks don't stay in the cache: eddy__loop_look_ahead() in run.c
    bool is_eager;
    bool is_stopping;         // the awaited future of eddy__loop_run_until() is done
    bool is_running;          // inside eddy__loop_run_until()
    bool is_between_tasks;    // one is ending: see run.c
    bool is_deadlock_reported;
    bool is_interrupted;      // Ctrl-C has cancelled the main task
    bool is_guarded;          // `overflow` is armed
    bool is_closing;
    bool is_interrupted_late; // Ctrl-C came after the main task had ended
    bool is_unwinding;        // the run is over; the remaining tasks are being aborted
    bool is_main_told;        // the main task was cancelled because the poller failed
    _Atomic bool is_without_poller; // poll_error is set: poll_failure.c
    int poll_error;                 // the poller's error; or 0
    int64_t patient_until_ns;       // real time until which threads may work after that
    struct context context; // the thread's own stack
    struct fiber fiber;
    struct heap timers;
    struct stack_pool stacks;
    struct overflow_guard overflow;
    struct list tasks;    // unfinished, oldest first
    struct list unlooked; // failed tasks whose error was never retrieved
    struct list unawaited; // coroutine objects made in callbacks
    struct poller *poller;
    _Atomic size_t hold_count; // eddy_loop_hold(): work in progress elsewhere
    struct wait *release_waiter; // the end of the run, waiting for the holds; or NULL
    size_t cancelled_scope_count; // open scopes that are cancelled
    size_t listen_count; // signals that it waits for: may wake it, but are not work in progress
    struct inbox *inbox; // calls from other threads: inbox.c
    struct task *main;
    struct eddy_loop *next_idle; // the thread's next idle loop; valid between runs
    struct block_pool *blocks;   // the value of eddy__blocks while it runs
    struct list closers; // eddy_loop_on_close()
    struct list pins;
    struct list generators; // ever asked and still held, in order of first use
    struct debug *debug;         // the state of debug mode: debug.h; or NULL
    struct thread_pool *threads[THREAD_USES]; // io/thread.c; NULL before they are needed
    void (*deliver_signals)(struct eddy_loop *loop); // io/signal.c; or NULL
    struct list depths; // each coroutine's deepest stack use, if measured: depth.c
    struct link live; // in the list of live.c
    pthread_t thread; // the thread that it belongs to
    eddy_run_options options;
    eddy_exception_handler *exception_handler;
    void *exception_handler_data;
};

static inline struct eddy_loop *eddy__loop_current(void)
{
    return eddy__loop;
}

static inline void eddy__loop_ready(struct eddy_loop *loop, struct handle *handle)
{
    list_push(&loop->ready, &handle->link);
}

/* Adjusts the marks before `link` is removed from the ready queue: batch_last moves back by one. */
static inline void eddy__loop_forget(struct eddy_loop *loop, const struct link *link)
{
    if (loop->ahead == link)
        loop->ahead = NULL;
    if (loop->batch_last == link)
        loop->batch_last = link->at == &loop->ready.head.next
                               ? NULL
                               : container_of(link->at, struct link, next);
}

static inline void eddy__handle_cancel(struct handle *handle)
{
    if (!link_is_linked(&handle->link))
        return;
    if (eddy__loop != NULL)
        eddy__loop_forget(eddy__loop, &handle->link);
    link_remove(&handle->link);
}

/* The id of the loop that runs on this thread; 0 if none. */
static inline uint32_t eddy__loop_id(void)
{
    return EDDY__LIKELY(eddy__loop != NULL) ? eddy__loop->id : 0;
}

static inline struct task *eddy__task_current(void)
{
    struct eddy_loop *loop = eddy__loop;
    return EDDY__LIKELY(loop != NULL) ? loop->current : NULL;
}

static inline struct task *eddy__task_required(const char *function, int *out_err)
{
    struct task *task = eddy__task_current();
    if (EDDY__UNLIKELY(task == NULL))
        *out_err = eddy__task_missing(function);
    return task;
}

static inline bool eddy__task_must_cancel(const struct eddy_loop *loop, const struct task *task)
{
    return EDDY__UNLIKELY(loop->must_cancel_count > 0) && task->future.must_cancel;
}

static inline void eddy__task_set_must_cancel(struct task *task, bool must_cancel)
{
    if (task->future.must_cancel == must_cancel)
        return;
    task->future.must_cancel = must_cancel;
    eddy__loop->must_cancel_count += must_cancel ? 1 : -1u;
}

static inline int eddy__future_check(const struct eddy_future *future)
{
    if (EDDY__LIKELY(future != NULL && future->loop_id == eddy__loop_id() &&
                     future->stage != TASK_TAKEN))
        return 0;
    return eddy__future_check_pending(future);
}

static inline int eddy__future_take(struct eddy_future *future, void *out, size_t size)
{
    if (EDDY__LIKELY(out == NULL && future->status >= 0))
        return future->status;
    return eddy__future_take_any(future, out, size);
}

static inline void eddy__scope_pop(struct scope *scope)
{
    struct activation *activation = eddy__task_current()->activation;
    EDDY_ASSERT(activation->scopes == scope && activation->scope_depth > 0);
    activation->scopes = scope->outer;
    activation->scope_depth--;
}

static inline int eddy__wait_init(struct wait *wait, const char *what)
{
    int err = 0;
    wait->row = NULL;
    wait->task = eddy__task_required(what, &err);
    wait->future = NULL;
    wait->what = what;
    wait->state = WAIT_PENDING;
    return err;
}

static inline void eddy__wait_finish(struct wait *wait, int result)
{
    if (wait->state != WAIT_PENDING)
        return;
    wait->state = WAIT_FINISHED;
    wait->result = result;
    eddy__loop_ready(eddy__loop_current(), &wait->task->step);
}

int eddy__loop_open(struct eddy_loop **out_loop, const eddy_run_options *options);
void eddy__loop_close(struct eddy_loop *loop); // attached; releases the loop's own reference

/*
 * Make `loop` the running loop of this thread, which has none; and undo that. If attach fails for
 * lack of a signal stack, the loop is attached all the same: stack overflows then go unexplained.
 */
int eddy__loop_attach(struct eddy_loop *loop);
void eddy__loop_detach(struct eddy_loop *loop);

/* The loop with this id, if it runs on this thread or is idle on it between two runs; or NULL. */
struct eddy_loop *eddy__loop_here(uint32_t id);

/* The first of this thread's loops that are open but not running; linked by next_idle. */
struct eddy_loop *eddy__loop_first_idle(void);

/*
 * Runs until the iteration in which `future`'s callbacks ran has ended. Returns 0, -EDEADLK, or the
 * poller's error.
 */
int eddy__loop_run_until(struct eddy_loop *loop, struct eddy_future *future);

/* How long the end of the run waits for work outside the loop to finish. */
int64_t eddy__loop_flush_timeout_ns(const struct eddy_loop *loop);

/* Called in a task: suspends until no thread is at work for the loop. 0 or EDDY_CANCELLED. */
int eddy__loop_wait_for_threads(struct eddy_loop *loop);

/*
 * poll_failure.c: records that the poller failed with `err`; wakes a loop that waits without it,
 * from any thread or signal handler; waits without it: 0, or its error if nothing can become ready.
 */
void eddy__poll_failed(struct eddy_loop *loop, int err);
void eddy__poll_failure_wake(struct eddy_loop *loop);
int eddy__poll_failure_wait(struct eddy_loop *loop, int64_t timeout_ns);

/* Calls `run` on the loop's thread; from any thread, never blocks. `post` is the caller's. */
struct post {
    struct post *next;
    void (*run)(struct post *post);
};
int eddy__loop_post(struct eddy_loop *loop, struct post *post); // 0 or -ESHUTDOWN

/* The number of threads that Eddy started; they call a loop only while it is held for them. */
extern atomic_int eddy__own_thread_count;

/* Requests a full turn soon; async-signal-safe, any thread. */
void eddy__loop_attend(struct eddy_loop *loop);

/* Makes Ctrl-C cancel this loop's main task. True if the handler was installed. */
bool eddy__interrupt_arm(struct eddy_loop *loop);
bool eddy__interrupt_is_armed(const struct eddy_loop *loop);
bool eddy__interrupt_end(struct eddy_loop *loop);    // the main task is done: true if one is left
void eddy__interrupt_disarm(struct eddy_loop *loop); // if it was armed
void eddy__interrupt_deliver(struct eddy_loop *loop);

/* Records the depth of a body of `function` that ends on `stack`; frees all records; depth.c. */
void eddy__depth_note(struct eddy_loop *loop, const eddy_function *function,
                      const struct stack *stack);
void eddy__depths_forget(struct eddy_loop *loop);

/*
 * For a thread that runs no loop but runs user code: from begin to end, an overflow of its stack is
 * reported with `name`, which may change in between. Called on that thread; thread_guard.c.
 */
struct thread_guard {
    struct overflow_guard overflow;
    const char *_Atomic name;
    bool is_armed;
};
void eddy__thread_guard_begin(struct thread_guard *guard, const char *name);
void eddy__thread_guard_end(struct thread_guard *guard);

/* For signal handlers: writes the message about an overflow of a thread's own stack in `what`. */
size_t eddy__describe_native_overflow(const char *what, const void *pc, size_t stack_size, char *buf,
                                      size_t size);

/* Creates a thread that blocks all signals but its own faults. Returns 0 or -EAGAIN. */
int eddy__thread_create(pthread_t *out_thread, void *(*run)(void *argument), void *argument);

/* Adds the loop, which belongs to this thread from now on, to the list of live loops; live.c. */
void eddy__live_add(struct eddy_loop *loop);
void eddy__live_remove(struct eddy_loop *loop);

/* Whether the loop `id`, which may have been freed, is alive on another thread. Takes a lock. */
bool eddy__loop_is_elsewhere(uint32_t id);

/* Whether `future` belongs to a live loop of another thread: then it must not be touched. */
static inline bool eddy__future_is_elsewhere(const struct eddy_future *future)
{
    return EDDY__UNLIKELY(future->loop_id != eddy__loop_id()) &&
           eddy__loop_is_elsewhere(future->loop_id);
}

/*
 * Detect futures that are passed twice: walk returns a new mark; mark puts it on a future, and
 * returns false if the future has it already. Another thread's future is skipped: it is refused.
 */
uint32_t eddy__future_walk(void);
static inline bool eddy__future_mark(struct eddy_future *future, uint32_t walk)
{
    if (eddy__future_is_elsewhere(future))
        return true;
    bool is_new = future->mark != walk;
    future->mark = walk;
    return is_new;
}

/*
 * Binds a primitive without a loop of its own to the running loop, by its id, in `*bound`. Returns
 * 0, or EDDY_EMISUSE if it is bound to a loop that is alive on another thread.
 */
int eddy__bind_anew(uint32_t *bound, const char *function);
static inline int eddy__bind(uint32_t *bound, const char *function)
{
    const struct eddy_loop *loop = eddy__loop_current();
    if (EDDY__LIKELY(loop != NULL && __atomic_load_n(bound, __ATOMIC_RELAXED) == loop->id))
        return 0;
    return eddy__bind_anew(bound, function);
}

/*
 * In debug mode: record that an object of this `kind` ("queue") was made, or is freed. Objects not
 * freed when the loop closes are reported; tracked.c. (Futures are tracked there too.)
 */
void eddy__track_slowly(const void *object, const char *kind);
void eddy__untrack_slowly(const void *object);
static inline void eddy__track(const void *object, const char *kind)
{
    const struct eddy_loop *loop = eddy__loop_current();
    if (EDDY__UNLIKELY(loop != NULL && loop->is_debug))
        eddy__track_slowly(object, kind);
}

static inline void eddy__untrack(const void *object)
{
    const struct eddy_loop *loop = eddy__loop_current();
    if (EDDY__UNLIKELY(loop == NULL || loop->is_debug))
        eddy__untrack_slowly(object);
}

void eddy__report(const eddy_report *report);

/* EDDY_REPORT_MISUSE, for functions that return no status. */
void eddy__report_misuse(const char *sentence);
void eddy__report_task(eddy_report_kind kind, struct eddy_future *task, const char *message);

#include "core/park.h"    // eddy__wait_park_inline(): for frequent suspensions

#endif
