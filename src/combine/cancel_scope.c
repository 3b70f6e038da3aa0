/* SPDX-License-Identifier: MIT */
/*
 * cancel_scope.c: scopes whose cancellation is persistent, and shields against them.
 *
 *      created --enter--> open --cancel--> cancelled --end--> ended
 *         `--cancel: at once when entered      (or open --end--> ended)
 *
 * What being cancelled means is defined in core (cancel_region.c). Here the scope counts its one
 * request, as a timeout does, and takes it back at the end: the cancellation was its own if no
 * other request is counted then, and no enclosing scope has been cancelled.
 *
 * The open scope holds one reference, the user another. A shield has no user.
 */
#include "combine/combine.h"

#include <eddy/cancel_scope.h>

#include <errno.h>

struct eddy_cancel_scope {
    struct scope scope;
    uint32_t refs;
    uint32_t loop_id; // of the loop that made or uses it; 0: none yet
    bool is_entered;
    bool is_ended;
    bool is_requested; // it has been cancelled, perhaps before it was entered
    bool is_counted;   // its request is among those of `task`
    bool is_caught;
    int cancelling_before;
    struct task *task;      // that entered it, held until the end; NULL outside
    struct eddy_error *why; // of a request before that; or NULL
};

static struct eddy_cancel_scope *scope_of(struct scope *scope)
{
    return container_of(scope, struct eddy_cancel_scope, scope);
}

/* ---- the scope -------------------------------------------------------------------------------*/

/* Takes the request back, and finds whether the scope's cancellation was this one. */
static bool settle(struct eddy_cancel_scope *scope, struct task *task, int status)
{
    int left = task->future.cancelling;
    // A generator's body may end its scope in another task than the one that entered it.
    if (scope->is_counted && scope->task == task)
        left = eddy_task_uncancel(&task->future);
    eddy__region_refresh(task);
    return status == EDDY_CANCELLED && left <= scope->cancelling_before && task->activation->ruling == NULL;
}

static int end_scope(struct scope *base, int status)
{
    struct eddy_cancel_scope *scope = scope_of(base);
    struct task *task = eddy__task_current();
    eddy__scope_pop(base);
    scope->is_ended = true;
    if (base->is_cancelled) {
        eddy__loop_current()->cancelled_scope_count--;
        scope->is_caught = settle(scope, task, status);
    }
    eddy_future_free(&scope->task->future);
    scope->task = NULL;
    int outcome = scope->is_caught ? 0 : status;
    eddy_cancel_scope_free(scope);
    return outcome;
}

eddy_cancel_scope *eddy_cancel_scope_new(void)
{
    struct eddy_cancel_scope *scope = eddy__zalloc(sizeof *scope);
    if (scope == NULL)
        return NULL;
    scope->refs = 1;
    scope->loop_id = eddy__loop_id();
    scope->scope.end = end_scope;
    scope->scope.kind = "cancel scope";
    eddy__track(scope, "cancel scope");
    return scope;
}

void eddy_cancel_scope_free(eddy_cancel_scope *scope)
{
    if (scope == NULL)
        return;
    if (EDDY__UNLIKELY(scope->refs == 0))
        eddy__stop_for_misuse("eddy_cancel_scope_free: the scope has been freed already");
    if (EDDY__UNLIKELY(scope->loop_id != eddy__loop_id()) &&
        eddy__loop_is_elsewhere(scope->loop_id)) {
        eddy__report_misuse("eddy_cancel_scope_free: the scope belongs to the loop of another "
                            "thread; it is kept");
        return;
    }
    if (--scope->refs > 0)
        return;
    eddy__untrack(scope);
    eddy__error_unref(scope->scope.why);
    eddy__error_unref(scope->why);
    eddy__free(scope);
}

int eddy__cancel_scope_enter(eddy_cancel_scope *scope, const eddy_place *place,
                             const char *function)
{
    int err = 0;
    if (scope == NULL)
        return eddy__fail_plain(-ENOMEM, "the cancel scope is NULL: there was no memory for it");
    EDDY_TRY(eddy__bind(&scope->loop_id, "eddy_cancel_scope_enter"));
    if (scope->is_entered)
        return eddy__misuse("eddy_cancel_scope_enter: the scope has been entered before");
    struct task *task = eddy__task_required("eddy_cancel_scope_enter", &err);
    if (task == NULL)
        return err;
    scope->is_entered = true;
    scope->refs++;
    scope->task = task;
    task->future.refs++;
    scope->cancelling_before = task->future.cancelling;
    scope->scope.place = place;
    scope->scope.function = function;
    eddy__scope_push(task, &scope->scope);
    if (scope->is_requested)
        scope->is_counted = eddy__scope_cancel(task, &scope->scope, scope->why);
    return 0;
}

int eddy__cancel_scope_begin(const eddy_place *place, const char *function)
{
    struct eddy_cancel_scope *scope = eddy_cancel_scope_new();
    int err = eddy__cancel_scope_enter(scope, place, function);
    eddy_cancel_scope_free(scope); // while open, it holds its own reference
    return err;
}

int eddy_cancel_scope_end(int status)
{
    struct task *task = eddy__task_current();
    struct scope *scope = eddy__scope_newest(task);
    if (scope == NULL || scope->end != end_scope)
        return eddy__misuse("eddy_cancel_scope_end: the newest open scope is no cancel scope");
    status = eddy__scope_end_left(task, status);
    return end_scope(scope, status);
}

int eddy__cancel_scope_cancel(eddy_cancel_scope *scope, const char *message,
                              const eddy_place *place)
{
    if (scope == NULL)
        return 0;
    EDDY_TRY(eddy__bind(&scope->loop_id, "eddy_cancel_scope_cancel"));
    if (scope->task != NULL && scope->task->future.loop_id != eddy__loop_id())
        return eddy__misuse("eddy_cancel_scope_cancel: the scope belongs to another loop");
    if (scope->is_requested || scope->is_ended)
        return 0;
    scope->is_requested = true;
    struct eddy_error *why = eddy__cancellation_new(EDDY_CANCEL_SCOPE, message, place);
    if (scope->task != NULL && scope->task->future.stage == TASK_RUNNING)
        scope->is_counted = eddy__scope_cancel(scope->task, &scope->scope, why);
    else if (scope->task == NULL)
        scope->why = eddy__error_ref(why);
    eddy__error_unref(why);
    return 1;
}

bool eddy_cancel_scope_cancelled(const eddy_cancel_scope *scope)
{
    return scope != NULL && scope->is_requested;
}

bool eddy_cancel_scope_caught(const eddy_cancel_scope *scope)
{
    return scope != NULL && scope->is_caught;
}

eddy_cancel_scope *eddy_cancel_scope_current(void)
{
    struct task *task = eddy__task_current();
    for (struct scope *scope = task != NULL ? task->activation->scopes : NULL; scope != NULL;
         scope = scope->outer)
        if (scope->end == end_scope)
            return scope_of(scope);
    return NULL;
}

/* ---- shields ---------------------------------------------------------------------------------*/

static int end_shield(struct scope *shield, int status)
{
    struct task *task = eddy__task_current();
    eddy__scope_pop(shield);
    eddy__free(shield);
    eddy__region_refresh(task);
    return status;
}

int eddy__cancel_shield_begin(const eddy_place *place, const char *function)
{
    int err = 0;
    struct task *task = eddy__task_required("eddy_cancel_shield_begin", &err);
    if (task == NULL)
        return err;
    struct scope *shield = eddy__zalloc(sizeof *shield);
    if (shield == NULL)
        return -ENOMEM;
    shield->end = end_shield;
    shield->kind = "shield";
    shield->place = place;
    shield->function = function;
    shield->is_shield = true;
    eddy__scope_push(task, shield);
    eddy__region_refresh(task);
    return 0;
}

int eddy_cancel_shield_end(int status)
{
    struct task *task = eddy__task_current();
    struct scope *scope = eddy__scope_newest(task);
    if (scope == NULL || scope->end != end_shield)
        return eddy__misuse("eddy_cancel_shield_end: the newest open scope is no shield");
    status = eddy__scope_end_left(task, status);
    return end_shield(scope, status);
}
