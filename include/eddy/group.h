/* SPDX-License-Identifier: MIT */
/*
 * group.h: tasks that belong together: none outlives the scope, and one's error ends all.
 *
 *     eddy_group g;
 *     eddy_group_begin(&g);
 *     eddy_task *a = eddy_group_create_task(&g, aget_data, 1);     // lent until the block ends
 *     eddy_task *b = eddy_group_create_task(&g, aget_data, 2);
 *     int rc = eddy_group_end(&g, 0);                              // waits for both
 *     EDDY_TRY(eddy_task_result(a, &reply));
 *
 * When a child fails, the others are cancelled, and so is the body at its next await; the end then
 * returns EDDY_EGROUP, with the errors as members (error.h). When the body fails, or is cancelled,
 * the children are cancelled. A child that can't be made (-ENOMEM) counts as one that has failed.
 *
 * Children may point into the frame that began the group: the frame stays until they are done, also
 * when it is left without eddy_group_end(). Then the children are waited for, as at the end; they are
 * cancelled first if the body leaves by EDDY_TRY, has called eddy_fail() or eddy_fail_from(), or was
 * asked to cancel since the group began. (A `return` of another error can't be told from `return 0`
 * there: give it to EDDY_TRY or eddy_group_end().) The group's outcome is that of the body; where the body
 * goes on, after a `break` say, and ends a scope around the block, of that scope. A cancellation that came
 * while the children were waited for is delivered at the body's next await.
 *
 * A server's group lives long, and its clients come and go: eddy_group_start() makes children without
 * a handle, of which nothing is kept once they are done. One made with eddy_group_create_task() keeps
 * its task (some 130 bytes and its result) as long as the handle is lent.
 */
#ifndef EDDY_GROUP_H
#define EDDY_GROUP_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* The handle of a group; the caller's memory. */
typedef struct eddy_group {
    struct group *group; /* NULL before the beginning and after the end */
    struct group *ended; /* after the end, until the block is left: its tasks can still be read */
    bool is_used;
    bool is_cancelled; /* before the beginning */
    int failure;       /* why eddy_group_begin() could not begin it; or 0 */
    bool is_failure_told; /* by eddy_group_end() */
} eddy_group;

/* Initialises a group that has not begun, for eddy_group_enter(). */
#define EDDY_GROUP {NULL, NULL, false, false, 0, false}

/*
 * Begins a group in the current task. The children are joined at the end of the block where this
 * stands at the latest. A group that could not begin (EDDY_EMISUSE: outside a task; -ENOMEM) refuses
 * children, and its end returns that error, as does a body that is left without the end.
 */
#define eddy_group_begin(group_)                                                              \
    *(group_) = (eddy_group)EDDY_GROUP;                                                       \
    eddy_group *EDDY__CAT(eddy_group_at_, __COUNTER__)                                          \
        __attribute__((cleanup(eddy__group_leave), unused)) =                                 \
            eddy__group_begin_here((group_), EDDY_HERE, __func__)

/* The same as a function, for a group whose end stands elsewhere. 0, or EDDY_EMISUSE, -ENOMEM. */
EDDY_API EDDY_CHECKED int eddy_group_enter(eddy_group *group);

EDDY_API eddy_group *eddy__group_begin_here(eddy_group *group, const eddy_place *place,
                                            const char *function);
EDDY_API void eddy__group_leave(eddy_group **group);

/*
 * Creates a task in the group; lent until the block that began the group is left (until the end, of
 * a group that was entered with eddy_group_enter()). Never NULL: refused (EDDY_EMISUSE: the
 * group has not begun, is shutting down, or has ended) it is a task that has failed already. So it is
 * without memory (-ENOMEM); then the group fails too, as with any child that fails.
 */
#define eddy_group_create_task(group, name, ...) \
    eddy_group_add((group), eddy_coro(name __VA_OPT__(, ) __VA_ARGS__), NULL)
#define eddy_group_create_task_with(group, name, ...) \
    eddy_group_add((group), eddy_coro_with(name, __VA_ARGS__), NULL)
EDDY_API eddy_task *eddy_group_add(eddy_group *group, eddy_coroutine *coroutine,
                                   const eddy_task_options *options);

/*
 * The same without a handle: nothing of the child is kept once it is done.
 *
 *     while ((rc = eddy_listener_accept(listener, &stream)) == 0)
 *         eddy_group_start(&g, serve, stream);
 *
 * The coroutine object is used up. Returns 0, or why there is no such task: EDDY_EMISUSE as above, or
 * -ENOMEM, which the group fails with as well. Never suspends.
 */
#define eddy_group_start(group, name, ...) \
    eddy_group_add_start((group), eddy_coro(name __VA_OPT__(, ) __VA_ARGS__), NULL)
EDDY_API int eddy_group_add_start(eddy_group *group, eddy_coroutine *coroutine,
                                  const eddy_task_options *options);

/*
 * Ends the group, which must be the newest open scope, with the status of its body: waits for all
 * children. Returns `status`, if that is no error and no child failed; EDDY_EGROUP; EDDY_CANCELLED
 * when the body or the waiting was cancelled from outside, also after eddy_group_cancel() (CPython
 * gh-155433); 0 after eddy_group_cancel() alone; -ENOMEM; or EDDY_EMISUSE. Suspends while there are
 * children; a cancellation meanwhile cancels them, and waits on.
 */
EDDY_API EDDY_SUSPENDS int eddy_group_end(eddy_group *group, int status);

/*
 * Ends the group early and without error: cancels children and body; the end returns 0. Before
 * eddy_group_enter() it has the group end as soon as it is entered. Once is enough. 0, or EDDY_EMISUSE
 * when it has ended.
 */
EDDY_API int eddy_group_cancel(eddy_group *group);

EDDY_END_DECLS

#endif
