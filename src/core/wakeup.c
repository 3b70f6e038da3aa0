/* SPDX-License-Identifier: MIT */
/*
 * wakeup.c: a callback that other threads can request without allocating memory.
 *
 *     idle --signal--> due (posted to the inbox) --the loop takes it--> idle, and called
 *
 * Invariants:
 *   - The post is in the inbox exactly while `is_due` is set, and holds a reference then.
 *   - A post in the inbox is always run, by the closing of the loop at the latest.
 */
#include "core/run.h"

#include <eddy/wakeup.h>

#include <errno.h>
#include <stdatomic.h>

struct eddy_wakeup {
    struct post post;
    struct eddy_loop *loop;  // a reference
    eddy_callback *callback; // NULL: freed; the loop's thread alone
    void *data;
    _Atomic uint32_t refs; // the user's, the inbox's
    atomic_bool is_due;
};

static void unref(struct eddy_wakeup *wakeup)
{
    if (atomic_fetch_sub_explicit(&wakeup->refs, 1, memory_order_acq_rel) > 1)
        return;
    eddy__loop_unref(wakeup->loop);
    eddy__free(wakeup);
}

static void call(struct post *post)
{
    struct eddy_wakeup *wakeup = container_of(post, struct eddy_wakeup, post);
    // Before the call: a signal from now on may be for something that the call misses.
    atomic_store(&wakeup->is_due, false);
    int status = wakeup->callback != NULL ? wakeup->callback(wakeup->data) : 0;
    if (status < 0)
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_CALLBACK,
            .message = "a callback failed",
            .status = status,
        });
    unref(wakeup);
}

int eddy_wakeup_new(eddy_callback *callback, void *data, eddy_wakeup **out_wakeup)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL || callback == NULL || out_wakeup == NULL)
        return eddy__misuse("eddy_wakeup_new: no loop runs on this thread, or no callback is given");
    struct eddy_wakeup *wakeup = eddy__zalloc(sizeof *wakeup);
    if (wakeup == NULL)
        return -ENOMEM;
    wakeup->post.run = call;
    wakeup->loop = eddy_loop_ref(loop);
    wakeup->callback = callback;
    wakeup->data = data;
    wakeup->refs = 1;
    *out_wakeup = wakeup;
    return 0;
}

int eddy_wakeup_signal(eddy_wakeup *wakeup)
{
    if (wakeup == NULL)
        return eddy__misuse("eddy_wakeup_signal: no wakeup is given");
    if (atomic_exchange(&wakeup->is_due, true))
        return 0;
    atomic_fetch_add(&wakeup->refs, 1);
    int err = eddy__loop_post(wakeup->loop, &wakeup->post);
    if (err < 0) {
        atomic_store(&wakeup->is_due, false);
        unref(wakeup);
    }
    return err;
}

void eddy_wakeup_free(eddy_wakeup *wakeup)
{
    if (wakeup == NULL)
        return;
    if (wakeup->loop->id != eddy__loop_id() && eddy__loop_is_elsewhere(wakeup->loop->id)) {
        eddy__report_misuse("eddy_wakeup_free: the wakeup belongs to the loop of another thread; it "
                            "is kept");
        return;
    }
    wakeup->callback = NULL;
    unref(wakeup);
}
