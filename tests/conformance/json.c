/* SPDX-License-Identifier: MIT */
/*
 * json.c: a recursive reader, one function for each kind of value.
 *
 * The first thing that is wrong is remembered in the reader, and from then on every function
 * returns at once; so they need no status of their own.
 *
 * Owns a stack of the items of all lists and maps that are still open: the items of a list become
 * an array of the arena when it closes.
 */
#include "json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "text.h"
#include "value.h"

enum { DEPTH_MAX = 500 };

struct reader {
    const char *at;
    const char *end;
    const char *problem;    // NULL while all is well
    struct arena *arena;
    struct text items;    // values, as bytes
    unsigned depth;
};

static void read_value(struct reader *reader, struct value *out_value);

static void fail(struct reader *reader, const char *problem)
{
    if (reader->problem == NULL)
        reader->problem = problem;
}

static void skip_spaces(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != 0)
        reader->at++;
}

/* Whether `c` comes next; then it is passed. */
static bool take(struct reader *reader, char c)
{
    if (reader->problem != NULL || reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
        return false;
    reader->at += size;
    return true;
}

/* The four digits of \u; texts of the corpora are ASCII, so more is not needed. */
static char read_code(struct reader *reader)
{
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        char c = reader->at < reader->end ? *reader->at : 'x';
        const char *digits = "00112233445566778899aAbBcCdDeEfF";
        const char *found = c != '\0' ? strchr(digits, c) : NULL;
        if (found == NULL) {
            fail(reader, "four hexadecimal digits must follow \\u");
            return '?';
        }
        code = 16 * code + (unsigned)(found - digits) / 2;
        reader->at++;
    }
    if (code == 0 || code > 0x7f)
        fail(reader, "a text must be ASCII, without zero");
    return (char)code;
}

static char read_escape(struct reader *reader)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    char c = reader->at < reader->end ? *reader->at++ : '\0';
    if (c == 'u')
        return read_code(reader);
    for (const char *pair = escapes; *pair != '\0'; pair += 2) {
        if (*pair == c)
            return pair[1];
    }
    fail(reader, "no such escape");
    return '?';
}

static const char *read_text(struct reader *reader)
{
    const char *end = reader->at;
    while (end < reader->end && *end != '"')
        end += *end == '\\' ? 2 : 1;
    if (end >= reader->end) {
        fail(reader, "a text has no end");
        return "";
    }
    char *text = arena_take(reader->arena, (size_t)(end - reader->at) + 1);
    size_t size = 0;
    while (reader->at < end && reader->problem == NULL) {
        char c = *reader->at++;
        if ((unsigned char)c < 0x20)
            fail(reader, "a control character in a text");
        text[size++] = c == '\\' ? read_escape(reader) : c;
    }
    take(reader, '"');
    return text;
}

static int64_t read_number(struct reader *reader)
{
    int sign = take(reader, '-') ? -1 : 1;
    int64_t number = 0;
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
        int digit = *reader->at++ - '0';
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, sign * digit, &number))
            fail(reader, "a number beyond 64 bits");
    }
    if (reader->at == start)
        fail(reader, "a value must come here");
    if (reader->at < reader->end && strchr(".eE", *reader->at) != NULL && *reader->at != '\0')
        fail(reader, "numbers are integers");
    return number;
}

static void push_item(struct reader *reader, const struct value *item)
{
    text_add(&reader->items, (const char *)item, sizeof *item);
}

/* A key and its colon. */
static void read_key(struct reader *reader)
{
    skip_spaces(reader);
    if (!take(reader, '"')) {
        fail(reader, "a key must come here");
        return;
    }
    struct value key = value_of_text(read_text(reader));
    push_item(reader, &key);
    skip_spaces(reader);
    if (!take(reader, ':'))
        fail(reader, "a colon must come here");
}

/* What follows the bracket that opens a list or a map. */
static struct value read_items(struct reader *reader, enum value_type type)
{
    char closing = type == VALUE_MAP ? '}' : ']';
    size_t start = reader->items.size;
    skip_spaces(reader);
    if (!take(reader, closing)) {
        do {
            if (type == VALUE_MAP)
                read_key(reader);
            struct value item = {0};
            read_value(reader, &item);
            push_item(reader, &item);
            skip_spaces(reader);
        } while (take(reader, ','));
        if (!take(reader, closing))
            fail(reader, "a comma or the end of a list or map must come here");
    }
    size_t size = reader->items.size - start;
    struct value *items = arena_take(reader->arena, size);
    if (size > 0)
        memcpy(items, reader->items.bytes + start, size);
    reader->items.size = start;
    size_t count = size / sizeof *items / (type == VALUE_MAP ? 2 : 1);
    return (struct value){.type = type, .count = (uint32_t)count, .items = items};
}

static void read_value(struct reader *reader, struct value *out_value)
{
    skip_spaces(reader);
    if (reader->problem != NULL)
        return;
    if (++reader->depth > DEPTH_MAX)
        fail(reader, "too many levels of brackets");
    else if (take(reader, '['))
        *out_value = read_items(reader, VALUE_LIST);
    else if (take(reader, '{'))
        *out_value = read_items(reader, VALUE_MAP);
    else if (take(reader, '"'))
        *out_value = value_of_text(read_text(reader));
    else if (take_word(reader, "null"))
        *out_value = (struct value){.type = VALUE_NULL};
    else if (take_word(reader, "true"))
        *out_value = value_of_bool(true);
    else if (take_word(reader, "false"))
        *out_value = value_of_bool(false);
    else
        *out_value = value_of_int(read_number(reader));
    reader->depth--;
}

const char *json_read(const char *bytes, size_t size, struct arena *arena, struct value *out_value,
                      size_t *out_column)
{
    struct reader reader = {.at = bytes, .end = bytes + size, .arena = arena};
    *out_value = (struct value){0};
    read_value(&reader, out_value);
    skip_spaces(&reader);
    if (reader.at < reader.end)
        fail(&reader, "something follows the document");
    *out_column = (size_t)(reader.at - bytes) + 1;
    text_fini(&reader.items);
    return reader.problem;
}
