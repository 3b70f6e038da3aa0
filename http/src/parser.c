/* SPDX-License-Identifier: MIT */
/*
 * parser.c: the parser's state machine, from the first byte of a message to the last.
 *
 *     START --> LINE --> FIELDS --+--> LENGTH -----+--> DONE --reset--> START
 *     (an empty line              +--> CHUNKS -----+
 *      before it is skipped)      +--> UNTIL_END --+
 *                                 +----------------+        any --> FAILED
 *
 * The head is gathered line by line in the parser's own buffer, because its spans must outlive the
 * caller's bytes. The body is not copied: it is returned as spans of the caller's bytes.
 *
 * Invariants:
 *   - Events, and the bytes used up to each, don't depend on how the bytes are split. So the parser
 *     never looks at bytes beyond a limit, and checks the limit before the content.
 *   - llhttp has read exactly the bytes up to the event that is returned (the head: at its end),
 *     and agrees: no part of a message that it refuses is returned. When both parsers refuse,
 *     llhttp gets the bytes before the faulty one, and its error comes first.
 *   - After an error the parser reads no more.
 *
 * Owns the buffer, the array of fields and the second parser.
 * Uses the other parser_*.c files. Called by the server's and the client's connections.
 */
#include <eddy/alloc.h>

#include "parser.h"

#include <errno.h>
#include <string.h>

#include "parser_parts.h"

enum {
    CAPACITY_FIRST = 1024,    // holds nearly every head
    CAPACITY_KEPT = 4096,     // a larger buffer is not kept for the next message
};

static const struct http_limits default_limits = {
    .line_max = 8 * 1024,
    .header_max = 32 * 1024,
    .field_max = 100,
    .body_max = 1024 * 1024,
    .extension_max = 4 * 1024,
    .trailer_max = 8 * 1024,
};

static struct http_limits fill_in(const struct http_limits *given)
{
    struct http_limits limits = default_limits;
    if (given == NULL)
        return limits;
    limits.line_max = given->line_max ? given->line_max : limits.line_max;
    limits.header_max = given->header_max ? given->header_max : limits.header_max;
    limits.field_max = given->field_max ? given->field_max : limits.field_max;
    limits.body_max = given->body_max ? given->body_max : limits.body_max;
    limits.extension_max = given->extension_max ? given->extension_max : limits.extension_max;
    limits.trailer_max = given->trailer_max ? given->trailer_max : limits.trailer_max;
    return limits;
}

int eddy__http_parser_init(struct http_parser *parser, enum http_mode mode,
                           const struct http_limits *limits)
{
    *parser = (struct http_parser){.mode = mode, .limits = fill_in(limits)};
    parser->head.content_length = HTTP_LENGTH_UNKNOWN;
    parser->second = eddy__http_second_new(mode);
    return parser->second != NULL ? 0 : -ENOMEM;
}

int eddy__http_fail(struct http_parser *parser, int code, int status, const char *text)
{
    parser->error = (struct http_error){.code = code, .status = status, .text = text};
    parser->phase = HTTP_PHASE_FAILED;
    parser->head.should_keep_alive = false;
    return code;
}

int eddy__http_fail_limit(struct http_parser *parser, int status, const char *text, uint64_t limit)
{
    int code = eddy__http_fail(parser, HTTP_ETOOLARGE, status, text);
    parser->error.limit = limit;
    return code;
}

/* The second reader. */

static int disagree(struct http_parser *parser)
{
    return http_malformed(parser, "the message can be read in two ways");
}

/* Passes it `size` more bytes. */
static int show(struct http_parser *parser, const char *data, size_t size)
{
    const char *reason = size > 0 ? eddy__http_second_read(parser->second, data, size) : NULL;
    return reason != NULL ? http_malformed(parser, reason) : 0;
}

static int compare(struct http_parser *parser)
{
    const struct http_second_view *view = eddy__http_second_look(parser->second);
    if (view->body_size != parser->body_size ||
        view->is_complete != (parser->phase == HTTP_PHASE_DONE))
        return disagree(parser);
    return 0;
}

static int consult_on_head(struct http_parser *parser)
{
    const char *method;
    const struct http_head *head = &parser->head;
    size_t skipped = eddy__http_second_method(head->method, &method);
    int err = show(parser, method, strlen(method));
    if (err == 0)
        err = show(parser, parser->bytes + skipped, parser->size - skipped);
    if (err == 0)
        err = compare(parser);
    if (err < 0)
        return err;
    const struct http_second_view *view = eddy__http_second_look(parser->second);
    if (!view->is_head_complete || view->field_count != head->field_count ||
        view->is_chunked != head->is_chunked)
        return disagree(parser);
    if (parser->phase == HTTP_PHASE_LENGTH && view->content_length != head->content_length)
        return disagree(parser);
    return 0;
}

/* The buffer of the head. */

static void move_span(struct http_span *span, const char *from, const char *to)
{
    if (span->data != NULL)
        span->data = to + (span->data - from);
}

/* Moves to a larger buffer, and updates the spans. */
static int grow(struct http_parser *parser, size_t needed)
{
    size_t capacity = parser->capacity > 0 ? parser->capacity : CAPACITY_FIRST;
    while (capacity < needed)
        capacity *= 2;
    char *bytes = eddy_malloc(capacity);
    if (bytes == NULL)
        return eddy__http_fail(parser, -ENOMEM, 503, "out of memory");

    struct http_head *head = &parser->head;
    if (parser->size > 0)
        memcpy(bytes, parser->bytes, parser->size);
    move_span(&head->method, parser->bytes, bytes);
    move_span(&head->target, parser->bytes, bytes);
    move_span(&head->reason, parser->bytes, bytes);
    for (size_t i = 0; i < head->field_count; i++) {
        move_span(&head->fields[i].name, parser->bytes, bytes);
        move_span(&head->fields[i].value, parser->bytes, bytes);
    }
    eddy_free(parser->bytes);
    parser->bytes = bytes;
    parser->capacity = capacity;
    return 0;
}

static int append(struct http_parser *parser, const char *data, size_t size)
{
    if (parser->capacity - parser->size < size) {
        int err = grow(parser, parser->size + size);
        if (err < 0)
            return err;
    }
    memcpy(parser->bytes + parser->size, data, size);
    parser->size += size;
    return 0;
}

/* The head, line by line. */

/* The size of the field lines so far, as received. */
static size_t fields_size(const struct http_parser *parser)
{
    return parser->size - parser->fields_start + parser->removed_size;
}

/* How many more bytes the current line may have, its CRLF included. */
static size_t line_room(const struct http_parser *parser)
{
    if (parser->phase == HTTP_PHASE_LINE)
        return parser->limits.line_max + 2 - parser->size;
    return parser->limits.header_max - fields_size(parser);
}

static int too_long(struct http_parser *parser)
{
    if (parser->phase == HTTP_PHASE_LINE)
        return eddy__http_fail_limit(parser, 414, "the first line is too long",
                                     parser->limits.line_max);
    return eddy__http_fail_limit(parser, 431, "the header section is too large",
                                 parser->limits.header_max);
}

/* Makes the line end in CRLF, or refuses it. */
static int end_in_crlf(struct http_parser *parser)
{
    size_t size = parser->size - parser->line_start;
    if (size >= 2 && parser->bytes[parser->size - 2] == '\r')
        return 0;
    if (parser->mode == HTTP_MODE_REQUEST)
        return http_malformed(parser, "a line ends in a bare LF");
    if (line_room(parser) == 0)
        return too_long(parser);
    parser->bytes[parser->size - 1] = '\r';
    return append(parser, "\n", 1);
}

static int take_first(struct http_parser *parser)
{
    if (parser->mode == HTTP_MODE_RESPONSE)
        eddy__http_tidy_status_line(parser);
    const char *line = parser->bytes + parser->line_start;
    size_t size = parser->size - parser->line_start - 2;
    parser->line_start = parser->fields_start = parser->size;
    parser->removed_size = 0;
    parser->phase = HTTP_PHASE_FIELDS;
    return eddy__http_head_take_first(parser, line, size);
}

/* Processes the field line of a response, now that it is known to be complete. */
static int take_pending(struct http_parser *parser)
{
    if (!parser->has_field)
        return 0;
    parser->has_field = false;
    char *line = parser->bytes + parser->field_start;
    size_t size = parser->line_start - parser->field_start - 2;
    eddy__http_tidy_field(line, size);
    int rc = eddy__http_head_take_field(parser, line, size);
    if (rc != HTTP_FIELD_DROPPED)
        return rc;
    eddy__http_tidy_remove(parser, parser->field_start, parser->line_start);
    parser->line_start = parser->field_start;
    return 0;
}

/* A field line of a response is processed when the next line shows that it is not folded. */
static int take_response_field(struct http_parser *parser)
{
    char first = parser->bytes[parser->line_start];
    int err = 0;
    if ((first == ' ' || first == '\t') && parser->has_field) {
        eddy__http_tidy_unfold(parser);
    } else {
        err = take_pending(parser);
        parser->field_start = parser->line_start;
        parser->has_field = true;
    }
    parser->line_start = parser->size;
    return err;
}

static int take_field(struct http_parser *parser)
{
    const char *line = parser->bytes + parser->line_start;
    size_t size = parser->size - parser->line_start - 2;
    parser->line_start = parser->size;
    return eddy__http_head_take_field(parser, line, size);
}

/* Processes the line just completed. Returns HTTP_EVENT_HEAD after the empty one. */
static int take_line(struct http_parser *parser)
{
    int err = end_in_crlf(parser);
    if (err < 0)
        return err;
    if (parser->phase == HTTP_PHASE_LINE)
        return take_first(parser);
    if (parser->size - parser->line_start > 2)
        return parser->mode == HTTP_MODE_RESPONSE ? take_response_field(parser)
                                                  : take_field(parser);
    err = take_pending(parser);
    if (err == 0)
        err = eddy__http_head_conclude(parser);
    if (err == 0)
        err = consult_on_head(parser);
    return err < 0 ? err : HTTP_EVENT_HEAD;
}

static int read_head(struct http_parser *parser, const char *data, size_t size,
                     size_t *out_consumed)
{
    size_t used = 0;
    while (used < size) {
        size_t room = line_room(parser);
        size_t n = size - used < room ? size - used : room;
        const char *lf = n > 0 ? memchr(data + used, '\n', n) : NULL;
        if (lf != NULL)
            n = (size_t)(lf - (data + used)) + 1;
        int err = append(parser, data + used, n);
        if (err < 0)
            return err;
        used += n;
        *out_consumed = used;
        if (lf == NULL && n == room)
            return too_long(parser);

        int event = lf != NULL ? take_line(parser) : 0;
        if (event != 0)
            return event;
    }
    return HTTP_EVENT_MORE;
}

/* Before the head. */

static int begin(struct http_parser *parser, char first)
{
    if (!http_is(first, HTTP_CLASS_TOKEN))
        return http_malformed(parser, first == 0x16 ? "TLS is spoken where plain HTTP is expected"
                                                    : "the message doesn't begin like HTTP");
    parser->phase = HTTP_PHASE_LINE;
    return 0;
}

/*
 * Some old clients send a CRLF after a body without counting it. One is tolerated before a request,
 * as RFC 9112 requires. It is not passed to llhttp, which would tolerate much more.
 */
static int read_start(struct http_parser *parser, const char *data, size_t size,
                      size_t *out_consumed)
{
    size_t used = 0;
    while (used < size && parser->phase < HTTP_PHASE_LINE) {
        char c = data[used];
        if (parser->phase == HTTP_PHASE_START_LF) {
            if (c != '\n')
                return http_malformed(parser, "a bare CR comes before the message");
            parser->phase = HTTP_PHASE_START;
            parser->skipped_empty_line = true;
            used++;
        } else if (c == '\r' && !parser->skipped_empty_line && parser->mode == HTTP_MODE_REQUEST) {
            parser->phase = HTTP_PHASE_START_LF;
            used++;
        } else {
            int err = begin(parser, c);
            if (err < 0)
                return err;
        }
    }
    *out_consumed = used;
    if (parser->phase < HTTP_PHASE_LINE)
        return HTTP_EVENT_MORE;
    size_t more = 0;
    int event = read_head(parser, data + used, size - used, &more);
    *out_consumed = used + more;
    return event;
}

/* The body. */

static int give(struct http_parser *parser, const char *data, size_t size, size_t *out_consumed,
                struct http_span *out_body)
{
    if (size == 0)
        return HTTP_EVENT_MORE;
    *out_body = (struct http_span){data, size};
    *out_consumed = size;
    parser->body_size += size;
    return HTTP_EVENT_BODY;
}

static int read_length(struct http_parser *parser, const char *data, size_t size,
                       size_t *out_consumed, struct http_span *out_body)
{
    size_t n = parser->body_left < size ? (size_t)parser->body_left : size;
    parser->body_left -= n;
    if (parser->body_left == 0)
        parser->phase = HTTP_PHASE_DONE;
    return give(parser, data, n, out_consumed, out_body);
}

/* Without a length, an excess shows only when it arrives: the bytes before it are valid. */
static int read_until_end(struct http_parser *parser, const char *data, size_t size,
                          size_t *out_consumed, struct http_span *out_body)
{
    uint64_t room = parser->limits.body_max - parser->body_size;
    if (size > 0 && room == 0)
        return eddy__http_fail_limit(parser, 413, "the body is too large",
                                     parser->limits.body_max);
    return give(parser, data, room < size ? (size_t)room : size, out_consumed, out_body);
}

/*
 * Passes the bytes that a call has consumed to the second parser. A response's framing is passed in
 * canonical form, because llhttp refuses legal extensions and trailers.
 */
static int consult_on_body(struct http_parser *parser, const char *data, size_t consumed,
                           const struct http_framing *framing, const struct http_span *body)
{
    if (consumed == 0)
        return 0;
    int err;
    if (parser->mode == HTTP_MODE_RESPONSE && parser->head.is_chunked) {
        err = show(parser, framing->bytes, framing->size);
        if (err == 0)
            err = show(parser, body->data, body->size);
    } else {
        err = show(parser, data, consumed);
    }
    return err < 0 ? err : compare(parser);
}

static int read_body(struct http_parser *parser, const char *data, size_t size,
                     size_t *out_consumed, struct http_span *out_body)
{
    int event;
    struct http_framing framing = {.size = 0};
    struct http_span body = {NULL, 0};
    if (parser->phase == HTTP_PHASE_LENGTH)
        event = read_length(parser, data, size, out_consumed, &body);
    else if (parser->phase == HTTP_PHASE_CHUNKS)
        event = eddy__http_chunk_read(parser, data, size, out_consumed, &body, &framing);
    else
        event = read_until_end(parser, data, size, out_consumed, &body);
    if (event == HTTP_EVENT_COMPLETE)
        parser->phase = HTTP_PHASE_DONE;
    if (event == HTTP_EVENT_BODY)
        *out_body = body;
    int err = consult_on_body(parser, data, *out_consumed, &framing, &body);
    return err < 0 ? err : event;
}

enum http_event eddy__http_parser_next(struct http_parser *parser, const char *data, size_t size,
                                       size_t *out_consumed, struct http_span *out_body)
{
    int event = HTTP_EVENT_ERROR;
    *out_consumed = 0;
    switch ((enum http_phase)parser->phase) {
    case HTTP_PHASE_START:
    case HTTP_PHASE_START_LF: event = read_start(parser, data, size, out_consumed); break;
    case HTTP_PHASE_LINE:
    case HTTP_PHASE_FIELDS: event = read_head(parser, data, size, out_consumed); break;
    case HTTP_PHASE_LENGTH:
    case HTTP_PHASE_CHUNKS:
    case HTTP_PHASE_UNTIL_END: event = read_body(parser, data, size, out_consumed, out_body); break;
    case HTTP_PHASE_DONE: return HTTP_EVENT_COMPLETE;
    case HTTP_PHASE_FAILED: return HTTP_EVENT_ERROR;
    }
    return event < 0 ? HTTP_EVENT_ERROR : (enum http_event)event;
}

enum http_event eddy__http_parser_finish(struct http_parser *parser)
{
    if (parser->phase == HTTP_PHASE_FAILED)
        return HTTP_EVENT_ERROR;
    if (parser->phase == HTTP_PHASE_DONE)
        return HTTP_EVENT_COMPLETE;
    if (parser->phase == HTTP_PHASE_START)
        return HTTP_EVENT_END;
    if (parser->phase == HTTP_PHASE_UNTIL_END) {
        const char *reason = eddy__http_second_finish(parser->second);
        if (reason == NULL && eddy__http_second_look(parser->second)->is_complete) {
            parser->phase = HTTP_PHASE_DONE;
            return HTTP_EVENT_COMPLETE;
        }
        disagree(parser);
        return HTTP_EVENT_ERROR;
    }
    eddy__http_fail(parser, HTTP_ETRUNCATED, 400, "the peer ended in the middle of a message");
    return HTTP_EVENT_ERROR;
}

/* Between messages. */

static void free_buffers(struct http_parser *parser)
{
    eddy_free(parser->bytes);
    eddy_free(parser->head.fields);
    parser->bytes = NULL;
    parser->capacity = 0;
    parser->head.fields = NULL;
    parser->field_capacity = 0;
}

void eddy__http_parser_reset(struct http_parser *parser)
{
    if (parser->capacity > CAPACITY_KEPT)
        free_buffers(parser);
    *parser = (struct http_parser){
        .head = {.fields = parser->head.fields, .content_length = HTTP_LENGTH_UNKNOWN},
        .mode = parser->mode,
        .limits = parser->limits,
        .bytes = parser->bytes,
        .capacity = parser->capacity,
        .field_capacity = parser->field_capacity,
        .second = parser->second,
    };
    eddy__http_second_reset(parser->second);
}

void eddy__http_parser_answers(struct http_parser *parser, struct http_span method)
{
    parser->answers_head = method.size == 4 && memcmp(method.data, "HEAD", 4) == 0;
    parser->answers_connect = method.size == 7 && memcmp(method.data, "CONNECT", 7) == 0;
}

void eddy__http_parser_trim(struct http_parser *parser)
{
    if (parser->size == 0)
        free_buffers(parser);
}

void eddy__http_parser_fini(struct http_parser *parser)
{
    free_buffers(parser);
    eddy__http_second_free(parser->second);
    parser->second = NULL;
}
