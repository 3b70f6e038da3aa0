/* SPDX-License-Identifier: MIT */
/*
 * value.h: the values of the language, which are those of JSON and one more: an error, where a
 * result stands (written as its name with `!` in front).
 *
 * A value is small and copied; texts and lists lie in the program's arena, which outlives it.
 */
#ifndef CONFORMANCE_VALUE_H
#define CONFORMANCE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

enum value_type {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_TEXT,
    VALUE_ERROR,    // `text` is the error's name
    VALUE_LIST,
    VALUE_MAP,    // `items` are key, value, key, value, ...: `count` pairs
};

struct value {
    enum value_type type;
    uint32_t count;    // of the items of a list, of the pairs of a map
    union {
        int64_t number;    // of an integer; 0 or 1 of a boolean
        const char *text;
        const struct value *items;
    };
};

static inline struct value value_of_bool(bool is_true)
{
    return (struct value){.type = VALUE_BOOL, .number = is_true};
}

static inline struct value value_of_int(int64_t number)
{
    return (struct value){.type = VALUE_INT, .number = number};
}

/* Of a text or a null pointer, which is the value null. */
static inline struct value value_of_text(const char *text)
{
    return (struct value){.type = text != NULL ? VALUE_TEXT : VALUE_NULL, .text = text};
}

static inline struct value value_of_error(const char *name)
{
    return (struct value){.type = VALUE_ERROR, .text = name};
}

static inline struct value value_of_list(const struct value *items, uint32_t count)
{
    return (struct value){.type = VALUE_LIST, .count = count, .items = items};
}

/* As a condition: everything but null, false and 0. */
bool value_is_true(const struct value *value);

/* The value beside `key`, NULL if there is none or `map` is no map. */
const struct value *value_find(const struct value *map, const char *key);

/* Adds the value in canonical JSON: no spaces, and one spelling for each text. */
void value_write(const struct value *value, struct text *text);

#endif
