/* SPDX-License-Identifier: MIT */
/*
 * test_parser_check.h: compares what the parser says of some bytes with what it should, first of
 * the whole, then of the same bytes cut once at every place, then of single bytes.
 */
#ifndef EDDY_TEST_PARSER_CHECK_H
#define EDDY_TEST_PARSER_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_parser_transcript.h"

struct reader {
    enum http_mode mode;
    const struct http_limits *limits;    // NULL for the defaults
    const char *method;                  // that responses answer
};

/* Compares up to the end of `expected` if that ends in "..."; frees `text`. */
static inline void compare(struct text text, const char *expected, const char *what, size_t at)
{
    size_t n = strlen(expected);
    bool is_prefix = n >= 3 && strcmp(expected + n - 3, "...") == 0;
    if (is_prefix ? strncmp(text.data, expected, n - 3) != 0 : strcmp(text.data, expected) != 0)
        fail_msg("%s %zu:\n%s\nexpected:\n%s", what, at, text.data, expected);
    free(text.data);
}

static inline void check_bytes(struct reader reader, const char *bytes, size_t size,
                               const char *expected)
{
    struct text whole =
        transcribe(reader.mode, reader.limits, reader.method, bytes, size, (struct cut){0, 0});
    struct text copy = {0};
    put(&copy, whole.data, whole.size);
    compare(copy, expected, "whole, of bytes", size);
    for (size_t at = 1; at < size; at++)
        compare(
            transcribe(reader.mode, reader.limits, reader.method, bytes, size, (struct cut){at, 0}),
            whole.data, "cut at", at);
    compare(transcribe(reader.mode, reader.limits, reader.method, bytes, size, (struct cut){0, 1}),
            whole.data, "in pieces of", 1);
    free(whole.data);
}

/* A literal may hold zeros. */
#define CHECK(reader, literal, expected) check_bytes(reader, literal, sizeof(literal) - 1, expected)

static const struct reader server = {.mode = HTTP_MODE_REQUEST};
static const struct reader client = {.mode = HTTP_MODE_RESPONSE, .method = "GET"};

#endif
