/* SPDX-License-Identifier: MIT */
/*
 * barrier.h: a reusable barrier for a fixed number of tasks.
 *
 *     static eddy_barrier start = EDDY_BARRIER(3);
 *
 *     int index = eddy_barrier_wait(&start);       // 0, 1, 2: different for each of the three
 *
 * If a task is cancelled while the barrier fills, the last task to arrive takes over its index, so
 * tasks that pass together always have different indices (CPython gh-155233).
 *
 * The caller owns the struct. It needs no clean-up and must not move while tasks wait on it.
 */
#ifndef EDDY_BARRIER_H
#define EDDY_BARRIER_H

#include <eddy/condition.h>

EDDY_BEGIN_DECLS

/* The state of a barrier. */
typedef enum eddy_barrier_state {
    EDDY_BARRIER_FILLING,   /* tasks arrive and wait */
    EDDY_BARRIER_DRAINING,  /* all parties have arrived and are leaving */
    EDDY_BARRIER_RESETTING, /* it was reset; the waiters leave with an error */
    EDDY_BARRIER_BROKEN,    /* it was aborted */
} eddy_barrier_state;

/* A barrier, in the caller's memory. Read its members through the functions below. */
typedef struct eddy_barrier {
    eddy_condition changed;
    eddy_barrier_state state;
    int parties;
    int count; /* tasks inside */
    struct eddy__barrier_party *last; /* the party with the highest index */
} eddy_barrier;

/* Initialises a barrier for `parties` tasks, at least 1. */
#define EDDY_BARRIER(parties) {EDDY_CONDITION, EDDY_BARRIER_FILLING, (parties), 0, NULL}

/* Initialises a barrier. Returns 0, EDDY_EVALUE if `parties` < 1, or EDDY_EMISUSE for NULL. */
EDDY_API EDDY_CHECKED int eddy_barrier_init(eddy_barrier *barrier, int parties);

/*
 * Waits until all parties have arrived. Suspends until then. Returns this task's index, 0 to
 * parties - 1; EDDY_CANCELLED, and only this task leaves; EDDY_EBROKENBARRIER if the barrier is
 * aborted or is reset during the wait; or EDDY_EMISUSE.
 */
EDDY_API EDDY_SUSPENDS int eddy_barrier_wait(eddy_barrier *barrier);

/*
 * Empties the barrier: the waiters get EDDY_EBROKENBARRIER. Suspends while its lock is held.
 * Returns 0, EDDY_CANCELLED (nothing has changed), or EDDY_EMISUSE outside a task.
 */
EDDY_API EDDY_SUSPENDS int eddy_barrier_reset(eddy_barrier *barrier);

/* Breaks the barrier for waiters and later arrivals, until a reset. Suspends, returns as reset. */
EDDY_API EDDY_SUSPENDS int eddy_barrier_abort(eddy_barrier *barrier);

/*
 * Return the number of parties, how many of them are waiting (0 unless it is filling), and whether
 * the barrier is broken.
 */
EDDY_API int eddy_barrier_parties(const eddy_barrier *barrier);
EDDY_API int eddy_barrier_n_waiting(const eddy_barrier *barrier);
EDDY_API bool eddy_barrier_broken(const eddy_barrier *barrier);

EDDY_END_DECLS

#endif
