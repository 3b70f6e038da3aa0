/* SPDX-License-Identifier: MIT */
/*
 * queue_heap.h: the layout of a priority queue's items in its block: a heap, the smallest first.
 *
 * A slot holds an item followed by its number: among equal items the one put first is smaller.
 */
#ifndef EDDY_SYNC_QUEUE_HEAP_H
#define EDDY_SYNC_QUEUE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct queue_heap {
    int (*compare)(const void *left, const void *right); // NULL: the queue is no heap
    size_t number_offset; // bytes from the start of a slot
    size_t slot_size;     // bytes; a multiple of 16, so that any item is aligned
    uint64_t next_number;
};

void eddy__queue_heap_init(struct queue_heap *heap, size_t item_size,
                           int (*compare)(const void *left, const void *right));

/* Finds the place for an item that has just been written into the last of `count` slots. */
void eddy__queue_heap_added(struct queue_heap *heap, char *slots, size_t count);

/* Removes the first of `count` slots, which leaves one slot less. */
void eddy__queue_heap_taken(const struct queue_heap *heap, char *slots, size_t count);

#endif
