/* SPDX-License-Identifier: MIT */
/*
 * task_facts.c: lists the tasks and what is known of each. Changes nothing.
 *
 * Depends on task.c.
 */
#include "core/core.h"

#include <errno.h>
#include <stdio.h>

eddy_task *eddy_current_task(void)
{
    struct task *task = eddy__task_current();
    return task != NULL ? &task->future : NULL;
}

int eddy__task_missing(const char *function)
{
    char sentence[128];
    snprintf(sentence, sizeof sentence, "%s: it must be called in a task", function);
    return eddy__misuse(sentence);
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

ssize_t eddy_all_tasks_new(eddy_task ***out_tasks)
{
    if (out_tasks == NULL)
        return eddy__misuse("eddy_all_tasks_new: there is no place for the tasks");
    size_t count = eddy_all_tasks(NULL, 0);
    eddy_task **tasks = count > 0 ? eddy__malloc(count * sizeof(eddy_task *)) : NULL;
    if (count > 0 && tasks == NULL)
        return -ENOMEM;
    *out_tasks = tasks;
    return (ssize_t)eddy_all_tasks(tasks, count);
}

void eddy_tasks_free(eddy_task **tasks, size_t count)
{
    for (size_t i = 0; tasks != NULL && i < count; i++)
        eddy_future_free(tasks[i]);
    eddy__free(tasks);
}

const char *eddy_task_get_name(const eddy_task *future)
{
    const struct task *task = eddy__as_task(future);
    if (task == NULL)
        return "future";
    return eddy__task_name(task);
}

uint64_t eddy_task_id(const eddy_task *future)
{
    const struct task *task = eddy__as_task(future);
    return task != NULL ? task->id : 0;
}

const char *eddy_task_coroutine_name(const eddy_task *future)
{
    const struct task *task = eddy__as_task(future);
    return task != NULL ? task->site->function->name : "";
}

const eddy_place *eddy_task_place(const eddy_task *future)
{
    const struct task *task = eddy__as_task(future);
    return task != NULL ? &task->site->place : NULL;
}

int eddy_task_cancelling(const eddy_task *future)
{
    const struct task *task = eddy__as_task(future);
    return task != NULL ? future->cancelling : 0;
}
