/* SPDX-License-Identifier: MIT */
/*
 * callback.c: plain functions that the loop is asked to call: soon, later, at a time.
 *
 * A callback is a handle with a timer's fields. The loop holds one reference until it has called or
 * dropped it. The caller may hold another, to cancel or inspect it. A callback that another thread
 * requested may be cancelled on that thread: the loop sees this when it comes to the callback.
 */
#include "core/inherit.h"
#include "core/run.h"

#include <errno.h>
#include <math.h>

struct eddy_handle {
    struct timer timer;
    _Atomic uint32_t refs; // if is_foreign: other threads may hold some
    bool is_timed;
    bool is_foreign; // requested by another thread, which may cancel it
    atomic_bool is_cancelled;
    atomic_bool is_over; // called, cancelled or dropped
    eddy_callback *callback;
    void *data;
    struct eddy_loop *loop;
    uint32_t loop_id;            // its number
    struct inherited *inherited; // of the code that requested the call
    struct post post; // of a call from another thread
};

static struct eddy_handle *handle_of(struct handle *handle)
{
    return container_of(container_of(handle, struct timer, handle), struct eddy_handle, timer);
}

static void run_callback(struct handle *base)
{
    struct eddy_handle *handle = handle_of(base);
    if (atomic_exchange(&handle->is_over, true)) { // cancelled by another thread
        eddy_handle_free(handle);
        return;
    }
    struct inherited *outer = eddy__inherited_enter(handle->inherited);
    int status = handle->callback(handle->data);
    if (status < 0)
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_CALLBACK,
            .message = "a callback failed",
            .status = status,
        });
    handle->inherited = eddy__inherited_leave(outer);
    eddy_handle_free(handle);
}

void eddy__callback_drop(struct handle *base)
{
    if (base->run != run_callback) {
        eddy__done_callback_drop(base, true);
        return;
    }
    struct eddy_handle *handle = handle_of(base);
    handle->is_over = true;
    eddy_handle_free(handle);
}

/* Consumes the reference `inherited`, also on failure. */
static struct eddy_handle *make_handle(struct eddy_loop *loop, eddy_callback *callback, void *data,
                                       struct inherited *inherited)
{
    struct eddy_handle *handle = eddy__zalloc(sizeof *handle);
    if (handle == NULL) {
        eddy__inherited_unref(inherited);
        return NULL;
    }
    handle->timer.handle.run = run_callback;
    handle->refs = 1;
    handle->callback = callback;
    handle->data = data;
    handle->loop = loop;
    handle->loop_id = loop->id;
    handle->inherited = inherited;
    return handle;
}

static int new_handle(eddy_callback *callback, void *data, struct eddy_handle **out)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL || callback == NULL)
        return eddy__misuse("eddy_call_soon: no loop runs on this thread, or no callback is given");
    struct inherited *inherited;
    if (eddy__inherit(&inherited) < 0)
        return -ENOMEM;
    *out = make_handle(loop, callback, data, inherited);
    return *out != NULL ? 0 : -ENOMEM;
}

static int hand_out(struct eddy_handle *handle, eddy_handle **out_handle)
{
    if (out_handle != NULL) {
        handle->refs++;
        *out_handle = handle;
        if (!handle->is_foreign)
            eddy__track(handle, "handle");
    }
    return 0;
}

int eddy__call_soon(eddy_callback *callback, void *data, eddy_handle **out_handle)
{
    struct eddy_handle *handle = NULL;
    int err = new_handle(callback, data, &handle);
    if (err < 0)
        return err;
    eddy__loop_ready(handle->loop, &handle->timer.handle);
    return hand_out(handle, out_handle);
}

static int call_at_ns(int64_t when_ns, eddy_callback *callback, void *data,
                      eddy_handle **out_handle)
{
    struct eddy_handle *handle = NULL;
    int err = new_handle(callback, data, &handle);
    if (err < 0)
        return err;
    handle->is_timed = true;
    err = eddy__timer_arm(handle->loop, &handle->timer, when_ns);
    if (err < 0) {
        eddy_handle_free(handle);
        return err;
    }
    return hand_out(handle, out_handle);
}

int eddy__call_at(double when, eddy_callback *callback, void *data, eddy_handle **out_handle)
{
    if (isnan(when))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_call_at: the time is not a number");
    return call_at_ns(eddy__ns_of_seconds(when), callback, data, out_handle);
}

int eddy__call_later(double delay, eddy_callback *callback, void *data, eddy_handle **out_handle)
{
    if (isnan(delay))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_call_later: the delay is not a number");
    struct eddy_loop *loop = eddy__loop_current();
    int64_t now_ns = loop != NULL ? eddy__loop_now_ns(loop) : 0;
    return call_at_ns(eddy__ns_add(now_ns, eddy__ns_of_seconds(delay)), callback, data, out_handle);
}

/* On the loop's thread. Cannot fail: the calling thread has allocated everything. */
static void queue_posted(struct post *post)
{
    struct eddy_handle *handle = container_of(post, struct eddy_handle, post);
    eddy__loop_ready(handle->loop, &handle->timer.handle);
}

int eddy__call_soon_threadsafe(eddy_loop *loop, eddy_callback *callback, void *data,
                               eddy_handle **out_handle)
{
    if (loop == NULL || callback == NULL)
        return eddy__misuse("eddy_call_soon_threadsafe: no loop, or no callback is given");
    struct eddy_handle *handle = make_handle(loop, callback, data, eddy__inherit_variables());
    if (handle == NULL)
        return -ENOMEM;
    handle->post.run = queue_posted;
    handle->is_foreign = true;
    hand_out(handle, out_handle);
    int err = eddy__loop_post(loop, &handle->post);
    if (err == 0)
        return 0;
    if (out_handle != NULL) {
        *out_handle = NULL;
        eddy_handle_free(handle);
    }
    eddy_handle_free(handle);
    return err;
}

int eddy_handle_cancel(eddy_handle *handle)
{
    if (handle == NULL)
        return 0;
    if (!handle->is_foreign && handle->loop_id != eddy__loop_id() &&
        (!handle->is_over || eddy__loop_is_elsewhere(handle->loop_id)))
        return eddy__misuse("eddy_handle_cancel: the handle belongs to another loop");
    handle->is_cancelled = true;
    if (atomic_exchange(&handle->is_over, true))
        return 0;
    if (handle->is_foreign)
        return 1; // the loop drops it when it comes to it
    eddy__timer_disarm(handle->loop, &handle->timer);
    eddy_handle_free(handle); // the loop's reference
    return 1;
}

bool eddy_handle_cancelled(const eddy_handle *handle)
{
    return handle != NULL && handle->is_cancelled;
}

double eddy_handle_when(const eddy_handle *handle)
{
    return handle != NULL && handle->is_timed ? eddy__seconds_of_ns(handle->timer.when_ns) : (double)NAN;
}

void eddy_handle_free(eddy_handle *handle)
{
    if (handle == NULL)
        return;
    if (!handle->is_foreign && handle->loop_id != eddy__loop_id() &&
        eddy__loop_is_elsewhere(handle->loop_id)) {
        eddy__report_misuse("eddy_handle_free: the handle belongs to the loop of another thread; "
                            "it is kept");
        return;
    }
    if (atomic_fetch_sub_explicit(&handle->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (!handle->is_foreign)
        eddy__untrack(handle);
    eddy__inherited_unref(handle->inherited);
    eddy__free(handle);
}
