/* SPDX-License-Identifier: MIT */
/*
 * stack.c: memory to run on, and the pool that recycles it.
 *
 * Stacks are carved from slabs: mappings of some stacks of equal size, each with its guard below.
 * Only address space is reserved. A page is committed when it is first touched; when many stacks
 * are taken, some pages are committed together shortly before, because page faults take most of the
 * time of a million tasks. The highest stack of a slab is carved first, and the slab's own header
 * lies above that stack's descriptor, in a page that is touched anyway: bookkeeping costs no
 * memory, and no allocation that could fail.
 *
 *      base                                                                     base + length
 *       | guard | stack n-1 |   . . .   | guard | stack 1 | guard | stack 0 | struct slab |
 *
 * A free stack is in one of three places, searched in this order:
 *
 *     warm    on its shelf, which holds one size; the last one given is the first one taken,
 *             because its pages are in the cache. No system call, no access to the slab.
 *     cold    in its slab, when EDDY__STACK_WARM_MAX are warm already: its pages were given back,
 *             except the one with the descriptor.
 *     fresh   not carved yet.
 *
 * A slab whose carved stacks are all cold is unmapped, so a burst of a million tasks leaves at
 * most the slabs in which some stack is warm.
 *
 * Invariants:
 *   - The running code may be on the very stack that is given, or taken again right after. So
 *     nothing below the stack pointer's page is relied upon, nothing above it is dropped, and a
 *     slab is not unmapped while we run on it: it is `doomed`, and unmapped when the pool is next
 *     used.
 *   - Descriptors and tops lie in the highest page or two, which are never trimmed.
 *
 * Owns the mappings. Called by core/ through arch.h.
 */
#include "arch.h"
#include "guard.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    RETRY_PAUSE_NS = 10 * 1000 * 1000,
    SIZE_DEFAULT = 64 * 1024,
    SIZE_DEFAULT_WATCHED = 256 * 1024,
    SLAB_STACKS_MIN = 64,                 // stacks in a slab; more where there are many:
    SLAB_SHARE = 16,                      // a sixteenth of the existing stacks
    SLAB_BYTES_MAX = 32 * 1024 * 1024,    // a slab of large stacks has fewer; at least one
    LINE = 64,                            // bytes of a cache line
    STAGGER_LINES = 16,                   // tops differ by up to 15 lines: under 1 KiB of the page
    FRAMES_MAX = 2048,                    // bytes of stack for the functions here and below
    CROWD_MIN = 512,                      // stacks; from this number on more are expected
    COMMIT_BATCH = 16,                    // tops committed at once: they fit into the cache
    MINCORE_PAGES = 512,                  // pages asked about at a time
};

struct slab {
    struct slab *next, *prev;              // in pool->slabs
    struct slab *next_cold, *prev_cold;    // in shelf->cold, while cold_count > 0
    struct stack_shelf *shelf;
    struct stack *cold;    // free stacks without pages
    char *base;
    size_t length;          // bytes mapped
    size_t stride;          // from one guard to the next
    unsigned count;         // stacks that fit
    unsigned carved;        // of these, stacks that have a descriptor
    unsigned cold_count;    // length of `cold`
};

_Static_assert(_Alignof(struct stack) <= 16 && _Alignof(struct slab) <= 16, "tops are 16-aligned");

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* ---- slabs -----------------------------------------------------------------------------------*/

/* The end of the descriptor of a slab's stack number `index`; the header is above number 0. */
static char *stack_end(const struct slab *slab, unsigned index)
{
    if (index == 0)
        return (char *)slab;
    return slab->base + (slab->count - index) * slab->stride;
}

static struct stack *stack_at(const struct slab *slab, unsigned index)
{
    return (struct stack *)(stack_end(slab, index) - round_up(sizeof(struct stack), LINE));
}

static char *map(size_t length)
{
    // MAP_STACK prevents huge pages on newer kernels, the advice on older ones: without either,
    // touching one page of one stack could commit those of 25. NORESERVE: most is never touched.
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *base = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    madvise(base, length, MADV_NOHUGEPAGE);    // EINVAL where there are none: harmless
    return base;
}

/* Mappings of all pools that were unmapped so far: each may make a new one possible. */
static _Atomic unsigned unmapped_count;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void note_failure(struct stack_pool *pool, size_t length)
{
    pool->failure_count++;
    pool->failed_length = length;
    pool->failed_ns = now_ns();
    pool->unmapped_then = atomic_load_explicit(&unmapped_count, memory_order_relaxed);
}

/* Whether a limit that was reached probably still is, judged without a system call. */
static bool is_exhausted(const struct stack_pool *pool, size_t length)
{
    return pool->failure_count > 0 && length >= pool->failed_length &&
           pool->unmapped_then == atomic_load_explicit(&unmapped_count, memory_order_relaxed) &&
           now_ns() - pool->failed_ns < pool->retry_pause_ns;
}

static void unmap(void *base, size_t length)
{
    munmap(base, length);
    atomic_fetch_add_explicit(&unmapped_count, 1, memory_order_relaxed);
}

static struct slab *slab_open(struct stack_pool *pool, struct stack_shelf *shelf)
{
    size_t stride = pool->guard_size + shelf->size;
    size_t count = pool->stack_count / SLAB_SHARE;
    count = count < SLAB_STACKS_MIN ? SLAB_STACKS_MIN : count;
    count = count * stride > SLAB_BYTES_MAX ? SLAB_BYTES_MAX / stride : count;
    count = count < 1 ? 1 : count;
    if (is_exhausted(pool, count * stride))
        return NULL;
    char *base = map(count * stride);
    if (base &&
        eddy__guard_install(pool->guard_kind, base, count, stride, pool->guard_size) < 0) {
        munmap(base, count * stride);
        base = NULL;
    }
    if (!base) {
        note_failure(pool, count * stride);
        return NULL;
    }
    char *header = base + count * stride - round_up(sizeof(struct slab), LINE);
    struct slab *slab = (struct slab *)header;
    *slab = (struct slab){
        .next = pool->slabs,
        .shelf = shelf,
        .base = base,
        .length = count * stride,
        .stride = stride,
        .count = (unsigned)count,
    };
    if (slab->next)
        slab->next->prev = slab;
    pool->slabs = slab;
    pool->stack_count += count;
    return slab;
}

/* Forgets and unmaps a slab that is in no list but the pool's. */
static void slab_close(struct stack_pool *pool, struct slab *slab)
{
    for (unsigned i = 0; i < slab->carved; i++)
        eddy__fiber_fini(&stack_at(slab, i)->fiber);
    if (slab->prev)
        slab->prev->next = slab->next;
    else
        pool->slabs = slab->next;
    if (slab->next)
        slab->next->prev = slab->prev;
    pool->stack_count -= slab->count;
    unmap(slab->base, slab->length);
}

static bool is_in(const struct slab *slab, const void *addr)
{
    return (size_t)((const char *)addr - slab->base) < slab->length;
}

/* Unmaps the doomed slab, unless we still run on it: `frame` is the caller's. */
static void slab_bury(struct stack_pool *pool, const void *frame)
{
    struct slab *slab = pool->doomed;
    if (!slab || is_in(slab, frame))
        return;
    pool->doomed = NULL;
    slab_close(pool, slab);
}

/* ---- fresh and cold stacks -------------------------------------------------------------------*/

/* Commits the tops of the stacks that will be carved next. */
static void commit_tops(struct stack_pool *pool, const struct slab *slab, unsigned index)
{
    unsigned left = slab->count - index;
    unsigned count = left < COMMIT_BATCH ? left : COMMIT_BATCH;
    char *lowest_end = slab->base + (left - count + 1) * slab->stride;
    pool->can_commit = eddy__pages_commit(lowest_end - pool->page_size, count, slab->stride,
                                          pool->page_size);
}

static struct stack *carve(struct stack_pool *pool, struct stack_shelf *shelf, struct slab *slab)
{
    unsigned index = slab->carved++;
    if (pool->stack_count >= CROWD_MIN && index % COMMIT_BATCH == 0 && pool->can_commit)
        commit_tops(pool, slab, index);
    if (slab->carved == slab->count)
        shelf->fresh = NULL;
    struct stack *stack = stack_at(slab, index);
    size_t gap = index % STAGGER_LINES * LINE;
    char *end = slab->base + (slab->count - index) * slab->stride;
    *stack = (struct stack){
        .slab = slab,
        .low = end - shelf->size,
        .top = (char *)stack - gap - pool->room_size,
        .size = shelf->size,
    };
    eddy__fiber_init(&stack->fiber, stack->low, stack->top);
    return stack;
}

static void unlink_cold(struct slab *slab)
{
    if (slab->prev_cold)
        slab->prev_cold->next_cold = slab->next_cold;
    else
        slab->shelf->cold = slab->next_cold;
    if (slab->next_cold)
        slab->next_cold->prev_cold = slab->prev_cold;
    slab->next_cold = slab->prev_cold = NULL;
}

static void link_cold(struct slab *slab)
{
    slab->next_cold = slab->shelf->cold;
    if (slab->next_cold)
        slab->next_cold->prev_cold = slab;
    slab->shelf->cold = slab;
}

static struct stack *take_cold(struct slab *slab)
{
    struct stack *stack = slab->cold;
    slab->cold = stack->next;
    if (--slab->cold_count == 0)
        unlink_cold(slab);
    return stack;
}

static struct stack *take_unused(struct stack_pool *pool, struct stack_shelf *shelf)
{
    slab_bury(pool, __builtin_frame_address(0));
    if (shelf->cold)
        return take_cold(shelf->cold);
    if (!shelf->fresh)
        shelf->fresh = slab_open(pool, shelf);
    if (!shelf->fresh)
        return NULL;
    return carve(pool, shelf, shelf->fresh);
}

/* Gives the stack's pages back, up to the one with the descriptor or our own frames. */
static void trim(const struct stack_pool *pool, struct stack *stack)
{
    char *keep = stack->top - LINE;
    char *frame = __builtin_frame_address(0);
    if (frame >= stack->low && frame < stack->top)
        keep = frame - FRAMES_MAX;
    keep -= (uintptr_t)keep % pool->page_size;
    if (keep > stack->low)
        madvise(stack->low, (size_t)(keep - stack->low), MADV_DONTNEED);
}

static void give_cold(struct stack_pool *pool, struct stack *stack)
{
    struct slab *slab = stack->slab;
    trim(pool, stack);
    slab_bury(pool, __builtin_frame_address(0));
    stack->next = slab->cold;
    slab->cold = stack;
    if (slab->cold_count++ == 0)
        link_cold(slab);
    // At most one slab is doomed; a second one stays cold until it is used again.
    if (slab->cold_count < slab->carved || pool->doomed)
        return;
    unlink_cold(slab);
    if (slab->shelf->fresh == slab)
        slab->shelf->fresh = NULL;
    pool->doomed = slab;
    slab_bury(pool, __builtin_frame_address(0));
}

/* ---- the pool --------------------------------------------------------------------------------*/

int eddy__stack_pool_init(struct stack_pool *pool, size_t stack_size, size_t room_size)
{
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    if (stack_size > EDDY__STACK_MAX)
        return -EINVAL;
    if (stack_size == 0)
        stack_size = eddy__fiber_is_watched() ? SIZE_DEFAULT_WATCHED : SIZE_DEFAULT;
    if (stack_size < EDDY__STACK_MIN)
        stack_size = EDDY__STACK_MIN;
    *pool = (struct stack_pool){
        .page_size = page_size,
        .room_size = round_up(room_size, 16),
        .guard_size = round_up(EDDY__STACK_GUARD, page_size),
        .guard_kind = eddy__guard_probe(),
        .can_commit = true,
        .retry_pause_ns = RETRY_PAUSE_NS,
    };
    pool->shelves[0].size = round_up(stack_size, page_size);
    return 0;
}

void eddy__stack_pool_fini(struct stack_pool *pool)
{
    while (pool->slabs)
        slab_close(pool, pool->slabs);
    memset(pool, 0, sizeof *pool);
}

/* The shelf whose stacks have at least `size` bytes; NULL if that is too large. */
static struct stack_shelf *shelf_for(struct stack_pool *pool, size_t size)
{
    if (size > EDDY__STACK_MAX)
        return NULL;
    size_t shelf_size = round_up(EDDY__STACK_MIN, pool->page_size);
    struct stack_shelf *shelf = &pool->shelves[1];
    for (; shelf_size < size; shelf_size *= 2)
        shelf++;
    shelf->size = shelf_size;
    return shelf_size == pool->shelves[0].size ? &pool->shelves[0] : shelf;
}

struct stack *eddy__stack_take_any(struct stack_pool *pool, size_t size)
{
    struct stack_shelf *shelf = pool->shelves;
    if (size != 0 && !(shelf = shelf_for(pool, size)))
        return NULL;
    struct stack *stack = shelf->free;
    if (stack) {
        shelf->free = stack->next;
        shelf->free_count--;
    } else {
        stack = take_unused(pool, shelf);
        if (!stack)
            return NULL;
    }
    if (pool->is_measuring)
        trim(pool, stack);
    return stack;
}

void eddy__stack_give_any(struct stack_pool *pool, struct stack *stack)
{
    struct stack_shelf *shelf = pool->shelves;
    if (stack->size != shelf->size)
        shelf = stack->slab->shelf;
    if (shelf->free_count >= EDDY__STACK_WARM_MAX) {
        give_cold(pool, stack);
        return;
    }
    stack->next = shelf->free;
    shelf->free = stack;
    shelf->free_count++;
}

/* ---- queries ---------------------------------------------------------------------------------*/

size_t eddy__stack_used(const struct stack *stack)
{
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char is_present[MINCORE_PAGES];
    for (size_t done = 0; done < stack->size; done += MINCORE_PAGES * page_size) {
        size_t left = stack->size - done;
        size_t n = left < MINCORE_PAGES * page_size ? left : MINCORE_PAGES * page_size;
        if (mincore(stack->low + done, n, is_present) < 0)
            return 0;
        for (size_t i = 0; i < n / page_size; i++)
            if (is_present[i] & 1)
                return left - i * page_size;
    }
    return 0;
}

struct stack *eddy__stack_of_guard(const struct stack_pool *pool, const void *addr)
{
    for (struct slab *slab = pool->slabs; slab; slab = slab->next) {
        if (!is_in(slab, addr))
            continue;
        size_t offset = (size_t)((const char *)addr - slab->base);
        unsigned index = slab->count - 1 - (unsigned)(offset / slab->stride);
        if (offset % slab->stride >= pool->guard_size || index >= slab->carved)
            return NULL;
        return stack_at(slab, index);
    }
    return NULL;
}
