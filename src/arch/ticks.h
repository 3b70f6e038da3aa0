/* SPDX-License-Identifier: MIT */
/*
 * ticks.h: the processor's own counter, read in a few nanoseconds, for checking if time has passed.
 *
 * Not a clock: its rate is known only roughly. It is used only to decide whether it is time to read
 * the real clock.
 */
#ifndef EDDY_ARCH_TICKS_H
#define EDDY_ARCH_TICKS_H

#include <stdint.h>

#if defined(__x86_64__)

static inline uint64_t eddy__ticks(void)
{
    return __builtin_ia32_rdtsc();
}

/* A fifth of a millisecond to one: processors count at 1 to 5 GHz. */
static inline uint64_t eddy__ticks_in_a_while(void)
{
    return 1000000;
}

#elif defined(__aarch64__)

static inline uint64_t eddy__ticks(void)
{
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

/* A millisecond. */
static inline uint64_t eddy__ticks_in_a_while(void)
{
    uint64_t per_second;
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(per_second));
    return per_second / 1000;
}

#endif

#endif
