/* SPDX-License-Identifier: MIT */
/*
 * as_completed.c: a queue to which futures are added as they complete.
 *
 * Each future has a handle among its callbacks, which puts the future into the queue. At the
 * timeout the remaining handles are removed, and an empty entry is queued for each. One step of the
 * iteration is one get.
 */
#include "combine/combine.h"

#include <eddy/as_completed.h>
#include <eddy/queue.h>

#include <errno.h>
#include <math.h>

struct entry {
    struct handle handle;
    struct eddy_future *future; // a reference; NULL: given twice
    struct eddy_as_completed *order; // NULL: given twice
    bool is_counted; // it was queued, or missed the timeout
};

struct eddy_as_completed {
    eddy_queue *queue; // of struct entry *; NULL for one that missed the timeout
    uint32_t loop_id;
    struct timer timer;
    size_t pending; // handles among callbacks
    size_t left;    // remaining steps of the iteration
    size_t count;
    size_t latest; // index of the entry that was returned last
    struct entry entries[];
};

static void put(struct eddy_as_completed *order, struct entry *entry)
{
    // Unbounded and grown before anything was subscribed: this can't fail.
    EDDY_IGNORE(eddy_queue_put_nowait(order->queue, &entry));
}

static void on_done(struct handle *handle)
{
    struct entry *entry = container_of(handle, struct entry, handle);
    struct eddy_as_completed *order = entry->order;
    if (entry->is_counted)
        return;
    entry->is_counted = true;
    order->pending--;
    put(order, entry);
    if (order->pending == 0)
        eddy__timer_disarm(eddy__loop_current(), &order->timer);
}

static void on_time_over(struct handle *handle)
{
    struct timer *timer = container_of(handle, struct timer, handle);
    struct eddy_as_completed *order = container_of(timer, struct eddy_as_completed, timer);
    for (size_t i = 0; i < order->count; i++) {
        struct entry *entry = &order->entries[i];
        if (entry->future == NULL || entry->is_counted)
            continue;
        entry->is_counted = true;
        eddy__handle_cancel(&entry->handle);
        put(order, NULL);
    }
    order->pending = 0;
}

/* Reserves space for every item now, so that no callback has to allocate. */
static bool reserve(struct eddy_as_completed *order)
{
    struct entry *none = NULL;
    for (size_t i = 0; i < order->count; i++)
        if (eddy_queue_put_nowait(order->queue, &none) < 0)
            return false;
    for (size_t i = 0; i < order->count; i++)
        EDDY_IGNORE(eddy_queue_get_nowait(order->queue, &none));
    return true;
}

static void add_all(struct eddy_as_completed *order, eddy_future *const *awaitables)
{
    // Duplicates are found before a coroutine becomes a task: one that starts eagerly may
    // walk over the same futures.
    uint32_t walk = eddy__future_walk();
    for (size_t i = 0; i < order->count; i++) {
        bool is_new = awaitables[i] == NULL || eddy__future_mark(awaitables[i], walk);
        order->entries[i].order = is_new ? order : NULL;
    }
    for (size_t i = 0; i < order->count; i++) {
        struct entry *entry = &order->entries[i];
        entry->handle.run = on_done;
        if (entry->order == NULL)
            continue;
        entry->future = eddy__future_of(awaitables[i]);
        order->pending++;
    }
    order->left = order->pending;
    for (size_t i = 0; i < order->count; i++)
        if (order->entries[i].future != NULL)
            eddy__future_subscribe(order->entries[i].future, &order->entries[i].handle);
}

static bool arm(struct eddy_as_completed *order, double timeout)
{
    struct eddy_loop *loop = eddy__loop_current();
    int64_t delay_ns = eddy__ns_of_seconds(timeout);
    if (delay_ns == NS_NEVER || order->pending == 0)
        return true;
    int64_t when_ns = eddy__ns_add(eddy__loop_now_ns(loop), delay_ns);
    return eddy__timer_arm(loop, &order->timer, when_ns) == 0;
}

eddy_as_completed *eddy_as_completed_new(eddy_future *const *awaitables, size_t count,
                                         double timeout)
{
    struct eddy_as_completed *order = NULL;
    if (!isnan(timeout) && eddy__loop_current() != NULL && (awaitables != NULL || count == 0))
        order = eddy__zalloc(sizeof *order + count * sizeof(struct entry));
    if (order != NULL) {
        order->timer.handle.run = on_time_over;
        order->count = count;
        order->loop_id = eddy__loop_id();
        order->queue = eddy_queue_new(struct entry *, 0);
    }
    if (order == NULL || order->queue == NULL || !reserve(order)) {
        if (order != NULL)
            eddy_queue_free(order->queue);
        eddy__free(order);
        eddy__coro_refuse_all(awaitables, count);
        return NULL;
    }
    add_all(order, awaitables);
    if (arm(order, timeout)) {
        eddy__track(order, "as_completed");
        return order;
    }
    eddy_as_completed_free(order);
    return NULL;
}

int eddy_as_completed_next(eddy_as_completed *order, eddy_future **out_done)
{
    if (order == NULL)
        return eddy__fail_plain(-ENOMEM, "eddy_as_completed_next: there was no memory for it");
    if (order->left == 0)
        return 0;
    struct entry *entry;
    EDDY_TRY(eddy_queue_get(order->queue, &entry));
    order->left--;
    if (entry == NULL)
        return eddy__fail_plain(EDDY_TIMEDOUT, NULL);
    order->latest = (size_t)(entry - order->entries);
    *out_done = entry->future;
    return 1;
}

static int next_done(void *object, void *out_item)
{
    return eddy_as_completed_next(object, out_item);
}

static void free_order(void *object)
{
    eddy_as_completed_free(object);
}

eddy_iterator eddy__as_completed_iterator(struct eddy_as_completed *order)
{
    return eddy__iterator_new(next_done, order, sizeof(struct eddy_future *));
}

eddy__futures eddy__as_completed_owned(eddy_as_completed *order)
{
    eddy__futures futures = {eddy__as_completed_iterator(order)};
    futures.iterator.free = free_order;
    return futures;
}

size_t eddy_as_completed_index(const eddy_as_completed *order, const eddy_future *done)
{
    if (order == NULL)
        return 0;
    // Mostly the one that was returned last is asked for, or one near it.
    for (size_t n = 0, i = order->latest; n < order->count; n++, i++) {
        if (i >= order->count)
            i = 0;
        if (order->entries[i].future == done)
            return i;
    }
    return order->count;
}

void eddy_as_completed_free(eddy_as_completed *order)
{
    if (order == NULL)
        return;
    if (order->loop_id != eddy__loop_id() && eddy__loop_is_elsewhere(order->loop_id)) {
        eddy__report_misuse("eddy_as_completed_free: it belongs to the loop of another thread; it is "
                            "kept");
        return;
    }
    if (order->loop_id == eddy__loop_id())
        eddy__timer_disarm(eddy__loop_current(), &order->timer);
    for (size_t i = 0; i < order->count; i++) {
        eddy__handle_cancel(&order->entries[i].handle);
        eddy_future_free(order->entries[i].future);
    }
    eddy_queue_free(order->queue);
    eddy__untrack(order);
    eddy__free(order);
}
