/* SPDX-License-Identifier: MIT */
/*
 * pattern.h: URL patterns: one pattern stands for many URLs.
 *
 *     {1..90}       the numbers 1, 2, ... 90
 *     {90..1}       downwards
 *     {1..90..3}    every third: 1, 4, ... 88
 *     {01..90}      01, 02, ... 90: a leading zero keeps the width
 *     {-2..2}       -2, -1, 0, 1, 2
 *     {people,films}, {,.json}    each of these texts; an empty one counts
 *     \{ \} \, \\   the character itself
 *
 * Several braces in one pattern produce every combination, the last brace varying fastest. Braces
 * don't nest. A `}` without its `{` is refused and not taken as text: it is nearly always a typing
 * error, and `\}` means the character. Outside braces a comma is an ordinary character.
 */
#ifndef EDDY_TOOLS_PATTERN_H
#define EDDY_TOOLS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

struct complaint;
struct pattern;

/*
 * Parses a pattern.
 *
 *     struct pattern *pages;
 *     struct complaint complaint;
 *     if (pattern_new("https://host/{1..90}/", &pages, &complaint) < 0)
 *         fprintf(stderr, "%s\n", complaint.text);
 *     char url[pattern_size_max(pages) + 1];
 *     for (uint64_t i = 0; i < pattern_count(pages); i++)
 *         pattern_write(pages, i, url);
 *
 * Returns 0, or -EINVAL (not a pattern), -EOVERFLOW (more than 2^64-1 URLs), -ENOMEM; then
 * `complaint` (may be NULL) says what is wrong, at which column, and what to write instead.
 */
int pattern_new(const char *text, struct pattern **out_pattern, struct complaint *complaint);

/* Frees a pattern; NULL is fine. */
void pattern_free(struct pattern *pattern);

/* Returns how many URLs the pattern stands for, at least 1, without making any. */
uint64_t pattern_count(const struct pattern *pattern);

/* Returns the length of the longest URL of the pattern, without the terminating zero. */
size_t pattern_size_max(const struct pattern *pattern);

/*
 * Writes URL number `index` (from 0) into `url`, which has space for pattern_size_max() + 1 bytes.
 * Returns its length. URLs can be written in any order, so an iterator is a counter that restarts
 * at 0: ten million URLs need no memory.
 */
size_t pattern_write(const struct pattern *pattern, uint64_t index, char *url);

/*
 * Writes two lines that show a position in a text, to be printed below a complaint:
 *
 *     https://host/{1..x}/
 *                     ^
 *
 * A long text is cut to a window around `column` (from 1, in bytes). `size` of 256 always fits.
 */
void pattern_point_at(const char *text, size_t column, char *out_lines, size_t size);

#endif
