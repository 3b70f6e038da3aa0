/* SPDX-License-Identifier: MIT */
/*
 * arch.h: the interface of arch/, which owns the stacks and switches between them.
 *
 * Three nouns, each with a file or two:
 *
 *   context   where a suspended stack continues: one stack pointer      context_<processor>.S
 *   stack     memory to run on, with a guard below it, and the pool     stack.c, guard.c
 *             that recycles it
 *   fiber     what a sanitizer or Valgrind has to know of a stack;      fiber.h, fiber_<tool>.h
 *             empty in an ordinary build
 *
 * and overflow.c, which reports a hit guard as a message, and unwind.c, which lists the frames of a
 * stack.
 *
 * How to switch stacks. `from` and `to` are the caller's own contexts. The fibers are
 * `&stack->fiber` for a stack of the pool; for the thread's original stack, one `struct fiber` of
 * the caller's, after eddy__fiber_init_native():
 *
 *   suspend here, continue there         eddy__fiber_switch(&from, from_fiber, &to, to_fiber)
 *   suspend here, begin there            eddy__fiber_start(&from, from_fiber, stack, entry, arg)
 *   end here, continue there             eddy__fiber_leave(from_fiber, &to, to_fiber)
 *   end here, begin there (or here)      eddy__fiber_leave_start(from_fiber, stack, entry, arg)
 *
 * A task that ends gives its stack back while it still runs on it, may take the next one (it gets
 * the same, still warm), and then leaves:
 *
 *     eddy__stack_give(pool, mine);
 *     struct stack *next = eddy__stack_take(pool, 0);             // most likely `mine` again
 *     next->owner = successor;
 *     eddy__fiber_leave_start(&mine->fiber, next, run, successor);
 *
 * These four are inline. In an ordinary build the fibers compile to nothing, their pointers are
 * never read, and only the primitive remains. Call the primitives directly only where no sanitizer
 * needs to know.
 *
 * Invariants:
 *   - A pool, its stacks and the contexts on them belong to one thread.
 *   - Nothing here calls back into another module but entry() and the describer of an overflow.
 *   - A stack is taken and given without a system call, unless a new mapping is needed or more
 *     than EDDY__STACK_WARM_MAX stacks of its size are free.
 *
 * Depends on libc alone. Called by core/ only.
 */
#ifndef EDDY_ARCH_ARCH_H
#define EDDY_ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EDDY__STACK_MIN = 16 * 1024,             // bytes; smaller requests are raised to it
    EDDY__STACK_GUARD = 16 * 1024,           // bytes below each that fault, not counted in its size
    EDDY__STACK_MAX = 1024 * 1024 * 1024,    // bytes; larger requests fail
    EDDY__STACK_WARM_MAX = 1024,             // free stacks of one size that keep their pages
    EDDY__STACK_SHELVES = 18,                // the pool's own size; powers of two from MIN to MAX
};

/* ---- context ---------------------------------------------------------------------------------*/

/* Where a suspended stack continues. Everything else that was saved lies on that stack. */
struct context {
    void *sp;
};

_Static_assert(offsetof(struct context, sp) == 0, "context_*.S stores sp at offset 0");

/*
 * Saves the callee-saved registers on the current stack, its stack pointer in `*from`, and
 * continues at `*to`. Returns when a switch continues at `*from`. The rounding mode, errno and
 * other state of the thread is not switched: the processors' files say why.
 */
void eddy__context_switch(struct context *from, const struct context *to);

/*
 * Suspends in `*from` (NULL: the current stack is never continued) and calls entry(arg) on an empty
 * stack whose highest address is `top`, a multiple of 16. `entry` never returns. With `from` NULL
 * nothing is written below `top` before the stack pointer has moved there, so `top` may be that of
 * the very stack we run on.
 */
void eddy__context_start(struct context *from, void *top, void (*entry)(void *), void *arg);

/*
 * Calls visitor(arg) so that an unwinder started there sees, as its caller's caller, the frame
 * where `suspended` will continue. Nothing on the suspended stack is written or run.
 */
void eddy__context_visit(const struct context *suspended, void (*visitor)(void *), void *arg);

#include "jump.h"    // eddy__context_leave, _leave_start: these never return

/* ---- stack -----------------------------------------------------------------------------------*/

struct slab;    // one mapping with some stacks of equal size: stack.c

#include "fiber.h"    // struct fiber, and the tools' announcements

/*
 * One stack. This descriptor lies at the highest addresses of the stack's own memory, on a page
 * that every task touches anyway:
 *
 *             low                                     top           descriptor    end
 *      | guard |  . . . never touched . . .  | frames <- | room | gap | struct stack |
 *
 * The room is the caller's. The gap differs from stack to stack by some cache lines, so that a
 * thousand blocked tasks don't compete for the same few cache sets.
 */
struct stack {
    struct stack *next;    // while free: the next free one
    struct slab *slab;     // the mapping it was carved from
    char *low;             // lowest usable address; the guard ends here
    char *top;             // where frames begin; the room lies above
    size_t size;           // usable bytes from `low`: frames, gap and this descriptor
    void *owner;           // core's: the stack's current user
    struct fiber fiber;    // the tools' view of it
};

/* How the guards of a pool's stacks are made. */
enum guard_kind {
    GUARD_UNKNOWN,
    GUARD_MADVISE,     // MADV_GUARD_INSTALL: splits no mapping
    GUARD_MPROTECT,    // PROT_NONE: two mappings a stack, works everywhere
};

/* The stacks of one size. */
struct stack_shelf {
    struct stack *free;    // warm ones, the warmest first
    size_t free_count;     // length of that list
    size_t size;           // usable bytes of each; 0: none was requested so far
    struct slab *fresh;    // the slab that still has stacks never used; or NULL
    struct slab *cold;     // slabs with free stacks whose pages were given back
};

/* All stacks of one loop. The caller's memory; the fields are arch's, except the last two. */
struct stack_pool {
    struct stack_shelf shelves[EDDY__STACK_SHELVES];    // [0]: the pool's own size
    struct slab *slabs;                                 // every mapping of this pool
    struct slab *doomed;    // to be unmapped once we don't run on it; or NULL
    size_t page_size;
    size_t room_size;              // bytes that each stack has for the caller, a multiple of 16
    size_t guard_size;             // EDDY__STACK_GUARD in whole pages
    enum guard_kind guard_kind;    // tests may set it before the first take
    size_t stack_count;            // stacks that fit into the mappings
    bool can_commit;               // tops of some stacks with one call
    size_t failure_count;          // mappings that could not be made
    int64_t retry_pause_ns;        // without a new try after that; tests may set it
    int64_t failed_ns;             // time of the last failure, if there was one
    size_t failed_length;          // its length in bytes: shorter mappings are still tried
    unsigned unmapped_then;        // mappings that the process had unmapped until then
    bool is_measuring;             // core may set it: each stack is taken with untouched pages, so
                                   // that eddy__stack_used() reports on the task that has it now
};

/*
 * Initialises a pool whose stacks have `stack_size` usable bytes, rounded up to pages, at least
 * EDDY__STACK_MIN, with `room_size` bytes of each for the caller. A `stack_size` of 0 is 64 KiB, or
 * 256 KiB under a sanitizer or Valgrind, whose frames are larger. Maps nothing yet. Returns 0, or
 * -EINVAL if the size is over EDDY__STACK_MAX.
 */
int eddy__stack_pool_init(struct stack_pool *pool, size_t stack_size, size_t room_size);

/* Unmaps every stack, including those not given back. Must not be called on one of them. */
void eddy__stack_pool_fini(struct stack_pool *pool);

/*
 * Takes the stack that was given back last, or a new one. `size` 0 means the pool's size; another
 * is rounded up to the next power of two, so that stacks can be recycled. Its `owner` is still the
 * previous one. Returns NULL if there is no memory, or `size` is over EDDY__STACK_MAX. A mapping
 * that fails takes the kernel up to a millisecond, so after a failure one of that length is tried
 * only when a mapping has been unmapped, or some milliseconds later; before that this returns NULL
 * at once.
 */
static inline struct stack *eddy__stack_take(struct stack_pool *pool, size_t size);
struct stack *eddy__stack_take_any(struct stack_pool *pool, size_t size);

/*
 * Gives a stack back. It may be the stack we run on: its frames stay intact until the next start on
 * it, so only the dying task's last steps may follow (take, start, leave; no switch that expects to
 * return).
 */
static inline void eddy__stack_give(struct stack_pool *pool, struct stack *stack);
void eddy__stack_give_any(struct stack_pool *pool, struct stack *stack);

static inline struct stack *eddy__stack_take(struct stack_pool *pool, size_t size)
{
    struct stack_shelf *shelf = pool->shelves;
    struct stack *stack = shelf->free;
    if (size != 0 || stack == NULL || pool->is_measuring)
        return eddy__stack_take_any(pool, size);
    shelf->free = stack->next;
    shelf->free_count--;
    return stack;
}

static inline void eddy__stack_give(struct stack_pool *pool, struct stack *stack)
{
    struct stack_shelf *shelf = pool->shelves;
    if (stack->size != shelf->size || shelf->free_count >= EDDY__STACK_WARM_MAX) {
        eddy__stack_give_any(pool, stack);
        return;
    }
    stack->next = shelf->free;
    shelf->free = stack;
    shelf->free_count++;
}

/* Where frames begin: a multiple of 16. */
static inline void *eddy__stack_top(const struct stack *stack)
{
    return stack->top;
}

/* The caller's own bytes, above the frames: its pool's room_size. Never cleared. */
static inline void *eddy__stack_room(const struct stack *stack)
{
    return stack->top;
}

/* Usable bytes, including the descriptor, without the guard. */
static inline size_t eddy__stack_size(const struct stack *stack)
{
    return stack->size;
}

/*
 * The deepest use of the stack so far, in bytes from its end, in whole pages. Asks the kernel, so
 * not for the hot path. A recycled stack includes its earlier users, unless `pool->is_measuring`.
 */
size_t eddy__stack_used(const struct stack *stack);

/*
 * The stack whose guard contains `addr`; NULL if none does. Walks the pool's mappings; takes no
 * lock and allocates nothing, so a signal handler may call it.
 */
struct stack *eddy__stack_of_guard(const struct stack_pool *pool, const void *addr);

/* ---- switching stacks ------------------------------------------------------------------------*/

/* Suspends in `*from`, continues at `*to`. */
static inline void eddy__fiber_switch(struct context *from, struct fiber *from_fiber,
                                      const struct context *to, struct fiber *to_fiber)
{
    eddy__fiber_announce_switch(from_fiber, to_fiber);
    eddy__context_swap(from, to);
    eddy__fiber_announce_return(from_fiber);
}

/* Suspends in `*from`, calls entry(arg) on `stack`, which is empty. `entry` never returns. */
static inline void eddy__fiber_start(struct context *from, struct fiber *from_fiber,
                                     struct stack *stack, void (*entry)(void *), void *arg)
{
    eddy__fiber_announce_start(from_fiber, &stack->fiber, entry, arg);
    eddy__context_start(from, stack->top, eddy__fiber_entry(entry),
                        eddy__fiber_entry_arg(&stack->fiber, arg));
    eddy__fiber_announce_return(from_fiber);
}

/*
 * Continues at `*to`, which isn't on the stack we run on, and never returns. After that our stack
 * may be started again.
 */
_Noreturn static inline void eddy__fiber_leave(struct fiber *from_fiber, const struct context *to,
                                               struct fiber *to_fiber)
{
    eddy__fiber_announce_leave(from_fiber, to, to_fiber);
    eddy__context_leave(to);
}

/* Calls entry(arg) on `stack`, which may be the one we run on, and never returns. */
_Noreturn static inline void eddy__fiber_leave_start(struct fiber *from_fiber, struct stack *stack,
                                                     void (*entry)(void *), void *arg)
{
    eddy__fiber_announce_leave_start(from_fiber, &stack->fiber, stack->top, entry, arg);
    eddy__context_leave_start(stack->top, eddy__fiber_entry(entry),
                              eddy__fiber_entry_arg(&stack->fiber, arg));
}

/* ---- unwinding -------------------------------------------------------------------------------*/

/*
 * Stores at most `size` return addresses, innermost first, and returns their number: of the stack
 * that we run on, without the innermost `skip` frames (the caller's is number 0); or of a suspended
 * one. Uses unwind tables, so it doesn't depend on frame pointers. Async-signal-safe.
 */
size_t eddy__unwind_here(void **addresses, size_t size, size_t skip);
size_t eddy__unwind_suspended(const struct context *context, void **addresses, size_t size);

/* ---- overflow --------------------------------------------------------------------------------*/

/*
 * Writes one sentence, without the newline, about the overflow of `stack` into `buf`. Runs in a
 * signal handler on the alternate stack, so it must be async-signal-safe. Returns the length; after
 * 0 arch writes its own sentence.
 */
typedef size_t overflow_describer(void *arg, const struct stack *stack, char *buf, size_t size);

/* The same about the thread's own stack, of `stack_size` bytes, in the function around `pc`. */
typedef size_t native_describer(void *arg, const void *pc, size_t stack_size, char *buf,
                                size_t size);

/* What a thread arms while its loop runs. The caller's memory; the fields are arch's. */
struct overflow_guard {
    const struct stack_pool *pool;   // or NULL: the thread runs only on its own stack
    native_describer *describe_native; // or NULL; set when it is armed
    overflow_describer *describe;    // or NULL
    void *describe_arg;
    struct overflow_guard *outer;    // the guard armed on this thread before
    void *signal_stack;              // the alternate stack we gave the thread; NULL: it had one
};

/*
 * From now on an overflow of one of `pool`'s stacks on this thread, or of the thread's own, is
 * reported on stderr before the program dies of it. Gives the thread an alternate signal stack if
 * it has none. Handles SIGSEGV and SIGBUS only where their disposition is the default. Returns 0,
 * or -ENOMEM.
 */
int eddy__overflow_guard_arm(struct overflow_guard *guard, const struct stack_pool *pool,
                             overflow_describer *describe, void *describe_arg);

/* Undoes it, on the same thread, newest first. The process's last one restores the signals. */
void eddy__overflow_guard_disarm(struct overflow_guard *guard);

#endif
