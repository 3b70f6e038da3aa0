/* SPDX-License-Identifier: MIT */
/*
 * due.h: a priority queue of things that become due at a time, earliest first: a binary heap.
 *
 * A `struct due` is embedded in the thing it belongs to. Things due at the same time keep the order
 * in which they were added. Memory is reserved beforehand, so adding one cannot fail.
 */
#ifndef EDDY_TOOLS_DUE_H
#define EDDY_TOOLS_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct due {
    double at;          // seconds of the caller's clock
    uint64_t number;    // counts the entries, to keep their order
    size_t place;       // in the heap, from 1; 0: not in it
    int kind;           // the caller's own: what kind of thing it belongs to
};

/* All zero is an empty heap. */
struct due_heap {
    struct due **items;
    size_t count, capacity;
    uint64_t put_count;    // ever
};

void due_heap_fini(struct due_heap *heap);

/* Reserves memory for `count` things in all. Returns 0, or -ENOMEM. */
int due_heap_reserve(struct due_heap *heap, size_t count);

/* Adds `due` with time `at`, or moves it if it is in the heap. Memory must have been reserved. */
void due_heap_put(struct due_heap *heap, struct due *due, double at);

/* Removes `due`; does nothing if it isn't in the heap. */
void due_heap_remove(struct due_heap *heap, struct due *due);

/* Returns the earliest, borrowed; NULL if the heap is empty. */
struct due *due_heap_first(const struct due_heap *heap);

#endif
