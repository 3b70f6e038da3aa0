/* SPDX-License-Identifier: MIT */
/*
 * fiber_none.h: fibers in an ordinary build: no state, and no work.
 *
 * The struct is empty (GNU C), so it takes no space in a stack's descriptor, and the compiler drops
 * every load that would only have fed these functions.
 */
#ifndef EDDY_ARCH_FIBER_NONE_H
#define EDDY_ARCH_FIBER_NONE_H

#include <stdbool.h>
#include <stddef.h>

struct context;

struct fiber {
};

/* Whether frames are larger than usual in this build: decides the default size of stacks. */
static inline bool eddy__fiber_is_watched(void)
{
    return false;
}

static inline void eddy__fiber_init(struct fiber *fiber, char *low, char *top)
{
    (void)fiber, (void)low, (void)top;
}

static inline void eddy__fiber_fini(struct fiber *fiber)
{
    (void)fiber;
}

static inline void eddy__fiber_init_native(struct fiber *fiber)
{
    (void)fiber;
}

#include "fiber_quiet.h"

#endif
