/* SPDX-License-Identifier: MIT */
/*
 * arena.c: chunks of memory, each at least CHUNK_SIZE bytes, filled from the front.
 *
 * What always holds: the bytes from `used` on are zero, so a piece need not be cleared when it is
 * taken; only what was used is cleared again by arena_reset().
 */
#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 1 << 16, ALIGNMENT = 16 };    // bytes

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;    // bytes in `bytes`
    size_t used;
    _Alignas(ALIGNMENT) char bytes[];
};

static void add_chunk(struct arena *arena, size_t size)
{
    size = size < CHUNK_SIZE ? CHUNK_SIZE : size;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + size);
    if (chunk == NULL) {
        fputs("conformance: out of memory\n", stderr);
        exit(3);
    }
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
}

void *arena_take(struct arena *arena, size_t size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (arena->chunks == NULL || arena->chunks->size - arena->chunks->used < size)
        add_chunk(arena, size);
    struct arena_chunk *chunk = arena->chunks;
    void *piece = chunk->bytes + chunk->used;
    chunk->used += size;
    return piece;
}

char *arena_text(struct arena *arena, const char *bytes, size_t size)
{
    char *text = arena_take(arena, size + 1);
    memcpy(text, bytes, size);
    return text;
}

void arena_reset(struct arena *arena)
{
    while (arena->chunks != NULL && arena->chunks->next != NULL) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
    if (arena->chunks != NULL) {
        memset(arena->chunks->bytes, 0, arena->chunks->used);
        arena->chunks->used = 0;
    }
}

void arena_fini(struct arena *arena)
{
    arena_reset(arena);
    free(arena->chunks);
    arena->chunks = NULL;
}
