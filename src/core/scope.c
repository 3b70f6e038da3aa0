/* SPDX-License-Identifier: MIT */
/*
 * scope.c: things that a body has begun and must end.
 *
 * Open scopes form a chain in the task, newest first. Every body is wrapped in a function that
 * notes the length of the chain and then ends the scopes that the body left open, passing its
 * status through each. A cleanup attribute alone can't do that: it runs after the returned value is
 * fixed, and can't read it.
 *
 * A group's block may be left, by `break` say, while the body continues: the group stays in the
 * chain for its outcome, but code that ends an outer scope or begins another treats it as ended.
 *
 * A group must know earlier, in the body's frame, whether an error is returned: then it cancels its
 * children; otherwise it waits for them. EDDY_TRY and eddy_fail() note the name of their function
 * in the task; the note lasts until that body has returned.
 */
#include "core/run.h"

#include <string.h>

/* Recorded where a body begins: the number of open scopes, and of those that could not begin. */
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

/* Ends the newest scope, which its body left open. */
static int end_newest(struct task *task, int status)
{
    struct scope *scope = task->activation->scopes;
    if (!is_begun_in_body(scope))
        report_left_open(task, scope);
    return scope->end(scope, status);
}

static bool is_newest_left(const struct task *task)
{
    const struct scope *scope = task->activation->scopes;
    return scope != NULL && scope->is_left;
}

int eddy__scope_end_left(struct task *task, int status)
{
    while (EDDY__UNLIKELY(is_newest_left(task))) {
        bool has_outcome = task->activation->scopes->has_outcome;
        int outcome = end_newest(task, has_outcome ? status : 0);
        status = has_outcome ? outcome : status;
    }
    return status;
}

void eddy__scope_drop_left(struct task *task)
{
    while (is_newest_left(task) && !task->activation->scopes->has_outcome)
        EDDY_IGNORE(end_newest(task, 0));
}

/*
 * Whether the block of `scope` was left before the body got its error. EDDY_TRY notes `leaving`; if
 * it had been noted when the block was left, the scope would have an outcome.
 */
static bool is_over_before(const struct scope *scope, const char *leaving)
{
    return scope->is_left && !scope->has_outcome && leaving == scope->function;
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
    const char *leaving = activation->leaving;
    activation->leaving = NULL;
    activation->failed_begins = begun >> FAILED_SHIFT; // left unended, through EDDY_TRY say
    while (EDDY__UNLIKELY(activation->scope_depth > depth)) {
        bool is_over = is_over_before(activation->scopes, leaving);
        int outcome = end_newest(task, is_over ? 0 : status);
        status = is_over ? status : outcome;
    }
    if (EDDY__UNLIKELY(activation->left_failure < 0))
        status = take_left_failure(activation, status);
    return status;
}
