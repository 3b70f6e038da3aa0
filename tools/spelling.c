/* SPDX-License-Identifier: MIT */
/*
 * spelling.c: the Damerau-Levenshtein distance of two words (the variant that never edits a letter
 * twice), computed with three rows of the table.
 *
 * Owns nothing. Called by main.c and options.c.
 */
#include "spelling.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t spelling_distance(const char *a, size_t a_size, const char *b)
{
    size_t b_size = strlen(b);
    size_t rows[3][SPELLING_SIZE_MAX + 1];
    if (a_size > SPELLING_SIZE_MAX || b_size > SPELLING_SIZE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], higher[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}
