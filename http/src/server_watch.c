/* SPDX-License-Identifier: MIT */
/*
 * server_watch.c: many deadlines on one timer.
 *
 * Invariants:
 *   - A list (struct watch_row) is sorted by `when`: the clock never goes back, and all watches of
 *     a list have the same duration.
 *   - While a list has watches that can expire, its timer is set for the first deadline or earlier.
 *   - A watch leaves its list before `expired` is called, which may begin it again.
 *
 * Owns the timer of each list. Called by server_connection.c and server.c.
 */
#include "server_watch.h"

static void unlink_watch(struct watch *watch)
{
    struct watch_row *row = watch->row;
    if (watch->prev != NULL)
        watch->prev->next = watch->next;
    else
        row->first = watch->next;
    if (watch->next != NULL)
        watch->next->prev = watch->prev;
    else
        row->last = watch->prev;
    row->count--;
    watch->row = NULL;
}

static void set_timer(struct watch_row *row, eddy_callback *callback)
{
    if (row->timer == NULL && row->first != NULL && row->seconds != EDDY_NO_TIMEOUT)
        EDDY_IGNORE(eddy_call_at(row->first->when, callback, row, &row->timer));
}

static int look_at_row(void *data)
{
    struct watch_row *row = data;
    eddy_handle_free(row->timer);
    row->timer = NULL;
    double now = eddy_time();
    while (row->first != NULL && row->first->when <= now) {
        struct watch *watch = row->first;
        unlink_watch(watch);
        row->expired(watch);
    }
    set_timer(row, look_at_row);
    return 0;
}

void eddy__watch_begin(struct watch_row *row, struct watch *watch)
{
    watch->row = row;
    watch->when = row->seconds != EDDY_NO_TIMEOUT ? eddy_time() + row->seconds : EDDY_NO_TIMEOUT;
    watch->next = NULL;
    watch->prev = row->last;
    if (row->last != NULL)
        row->last->next = watch;
    else
        row->first = watch;
    row->last = watch;
    row->count++;
    if (row->timer == NULL)
        set_timer(row, look_at_row);
}

void eddy__watch_end(struct watch *watch)
{
    if (watch->row != NULL)
        unlink_watch(watch);
}

void eddy__watch_row_fini(struct watch_row *row)
{
    if (row->timer == NULL)
        return;
    eddy_handle_cancel(row->timer);
    eddy_handle_free(row->timer);
    row->timer = NULL;
}
