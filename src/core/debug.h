/* SPDX-License-Identifier: MIT */
/*
 * debug.h: the parts of debug mode, shared by the files of core/ and io/.
 *
 *   trace      callers, kept as addresses until a report is written                    trace.c
 *   watchdog   a thread that checks whether a step keeps the loop busy                 watchdog.c
 *   tracked    objects whose references have not all been released                     tracked.c
 *   debug      state of a loop in debug mode: the watchdog, and the cancellations      debug.c
 *              that were delivered to tasks
 *
 * Outside debug mode `loop->debug` is NULL and nothing here costs more than that test.
 */
#ifndef EDDY_CORE_DEBUG_H
#define EDDY_CORE_DEBUG_H

#include "core/core.h"

/* ---- traces ----------------------------------------------------------------------------------*/

enum { TRACE_MAX = 16 }; // addresses

struct trace {
    const char *coroutine; // the task's coroutine; NULL: a callback
    size_t count;
    void *addresses[TRACE_MAX]; // return addresses, innermost first
};

/* Records the caller's stack. Takes a few microseconds; no names are looked up yet. */
void eddy__trace_take(struct trace *trace);

/* Writes the calling function outside the library: "fetch+0x1c (app+0x12ab)". As snprintf(3). */
size_t eddy__trace_format(const struct trace *trace, char *buf, size_t size);

/* ---- the watchdog ----------------------------------------------------------------------------*/

struct watchdog;

/*
 * Starts a thread that checks whether a step of the loop on this thread takes longer than
 * `limit_ns`. NULL without memory or thread. Without a free signal, reports lack the stack.
 */
struct watchdog *eddy__watchdog_open(int64_t limit_ns);
void eddy__watchdog_close(struct watchdog *watchdog);

/* A step of `task`, or of a callback (NULL), begins; the step has ended. */
void eddy__watchdog_step_begins(struct watchdog *watchdog, const struct eddy_future *task,
                                int64_t now_ns);
void eddy__watchdog_step_ends(struct watchdog *watchdog);

/* ---- a loop in debug mode --------------------------------------------------------------------*/

/* Objects made while the loop ran, and not freed yet; tracked.c. */
struct tracked_table {
    struct tracked **buckets;
    size_t bucket_count; // a power of two, or 0
    size_t count;
};

struct debug {
    struct watchdog *watchdog; // or NULL
    struct tracked_table tracked;
    struct list deliveries;    // of cancellations, to tasks that have not ended
    struct list open_notes;    // of what must be closed before the loop: open_note.c
};

/* The seconds from which on a step is slow. */
double eddy__debug_slow_limit(const struct eddy_loop *loop);

/* Without memory nothing is recorded, and the loop runs all the same. */
void eddy__debug_open(struct eddy_loop *loop);
void eddy__debug_close(struct eddy_loop *loop);

/* `what` returns EDDY_CANCELLED to the running task; the body of `task` ended with `status`. */
void eddy__debug_cancelled(struct task *task, const char *what);
void eddy__debug_task_ends(struct task *task, int status);

/* Tracks a future or task of the running loop, which is in debug mode; untracks a freed one. */
void eddy__track_future(struct eddy_future *future);
void eddy__untrack_future(struct eddy_future *future); // is_tracked

/* Reports what is still tracked, after the closing loop has released what it held. */
void eddy__report_tracked(struct eddy_loop *loop);

/* Reports what was not closed, when the loop closes. */
void eddy__debug_report_unclosed(struct eddy_loop *loop);

#endif
