/* SPDX-License-Identifier: MIT */
/*
 * arena.h: memory that is taken piece by piece and given back all at once.
 *
 * Everything a program consists of, and every value it makes, lies in one arena and lives until the
 * next program. All zero is an empty arena. Without memory the process ends with a message: a test
 * that can't run has nothing better to say.
 */
#ifndef CONFORMANCE_ARENA_H
#define CONFORMANCE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_chunk *chunks;    // the one in use first
};

/* `size` bytes, all zero, aligned for anything. */
void *arena_take(struct arena *arena, size_t size);

/* A copy of these bytes with a terminating zero. */
char *arena_text(struct arena *arena, const char *bytes, size_t size);

/* Gives everything back, but keeps some memory for the next round. */
void arena_reset(struct arena *arena);

void arena_fini(struct arena *arena);

#endif
