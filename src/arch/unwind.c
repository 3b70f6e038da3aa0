/* SPDX-License-Identifier: MIT */
/*
 * unwind.c: lists the callers on the stack that we run on or on a suspended one.
 *
 * The compiler's own unwinder, in libgcc, can only start where it is called. A suspended stack is
 * reached by a frame of ours, eddy__context_visit(), whose unwind rules say that it was called from
 * there. So both cases are the same: call the unwinder, skip our own frames.
 *
 * The tables are found without a lock and nothing is allocated (glibc 2.35 and later), so a signal
 * handler may call this once an earlier call has loaded the library.
 *
 * Owns nothing. Called by core/ through arch.h.
 */
#include "arch.h"

#include <unwind.h>

struct walk {
    void **addresses;
    size_t size;
    size_t count;
    size_t skip; // frames still to be skipped
};

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *frame, void *argument)
{
    struct walk *walk = argument;
    uintptr_t address = _Unwind_GetIP(frame);
    if (address == 0 || walk->count == walk->size)
        return _URC_END_OF_STACK;
    if (walk->skip > 0)
        walk->skip--;
    else
        walk->addresses[walk->count++] = (void *)address;
    return _URC_NO_REASON;
}

/* Its own frame is the first that the unwinder reports. */
__attribute__((noinline)) static void visit(void *argument)
{
    _Unwind_Backtrace(note_frame, argument);
    __asm__ volatile(""); // no tail call: the frame must be there
}

__attribute__((noinline)) size_t eddy__unwind_here(void **addresses, size_t size, size_t skip)
{
    struct walk walk = {.addresses = addresses, .size = size, .skip = skip + 2};
    visit(&walk);
    return walk.count;
}

size_t eddy__unwind_suspended(const struct context *context, void **addresses, size_t size)
{
    // Of ours there are visit() and eddy__context_visit().
    struct walk walk = {.addresses = addresses, .size = size, .skip = 2};
    eddy__context_visit(context, visit, &walk);
    return walk.count;
}
