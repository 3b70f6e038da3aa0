/* SPDX-License-Identifier: MIT */
/*
 * jump.h: switching without a return: with a jump, not with a call.
 *
 * A call that never returns would leave an entry in the processor's return predictor, and all later
 * returns of the target stack would be mispredicted. The targets are in context_*.S.
 * (For the same reason, a task's last steps should pass through as few functions as possible.)
 *
 * Three functions, for each processor:
 *
 *   eddy__context_swap          eddy__context_switch inlined
 *   eddy__context_leave         continues at `*to` and saves nothing
 *   eddy__context_leave_start   eddy__context_start with `from` NULL
 *
 * And how to return where a task has stopped. The predictor expects a return to the newest call
 * that it saw: the call of the task that stopped last. Among tasks of one kind that is right, as
 * are its predictions for their callers. Among others (one puts, one gets) it is wrong each time,
 * and a misprediction costs as much as two switches; but a jump is predicted by its previous
 * target.
 *
 *   EDDY__RETURNS_ELSEWHERE     marks a function in which a task may stop: it returns with a jump,
 *                               unless the task that stopped last would return to the same place
 *   eddy__note_return()         called in it, before the switch: records where it will return to
 *
 * Always inline: a function that is left with a jump would itself be a call that never returns.
 *
 * Included by arch.h and, for its trampoline, by fiber_tsan.h.
 */
#ifndef EDDY_ARCH_JUMP_H
#define EDDY_ARCH_JUMP_H

#include <stddef.h>

struct context;

#if defined(__x86_64__) && __has_attribute(function_return)

/* Compiled with a jump to __x86_return_thunk, which is in context_x86_64.S, instead of a return. */
#define EDDY__RETURNS_ELSEWHERE __attribute__((noinline, function_return("thunk-extern")))

extern _Thread_local void *eddy__last_return __attribute__((tls_model("initial-exec")));

/* Always inline: it records the return address of the function that contains it. */
__attribute__((always_inline)) static inline void eddy__note_return(void)
{
    eddy__last_return = __builtin_return_address(0);
}

#else // clang 14 can't; on AArch64 it has not been measured
#define EDDY__RETURNS_ELSEWHERE __attribute__((noinline))

static inline void eddy__note_return(void)
{
}
#endif

#if defined(__x86_64__)

/*
 * As eddy__context_switch(), inlined. It continues with a jump, so it leaves the return predictor
 * alone, which knows the calls of the stack that we come from: each function between the switch and
 * the first that both stacks have in common is mispredicted. Callee-saved registers are named as
 * clobbered, so that the function saves them once, at its beginning, and none twice. The one that
 * may hold the frame pointer can't be named. (Files with this are compiled without a red zone.)
 */
__attribute__((always_inline)) static inline void eddy__context_swap(struct context *from,
                                                                     const struct context *to)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "pushq %%rbp\n\t"
                     "movq %%rsp, (%%rdi)\n\t"
                     "movq (%%rsi), %%rsp\n\t"
                     "popq %%rbp\n\t"
                     "popq %%rax\n\t"
                     "notrack jmp *%%rax\n"
                     "1:"
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc",
                       "memory");
}

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

/* Not inlined: compared with the twenty registers that are saved, a call costs nothing. */
__attribute__((always_inline)) static inline void eddy__context_swap(struct context *from,
                                                                     const struct context *to)
{
    eddy__context_switch(from, to);
}

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
