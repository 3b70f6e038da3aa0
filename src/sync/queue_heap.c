/* SPDX-License-Identifier: MIT */
/*
 * queue_heap.c: a binary array heap. No slot is smaller than its parent, which is at (index - 1) /
 * 2. Called by queue.c alone, which owns the slots.
 */
#include "sync/queue_heap.h"

#include <stdbool.h>
#include <string.h>

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

void eddy__queue_heap_init(struct queue_heap *heap, size_t item_size,
                           int (*compare)(const void *left, const void *right))
{
    heap->compare = compare;
    heap->number_offset = round_up(item_size, sizeof(uint64_t));
    heap->slot_size = round_up(heap->number_offset + sizeof(uint64_t), 16);
}

static uint64_t number_of(const struct queue_heap *heap, const char *slot)
{
    uint64_t number;
    memcpy(&number, slot + heap->number_offset, sizeof number);
    return number;
}

static bool is_before(const struct queue_heap *heap, const char *left, const char *right)
{
    int order = heap->compare(left, right);
    return order != 0 ? order < 0 : number_of(heap, left) < number_of(heap, right);
}

static void swap(const struct queue_heap *heap, char *left, char *right)
{
    char kept[16];
    for (size_t i = 0; i < heap->slot_size; i += sizeof kept) {
        memcpy(kept, left + i, sizeof kept);
        memcpy(left + i, right + i, sizeof kept);
        memcpy(right + i, kept, sizeof kept);
    }
}

void eddy__queue_heap_added(struct queue_heap *heap, char *slots, size_t count)
{
    size_t index = count - 1;
    uint64_t number = heap->next_number++;
    memcpy(slots + index * heap->slot_size + heap->number_offset, &number, sizeof number);
    while (index > 0) {
        char *slot = slots + index * heap->slot_size;
        char *above = slots + (index - 1) / 2 * heap->slot_size;
        if (!is_before(heap, slot, above))
            return;
        swap(heap, slot, above);
        index = (index - 1) / 2;
    }
}

/* The smaller of the slots below `index`; `count` if there is none. */
static size_t smaller_below(const struct queue_heap *heap, const char *slots, size_t count,
                            size_t index)
{
    size_t left = 2 * index + 1;
    if (left >= count)
        return count;
    if (left + 1 == count)
        return left;
    const char *slot = slots + left * heap->slot_size;
    return is_before(heap, slot + heap->slot_size, slot) ? left + 1 : left;
}

void eddy__queue_heap_taken(const struct queue_heap *heap, char *slots, size_t count)
{
    size_t last = count - 1;
    if (last == 0)
        return;
    memcpy(slots, slots + last * heap->slot_size, heap->slot_size);
    size_t index = 0;
    size_t below;
    while ((below = smaller_below(heap, slots, last, index)) < last) {
        char *slot = slots + index * heap->slot_size;
        if (is_before(heap, slot, slots + below * heap->slot_size))
            return;
        swap(heap, slot, slots + below * heap->slot_size);
        index = below;
    }
}
