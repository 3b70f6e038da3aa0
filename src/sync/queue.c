/* SPDX-License-Identifier: MIT */
/*
 * queue.c: items passed between tasks, in a ring in one block of memory.
 *
 * A get returns the oldest item, the newest, or the smallest. For the smallest the block is a heap
 * (queue_heap.c), which is a ring that always begins at its first slot.
 *
 * Putters wait while it is full, getters while it is empty, each in a wait queue. A wake removes
 * the waiter from its wait queue, and counts it until it resumes. The wake is only a hint: the
 * woken task checks again, because another task may have been faster. A waiter that was cancelled
 * after its wake passes the wake on, if there is still a reason for it.
 *
 * Invariants:
 *   - An item is in the ring, or with one task.
 *   - `unfinished` counts the items put and not yet reported done; joiners wait until it is 0.
 */
#include "sync/queue_heap.h"
#include "sync/sync.h"

#include <eddy/iterator.h>
#include <eddy/queue.h>

#include <errno.h>
#include <string.h>

enum { CAPACITY_FIRST = 8 };

struct eddy_queue {
    size_t item_size;
    size_t slot_size; // of the ring, bytes: an item, and the number that a heap adds
    size_t size_max;  // 0: none
    size_t unfinished;
    bool is_shut_down;
    bool is_freed; // read in freed memory, to report a second call of eddy_queue_free()
    bool is_newest_first;
    struct queue_heap heap; // of a priority queue
    void (*drop_item)(void *item); // or NULL
    char *ring;
    size_t capacity; // of the ring, in items; a power of two, or 0
    size_t first;    // index of the oldest item; 0 in a heap
    size_t count;
    eddy_waiters getters;
    eddy_waiters putters;
    eddy_waiters joiners;
    size_t woken_count; // of tasks that have left their wait queue and have not resumed yet
    uint32_t loop;      // that made it, or uses it; 0: none yet
};

eddy_queue *eddy__queue_new(size_t item_size, size_t size_max, void (*drop_item)(void *item))
{
    struct eddy_queue *queue = eddy__zalloc(sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->item_size = item_size;
    queue->slot_size = item_size;
    queue->size_max = size_max;
    queue->drop_item = drop_item;
    queue->loop = eddy__loop_id(); // outside any loop, it is bound at its first use in one
    eddy__track(queue, "queue");
    return queue;
}

eddy_queue *eddy__lifo_queue_new(size_t item_size, size_t size_max, void (*drop_item)(void *item))
{
    struct eddy_queue *queue = eddy__queue_new(item_size, size_max, drop_item);
    if (queue != NULL)
        queue->is_newest_first = true;
    return queue;
}

eddy_queue *eddy__priority_queue_new(size_t item_size, size_t size_max,
                                     int (*compare)(const void *left, const void *right),
                                     void (*drop_item)(void *item))
{
    struct eddy_queue *queue = eddy__queue_new(item_size, size_max, drop_item);
    if (queue != NULL) {
        eddy__queue_heap_init(&queue->heap, item_size, compare);
        queue->slot_size = queue->heap.slot_size;
    }
    return queue;
}

static void *item_at(const struct eddy_queue *queue, size_t index)
{
    return queue->ring + ((queue->first + index) & (queue->capacity - 1)) * queue->slot_size;
}

/* Adds an item. The ring has a free slot. */
static void add_item(struct eddy_queue *queue, const void *item)
{
    eddy__copy(item_at(queue, queue->count), item, queue->item_size);
    queue->count++;
    if (queue->heap.compare != NULL)
        eddy__queue_heap_added(&queue->heap, queue->ring, queue->count);
}

/* The item that the next get returns; there is at least one. remove_next() removes it. */
static void *next_item(const struct eddy_queue *queue)
{
    return item_at(queue, queue->is_newest_first ? queue->count - 1 : 0);
}

static void remove_next(struct eddy_queue *queue)
{
    if (queue->heap.compare != NULL)
        eddy__queue_heap_taken(&queue->heap, queue->ring, queue->count);
    else if (!queue->is_newest_first)
        queue->first = (queue->first + 1) & (queue->capacity - 1);
    queue->count--;
}

static void drop_items(struct eddy_queue *queue)
{
    while (queue->count > 0) {
        if (queue->drop_item != NULL)
            queue->drop_item(next_item(queue));
        remove_next(queue);
        if (queue->unfinished > 0)
            queue->unfinished--;
    }
}

/* 0, or why the queue can't be used here. */
static int check_queue(struct eddy_queue *queue, const char *function)
{
    if (EDDY__UNLIKELY(queue == NULL))
        return eddy__fail_plain(-ENOMEM, "the queue is NULL: there was no memory for it");
    return eddy__bind(&queue->loop, function);
}

void eddy_queue_free(eddy_queue *queue)
{
    if (queue == NULL)
        return;
    if (queue->is_freed)
        eddy__stop_for_misuse("eddy_queue_free: the queue has been freed already");
    if (check_queue(queue, "eddy_queue_free") < 0) {
        eddy__report_misuse("eddy_queue_free: the queue belongs to the loop of another thread; it is kept");
        return;
    }
    if (queue->getters.first != NULL || queue->putters.first != NULL ||
        queue->joiners.first != NULL || queue->woken_count > 0) {
        eddy__report_misuse("eddy_queue_free: tasks still wait for the queue; it is kept");
        return;
    }
    eddy__untrack(queue);
    drop_items(queue);
    eddy__free(queue->ring);
    queue->is_freed = true;
    eddy__free(queue);
}

/* Moves the items into a larger ring, the oldest first. */
static int grow(struct eddy_queue *queue)
{
    size_t capacity = queue->capacity > 0 ? queue->capacity * 2 : CAPACITY_FIRST;
    char *ring = eddy__malloc(capacity * queue->slot_size);
    if (ring == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < queue->count; i++)
        memcpy(ring + i * queue->slot_size, item_at(queue, i), queue->slot_size);
    eddy__free(queue->ring);
    queue->ring = ring;
    queue->capacity = capacity;
    queue->first = 0;
    return 0;
}

/* Wakes the first of `row` that still waits; those before it are removed too. */
static void wake_next(struct eddy_queue *queue, eddy_waiters *row)
{
    while (row->first != NULL) {
        struct wait *wait = row->first;
        bool is_pending = eddy__wait_is_pending(wait);
        eddy__waiters_unlink(wait);
        queue->woken_count++;
        if (is_pending) {
            eddy__wait_finish(wait, 0);
            return;
        }
    }
}

static void wake_all(struct eddy_queue *queue, eddy_waiters *row)
{
    while (row->first != NULL)
        wake_next(queue, row);
}

/* Joiners stay in their wait queue until they resume, as waiters of an event do. */
static void release_joiners(struct eddy_queue *queue)
{
    struct wait *wait;
    while ((wait = eddy__waiters_first_pending(&queue->joiners)) != NULL)
        eddy__wait_finish(wait, 0);
}

static inline bool is_empty(const struct eddy_queue *queue)
{
    return queue->count == 0;
}

static inline bool is_full(const struct eddy_queue *queue)
{
    return queue->size_max > 0 && queue->count >= queue->size_max;
}

bool eddy_queue_empty(const eddy_queue *queue)
{
    return queue == NULL || is_empty(queue);
}

bool eddy_queue_full(const eddy_queue *queue)
{
    return queue != NULL && is_full(queue);
}

size_t eddy_queue_qsize(const eddy_queue *queue)
{
    return queue != NULL ? queue->count : 0;
}

size_t eddy_queue_maxsize(const eddy_queue *queue)
{
    return queue != NULL ? queue->size_max : 0;
}

static int check(struct eddy_queue *queue, size_t size, const char *function)
{
    int err = check_queue(queue, function);
    if (err < 0)
        return err;
    if (size != queue->item_size)
        return eddy__misuse("the item has another size than the queue's");
    return 0;
}

/* Waits once in `row`, while is_blocked(queue); on an error it passes an unused wake on. */
static inline int wait_in(struct eddy_queue *queue, eddy_waiters *row, const char *what,
                   bool (*is_blocked)(const eddy_queue *queue))
{
    struct wait wait;
    int err = eddy__wait_init(&wait, what);
    if (err < 0)
        return err;
    eddy__waiters_link(row, &wait);
    err = eddy__wait_park_inline(&wait);
    if (EDDY__LIKELY(wait.row == NULL))
        queue->woken_count--;
    else
        eddy__waiters_unlink(&wait);
    if (err < 0 && wait.state == WAIT_FINISHED && !is_blocked(queue))
        wake_next(queue, row);
    return err;
}

static inline int put_now(struct eddy_queue *queue, const void *item)
{
    if (queue->is_shut_down)
        return EDDY_QUEUE_SHUTDOWN;
    if (is_full(queue))
        return EDDY_QUEUE_FULL;
    int err = queue->count == queue->capacity ? grow(queue) : 0;
    if (err < 0)
        return err;
    add_item(queue, item);
    queue->unfinished++;
    wake_next(queue, &queue->getters);
    return 0;
}

static inline int get_now(struct eddy_queue *queue, void *out_item)
{
    if (is_empty(queue))
        return queue->is_shut_down ? EDDY_QUEUE_SHUTDOWN : EDDY_QUEUE_EMPTY;
    eddy__copy(out_item, next_item(queue), queue->item_size);
    remove_next(queue);
    wake_next(queue, &queue->putters);
    return 0;
}

int eddy__queue_put_nowait(eddy_queue *queue, const void *item, size_t size)
{
    int err = check(queue, size, "eddy_queue_put_nowait");
    return err < 0 ? err : put_now(queue, item);
}

EDDY__RETURNS_ELSEWHERE static int put_later(struct eddy_queue *queue, const void *item)
{
    do {
        if (queue->is_shut_down)
            return EDDY_QUEUE_SHUTDOWN;
        int err = wait_in(queue, &queue->putters, "eddy_queue_put", is_full);
        if (err < 0)
            return err;
    } while (is_full(queue));
    return put_now(queue, item);
}

int eddy__queue_put(eddy_queue *queue, const void *item, size_t size)
{
    int err = check(queue, size, "eddy_queue_put");
    if (err < 0)
        return err;
    return is_full(queue) ? put_later(queue, item) : put_now(queue, item);
}

int eddy__queue_get_nowait(eddy_queue *queue, void *out_item, size_t size)
{
    int err = check(queue, size, "eddy_queue_get_nowait");
    return err < 0 ? err : get_now(queue, out_item);
}

EDDY__RETURNS_ELSEWHERE static int get_later(struct eddy_queue *queue, void *out_item)
{
    do {
        if (queue->is_shut_down)
            return EDDY_QUEUE_SHUTDOWN;
        int err = wait_in(queue, &queue->getters, "eddy_queue_get", is_empty);
        if (err < 0)
            return err;
    } while (is_empty(queue));
    return get_now(queue, out_item);
}

int eddy__queue_get(eddy_queue *queue, void *out_item, size_t size)
{
    int err = check(queue, size, "eddy_queue_get");
    if (err < 0)
        return err;
    return is_empty(queue) ? get_later(queue, out_item) : get_now(queue, out_item);
}

static int next_for_loop(void *object, void *out_item)
{
    struct eddy_queue *queue = object;
    int err = eddy__queue_get(queue, out_item, queue->item_size);
    return err == 0 ? 1 : err == EDDY_QUEUE_SHUTDOWN ? 0 : err;
}

eddy_iterator eddy__queue_iterator(struct eddy_queue *queue)
{
    if (queue == NULL)
        return (eddy_iterator){.status = -ENOMEM};
    return eddy__iterator_new(next_for_loop, queue, queue->item_size);
}

int eddy_queue_task_done(eddy_queue *queue)
{
    int err = check_queue(queue, "eddy_queue_task_done");
    if (err < 0)
        return err;
    if (queue->unfinished == 0)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_queue_task_done: called too often");
    if (--queue->unfinished == 0)
        release_joiners(queue);
    return 0;
}

int eddy_queue_join(eddy_queue *queue)
{
    struct wait wait;
    int err = check_queue(queue, "eddy_queue_join");
    if (err == 0)
        err = eddy__wait_init(&wait, "eddy_queue_join");
    if (err < 0 || queue->unfinished == 0)
        return err;
    return eddy__wait_park_in(&wait, &queue->joiners);
}

int eddy_queue_shutdown(eddy_queue *queue, bool immediate)
{
    int err = check_queue(queue, "eddy_queue_shutdown");
    if (err < 0)
        return err;
    queue->is_shut_down = true;
    if (immediate) {
        drop_items(queue);
        if (queue->unfinished == 0)
            release_joiners(queue);
    }
    wake_all(queue, &queue->getters);
    wake_all(queue, &queue->putters);
    return 0;
}
