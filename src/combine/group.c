/* SPDX-License-Identifier: MIT */
/*
 * group.c: task groups, as asyncio's TaskGroup has them.
 *
 * The group is a scope of its task. Each child has a handle of the group among its callbacks. If a
 * child fails, the group aborts: it cancels all other children, and the parent once; the end of the
 * group takes that request back. The end waits until the last child is done.
 *
 * A body that returns early would free its frame while children still point into it. So
 * eddy_group_begin() leaves a guard in the frame, which joins the children before the frame is
 * gone. The outcome is kept for the end of the body, in the enclosing function, or of a scope
 * around the block that the body goes on to end (scope.c). The guard cancels the children if the
 * body is known to return an error, or was asked to stop. The body may go on, after a `break`: so a
 * cancellation that arrives while the guard waits is requested again.
 *
 *      begun --a child or the body fails, or cancel--> aborting --the last child is done--> ended
 *        `--end of the body--> ending --the last child is done--> ended
 *
 * Invariants:
 *   - The state is not in the frame of the body: it can be reached when the frame is gone.
 *   - A child is in `children` until its callback has run. Then a child whose handle is lent to the
 *     user is kept until the block is left; any other is dropped.
 *   - A child that can't be made counts as one that has failed.
 *   - A cancellation that arrives during the wait and is not the group's own is returned by the
 *     end, or is requested again beside an error (CPython gh-155433).
 */
#include "combine/combine.h"

#include <eddy/group.h>

#include <errno.h>

struct child {
    struct handle handle; // among the task's callbacks
    struct link link;     // in `children`; later in `kept`, if it is no task
    struct eddy_future *task;
    struct group *group;
    bool is_lent; // the user has the handle until the block is left
};

struct group {
    struct scope scope;
    struct task *parent; // that began it; held: a generator's caller may be gone before the end
    struct list children; // whose callback has not run yet, in order of creation
    struct list kept_tasks; // done and lent; linked by `all` of struct task
    struct list kept;       // the same for futures in place of tasks; struct child
    struct wait *ending; // the end's wait for the last child; or NULL
    struct eddy_error *errors; // an EDDY_EGROUP with a member for each error; NULL: none yet
    struct eddy_error *known;     // the task's error when the body was left; or NULL
    struct eddy_error *cancelled; // the cancellation to pass on
    struct eddy_error *interrupted; // the last cancellation during the wait; or NULL
    struct eddy_error *abort_why;   // what the children are cancelled with, once aborting; or NULL
    int cancelling_before; // requests of the parent when the group began
    bool is_ending;
    bool is_aborting;
    bool has_cancelled_parent;
    bool must_pass_cancel;
    bool was_interrupted;
    bool is_joined; // no child runs any more
    bool is_taken_back;      // the group's own request to its parent was taken back
    bool is_alone;           // then no other request was left
    bool may_go_on;          // the body left the block without its end or a known error
    bool is_requested_again; // the outside cancellation, for a body that may go on
    eddy_group *guarded; // the handle whose guard will free the children; or NULL
    bool has_lost_error; // without memory
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

/* Whether a scope around the group has cancelled the child: a new request would break shields. */
static bool is_cancelled_above(struct eddy_future *task)
{
    return task->kind == &eddy__future_task &&
           eddy__region_is_child_cancelled(eddy__task_of(task));
}

static void cancel_child(const struct group *group, struct eddy_future *task)
{
    if (!eddy__future_is_done(task) && !is_cancelled_above(task))
        eddy__future_cancel_for(task, group->abort_why);
}

static void abort_children(struct group *group, eddy_cancel_reason reason, const char *message)
{
    group->is_aborting = true;
    group->abort_why = eddy__cancellation_new(reason, message, group->scope.place);
    for (struct link *link = list_first(&group->children); link != NULL;
         link = list_next(&group->children, link))
        cancel_child(group, container_of(link, struct child, link)->task);
}

static void cancel_parent(struct group *group, const char *message)
{
    group->has_cancelled_parent = true;
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_SIBLING, message, group->scope.place);
    eddy__future_cancel_for(&group->parent->future, why);
    eddy__error_unref(why);
}

/* Notes that a child has failed. */
static void note_failure(struct group *group, int status, struct eddy_error *error)
{
    add_error(group, status, error);
    if (group->is_aborting || group->has_cancelled_parent)
        return;
    abort_children(group, EDDY_CANCEL_SIBLING, "another task of the group failed");
    cancel_parent(group, "a task of the group failed");
}

/* Keeps a done child whose handle is lent; drops any other. */
static void keep_or_drop(struct group *group, struct child *child)
{
    struct eddy_future *task = child->task;
    if (child->is_lent && task->kind != &eddy__future_task) {
        list_push(&group->kept, &child->link);
        return;
    }
    if (child->is_lent)
        list_push(&group->kept_tasks, &eddy__task_of(task)->all);
    else
        eddy_future_free(task);
    eddy__block_free(child, sizeof *child);
}

static void on_child_done(struct handle *handle)
{
    struct child *child = container_of(handle, struct child, handle);
    struct group *group = child->group;
    struct eddy_future *task = child->task;
    list_remove(&child->link);
    if (group->ending != NULL && list_is_empty(&group->children))
        eddy__wait_finish(group->ending, 0);
    if (task->state == EDDY_STATE_FAILED) {
        eddy__future_look(task);
        note_failure(group, task->status, task->error);
    }
    keep_or_drop(group, child);
}

struct eddy_future *eddy__group_behind(const struct handle *handle)
{
    if (handle->run != on_child_done)
        return NULL;
    return &container_of(handle, struct child, handle)->group->parent->future;
}

/* ---- the end ---------------------------------------------------------------------------------*/

/* Notes a cancellation during the wait: the first one cancels the children. */
static void note_interruption(struct group *group)
{
    struct eddy_error *why = eddy__task_current()->activation->error;
    eddy__error_unref(group->interrupted);
    group->interrupted = eddy__error_ref(why);
    group->was_interrupted = true;
    if (group->is_aborting)
        return;
    group->must_pass_cancel = true;
    eddy__error_unref(group->cancelled);
    group->cancelled = eddy__error_ref(why);
    abort_children(group, EDDY_CANCEL_SHUTDOWN, "the group's task was cancelled");
}

/* Waits until no child is left. */
static void join_children(struct group *group)
{
    while (!list_is_empty(&group->children)) {
        struct wait wait;
        if (eddy__wait_init(&wait, "eddy_group_end") < 0)
            return;
        // Once the children have been cancelled it can only wait.
        bool is_held = group->is_aborting;
        if (is_held)
            eddy__region_hold(eddy__task_current());
        group->ending = &wait;
        int err = eddy__wait_park(&wait);
        group->ending = NULL;
        if (is_held)
            eddy__region_release(eddy__task_current());
        if (err < 0)
            note_interruption(group);
    }
    group->is_joined = true;
}

static void free_kept(struct group *group)
{
    struct link *link;
    while ((link = list_pop(&group->kept_tasks)) != NULL)
        eddy_future_free(&container_of(link, struct task, all)->future);
    while ((link = list_pop(&group->kept)) != NULL) {
        struct child *child = container_of(link, struct child, link);
        eddy_future_free(child->task);
        eddy__block_free(child, sizeof *child);
    }
}

static void free_group(struct group *group)
{
    free_kept(group);
    eddy__error_unref(group->errors);
    eddy__error_unref(group->known);
    eddy__error_unref(group->cancelled);
    eddy__error_unref(group->interrupted);
    eddy__error_unref(group->abort_why);
    eddy_future_free(&group->parent->future);
    eddy__free(group);
}

/* The body has ended: the children are cancelled if it failed, and joined. */
static void join(struct group *group, bool has_failed)
{
    group->is_ending = true;
    // A cancellation during the wait replaces the task's current error.
    group->known = eddy__error_ref(eddy__task_current()->activation->error);
    if (has_failed && !group->is_aborting)
        abort_children(group, EDDY_CANCEL_SHUTDOWN, "the body of the group failed");
    join_children(group);
}

/* The error object of the status that the body ended with; or NULL. */
static struct eddy_error *known_of(const struct group *group, int status)
{
    return group->known != NULL && group->known->code == status ? group->known : NULL;
}

/* Makes `error` the cancellation that the group's end passes on. */
static void pass_cancel(struct group *group, struct eddy_error *error)
{
    group->must_pass_cancel = true;
    eddy__error_unref(group->cancelled);
    group->cancelled = eddy__error_ref(error);
}

/* Takes the group's own request back, once; true if there was one, and no other is left. */
static bool take_request_back(struct group *group)
{
    if (group->has_cancelled_parent && !group->is_taken_back) {
        group->is_taken_back = true;
        group->is_alone = eddy_task_uncancel(&group->parent->future) == 0;
    }
    return group->is_alone;
}

/*
 * Takes the group's own request back, and finds whether a cancellation from outside is left. (If
 * the body also failed, outcome() requests that cancellation again beside the error.)
 */
static void settle_cancellation(struct group *group, int status)
{
    if (status == EDDY_CANCELLED && !group->must_pass_cancel)
        pass_cancel(group, known_of(group, status));
    if (take_request_back(group))
        group->must_pass_cancel = false;
    else if (group->was_interrupted && !group->must_pass_cancel && status >= 0)
        pass_cancel(group, group->interrupted);
}

/* Has a request from outside delivered at the next await. */
static void request_again(struct group *group)
{
    eddy_task_uncancel(&group->parent->future);
    eddy__future_cancel_for(&group->parent->future, group->cancelled);
}

/*
 * The block was left without the end, and the body may go on: the group's own request ends here,
 * and a cancellation during the wait is delivered at the body's next await, if there is one.
 */
static void settle_left(struct group *group)
{
    const struct task *parent = group->parent;
    group->may_go_on = true;
    settle_cancellation(group, 0);
    bool is_asked = group->must_pass_cancel && parent->future.cancelling > 0;
    if (!is_asked || parent != eddy__task_current() || parent->activation->ruling != NULL)
        return;
    request_again(group);
    group->is_requested_again = true;
}

/* After settle_left(): finds how the body ended, and if the cancellation was delivered. */
static void find_what_followed(struct group *group, int status)
{
    struct eddy_error *error = eddy__task_current()->activation->error;
    if (group->may_go_on && error != NULL && error->code == status) {
        eddy__error_unref(group->known);
        group->known = eddy__error_ref(error);
    }
    if (!group->is_requested_again)
        return;
    if (group->parent->future.must_cancel && group->errors == NULL) {
        eddy__task_forget_cancel(group->parent); // the group passes it on
        return;
    }
    group->must_pass_cancel = false;
    group->was_interrupted = false;
}

/* The status of the group's end, once its children are done. */
static int outcome(struct group *group, int status)
{
    struct task *parent = group->parent;
    struct task *self = eddy__task_current(); // the parent, except in a generator
    find_what_followed(group, status);
    settle_cancellation(group, status);
    if (group->must_pass_cancel && group->errors == NULL && !group->has_lost_error) {
        eddy__error_travel(self, group->cancelled);
        return EDDY_CANCELLED;
    }
    if (status < 0 && status != EDDY_CANCELLED)
        add_error(group, status, known_of(group, status));
    if (group->errors == NULL && !group->has_lost_error)
        return status < 0 ? 0 : status;
    if (parent->future.cancelling > 0 && !group->is_requested_again)
        request_again(group); // not delivered here
    if (group->errors == NULL)
        return -ENOMEM;
    eddy__error_travel(self, group->errors);
    return EDDY_EGROUP;
}

static int end_scope(struct scope *scope, int status)
{
    struct group *group = container_of(scope, struct group, scope);
    if (!group->is_joined)
        join(group, status < 0);
    eddy__scope_pop(scope);
    status = outcome(group, status);
    if (group->guarded != NULL)
        group->guarded->ended = group;
    else
        free_group(group);
    return status;
}

/* ---- public functions ------------------------------------------------------------------------*/

static void cancel_group(struct group *group)
{
    if (group->is_aborting || group->is_joined)
        return;
    abort_children(group, EDDY_CANCEL_REQUEST, "the group was cancelled");
    if (!group->has_cancelled_parent)
        cancel_parent(group, "the group was cancelled");
}

/* Called when a scope around the group is cancelled. */
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
    if (handle == NULL)
        return eddy__misuse("eddy_group_begin: the group is NULL");
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
    list_init(&group->kept_tasks);
    list_init(&group->kept);
    group->parent = task;
    group->cancelling_before = task->future.cancelling;
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

/* Whether the body that began the group is returning an error, for example by EDDY_TRY. */
static bool is_returning_error(const struct group *group)
{
    return eddy__task_current()->activation->leaving == group->scope.function;
}

/* Joins the children, and keeps the outcome for the end of the body or of an enclosing scope. */
static void leave(struct group *group)
{
    bool is_returning = is_returning_error(group);
    join(group, is_returning || group->parent->future.cancelling > group->cancelling_before);
    free_kept(group); // the handles were lent until here
    if (!is_returning)
        settle_left(group);
    group->scope.is_left = true;
    group->scope.has_outcome = is_returning || group->errors != NULL || group->has_lost_error ||
                               group->must_pass_cancel;
}

/* Called before the frame is freed: no child may be left that points into it. */
void eddy__group_leave(eddy_group **guard)
{
    eddy_group *handle = *guard;
    struct group *group = handle->group;
    if (handle->ended != NULL)
        free_group(handle->ended);
    handle->ended = NULL;
    if (handle->failure < 0 && !handle->is_failure_told && eddy__task_current() != NULL)
        eddy__task_current()->activation->left_failure = handle->failure;
    if (group == NULL)
        return;
    handle->group = NULL;
    group->guarded = NULL;
    leave(group);
}

/* Lent in place of a task; the caller does not free it. */
static eddy_task *refused(eddy_coroutine *coroutine, int status, const char *sentence)
{
    (void)eddy__coro_refuse(coroutine, 0);
    return eddy__future_unmade(eddy__fail_plain(status, sentence));
}

/* Why the group accepts no child: a message; *out_status: EDDY_EMISUSE, or its failure to begin. */
static const char *refusal(const eddy_group *handle, int *out_status)
{
    *out_status = EDDY_EMISUSE;
    if (handle == NULL)
        return "eddy_group_create_task: the group is NULL";
    const struct group *group = handle->group;
    if (handle->failure < 0) {
        *out_status = handle->failure;
        return "eddy_group_create_task: the group could not begin";
    }
    if (group == NULL)
        return "eddy_group_create_task: the group is not open";
    if (group->parent->future.loop_id != eddy__loop_id())
        return "eddy_group_create_task: the group belongs to another loop";
    if (group->is_aborting)
        return "eddy_group_create_task: the group is shutting down";
    if (group->is_ending && list_is_empty(&group->children))
        return "eddy_group_create_task: the group has ended";
    return NULL;
}

/* Notes the failure of a child for which there is no memory. */
static eddy_task *lose_child(struct group *group, eddy_coroutine *coroutine)
{
    (void)eddy__coro_refuse(coroutine, 0);
    note_failure(group, -ENOMEM, NULL);
    return eddy__future_unmade(-ENOMEM);
}

static eddy_task *add_child(struct group *group, eddy_coroutine *coroutine,
                            const eddy_task_options *options, bool is_lent)
{
    struct child *child = eddy__block_new(sizeof *child);
    if (child == NULL)
        return lose_child(group, coroutine);
    eddy_task *task = eddy_task_create(coroutine, options);
    *child = (struct child){
        .handle.run = on_child_done, .task = task, .group = group, .is_lent = is_lent};
    list_push(&group->children, &child->link);
    eddy__future_subscribe(task, &child->handle);
    if (task->kind == &eddy__future_task)
        eddy__region_inherit(eddy__task_of(task), group->parent, &group->scope);
    // An eagerly started child may have cancelled the group before it was listed (gh-155418).
    if (EDDY__UNLIKELY(group->is_aborting))
        cancel_child(group, task);
    return task;
}

eddy_task *eddy_group_add(eddy_group *handle, eddy_coroutine *coroutine,
                          const eddy_task_options *options)
{
    int status;
    const char *sentence = refusal(handle, &status);
    if (sentence != NULL)
        return refused(coroutine, status, sentence);
    return add_child(handle->group, coroutine, options, true);
}

int eddy_group_add_start(eddy_group *handle, eddy_coroutine *coroutine,
                         const eddy_task_options *options)
{
    int status;
    const char *sentence = refusal(handle, &status);
    if (sentence != NULL)
        return eddy__coro_refuse(coroutine, eddy__fail_plain(status, sentence));
    const eddy_task *task = add_child(handle->group, coroutine, options, false);
    return task->kind != &eddy__future_task && task->status < 0 ? task->status : 0;
}

/* Ends a group that could not begin. */
static int end_unbegun(eddy_group *handle, int status)
{
    handle->is_failure_told = true;
    if (status < 0)
        return status;
    return eddy__fail_plain(handle->failure, "eddy_group_end: the group could not begin");
}

int eddy_group_end(eddy_group *handle, int status)
{
    if (handle == NULL)
        return eddy__misuse("eddy_group_end: the group is NULL");
    if (handle->failure < 0)
        return end_unbegun(handle, status);
    struct task *task = eddy__task_current();
    struct group *group = handle->group;
    if (group == NULL || task != group->parent || eddy__scope_newest(task) != &group->scope)
        return eddy__misuse("eddy_group_end: the group is not the newest open scope of this task");
    status = eddy__scope_end_left(task, status);
    join(group, status < 0);
    handle->group = NULL;
    return end_scope(&group->scope, status);
}

int eddy_group_cancel(eddy_group *handle)
{
    if (handle == NULL)
        return 0;
    if (handle->group == NULL && handle->is_used)
        return eddy__misuse("eddy_group_cancel: the group has ended");
    if (handle->group != NULL && handle->group->parent->future.loop_id != eddy__loop_id())
        return eddy__misuse("eddy_group_cancel: the group belongs to another loop");
    handle->is_cancelled = true;
    if (handle->group != NULL)
        cancel_group(handle->group);
    return 0;
}
