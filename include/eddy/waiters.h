/* SPDX-License-Identifier: MIT */
/*
 * waiters.h: the wait queue of locks, events and semaphores. It is public only because it is part
 * of their structs, which live in the caller's memory with a static initialiser. Not for direct
 * use.
 *
 * An object with waiters belongs to the first loop that uses it, and to its thread. While this
 * loop is alive, calls on other threads return EDDY_EMISUSE and change nothing; then the next loop
 * may use it.
 */
#ifndef EDDY_WAITERS_H
#define EDDY_WAITERS_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/* A wait queue, in FIFO order; each wait is on its task's stack. All zero is an empty queue. */
typedef struct eddy_waiters {
    struct wait *first;
    struct wait *last;
    struct wait *pending; /* waits before it have been woken or cancelled; NULL: all have */
    size_t live_count;    /* waits that have not been cancelled */
} eddy_waiters;

/* Initialises an empty queue. */
#define EDDY_NO_WAITERS {NULL, NULL, NULL, 0}

EDDY_END_DECLS

#endif
