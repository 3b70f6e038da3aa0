/* SPDX-License-Identifier: MIT */
/*
 * registers.h: the registers that a signal handler gets, with one name for all processors.
 * Inside arch/ only; needs _GNU_SOURCE.
 */
#ifndef EDDY_ARCH_REGISTERS_H
#define EDDY_ARCH_REGISTERS_H

#include <stdint.h>
#include <ucontext.h>

#if defined(__x86_64__)

static inline uintptr_t stack_pointer_of(const void *ucontext)
{
    return (uintptr_t)((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RSP];
}

static inline const void *program_counter_of(const void *ucontext)
{
    return (const void *)((const ucontext_t *)ucontext)->uc_mcontext.gregs[REG_RIP];
}

#elif defined(__aarch64__)

static inline const void *program_counter_of(const void *ucontext)
{
    return (const void *)((const ucontext_t *)ucontext)->uc_mcontext.pc;
}

static inline uintptr_t stack_pointer_of(const void *ucontext)
{
    return (uintptr_t)((const ucontext_t *)ucontext)->uc_mcontext.sp;
}

#else
#error "arch/ knows x86-64 and AArch64: add a context_<processor>.S and a line here"
#endif

#endif
