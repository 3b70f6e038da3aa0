/* SPDX-License-Identifier: MIT */
/*
 * wait.h: waiting for some of several tasks or futures, cancelling none.
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

/* What is waited for. */
typedef enum eddy_return_when {
    EDDY_ALL_COMPLETED,   /* until all are done */
    EDDY_FIRST_COMPLETED, /* until one is */
    EDDY_FIRST_EXCEPTION, /* until one has failed, or all are done; a cancelled one does not count */
} eddy_return_when;

/*
 * Waits until all, or one, are done, for `timeout` seconds at most (EDDY_NO_TIMEOUT: no limit).
 *
 * Returns how many are done, each counted once; 0 or more also when the time is over. Raises no
 * task's error and cancels nothing. EDDY_CANCELLED; EDDY_EVALUE for an empty list or a NaN;
 * EDDY_ETYPE for a coroutine object (create a task first; it is dropped); EDDY_EMISUSE; -ENOMEM.
 * Suspends, even if all are done.
 */
EDDY_API EDDY_SUSPENDS int eddy_wait(eddy_future *const *futures, size_t count, double timeout,
                                     eddy_return_when return_when);

EDDY_END_DECLS

#endif
