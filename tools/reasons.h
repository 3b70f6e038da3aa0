/* SPDX-License-Identifier: MIT */
/*
 * reasons.h: why URLs weren't loaded: each distinct reason, how often, and a URL as an example.
 *
 * Reasons that differ in numbers only ("cut off after 1234 bytes") are counted as one, but statuses
 * are told apart. The URL that an HTTP error may begin with is left out.
 */
#ifndef EDDY_TOOLS_REASONS_H
#define EDDY_TOOLS_REASONS_H

#include <stddef.h>
#include <stdint.h>

struct bytes;

enum { REASONS_MAX = 200 };    // distinct ones that are kept

struct reason {
    char *text;       // as it came first
    char *example;    // the URL that it came first with
    uint64_t count;
};

/* All zero is empty. */
struct reasons {
    struct reason *items;
    size_t count;
    uint64_t other_count;    // of reasons beyond REASONS_MAX, or without memory for them
};

void reasons_fini(struct reasons *reasons);

/* Counts `text` for `url`; both are copied. */
void reasons_put(struct reasons *reasons, const char *text, const char *url);

/* Sorts them, the most frequent first. */
void reasons_sort(struct reasons *reasons);

/*
 * Append them to `out`: for people, the first `line_max` of them, one a line; for programs, all, as
 * a JSON array of objects with "reason", "count" and "example".
 *
 *       12  status 500: https://example.org/7
 */
void reasons_write(const struct reasons *reasons, size_t line_max, struct bytes *out);
void reasons_write_json(const struct reasons *reasons, struct bytes *out);

#endif
