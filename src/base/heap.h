/* SPDX-License-Identifier: MIT */
/*
 * heap.h: timers by deadline, the earliest first, equal ones in order of arming.
 *
 * An array heap of four branches with positions kept in the members, so that one is taken out from
 * anywhere at once. The key stands in the array beside the pointer: a walk through the heap touches
 * no member that it does not move.
 */
#ifndef EDDY_BASE_HEAP_H
#define EDDY_BASE_HEAP_H

#include "base/base.h"

/* Member of whatever waits in a heap. */
struct heap_node {
    size_t position; // in the array, from 1; 0: in no heap
};

struct heap_entry {
    int64_t key;
    uint64_t order; // breaks ties: first in, first out
    struct heap_node *node;
};

struct heap {
    struct heap_entry *entries; // entries[0] is never used
    size_t count;
    size_t capacity;
    uint64_t next_order;
};

/* Adds `node`, which is in no heap. 0 or -ENOMEM. */
int eddy__heap_insert(struct heap *heap, struct heap_node *node, int64_t key);

/* Takes `node` out of the heap that it is in. */
void eddy__heap_remove(struct heap *heap, struct heap_node *node);

/* The earliest, NULL when empty. */
static inline struct heap_node *eddy__heap_first(const struct heap *heap)
{
    return heap->count > 0 ? heap->entries[1].node : NULL;
}

static inline int64_t eddy__heap_first_key(const struct heap *heap)
{
    return heap->count > 0 ? heap->entries[1].key : INT64_MAX;
}

void eddy__heap_fini(struct heap *heap);

#endif
