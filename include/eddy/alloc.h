/* SPDX-License-Identifier: MIT */
/*
 * alloc.h: where memory comes from: the process' allocator, for Eddy, its modules, and programs that
 * want theirs to come from the same place.
 */
#ifndef EDDY_ALLOC_H
#define EDDY_ALLOC_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/*
 * Where Eddy gets its memory (stacks and kernel mappings apart). `resize` behaves as realloc(3):
 * a null `memory` allocates, a `size` of 0 frees and returns NULL. It is called from several
 * threads at once.
 */
typedef struct eddy_allocator {
    void *(*resize)(void *data, void *memory, size_t size);
    void *data;
} eddy_allocator;

/*
 * Sets the allocator of the whole process; NULL sets realloc(3) again. Call it before anything
 * else of Eddy. Returns 0, or EDDY_EMISUSE when Eddy holds memory already.
 */
EDDY_API EDDY_CHECKED int eddy_set_allocator(const eddy_allocator *allocator);

/*
 * As malloc(3), calloc(3), realloc(3), strdup(3) and free(3), of that allocator: what one of them
 * returned goes to eddy_free() or eddy_realloc(), not to free(3). NULL without memory. A size of 0
 * counts as 1. Any thread.
 */
EDDY_API EDDY_CHECKED void *eddy_malloc(size_t size);
EDDY_API EDDY_CHECKED void *eddy_calloc(size_t count, size_t size);
EDDY_API EDDY_CHECKED void *eddy_realloc(void *memory, size_t size);
EDDY_API EDDY_CHECKED char *eddy_strdup(const char *text);
EDDY_API void eddy_free(void *memory); /* NULL is fine */

EDDY_END_DECLS

#endif
