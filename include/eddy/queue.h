/* SPDX-License-Identifier: MIT */
/*
 * queue.h: a queue between tasks, bounded or not, of items of one type: first in, first out, or the
 * smallest first, or last in, first out.
 *
 *     EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 100);
 *
 *     EDDY_TRY(eddy_queue_put(queue, &(int){7}));      // suspends while it is full
 *     int item;
 *     EDDY_TRY(eddy_queue_get(queue, &item));          // suspends while it is empty
 *
 * Items are copied in and out. A queue whose items own something names their destructor, which is
 * called for each that is dropped: by an immediate shutdown, or with the queue.
 */
#ifndef EDDY_QUEUE_H
#define EDDY_QUEUE_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/* Belongs to the loop that uses it first, until that has ended: EDDY_EMISUSE on another thread. */
typedef struct eddy_queue eddy_queue;

/*
 * A queue of items of `type`, at most `size_max` at once (0: any number). Returns NULL without
 * memory; every function below answers -ENOMEM for it. `drop_item` destroys an item.
 *
 *     eddy_queue_new_owning(eddy_stream *, 10, EDDY_OWNED(eddy_stream))
 */
#define eddy_queue_new(type, size_max) eddy__queue_new(sizeof(type), (size_max), NULL)
#define eddy_queue_new_owning(type, size_max, drop_item) \
    eddy__queue_new(sizeof(type), (size_max), (drop_item))
EDDY_API EDDY_CHECKED eddy_queue *eddy__queue_new(size_t item_size, size_t size_max,
                                                  void (*drop_item)(void *item));

/*
 * The same with another order: get takes the smallest item, as qsort(3)'s `compare` has it, and of
 * equal ones that put first; or the newest.
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

/* Drops what is left in it. It must have no waiters: with some, nothing is done but a report. */
EDDY_API void eddy_queue_free(eddy_queue *queue);

/*
 * Puts *item into it, or takes the next item into *out_item, waiting for room or for an item.
 *
 * Return 0; EDDY_QUEUE_SHUTDOWN after eddy_queue_shutdown(), for get only when it is empty;
 * EDDY_CANCELLED; EDDY_EMISUSE for an item of another size or outside a task. A put that fails has
 * taken nothing: *item is still the caller's. A cancelled get leaves the item for the next one.
 */
#define eddy_queue_put(queue, item) eddy__queue_put((queue), (item), sizeof *(item))
#define eddy_queue_get(queue, out_item) eddy__queue_get((queue), (out_item), sizeof *(out_item))
EDDY_API EDDY_SUSPENDS int eddy__queue_put(eddy_queue *queue, const void *item, size_t size);
EDDY_API EDDY_SUSPENDS int eddy__queue_get(eddy_queue *queue, void *out_item, size_t size);

/* The same without waiting: EDDY_QUEUE_FULL, EDDY_QUEUE_EMPTY; -ENOMEM for put. */
#define eddy_queue_put_nowait(queue, item) eddy__queue_put_nowait((queue), (item), sizeof *(item))
#define eddy_queue_get_nowait(queue, out_item) \
    eddy__queue_get_nowait((queue), (out_item), sizeof *(out_item))
EDDY_API EDDY_CHECKED int eddy__queue_put_nowait(eddy_queue *queue, const void *item, size_t size);
EDDY_API EDDY_CHECKED int eddy__queue_get_nowait(eddy_queue *queue, void *out_item, size_t size);

/*
 * How many items are in it; how many there may be, 0 for any number; whether it has none; and
 * whether a put would wait. Of NULL: 0, 0, true and false.
 */
EDDY_API size_t eddy_queue_qsize(const eddy_queue *queue);
EDDY_API size_t eddy_queue_maxsize(const eddy_queue *queue);
EDDY_API bool eddy_queue_empty(const eddy_queue *queue);
EDDY_API bool eddy_queue_full(const eddy_queue *queue);

/* Says that the work on one item got from the queue is done. EDDY_EVALUE if called too often. */
EDDY_API int eddy_queue_task_done(eddy_queue *queue);

/* Waits until every item ever put has been reported done. 0, EDDY_CANCELLED, EDDY_EMISUSE. */
EDDY_API EDDY_SUSPENDS int eddy_queue_join(eddy_queue *queue);

/*
 * Takes no more items: puts fail, gets fail once it is empty, all waiters are woken. `immediate`
 * drops what is in it and counts it as done. 0.
 */
EDDY_API int eddy_queue_shutdown(eddy_queue *queue, bool immediate);

EDDY_AUTO_FOR(eddy_queue, eddy_queue_free)

EDDY_END_DECLS

#endif
