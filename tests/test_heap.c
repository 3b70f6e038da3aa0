/* SPDX-License-Identifier: MIT */
/* The heap of timers, against a plain array that is searched from end to end. */
#include "harness.h"

#include "base/heap.h"

#include <errno.h>
#include <string.h>

enum { NODES = 400 };

struct item {
    struct heap_node node;
    int64_t key;
    uint64_t order; // of insertion
    bool is_inside;
};

static struct item items[NODES];
static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* The item that the heap must hand out first; NULL: it is empty. */
static struct item *first_of_model(void)
{
    struct item *best = NULL;
    for (int i = 0; i < NODES; i++) {
        struct item *item = &items[i];
        if (!item->is_inside)
            continue;
        if (best == NULL || item->key < best->key ||
            (item->key == best->key && item->order < best->order))
            best = item;
    }
    return best;
}

static bool check_part(const struct heap *heap, uint32_t number)
{
    const struct heap_part *part = &heap->parts[number];
    for (size_t i = 1; i <= part->count; i++) {
        const struct heap_entry *entry = &part->entries[i];
        const struct heap_entry *parent = &part->entries[(i + 2) / 4];
        if (entry->node->position != i || entry->node->part != number)
            return false;
        if (i > 1 && (entry->key < parent->key ||
                      (entry->key == parent->key && entry->order < parent->order)))
            return false;
    }
    return true;
}

static bool check_heap(const struct heap *heap)
{
    return heap->parts[0].count + heap->parts[1].count == heap->count && check_part(heap, 0) &&
           check_part(heap, 1);
}

static bool agrees(const struct heap *heap)
{
    struct item *item = first_of_model();
    if (item == NULL)
        return heap->count == 0 && eddy__heap_first(heap) == NULL &&
               eddy__heap_first_key(heap) == INT64_MAX;
    return eddy__heap_first(heap) == &item->node && eddy__heap_first_key(heap) == item->key;
}

static void insert(struct heap *heap, struct item *item, int64_t key, uint64_t order)
{
    item->key = key;
    item->order = order;
    item->is_inside = true;
    EXPECT_EQ(eddy__heap_insert(heap, &item->node, key), 0);
}

static void take_out(struct heap *heap, struct item *item)
{
    item->is_inside = false;
    eddy__heap_remove(heap, &item->node);
    EXPECT_EQ(item->node.position, 0);
}

static void run_random(uint64_t first_seed, int steps, uint64_t keys)
{
    struct heap heap = {0};
    memset(items, 0, sizeof items);
    seed = first_seed;
    size_t inside = 0;
    for (int step = 0; step < steps; step++) {
        struct item *item = &items[draw(NODES)];
        if (!item->is_inside) {
            insert(&heap, item, (int64_t)draw(keys) - (int64_t)(keys / 2), (uint64_t)step);
            inside++;
        } else if (draw(3) > 0) { // from anywhere; else leave it
            take_out(&heap, item);
            inside--;
        }
        if (!EXPECT(heap.count == inside && check_heap(&heap) && agrees(&heap)))
            break;
    }
    while (eddy__heap_first(&heap) != NULL && EXPECT(agrees(&heap)))
        take_out(&heap, container_of(eddy__heap_first(&heap), struct item, node));
    eddy__heap_fini(&heap);
}

TEST_PLAIN(a_random_life_agrees_with_a_sorted_model)
{
    int steps = is_watched() ? 500 : 3000;
    for (uint64_t s = 1; s <= 8; s++) {
        run_random(s, steps, 1000000);
        run_random(s, steps, 8); // many equal ones
        run_random(s, steps, 1);
    }
}

TEST_PLAIN(equal_keys_leave_in_order_of_arrival)
{
    struct heap heap = {0};
    memset(items, 0, sizeof items);
    for (int i = 0; i < NODES; i++)
        insert(&heap, &items[i], 7, (uint64_t)i);
    for (int i = 0; i < NODES; i++) {
        EXPECT(eddy__heap_first(&heap) == &items[i].node);
        take_out(&heap, &items[i]);
    }
    eddy__heap_fini(&heap);
}

TEST_PLAIN(the_extremes_of_time_are_keys_as_any_other)
{
    struct heap heap = {0};
    memset(items, 0, sizeof items);
    insert(&heap, &items[0], INT64_MAX, 0);
    insert(&heap, &items[1], INT64_MIN, 1);
    insert(&heap, &items[2], 0, 2);
    EXPECT(agrees(&heap));
    take_out(&heap, &items[1]);
    take_out(&heap, &items[2]);
    EXPECT(agrees(&heap));
    take_out(&heap, &items[0]);
    eddy__heap_fini(&heap);
}

TEST_PLAIN(without_memory_nothing_is_inserted)
{
    struct heap heap = {0};
    memset(items, 0, sizeof items);
    fail_allocation(0);
    EXPECT_EQ(eddy__heap_insert(&heap, &items[0].node, 1), -ENOMEM);
    EXPECT_EQ(items[0].node.position, 0);
    EXPECT_EQ(heap.count, 0);
    eddy__heap_fini(&heap);
}

RUN_TESTS(TEST_OF(a_random_life_agrees_with_a_sorted_model),
          TEST_OF(equal_keys_leave_in_order_of_arrival),
          TEST_OF(the_extremes_of_time_are_keys_as_any_other),
          TEST_OF(without_memory_nothing_is_inserted))
