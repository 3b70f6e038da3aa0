/* SPDX-License-Identifier: MIT */
/*
 * loop.c: iterations, and the full turns between some of them.
 *
 * An iteration runs the handles that were ready when it began. Most iterations begin without a turn
 * (run.c). A full turn also takes the calls of other threads, polls the kernel, and queues the due
 * timers. A turn runs when nothing is ready, when a timer is known to be due, when the attention
 * flag is set (it is tested every iteration), and at the latest when the budget of iterations and
 * handles is used up (run.h), or after the first iteration that ends a millisecond or more after
 * the last turn. So under load, events are delayed by that long at most.
 *
 *      turn:  inbox -> kernel (waits if nothing is ready) -> due timers -> iteration
 *
 * Invariants:
 *   - Events are queued before timers, as in asyncio.
 *   - The virtual clock advances only when nothing is ready, no thread is at work for the loop, and
 *     a poll of the kernel without waiting returns nothing.
 *   - The kernel is not polled without waiting when no operation is pending: nothing could arrive.
 */
#include "core/debug.h"
#include "core/run.h"
#include "poll/poll.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS_MAX = 32 * 1024, // the largest option allowed: Linux's default limit for a process
};

static const double FLUSH_TIMEOUT_S = 10;

_Thread_local struct eddy_loop *eddy__loop;

void eddy__loop_attend(struct eddy_loop *loop)
{
    // Only the call that sets the flag wakes the poller; if it was set, the poller is awake.
    if (atomic_exchange(&loop->attention, 1) == 0) {
        eddy__poller_wake(loop->poller);
        eddy__poll_failure_wake(loop);
    }
}

int64_t eddy__loop_flush_timeout_ns(const struct eddy_loop *loop)
{
    double seconds = loop->options.flush_timeout;
    return eddy__ns_of_seconds(seconds == 0 ? FLUSH_TIMEOUT_S : seconds);
}

int eddy__loop_wait_for_threads(struct eddy_loop *loop)
{
    struct wait wait;
    int err = eddy__wait_init(&wait, "the end of the run");
    if (err < 0 || loop->hold_count == 0)
        return err;
    loop->release_waiter = &wait;
    err = eddy__wait_park(&wait);
    loop->release_waiter = NULL;
    return err;
}

eddy_loop *eddy_get_running_loop(void)
{
    return eddy__loop_current();
}

eddy_loop *eddy_future_get_loop(const eddy_future *future)
{
    return future != NULL && future->loop_id != 0 ? eddy__loop_here(future->loop_id) : NULL;
}

/* ---- opening and closing ---------------------------------------------------------------------*/

/* Called in a signal handler: writes about the overflow of a task's stack. */
static size_t describe_overflow(void *argument, const struct stack *stack, char *buf, size_t size)
{
    (void)argument;
    const struct task *task = stack->owner;
    if (task == NULL)
        return 0;
    // The innermost body runs on a stack of its own, of the loop's size, whatever the task's is.
    const struct eddy_generator *generator = task->activation->generator;
    int n;
    if (generator != NULL)
        n = snprintf(buf, size,
                     "eddy: stack overflow in generator \"%s\" of task \"%s\" (%zu bytes of stack): give "
                     "it more with eddy_run_options.stack_size",
                     eddy__generator_name(generator), eddy__task_name(task),
                     eddy__stack_size(stack));
    else
        n = snprintf(buf, size,
                     "eddy: stack overflow in task \"%s\" (coroutine %s, %zu bytes of stack): give "
                     "it more with eddy_task_options.stack_size or eddy_run_options.stack_size",
                     eddy__task_name(task), task->site->function->name,
                     eddy__stack_size(stack));
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* The same for the thread's own stack, on which callbacks run. */
static size_t describe_native_overflow(void *argument, const void *pc, size_t stack_size, char *buf,
                                       size_t size)
{
    (void)argument;
    return eddy__describe_native_overflow("a callback", pc, stack_size, buf, size);
}

static void init_lists(struct eddy_loop *loop)
{
    list_init(&loop->ready);
    list_init(&loop->tasks);
    list_init(&loop->unlooked);
    list_init(&loop->unawaited);
    list_init(&loop->closers);
    list_init(&loop->pins);
    list_init(&loop->generators);
    list_init(&loop->depths);
}

static void set_options(struct eddy_loop *loop, const eddy_run_options *options)
{
    static const eddy_run_options defaults;
    loop->options = options != NULL ? *options : defaults;
    const char *debug = getenv("EDDY_DEBUG");
    static _Atomic uint32_t last_id;
    do
        loop->id = atomic_fetch_add(&last_id, 1) + 1;
    while (loop->id == 0 || loop->id == LOOP_ID_FREED);
    loop->is_virtual = loop->options.virtual_clock;
    loop->ticks_max = eddy__ticks_in_a_while();
    loop->is_eager = loop->options.eager_start;
    loop->is_debug = loop->options.debug || (debug != NULL && strcmp(debug, "1") == 0);
    eddy__loop_count_eager(loop, 0);
    loop->exception_handler = loop->options.exception_handler;
    loop->exception_handler_data = loop->options.exception_handler_data;
}

static bool are_in_range(const eddy_run_options *options)
{
    return options == NULL ||
           (options->stack_size <= EDDY__STACK_MAX && options->threads_max <= THREADS_MAX &&
            options->lookup_threads_max <= THREADS_MAX &&
            options->slow_callback_duration >= 0 && !isnan(options->flush_timeout));
}

/* Loops of this thread that are open but not running: between the runs of a runner. */
static _Thread_local struct eddy_loop *idle_loops;

static void push_idle(struct eddy_loop *loop)
{
    loop->next_idle = idle_loops;
    idle_loops = loop;
}

struct eddy_loop *eddy__loop_here(uint32_t id)
{
    if (eddy__loop_id() == id)
        return eddy__loop;
    struct eddy_loop *loop = idle_loops;
    while (loop != NULL && loop->id != id)
        loop = loop->next_idle;
    return loop;
}

struct eddy_loop *eddy__loop_first_idle(void)
{
    return idle_loops;
}

int eddy__loop_attach(struct eddy_loop *loop)
{
    EDDY_ASSERT(eddy__loop == NULL);
    struct eddy_loop **place = &idle_loops;
    while (*place != loop)
        place = &(*place)->next_idle;
    *place = loop->next_idle;
    eddy__loop = loop;
    eddy__blocks = loop->blocks;
    int err = eddy__overflow_guard_arm(&loop->overflow, &loop->stacks, describe_overflow, loop);
    loop->is_guarded = err == 0;
    loop->overflow.describe_native = describe_native_overflow;
    return err;
}

void eddy__loop_detach(struct eddy_loop *loop)
{
    EDDY_ASSERT(eddy__loop == loop && loop->current == NULL);
    if (loop->is_guarded)
        eddy__overflow_guard_disarm(&loop->overflow);
    eddy__loop = NULL;
    eddy__blocks = NULL;
    push_idle(loop);
}

int eddy__loop_open(struct eddy_loop **out_loop, const eddy_run_options *options)
{
    if (!are_in_range(options))
        return eddy__misuse("eddy_run: an option is out of range");
    struct eddy_loop *loop = eddy__zalloc(sizeof *loop);
    if (loop == NULL)
        return -ENOMEM;
    atomic_init(&loop->refs, 1);
    init_lists(loop);
    set_options(loop, options);
    int err = eddy__stack_pool_init(&loop->stacks, loop->options.stack_size,
                                    sizeof(struct activation));
    if (err < 0)
        goto free_loop;
    loop->stacks.is_measuring = loop->options.measure_stacks;
    err = eddy__poller_open(&loop->poller);
    if (err < 0)
        goto fini_stacks;
    err = -ENOMEM;
    loop->inbox = eddy__inbox_new();
    if (loop->inbox == NULL)
        goto close_poller;
    EDDY_ASSERT(eddy__loop == NULL);
    err = eddy__block_pool_open();
    if (err < 0)
        goto free_inbox;
    loop->blocks = eddy__blocks;
    eddy__blocks = NULL;
    eddy__fiber_init_native(&loop->fiber);
    push_idle(loop);
    eddy__live_add(loop);
    if (loop->is_debug)
        eddy__debug_open(loop);
    *out_loop = loop;
    return 0;

free_inbox:
    eddy__inbox_free(loop->inbox);
close_poller:
    eddy__poller_close(loop->poller);
fini_stacks:
    eddy__stack_pool_fini(&loop->stacks);
free_loop:
    eddy__free(loop);
    return err;
}

/* A callback that a module registered for when the loop closes. */
struct closer {
    struct link link;
    eddy_callback *callback;
    void *data;
};

int eddy_loop_on_close(eddy_callback *callback, void *data)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL || callback == NULL)
        return eddy__misuse("eddy_loop_on_close: no loop runs on this thread, or no callback is given");
    struct closer *closer = eddy__malloc(sizeof *closer);
    if (closer == NULL)
        return -ENOMEM;
    *closer = (struct closer){.callback = callback, .data = data};
    list_push_first(&loop->closers, &closer->link);
    return 0;
}

static void run_closers(struct eddy_loop *loop)
{
    struct link *link;
    while ((link = list_pop(&loop->closers)) != NULL) {
        struct closer *closer = container_of(link, struct closer, link);
        EDDY_IGNORE(closer->callback(closer->data) < 0);
        eddy__free(closer);
    }
}

void eddy__pin(struct pin *pin, void (*drop)(struct pin *pin))
{
    pin->drop = drop;
    list_push(&eddy__loop_current()->pins, &pin->link);
}

void eddy__unpin(struct pin *pin)
{
    if (!link_is_linked(&pin->link))
        return;
    link_remove(&pin->link);
    pin->drop(pin);
}

/* Unlinks generators that are still held: they outlive the loop. */
static void forget_generators(struct eddy_loop *loop)
{
    while (list_pop(&loop->generators) != NULL)
        continue;
}

static void drop_pins(struct eddy_loop *loop)
{
    struct link *link;
    while ((link = list_first(&loop->pins)) != NULL)
        eddy__unpin(container_of(link, struct pin, link));
}

static void drop_handles(struct list *list)
{
    struct link *link;
    while ((link = list_pop(list)) != NULL)
        eddy__callback_drop(container_of(link, struct handle, link));
}

static void drop_timers(struct eddy_loop *loop)
{
    struct heap_node *node;
    while ((node = eddy__heap_first(&loop->timers)) != NULL) {
        eddy__heap_remove(&loop->timers, node);
        eddy__callback_drop(&container_of(node, struct timer, node)->handle);
    }
    eddy__heap_fini(&loop->timers);
}

/* Abandons tasks that even the end of the run could not end, with their frames as they are. */
static void give_up_tasks(struct eddy_loop *loop)
{
    struct link *link;
    while ((link = list_first(&loop->tasks)) != NULL) {
        struct task *task = container_of(link, struct task, all);
        eddy__report_task(EDDY_REPORT_OUTLIVED, &task->future, "a task outlived the loop");
        eddy__task_give_up(task);
        eddy_future_free(&task->future);
    }
}

static void report_unlooked(struct eddy_loop *loop)
{
    struct link *link;
    while ((link = list_pop(&loop->unlooked)) != NULL) {
        struct task *task = container_of(link, struct task, all);
        task->future.is_reported = true;
        eddy__report_task(EDDY_REPORT_NEVER_RETRIEVED, &task->future,
                          "an error was never looked at");
    }
}

void eddy__loop_close(struct eddy_loop *loop)
{
    EDDY_ASSERT(eddy__loop == loop && loop->current == NULL);
    loop->is_closing = true;
    eddy__inbox_close(loop->inbox);
    eddy__inbox_run(loop->inbox);
    give_up_tasks(loop);
    eddy__loop_drop_unawaited(loop);
    drop_pins(loop); // threads may wait for pinned objects, and the closers for threads
    eddy__debug_report_unclosed(loop);
    run_closers(loop);
    eddy__interrupt_disarm(loop); // after io/signal.c has restored the dispositions it found
    forget_generators(loop);
    drop_pins(loop);
    drop_handles(&loop->ready);
    drop_timers(loop);
    report_unlooked(loop);
    eddy__report_tracked(loop);
    eddy__debug_close(loop);
    eddy__depths_forget(loop);
    if (loop->is_guarded)
        eddy__overflow_guard_disarm(&loop->overflow);
    eddy__loop = NULL;
    eddy__live_remove(loop);
    eddy__poller_close(loop->poller);
    eddy__stack_pool_fini(&loop->stacks);
    eddy__block_pool_close();
    eddy__loop_unref(loop); // the inbox lives until the last reference: it refuses posts
}

/* ---- turns -----------------------------------------------------------------------------------*/

/* Waits in the kernel; only polls it if attention has been requested. */
static int ask_kernel(struct eddy_loop *loop, int64_t timeout_ns)
{
    if (timeout_ns != 0 && atomic_load(&loop->attention) != 0)
        timeout_ns = 0;
    int n = EDDY__LIKELY(loop->poll_error == 0) ? eddy__poller_wait(loop->poller, timeout_ns)
                                                : eddy__poll_failure_wait(loop, timeout_ns);
    if (!loop->is_virtual)
        loop->now_ns = eddy__clock_now_ns();
    if (EDDY__LIKELY(n >= 0) || loop->poll_error < 0)
        return n;
    eddy__poll_failed(loop, n);
    return 0;
}

/* Nothing is ready, under the virtual clock: advances the clock to the next timer, if any. */
static int wait_virtual(struct eddy_loop *loop)
{
    if (eddy__poller_pending(loop->poller) > 0) {
        int n = ask_kernel(loop, 0);
        if (n != 0 || !list_is_empty(&loop->ready))
            return n;
    }
    int64_t first_ns = eddy__heap_first_key(&loop->timers);
    if (loop->hold_count > 0 || loop->poll_error < 0)
        return ask_kernel(loop, NS_NEVER);
    if (first_ns != NS_NEVER) {
        if (first_ns > loop->now_ns)
            loop->now_ns = first_ns;
        return 0;
    }
    if (!eddy__is_deadlocked(loop))
        return ask_kernel(loop, NS_NEVER);
    eddy__report_deadlock(loop);
    return -EDEADLK;
}

static int wait_real(struct eddy_loop *loop)
{
    if (eddy__heap_first_key(&loop->timers) == NS_NEVER) {
        if (eddy__is_deadlocked(loop) && !eddy__may_be_woken(loop))
            eddy__report_deadlock(loop);
        return ask_kernel(loop, NS_NEVER);
    }
    int64_t timeout_ns = eddy__heap_first_key(&loop->timers) - eddy__clock_now_ns();
    return ask_kernel(loop, timeout_ns > 0 ? timeout_ns : 0);
}

/* Collects events, waiting if nothing is ready. 0 or more, or an error that ends the run. */
static int look_for_news(struct eddy_loop *loop)
{
    if (atomic_exchange(&loop->attention, 0) != 0) {
        eddy__inbox_run(loop->inbox);
        eddy__interrupt_deliver(loop);
        if (loop->deliver_signals != NULL)
            loop->deliver_signals(loop);
    }
    if (!list_is_empty(&loop->ready)) {
        if (eddy__poller_pending(loop->poller) > 0)
            return ask_kernel(loop, 0);
        if (!loop->is_virtual && eddy__heap_first(&loop->timers) != NULL)
            loop->now_ns = eddy__clock_now_ns();
        return 0;
    }
    return loop->is_virtual ? wait_virtual(loop) : wait_real(loop);
}

static void queue_due_timers(struct eddy_loop *loop)
{
    while (eddy__heap_first_key(&loop->timers) <= loop->now_ns) {
        struct heap_node *node = eddy__heap_first(&loop->timers);
        if (node == NULL)
            return;
        eddy__heap_remove(&loop->timers, node);
        eddy__loop_ready(loop, &container_of(node, struct timer, node)->handle);
    }
}

/* In debug mode: runs a step or callback, and reports it if it keeps the loop busy for too long. */
static void run_timed(struct eddy_loop *loop, struct handle *handle)
{
    struct eddy_future *task = NULL;
    if (handle->run == eddy__task_step || handle->run == eddy__task_begin)
        task = eddy_future_ref(&container_of(handle, struct task, step)->future);
    int64_t before_ns = eddy__clock_now_ns();
    struct watchdog *watchdog = loop->debug != NULL ? loop->debug->watchdog : NULL;
    if (watchdog != NULL)
        eddy__watchdog_step_begins(watchdog, task, before_ns);
    handle->run(handle);
    if (watchdog != NULL)
        eddy__watchdog_step_ends(watchdog);
    double seconds = eddy__seconds_of_ns(eddy__clock_now_ns() - before_ns);
    if (seconds >= eddy__debug_slow_limit(loop)) {
        char message[96];
        snprintf(message, sizeof message, "%s kept the loop busy for %.3f s",
                 task != NULL ? "a task's step" : "a callback", seconds);
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_SLOW,
            .message = message,
            .task = task,
            .name = task != NULL ? eddy_task_get_name(task) : NULL,
            .place = task != NULL ? eddy_task_place(task) : NULL,
        });
    }
    eddy_future_free(task);
}

/* Runs this iteration, and the iterations that begin without a full turn. */
static void run_ready(struct eddy_loop *loop)
{
    for (;;) {
        if (loop->batch_last == NULL) {
            if (loop->is_stopping || !eddy__loop_begin_iteration(loop))
                return;
        }
        struct handle *handle = eddy__batch_take_any(loop);
        if (EDDY__UNLIKELY(loop->is_debug))
            run_timed(loop, handle);
        else
            handle->run(handle);
    }
}

static int turn(struct eddy_loop *loop)
{
    int err = look_for_news(loop);
    if (err < 0)
        return err;
    queue_due_timers(loop);
    loop->budget = EDDY__BUDGET;
    loop->iterations_free = 0;
    loop->turn_ticks = eddy__ticks();
    loop->look_ticks = loop->turn_ticks;
    if (!list_is_empty(&loop->ready))
        loop->batch_last = list_last(&loop->ready);
    run_ready(loop);
    return 0;
}

/* The awaited future is done: this iteration is the last. */
static void stop(struct handle *handle)
{
    (void)handle;
    struct eddy_loop *loop = eddy__loop_current();
    loop->is_stopping = true;
    // Keeps tasks from beginning another iteration.
    loop->budget = 0;
    loop->iterations_free = 0;
}

int eddy__loop_run_until(struct eddy_loop *loop, struct eddy_future *future)
{
    struct handle done = {.run = stop};
    eddy__future_subscribe(future, &done);
    loop->is_stopping = false;
    loop->is_running = true;
    int err = 0;
    while (err >= 0 && !loop->is_stopping)
        err = turn(loop);
    loop->is_running = false;
    eddy__handle_cancel(&done);
    return err < 0 ? err : 0;
}
