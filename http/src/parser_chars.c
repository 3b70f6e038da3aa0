/* SPDX-License-Identifier: MIT */
/*
 * parser_chars.c: the bytes that are allowed in each part of an HTTP/1 head.
 *
 * One table holds all classes, so a check is a load and a mask. Field values, which are most of a
 * head, are checked eight bytes at a time.
 *
 * Owns nothing. Called by parser_head.c and parser_chunk.c.
 */
#include <string.h>

#include "parser_parts.h"

#define IS_ALNUM(c) \
    (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))

#define IS_TOKEN(c)                                                                       \
    (IS_ALNUM(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' || (c) == '&' || \
     (c) == '\'' || (c) == '*' || (c) == '+' || (c) == '-' || (c) == '.' || (c) == '^' || \
     (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')

/* Wider than the grammar (browsers send {, | and "), but a fragment is never sent. */
#define IS_TARGET(c) ((c) > 0x20 && (c) < 0x7f && (c) != '#')

/* Narrower than the grammar: no comma, because merged Host fields are joined with one. */
#define IS_NAME(c)                                                                         \
    (IS_ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~' || (c) == '!' ||  \
     (c) == '$' || (c) == '&' || (c) == '\'' || (c) == '(' || (c) == ')' || (c) == '*' || \
     (c) == '+' || (c) == ';' || (c) == '=')

#define IS_TEXT(c) (((c) >= 0x20 && (c) != 0x7f) || (c) == '\t')

#define CLASSES(c)                                                                            \
    (uint8_t)((IS_TOKEN(c) ? HTTP_CLASS_TOKEN : 0) | (IS_TARGET(c) ? HTTP_CLASS_TARGET : 0) | \
              (IS_NAME(c) ? HTTP_CLASS_NAME : 0) | (IS_TEXT(c) ? HTTP_CLASS_TEXT : 0))

#define FOUR(c)       CLASSES(c), CLASSES((c) + 1), CLASSES((c) + 2), CLASSES((c) + 3)
#define SIXTEEN(c)    FOUR(c), FOUR((c) + 4), FOUR((c) + 8), FOUR((c) + 12)
#define SIXTY_FOUR(c) SIXTEEN(c), SIXTEEN((c) + 16), SIXTEEN((c) + 32), SIXTEEN((c) + 48)

const uint8_t eddy__http_class[256] = {
    SIXTY_FOUR(0),
    SIXTY_FOUR(64),
    SIXTY_FOUR(128),
    SIXTY_FOUR(192),
};

size_t eddy__http_class_length(const char *data, size_t size, unsigned class)
{
    size_t n = 0;
    while (n < size && http_is(data[n], class))
        n++;
    return n;
}

/* Also true for some words with a tab: it only makes the caller check each byte. */
static bool may_hold_control(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t below_space = (word - ones * 0x20) & ~word;
    uint64_t delete_as_zero = word ^ (ones * 0x7f);
    uint64_t is_delete = (delete_as_zero - ones) & ~delete_as_zero;
    return ((below_space | is_delete) & highs) != 0;
}

bool eddy__http_is_text(const char *data, size_t size)
{
    for (; size >= 8; data += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        if (may_hold_control(word) && eddy__http_class_length(data, 8, HTTP_CLASS_TEXT) < 8)
            return false;
    }
    return eddy__http_class_length(data, size, HTTP_CLASS_TEXT) == size;
}

bool eddy__http_equals_nocase(struct http_span span, const char *name, size_t name_size)
{
    if (span.size != name_size)
        return false;
    for (size_t i = 0; i < name_size; i++) {
        char c = span.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c != name[i])
            return false;
    }
    return true;
}
