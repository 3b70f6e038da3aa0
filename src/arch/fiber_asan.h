/* SPDX-License-Identifier: MIT */
/*
 * fiber_asan.h: fibers under AddressSanitizer.
 *
 * It needs the bounds of the stack we run on, and may keep frames on a "fake stack" beside it,
 * whose handle we keep from leaving a stack until returning to it. Four surprises:
 *
 *   - The bounds of the thread's own stack aren't known in advance. On arrival the sanitizer
 *     reports the bounds of the stack left, so the leaving fiber records itself in the arriving
 *     one.
 *   - A task that ends leaves the red zones of its last frames behind. The next task on that stack
 *     would hit them, so the shadow is cleared before a start.
 *   - Leaving without return unmaps the fake stack at once, while our own frame is still needed for
 *     the call that follows. No variable of these functions or their callers in arch.h has its
 *     address taken, so none of them lives there.
 *   - Mappings are not unpoisoned when they are unmapped: whatever the kernel maps there next would
 *     seem poisoned. So the shadow is cleared again at the end.
 */
#ifndef EDDY_ARCH_FIBER_ASAN_H
#define EDDY_ARCH_FIBER_ASAN_H

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdbool.h>
#include <stddef.h>

struct context;

struct fiber {
    void *fake_stack;      // while suspended: the sanitizer's, passed back at the return
    const void *bottom;    // lowest address; NULL: the thread's own, not yet known
    size_t size;
    struct fiber *came_from;    // the fiber that switched here, to learn its bounds; or NULL: gone
    void (*entry)(void *);      // between start and arrival
    void *arg;
};

static inline bool eddy__fiber_is_watched(void)
{
    return true;
}

static inline void eddy__fiber_init(struct fiber *fiber, char *low, char *top)
{
    *fiber = (struct fiber){.bottom = low, .size = (size_t)(top - low)};
}

static inline void eddy__fiber_fini(struct fiber *fiber)
{
    __asan_unpoison_memory_region(fiber->bottom, fiber->size);
}

static inline void eddy__fiber_init_native(struct fiber *fiber)
{
    *fiber = (struct fiber){.bottom = NULL};
}

static inline void eddy__fiber_announce_switch(struct fiber *from, struct fiber *to)
{
    to->came_from = from;
    __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size);
}

static inline void eddy__fiber_announce_return(struct fiber *self)
{
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
    self->fake_stack = NULL;
    if (!self->came_from)
        return;
    self->came_from->bottom = bottom;
    self->came_from->size = size;
    self->came_from = NULL;
}

static inline void eddy__fiber_begin(void *arg)
{
    struct fiber *self = arg;
    eddy__fiber_announce_return(self);
    self->entry(self->arg);
}

static inline void eddy__fiber_prepare(struct fiber *fiber, void (*entry)(void *), void *arg)
{
    __asan_unpoison_memory_region(fiber->bottom, fiber->size);
    fiber->fake_stack = NULL;
    fiber->came_from = NULL;
    fiber->entry = entry;
    fiber->arg = arg;
}

static inline void eddy__fiber_announce_start(struct fiber *from, struct fiber *to,
                                              void (*entry)(void *), void *arg)
{
    eddy__fiber_prepare(to, entry, arg);
    eddy__fiber_announce_switch(from, to);
}

static inline void eddy__fiber_announce_leave(struct fiber *from, const struct context *to_context,
                                              struct fiber *to)
{
    (void)from, (void)to_context;
    to->came_from = NULL;
    __sanitizer_start_switch_fiber(NULL, to->bottom, to->size);
}

static inline void eddy__fiber_announce_leave_start(struct fiber *from, struct fiber *to, void *top,
                                                    void (*entry)(void *), void *arg)
{
    (void)from, (void)top;
    eddy__fiber_prepare(to, entry, arg);
    __sanitizer_start_switch_fiber(NULL, to->bottom, to->size);
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
