/* SPDX-License-Identifier: MIT */
/*
 * wait.h: waiting for some or all of several tasks or futures, without cancelling any.
 *
 *     eddy_task *tasks[] = {a, b, c};
 *     int rc = eddy_wait(tasks, 3, 10.0, EDDY_FIRST_COMPLETED);
 *     for (int i = 0; rc >= 0 && i < 3; i++)
 *         if (eddy_task_done(tasks[i])) ...
 */
#ifndef EDDY_WAIT_H
#define EDDY_WAIT_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* When eddy_wait() returns. */
typedef enum eddy_return_when {
    EDDY_ALL_COMPLETED,   /* when all are done */
    EDDY_FIRST_COMPLETED, /* when one is done */
    EDDY_FIRST_EXCEPTION, /* when one has failed, or all are done; cancelled is not failed */
} eddy_return_when;

/*
 * Waits until the condition `return_when` holds, for `timeout` seconds at most (EDDY_NO_TIMEOUT: no
 * limit). It returns no task's error and cancels nothing.
 *
 * Returns how many are done, each counted once, even after the timeout; EDDY_CANCELLED; EDDY_EVALUE
 * for an empty list or a NaN; EDDY_ETYPE for a coroutine object, which is dropped (create a task
 * first); EDDY_EMISUSE; -ENOMEM. Suspends, even if all are done.
 */
EDDY_API EDDY_SUSPENDS int eddy_wait(eddy_future *const *futures, size_t count, double timeout,
                                     eddy_return_when return_when);

EDDY_END_DECLS

#endif
