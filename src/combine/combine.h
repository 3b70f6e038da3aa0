/* SPDX-License-Identifier: MIT */
/*
 * combine.h: the door of combine/: what is built of futures and callbacks, and the runner.
 *
 * Everything here stands above core/: no file of it switches stacks or touches the ready queue
 * other than through futures, handles and waits.
 */
#ifndef EDDY_COMBINE_COMBINE_H
#define EDDY_COMBINE_COMBINE_H

#include "core/core.h"

/*
 * Ends what the main task has left behind: tasks, then generators. 0, or an error after which nothing
 * goes on by itself; then, or in any case, the second one unwinds what is still there.
 */
int eddy__shutdown(struct eddy_loop *loop);
void eddy__shutdown_unwind(struct eddy_loop *loop, bool is_deadlocked);

/* eddy__coro_refuse() for a list. */
static inline void eddy__coro_refuse_all(struct eddy_future *const *awaitables, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)eddy__coro_refuse(awaitables[i], 0);
}

#endif
