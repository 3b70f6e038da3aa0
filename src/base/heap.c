/* SPDX-License-Identifier: MIT */
/*
 * heap.c: a heap of four branches; see heap.h.
 *
 * Children of position p stand at 4p-2 .. 4p+1, its parent at (p+2)/4, the root at 1.
 */
#include "base/heap.h"

#include <errno.h>

static bool is_before(const struct heap_entry *a, const struct heap_entry *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void place(struct heap *heap, size_t position, struct heap_entry entry)
{
    heap->entries[position] = entry;
    entry.node->position = position;
}

static void sift_up(struct heap *heap, size_t position, struct heap_entry entry)
{
    while (position > 1) {
        size_t parent = (position + 2) / 4;
        if (!is_before(&entry, &heap->entries[parent]))
            break;
        place(heap, position, heap->entries[parent]);
        position = parent;
    }
    place(heap, position, entry);
}

static size_t earliest_child(const struct heap *heap, size_t position)
{
    size_t first = 4 * position - 2;
    if (first > heap->count)
        return 0;
    size_t last = first + 3 < heap->count ? first + 3 : heap->count;
    size_t best = first;
    for (size_t child = first + 1; child <= last; child++)
        if (is_before(&heap->entries[child], &heap->entries[best]))
            best = child;
    return best;
}

static void sift_down(struct heap *heap, size_t position, struct heap_entry entry)
{
    for (;;) {
        size_t child = earliest_child(heap, position);
        if (child == 0 || !is_before(&heap->entries[child], &entry))
            break;
        place(heap, position, heap->entries[child]);
        position = child;
    }
    place(heap, position, entry);
}

int eddy__heap_insert(struct heap *heap, struct heap_node *node, int64_t key)
{
    EDDY_ASSERT(node->position == 0);
    if (heap->count + 2 > heap->capacity) {
        size_t capacity = heap->capacity > 0 ? heap->capacity * 2 : 64;
        struct heap_entry *entries = eddy__realloc(heap->entries, capacity * sizeof *entries);
        if (entries == NULL)
            return -ENOMEM;
        heap->entries = entries;
        heap->capacity = capacity;
    }
    sift_up(heap, ++heap->count, (struct heap_entry){key, heap->next_order++, node});
    return 0;
}

void eddy__heap_remove(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    EDDY_ASSERT(position >= 1 && position <= heap->count);
    node->position = 0;
    struct heap_entry last = heap->entries[heap->count--];
    if (last.node == node)
        return;
    if (position > 1 && is_before(&last, &heap->entries[(position + 2) / 4]))
        sift_up(heap, position, last);
    else
        sift_down(heap, position, last);
}

void eddy__heap_fini(struct heap *heap)
{
    eddy__free(heap->entries);
    *heap = (struct heap){0};
}
