/* SPDX-License-Identifier: MIT */
/*
 * server_watch.h: many deadlines on one timer.
 *
 * All watches of a list (struct watch_row) have the same duration, so the list is always sorted by
 * deadline: beginning or ending a watch only links or unlinks it, and sets no timer. The list's one
 * timer runs until the deadline that was first when the timer was set; it is not set again when
 * that watch ends.
 */
#ifndef EDDY_HTTP_SERVER_WATCH_H
#define EDDY_HTTP_SERVER_WATCH_H

#include <stddef.h>

#include <eddy/loop.h>

/* A deadline, embedded in the object that it applies to. All zero: not in a list. */
struct watch {
    struct watch *next, *prev;
    struct watch_row *row;    // NULL: not watched
    double when;              // by eddy_time()
};

struct watch_row {
    struct watch *first, *last;
    size_t count;
    double seconds;                          // duration of each watch; EDDY_NO_TIMEOUT: unlimited
    void (*expired)(struct watch *watch);    // it expired, and has left the list
    eddy_handle *timer;                      // NULL: not set
};

/* Begin a watch, or end it if it has begun. Never suspend. If memory is out, nothing expires. */
void eddy__watch_begin(struct watch_row *row, struct watch *watch);
void eddy__watch_end(struct watch *watch);

/* Frees the timer. */
void eddy__watch_row_fini(struct watch_row *row);

#endif
