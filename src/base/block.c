/* SPDX-License-Identifier: MIT */
/*
 * block.c: small blocks of memory, recycled; see block.h.
 *
 * A slab is two mebibytes with blocks of one size, aligned so that any of its blocks finds it. A
 * shelf is what a pool has for one size: the slab that is taken from, and others with free blocks.
 * Slabs after the first of a shelf ask for huge pages: touching a small page for the first time
 * costs more than making the thirty tasks that it holds.
 *
 *      taken from  --full-->  on no list  --a block comes back-->  on the shelf's list
 *
 * A slab without a live block is kept while there are at most EMPTY_MAX of them, else unmapped.
 *
 * Invariants:
 *   - A slab that is on no list is full. `is_listed` says that it is taken from or on a list.
 *   - A slab that is taken from counts one extra live block, so that it never seems empty.
 *   - A pool belongs to its thread. Blocks that come from or return to elsewhere (no loop runs
 *     here, the block's loop has closed or runs on another thread) pass under one lock: they wait
 *     in `astray` until their owner next asks for a slab, or belong to `outside`.
 */
#include "base/block.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#if defined(EDDY__HAVE_VALGRIND) && EDDY__HAVE_VALGRIND
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(address, size) ((void)(address), (void)(size), 0)
#endif

enum {
    HEADER_UNIT = 128, // bytes, so that blocks of whole cache lines are aligned to them
    EMPTY_MAX = 4,     // slabs without a live block that a pool keeps
    SHELF_COUNT = BLOCK_MAX / BLOCK_UNIT,
};

_Thread_local struct block_pool *eddy__blocks;

/* For a shelf without a slab: it is always full. */
static struct block_slab no_slab;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct block_pool *outside; // for threads without a loop; guarded by lock, as is the next
static struct block *astray;       // freed on threads that their pools don't belong to
static _Atomic bool is_any_astray;

#ifndef __has_feature
#define __has_feature(name) 0
#endif

static bool are_recycled(void)
{
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
    return false;
#else
    // Of Valgrind's tools only Memcheck answers this; under the others blocks are recycled.
    char any = 0;
    return !eddy__allocator_is_set() && VALGRIND_MAKE_MEM_DEFINED(&any, sizeof any) == 0;
#endif
}

/* ---- slabs -----------------------------------------------------------------------------------*/

/* Maps a slab's worth of memory at a multiple of its size. */
static char *map_aligned(void)
{
    char *base = mmap(NULL, 2 * (size_t)BLOCK_SLAB, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    size_t before = (BLOCK_SLAB - (uintptr_t)base % BLOCK_SLAB) % BLOCK_SLAB;
    if (before > 0)
        munmap(base, before);
    munmap(base + before + BLOCK_SLAB, BLOCK_SLAB - before);
    return base + before;
}

static struct block_slab *open_slab(struct block_pool *pool, size_t size, bool is_first)
{
    char *base = map_aligned();
    if (base == NULL)
        return NULL;
    madvise(base, BLOCK_SLAB, is_first ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
    struct block_slab *slab = (struct block_slab *)base;
    size_t header = (sizeof *slab + HEADER_UNIT - 1) / HEADER_UNIT * HEADER_UNIT;
    *slab = (struct block_slab){
        .pool = pool,
        .size = (uint32_t)size,
        .fresh = base + header,
        .end = base + header + (BLOCK_SLAB - header) / size * size,
    };
    list_push(&pool->slabs, &slab->all);
    return slab;
}

static void close_slab(struct block_slab *slab)
{
    link_remove(&slab->all);
    munmap(slab, BLOCK_SLAB);
}

static struct block_shelf *shelf_of(struct block_pool *pool, size_t size)
{
    return &pool->shelves[(size - 1) / BLOCK_UNIT];
}

/* A block of a slab; NULL if the slab is full. */
static void *take_from(struct block_slab *slab)
{
    struct block *block = slab->free;
    if (block != NULL) {
        slab->free = block->next;
    } else {
        if (slab->fresh == slab->end)
            return NULL;
        block = (struct block *)slab->fresh;
        slab->fresh += slab->size;
    }
    slab->live++;
    return block;
}

/* Replaces the slab that is taken from, which is full. */
static bool change_slab(struct block_pool *pool, struct block_shelf *shelf, size_t size)
{
    struct link *link = list_pop(&shelf->slabs);
    struct block_slab *slab = link != NULL ? container_of(link, struct block_slab, link) : NULL;
    if (slab != NULL && slab->live == 0)
        pool->empty_count--;
    if (slab == NULL)
        slab = open_slab(pool, size, shelf->slab == &no_slab);
    if (slab == NULL)
        return false;
    if (shelf->slab != &no_slab) {
        shelf->slab->is_listed = false;
        shelf->slab->live--;
    }
    slab->is_listed = true;
    slab->live++;
    shelf->slab = slab;
    return true;
}

static void *take(struct block_pool *pool, size_t size)
{
    struct block_shelf *shelf = shelf_of(pool, size);
    size = (size + BLOCK_UNIT - 1) / BLOCK_UNIT * BLOCK_UNIT;
    void *block;
    while ((block = take_from(shelf->slab)) == NULL)
        if (!change_slab(pool, shelf, size))
            return NULL;
    return block;
}

/* Called when the last live block of a slab was freed. */
static void empty_slab(struct block_pool *pool, struct block_slab *slab)
{
    if (pool->empty_count < EMPTY_MAX) {
        pool->empty_count++;
        return;
    }
    link_remove(&slab->link);
    close_slab(slab);
}

static void give(struct block_pool *pool, struct block_slab *slab, struct block *block)
{
    struct block_shelf *shelf = shelf_of(pool, slab->size);
    block->next = slab->free;
    slab->free = block;
    if (!slab->is_listed) {
        slab->is_listed = true;
        list_push(&shelf->slabs, &slab->link);
    }
    if (--slab->live == 0)
        empty_slab(pool, slab);
}

/* ---- pools -----------------------------------------------------------------------------------*/

static struct block_pool *new_pool(void)
{
    struct block_pool *pool = eddy__malloc(sizeof *pool);
    if (pool == NULL)
        return NULL;
    for (size_t i = 0; i < SHELF_COUNT; i++) {
        pool->shelves[i].slab = &no_slab;
        list_init(&pool->shelves[i].slabs);
    }
    list_init(&pool->slabs);
    pool->empty_count = 0;
    return pool;
}

/* Frees the blocks of `pool` that other threads could not free. Called with the lock held. */
static bool collect_astray(struct block_pool *pool)
{
    bool is_any_left = false;
    bool is_any_ours = false;
    for (struct block **place = &astray; *place != NULL;) {
        struct block *block = *place;
        struct block_slab *slab = eddy__block_slab(block);
        if (slab->pool == pool) {
            *place = block->next;
            give(pool, slab, block);
            is_any_ours = true;
        } else {
            place = &block->next;
            is_any_left = true;
        }
    }
    is_any_astray = is_any_left;
    return is_any_ours;
}

int eddy__block_pool_open(void)
{
    EDDY_ASSERT(eddy__blocks == NULL);
    if (!are_recycled())
        return 0;
    eddy__blocks = new_pool();
    return eddy__blocks != NULL ? 0 : -ENOMEM;
}

void eddy__block_pool_close(void)
{
    struct block_pool *pool = eddy__blocks;
    if (pool == NULL)
        return;
    eddy__blocks = NULL;
    pthread_mutex_lock(&lock);
    collect_astray(pool);
    for (size_t i = 0; i < SHELF_COUNT; i++)
        if (pool->shelves[i].slab != &no_slab)
            pool->shelves[i].slab->live--;
    struct link *link;
    while ((link = list_first(&pool->slabs)) != NULL) {
        struct block_slab *slab = container_of(link, struct block_slab, all);
        if (slab->live == 0) {
            close_slab(slab);
        } else {
            link_remove(&slab->all);
            slab->pool = NULL;
        }
    }
    pthread_mutex_unlock(&lock);
    eddy__free(pool);
}

/* ---- off the fast path -----------------------------------------------------------------------*/

static void *take_outside(size_t size)
{
    pthread_mutex_lock(&lock);
    if (outside == NULL)
        outside = new_pool();
    void *block = outside != NULL ? take(outside, size) : NULL;
    pthread_mutex_unlock(&lock);
    return block;
}

void *eddy__block_new_slowly(size_t size)
{
    if (size > BLOCK_MAX || !are_recycled())
        return eddy__malloc(size);
    struct block_pool *pool = eddy__blocks;
    if (pool == NULL)
        return take_outside(size);
    if (is_any_astray) {
        pthread_mutex_lock(&lock);
        collect_astray(pool);
        pthread_mutex_unlock(&lock);
    }
    return take(pool, size);
}

/* Frees a block that belongs to no pool of this thread. */
static void give_elsewhere(struct block_slab *slab, struct block *block)
{
    pthread_mutex_lock(&lock);
    if (slab->pool == NULL) {
        // Its loop has closed: the slab is freed with its last block.
        if (--slab->live == 0)
            munmap(slab, BLOCK_SLAB);
    } else if (slab->pool == outside) {
        give(outside, slab, block);
    } else {
        block->next = astray;
        astray = block;
        is_any_astray = true;
    }
    pthread_mutex_unlock(&lock);
}

void eddy__block_free_slowly(void *memory, size_t size)
{
    if (size > BLOCK_MAX || !are_recycled()) {
        eddy__free(memory);
        return;
    }
    struct block_slab *slab = eddy__block_slab(memory);
    if (slab->pool == eddy__blocks && eddy__blocks != NULL)
        give(eddy__blocks, slab, memory);
    else
        give_elsewhere(slab, memory);
}
