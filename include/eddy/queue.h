/* SPDX-License-Identifier: MIT */
/*
 * queue.h: queues between tasks, bounded or not, of items of one type: first in, first out; by
 * priority (smallest first); or last in, first out.
 *
 *     EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 100);
 *
 *     EDDY_TRY(eddy_queue_put(queue, &(int){7}));      // suspends while it is full
 *     int item;
 *     EDDY_TRY(eddy_queue_get(queue, &item));          // suspends while it is empty
 *
 * Items are copied in and out. If items own something, the queue is given their destructor. It is
 * called for each item that is dropped by an immediate shutdown or when the queue is freed.
 */
#ifndef EDDY_QUEUE_H
#define EDDY_QUEUE_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/* Belongs to the first loop that uses it, until that loop ends: EDDY_EMISUSE on another thread. */
typedef struct eddy_queue eddy_queue;

/*
 * Creates a queue of items of `type`, at most `size_max` at once (0: any number). `drop_item`
 * destroys an item. Returns NULL when out of memory; functions that return a status return -ENOMEM
 * for it.
 *
 *     eddy_queue_new_owning(eddy_stream *, 10, EDDY_OWNED(eddy_stream))
 */
#define eddy_queue_new(type, size_max) eddy__queue_new(sizeof(type), (size_max), NULL)
#define eddy_queue_new_owning(type, size_max, drop_item) \
    eddy__queue_new(sizeof(type), (size_max), (drop_item))
EDDY_API EDDY_CHECKED eddy_queue *eddy__queue_new(size_t item_size, size_t size_max,
                                                  void (*drop_item)(void *item));

/*
 * The same with another order. From a priority queue, get takes the smallest item by `compare` (as
 * for qsort(3)), and among equal items the one put first. From a LIFO queue, get takes the newest
 * item.
 *
 *     static int by_deadline(const void *left, const void *right);
 *
 *     EDDY_AUTO(eddy_queue) *queue = eddy_priority_queue_new(job, 100, by_deadline);
 */
#define eddy_priority_queue_new(type, size_max, compare) \
    eddy__priority_queue_new(sizeof(type), (size_max), (compare), NULL)
#define eddy_priority_queue_new_owning(type, size_max, compare, drop_item) \
    eddy__priority_queue_new(sizeof(type), (size_max), (compare), (drop_item))
#define eddy_lifo_queue_new(type, size_max) eddy__lifo_queue_new(sizeof(type), (size_max), NULL)
#define eddy_lifo_queue_new_owning(type, size_max, drop_item) \
    eddy__lifo_queue_new(sizeof(type), (size_max), (drop_item))
EDDY_API EDDY_CHECKED eddy_queue *eddy__priority_queue_new(
    size_t item_size, size_t size_max, int (*compare)(const void *left, const void *right),
    void (*drop_item)(void *item));
EDDY_API EDDY_CHECKED eddy_queue *eddy__lifo_queue_new(size_t item_size, size_t size_max,
                                                       void (*drop_item)(void *item));

/* Frees the queue and drops its items. If it has waiters, it is only reported, and not freed. */
EDDY_API void eddy_queue_free(eddy_queue *queue);

/*
 * Put a copy of *item into the queue, or move the next item to *out_item. Suspend while the queue
 * is full, or empty.
 *
 * Return 0; EDDY_QUEUE_SHUTDOWN after eddy_queue_shutdown(), for get only if the queue is empty;
 * EDDY_CANCELLED; EDDY_EMISUSE for an item of another size or outside a task. If a put fails, the
 * caller still owns *item. A cancelled get leaves the item in the queue.
 */
#define eddy_queue_put(queue, item) eddy__queue_put((queue), (item), sizeof *(item))
#define eddy_queue_get(queue, out_item) eddy__queue_get((queue), (out_item), sizeof *(out_item))
EDDY_API EDDY_SUSPENDS int eddy__queue_put(eddy_queue *queue, const void *item, size_t size);
EDDY_API EDDY_SUSPENDS int eddy__queue_get(eddy_queue *queue, void *out_item, size_t size);

/* The same without waiting. Also return EDDY_QUEUE_FULL, EDDY_QUEUE_EMPTY; -ENOMEM for put. */
#define eddy_queue_put_nowait(queue, item) eddy__queue_put_nowait((queue), (item), sizeof *(item))
#define eddy_queue_get_nowait(queue, out_item) \
    eddy__queue_get_nowait((queue), (out_item), sizeof *(out_item))
EDDY_API EDDY_CHECKED int eddy__queue_put_nowait(eddy_queue *queue, const void *item, size_t size);
EDDY_API EDDY_CHECKED int eddy__queue_get_nowait(eddy_queue *queue, void *out_item, size_t size);

/*
 * Return the number of items; the maximum number, 0 for no limit; whether it is empty; and whether
 * a put would wait. For NULL: 0, 0, true and false.
 */
EDDY_API size_t eddy_queue_qsize(const eddy_queue *queue);
EDDY_API size_t eddy_queue_maxsize(const eddy_queue *queue);
EDDY_API bool eddy_queue_empty(const eddy_queue *queue);
EDDY_API bool eddy_queue_full(const eddy_queue *queue);

/* Marks one item got from the queue as processed. Returns 0, or EDDY_EVALUE if called too often. */
EDDY_API int eddy_queue_task_done(eddy_queue *queue);

/* Waits until all items ever put are processed. Returns 0, EDDY_CANCELLED, EDDY_EMISUSE. */
EDDY_API EDDY_SUSPENDS int eddy_queue_join(eddy_queue *queue);

/*
 * Shuts the queue down: puts fail, gets fail once it is empty, and all waiters are woken. If
 * `immediate`, its items are dropped and count as processed. Returns 0.
 */
EDDY_API int eddy_queue_shutdown(eddy_queue *queue, bool immediate);

EDDY_AUTO_FOR(eddy_queue, eddy_queue_free)

EDDY_END_DECLS

#endif
