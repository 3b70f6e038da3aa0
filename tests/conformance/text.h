/* SPDX-License-Identifier: MIT */
/*
 * text.h: a text that grows. All zero is an empty one; `bytes` ends with a zero once anything was
 * added. Without memory the process ends with a message.
 */
#ifndef CONFORMANCE_TEXT_H
#define CONFORMANCE_TEXT_H

#include <stddef.h>

struct text {
    char *bytes;
    size_t size;    // without the terminating zero
    size_t room;
};

void text_add(struct text *text, const char *bytes, size_t size);
void text_add_string(struct text *text, const char *string);
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes it empty and keeps its memory. */
void text_clear(struct text *text);

void text_fini(struct text *text);

#endif
