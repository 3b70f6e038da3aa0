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

/* A deadline, as a member of what it is about. All zero: not in a row. */
struct watch {
    struct watch *next, *prev;
    struct watch_row *row;    // NULL: not watched
    double when;              // by eddy_time()
};

struct watch_row {
    struct watch *first, *last;
    size_t count;
    double seconds;                          // each watch lasts; EDDY_NO_TIMEOUT: for ever
    void (*expired)(struct watch *watch);    // its time is up, and it has been taken off the row
    eddy_handle *timer;                      // NULL: not set
};

/* Begins; or ends, if it has begun. Never suspend. Without memory for the timer nothing expires. */
void eddy__watch_begin(struct watch_row *row, struct watch *watch);
void eddy__watch_end(struct watch *watch);

/* Drops the timer. */
void eddy__watch_row_fini(struct watch_row *row);

#endif
