/* SPDX-License-Identifier: MIT */
/*
 * reasons.h: counts why URLs weren't loaded: each distinct reason, how often, and an example URL.
 *
 * Reasons that differ only in numbers ("cut off after 1234 bytes") are counted as one; statuses are
 * counted separately. A URL at the start of an HTTP error is left out.
 */
#ifndef EDDY_TOOLS_REASONS_H
#define EDDY_TOOLS_REASONS_H

#include <stddef.h>
#include <stdint.h>

struct bytes;

enum { REASONS_MAX = 200 };    // distinct reasons that are kept

struct reason {
    char *text;       // as first counted
    char *example;    // the URL with which it was first counted
    uint64_t count;
};

/* All zero is empty. */
struct reasons {
    struct reason *items;
    size_t count;
    uint64_t other_count;    // counts reasons beyond REASONS_MAX, or without memory for them
};

void reasons_fini(struct reasons *reasons);

/* Counts the reason `text`, with `url` as an example; both are copied. */
void reasons_put(struct reasons *reasons, const char *text, const char *url);

/* Sorts them, the most frequent first. */
void reasons_sort(struct reasons *reasons);

/*
 * Append the reasons to `out`: for people, the first `line_max`, one a line; for programs, all, as
 * a JSON array of objects with "reason", "count" and "example".
 *
 *       12  status 500: https://example.org/7
 */
void reasons_write(const struct reasons *reasons, size_t line_max, struct bytes *out);
void reasons_write_json(const struct reasons *reasons, struct bytes *out);

#endif
