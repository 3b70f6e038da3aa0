/* SPDX-License-Identifier: MIT */
/*
 * wakeup.h: a callback that other threads have a loop call, any number of times, without memory.
 *
 *     EDDY_TRY(eddy_wakeup_new(take_results, worker, &worker->wakeup));   // on the loop's thread
 *     EDDY_IGNORE(eddy_wakeup_signal(worker->wakeup));                    // on the worker's
 *
 * eddy_call_soon_threadsafe() allocates for each call, so it can fail when a result is ready and
 * memory is not. A wakeup allocates once, when it is made. libuv's uv_async_t is the same.
 */
#ifndef EDDY_WAKEUP_H
#define EDDY_WAKEUP_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* A callback, and whether a call of it is due. */
typedef struct eddy_wakeup eddy_wakeup;

/*
 * Makes a wakeup of the loop that runs on this thread; freed with eddy_wakeup_free(). The callback is
 * called on this thread, must not suspend, and its error goes to the exception handler.
 *
 * Returns 0, -ENOMEM, or EDDY_EMISUSE outside a loop or for a NULL. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_wakeup_new(eddy_callback *callback, void *data,
                                          eddy_wakeup **out_wakeup);

/*
 * Has the loop call callback(data) once, soon; wakes the loop if it sleeps. Signals that come before
 * the call are one. Any thread, also after the loop has ended: the wakeup owns a reference to it.
 * Needs no memory.
 *
 * Returns 0, -ESHUTDOWN once the loop takes no more calls, or EDDY_EMISUSE for NULL.
 */
EDDY_API EDDY_CHECKED int eddy_wakeup_signal(eddy_wakeup *wakeup);

/*
 * Frees it, on the loop's thread, also after the loop has closed. No call follows, even if one is due.
 * The caller sees to it that no other thread signals it any more.
 */
EDDY_API void eddy_wakeup_free(eddy_wakeup *wakeup);

EDDY_AUTO_FOR(eddy_wakeup, eddy_wakeup_free)

EDDY_END_DECLS

#endif
