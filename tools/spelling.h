/* SPDX-License-Identifier: MIT */
/*
 * spelling.h: the edit distance between two words, to suggest the one that was probably meant.
 */
#ifndef EDDY_TOOLS_SPELLING_H
#define EDDY_TOOLS_SPELLING_H

#include <stddef.h>

enum { SPELLING_SIZE_MAX = 32 };    // bytes of either word

/*
 * Returns how many letters to change, add, drop or swap with a neighbour to get from `a` to `b`.
 * SIZE_MAX if one of them is longer than SPELLING_SIZE_MAX.
 */
size_t spelling_distance(const char *a, size_t a_size, const char *b);

#endif
