/* SPDX-License-Identifier: MIT */
/*
 * serve_map.h: the documents of `eddy serve FILE`, by path.
 *
 * The file is one JSON object. The name of a member is the target of a request, with its query if
 * it has one ("/api/people/?page=2"). Its value is the document, byte for byte as in the file.
 */
#ifndef EDDY_TOOLS_SERVE_MAP_H
#define EDDY_TOOLS_SERVE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct complaint;

/* A document; its bytes are in the map. */
struct serve_document {
    const char *target;
    size_t target_size;
    const char *data;
    size_t size;
};

struct serve_map {
    char *bytes;    // the file; the names in it have been decoded in place
    size_t size;
    struct serve_document *documents;    // sorted by target
    size_t count, capacity;
};

/*
 * Reads the file at `path`. Returns 0, or a negative errno with a message: it can't be read, is not
 * JSON, is not an object, or a name in it is not a path. Then there is nothing to fini.
 */
int serve_map_load(struct serve_map *map, const char *path, struct complaint *complaint);

/* Like serve_map_load(), from bytes, which are copied. Complaints refer to them as `name`. */
int serve_map_read(struct serve_map *map, const char *bytes, size_t size, const char *name,
                   struct complaint *complaint);

/* Returns the document for a target, literally or percent-decoded; NULL if there is none. */
const struct serve_document *serve_map_find(const struct serve_map *map, const char *target,
                                            size_t size);

void serve_map_fini(struct serve_map *map);

/*
 * Decodes %41 and the like into `out`, which has space for `size` bytes. Returns the number of
 * bytes, or -1 if a % is not followed by two hexadecimal digits, or encodes a zero byte.
 */
long percent_decode(const char *text, size_t size, char *out);

#endif
