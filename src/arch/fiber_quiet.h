/* SPDX-License-Identifier: MIT */
/*
 * fiber_quiet.h: empty announcements, for builds that need not announce a switch.
 *
 * Shared by fiber_none.h and fiber_valgrind.h; Valgrind notices a switch by itself once it knows
 * the stacks. Included by them alone.
 */
#ifndef EDDY_ARCH_FIBER_QUIET_H
#define EDDY_ARCH_FIBER_QUIET_H

struct context;
struct fiber;

static inline void eddy__fiber_announce_switch(struct fiber *from, struct fiber *to)
{
    (void)from, (void)to;
}

static inline void eddy__fiber_announce_return(struct fiber *self)
{
    (void)self;
}

static inline void eddy__fiber_announce_start(struct fiber *from, struct fiber *to,
                                              void (*entry)(void *), void *arg)
{
    (void)from, (void)to, (void)entry, (void)arg;
}

static inline void eddy__fiber_announce_leave(struct fiber *from, const struct context *to_context,
                                              struct fiber *to)
{
    (void)from, (void)to_context, (void)to;
}

static inline void eddy__fiber_announce_leave_start(struct fiber *from, struct fiber *to, void *top,
                                                    void (*entry)(void *), void *arg)
{
    (void)from, (void)to, (void)top, (void)entry, (void)arg;
}

static inline void (*eddy__fiber_entry(void (*entry)(void *)))(void *)
{
    return entry;
}

static inline void *eddy__fiber_entry_arg(struct fiber *fiber, void *arg)
{
    (void)fiber;
    return arg;
}

#endif
