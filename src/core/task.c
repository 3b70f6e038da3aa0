/* SPDX-License-Identifier: MIT */
/*
 * task.c: coroutine objects and tasks, from creation to completion.
 *
 * A coroutine object and the task that it may become share one block of memory: the struct, space
 * for the result, and the arguments. Making it a task only queues its first step. The task gets a
 * stack when that step runs (run.c); it can end before that without ever having one.
 *
 *       eddy_coro()          eddy_task_create()            first step               body ends
 *    ------------> COROUTINE -----------------> CREATED -----------------> RUNNING ---------> ENDED
 *                      `--awaited inline, or given to a thread--> TAKEN
 *
 * Invariants:
 *   - Arguments are destroyed here only if the body never runs.
 *   - The loop holds one reference to every unfinished task; run.c releases it.
 *   - A coroutine object that was not taken is in the list of the task that made it, or the loop's.
 */
#include "core/debug.h"
#include "core/inherit.h"
#include "core/run.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

void *eddy__coro_arguments(struct task *task)
{
    return (char *)task + eddy__coro_arguments_offset(task->site->function);
}

static void *result_of(struct task *task)
{
    return (char *)task + eddy__coro_result_offset(task->site->function);
}

struct future_value eddy__task_value(const struct task *task)
{
    const struct eddy_function *function = task->site->function;
    return (struct future_value){(char *)task + eddy__coro_result_offset(function),
                                 function->result_size, function->drop_result};
}

static void drop_arguments(struct task *task)
{
    task->site->function->drop_arguments(eddy__coro_arguments(task));
}

static void free_held(struct task *task)
{
    struct task_extra *extra = eddy__task_extra(task);
    eddy__inherited_unref(eddy__task_inherited(task));
    if (extra != NULL)
        eddy__block_free(extra, sizeof *extra);
}

static size_t fini_task(struct eddy_future *future)
{
    struct task *task = eddy__task_of(future);
    const struct eddy_function *function = task->site->function;
    if (link_is_linked(&task->all))
        list_remove(&task->all);
    if (future->stage == TASK_COROUTINE)
        drop_arguments(task);
    if (EDDY__UNLIKELY(task->held != NULL))
        free_held(task);
    if (future->has_value && function->drop_result != NULL)
        function->drop_result(result_of(task));
    return eddy__coro_size(function);
}

static bool cancel_never(struct eddy_future *future, struct eddy_error *why)
{
    (void)future;
    (void)why;
    return false; // eddy__future_cancel_for() in wait.c cancels tasks
}

const struct future_kind eddy__future_task = {"task", cancel_never, fini_task, NULL};

/* ---- coroutine objects -----------------------------------------------------------------------*/

static struct list *unawaited_list(void)
{
    struct task *task = eddy__task_current();
    if (task != NULL)
        return &task->activation->unawaited;
    return eddy__loop_current() != NULL ? &eddy__loop_current()->unawaited : NULL;
}

/* Ids are taken from the process's counter in blocks. */
static uint64_t next_id(struct eddy_loop *loop)
{
    static atomic_uint_fast64_t last;
    enum { AT_A_TIME = 1024 };
    if (EDDY__UNLIKELY(loop->task_id == loop->task_id_last)) {
        loop->task_id = atomic_fetch_add_explicit(&last, AT_A_TIME, memory_order_relaxed);
        loop->task_id_last = loop->task_id + AT_A_TIME;
    }
    return ++loop->task_id;
}

/* Returned in place of a coroutine object if there is no memory. Drops the arguments. */
static eddy_coroutine *unmade(const eddy_function *function, const void *arguments)
{
    union {
        const void *given;
        void *owned;
    } cast = {arguments};
    function->drop_arguments(cast.owned);
    return eddy__future_unmade(-ENOMEM);
}

/* Field by field: clearing the whole struct takes longer than everything else here. */
static void init_coroutine(struct task *task, const eddy_site *site)
{
    task->future = (struct eddy_future){
        .refs = 1,
        .state = EDDY_STATE_PENDING,
        .stage = TASK_COROUTINE,
        .loop_id = eddy__loop_id(),
        .kind = &eddy__future_task,
    };
    task->step = (struct handle){.run = eddy__task_begin};
    task->all = (struct link){0};
    task->site = site;
    task->watcher = NULL;
    task->id = 0;
    task->held = NULL;
}

eddy_coroutine *eddy__coro_new(const eddy_site *site, const void *arguments)
{
    const struct eddy_function *function = site->function;
    size_t size = eddy__coro_size(function);
    struct task *task = eddy__block_new(size);
    if (task == NULL)
        return unmade(function, arguments);
    init_coroutine(task, site);
    eddy__copy(eddy__coro_arguments(task), arguments, function->arguments_size);
    struct list *unawaited = unawaited_list();
    if (unawaited != NULL)
        list_push(unawaited, &task->all);
    return &task->future;
}

void eddy_coro_free(eddy_coroutine *coroutine)
{
    if (coroutine == NULL)
        return;
    eddy_future_free(coroutine);
}

void eddy__coro_take(struct task *task)
{
    EDDY_ASSERT(task->future.stage == TASK_COROUTINE);
    if (link_is_linked(&task->all))
        list_remove(&task->all);
    task->future.stage = TASK_TAKEN;
}

int eddy__coro_run(struct task *task)
{
    EDDY_ASSERT(task->future.stage == TASK_TAKEN);
    size_t depth = eddy__body_begin();
    int status = eddy__body_end(depth, eddy__coro_enter(task));
    task->future.status = status;
    task->future.has_value = status >= 0 && task->site->function->result_size > 0;
    return status;
}

/* Reports and frees coroutine objects that were not taken. */
static void drop_unawaited(struct list *unawaited)
{
    struct link *link;
    while ((link = list_first(unawaited)) != NULL) {
        struct task *task = container_of(link, struct task, all);
        list_remove(link);
        eddy__report_task(EDDY_REPORT_NEVER_AWAITED, &task->future,
                          "a coroutine object was never awaited");
        eddy_coro_free(&task->future);
    }
}

void eddy__loop_drop_unawaited(struct eddy_loop *loop)
{
    drop_unawaited(&loop->unawaited);
}

/* ---- tasks -----------------------------------------------------------------------------------*/

struct eddy_future *eddy__future_failed(int status, const char *sentence)
{
    struct eddy_future *future = eddy_future_new(void);
    if (eddy__future_is_done(future))
        return future;
    struct eddy_error *error = eddy__error_new(status, NULL, sentence);
    eddy__future_fail(future, status, error);
    eddy__error_unref(error);
    return future;
}

/* The task's task_extra, made on first use; NULL without memory. */
static struct task_extra *extra_of(struct task *task)
{
    struct task_extra *extra = eddy__task_extra(task);
    if (extra != NULL)
        return extra;
    extra = eddy__block_new(sizeof *extra);
    if (extra == NULL)
        return NULL;
    *extra = (struct task_extra){0};
    if (task->future.stage == TASK_RUNNING)
        task->activation->extra = extra;
    else
        eddy__task_hold(task, extra, eddy__task_inherited(task));
    return extra;
}

static eddy_task *refuse(eddy_coroutine *coroutine, const char *sentence)
{
    if (eddy__is_coroutine(coroutine))
        eddy_coro_free(coroutine);
    return eddy__future_failed(EDDY_EMISUSE, sentence);
}

static void set_options(struct task *task, const eddy_task_options *options)
{
    if (options->name != NULL)
        EDDY_IGNORE(eddy_task_set_name(&task->future, options->name));
    struct task_extra *extra = options->stack_size > 0 ? extra_of(task) : NULL;
    if (extra != NULL)
        extra->stack_size = options->stack_size;
}

static bool starts_eagerly(const struct eddy_loop *loop, const eddy_task_options *options)
{
    return (loop->is_eager || (options != NULL && options->eager_start)) && loop->is_running &&
           !loop->is_between_tasks;
}

static int inherit(const eddy_task_options *options, struct inherited **out)
{
    return options != NULL && options->context != NULL ? eddy__inherit_in(options->context, out)
                                                       : eddy__inherit(out);
}

/* Makes a coroutine object a task, with two references: the caller's and the loop's. */
static inline void begin_life(struct eddy_loop *loop, struct task *task)
{
    task->future.stage = TASK_CREATED;
    task->future.refs++;
    task->id = next_id(loop);
    list_push(&loop->tasks, &task->all);
    eddy__loop_count_task(loop, 1);
}

/* The general case, for all that eddy_task_create() doesn't handle itself. */
__attribute__((noinline)) static eddy_task *create_any(eddy_coroutine *coroutine,
                                                       const eddy_task_options *options)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (coroutine == NULL)
        return eddy__future_failed(EDDY_EMISUSE, "eddy_task_create: there is no coroutine object");
    if (coroutine->kind != &eddy__future_task && eddy__future_is_done(coroutine))
        return eddy_future_ref(coroutine); // the coroutine object could not be made
    if (!eddy__is_coroutine(coroutine))
        return refuse(coroutine, "eddy_task_create: the coroutine object has been used already");
    if (loop == NULL)
        return refuse(coroutine, "eddy_task_create: no loop runs on this thread");
    // It is in the list of another thread's task. Once taken out, it may change threads.
    if (link_is_linked(&eddy__task_of(coroutine)->all) && eddy__future_is_elsewhere(coroutine))
        return eddy__future_failed(EDDY_EMISUSE, "eddy_task_create: the coroutine object belongs to "
                                                 "the loop of another thread");
    struct task *task = eddy__task_of(coroutine);
    struct inherited *inherited;
    if (inherit(options, &inherited) < 0) {
        eddy_coro_free(coroutine);
        return eddy__future_unmade(-ENOMEM);
    }
    eddy__coro_take(task);
    if (EDDY__UNLIKELY(inherited != NULL)) {
        eddy__task_hold(task, NULL, inherited);
        eddy__nested_count(inherited, 1);
    }
    coroutine->loop_id = loop->id;
    begin_life(loop, task);
    if (EDDY__UNLIKELY(loop->debug != NULL))
        eddy__track_future(coroutine);
    if (options != NULL)
        set_options(task, options);
    if (EDDY__UNLIKELY(starts_eagerly(loop, options)))
        eddy__run_eagerly(task);
    else
        eddy__loop_ready(loop, &task->step);
    return coroutine;
}

eddy_task *eddy_task_create(eddy_coroutine *coroutine, const eddy_task_options *options)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (EDDY__UNLIKELY(options != NULL || loop == NULL || loop->is_eager || loop->is_debug || coroutine == NULL ||
                       !eddy__is_coroutine(coroutine) || coroutine->loop_id != loop->id ||
                       *eddy__inherited_slot() != NULL))
        return create_any(coroutine, options);
    struct task *task = eddy__task_of(coroutine);
    if (link_is_linked(&task->all))
        list_remove(&task->all);
    begin_life(loop, task);
    eddy__loop_ready(loop, &task->step);
    return coroutine;
}

void eddy__task_start(eddy_coroutine *coroutine)
{
    eddy_task *task = eddy_task_create(coroutine, NULL);
    // A task that could not be made has no one to retrieve its error: report it here.
    if (eddy__future_is_done(task) && task->kind != &eddy__future_task && !task->is_unlooked)
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_NEVER_RETRIEVED,
            .message = "eddy_start: a task could not be made",
            .status = task->status,
        });
    eddy_task_free(task);
}

struct eddy_future *eddy__future_of(struct eddy_future *awaitable)
{
    if (awaitable == NULL)
        return eddy__future_failed(EDDY_EMISUSE, "a null awaitable was given");
    if (eddy__future_is_elsewhere(awaitable))
        return eddy__future_failed(EDDY_EMISUSE,
                                   "the awaitable belongs to the loop of another thread");
    if (eddy__is_coroutine(awaitable))
        return eddy_task_create(awaitable, NULL);
    awaitable->refs++;
    return awaitable;
}

/* ---- ending a task ---------------------------------------------------------------------------*/

/* Notifies the watcher; the `run` of an ended task's step handle. */
static void tell_watcher(struct handle *handle)
{
    struct task *task = container_of(handle, struct task, step);
    struct watcher *watcher = task->watcher;
    task->watcher = NULL;
    watcher->run(watcher, task);
}

void eddy__task_watch(struct task *task, struct watcher *watcher)
{
    EDDY_ASSERT(*eddy__task_watcher(task) == NULL && !eddy__future_is_done(&task->future));
    *eddy__task_watcher(task) = watcher;
}

void eddy__task_unwatch(struct task *task)
{
    struct watcher **watcher = eddy__task_watcher(task);
    if (*watcher != NULL && eddy__future_is_done(&task->future))
        eddy__handle_cancel(&task->step);
    *watcher = NULL;
}

/* The task has ended: removes it from the loop. */
static inline void end_life(struct task *task)
{
    list_remove(&task->all);
    eddy__loop_count_task(eddy__loop_current(), -1);
    task->future.stage = TASK_ENDED;
}

/* Queues the notification of the watcher, before the callbacks of a task about to complete. */
static inline void queue_watcher(struct task *task, bool has_ended_well)
{
    struct watcher *watcher = task->watcher;
    task->step.run = tell_watcher;
    if (watcher == NULL)
        return;
    bool is_last = watcher->unended <= 1; // or it is notified of each
    watcher->unended -= watcher->unended > 0;
    if (has_ended_well && !is_last) {
        watcher->left--;
        task->watcher = NULL;
    } else {
        eddy__loop_ready(eddy__loop_current(), &task->step);
    }
}

/* Completes a task that ended with an error, or with a cancellation still undelivered. */
static void complete_otherwise(struct task *task, int status, struct eddy_error *error)
{
    struct eddy_future *future = &task->future;
    struct eddy_error *undelivered = future->must_cancel ? future->error : NULL;
    if (status >= 0) {
        // It returned with a cancellation undelivered: it is cancelled, and the value is dropped.
        if (task->site->function->drop_result != NULL)
            task->site->function->drop_result(result_of(task));
        status = EDDY_CANCELLED;
        error = undelivered;
    }
    eddy__task_set_must_cancel(task, false);
    future->error = NULL;
    queue_watcher(task, false);
    if (status == EDDY_CANCELLED) {
        eddy__future_cancelled(future, error);
    } else {
        eddy__future_fail(future, status, error);
        list_push(&eddy__loop_current()->unlooked, &task->all);
    }
    eddy__error_unref(undelivered);
}

static inline void complete(struct task *task, int status, struct eddy_error *error)
{
    end_life(task);
    if (EDDY__UNLIKELY(status < 0 || task->future.must_cancel)) {
        complete_otherwise(task, status, error);
    } else {
        queue_watcher(task, true);
        eddy__future_finish(&task->future, status, task->site->function->result_size > 0);
    }
}

/* Releases what the task inherited or set at its end, not with its last reference. */
static void give_back_inherited(struct task *task)
{
    struct inherited *inherited = eddy__task_inherited(task);
    if (EDDY__LIKELY(inherited == NULL))
        return;
    if (task->future.stage == TASK_RUNNING)
        task->activation->inherited = NULL;
    else
        eddy__task_hold(task, eddy__task_extra(task), NULL);
    eddy__nested_count(inherited, -1);
    eddy__inherited_unref(inherited);
}

void eddy__task_end(struct task *task, int status)
{
    struct activation *activation = task->activation;
    EDDY_ASSERT(activation->scopes == NULL);
    if (EDDY__UNLIKELY(!list_is_empty(&activation->unawaited)))
        drop_unawaited(&activation->unawaited);
    if (EDDY__UNLIKELY(activation->ruling != NULL))
        eddy__region_leave(task);
    if (EDDY__UNLIKELY(eddy__loop_current()->debug != NULL))
        eddy__debug_task_ends(task, status);
    if (EDDY__UNLIKELY(activation->inherited != NULL))
        give_back_inherited(task);
    eddy__task_hold(task, activation->extra, NULL);
    task->watcher = activation->watcher;
    struct eddy_error *error = activation->error;
    complete(task, status, error != NULL && error->code == status ? error : NULL);
    if (EDDY__UNLIKELY(error != NULL))
        eddy__error_unref(error);
}

void eddy__task_give_up(struct task *task)
{
    struct wait *wait = eddy__task_wait(task);
    eddy__handle_cancel(&task->step);
    if (wait != NULL && wait->row != NULL)
        eddy__waiters_remove(wait); // its frame goes, the wait queue may stay
    eddy__task_forget_cancel(task);
    if (task->future.stage == TASK_RUNNING) {
        struct activation *activation = task->activation;
        drop_unawaited(&activation->unawaited);
        eddy__error_unref(activation->error);
        give_back_inherited(task);
        eddy__task_hold(task, activation->extra, NULL);
        task->watcher = activation->watcher;
    }
    end_life(task);
    queue_watcher(task, false);
    eddy__future_cancelled(&task->future, NULL);
}

void eddy__task_end_unbegun(struct task *task, int status, struct eddy_error *error)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *running = loop->current;
    bool was_between_tasks = loop->is_between_tasks;
    loop->current = NULL;
    loop->is_between_tasks = true;
    drop_arguments(task);
    give_back_inherited(task);
    complete(task, status, status == EDDY_CANCELLED ? task->future.error : error);
    eddy_future_free(&task->future);
    loop->current = running;
    loop->is_between_tasks = was_between_tasks;
}

/* ---- changing a task from outside ------------------------------------------------------------*/

int eddy_task_set_name(eddy_task *future, const char *name)
{
    if (eddy__as_task(future) == NULL || name == NULL)
        return eddy__misuse("eddy_task_set_name: a bare future has no name, a task must have one");
    if (eddy__future_is_elsewhere(future))
        return eddy__misuse("eddy_task_set_name: the task belongs to the loop of another thread");
    struct task_extra *extra = extra_of(eddy__task_of(future));
    if (extra == NULL)
        return -ENOMEM;
    snprintf(extra->name, sizeof extra->name, "%s", name);
    return 0;
}

int eddy_task_uncancel(eddy_task *future)
{
    if (eddy__as_task(future) == NULL)
        return eddy__misuse("eddy_task_uncancel: a bare future counts no requests");
    if (eddy__future_is_elsewhere(future))
        return eddy__misuse("eddy_task_uncancel: the task belongs to the loop of another thread");
    if (future->cancelling > 0)
        future->cancelling--;
    struct task *task = eddy__task_of(future);
    bool is_ruled = future->stage == TASK_RUNNING && task->activation->ruling != NULL;
    if (future->cancelling == 0 && !is_ruled)
        eddy__task_forget_cancel(task);
    return future->cancelling;
}
