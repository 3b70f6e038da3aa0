/* SPDX-License-Identifier: MIT */
/*
 * heap.c: two heaps of four branches; see heap.h.
 *
 * The children of position p are at 4p-2 .. 4p+1, its parent at (p+2)/4, the root at 1.
 *
 * Invariant: the first part has RECENT_MAX members at most.
 */
#include "base/heap.h"

#include <errno.h>

enum {
    RECENT_MAX = 64,
    CAPACITY_FIRST = 128,
};

static void place(struct heap_part *part, size_t position, struct heap_entry entry)
{
    part->entries[position] = entry;
    entry.node->position = (uint32_t)position;
}

static void sift_up(struct heap_part *part, size_t position, struct heap_entry entry)
{
    while (position > 1) {
        size_t parent = (position + 2) / 4;
        if (!eddy__heap_is_before(&entry, &part->entries[parent]))
            break;
        place(part, position, part->entries[parent]);
        position = parent;
    }
    place(part, position, entry);
}

static size_t earliest_child(const struct heap_part *part, size_t position)
{
    size_t first = 4 * position - 2;
    if (first > part->count)
        return 0;
    size_t last = first + 3 < part->count ? first + 3 : part->count;
    size_t best = first;
    for (size_t child = first + 1; child <= last; child++)
        if (eddy__heap_is_before(&part->entries[child], &part->entries[best]))
            best = child;
    return best;
}

static void sift_down(struct heap_part *part, size_t position, struct heap_entry entry)
{
    for (;;) {
        size_t child = earliest_child(part, position);
        if (child == 0 || !eddy__heap_is_before(&part->entries[child], &entry))
            break;
        place(part, position, part->entries[child]);
        position = child;
    }
    place(part, position, entry);
}

/* Reserves space for `more` members. */
static int reserve(struct heap_part *part, size_t more)
{
    if (part->count + more < part->capacity)
        return 0;
    size_t capacity = part->capacity > 0 ? part->capacity * 2 : CAPACITY_FIRST;
    struct heap_entry *entries = eddy__realloc(part->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return -ENOMEM;
    part->entries = entries;
    part->capacity = capacity;
    return 0;
}

/* Moves all recent members to the large heap. */
static int settle_recent(struct heap *heap)
{
    struct heap_part *recent = &heap->parts[0];
    struct heap_part *rest = &heap->parts[1];
    int err = reserve(rest, recent->count);
    if (err < 0)
        return err;
    for (size_t i = 1; i <= recent->count; i++) {
        recent->entries[i].node->part = 1;
        sift_up(rest, ++rest->count, recent->entries[i]);
    }
    recent->count = 0;
    return 0;
}

int eddy__heap_insert(struct heap *heap, struct heap_node *node, int64_t key)
{
    struct heap_part *recent = &heap->parts[0];
    EDDY_ASSERT(node->position == 0);
    int err = reserve(recent, 1);
    if (err == 0 && recent->count == RECENT_MAX)
        err = settle_recent(heap);
    if (err < 0)
        return err;
    node->part = 0;
    sift_up(recent, ++recent->count, (struct heap_entry){key, heap->next_order++, node});
    heap->count++;
    return 0;
}

void eddy__heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_part *part = &heap->parts[node->part];
    size_t position = node->position;
    EDDY_ASSERT(position >= 1 && position <= part->count);
    node->position = 0;
    heap->count--;
    struct heap_entry last = part->entries[part->count--];
    if (last.node == node)
        return;
    if (position > 1 && eddy__heap_is_before(&last, &part->entries[(position + 2) / 4]))
        sift_up(part, position, last);
    else
        sift_down(part, position, last);
}

void eddy__heap_fini(struct heap *heap)
{
    eddy__free(heap->parts[0].entries);
    eddy__free(heap->parts[1].entries);
    *heap = (struct heap){0};
}
