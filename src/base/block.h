/* SPDX-License-Identifier: MIT */
/*
 * block.h: small blocks of memory, recycled: tasks, futures, timeouts.
 *
 * Each loop has a pool. A block is taken from the pool of the calling thread and returns to that
 * pool, whichever thread frees it. Taking and freeing on the loop's own thread take a few
 * instructions; anything else is done in block.c.
 *
 * Recycling is off, and each block is a separate allocation, in a process that has set an allocator
 * (it wants to see them all) and under AddressSanitizer and Valgrind (they want to see each free).
 */
#ifndef EDDY_BASE_BLOCK_H
#define EDDY_BASE_BLOCK_H

#include "base/base.h"

#include <stdatomic.h>

enum {
    BLOCK_UNIT = 16,               // bytes; sizes are rounded up to it, blocks aligned to it
    BLOCK_MAX = 512,               // bytes; larger ones are allocated
    BLOCK_SLAB = 2 * 1024 * 1024,  // bytes; a slab's size and its alignment
};

struct block {
    struct block *next; // while free
};

/* One mapping with blocks of one size. This header is at its beginning. */
struct block_slab {
    struct block *free;
    uint32_t live;            // blocks in use, and one more while the shelf takes from it
    bool is_listed;           // on its shelf
    struct block_pool *_Atomic pool; // the owner; NULL: the pool's loop has closed
    char *fresh;              // no block from here on has been taken yet
    char *end;                // where the last block ends
    struct link link;         // on its shelf, while it has free blocks
    struct link all;          // in pool->slabs
    uint32_t size;            // of its blocks
};

struct block_shelf {
    struct block_slab *slab; // to take from; never NULL
    struct list slabs;       // others with free blocks
};

struct block_pool {
    struct block_shelf shelves[BLOCK_MAX / BLOCK_UNIT]; // [i]: blocks of (i + 1) units
    struct list slabs;
    size_t empty_count; // slabs without a live block that are kept
};

/* The pool of the loop that runs on this thread; NULL outside loops, and while recycling is off. */
extern _Thread_local struct block_pool *eddy__blocks __attribute__((tls_model("initial-exec")));

/* A pool for this thread's loop. 0 or -ENOMEM. */
int eddy__block_pool_open(void);

/* Closes it. Blocks in use stay valid until they are freed. */
void eddy__block_pool_close(void);

void *eddy__block_new_slowly(size_t size);
void eddy__block_free_slowly(void *memory, size_t size);

static inline struct block_slab *eddy__block_slab(void *memory)
{
    return (struct block_slab *)((char *)memory - (uintptr_t)memory % BLOCK_SLAB);
}

/* `size` bytes, more than 0, uninitialised; NULL without memory. */
static inline void *eddy__block_new(size_t size)
{
    struct block_pool *pool = eddy__blocks;
    if (EDDY__LIKELY(pool != NULL && size <= BLOCK_MAX)) {
        struct block_slab *slab = pool->shelves[(size - 1) / BLOCK_UNIT].slab;
        struct block *block = slab->free;
        if (EDDY__LIKELY(block != NULL)) {
            slab->free = block->next;
            slab->live++;
            return block;
        }
    }
    return eddy__block_new_slowly(size);
}

/* Frees a block of `size` bytes, from any thread. */
static inline void eddy__block_free(void *memory, size_t size)
{
    struct block_pool *pool = eddy__blocks;
    if (EDDY__LIKELY(pool != NULL && size <= BLOCK_MAX)) {
        struct block_slab *slab = eddy__block_slab(memory);
        struct block *block = memory;
        if (EDDY__LIKELY(atomic_load_explicit(&slab->pool, memory_order_relaxed) == pool &&
                         slab->is_listed && slab->live > 1)) {
            block->next = slab->free;
            slab->free = block;
            slab->live--;
            return;
        }
    }
    eddy__block_free_slowly(memory, size);
}

#endif
