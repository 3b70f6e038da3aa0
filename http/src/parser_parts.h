/* SPDX-License-Identifier: MIT */
/*
 * parser_parts.h: declarations shared by the files of the parser only.
 *
 *     parser.c           gathers lines, returns bodies, moves from phase to phase
 *     parser_head.c      checks the lines of a head and decides how the body is framed
 *     parser_host.c      checks a host with its port
 *     parser_chunk.c     checks and decodes the chunked coding
 *     parser_chars.c     the bytes that are allowed in each place
 *     parser_tidy.c      rewrites the head of a response so that it follows the grammar
 *     parser_second.c    parses the same bytes with llhttp
 */
#ifndef EDDY_HTTP_PARSER_PARTS_H
#define EDDY_HTTP_PARSER_PARTS_H

#include "parser.h"

enum http_phase {
    HTTP_PHASE_START,        // no byte of the message yet, except an empty line before it
    HTTP_PHASE_START_LF,     // after the CR of that empty line
    HTTP_PHASE_LINE,         // in the request or status line
    HTTP_PHASE_FIELDS,       // in the field lines
    HTTP_PHASE_LENGTH,       // in a body of known length
    HTTP_PHASE_CHUNKS,       // in a chunked body or its trailers
    HTTP_PHASE_UNTIL_END,    // in a body that ends with the connection
    HTTP_PHASE_DONE,         // the message has ended
    HTTP_PHASE_FAILED,
};

/* Where a byte is allowed; a byte has any number of these classes. */
enum http_class {
    HTTP_CLASS_TOKEN = 1,     // in methods and field names
    HTTP_CLASS_TARGET = 2,    // in request targets
    HTTP_CLASS_NAME = 4,      // in a host that is a name, except escapes
    HTTP_CLASS_TEXT = 8,      // in field values: no controls except the tab
};

extern const uint8_t eddy__http_class[256];

static inline bool http_is(char c, unsigned class)
{
    return (eddy__http_class[(unsigned char)c] & class) != 0;
}

/* Returns how many bytes at the front of [data, data + size) are of `class`. */
size_t eddy__http_class_length(const char *data, size_t size, unsigned class);

/* Whether all are HTTP_CLASS_TEXT, eight bytes at a time. */
bool eddy__http_is_text(const char *data, size_t size);

/* Whether `text` is a host with an optional port; "" is not. */
bool eddy__http_is_host(struct http_span text, bool needs_port);

/* Compares without regard to case. `name` is in lower case. */
bool eddy__http_equals_nocase(struct http_span span, const char *name, size_t name_size);
#define EQUALS_NOCASE(span, literal) eddy__http_equals_nocase(span, literal, sizeof(literal) - 1)

/* Records the error, ends the parsing, and returns `code`. */
int eddy__http_fail(struct http_parser *parser, int code, int status, const char *text);

/* Records that one of the limits, whose value is `limit`, was exceeded. */
int eddy__http_fail_limit(struct http_parser *parser, int status, const char *text,
                          uint64_t limit);

static inline int http_malformed(struct http_parser *parser, const char *text)
{
    return eddy__http_fail(parser, HTTP_EMALFORMED, 400, text);
}

/* Returned for a field that adds no information; it is left out of the head. */
enum { HTTP_FIELD_DROPPED = 1 };

/*
 * Process a line of the head, without its CRLF. 0 or the error; HTTP_FIELD_DROPPED, in responses.
 * The resulting spans point into `line`.
 */
int eddy__http_head_take_first(struct http_parser *parser, const char *line, size_t size);
int eddy__http_head_take_field(struct http_parser *parser, const char *line, size_t size);

/* Removes bytes[from .. to) from the buffer. The caller must move spans that lie behind them. */
void eddy__http_tidy_remove(struct http_parser *parser, size_t from, size_t to);

/* Tidies the status line just completed, with its CRLF: one space before the status. */
void eddy__http_tidy_status_line(struct http_parser *parser);

/* Joins the line just completed, a fold, to the field line that begins at field_start. */
void eddy__http_tidy_unfold(struct http_parser *parser);

/* Tidies a field line without its CRLF: moves white space behind the colon; tabs become spaces. */
void eddy__http_tidy_field(char *line, size_t size);

/* Fills in the rest of the head after the empty line, and sets the phase that follows it. */
int eddy__http_head_conclude(struct http_parser *parser);

/* The framing that one call has read, in canonical form, without extensions and trailers. */
struct http_framing {
    char bytes[24];    // the CRLF of a chunk, 16 digits and a CRLF, the last CRLF
    size_t size;
};

/*
 * Reads chunked bytes up to a piece of the body or the end of the message. Returns HTTP_EVENT_MORE,
 * _BODY, _COMPLETE, or an error; on an error `*out_consumed` counts the bytes before the faulty
 * one.
 */
int eddy__http_chunk_read(struct http_parser *parser, const char *data, size_t size,
                          size_t *out_consumed, struct http_span *out_body,
                          struct http_framing *out_framing);
void eddy__http_chunk_begin(struct http_parser *parser);

/* What llhttp has parsed of the message so far. */
struct http_second_view {
    size_t field_count;         // trailers included
    uint64_t content_length;    // valid until the first byte of the body
    uint64_t body_size;
    bool is_chunked;    // valid until the message is complete
    bool is_head_complete;
    bool is_complete;
};

struct http_second *eddy__http_second_new(enum http_mode mode);
void eddy__http_second_free(struct http_second *second);
void eddy__http_second_reset(struct http_second *second);

/* Tells llhttp that the response has no body, whatever its fields say. Call it before the head. */
void eddy__http_second_skip_body(struct http_second *second);

/*
 * Chooses what llhttp reads instead of the method: "" if it knows the method, else a method that
 * frames a request in the ordinary way. Returns how many bytes that replaces.
 */
size_t eddy__http_second_method(struct http_span method, const char **out_instead);

/* Returns NULL, or llhttp's reason for refusing the bytes (static). */
const char *eddy__http_second_read(struct http_second *second, const char *data, size_t size);
const char *eddy__http_second_finish(struct http_second *second);
const struct http_second_view *eddy__http_second_look(const struct http_second *second);

#endif
