/* SPDX-License-Identifier: MIT */
/*
 * json_check.h: checks that bytes are one JSON document, or UTF-8.
 *
 * This is a check and not a parser: it builds nothing, allocates nothing and doesn't recurse. It is
 * strict by RFC 8259: one value with whitespace around it, no comments, no trailing commas, no byte
 * order mark, no control characters in strings, UTF-8 throughout. An escaped lone surrogate
 * (\ud800) fits the grammar and passes. Nesting deeper than JSON_DEPTH_MAX counts as not JSON.
 */
#ifndef EDDY_TOOLS_JSON_CHECK_H
#define EDDY_TOOLS_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_DEPTH_MAX = 1000 };    // SQLite's limit, so that SQLite accepts what passes here

/* Returns true if `bytes` is exactly one valid JSON document. */
bool json_is_valid(const void *bytes, size_t size);

/* Returns true if `bytes` is valid UTF-8: no overlong forms, surrogates or code above U+10FFFF. */
bool utf8_is_valid(const void *bytes, size_t size);

/* Returns the length, 1 to 4, of the UTF-8 character at the start of `bytes`; 0 if none. */
size_t utf8_sequence(const void *bytes, size_t size);

#endif
