/* SPDX-License-Identifier: MIT */
/*
 * wakeup.h: a loop's callback that other threads trigger, any number of times, without allocation.
 *
 *     EDDY_TRY(eddy_wakeup_new(take_results, worker, &worker->wakeup));   // on the loop's thread
 *     EDDY_IGNORE(eddy_wakeup_signal(worker->wakeup));                    // on the worker's
 *
 * eddy_call_soon_threadsafe() allocates for each call, so it can fail when a result is ready but
 * memory has run out. A wakeup allocates once, when it is created. It is like libuv's uv_async_t.
 */
#ifndef EDDY_WAKEUP_H
#define EDDY_WAKEUP_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* A callback, and whether a call is pending. */
typedef struct eddy_wakeup eddy_wakeup;

/*
 * Creates a wakeup for the loop that runs on this thread, to be freed with eddy_wakeup_free(). The
 * callback is called on this thread and must not suspend. Its error goes to the exception handler.
 *
 * Returns 0, -ENOMEM, or EDDY_EMISUSE outside a loop or for a NULL. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_wakeup_new(eddy_callback *callback, void *data,
                                          eddy_wakeup **out_wakeup);

/*
 * Makes the loop call callback(data) once, soon; wakes the loop if it sleeps. Signals before the
 * call count as one. Callable on any thread, even after the loop has ended: the wakeup owns a
 * reference to the loop. Does not allocate.
 *
 * Returns 0, -ESHUTDOWN if the loop accepts no more calls, or EDDY_EMISUSE for NULL.
 */
EDDY_API EDDY_CHECKED int eddy_wakeup_signal(eddy_wakeup *wakeup);

/*
 * Frees it, on the loop's thread, even after the loop has closed. A pending call is dropped. The
 * caller must ensure that no other thread signals it any more.
 */
EDDY_API void eddy_wakeup_free(eddy_wakeup *wakeup);

EDDY_AUTO_FOR(eddy_wakeup, eddy_wakeup_free)

EDDY_END_DECLS

#endif
