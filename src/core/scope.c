/* SPDX-License-Identifier: MIT */
/*
 * scope.c: what a body has begun and must end.
 *
 * Open scopes form a chain in the task, the newest first. Every body is wrapped in a function that
 * notes the length of the chain, and ends the scopes that the body left open, passing its status
 * through each. A cleanup attribute alone can't do that: it runs when the returned value is fixed, and
 * can't read it.
 *
 * A group must know earlier, in the frame of the body, whether an error is returned: then it cancels
 * its children, and otherwise it waits for them. EDDY_TRY and eddy_fail() leave a note in the task,
 * the name of their function, which lasts until that body has returned.
 */
#include "core/run.h"

#include <string.h>

/* What is noted where a body begins: the number of open scopes, and of those that could not begin. */
enum { FAILED_SHIFT = 32 };

size_t eddy__body_begin(void)
{
    struct task *task = eddy__task_current();
    if (EDDY__UNLIKELY(task == NULL))
        return 0;
    return task->activation->scope_depth | task->activation->failed_begins << FAILED_SHIFT;
}

void eddy__leaves_with_error(const char *function)
{
    struct task *task = eddy__task_current();
    if (task != NULL)
        task->activation->leaving = function;
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

/* The error of a group that could not begin, if the body hides it. */
static int take_left_failure(struct activation *activation, int status)
{
    int failure = activation->left_failure;
    activation->left_failure = 0;
    return failure < 0 && status >= 0 ? failure : status;
}

int eddy__body_end(size_t begun, int status)
{
    struct task *task = eddy__task_current();
    if (EDDY__UNLIKELY(task == NULL))
        return status;
    struct activation *activation = task->activation;
    size_t depth = begun & UINT32_MAX;
    activation->leaving = NULL;
    activation->failed_begins = begun >> FAILED_SHIFT; // left without their ends, through EDDY_TRY say
    while (EDDY__UNLIKELY(activation->scope_depth > depth)) {
        struct scope *scope = activation->scopes;
        if (!is_begun_in_body(scope))
            report_left_open(task, scope);
        status = scope->end(scope, status);
    }
    if (EDDY__UNLIKELY(activation->left_failure < 0))
        status = take_left_failure(activation, status);
    return status;
}
