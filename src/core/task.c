/* SPDX-License-Identifier: MIT */
/*
 * task.c: coroutine objects and tasks, from the first to the last breath.
 *
 * A coroutine object and the task that it may become are one block of memory: the struct, room for
 * the result, and the arguments. Making it a task only queues its first step; it gets a stack when
 * that step runs (run.c), and it can end before, without ever having one.
 *
 *        eddy_coro()          eddy_task_create()            first step               body ends
 *     ------------> COROUTINE -----------------> CREATED -----------------> RUNNING ---------> ENDED
 *                       `--awaited inline, or given to a thread--> TAKEN
 *
 * What always holds:
 *   - Arguments are destroyed here only if the body never runs.
 *   - The loop holds one reference to every unfinished task, which run.c gives back.
 *   - A coroutine object that nobody took is in the list of the task that made it, or the loop's.
 */
#include "core/run.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static size_t align_up(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

static size_t arguments_offset(const struct eddy_function *function)
{
    return align_up(sizeof(struct task)) + align_up(function->result_size);
}

void *eddy__coro_arguments(struct task *task)
{
    return (char *)task + arguments_offset(task->function);
}

static void drop_arguments(struct task *task)
{
    task->function->drop_arguments(eddy__coro_arguments(task));
}

static void fini_task(struct eddy_future *future)
{
    struct task *task = eddy__task_of(future);
    if (link_is_linked(&task->all))
        link_remove(&task->all);
    if (task->stage == TASK_COROUTINE)
        drop_arguments(task);
    eddy__error_unref(task->error);
    eddy__error_unref(task->cancel_error);
    eddy__free(task->name);
}

static bool cancel_never(struct eddy_future *future, struct eddy_error *why)
{
    (void)future;
    (void)why;
    return false; // tasks are cancelled by the walk in wait.c
}

const struct future_kind eddy__future_task = {"task", cancel_never, fini_task, NULL};

/* ---- coroutine objects -----------------------------------------------------------------------*/

static struct list *unawaited_list(void)
{
    struct task *task = eddy__task_current();
    if (task != NULL)
        return &task->unawaited;
    return eddy__loop_current() != NULL ? &eddy__loop_current()->unawaited : NULL;
}

static uint64_t next_id(void)
{
    static atomic_uint_fast64_t last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

eddy_coroutine *eddy__coro_new(const eddy_function *function, const eddy_place *place,
                               const void *arguments)
{
    size_t size = arguments_offset(function) + function->arguments_size;
    struct eddy_future *future = eddy__future_new(&eddy__future_task, size);
    if (eddy__future_is_done(future)) {
        union {
            const void *given;
            void *owned;
        } cast = {arguments};
        function->drop_arguments(cast.owned);
        return future;
    }
    struct task *task = eddy__task_of(future);
    task->function = function;
    task->place = place;
    future->value_size = function->result_size;
    future->value_offset = (uint32_t)align_up(sizeof *task);
    future->drop_value = function->drop_result;
    task->step.run = eddy__task_step;
    list_init(&task->unawaited);
    memcpy(eddy__coro_arguments(task), arguments, function->arguments_size);
    struct list *unawaited = unawaited_list();
    if (unawaited != NULL)
        list_push(unawaited, &task->all);
    return future;
}

void eddy_coro_free(eddy_coroutine *coroutine)
{
    if (coroutine == NULL)
        return;
    eddy_future_free(coroutine);
}

void eddy__coro_take(struct task *task)
{
    EDDY_ASSERT(task->stage == TASK_COROUTINE);
    if (link_is_linked(&task->all))
        link_remove(&task->all);
    task->stage = TASK_TAKEN;
}

int eddy__coro_run(struct task *task)
{
    EDDY_ASSERT(task->stage == TASK_TAKEN);
    int status = task->function->entry(eddy__coro_arguments(task),
                                       eddy__future_value(&task->future));
    task->future.status = status;
    task->future.has_value = status >= 0 && task->future.value_size > 0;
    return status;
}

/* Reports and drops what nobody took. */
static void drop_unawaited(struct list *unawaited)
{
    struct link *link;
    while ((link = list_first(unawaited)) != NULL) {
        struct task *task = container_of(link, struct task, all);
        link_remove(link);
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
    struct eddy_future *future = eddy_future_new(0, NULL);
    if (eddy__future_is_done(future))
        return future;
    struct eddy_error *error = eddy__error_new(status, NULL, sentence);
    eddy__future_fail(future, status, error);
    eddy__error_unref(error);
    return future;
}

static eddy_task *refuse(eddy_coroutine *coroutine, const char *sentence)
{
    if (eddy__is_coroutine(coroutine))
        eddy_coro_free(coroutine);
    return eddy__future_failed(EDDY_EMISUSE, sentence);
}

eddy_task *eddy_task_create(eddy_coroutine *coroutine, const eddy_task_options *options)
{
    static const eddy_task_options defaults;
    struct eddy_loop *loop = eddy__loop_current();
    if (coroutine == NULL)
        return eddy__future_failed(EDDY_EMISUSE, "eddy_task_create: there is no coroutine object");
    if (coroutine->kind != &eddy__future_task && eddy__future_is_done(coroutine))
        return eddy_future_ref(coroutine); // it could not be made
    if (!eddy__is_coroutine(coroutine))
        return refuse(coroutine, "eddy_task_create: the coroutine object has been used already");
    if (loop == NULL)
        return refuse(coroutine, "eddy_task_create: no loop runs on this thread");
    if (options == NULL)
        options = &defaults;
    struct task *task = eddy__task_of(coroutine);
    eddy__coro_take(task);
    task->stage = TASK_CREATED;
    task->id = next_id();
    task->future.loop = loop;
    task->stack_size = options->stack_size;
    if (options->name != NULL)
        EDDY_IGNORE(eddy_task_set_name(coroutine, options->name));
    list_push(&loop->tasks, &task->all);
    eddy_future_ref(coroutine);
    if ((options->eager_start || loop->is_eager) && loop->is_running && !loop->is_between_tasks)
        eddy__run_eagerly(task);
    else
        eddy__loop_ready(loop, &task->step);
    return coroutine;
}

void eddy__task_start(eddy_coroutine *coroutine)
{
    eddy_task *task = eddy_task_create(coroutine, NULL);
    // One that could not be made is nobody's to look at, and would be lost without a word.
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
    if (eddy__is_coroutine(awaitable))
        return eddy_task_create(awaitable, NULL);
    return eddy_future_ref(awaitable);
}

/* The cancellation that ends `task`: what travels in it, or nothing known. */
static struct eddy_error *travelling(struct task *task, int status)
{
    return task->error != NULL && task->error->code == status ? task->error : NULL;
}

static void complete(struct task *task, int status)
{
    struct eddy_future *future = &task->future;
    task->stage = TASK_ENDED;
    link_remove(&task->all);
    if (status >= 0 && task->must_cancel) {
        // It returned with a cancellation undelivered: cancelled, and the value has no taker.
        if (future->drop_value != NULL)
            future->drop_value(eddy__future_value(future));
        eddy__future_cancelled(future, task->cancel_error);
    } else if (status >= 0) {
        eddy__future_finish(future, status);
    } else if (status == EDDY_CANCELLED) {
        eddy__future_cancelled(future, travelling(task, status));
    } else {
        eddy__future_fail(future, status, travelling(task, status));
        list_push(&future->loop->unlooked, &task->all);
    }
    task->must_cancel = false;
}

void eddy__task_end(struct task *task, int status)
{
    EDDY_ASSERT(task->scopes == NULL);
    drop_unawaited(&task->unawaited);
    complete(task, status);
}

void eddy__task_end_unbegun(struct task *task, int status)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct task *running = loop->current;
    bool was_between_tasks = loop->is_between_tasks;
    loop->current = NULL;
    loop->is_between_tasks = true;
    drop_arguments(task);
    if (status == EDDY_CANCELLED)
        eddy__error_travel(task, task->cancel_error);
    complete(task, status);
    eddy_future_free(&task->future);
    loop->current = running;
    loop->is_between_tasks = was_between_tasks;
}

/* ---- questions -------------------------------------------------------------------------------*/

int eddy__task_missing(const char *function)
{
    char sentence[128];
    snprintf(sentence, sizeof sentence, "%s: it must be called in a task", function);
    return eddy__misuse(sentence);
}

eddy_task *eddy_current_task(void)
{
    struct task *task = eddy__task_current();
    return task != NULL ? &task->future : NULL;
}

size_t eddy_all_tasks(eddy_task **out_tasks, size_t size)
{
    struct eddy_loop *loop = eddy__loop_current();
    size_t n = 0;
    if (loop == NULL)
        return 0;
    for (struct link *link = list_first(&loop->tasks); link != NULL;
         link = list_next(&loop->tasks, link), n++)
        if (out_tasks != NULL && n < size)
            out_tasks[n] = eddy_future_ref(&container_of(link, struct task, all)->future);
    return n;
}

static const struct task *as_task(const eddy_task *task)
{
    return task != NULL && task->kind == &eddy__future_task
               ? container_of(task, struct task, future)
               : NULL;
}

const char *eddy_task_get_name(const eddy_task *future)
{
    const struct task *task = as_task(future);
    if (task == NULL)
        return "future";
    return task->name != NULL ? task->name : task->function->name;
}

int eddy_task_set_name(eddy_task *future, const char *name)
{
    if (as_task(future) == NULL || name == NULL)
        return eddy__misuse("eddy_task_set_name: a bare future has no name, a task must have one");
    struct task *task = eddy__task_of(future);
    char *copy = eddy__malloc(EDDY_TASK_NAME_MAX);
    if (copy == NULL)
        return -ENOMEM;
    snprintf(copy, EDDY_TASK_NAME_MAX, "%s", name);
    eddy__free(task->name);
    task->name = copy;
    return 0;
}

uint64_t eddy_task_id(const eddy_task *future)
{
    const struct task *task = as_task(future);
    return task != NULL ? task->id : 0;
}

const char *eddy_task_coroutine_name(const eddy_task *future)
{
    const struct task *task = as_task(future);
    return task != NULL ? task->function->name : "";
}

const eddy_place *eddy_task_place(const eddy_task *future)
{
    const struct task *task = as_task(future);
    return task != NULL ? task->place : NULL;
}

int eddy_task_cancelling(const eddy_task *future)
{
    const struct task *task = as_task(future);
    return task != NULL ? task->cancelling : 0;
}

int eddy_task_uncancel(eddy_task *future)
{
    if (as_task(future) == NULL)
        return eddy__misuse("eddy_task_uncancel: a bare future counts no requests");
    struct task *task = eddy__task_of(future);
    if (task->cancelling > 0)
        task->cancelling--;
    if (task->cancelling == 0)
        task->must_cancel = false;
    return task->cancelling;
}
