/* SPDX-License-Identifier: MIT */
/*
 * json.h: reads a JSON document into values.
 *
 * As much of JSON as the corpora use: numbers are integers of 64 bits, texts hold no zero byte.
 */
#ifndef CONFORMANCE_JSON_H
#define CONFORMANCE_JSON_H

#include <stddef.h>

struct arena;
struct value;

/*
 * Reads the document that these bytes are; what the value points to lies in `arena`. Returns NULL,
 * or says what is wrong: a sentence, static. `*out_column` is where, from 1.
 */
const char *json_read(const char *bytes, size_t size, struct arena *arena, struct value *out_value,
                      size_t *out_column);

#endif
