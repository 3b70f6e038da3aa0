/* SPDX-License-Identifier: MIT */
/*
 * waiters.h: the row of tasks that wait for a lock, an event, a semaphore: part of their structs, so
 * that these can live in the caller's memory with a static initialiser. Not for direct use.
 *
 * What has waiters belongs to one loop and its thread: that of its first use. While this loop is alive,
 * another thread gets EDDY_EMISUSE, and nothing happens; afterwards the next loop has it.
 */
#ifndef EDDY_WAITERS_H
#define EDDY_WAITERS_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/* Tasks that wait, each in its own frame, in order of arrival. All zero is an empty queue. */
typedef struct eddy_waiters {
    struct wait *first;
    struct wait *last;
    struct wait *pending; /* those before it have been woken or cancelled; NULL: all have */
    size_t live_count;    /* those that have not been cancelled */
} eddy_waiters;

/* Initialises an empty queue. */
#define EDDY_NO_WAITERS {NULL, NULL, NULL, 0}

EDDY_END_DECLS

#endif
