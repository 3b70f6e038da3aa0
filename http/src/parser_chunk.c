/* SPDX-License-Identifier: MIT */
/*
 * parser_chunk.c: the rules for a chunked body.
 *
 *     5;name=value CRLF    up to 16 hexadecimal digits, then optional extensions, which are ignored
 *     hello CRLF           exactly that many bytes
 *     0 CRLF               the last chunk has no bytes
 *     Name: value CRLF     trailers, which are ignored too
 *     CRLF
 *
 * Invariants:
 *   - A size that would take the body over its limit is refused before a byte of the chunk is read.
 *   - Extensions and trailers are never stored. They are bounded over the whole message; in
 *     responses the extensions are bounded for each chunk. In requests llhttp checks their grammar;
 *     llhttp 8.1 also refuses an extension after one that has a value. In responses llhttp does not
 *     get them: white space is allowed around the semicolon after the size (RFC 9112, 7.1.1) and,
 *     as in curl, Go and browsers, after a size alone; trailers may be folded and hold control
 *     bytes.
 *   - A trailer that frames or routes a request is refused: others may merge it into the head.
 *
 * Owns nothing. Called by parser.c, which passes the parts that matter to llhttp too.
 */
#include "parser_parts.h"

enum { SIZE_DIGITS_MAX = 16 };

enum chunk_state {
    CHUNK_SIZE,
    CHUNK_BLANKS,    // after the size, in responses
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    TRAILER_END_LF,
};

void eddy__http_chunk_begin(struct http_parser *parser)
{
    parser->chunk_state = CHUNK_SIZE;
    parser->chunk_digits = 0;
    parser->body_left = 0;
}

static int go(struct http_parser *parser, enum chunk_state state)
{
    parser->chunk_state = state;
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A byte after a chunk's size, which is ignored. */
static int count_extension(struct http_parser *parser)
{
    if (++parser->extension_size > parser->limits.extension_max)
        return eddy__http_fail_limit(parser, 413, "the chunk extensions are too large",
                                     parser->limits.extension_max);
    return 0;
}

static int take_size(struct http_parser *parser, char c)
{
    int digit = hex_value(c);
    if (digit >= 0) {
        if (++parser->chunk_digits > SIZE_DIGITS_MAX)
            return http_malformed(parser, "a chunk size has too many digits");
        parser->body_left = parser->body_left << 4 | (uint64_t)digit;
        return 0;
    }
    if (parser->chunk_digits == 0)
        return http_malformed(parser, "a chunk doesn't begin with its size");
    if (c == '\r')
        return go(parser, CHUNK_SIZE_LF);
    if (c == ';')
        return go(parser, CHUNK_EXTENSION);
    if (is_blank(c) && parser->mode == HTTP_MODE_RESPONSE) {
        go(parser, CHUNK_BLANKS);
        return count_extension(parser);
    }
    return http_malformed(parser, "a chunk size is followed by neither CRLF nor an extension");
}

static int take_blank(struct http_parser *parser, char c)
{
    if (c == '\r')
        return go(parser, CHUNK_SIZE_LF);
    if (c == ';')
        return go(parser, CHUNK_EXTENSION);
    if (!is_blank(c))
        return http_malformed(parser, "a chunk size is followed by neither CRLF nor an extension");
    return count_extension(parser);
}

static int take_extension(struct http_parser *parser, char c)
{
    if (c == '\r')
        return go(parser, CHUNK_SIZE_LF);
    if (!http_is(c, HTTP_CLASS_TEXT))
        return http_malformed(parser, "a chunk extension holds a control byte");
    return count_extension(parser);
}

static int end_size(struct http_parser *parser, char c)
{
    if (c != '\n')
        return http_malformed(parser, "the line of a chunk size doesn't end in CRLF");
    parser->chunk_digits = 0;
    if (parser->mode == HTTP_MODE_RESPONSE)
        parser->extension_size = 0;    // some servers pad each size with spaces
    if (parser->body_left == 0)
        return go(parser, TRAILER_START);
    uint64_t room = parser->limits.body_max - parser->body_size;
    if (parser->body_left > room || parser->body_left > INT64_MAX)
        return eddy__http_fail_limit(parser, 413, "the body is too large", parser->limits.body_max);
    return go(parser, CHUNK_DATA);
}

static int expect(struct http_parser *parser, char c, char expected, enum chunk_state next)
{
    if (c != expected)
        return http_malformed(parser, "the bytes of a chunk are not followed by CRLF");
    return go(parser, next);
}

/* Fields that would frame, route or admit the message if merged into its head. */
static bool is_forbidden_trailer(const struct http_parser *parser)
{
    static const char *const names[] = {"content-length", "transfer-encoding", "host",
                                        "trailer",        "connection",        "expect",
                                        "upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = 0;
        while (names[i][n] != '\0' && n < parser->trailer_name_size &&
               parser->trailer_name[n] == names[i][n])
            n++;
        if (names[i][n] == '\0' && n == parser->trailer_name_size)
            return true;
    }
    return false;
}

static int take_trailer_name(struct http_parser *parser, char c)
{
    if (c == ':' && parser->mode == HTTP_MODE_REQUEST && is_forbidden_trailer(parser))
        return http_malformed(parser, "a trailer tries to frame or route the message");
    if (c == ':')
        return go(parser, TRAILER_VALUE);
    if (!http_is(c, HTTP_CLASS_TOKEN))
        return http_malformed(parser, "a trailer name holds a byte that none has");
    if (parser->trailer_name_size < sizeof parser->trailer_name)
        parser->trailer_name[parser->trailer_name_size] =
            (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    parser->trailer_name_size++;
    return 0;
}

static int start_trailer(struct http_parser *parser, char c)
{
    if (c == '\r')
        return go(parser, TRAILER_END_LF);
    if (is_blank(c) && parser->mode == HTTP_MODE_RESPONSE && parser->trailer_name_size > 0)
        return go(parser, TRAILER_VALUE);    // continues the trailer before
    if (!http_is(c, HTTP_CLASS_TOKEN))
        return http_malformed(parser, "a trailer doesn't begin with a name");
    parser->trailer_name_size = 0;
    parser->chunk_state = TRAILER_NAME;
    return take_trailer_name(parser, c);
}

static int take_trailer_value(struct http_parser *parser, char c)
{
    if (c == '\r')
        return go(parser, TRAILER_LF);
    // A client has the whole body at this point, and ignores the trailers (RFC 9110, 6.5.1).
    bool is_tolerable = parser->mode == HTTP_MODE_RESPONSE && c != '\0' && c != '\n';
    if (!http_is(c, HTTP_CLASS_TEXT) && !is_tolerable)
        return http_malformed(parser, "a trailer value holds a control byte");
    return 0;
}

static int end_trailer(struct http_parser *parser, char c, int event, enum chunk_state next)
{
    if (c != '\n')
        return http_malformed(parser, "a trailer doesn't end in CRLF");
    parser->chunk_state = next;
    return event;
}

/* Processes one byte that is not part of the body. */
static int take(struct http_parser *parser, char c)
{
    if (parser->chunk_state >= TRAILER_START && parser->chunk_state < TRAILER_END_LF &&
        ++parser->trailer_size > parser->limits.trailer_max)
        return eddy__http_fail_limit(parser, 431, "the trailers are too large",
                                     parser->limits.trailer_max);

    switch ((enum chunk_state)parser->chunk_state) {
    case CHUNK_SIZE: return take_size(parser, c);
    case CHUNK_BLANKS: return take_blank(parser, c);
    case CHUNK_EXTENSION: return take_extension(parser, c);
    case CHUNK_SIZE_LF: return end_size(parser, c);
    case CHUNK_DATA_CR: return expect(parser, c, '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF: return expect(parser, c, '\n', CHUNK_SIZE);
    case TRAILER_START: return start_trailer(parser, c);
    case TRAILER_NAME: return take_trailer_name(parser, c);
    case TRAILER_VALUE: return take_trailer_value(parser, c);
    case TRAILER_LF: return end_trailer(parser, c, 0, TRAILER_START);
    case TRAILER_END_LF: return end_trailer(parser, c, HTTP_EVENT_COMPLETE, TRAILER_END_LF);
    case CHUNK_DATA: break;
    }
    return http_malformed(parser, "the chunk reader lost its way");
}

/* Returns the available bytes of the chunk's data. */
static void give(struct http_parser *parser, const char *data, size_t size,
                 struct http_span *out_body)
{
    size_t n = parser->body_left < size ? (size_t)parser->body_left : size;
    *out_body = (struct http_span){data, n};
    parser->body_left -= n;
    parser->body_size += n;
    if (parser->body_left == 0)
        parser->chunk_state = CHUNK_DATA_CR;
}

/* Whether a byte that led from `state` to the current state frames the message. */
static bool is_framing(const struct http_parser *parser, enum chunk_state state, char c)
{
    switch (state) {
    case CHUNK_SIZE: return parser->chunk_state == CHUNK_SIZE || c == '\r';
    case CHUNK_BLANKS:
    case CHUNK_EXTENSION:
    case TRAILER_START: return c == '\r';
    case CHUNK_SIZE_LF:
    case CHUNK_DATA_CR:
    case CHUNK_DATA_LF:
    case TRAILER_END_LF: return true;
    default: return false;
    }
}

int eddy__http_chunk_read(struct http_parser *parser, const char *data, size_t size,
                          size_t *out_consumed, struct http_span *out_body,
                          struct http_framing *out_framing)
{
    for (size_t i = 0; i < size; i++) {
        enum chunk_state state = parser->chunk_state;
        if (state == CHUNK_DATA) {
            give(parser, data + i, size - i, out_body);
            *out_consumed = i + out_body->size;
            return HTTP_EVENT_BODY;
        }
        int event = take(parser, data[i]);
        if (event >= 0 && is_framing(parser, state, data[i]))
            out_framing->bytes[out_framing->size++] = data[i];
        if (event != 0) {
            *out_consumed = event < 0 ? i : i + 1;
            return event;
        }
    }
    *out_consumed = size;
    return HTTP_EVENT_MORE;
}
