/* SPDX-License-Identifier: MIT */
/*
 * wait_for.c: awaiting one future with a timeout.
 *
 * With a positive timeout it is exactly a timeout scope around an await. With none left, what is
 * not done yet is cancelled and awaited, so that nothing runs on after the call returns.
 */
#include "combine/combine.h"

#include <eddy/timeout.h>

#include <math.h>

/* Wakes a wait when a future is done. */
struct wakeup {
    struct handle handle;
    struct wait wait;
};

static void wake(struct handle *handle)
{
    eddy__wait_finish(&container_of(handle, struct wakeup, handle)->wait, 0);
}

struct eddy_future *eddy__wait_for_behind(const struct handle *handle)
{
    if (handle->run != wake)
        return NULL;
    return &container_of(handle, struct wakeup, handle)->wait.task->future;
}

static int cancel_and_wait(struct eddy_future *future, const eddy_place *place)
{
    struct wakeup wakeup = {.handle.run = wake};
    int err = eddy__wait_init(&wakeup.wait, "eddy_wait_for");
    if (err < 0)
        return err;
    eddy__future_subscribe(future, &wakeup.handle);
    struct eddy_error *why = eddy__cancellation_new(EDDY_CANCEL_DEADLINE, NULL, place);
    eddy__future_cancel_for(future, why);
    eddy__error_unref(why);
    err = eddy__wait_park(&wakeup.wait);
    eddy__handle_cancel(&wakeup.handle);
    return err;
}

static int wait_without_time(struct eddy_future *awaitable, void *out_value, size_t size,
                             const eddy_place *place)
{
    struct eddy_future *future = eddy__future_of(awaitable);
    bool was_done = eddy__future_is_done(future);
    int status = was_done ? 0 : cancel_and_wait(future, place);
    if (status >= 0) {
        status = eddy__future_take(future, out_value, size);
        if (!was_done && status == EDDY_CANCELLED)
            status = eddy__fail_plain(EDDY_TIMEDOUT, NULL);
    }
    eddy_future_free(future);
    return status;
}

int eddy__wait_for(eddy_future *awaitable, double seconds, void *out_value, size_t size,
                   const eddy_place *place)
{
    int err = 0;
    if (eddy__task_required("eddy_wait_for", &err) != NULL)
        err = eddy__future_check(awaitable);
    if (err == 0 && isnan(seconds))
        err = eddy__fail_plain(EDDY_EVALUE, "eddy_wait_for: the time is not a number");
    if (err < 0)
        return eddy__coro_refuse(awaitable, err);
    if (seconds <= 0)
        return wait_without_time(awaitable, out_value, size, place);
    err = eddy__timeout_begin(seconds, place, "eddy_wait_for");
    if (err < 0)
        return eddy_timeout_end(eddy__coro_refuse(awaitable, err));
    return eddy_timeout_end(eddy__await(awaitable, out_value, size));
}
