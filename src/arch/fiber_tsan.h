/* SPDX-License-Identifier: MIT */
/*
 * fiber_tsan.h: fibers under ThreadSanitizer.
 *
 * It keeps a shadow call stack for each fiber: instrumented functions push on entry and pop on
 * return. A task's last functions never return, so each task would leave some entries behind, and
 * after some ten thousand tasks on one stack the shadow overflows. A fiber for each task would
 * avoid that, but making one costs more than running the task. So a stack keeps its fiber, and a
 * task leaves through longjmp(3) to where it began: the sanitizer then pops what was left.
 */
#ifndef EDDY_ARCH_FIBER_TSAN_H
#define EDDY_ARCH_FIBER_TSAN_H

#include <sanitizer/tsan_interface.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include "jump.h"

/* Not instrumented at all: clang's no_sanitize still counts calls. */
#if __has_attribute(disable_sanitizer_instrumentation)
#define EDDY__UNSEEN __attribute__((disable_sanitizer_instrumentation))
#else
#define EDDY__UNSEEN __attribute__((no_sanitize("thread")))
#endif

/* A function that enters in one fiber must not return in another: it would pop a foreign entry. */
#define EDDY__INLINE __attribute__((always_inline))

struct fiber {
    void *tsan;               // the sanitizer's handle for it
    void (*entry)(void *);    // what the stack was last started with
    void *arg;
    jmp_buf base;                          // the frame that called it
    struct fiber *next;                    // set when leaving: the fiber that continues
    const struct context *next_context;    // ... where, or NULL: starts
    void *next_top;                        // ... at this top
};

static inline bool eddy__fiber_is_watched(void)
{
    return true;
}

static inline void eddy__fiber_init(struct fiber *fiber, char *low, char *top)
{
    (void)low, (void)top;
    *fiber = (struct fiber){.tsan = __tsan_create_fiber(0)};
}

static inline void eddy__fiber_fini(struct fiber *fiber)
{
    __tsan_destroy_fiber(fiber->tsan);
}

static inline void eddy__fiber_init_native(struct fiber *fiber)
{
    *fiber = (struct fiber){.tsan = __tsan_get_current_fiber()};
}

EDDY__INLINE static inline void eddy__fiber_announce_switch(struct fiber *from, struct fiber *to)
{
    (void)from;
    __tsan_switch_to_fiber(to->tsan, 0);
}

static inline void eddy__fiber_announce_return(struct fiber *self)
{
    (void)self;
}

/* The frame below a task's first: the task returns to it when it ends. Never returns. */
EDDY__UNSEEN static inline void eddy__fiber_begin(void *arg)
{
    // `self` is read again after the jump, from the register that setjmp saved: it never changes.
    struct fiber *self = arg;
    if (_setjmp(self->base) == 0)
        self->entry(self->arg);
    if (self->next != self)
        __tsan_switch_to_fiber(self->next->tsan, 0);
    if (self->next_context)
        eddy__context_leave(self->next_context);
    eddy__context_leave_start(self->next_top, eddy__fiber_begin, self->next);
}

static inline void eddy__fiber_prepare(struct fiber *fiber, void (*entry)(void *), void *arg)
{
    fiber->entry = entry;
    fiber->arg = arg;
}

EDDY__INLINE static inline void eddy__fiber_announce_start(struct fiber *from, struct fiber *to,
                                                           void (*entry)(void *), void *arg)
{
    eddy__fiber_prepare(to, entry, arg);
    eddy__fiber_announce_switch(from, to);
}

static inline void eddy__fiber_announce_leave(struct fiber *from, const struct context *to_context,
                                              struct fiber *to)
{
    from->next = to;
    from->next_context = to_context;
    longjmp(from->base, 1);
}

static inline void eddy__fiber_announce_leave_start(struct fiber *from, struct fiber *to, void *top,
                                                    void (*entry)(void *), void *arg)
{
    eddy__fiber_prepare(to, entry, arg);
    from->next = to;
    from->next_context = NULL;
    from->next_top = top;
    longjmp(from->base, 1);
}

static inline void (*eddy__fiber_entry(void (*entry)(void *)))(void *)
{
    (void)entry;
    return eddy__fiber_begin;
}

static inline void *eddy__fiber_entry_arg(struct fiber *fiber, void *arg)
{
    (void)arg;
    return fiber;
}

#endif
