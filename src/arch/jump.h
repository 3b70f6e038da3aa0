/* SPDX-License-Identifier: MIT */
/*
 * jump.h: how to go where nobody returns from: with a jump, not with a call.
 *
 * A call that never returns would leave an entry behind in the processor's return predictor, and
 * all later returns of the stack we go to would be guessed wrong. The targets are in context_*.S.
 * (For the same reason, the fewer functions a task's last steps go through, the better.)
 *
 * Two functions, for each processor:
 *
 *   eddy__context_leave         continues at `*to` and saves nothing
 *   eddy__context_leave_start   eddy__context_start with `from` NULL
 *
 * Always inline: a function that is left with a jump would itself be a call that never returns.
 *
 * Included by arch.h and, for its trampoline, by fiber_tsan.h.
 */
#ifndef EDDY_ARCH_JUMP_H
#define EDDY_ARCH_JUMP_H

#include <stddef.h>

struct context;

#if defined(__x86_64__)

__attribute__((always_inline)) _Noreturn static inline void eddy__context_leave(
    const struct context *to)
{
    __asm__ volatile("jmp eddy__context_jump" : : "D"(to) : "memory");
    __builtin_unreachable();
}

__attribute__((always_inline)) _Noreturn static inline void eddy__context_leave_start(
    void *top, void (*entry)(void *), void *arg)
{
    __asm__ volatile("jmp eddy__context_start"
                     :
                     : "D"(0L), "S"(top), "d"(entry), "c"(arg)
                     : "memory");
    __builtin_unreachable();
}

#elif defined(__aarch64__)

__attribute__((always_inline)) _Noreturn static inline void eddy__context_leave(
    const struct context *to)
{
    register const struct context *x0 __asm__("x0") = to;
    __asm__ volatile("b eddy__context_jump" : : "r"(x0) : "memory");
    __builtin_unreachable();
}

__attribute__((always_inline)) _Noreturn static inline void eddy__context_leave_start(
    void *top, void (*entry)(void *), void *arg)
{
    register void *x0 __asm__("x0") = NULL;
    register void *x1 __asm__("x1") = top;
    register void (*x2)(void *) __asm__("x2") = entry;
    register void *x3 __asm__("x3") = arg;
    __asm__ volatile("b eddy__context_start" : : "r"(x0), "r"(x1), "r"(x2), "r"(x3) : "memory");
    __builtin_unreachable();
}

#else
#error "arch/ knows x86-64 and AArch64: add a context_<processor>.S and its jumps here"
#endif

#endif
