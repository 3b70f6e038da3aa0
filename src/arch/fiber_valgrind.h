/* SPDX-License-Identifier: MIT */
/*
 * fiber_valgrind.h: fibers in a build that may run under Valgrind.
 *
 * Valgrind guesses from a jump of the stack pointer whether a frame was pushed or the stack was
 * changed, and guesses wrong when two stacks are adjacent, as ours are. So it is told where the
 * stacks lie. The requests are a few instructions without effect outside Valgrind, and made once in
 * the life of a stack, so release builds can afford this header.
 */
#ifndef EDDY_ARCH_FIBER_VALGRIND_H
#define EDDY_ARCH_FIBER_VALGRIND_H

#include <stdbool.h>
#include <stddef.h>
#include <valgrind/valgrind.h>

struct context;

struct fiber {
    unsigned valgrind_id;    // as registered
};

static inline bool eddy__fiber_is_watched(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

static inline void eddy__fiber_init(struct fiber *fiber, char *low, char *top)
{
    fiber->valgrind_id = VALGRIND_STACK_REGISTER(low, top - 1);
}

static inline void eddy__fiber_fini(struct fiber *fiber)
{
    VALGRIND_STACK_DEREGISTER(fiber->valgrind_id);
}

static inline void eddy__fiber_init_native(struct fiber *fiber)
{
    fiber->valgrind_id = 0;    // Valgrind knows the thread's own stack
}

#include "fiber_quiet.h"

#endif
