/* SPDX-License-Identifier: MIT */
/*
 * test_parser_transcript.h: what a parser says about some bytes, as text.
 *
 * The bytes may hold any number of messages. They are passed on in pieces, each in memory of its
 * own size that is freed once used, so that the address sanitizer sees a byte read too far or a
 * span kept too long. Adjoining pieces of a body are written as one: two ways of cutting the same
 * bytes must give the same text, which the tests and the fuzzer compare.
 *
 *     HEAD POST /form 1.1
 *      Host: a
 *      length=5 keep
 *     BODY hello
 *     COMPLETE 56
 *     END
 *
 * A call that breaks a promise of parser.h writes BROKEN, with the promise. Header only, since each
 * test and each fuzzer is a program of one file.
 */
#ifndef EDDY_TEST_PARSER_TRANSCRIPT_H
#define EDDY_TEST_PARSER_TRANSCRIPT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parser.h"

struct text {
    char *data;    // with a zero after it
    size_t size, capacity;
};

/* How to cut: first `first` bytes (0 for none), then pieces of `step` (0 for the whole rest). */
struct cut {
    size_t first, step;
};

struct reading {
    struct http_parser parser;
    struct text text, body;
    size_t used;    // bytes, over all pieces
    bool is_over;
    const char *method;    // the request that responses answer
};

static inline void put(struct text *text, const char *data, size_t size)
{
    if (text->capacity - text->size < size + 1) {
        text->capacity = (text->size + size + 1) * 2;
        text->data = realloc(text->data, text->capacity);
        if (text->data == NULL)
            abort();
    }
    if (size > 0)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static inline void put_span(struct text *text, const char *before, struct http_span span)
{
    put(text, before, strlen(before));
    put(text, span.data, span.size);
}

__attribute__((format(printf, 2, 3))) static inline void putf(struct text *text, const char *format,
                                                              ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    put(text, line, strlen(line));
}

static inline void promise(struct reading *reading, bool is_kept, const char *text)
{
    if (is_kept)
        return;
    putf(&reading->text, "BROKEN %s\n", text);
    reading->is_over = true;
}

static inline bool lies_in(struct http_span span, const char *data, size_t size)
{
    return span.data == NULL || (span.data >= data && span.data + span.size <= data + size);
}

static inline void flush_body(struct reading *reading)
{
    if (reading->body.size > 0) {
        put(&reading->text, "BODY ", 5);
        put(&reading->text, reading->body.data, reading->body.size);
        put(&reading->text, "\n", 1);
    }
    reading->body.size = 0;
}

static inline void put_head(struct reading *reading)
{
    struct text *text = &reading->text;
    const struct http_parser *parser = &reading->parser;
    const struct http_head *head = &parser->head;
    promise(reading, lies_in(head->method, parser->bytes, parser->size), "method in buffer");
    promise(reading, lies_in(head->target, parser->bytes, parser->size), "target in buffer");
    promise(reading, lies_in(head->reason, parser->bytes, parser->size), "reason in buffer");
    if (parser->mode == HTTP_MODE_REQUEST) {
        put_span(text, "HEAD ", head->method);
        put_span(text, " ", head->target);
    } else {
        putf(text, "HEAD %d", head->status);
        put_span(text, " ", head->reason);
    }
    putf(text, " 1.%d\n", head->version_minor);
    for (size_t i = 0; i < head->field_count; i++) {
        promise(reading, lies_in(head->fields[i].name, parser->bytes, parser->size), "name");
        promise(reading, lies_in(head->fields[i].value, parser->bytes, parser->size), "value");
        put_span(text, " ", head->fields[i].name);
        put_span(text, ": ", head->fields[i].value);
        put(text, "\n", 1);
    }
    if (head->content_length != HTTP_LENGTH_UNKNOWN)
        putf(text, " length=%llu", (unsigned long long)head->content_length);
    putf(text, "%s%s%s%s%s\n", head->is_chunked ? " chunked" : "",
         head->has_body ? "" : " bodiless", head->should_keep_alive ? " keep" : " close",
         head->expects_continue ? " continue" : "", head->is_upgrade ? " upgrade" : "");
}

static inline void start_message(struct reading *reading)
{
    if (reading->method != NULL)
        eddy__http_parser_answers(&reading->parser,
                                  (struct http_span){reading->method, strlen(reading->method)});
}

static inline void put_event(struct reading *reading, enum http_event event, struct http_span body)
{
    if (event == HTTP_EVENT_BODY) {
        put(&reading->body, body.data, body.size);
        return;
    }
    if (event != HTTP_EVENT_MORE)
        flush_body(reading);
    if (event == HTTP_EVENT_HEAD) {
        put_head(reading);
    } else if (event == HTTP_EVENT_COMPLETE) {
        putf(&reading->text, "COMPLETE %zu\n", reading->used);
        reading->is_over |= reading->parser.head.is_upgrade;    // what follows is not HTTP
        eddy__http_parser_reset(&reading->parser);
        start_message(reading);
    } else if (event == HTTP_EVENT_ERROR) {
        promise(reading, reading->parser.error.text != NULL, "an error has a sentence");
        putf(&reading->text, "ERROR %d %s\n", reading->parser.error.status,
             reading->parser.error.text);
        reading->is_over = true;
    } else if (event == HTTP_EVENT_END) {
        put(&reading->text, "END\n", 4);
        reading->is_over = true;
    }
}

static inline void read_piece(struct reading *reading, const char *bytes, size_t size)
{
    char *piece = malloc(size > 0 ? size : 1);
    if (piece == NULL)
        abort();
    if (size > 0)
        memcpy(piece, bytes, size);
    size_t at = 0;
    enum http_event event;
    do {
        size_t used = 0;
        struct http_span body = {NULL, 0};
        event = eddy__http_parser_next(&reading->parser, piece + at, size - at, &used, &body);
        promise(reading, used <= size - at, "uses no more than it got");
        promise(reading, event != HTTP_EVENT_MORE || used == size - at, "MORE uses all");
        promise(reading, event != HTTP_EVENT_BODY || body.size > 0, "a body span isn't empty");
        promise(reading, lies_in(body, piece + at, size - at), "a body span is the caller's");
        at += used;
        reading->used += used;
        put_event(reading, event, body);
    } while (event != HTTP_EVENT_MORE && !reading->is_over);
    free(piece);
}

/* The transcript, to be freed. */
static inline struct text transcribe(enum http_mode mode, const struct http_limits *limits,
                                     const char *method, const char *bytes, size_t size,
                                     struct cut cut)
{
    struct reading reading = {.method = method};
    if (eddy__http_parser_init(&reading.parser, mode, limits) < 0)
        abort();
    put(&reading.text, "", 0);
    start_message(&reading);
    size_t at = cut.first < size ? cut.first : size;
    if (at > 0)
        read_piece(&reading, bytes, at);
    while (at < size && !reading.is_over) {
        size_t n = cut.step > 0 && cut.step < size - at ? cut.step : size - at;
        read_piece(&reading, bytes + at, n);
        at += n;
    }
    if (!reading.is_over)
        put_event(&reading, eddy__http_parser_finish(&reading.parser), (struct http_span){NULL, 0});
    if (!reading.is_over)    // a body that ended with the connection
        put(&reading.text, "END\n", 4);
    eddy__http_parser_fini(&reading.parser);
    free(reading.body.data);
    return reading.text;
}

#endif
