/* SPDX-License-Identifier: MIT */
/*
 * text.c: a growing array of bytes that doubles.
 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 4096, PRINT_MAX = 256 };    // bytes

static void make_room(struct text *text, size_t more)
{
    if (text->room - text->size > more)
        return;
    size_t room = text->room == 0 ? ROOM_MIN : text->room;
    while (room - text->size <= more)
        room *= 2;
    text->bytes = realloc(text->bytes, room);
    if (text->bytes == NULL) {
        fputs("conformance: out of memory\n", stderr);
        exit(3);
    }
    text->room = room;
}

void text_add(struct text *text, const char *bytes, size_t size)
{
    make_room(text, size);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_print(struct text *text, const char *format, ...)
{
    make_room(text, PRINT_MAX);
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text->bytes + text->size, PRINT_MAX, format, arguments);
    va_end(arguments);
    if (n > 0)
        text->size += n < PRINT_MAX ? (size_t)n : PRINT_MAX - 1;
}

void text_clear(struct text *text)
{
    text->size = 0;
    if (text->bytes != NULL)
        text->bytes[0] = '\0';
}

void text_fini(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}
