/* SPDX-License-Identifier: MIT */
/*
 * event.h: a flag that tasks wait for.
 *
 *     static eddy_event is_ready = EDDY_EVENT;
 *
 *     EDDY_TRY(eddy_event_wait(&is_ready));      // in some tasks
 *     eddy_event_set(&is_ready);                 // in another: all of them resume
 *
 * The caller owns the struct. It needs no clean-up and must not move while tasks wait on it.
 */
#ifndef EDDY_EVENT_H
#define EDDY_EVENT_H

#include <eddy/waiters.h>

EDDY_BEGIN_DECLS

/* An event, in the caller's memory. */
typedef struct eddy_event {
    bool is_set;
    eddy_waiters waiters;
    uint32_t loop; /* the loop that uses it; 0: none yet */
} eddy_event;

/* Initialises an event that is not set. */
#define EDDY_EVENT {false, EDDY_NO_WAITERS, 0}

/* Initialises `event` as not set, as EDDY_EVENT does. Returns 0, or EDDY_EMISUSE for NULL. */
EDDY_API int eddy_event_init(eddy_event *event);

/* Sets the flag and wakes all waiters, even if it is cleared before they run. 0 or EDDY_EMISUSE. */
EDDY_API int eddy_event_set(eddy_event *event);

/* Clears the flag. Returns 0 or EDDY_EMISUSE. */
EDDY_API int eddy_event_clear(eddy_event *event);

/* Returns whether the flag is set. */
EDDY_API bool eddy_event_is_set(const eddy_event *event);

/* Waits until the flag is set; suspends unless it is. 0, EDDY_CANCELLED, EDDY_EMISUSE (no task). */
EDDY_API EDDY_SUSPENDS int eddy_event_wait(eddy_event *event);

EDDY_END_DECLS

#endif
