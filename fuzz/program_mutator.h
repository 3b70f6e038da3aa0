/* SPDX-License-Identifier: MIT */
/*
 * program_mutator.h: makes another program out of one, for libFuzzer.
 */
#ifndef FUZZ_PROGRAM_MUTATOR_H
#define FUZZ_PROGRAM_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

/*
 * Changes the program (JSON, as in the conformance suite) of `size` bytes at `data` in place, or
 * takes something over from `other`, which may be NULL. Returns its new size, `size_max` at most;
 * 0 if there was none to be read, or the new one is too large: then nothing has changed.
 */
size_t program_mutate(uint8_t *data, size_t size, size_t size_max, const uint8_t *other,
                      size_t other_size, unsigned seed);

#endif
