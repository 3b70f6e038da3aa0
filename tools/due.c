/* SPDX-License-Identifier: MIT */
/*
 * due.c: a binary heap of times.
 *
 * items[0] is the earliest; the children of item n are 2n+1 and 2n+2, and neither is earlier than
 * its parent. Each item knows its place, so that it can be moved and removed.
 *
 * Owns the array, not the items. Used by hosts.c.
 */
#include "due.h"

#include <errno.h>
#include <stdlib.h>

void due_heap_fini(struct due_heap *heap)
{
    free(heap->items);
    *heap = (struct due_heap){0};
}

int due_heap_reserve(struct due_heap *heap, size_t count)
{
    if (count <= heap->capacity)
        return 0;
    size_t capacity = heap->capacity > 0 ? heap->capacity * 2 : 64;
    if (capacity < count)
        capacity = count;
    struct due **items = realloc(heap->items, capacity * sizeof *items);
    if (items == NULL)
        return -ENOMEM;
    heap->items = items;
    heap->capacity = capacity;
    return 0;
}

static bool is_before(const struct due *a, const struct due *b)
{
    return a->at < b->at || (a->at <= b->at && a->number < b->number);
}

static void set(struct due_heap *heap, size_t index, struct due *due)
{
    heap->items[index] = due;
    due->place = index + 1;
}

/* Moves `due` up to its place, which is at `index` or above. */
static void rise(struct due_heap *heap, size_t index, struct due *due)
{
    for (; index > 0; index = (index - 1) / 2) {
        struct due *parent = heap->items[(index - 1) / 2];
        if (!is_before(due, parent))
            break;
        set(heap, index, parent);
    }
    set(heap, index, due);
}

/* Moves `due` down to its place, which is at `index` or below. */
static void sink(struct due_heap *heap, size_t index, struct due *due)
{
    for (size_t child; (child = index * 2 + 1) < heap->count; index = child) {
        if (child + 1 < heap->count && is_before(heap->items[child + 1], heap->items[child]))
            child++;
        if (!is_before(heap->items[child], due))
            break;
        set(heap, index, heap->items[child]);
    }
    set(heap, index, due);
}

void due_heap_put(struct due_heap *heap, struct due *due, double at)
{
    due_heap_remove(heap, due);
    due->at = at;
    due->number = heap->put_count++;
    rise(heap, heap->count++, due);
}

void due_heap_remove(struct due_heap *heap, struct due *due)
{
    if (due->place == 0)
        return;
    size_t index = due->place - 1;
    due->place = 0;
    struct due *last = heap->items[--heap->count];
    if (last == due)
        return;
    if (index > 0 && is_before(last, heap->items[(index - 1) / 2]))
        rise(heap, index, last);
    else
        sink(heap, index, last);
}

struct due *due_heap_first(const struct due_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}
