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

/* Tasks in a row, each waiting in its own frame. All zero is an empty row. */
typedef struct eddy_waiters {
    struct wait *first;
    struct wait *last;
} eddy_waiters;

EDDY_END_DECLS

#endif
