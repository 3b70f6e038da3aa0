/* SPDX-License-Identifier: MIT */
/*
 * guard.h: memory below a stack that faults when touched. Inside arch/ only: guard.c, stack.c and
 * their tests.
 */
#ifndef EDDY_ARCH_GUARD_H
#define EDDY_ARCH_GUARD_H

#include "arch.h"

/* The guards that this kernel supports. Found once in a process, by trying. */
enum guard_kind eddy__guard_probe(void);

/*
 * Makes guards of the first `guard_size` bytes of each of `count` slots, `stride` bytes apart,
 * which are mapped, private, anonymous and untouched. Returns 0 or the negated errno of
 * mprotect(2): -ENOMEM if vm.max_map_count is reached. After a failure the caller unmaps it all.
 */
int eddy__guard_install(enum guard_kind kind, char *base, size_t count, size_t stride,
                        size_t guard_size);

/*
 * Commits the first `size` bytes, whole pages, of up to 64 slots with one system call. False if
 * that can't be done: then touching them commits them.
 */
bool eddy__pages_commit(char *base, size_t count, size_t stride, size_t size);

#endif
