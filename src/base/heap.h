/* SPDX-License-Identifier: MIT */
/*
 * heap.h: timers by deadline, the earliest first, equal ones in order of arming.
 *
 * Array heaps of four branches. Each member stores its position, so any member can be removed
 * without a search. The key is in the array beside the pointer: a walk through the heap touches no
 * member that it does not move.
 *
 * There are two heaps. A timeout is mostly cancelled long before its deadline, and is earlier than
 * the other timers: removed from one heap of a million, it would make another timer sink from the
 * top to the bottom. So a new timer goes into a small heap, and moves to the large one only when
 * the small one is full.
 */
#ifndef EDDY_BASE_HEAP_H
#define EDDY_BASE_HEAP_H

#include "base/base.h"

/* Embedded in each object that is in a heap. */
struct heap_node {
    uint32_t position; // index in the array of its part, from 1; 0: in no heap
    uint32_t part;     // index in heap->parts
};

struct heap_entry {
    int64_t key;
    uint64_t order; // breaks ties: first in, first out
    struct heap_node *node;
};

struct heap_part {
    struct heap_entry *entries; // entries[0] is never used
    size_t count;
    size_t capacity;
};

struct heap {
    struct heap_part parts[2]; // the recent ones; the others
    size_t count;
    uint64_t next_order;
};

/* Adds `node`, which is in no heap. 0 or -ENOMEM. */
int eddy__heap_insert(struct heap *heap, struct heap_node *node, int64_t key);

/* Removes `node` from the heap that it is in. */
void eddy__heap_remove(struct heap *heap, struct heap_node *node);

static inline bool eddy__heap_is_before(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

/* The earliest entry; NULL when empty. */
static inline const struct heap_entry *eddy__heap_top(const struct heap *heap)
{
    const struct heap_part *recent = &heap->parts[0];
    const struct heap_part *rest = &heap->parts[1];
    if (rest->count == 0)
        return recent->count > 0 ? &recent->entries[1] : NULL;
    if (recent->count == 0 || eddy__heap_is_before(&rest->entries[1], &recent->entries[1]))
        return &rest->entries[1];
    return &recent->entries[1];
}

/* The earliest, NULL when empty. */
static inline struct heap_node *eddy__heap_first(const struct heap *heap)
{
    const struct heap_entry *top = eddy__heap_top(heap);
    return top != NULL ? top->node : NULL;
}

static inline int64_t eddy__heap_first_key(const struct heap *heap)
{
    const struct heap_entry *top = eddy__heap_top(heap);
    return top != NULL ? top->key : INT64_MAX;
}

void eddy__heap_fini(struct heap *heap);

#endif
