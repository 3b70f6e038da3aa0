/* SPDX-License-Identifier: MIT */
/*
 * waiters.h: the row of tasks that wait for a lock, an event, a semaphore: part of their structs, so
 * that these can live in the caller's memory with a static initialiser. Not for direct use.
 */
#ifndef EDDY_WAITERS_H
#define EDDY_WAITERS_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/* Tasks in a row, each waiting in its own frame. All zero is an empty row. */
typedef struct eddy_waiters {
    struct wait *first;
    struct wait *last;
} eddy_waiters;

EDDY_END_DECLS

#endif
