/* SPDX-License-Identifier: MIT */
/*
 * shield.c: a future that can be cancelled without cancelling the inner one.
 *
 * The shield has one handle among the callbacks of the inner future, to copy its outcome, and one
 * among its own, to notice that it was cancelled first. Then the copying handle is removed and
 * replaced by a reporter, so that an error of the inner future still reaches the exception handler.
 * However many shields of one inner future are cancelled, it has one reporter.
 */
#include "combine/combine.h"

#include <eddy/shield.h>

struct shield {
    struct eddy_future future;  // first
    struct handle inner_done;   // among the inner's callbacks
    struct handle outer_done;   // among our own
    struct pin pin;             // while either handle is among callbacks or queued
    struct eddy_future *inner;
};

struct reporter {
    struct handle handle; // among the inner's callbacks
    struct pin pin;
    struct eddy_future *inner;
};

static struct shield *shield_of(struct eddy_future *future)
{
    return container_of(future, struct shield, future);
}

static bool cancel_shield(struct eddy_future *future, struct eddy_error *why)
{
    eddy__future_cancelled(future, why);
    return true;
}

static size_t fini_shield(struct eddy_future *future)
{
    struct shield *shield = shield_of(future);
    eddy__handle_cancel(&shield->inner_done);
    eddy__handle_cancel(&shield->outer_done);
    eddy_future_free(shield->inner);
    return sizeof *shield;
}

static struct eddy_future *inner_of(const struct eddy_future *future)
{
    return container_of(future, const struct shield, future)->inner;
}

static const struct future_kind shield_kind = {"shield", cancel_shield, fini_shield, inner_of};

static void drop_shield(struct pin *pin)
{
    eddy_future_free(&container_of(pin, struct shield, pin)->future);
}

/* ---- the reporter ----------------------------------------------------------------------------*/

static void drop_reporter(struct pin *pin)
{
    struct reporter *reporter = container_of(pin, struct reporter, pin);
    eddy__handle_cancel(&reporter->handle);
    eddy_future_free(reporter->inner);
    eddy__free(reporter);
}

static void report_inner(struct handle *handle)
{
    struct reporter *reporter = container_of(handle, struct reporter, handle);
    if (reporter->inner->state == EDDY_STATE_FAILED) {
        eddy__future_look(reporter->inner);
        eddy__report_task(EDDY_REPORT_SHIELD, reporter->inner,
                          "a shielded task failed, and who shielded it was cancelled");
    }
    eddy__unpin(&reporter->pin);
}

/* Moves the reporter of `inner` to the end of its callbacks; false if there is none yet. */
static bool move_reporter(struct eddy_future *inner)
{
    for (struct link *link = inner->callbacks.top; link != NULL; link = link->next) {
        if (container_of(link, struct handle, link)->run != report_inner)
            continue;
        link_remove(link);
        pile_push(&inner->callbacks, link);
        return true;
    }
    return false;
}

static void have_reported(struct eddy_future *inner)
{
    if (move_reporter(inner))
        return;
    struct reporter *reporter = eddy__zalloc(sizeof *reporter);
    if (reporter == NULL)
        return; // then an error is reported as never retrieved
    reporter->handle.run = report_inner;
    reporter->inner = eddy_future_ref(inner);
    eddy__pin(&reporter->pin, drop_reporter);
    pile_push(&inner->callbacks, &reporter->handle.link);
}

/* ---- the shield ------------------------------------------------------------------------------*/

static void on_inner_done(struct handle *handle)
{
    struct shield *shield = container_of(handle, struct shield, inner_done);
    struct eddy_future *inner = shield->inner;
    if (shield->future.state == EDDY_STATE_CANCELLED) {
        if (!link_is_linked(&shield->outer_done.link))
            eddy__unpin(&shield->pin); // both handles were queued; this is the later one
        return;
    }
    eddy__future_look(inner);
    if (inner->state == EDDY_STATE_CANCELLED)
        eddy__future_cancelled(&shield->future, inner->error);
    else if (inner->state == EDDY_STATE_FAILED)
        eddy__future_fail(&shield->future, inner->status, inner->error);
    else
        eddy__future_finish(&shield->future, inner->status, false);
}

struct eddy_future *eddy__shield_behind(const struct handle *handle)
{
    if (handle->run != on_inner_done)
        return NULL;
    return &container_of(handle, struct shield, inner_done)->future;
}

static void on_outer_done(struct handle *handle)
{
    struct shield *shield = container_of(handle, struct shield, outer_done);
    if (!eddy__future_is_done(shield->inner)) {
        eddy__handle_cancel(&shield->inner_done);
        have_reported(shield->inner);
    }
    if (!link_is_linked(&shield->inner_done.link))
        eddy__unpin(&shield->pin);
}

eddy_future *eddy_shield_start(eddy_future *awaitable)
{
    struct eddy_future *inner = eddy__future_of(awaitable);
    if (eddy__future_is_done(inner))
        return inner;
    struct eddy_future *future = eddy__future_new(&shield_kind, sizeof(struct shield));
    if (future->kind != &shield_kind) {
        eddy_future_free(inner);
        return future;
    }
    struct shield *shield = shield_of(future);
    shield->inner = inner;
    shield->inner_done.run = on_inner_done;
    shield->outer_done.run = on_outer_done;
    eddy_future_ref(future);
    eddy__pin(&shield->pin, drop_shield);
    pile_push(&inner->callbacks, &shield->inner_done.link);
    pile_push(&future->callbacks, &shield->outer_done.link);
    return future;
}

int eddy__shield(eddy_future *awaitable, void *out_value, size_t size)
{
    int err = 0;
    if (eddy__task_required("eddy_shield", &err) != NULL)
        err = eddy__future_check(awaitable);
    if (err < 0)
        return eddy__coro_refuse(awaitable, err);
    struct eddy_future *future = eddy_shield_start(awaitable);
    int status = eddy__await(future, out_value, size);
    eddy_future_free(future);
    return status;
}
