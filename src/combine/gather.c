/* SPDX-License-Identifier: MIT */
/*
 * gather.c: one future that completes when several have.
 *
 * A gather is a future with an array of children. It watches the tasks that it makes of coroutine
 * objects, and is notified of each that fails and of the last to end; any other pending child has
 * one of the gather's handles among its callbacks. The gather fails with the first error, unless
 * errors are returned as results. The other children run on; their later errors still count as
 * retrieved. The list of values is never built: it is read from the children, which are kept.
 *
 * Invariants:
 *   - A child given twice is one child: only its first place counts.
 *   - While children are pending, the gather is pinned to the loop, because they point to it. When
 *     the loop ends, it drops what is still pinned.
 *   - Tasks that may have started inside the call that made them are not watched: they may have
 *     callbacks already, which come first.
 *   - Cancelling it cancels the children; it completes only when they do.
 */
#include "combine/combine.h"

#include <eddy/gather.h>

#include <errno.h>
#include <string.h>

/* For a child that is not watched. */
struct listener {
    struct handle handle; // among the callbacks of the child, then queued
    struct gather *gather;
    struct eddy_future *child;
    size_t index;     // of the child
    bool is_repeated; // the same child is earlier in the list: no handle is added
};

struct gather {
    struct eddy_future future; // first
    struct watcher watcher;    // `left` counts all children, also those with a listener
    struct pin pin;            // while watcher.left > 0
    bool return_exceptions;
    bool is_cancel_requested;  // and a child was cancelled because of it
    size_t first; // of the children that are kept: see hand_over()
    size_t count;
    size_t listener_count;
    struct listener *listeners; // after the children
    struct eddy_future *children[];
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
        if (eddy__future_cancel_for(gather->children[i], why))
            was_any_cancelled = true;
    if (was_any_cancelled)
        gather->is_cancel_requested = true;
    return was_any_cancelled;
}

static size_t size_of(size_t count, size_t listener_count)
{
    return sizeof(struct gather) + count * sizeof(struct eddy_future *) +
           listener_count * sizeof(struct listener);
}

static size_t fini_gather(struct eddy_future *future)
{
    struct gather *gather = gather_of(future);
    for (size_t i = 0; i < gather->listener_count; i++)
        eddy__handle_cancel(&gather->listeners[i].handle);
    for (size_t i = gather->first; i < gather->count; i++) {
        struct eddy_future *child = gather->children[i];
        if (child->kind == &eddy__future_task &&
            *eddy__task_watcher(eddy__task_of(child)) == &gather->watcher)
            eddy__task_unwatch(eddy__task_of(child));
        eddy_future_free(child);
    }
    return size_of(gather->count, gather->listener_count);
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

/* Completes the gather after the last child: errors are results now, or there are none. */
static void finish(struct gather *gather, struct eddy_future *last)
{
    if (gather->return_exceptions)
        for (size_t i = 0; i < gather->count; i++)
            eddy__future_look(gather->children[i]);
    if (gather->is_cancel_requested)
        eddy__future_fail(&gather->future, EDDY_CANCELLED,
                          last->state == EDDY_STATE_CANCELLED ? last->error : NULL);
    else
        eddy__future_finish(&gather->future, 0, false);
}

static void note_child(struct gather *gather, struct eddy_future *child)
{
    gather->watcher.left--;
    if (eddy__future_is_done(&gather->future)) {
        eddy__future_look(child);
        return;
    }
    if (!gather->return_exceptions && child->status < 0) {
        eddy__future_look(child);
        eddy__future_fail(&gather->future, child->status, child->error);
        return;
    }
    if (gather->watcher.left == 0)
        finish(gather, child);
}

static void take_news(struct gather *gather, struct eddy_future *child)
{
    note_child(gather, child);
    if (gather->watcher.left == 0)
        eddy__unpin(&gather->pin);
}

static void on_child_done(struct handle *handle)
{
    struct listener *listener = container_of(handle, struct listener, handle);
    take_news(listener->gather, listener->child);
}

static void on_task_done(struct watcher *watcher, struct task *task)
{
    take_news(container_of(watcher, struct gather, watcher), &task->future);
}

struct eddy_future *eddy__gather_behind(const struct handle *handle)
{
    if (handle->run != on_child_done)
        return NULL;
    return &container_of(handle, struct listener, handle)->gather->future;
}

struct eddy_future *eddy__gather_watching(struct watcher *watcher)
{
    if (watcher->run != on_task_done)
        return NULL;
    return &container_of(watcher, struct gather, watcher)->future;
}

/* ---- creation --------------------------------------------------------------------------------*/

static bool can_watch(const struct eddy_future *child)
{
    const struct eddy_loop *loop = eddy__loop_current();
    return loop != NULL && !loop->is_eager && child != NULL && eddy__is_coroutine(child);
}

/*
 * Counts the children that need a listener: those that are no coroutine object; all of them if
 * tasks start inside the call that makes them. (A coroutine object that is given again is none any
 * more when its turn comes.) Stores them in `listeners`, unless that is NULL. Called before any
 * coroutine is made a task, because one that starts at once may walk over the same futures.
 */
static size_t plan_listeners(eddy_future *const *children, size_t count, struct listener *listeners)
{
    uint32_t walk = eddy__future_walk();
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (can_watch(children[i]))
            continue;
        bool is_repeated = children[i] != NULL && !eddy__future_mark(children[i], walk);
        if (listeners != NULL)
            listeners[n] = (struct listener){
                .handle.run = on_child_done, .index = i, .is_repeated = is_repeated};
        n++;
    }
    return n;
}

/* Makes a gather for `count` children, and adds none. */
static struct eddy_future *new_gather(eddy_future *const *children, size_t count)
{
    size_t listener_count = plan_listeners(children, count, NULL);
    struct eddy_future *future = eddy__future_new(&gather_kind, size_of(count, listener_count));
    if (future->kind != &gather_kind)
        return future;
    struct gather *gather = gather_of(future);
    gather->watcher.run = on_task_done;
    gather->listeners = (struct listener *)&gather->children[count];
    gather->listener_count = listener_count;
    if (listener_count > 0)
        plan_listeners(children, count, gather->listeners);
    return future;
}

/* Adds a listener to a child. One that is done counts as done; its outcome is taken later. */
static void listen_to(struct gather *gather, struct listener *listener, struct eddy_future *child)
{
    listener->gather = gather;
    listener->child = child;
    if (listener->is_repeated)
        return;
    gather->watcher.left++;
    if (!eddy__future_is_done(child))
        eddy__future_subscribe(child, &listener->handle);
}

/* Adds all. Returns how many could not be made tasks, without memory: they have failed already. */
static size_t add_children(struct gather *gather, eddy_future *const *children, size_t count)
{
    size_t unmade_count = 0;
    struct listener *listener = gather->listeners;
    struct listener *end = listener + gather->listener_count;
    for (size_t i = 0; i < count; i++) {
        bool is_new = can_watch(children[i]);
        struct eddy_future *child = eddy__future_of(children[i]);
        gather->children[gather->count++] = child;
        if (listener < end && listener->index == i) {
            listen_to(gather, listener++, child);
        } else if (is_new) {
            gather->watcher.left++;
            if (EDDY__LIKELY(!eddy__future_is_done(child)))
                eddy__task_watch(eddy__task_of(child), &gather->watcher);
            else
                unmade_count++;
        }
    }
    // With listeners, the order in which these and the tasks complete matters.
    if (gather->listener_count == 0)
        gather->watcher.unended = gather->watcher.left - unmade_count;
    return unmade_count;
}

static bool is_done_already(const struct listener *listener)
{
    return !listener->is_repeated && !link_is_linked(&listener->handle.link);
}

eddy_future *eddy_gather_all_start(eddy_future *const *children, size_t count,
                                   bool return_exceptions)
{
    if (children == NULL && count > 0)
        return eddy__future_failed(EDDY_EMISUSE, "eddy_gather: the list is NULL");
    struct eddy_future *future = new_gather(children, count);
    if (future->kind != &gather_kind) {
        eddy__coro_refuse_all(children, count);
        return future;
    }
    struct gather *gather = gather_of(future);
    gather->return_exceptions = return_exceptions;
    size_t unmade_count = add_children(gather, children, count);
    if (count == 0)
        eddy__future_finish(future, 0, false);
    // Which children count as done already is decided before any of their outcomes is taken.
    size_t done_count = unmade_count;
    for (size_t i = 0; i < gather->listener_count; i++)
        done_count += is_done_already(&gather->listeners[i]);
    if (gather->watcher.left > done_count)
        pin_while_pending(gather);
    for (size_t i = 0; i < gather->listener_count && done_count > 0; i++)
        if (is_done_already(&gather->listeners[i]))
            note_child(gather, gather->listeners[i].child);
    for (size_t i = 0; i < unmade_count; i++)
        note_child(gather, eddy__future_unmade(-ENOMEM));
    return future;
}

eddy_future *eddy_gather_child(const eddy_future *future, size_t index)
{
    if (future == NULL || future->kind != &gather_kind)
        return NULL;
    const struct gather *gather = container_of(future, struct gather, future);
    return index < gather->count ? gather->children[index] : NULL;
}

size_t eddy_gather_count(const eddy_future *future)
{
    return future != NULL && future->kind == &gather_kind ? container_of(future, struct gather, future)->count : 0;
}

/* Where values are stored, and statuses if they are wanted. */
struct outcome {
    char *results; // or NULL
    size_t result_size;
    int *statuses; // or NULL
};

/* Copies the outcome of child `i`, which is done. 0, or why its value can't be copied. */
static int take_result(struct eddy_future *child, size_t i, const struct outcome *to)
{
    bool has_result = to->results != NULL && child->status >= 0;
    int status = has_result
                     ? eddy__future_take(child, to->results + i * to->result_size, to->result_size)
                     : child->status;
    if (to->statuses != NULL)
        to->statuses[i] = status;
    return has_result && status < 0 ? status : 0;
}

/* Copies the outcomes. All children are done. */
static int take_results(struct gather *gather, const struct outcome *to)
{
    for (size_t i = 0; i < gather->count; i++)
        EDDY_TRY(take_result(gather->children[i], i, to));
    return 0;
}

/* The same, and releases each child meanwhile: a million are touched once instead of twice. */
static int hand_over(struct gather *gather, const struct outcome *to)
{
    if (gather->listener_count > 0)
        return take_results(gather, to);
    while (gather->first < gather->count) {
        size_t i = gather->first++;
        int status = take_result(gather->children[i], i, to);
        eddy_future_free(gather->children[i]); // its outcome has been taken
        if (status < 0)
            return status;
    }
    return 0;
}

static int check_room(size_t count, const void *results, size_t results_size, size_t result_size)
{
    if (results != NULL && result_size == 0)
        return eddy__misuse("eddy_gather: the results have no size");
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
    struct eddy_future *future = eddy_gather_all_start(children, count, return_exceptions);
    int status = eddy__await(future, NULL, 0);
    const struct outcome to = {results, result_size, options != NULL ? options->statuses : NULL};
    if (status >= 0)
        status = hand_over(gather_of(future), &to);
    eddy_future_free(future);
    return status;
}

int eddy__gather_results(eddy_future *future, void *results, size_t results_size,
                         size_t result_size)
{
    if (future == NULL)
        return eddy__misuse("eddy_gather_results: the future is NULL");
    if (eddy__future_is_elsewhere(future))
        return eddy__misuse("eddy_gather_results: the future belongs to the loop of another thread");
    if (!eddy__future_is_done(future))
        return EDDY_EINVALIDSTATE;
    int status = eddy__future_take(future, NULL, 0);
    if (status < 0)
        return status;
    if (future->kind != &gather_kind)
        return eddy__misuse("eddy_gather_results: this future gathers nothing");
    EDDY_TRY(check_room(eddy_gather_count(future), results, results_size, result_size));
    return take_results(gather_of(future), &(struct outcome){results, result_size, NULL});
}
