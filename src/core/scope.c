/* SPDX-License-Identifier: MIT */
/*
 * scope.c: what a body has begun and must end.
 *
 * Open scopes form a chain in the task, the newest first. Around every body stands a function that
 * remembers how long the chain was, and when the body has returned ends what is newer, with the status in
 * hand: a cleanup attribute could not do that, since it runs when the returned value is fixed.
 */
#include "core/run.h"

#include <string.h>

size_t eddy__body_begin(void)
{
    struct task *task = eddy__task_current();
    return task != NULL ? task->activation->scope_depth : 0;
}

/* Only bodies may leave a scope open: their names are made by the EDDY_ASYNC macros. */
static bool is_begun_in_body(const struct scope *scope)
{
    static const char suffix[] = "__body";
    size_t size = strlen(scope->function);
    return size >= sizeof suffix - 1 &&
           strcmp(scope->function + size - (sizeof suffix - 1), suffix) == 0;
}

static void report_left_open(struct task *task, const struct scope *scope)
{
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_SCOPE,
        .message = "a plain function returned with a scope open",
        .status = EDDY_EMISUSE,
        .task = &task->future,
        .name = eddy_task_get_name(&task->future),
        .place = scope->place,
    });
}

int eddy__body_end(size_t depth, int status)
{
    struct task *task = eddy__task_current();
    while (task != NULL && EDDY__UNLIKELY(task->activation->scope_depth > depth)) {
        struct scope *scope = task->activation->scopes;
        if (!is_begun_in_body(scope))
            report_left_open(task, scope);
        status = scope->end(scope, status);
    }
    return status;
}
