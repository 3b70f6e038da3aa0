/* SPDX-License-Identifier: MIT */
/*
 * value.c: asking values, and writing them. Traces are compared as text, so two values are the
 * same exactly when they are written the same.
 */
#include "value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

bool value_is_true(const struct value *value)
{
    bool is_number = value->type == VALUE_BOOL || value->type == VALUE_INT;
    return is_number ? value->number != 0 : value->type != VALUE_NULL;
}

const struct value *value_find(const struct value *map, const char *key)
{
    if (map->type != VALUE_MAP)
        return NULL;
    for (uint32_t i = 0; i < map->count; i++) {
        if (strcmp(map->items[2 * i].text, key) == 0)
            return &map->items[2 * i + 1];
    }
    return NULL;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static void write_text(const char *bytes, const char *prefix, struct text *text)
{
    text_add_string(text, "\"");
    text_add_string(text, prefix);
    while (*bytes != '\0') {
        size_t plain = 0;
        while (is_plain((unsigned char)bytes[plain]))
            plain++;
        text_add(text, bytes, plain);
        bytes += plain;
        if (*bytes != '\0')
            text_print(text, "\\u%04x", (unsigned char)*bytes++);
    }
    text_add_string(text, "\"");
}

static void write_number(int64_t number, struct text *text)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, number);
    text_add(text, digits, (size_t)n);
}

static void write_items(const struct value *value, struct text *text)
{
    bool is_map = value->type == VALUE_MAP;
    size_t item_count = is_map ? 2 * (size_t)value->count : value->count;
    text_add_string(text, is_map ? "{" : "[");
    for (size_t i = 0; i < item_count; i++) {
        if (i > 0)
            text_add_string(text, is_map && i % 2 == 1 ? ":" : ",");
        value_write(&value->items[i], text);
    }
    text_add_string(text, is_map ? "}" : "]");
}

void value_write(const struct value *value, struct text *text)
{
    switch (value->type) {
    case VALUE_NULL: text_add_string(text, "null"); break;
    case VALUE_BOOL: text_add_string(text, value->number ? "true" : "false"); break;
    case VALUE_INT: write_number(value->number, text); break;
    case VALUE_TEXT: write_text(value->text, "", text); break;
    case VALUE_ERROR: write_text(value->text, "!", text); break;
    case VALUE_LIST:
    case VALUE_MAP: write_items(value, text); break;
    }
}
