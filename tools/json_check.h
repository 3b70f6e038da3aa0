/* SPDX-License-Identifier: MIT */
/*
 * json_check.h: is this one JSON document? is this UTF-8?
 *
 * A check and no parser: nothing is built, nothing allocated, nothing recursed into. Strict as
 * RFC 8259 has it: one value with whitespace around it, no comments, no trailing commas, no byte
 * order mark, no control characters in strings, UTF-8 throughout. An escaped lone surrogate
 * (\ud800) is grammar, and passes. Deeper than JSON_DEPTH_MAX counts as not JSON.
 */
#ifndef EDDY_TOOLS_JSON_CHECK_H
#define EDDY_TOOLS_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_DEPTH_MAX = 1000 };    // SQLite's own limit, so that what passes here is JSON there too

/* True when `bytes` is exactly one valid JSON document. */
bool json_is_valid(const void *bytes, size_t size);

/* True when `bytes` is valid UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(const void *bytes, size_t size);

/* The length, 1 to 4, of the UTF-8 character that `bytes` begins with; 0 when none does. */
size_t utf8_sequence(const void *bytes, size_t size);

#endif
