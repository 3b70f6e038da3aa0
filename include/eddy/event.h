/* SPDX-License-Identifier: MIT */
/*
 * event.h: a flag that tasks wait for.
 *
 *     static eddy_event is_ready = EDDY_EVENT;
 *
 *     EDDY_TRY(eddy_event_wait(&is_ready));      // in some tasks
 *     eddy_event_set(&is_ready);                 // in another: all of them go on
 *
 * The struct is the caller's, needs no clean-up, and must not move while tasks wait on it.
 */
#ifndef EDDY_EVENT_H
#define EDDY_EVENT_H

#include <eddy/waiters.h>

EDDY_BEGIN_DECLS

/* An event; the caller's memory. */
typedef struct eddy_event {
    bool is_set;
    eddy_waiters waiters;
    uint32_t loop; /* that uses it; 0: none has */
} eddy_event;

/* Initialises an event that is not set. */
#define EDDY_EVENT {false, EDDY_NO_WAITERS, 0}

/* Sets `event` to not set, as EDDY_EVENT does. Always 0. */
EDDY_API int eddy_event_init(eddy_event *event);

/* Raises the flag and wakes all who wait, even if it is cleared before they run. Always 0. */
EDDY_API int eddy_event_set(eddy_event *event);

/* Takes the flag down. Always 0. */
EDDY_API int eddy_event_clear(eddy_event *event);

/* Whether the flag is up. */
EDDY_API bool eddy_event_is_set(const eddy_event *event);

/* Waits until the flag is raised. 0, EDDY_CANCELLED, EDDY_EMISUSE outside a task. Suspends unless set. */
EDDY_API EDDY_SUSPENDS int eddy_event_wait(eddy_event *event);

EDDY_END_DECLS

#endif
