/* SPDX-License-Identifier: MIT */
/*
 * gather.c: one future that is done when several are.
 *
 * A gather is a future with a row of children. Each pending child has one of its handles among its
 * callbacks; when that runs, the gather takes note. It fails with the first error, unless errors are
 * results, and the other children run on: their errors still count as looked at when they come.
 * The list of values is never built: whoever wants it reads the children, which are kept.
 *
 * What always holds:
 *   - A child given twice is one child: only its first place has a handle.
 *   - While handles are out, the gather is pinned to the loop: the children's callbacks need it. The
 *     loop's end drops what is still pinned.
 *   - Cancelling it cancels the children; it completes only when they do.
 */
#include "combine/combine.h"

#include <eddy/gather.h>

#include <errno.h>
#include <string.h>

struct gather_child {
    struct handle handle; // among the callbacks of `future`, then queued
    struct eddy_future *future;
    struct gather *gather;
    bool is_repeated; // the same future stands before it in the list
};

struct gather {
    struct eddy_future future; // first
    struct pin pin;            // while `left` > 0
    bool return_exceptions;
    bool is_cancel_requested; // and a child was cancelled for it
    size_t left;              // children that are not done yet, or whose news has not come
    size_t count;
    struct gather_child children[];
};

static struct gather *gather_of(struct eddy_future *future)
{
    return container_of(future, struct gather, future);
}

static bool cancel_children(struct eddy_future *future, struct eddy_error *why)
{
    struct gather *gather = gather_of(future);
    bool was_any_cancelled = false;
    for (size_t i = 0; i < gather->count; i++)
        if (eddy__future_cancel_for(gather->children[i].future, why))
            was_any_cancelled = true;
    if (was_any_cancelled)
        gather->is_cancel_requested = true;
    return was_any_cancelled;
}

static size_t fini_gather(struct eddy_future *future)
{
    struct gather *gather = gather_of(future);
    for (size_t i = 0; i < gather->count; i++) {
        eddy__handle_cancel(&gather->children[i].handle);
        eddy_future_free(gather->children[i].future);
    }
    return sizeof *gather + gather->count * sizeof(struct gather_child);
}

static const struct future_kind gather_kind = {"gather", cancel_children, fini_gather, NULL};

static void drop_pinned(struct pin *pin)
{
    eddy_future_free(&container_of(pin, struct gather, pin)->future);
}

static void pin_while_pending(struct gather *gather)
{
    eddy_future_ref(&gather->future);
    eddy__pin(&gather->pin, drop_pinned);
}

/* The last child is done: errors are results now, or there are none. */
static void finish(struct gather *gather, struct eddy_future *last)
{
    if (gather->return_exceptions)
        for (size_t i = 0; i < gather->count; i++)
            eddy__future_look(gather->children[i].future);
    if (gather->is_cancel_requested)
        eddy__future_fail(&gather->future, EDDY_CANCELLED,
                          last->state == EDDY_STATE_CANCELLED ? last->error : NULL);
    else
        eddy__future_finish(&gather->future, 0, false);
}

static void note_child(struct gather *gather, struct eddy_future *child)
{
    gather->left--;
    if (eddy__future_is_done(&gather->future)) {
        eddy__future_look(child);
        return;
    }
    if (!gather->return_exceptions && child->status < 0) {
        eddy__future_look(child);
        eddy__future_fail(&gather->future, child->status, child->error);
        return;
    }
    if (gather->left == 0)
        finish(gather, child);
}

static void on_child_done(struct handle *handle)
{
    struct gather_child *child = container_of(handle, struct gather_child, handle);
    struct gather *gather = child->gather;
    note_child(gather, child->future);
    if (gather->left == 0)
        eddy__unpin(&gather->pin);
}

/* Before any child is made a task: one that starts eagerly may walk over the same futures. */
static void find_repeated(struct gather *gather, eddy_future *const *children, size_t count)
{
    uint32_t walk = eddy__future_walk();
    for (size_t i = 0; i < count; i++)
        gather->children[i].is_repeated =
            children[i] != NULL && !eddy__future_mark(children[i], walk);
}

/* Adds a child; false if it counts as done already, and its news is to be taken later. */
static bool add_child(struct gather *gather, struct eddy_future *awaitable)
{
    struct gather_child *child = &gather->children[gather->count++];
    child->future = eddy__future_of(awaitable);
    child->gather = gather;
    child->handle.run = on_child_done;
    if (child->is_repeated)
        return true;
    gather->left++;
    if (eddy__future_is_done(child->future))
        return false;
    pile_push(&child->future->callbacks, &child->handle.link);
    return true;
}

eddy_future *eddy_gather_start(eddy_future *const *children, size_t count, bool return_exceptions)
{
    struct eddy_future *future = eddy__future_new(
        &gather_kind, sizeof(struct gather) + count * sizeof(struct gather_child));
    if (future->kind != &gather_kind) {
        eddy__coro_refuse_all(children, count);
        return future;
    }
    struct gather *gather = gather_of(future);
    gather->return_exceptions = return_exceptions;
    // Which children count as done already is settled before any of their news is taken.
    find_repeated(gather, children, count);
    size_t done_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (add_child(gather, children[i]))
            continue;
        gather->children[i].handle.run = NULL; // marks it for the second round
        done_count++;
    }
    if (count == 0)
        eddy__future_finish(future, 0, false);
    if (gather->left > done_count)
        pin_while_pending(gather);
    for (size_t i = 0; i < count && done_count > 0; i++)
        if (gather->children[i].handle.run == NULL)
            note_child(gather, gather->children[i].future);
    return future;
}

eddy_future *eddy_gather_child(const eddy_future *future, size_t index)
{
    if (future->kind != &gather_kind)
        return NULL;
    const struct gather *gather = container_of(future, struct gather, future);
    return index < gather->count ? gather->children[index].future : NULL;
}

size_t eddy_gather_count(const eddy_future *future)
{
    return future->kind == &gather_kind ? container_of(future, struct gather, future)->count : 0;
}

/* Copies values, and statuses if they are asked for, out of children that are all done. */
static int take_results(eddy_future *future, char *results, size_t result_size, int *statuses)
{
    for (size_t i = 0; i < eddy_gather_count(future); i++) {
        struct eddy_future *child = eddy_gather_child(future, i);
        bool has_result = results != NULL && child->status >= 0;
        int status = has_result ? eddy__future_take(child, results + i * result_size, result_size)
                                : child->status;
        if (statuses != NULL)
            statuses[i] = status;
        if (has_result && status < 0)
            return status;
    }
    return 0;
}

static int check_room(size_t count, const void *results, size_t results_size, size_t result_size)
{
    if (results != NULL && results_size / result_size < count)
        return eddy__misuse("eddy_gather: there is no room for that many results");
    return 0;
}

int eddy__gather_wait(eddy_future *const *children, size_t count, void *results,
                      size_t results_size, size_t result_size, const eddy_gather_options *options)
{
    int err = 0;
    if (eddy__task_required("eddy_gather", &err) != NULL)
        err = check_room(count, results, results_size, result_size);
    if (err < 0) {
        eddy__coro_refuse_all(children, count);
        return err;
    }
    bool return_exceptions = options != NULL && options->return_exceptions;
    struct eddy_future *future = eddy_gather_start(children, count, return_exceptions);
    int status = eddy__await(future, NULL, 0);
    if (status >= 0)
        status = take_results(future, results, result_size,
                              options != NULL ? options->statuses : NULL);
    eddy_future_free(future);
    return status;
}
