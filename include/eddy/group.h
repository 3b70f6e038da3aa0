/* SPDX-License-Identifier: MIT */
/*
 * group.h: task groups: no task outlives the scope, and an error in one cancels the others.
 *
 *     eddy_group g;
 *     eddy_group_begin(&g);
 *     eddy_task *a = eddy_group_create_task(&g, aget_data, 1);     // borrowed until the block ends
 *     eddy_task *b = eddy_group_create_task(&g, aget_data, 2);
 *     int rc = eddy_group_end(&g, 0);                              // waits for both
 *     EDDY_TRY(eddy_task_result(a, &reply));
 *
 * When a child fails, the other children are cancelled, and so is the body at its next await. Then
 * eddy_group_end() returns EDDY_EGROUP with the errors as members (error.h). When the body fails or
 * is cancelled, the children are cancelled. A child that can't be made (-ENOMEM) counts as failed.
 *
 * Children may point into the frame that began the group: the frame stays until they are done, even
 * if the block is left without eddy_group_end(). In that case the children are joined when the
 * block is left. They are cancelled first if the body leaves by EDDY_TRY, has called eddy_fail() or
 * eddy_fail_from(), or was asked to cancel since the group began. (A `return` of another error
 * looks like `return 0` there: use EDDY_TRY or eddy_group_end().) The group's outcome becomes the
 * body's. If the body continues, after a `break` say, and ends a scope around the block, it becomes
 * that scope's. A cancellation during the join is delivered at the body's next await.
 *
 * In a long-lived group, such as a server's, use eddy_group_start(): it makes children without a
 * handle, and nothing of them is kept once they are done. A child of eddy_group_create_task() keeps
 * its task (some 130 bytes and its result) as long as the handle is borrowed.
 */
#ifndef EDDY_GROUP_H
#define EDDY_GROUP_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* The handle of a group, in the caller's memory. */
typedef struct eddy_group {
    struct group *group; /* NULL before the group begins and after it ends */
    struct group *ended; /* from the end until the block is left: its tasks can still be read */
    bool is_used;
    bool is_cancelled; /* cancelled, perhaps before it began */
    int failure;       /* the error of eddy_group_begin(), or 0 */
    bool is_failure_told; /* eddy_group_end() has returned the failure */
} eddy_group;

/* Initialises a group that has not begun, for eddy_group_enter(). */
#define EDDY_GROUP {NULL, NULL, false, false, 0, false}

/*
 * Begins a group in the current task. The children are joined at the latest when the enclosing
 * block ends. A group that could not begin (EDDY_EMISUSE: no task; -ENOMEM) refuses children.
 * eddy_group_end() returns that error, and so does a body that is left without the end.
 */
#define eddy_group_begin(group_)                                                              \
    *(group_) = (eddy_group)EDDY_GROUP;                                                       \
    eddy_group *EDDY__CAT(eddy_group_at_, __COUNTER__)                                          \
        __attribute__((cleanup(eddy__group_leave), unused)) =                                 \
            eddy__group_begin_here((group_), EDDY_HERE, __func__)

/* The same, for a group that ends in another block. Returns 0, EDDY_EMISUSE or -ENOMEM. */
EDDY_API EDDY_CHECKED int eddy_group_enter(eddy_group *group);

EDDY_API eddy_group *eddy__group_begin_here(eddy_group *group, const eddy_place *place,
                                            const char *function);
EDDY_API void eddy__group_leave(eddy_group **group);

/*
 * Creates a task in the group. The handle is borrowed until the block that began the group is left;
 * in a group entered with eddy_group_enter(), until the end. Never returns NULL. If the group has
 * not begun, is shutting down or has ended, the task has already failed with EDDY_EMISUSE. Without
 * memory it has failed with -ENOMEM, and the group fails too, as with any child that fails.
 */
#define eddy_group_create_task(group, name, ...) \
    eddy_group_add((group), eddy_coro(name __VA_OPT__(, ) __VA_ARGS__), NULL)
#define eddy_group_create_task_with(group, name, ...) \
    eddy_group_add((group), eddy_coro_with(name, __VA_ARGS__), NULL)
EDDY_API eddy_task *eddy_group_add(eddy_group *group, eddy_coroutine *coroutine,
                                   const eddy_task_options *options);

/*
 * Creates a task without a handle: nothing of the child is kept once it is done.
 *
 *     while ((rc = eddy_listener_accept(listener, &stream)) == 0)
 *         eddy_group_start(&g, serve, stream);
 *
 * The coroutine object is consumed. Returns 0; EDDY_EMISUSE as above; or -ENOMEM, and then the
 * group fails with it as well. Never suspends.
 */
#define eddy_group_start(group, name, ...) \
    eddy_group_add_start((group), eddy_coro(name __VA_OPT__(, ) __VA_ARGS__), NULL)
EDDY_API int eddy_group_add_start(eddy_group *group, eddy_coroutine *coroutine,
                                  const eddy_task_options *options);

/*
 * Waits for all children and ends the group, which must be the newest open scope; `status` is the
 * body's. Returns `status` if that is no error and no child failed; EDDY_EGROUP; EDDY_CANCELLED if
 * the body or this wait was cancelled from outside, even after eddy_group_cancel() (CPython
 * gh-155433); 0 after eddy_group_cancel() alone; -ENOMEM; or EDDY_EMISUSE. Suspends while there are
 * children. A cancellation during the wait cancels the children, and the wait continues.
 */
EDDY_API EDDY_SUSPENDS int eddy_group_end(eddy_group *group, int status);

/*
 * Ends the group early, without an error: cancels the children and the body, and eddy_group_end()
 * returns 0. If called before eddy_group_enter(), the group is cancelled when it is entered.
 * Further calls do nothing. Returns 0, or EDDY_EMISUSE if the group has ended.
 */
EDDY_API int eddy_group_cancel(eddy_group *group);

EDDY_END_DECLS

#endif
