/* SPDX-License-Identifier: MIT */
/*
 * alloc.h: the process-wide allocator of Eddy and its modules, which programs can use too.
 */
#ifndef EDDY_ALLOC_H
#define EDDY_ALLOC_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

/*
 * The source of Eddy's memory, except for stacks and kernel mappings. `resize` behaves as
 * realloc(3): if `memory` is NULL it allocates; if `size` is 0 it frees and returns NULL. Several
 * threads call it at once.
 */
typedef struct eddy_allocator {
    void *(*resize)(void *data, void *memory, size_t size);
    void *data;
} eddy_allocator;

/*
 * Sets the allocator of the whole process; NULL restores realloc(3). Call it before any other Eddy
 * function. Returns 0, or EDDY_EMISUSE if Eddy already holds memory.
 */
EDDY_API EDDY_CHECKED int eddy_set_allocator(const eddy_allocator *allocator);

/*
 * Like malloc(3), calloc(3), realloc(3), strdup(3) and free(3), with that allocator. Pass their
 * results to eddy_free() or eddy_realloc(), not to free(3). Return NULL without memory. A size of 0
 * counts as 1. Any thread may call them.
 */
EDDY_API EDDY_CHECKED void *eddy_malloc(size_t size);
EDDY_API EDDY_CHECKED void *eddy_calloc(size_t count, size_t size);
EDDY_API EDDY_CHECKED void *eddy_realloc(void *memory, size_t size);
EDDY_API EDDY_CHECKED char *eddy_strdup(const char *text);
EDDY_API void eddy_free(void *memory); /* NULL is fine */

EDDY_END_DECLS

#endif
