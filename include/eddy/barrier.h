/* SPDX-License-Identifier: MIT */
/*
 * barrier.h: a meeting point for a fixed number of tasks, over and over again.
 *
 *     static eddy_barrier start = EDDY_BARRIER(3);
 *
 *     int index = eddy_barrier_wait(&start);       // 0, 1, 2: each of the three gets another
 *
 * A task that is cancelled while the barrier fills leaves its index to the task that came last, so
 * the tasks that pass together always have different ones (CPython gh-155233).
 *
 * The struct is the caller's, needs no clean-up, and must not move while tasks wait on it.
 */
#ifndef EDDY_BARRIER_H
#define EDDY_BARRIER_H

#include <eddy/condition.h>

EDDY_BEGIN_DECLS

/* What a barrier is at. */
typedef enum eddy_barrier_state {
    EDDY_BARRIER_FILLING,   /* tasks come and wait */
    EDDY_BARRIER_DRAINING,  /* all parties are here, and leave */
    EDDY_BARRIER_RESETTING, /* it was reset; those who waited leave with an error */
    EDDY_BARRIER_BROKEN,    /* it was aborted */
} eddy_barrier_state;

/* A barrier; the caller's memory. Read its members through the functions below. */
typedef struct eddy_barrier {
    eddy_condition changed;
    eddy_barrier_state state;
    int parties;
    int count; /* tasks inside */
    struct eddy__barrier_party *last; /* the one with the highest index */
} eddy_barrier;

/* Initialises a barrier for so many tasks, 1 at least. */
#define EDDY_BARRIER(parties) {EDDY_CONDITION, EDDY_BARRIER_FILLING, (parties), 0, NULL}

/* EDDY_EVALUE unless `parties` is at least 1. */
EDDY_API EDDY_CHECKED int eddy_barrier_init(eddy_barrier *barrier, int parties);

/*
 * Waits until all parties are here. Returns this task's index, 0 to parties - 1; or EDDY_CANCELLED:
 * it only leaves; or EDDY_EBROKENBARRIER after abort, or when reset while waiting; EDDY_EMISUSE.
 */
EDDY_API EDDY_SUSPENDS int eddy_barrier_wait(eddy_barrier *barrier);

/*
 * Empties it: those who wait get EDDY_EBROKENBARRIER. Waits for its lock. Returns 0, EDDY_CANCELLED
 * (nothing has changed), or EDDY_EMISUSE outside a task.
 */
EDDY_API EDDY_SUSPENDS int eddy_barrier_reset(eddy_barrier *barrier);

/* Breaks it for good, now and for all who come, until it is reset. Waits and returns as reset. */
EDDY_API EDDY_SUSPENDS int eddy_barrier_abort(eddy_barrier *barrier);

/*
 * How many tasks it takes, how many of them wait here now (0 unless it is filling), and whether it
 * is broken.
 */
EDDY_API int eddy_barrier_parties(const eddy_barrier *barrier);
EDDY_API int eddy_barrier_n_waiting(const eddy_barrier *barrier);
EDDY_API bool eddy_barrier_broken(const eddy_barrier *barrier);

EDDY_END_DECLS

#endif
