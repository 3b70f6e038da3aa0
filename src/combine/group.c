/* SPDX-License-Identifier: MIT */
/*
 * group.c: task groups, as asyncio's TaskGroup has them.
 *
 * The group is a scope of its task. Each child has a handle of the group among its callbacks; a
 * child that fails makes the group abort: all other children are cancelled, and the parent once, which the
 * end of the group takes back. The end waits until the last child is done.
 *
 * A body that returns early would take its frame away from children that point into it. So
 * eddy_group_begin() leaves a guard in the frame, which joins the children before the frame goes, and
 * keeps what came of it for the end of the scope, in the function around the body.
 *
 *      begun --a child or the body fails, or cancel--> aborting --the last child is done--> ended
 *        `--end of the body--> ending --the last child is done--> ended
 *
 * What always holds:
 *   - The state is not in the frame of the body: it can be reached when that has gone.
 *   - A child is in the list until its callback has run; afterwards the group keeps its reference, so
 *     that handles stay lent until the end.
 */
#include "combine/combine.h"

#include <eddy/group.h>

#include <errno.h>

struct child {
    struct handle handle; // among the task's callbacks
    struct link link;     // in `children`, then in `gone`
    struct eddy_future *task;
    struct group *group;
};

struct group {
    struct scope scope;
    struct task *parent; // that began it; held, as a generator's asker may be gone before the end
    struct list children; // not noted as done yet, in order of creation
    struct list gone;
    struct wait *ending; // the end's wait for the last child; or NULL
    struct eddy_error *errors; // an EDDY_EGROUP with a member for each error; NULL: none yet
    struct eddy_error *known;     // what travelled in the task when the body was left; or NULL
    struct eddy_error *cancelled; // the cancellation to pass on
    bool is_ending;
    bool is_aborting;
    bool has_cancelled_parent;
    bool must_pass_cancel;
    bool is_joined; // by the guard in the frame
    eddy_group *guarded; // the handle whose guard will free the children; or NULL
    bool has_lost_error; // for want of memory
};

/* ---- errors and aborting ---------------------------------------------------------------------*/

static void add_error(struct group *group, int status, struct eddy_error *error)
{
    struct eddy_error *member =
        error != NULL ? eddy__error_ref(error) : eddy__error_new(status, NULL, NULL);
    if (group->errors == NULL)
        group->errors = eddy__error_new(EDDY_EGROUP, group->scope.place, NULL);
    if (group->errors == NULL || member == NULL ||
        eddy__error_add_member(group->errors, member) < 0)
        group->has_lost_error = true;
    eddy__error_unref(member);
}

/* Cancelled for good with a scope around the group: one more request would break into its shields. */
static bool is_cancelled_above(struct eddy_future *task)
{
    return task->kind == &eddy__future_task &&
           eddy__region_is_child_cancelled(eddy__task_of(task));
}

static void abort_children(struct group *group, eddy_cancel_reason reason, const char *message)
{
    group->is_aborting = true;
    struct eddy_error *why = eddy__cancellation_new(reason, message, group->scope.place);
    for (struct link *link = list_first(&group->children); link != NULL;
         link = list_next(&group->children, link)) {
        struct eddy_future *task = container_of(link, struct child, link)->task;
        if (!eddy__future_is_done(task) && !is_cancelled_above(task))
            eddy__future_cancel_for(task, why);
    }
    eddy__error_unref(why);
}

static void cancel_parent(struct group *group, const char *message)
{
    group->has_cancelled_parent = true;
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_SIBLING, message, group->scope.place);
    eddy__future_cancel_for(&group->parent->future, why);
    eddy__error_unref(why);
}

static void on_child_done(struct handle *handle)
{
    struct child *child = container_of(handle, struct child, handle);
    struct group *group = child->group;
    struct eddy_future *task = child->task;
    link_remove(&child->link);
    list_push(&group->gone, &child->link);
    if (group->ending != NULL && list_is_empty(&group->children))
        eddy__wait_finish(group->ending, 0);
    if (task->state != EDDY_STATE_FAILED)
        return;
    eddy__future_look(task);
    add_error(group, task->status, task->error);
    if (group->is_aborting || group->has_cancelled_parent)
        return;
    abort_children(group, EDDY_CANCEL_SIBLING, "another task of the group failed");
    cancel_parent(group, "a task of the group failed");
}

struct eddy_future *eddy__group_behind(const struct handle *handle)
{
    if (handle->run != on_child_done)
        return NULL;
    return &container_of(handle, struct child, handle)->group->parent->future;
}

/* ---- the end ---------------------------------------------------------------------------------*/

/* Waits until no child is left; a cancellation meanwhile is remembered, and cancels them. */
static void join_children(struct group *group)
{
    while (!list_is_empty(&group->children)) {
        struct wait wait;
        if (eddy__wait_init(&wait, "eddy_group_end") < 0)
            return;
        // Once the children have been cancelled there is nothing to do but wait.
        bool is_held = group->is_aborting;
        if (is_held)
            eddy__region_hold(eddy__task_current());
        group->ending = &wait;
        int err = eddy__wait_park(&wait);
        group->ending = NULL;
        if (is_held)
            eddy__region_release(eddy__task_current());
        if (err < 0 && !group->is_aborting) {
            group->must_pass_cancel = true;
            eddy__error_unref(group->cancelled);
            group->cancelled = eddy__error_ref(eddy__task_current()->activation->error);
            abort_children(group, EDDY_CANCEL_SHUTDOWN, "the group's task was cancelled");
        }
    }
}

static void free_children(struct list *children)
{
    struct link *link;
    while ((link = list_pop(children)) != NULL) {
        struct child *child = container_of(link, struct child, link);
        eddy__handle_cancel(&child->handle);
        eddy_future_free(child->task);
        eddy__free(child);
    }
}

static void free_group(struct group *group)
{
    free_children(&group->children);
    free_children(&group->gone);
    eddy__error_unref(group->errors);
    eddy__error_unref(group->known);
    eddy__error_unref(group->cancelled);
    eddy_future_free(&group->parent->future);
    eddy__free(group);
}

/* The body has ended with `status`: whatever runs is cancelled if that is an error, and joined. */
static void join(struct group *group, int status)
{
    group->is_ending = true;
    group->known = eddy__error_ref(eddy__task_current()->activation->error); // a cancellation may take its place now
    if (status < 0 && !group->is_aborting)
        abort_children(group, EDDY_CANCEL_SHUTDOWN, "the body of the group failed");
    join_children(group);
    group->is_joined = true;
}

/* What is known of the error that the body ended with; or NULL. */
static struct eddy_error *known_of(const struct group *group, int status)
{
    return group->known != NULL && group->known->code == status ? group->known : NULL;
}

/* What comes out of the group once its children are done. */
static int outcome(struct group *group, int status)
{
    struct task *parent = group->parent;
    struct task *self = eddy__task_current(); // the same, but in a generator
    if (status == EDDY_CANCELLED && !group->must_pass_cancel) {
        group->must_pass_cancel = true;
        group->cancelled = eddy__error_ref(known_of(group, status));
    }
    if (group->has_cancelled_parent && eddy_task_uncancel(&parent->future) == 0)
        group->must_pass_cancel = false;
    if (group->must_pass_cancel && group->errors == NULL) {
        eddy__error_travel(self, group->cancelled);
        return EDDY_CANCELLED;
    }
    if (status < 0 && status != EDDY_CANCELLED)
        add_error(group, status, known_of(group, status));
    if (group->errors == NULL && group->has_lost_error)
        return -ENOMEM;
    if (group->errors == NULL)
        return status < 0 ? 0 : status;
    if (parent->future.cancelling > 0) {
        // Somebody else's request is delivered at the next await, not here.
        eddy_task_uncancel(&parent->future);
        eddy__future_cancel_for(&parent->future, group->cancelled);
    }
    eddy__error_travel(self, group->errors);
    return EDDY_EGROUP;
}

static int end_scope(struct scope *scope, int status)
{
    struct group *group = container_of(scope, struct group, scope);
    if (!group->is_joined)
        join(group, status);
    eddy__scope_pop(scope);
    status = outcome(group, status);
    if (group->guarded != NULL)
        group->guarded->ended = group;
    else
        free_group(group);
    return status;
}

/* ---- the public face -------------------------------------------------------------------------*/

static void cancel_group(struct group *group)
{
    if (group->is_aborting)
        return;
    abort_children(group, EDDY_CANCEL_REQUEST, "the group was cancelled");
    if (!group->is_ending && !group->has_cancelled_parent)
        cancel_parent(group, "the group was cancelled");
}

/* A scope around the group is cancelled for good. */
static void cancel_children(struct scope *scope, struct scope *cancelled)
{
    struct group *group = container_of(scope, struct group, scope);
    for (struct link *link = list_first(&group->children); link != NULL;
         link = list_next(&group->children, link)) {
        struct eddy_future *task = container_of(link, struct child, link)->task;
        if (task->kind == &eddy__future_task)
            eddy__region_cancel_child(eddy__task_of(task), cancelled);
    }
}

static int begin(eddy_group *handle, const eddy_place *place, const char *function)
{
    if (handle->is_used && handle->group != NULL)
        return eddy__misuse("eddy_group_begin: the group has been entered already");
    if (handle->is_used)
        return eddy__misuse("eddy_group_begin: the group has ended");
    int err = 0;
    struct task *task = eddy__task_required("eddy_group_begin", &err);
    if (task == NULL)
        return err;
    struct group *group = eddy__zalloc(sizeof *group);
    if (group == NULL)
        return -ENOMEM;
    list_init(&group->children);
    list_init(&group->gone);
    group->parent = task;
    eddy_future_ref(&task->future);
    group->scope.end = end_scope;
    group->scope.cancel_children = cancel_children;
    group->scope.kind = "group";
    group->scope.place = place;
    group->scope.function = function;
    eddy__scope_push(task, &group->scope);
    handle->group = group;
    handle->is_used = true;
    if (handle->is_cancelled)
        cancel_group(group);
    return 0;
}

eddy_group *eddy__group_begin_here(eddy_group *handle, const eddy_place *place,
                                   const char *function)
{
    handle->failure = begin(handle, place, function);
    if (handle->failure == 0)
        handle->group->guarded = handle;
    return handle;
}

int eddy_group_enter(eddy_group *handle)
{
    return begin(handle, NULL, "eddy_group_enter");
}

/* The frame is about to go: no child may be left that points into it. */
void eddy__group_leave(eddy_group **guard)
{
    eddy_group *handle = *guard;
    struct group *group = handle->group;
    if (handle->ended != NULL)
        free_group(handle->ended);
    handle->ended = NULL;
    if (group == NULL)
        return;
    handle->group = NULL;
    group->guarded = NULL;
    if (!group->is_aborting && !list_is_empty(&group->children))
        abort_children(group, EDDY_CANCEL_SHUTDOWN, "the body of the group was left");
    group->is_ending = true;
    group->known = eddy__error_ref(eddy__task_current()->activation->error);
    join_children(group);
    group->is_joined = true;
}

/* What is lent in place of a task: nobody gives it back. */
static eddy_task *refused(eddy_coroutine *coroutine, int status, const char *sentence)
{
    (void)eddy__coro_refuse(coroutine, 0);
    return eddy__future_unmade(eddy__fail_plain(status, sentence));
}

eddy_task *eddy_group_add(eddy_group *handle, eddy_coroutine *coroutine,
                          const eddy_task_options *options)
{
    struct group *group = handle->group;
    if (handle->failure < 0)
        return refused(coroutine, handle->failure,
                       "eddy_group_create_task: the group could not begin");
    if (group == NULL)
        return refused(coroutine, EDDY_EMISUSE, "eddy_group_create_task: the group is not open");
    if (group->parent->future.loop_id != eddy__loop_id())
        return refused(coroutine, EDDY_EMISUSE,
                       "eddy_group_create_task: the group belongs to another loop");
    if (group->is_aborting)
        return refused(coroutine, EDDY_EMISUSE, "eddy_group_create_task: the group is shutting down");
    if (group->is_ending && list_is_empty(&group->children))
        return refused(coroutine, EDDY_EMISUSE, "eddy_group_create_task: the group has ended");
    struct child *child = eddy__zalloc(sizeof *child);
    if (child == NULL)
        return refused(coroutine, -ENOMEM, "eddy_group_create_task: there is no memory");
    child->handle.run = on_child_done;
    child->group = group;
    child->task = eddy_task_create(coroutine, options);
    list_push(&group->children, &child->link);
    eddy__future_subscribe(child->task, &child->handle);
    if (child->task->kind == &eddy__future_task)
        eddy__region_inherit(eddy__task_of(child->task), group->parent, &group->scope);
    return child->task;
}

int eddy_group_end(eddy_group *handle, int status)
{
    struct task *task = eddy__task_current();
    struct group *group = handle->group;
    if (handle->failure < 0 && status >= 0)
        status = eddy__fail_plain(handle->failure, "eddy_group_end: the group could not begin");
    if (handle->failure < 0)
        return status;
    if (group == NULL || task != group->parent || task->activation->scopes != &group->scope)
        return eddy__misuse("eddy_group_end: the group is not the newest open scope of this task");
    join(group, status);
    handle->group = NULL;
    return end_scope(&group->scope, status);
}

int eddy_group_cancel(eddy_group *handle)
{
    if (handle->group == NULL && handle->is_used)
        return eddy__misuse("eddy_group_cancel: the group has ended");
    if (handle->group != NULL && handle->group->parent->future.loop_id != eddy__loop_id())
        return eddy__misuse("eddy_group_cancel: the group belongs to another loop");
    handle->is_cancelled = true;
    if (handle->group != NULL)
        cancel_group(handle->group);
    return 0;
}
