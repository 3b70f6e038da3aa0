/* SPDX-License-Identifier: MIT */
/*
 * parser.h: parses bytes into HTTP/1.0 and HTTP/1.1 messages.
 *
 * The parser has no socket, no loop and no callback. The caller pulls events:
 *
 *     for (;;) {
 *         switch (eddy__http_parser_next(&parser, data, size, &used, &body)) {
 *         case HTTP_EVENT_MORE:     read more into `data`; break;           // all of it was used
 *         case HTTP_EVENT_HEAD:     look at parser.head; break;
 *         case HTTP_EVENT_BODY:     consume body.data[0 .. body.size); break;
 *         case HTTP_EVENT_COMPLETE: answer; eddy__http_parser_reset(&parser); break;
 *         case HTTP_EVENT_ERROR:    answer parser.error.status, then close; return;
 *         case HTTP_EVENT_END:      break;                                  // only from finish
 *         }
 *         data += used, size -= used;
 *     }
 *
 * It refuses these in requests, because another parser might see another message in the same bytes:
 * line ends other than CRLF; control bytes; folded lines; space before a colon or before the first
 * field; Content-Length that is repeated, signed, listed, empty or beside Transfer-Encoding; a
 * Transfer-Encoding other than one `chunked`, or under HTTP/1.0; a chunk that is not framed to the
 * letter; framing fields in trailers; a missing, repeated or malformed Host; a line without a
 * version; a CONNECT with a body. Responses are parsed with the leniency that RFC 9112 allows and
 * other clients have (parser_tidy.c), but ambiguous responses are refused too.
 *
 * The rules are Eddy's (parser_head.c, parser_chunk.c). llhttp parses what they accept a second
 * time (parser_second.c), and a message that the two parse differently is refused. llhttp gets the
 * normalised bytes: a response in canonical form, and POST for a method that it does not know.
 *
 * The result never depends on how the bytes are split into pieces.
 */
#ifndef EDDY_HTTP_PARSER_H
#define EDDY_HTTP_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_mode {
    HTTP_MODE_REQUEST,     // a server reads requests
    HTTP_MODE_RESPONSE,    // a client reads responses
};

enum http_event {
    HTTP_EVENT_ERROR = -1,    // see parser.error; every later call returns the same
    HTTP_EVENT_MORE = 0,      // all bytes were used, more are needed
    HTTP_EVENT_HEAD,          // parser.head is valid, until the reset
    HTTP_EVENT_BODY,          // a piece of the body: a span of the caller's bytes, never empty
    HTTP_EVENT_COMPLETE,      // the message has ended; bytes after it were not used
    HTTP_EVENT_END,           // finish only: the peer ended where a message could have begun
};

/* Values of parser.error.code, besides -ENOMEM. */
enum http_parse_error {
    HTTP_EMALFORMED = -5001,      // not HTTP, or HTTP that two parsers may read differently
    HTTP_ETOOLARGE = -5002,       // exceeds one of the limits
    HTTP_EUNSUPPORTED = -5003,    // valid, but unsupported: version, method, coding, expectation
    HTTP_ETRUNCATED = -5004,      // the peer ended in the middle of a message
};

#define HTTP_NO_LIMIT       UINT64_MAX
#define HTTP_LENGTH_UNKNOWN UINT64_MAX

/* Limits in bytes unless noted. Zero means the default; "else" gives the status when exceeded. */
struct http_limits {
    size_t line_max;         // the request or status line without its CRLF: 8 KiB, else 414
    size_t header_max;       // all field lines with the empty one: 32 KiB, else 431
    size_t field_max;        // the number of fields: 100, else 431
    uint64_t body_max;       // the body, decoded: 1 MiB, else 413; HTTP_NO_LIMIT for none
    size_t extension_max;    // chunk extensions, per request or per response chunk: 4 KiB, else 413
    size_t trailer_max;      // the trailer section, which is ignored: 8 KiB, else 431
};

/* Borrowed bytes, not zero-terminated. */
struct http_span {
    const char *data;
    size_t size;
};

struct http_field {
    struct http_span name;     // as sent; compare without regard to case
    struct http_span value;    // without the white space around it
};

/* The head of a message. The spans point into the parser's buffer. */
struct http_head {
    struct http_span method;    // requests: any token
    struct http_span target;    // requests: raw, in any of the four forms; no '#', no controls
    int status;                 // responses: 100 to 999
    struct http_span reason;    // responses: may be empty
    int version_minor;          // of HTTP/1: 0 or 1

    struct http_field *fields;    // in the order received
    size_t field_count;

    uint64_t content_length;    // as declared, or HTTP_LENGTH_UNKNOWN
    bool is_chunked;
    bool has_body;             // a body follows, which may be empty
    bool should_keep_alive;    // another message may follow this one on the connection
    bool expects_continue;     // the client waits for 100 before it sends the body
    bool is_upgrade;           // requested by a request, granted by a response; or CONNECT
};

struct http_error {
    int code;            // enum http_parse_error or -ENOMEM
    int status;          // the status with which to answer a request
    const char *text;    // a sentence without its full stop; static
    uint64_t limit;      // HTTP_ETOOLARGE: the limit that was exceeded
};

struct http_second;

/* In the caller's memory. The caller reads `head` and `error`; the rest is private to parser*.c. */
struct http_parser {
    struct http_head head;
    struct http_error error;

    enum http_mode mode;
    struct http_limits limits;    // the defaults filled in
    unsigned phase;               // parser_parts.h: enum http_phase
    unsigned chunk_state;         // parser_chunk.c
    unsigned seen;                // parser_head.c: fields and tokens found so far
    bool skipped_empty_line;      // one CRLF before a request is tolerated
    bool answers_head;            // responses: the request was a HEAD
    bool answers_connect;         // responses: the request was a CONNECT

    char *bytes;    // the head as received, from the request line to the empty line
    size_t size, capacity;
    size_t line_start;        // offset in `bytes` of the line being gathered
    size_t fields_start;      // offset in `bytes` of the first field line
    size_t field_start;       // responses: offset of the field line that may be folded
    size_t removed_size;      // responses: bytes removed from the head
    bool has_field;           // responses: there is a field line that is not processed yet
    size_t field_capacity;    // of head.fields

    uint64_t body_left;            // bytes left of the body, or of the current chunk
    uint64_t body_size;            // bytes returned so far, over all chunks
    unsigned chunk_digits;         // digits read of the current chunk size
    size_t extension_size;         // bytes of chunk extensions so far, in this message
    size_t trailer_size;           // bytes of trailers so far
    unsigned trailer_name_size;    // of the current trailer field; may exceed the array
    char trailer_name[20];         // its first bytes, in lower case

    struct http_second *second;    // llhttp's state for the same message; owned
};

/*
 * Prepares `parser`. `limits` is copied, and may be NULL for the defaults.
 *
 * Returns 0 or -ENOMEM. Allocates the state of the second parser (about 150 bytes); the buffer of
 * the head is allocated with the first message.
 */
int eddy__http_parser_init(struct http_parser *parser, enum http_mode mode,
                           const struct http_limits *limits);

/*
 * Parses `data` up to the next event, and sets `*out_consumed` to the number of bytes used. Don't
 * pass those again; pass the others again, in front of the bytes received next.
 *
 * Call it until it returns HTTP_EVENT_MORE, even with no bytes: bytes passed before may hold
 * further events. `*out_body` is set only with HTTP_EVENT_BODY, and points into `data`. After
 * HTTP_EVENT_COMPLETE it returns COMPLETE again, using no bytes, until the reset.
 */
enum http_event eddy__http_parser_next(struct http_parser *parser, const char *data, size_t size,
                                       size_t *out_consumed, struct http_span *out_body);

/*
 * Tells the parser that the peer sends no more. Every byte must have been passed to next before.
 *
 * Returns HTTP_EVENT_COMPLETE if that ends the message (a response without a length),
 * HTTP_EVENT_END if none had begun, and HTTP_EVENT_ERROR if one is cut short.
 */
enum http_event eddy__http_parser_finish(struct http_parser *parser);

/* Prepares for the next message. Spans of the last one become invalid. */
void eddy__http_parser_reset(struct http_parser *parser);

/* Sets the method that the next response answers. Call it between a reset and the first byte. */
void eddy__http_parser_answers(struct http_parser *parser, struct http_span method);

/* Frees the buffers of an idle connection. Call it between a reset and the first byte. */
void eddy__http_parser_trim(struct http_parser *parser);

void eddy__http_parser_fini(struct http_parser *parser);

/* Finds the first field called `name`, in any case; false and no change if there is none. */
bool eddy__http_head_find(const struct http_head *head, const char *name,
                          struct http_span *out_value);

#endif
