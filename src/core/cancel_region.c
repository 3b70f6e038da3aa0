/* SPDX-License-Identifier: MIT */
/*
 * cancel_region.c: persistent cancellation: a cancelled scope makes every await inside it fail.
 *
 * The ruling scope is found by walking the task's open scopes outwards from the newest: the first
 * cancelled scope rules, unless a shield comes before it. After the outermost comes the scope
 * around the group that the task belongs to, if that scope is cancelled.
 *
 *        newest                                                  outermost
 *     [timeout] -> [shield] -> [group] -> [cancelled scope] -> . . . -> cancelled_above
 *                     `-- nothing beyond is seen from here
 *
 * This costs an await nothing: a ruled task has `must_cancel` set whenever it runs, which wait.c
 * tests anyway. A delivery clears the flag; eddy__region_rearm() sets it again.
 *
 * Invariants:
 *   - activation->ruling is what the walk would find. It is recomputed when a scope is cancelled or
 *     ends, a shield begins or ends, or a generator's scopes are entered or left.
 *   - A separate pending request (eddy_task_cancel()) is kept and delivered first; its error tells
 *     it apart from the scope's.
 *   - A scope outlives the tasks that it rules: they belong to groups inside it.
 *
 * Called by combine/cancel_scope.c and group.c, and by wait.c on its slow path.
 */
#include "core/run.h"

/* The open scopes of a task, newest first, including those of its generator's asker. */
struct walk {
    struct scope *next;
    const struct eddy_generator *generator;
};

static struct walk begin_walk(const struct task *task)
{
    return (struct walk){task->activation->scopes, task->activation->generator};
}

static struct scope *step(struct walk *walk)
{
    while (walk->next == NULL && walk->generator != NULL)
        walk->next = eddy__generator_asker_scopes(&walk->generator);
    struct scope *scope = walk->next;
    if (scope != NULL)
        walk->next = scope->outer;
    return scope;
}

/* The cancelled scope that is seen from `walk` on; or NULL. */
static struct scope *find_ruling(const struct task *task, struct walk walk)
{
    for (struct scope *scope = step(&walk); scope != NULL; scope = step(&walk)) {
        if (scope->is_shield)
            return NULL;
        if (scope->is_cancelled)
            return scope;
    }
    return task->activation->cancelled_above;
}

void eddy__region_rearm(struct task *task)
{
    struct eddy_error *why = task->activation->ruling->why;
    struct eddy_error *earlier = task->future.error;
    eddy__task_set_must_cancel(task, true);
    task->future.error = eddy__error_ref(why);
    eddy__error_unref(earlier);
}

void eddy__region_refresh(struct task *task)
{
    struct activation *activation = task->activation;
    const struct scope *before = activation->ruling;
    bool is_asked = task->future.must_cancel && (before == NULL || task->future.error != before->why);
    activation->ruling =
        activation->region_holds > 0 ? NULL : find_ruling(task, begin_walk(task));
    if (is_asked)
        return;
    eddy__task_forget_cancel(task);
    if (activation->ruling != NULL)
        eddy__region_rearm(task);
}

void eddy__region_hold(struct task *task)
{
    task->activation->region_holds++;
    if (EDDY__UNLIKELY(task->activation->ruling != NULL))
        eddy__region_refresh(task);
}

void eddy__region_release(struct task *task)
{
    EDDY_ASSERT(task->activation->region_holds > 0);
    task->activation->region_holds--;
    if (EDDY__UNLIKELY(eddy__loop_current()->cancelled_scope_count > 0))
        eddy__region_refresh(task);
}

void eddy__region_leave(struct task *task)
{
    task->activation->cancelled_above = NULL;
    eddy__region_refresh(task);
}

/* Sends a task that is ruled from now on one request, so that it stops waiting. */
static bool reach(struct task *task, struct eddy_error *why)
{
    struct activation *activation = task->activation;
    bool is_news = activation->ruling == NULL && activation->region_holds == 0 &&
                   find_ruling(task, begin_walk(task)) != NULL;
    if (is_news)
        eddy__future_cancel_for(&task->future, why);
    eddy__region_refresh(task);
    return is_news;
}

/* Cancels the children of `task`'s groups that are inside `scope` (NULL: all) and not shielded. */
static void spread(struct task *task, struct scope *scope, struct scope *cancelled)
{
    struct walk walk = begin_walk(task);
    for (struct scope *inner = step(&walk); inner != NULL && inner != scope; inner = step(&walk))
        if (inner->cancel_children != NULL && find_ruling(task, walk) == cancelled)
            inner->cancel_children(inner, cancelled);
}

bool eddy__scope_cancel(struct task *task, struct scope *scope, struct eddy_error *why)
{
    scope->is_cancelled = true;
    scope->why = eddy__error_ref(why);
    eddy__loop_current()->cancelled_scope_count++;
    spread(task, scope, scope);
    return reach(task, why);
}

void eddy__region_cancel_child(struct task *child, struct scope *cancelled)
{
    if (eddy__future_is_done(&child->future))
        return;
    if (child->future.stage != TASK_RUNNING) {
        eddy__future_cancel_for(&child->future, cancelled->why); // it never begins
        return;
    }
    child->activation->cancelled_above = cancelled;
    spread(child, NULL, cancelled);
    reach(child, cancelled->why);
}

void eddy__region_inherit(struct task *child, const struct task *parent, const struct scope *group)
{
    if (EDDY__LIKELY(eddy__loop_current()->cancelled_scope_count == 0))
        return;
    if (parent->future.stage != TASK_RUNNING)
        return; // it has left the group open in a generator
    struct walk walk = begin_walk(parent);
    const struct scope *scope;
    while ((scope = step(&walk)) != NULL && scope != group)
        continue;
    struct scope *cancelled = find_ruling(parent, walk);
    if (cancelled != NULL)
        eddy__region_cancel_child(child, cancelled);
}

bool eddy__region_is_child_cancelled(const struct task *child)
{
    return child->future.stage == TASK_RUNNING && child->activation->cancelled_above != NULL;
}
