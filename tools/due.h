/* SPDX-License-Identifier: MIT */
/*
 * due.h: things that become due at a time, earliest first: a binary heap.
 *
 * A `struct due` is embedded in the thing it belongs to. Things due at the same time come out in the
 * order they were put in. Memory is reserved beforehand, so putting one in cannot fail.
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

/* Makes room for `count` things in all. 0, or -ENOMEM. */
int due_heap_reserve(struct due_heap *heap, size_t count);

/* Puts `due` in, to come out at `at`; moves it when it is in already. Room has been reserved. */
void due_heap_put(struct due_heap *heap, struct due *due, double at);

/* Takes `due` out; nothing happens when it isn't in. */
void due_heap_remove(struct due_heap *heap, struct due *due);

/* The earliest, lent; NULL when the heap is empty. */
struct due *due_heap_first(const struct due_heap *heap);

#endif
