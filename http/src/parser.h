/* SPDX-License-Identifier: MIT */
/*
 * parser.h: HTTP/1.0 and HTTP/1.1 messages out of bytes.
 *
 * A plain function over bytes: no socket, no loop, no callback. The caller pulls:
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
 * Refused in requests, because another reader might see another message in the same bytes: line
 * ends other than CRLF; control bytes; folded lines; space before a colon or before the first
 * field; Content-Length that is repeated, signed, listed, empty or beside Transfer-Encoding; a
 * Transfer-Encoding other than one `chunked`, or under HTTP/1.0; a chunk that is not framed to the
 * letter; framing fields in trailers; a missing, repeated or malformed Host; a line without a
 * version; a CONNECT with a body. Responses are read with the leniency that RFC 9112 allows and
 * clients share (parser_tidy.c); what is ambiguous is refused in them too.
 *
 * The rules are ours (parser_head.c, parser_chunk.c). What they let pass is read once more, by
 * llhttp (parser_second.c), and a message that the two understand differently is refused. llhttp
 * reads what the rules have made of it: a response in canonical form, a method that it does not
 * know as POST.
 *
 * The outcome never depends on how the bytes were cut into pieces.
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
    HTTP_EVENT_ERROR = -1,    // parser.error says what; every later call says the same
    HTTP_EVENT_MORE = 0,      // all bytes were used, more are needed
    HTTP_EVENT_HEAD,          // parser.head is valid, until the reset
    HTTP_EVENT_BODY,          // a piece of the body: a span of the caller's own bytes, never empty
    HTTP_EVENT_COMPLETE,      // the message has ended; what follows it was left alone
    HTTP_EVENT_END,           // finish only: the peer ended where a message could have begun
};

/* What parser.error.code may be, beside -ENOMEM. */
enum http_parse_error {
    HTTP_EMALFORMED = -5001,      // not HTTP, or HTTP that two readers may read differently
    HTTP_ETOOLARGE = -5002,       // one of the limits
    HTTP_EUNSUPPORTED = -5003,    // sound, but not spoken: version, method, coding, expectation
    HTTP_ETRUNCATED = -5004,      // the peer ended in the middle of a message
};

#define HTTP_NO_LIMIT       UINT64_MAX
#define HTTP_LENGTH_UNKNOWN UINT64_MAX

/* Bytes, unless it says otherwise. Zero stands for the default. */
struct http_limits {
    size_t line_max;         // the request or status line without its CRLF: 8 KiB, else 414
    size_t header_max;       // all field lines with the empty one: 32 KiB, else 431
    size_t field_max;        // fields, a number: 100, else 431
    uint64_t body_max;       // the body, decoded: 1 MiB, else 413; HTTP_NO_LIMIT for none
    size_t extension_max;    // chunk extensions of a request, of a response's chunk: 4 KiB, else 413
    size_t trailer_max;      // the trailer section, which is ignored: 8 KiB, else 431
};

/* Borrowed bytes; not terminated by a zero. */
struct http_span {
    const char *data;
    size_t size;
};

struct http_field {
    struct http_span name;     // as sent; compare without regard to case
    struct http_span value;    // without the white space around it
};

/* What the head of a message says. The spans lie in the parser's buffer. */
struct http_head {
    struct http_span method;    // requests: any token
    struct http_span target;    // requests: raw, in any of the four forms; no '#', no controls
    int status;                 // responses: 100 to 999
    struct http_span reason;    // responses: may be empty
    int version_minor;          // of HTTP/1: 0 or 1

    struct http_field *fields;    // in the order they came
    size_t field_count;

    uint64_t content_length;    // as declared, or HTTP_LENGTH_UNKNOWN
    bool is_chunked;
    bool has_body;             // a body follows, though it may turn out empty
    bool should_keep_alive;    // another message may follow this one on the connection
    bool expects_continue;     // the client waits for 100 before it sends the body
    bool is_upgrade;           // asked for in a request, granted in a response; or CONNECT
};

struct http_error {
    int code;            // enum http_parse_error or -ENOMEM
    int status;          // what to answer a request with
    const char *text;    // a sentence without its full stop; static
    uint64_t limit;      // HTTP_ETOOLARGE: the limit that was exceeded
};

struct http_second;

/* The caller's memory. He reads `head` and `error`; the rest belongs to parser*.c. */
struct http_parser {
    struct http_head head;
    struct http_error error;

    enum http_mode mode;
    struct http_limits limits;    // the defaults filled in
    unsigned phase;               // parser_parts.h: enum http_phase
    unsigned chunk_state;         // parser_chunk.c
    unsigned seen;                // parser_head.c: fields and tokens met so far
    bool skipped_empty_line;      // one CRLF before a request is tolerated
    bool answers_head;            // responses: the request was a HEAD
    bool answers_connect;         // responses: the request was a CONNECT

    char *bytes;    // the head as it came, from the request line to the empty line
    size_t size, capacity;
    size_t line_start;        // where in `bytes` the line being gathered begins
    size_t fields_start;      // where in `bytes` the first field line begins
    size_t field_start;       // responses: where the field line begins that may be folded
    size_t removed_size;      // responses: bytes of the head that were taken out
    bool has_field;           // responses: there is a field line that has not been taken yet
    size_t field_capacity;    // of head.fields

    uint64_t body_left;            // of the body, or of the chunk being read
    uint64_t body_size;            // handed out so far, over all chunks
    unsigned chunk_digits;         // of the chunk size being read
    size_t extension_size;         // bytes of chunk extensions so far, in this message
    size_t trailer_size;           // bytes of trailers so far
    unsigned trailer_name_size;    // of the trailer field being read, counted beyond the array
    char trailer_name[20];         // its first bytes, in lower case

    struct http_second *second;    // llhttp's reading of the same message; ours
};

/*
 * Prepares `parser`. `limits` is copied, and may be NULL for the defaults.
 *
 * Returns 0 or -ENOMEM. Allocates what the second reader needs (some 150 bytes); the buffer of the
 * head comes with the first message.
 */
int eddy__http_parser_init(struct http_parser *parser, enum http_mode mode,
                           const struct http_limits *limits);

/*
 * Reads on, from `data`, up to the next event, and says how many bytes it used. Those must not be
 * passed again; the others must, in front of what comes next.
 *
 * Call it until it returns HTTP_EVENT_MORE, also with no bytes at all: what was read before may
 * hold further events. `*out_body` is set with HTTP_EVENT_BODY only, and lies in `data`. After
 * HTTP_EVENT_COMPLETE it says COMPLETE again, using nothing, until the reset.
 */
enum http_event eddy__http_parser_next(struct http_parser *parser, const char *data, size_t size,
                                       size_t *out_consumed, struct http_span *out_body);

/*
 * Says that the peer will send no more, every byte having been passed to next.
 *
 * Returns HTTP_EVENT_COMPLETE if that ends the message (a response without a length),
 * HTTP_EVENT_END if none had begun, and HTTP_EVENT_ERROR if one is cut short.
 */
enum http_event eddy__http_parser_finish(struct http_parser *parser);

/* Makes ready for the next message. Spans of the last one are invalid from here on. */
void eddy__http_parser_reset(struct http_parser *parser);

/* Says, between a reset and the first byte, which request the coming response answers. */
void eddy__http_parser_answers(struct http_parser *parser, struct http_span method);

/* Gives the buffers back while a connection idles, between a reset and the first byte. */
void eddy__http_parser_trim(struct http_parser *parser);

void eddy__http_parser_fini(struct http_parser *parser);

/* Finds the first field called `name`, in whatever case; false and no change if there is none. */
bool eddy__http_head_find(const struct http_head *head, const char *name,
                          struct http_span *out_value);

#endif
