/* SPDX-License-Identifier: MIT */
/*
 * parser_head.c: the rules for the head of a message.
 *
 * parser.c passes each line, without its CRLF, as soon as it is complete, so that a client that
 * sends nonsense gets its error at once. This file checks a line byte by byte, records the few
 * fields that frame the message, and decides the framing after the empty line:
 *
 *     Content-Length   Transfer-Encoding   a request has    a response has
 *     none             none                no body          a body until the end of the connection
 *     one number       none                that many bytes  that many bytes
 *     one, repeated    none                400              that many bytes
 *     none             one "chunked"       chunks           chunks
 *     any              one "chunked"       400              chunks, and the connection ends
 *     anything else                        400              400
 *
 * Invariants:
 *   - An ambiguous message is refused, not repaired. In a response only what curl, Go and browsers
 *     all read in the same way is repaired (parser_tidy.c).
 *   - The rules depend only on the line, not on how it arrived.
 *   - A CR or LF inside a line is a control byte, and no class of bytes contains it.
 *
 * Owns the array of fields (freed by parser.c). Called by parser.c.
 */
#include <errno.h>
#include <string.h>

#include <eddy/alloc.h>

#include "parser_parts.h"

enum {
    FIELD_CAPACITY_FIRST = 16,
    LENGTH_DIGITS_MAX = 19,    // of INT64_MAX
};

/* The flags of `parser->seen`. */
enum {
    SEEN_HOST = 1,
    SEEN_LENGTH = 2,
    SEEN_CODING = 4,
    SEEN_CLOSE = 8,
    SEEN_KEEP_ALIVE = 16,
    SEEN_UPGRADE_TOKEN = 32,    // Connection: upgrade
    SEEN_UPGRADE = 64,
    SEEN_CONTINUE = 128,
};

static bool equals(struct http_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

/* Targets. All bytes are HTTP_CLASS_TARGET already. */

static bool is_all(struct http_span span, unsigned class)
{
    return eddy__http_class_length(span.data, span.size, class) == span.size;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* scheme://host/..., as sent to proxies. User and password are not allowed in a request. */
static bool is_absolute_form(struct http_span target)
{
    size_t scheme = 0;
    while (scheme < target.size && is_alpha(target.data[scheme]))
        scheme++;
    if (scheme == 0 || target.size - scheme < 4 || memcmp(target.data + scheme, "://", 3) != 0)
        return false;
    const char *host = target.data + scheme + 3;
    size_t rest = target.size - scheme - 3;
    size_t n = 0;
    while (n < rest && host[n] != '/' && host[n] != '?')
        n++;
    return eddy__http_is_host((struct http_span){host, n}, false);
}

static bool is_sound_target(struct http_span method, struct http_span target)
{
    if (equals(method, "CONNECT"))
        return eddy__http_is_host(target, true);
    if (target.data[0] == '/')
        return true;
    if (target.size == 1 && target.data[0] == '*')
        return equals(method, "OPTIONS");
    return is_absolute_form(target);
}

/* The first line. */

/* Takes "HTTP/1.0" or "HTTP/1.1". */
static int take_version(struct http_parser *parser, const char *text)
{
    if (memcmp(text, "HTTP/", 5) != 0 || !is_digit(text[5]) || text[6] != '.' || !is_digit(text[7]))
        return http_malformed(parser, "the first line has no HTTP version where one must be");
    if (text[5] != '1' || text[7] > '1')
        return eddy__http_fail(parser, HTTP_EUNSUPPORTED, 505,
                               "only HTTP/1.0 and HTTP/1.1 are spoken");
    parser->head.version_minor = text[7] - '0';
    return 0;
}

static int take_request_line(struct http_parser *parser, const char *line, size_t size)
{
    size_t n = eddy__http_class_length(line, size, HTTP_CLASS_TOKEN);
    if (n == 0 || n == size || line[n] != ' ')
        return http_malformed(parser, "the request line doesn't begin with a method and a space");
    struct http_span method = {line, n};

    const char *rest = line + n + 1, *end = line + size;
    n = eddy__http_class_length(rest, (size_t)(end - rest), HTTP_CLASS_TARGET);
    struct http_span target = {rest, n};
    rest += n;
    if (n == 0)
        return http_malformed(parser, "the request line has no target after one space");
    if (rest == end)
        return http_malformed(parser, "the request line has no version (HTTP/0.9)");
    if (rest[0] != ' ')
        return http_malformed(parser, "the request target holds a byte that must be encoded");
    if (end - rest != 9)
        return http_malformed(parser, "the request line doesn't end with one space and a version");

    int err = take_version(parser, rest + 1);
    if (err < 0)
        return err;
    if (!is_sound_target(method, target))
        return http_malformed(parser, "the request target has a form the method can't have");
    parser->head.method = method;
    parser->head.target = target;
    return 0;
}

static int take_status_line(struct http_parser *parser, const char *line, size_t size)
{
    if (size < 12 || line[8] != ' ')
        return http_malformed(parser, "the status line doesn't begin with a version and a status");
    int err = take_version(parser, line);
    if (err < 0)
        return err;

    const char *code = line + 9;
    if (!is_digit(code[0]) || !is_digit(code[1]) || !is_digit(code[2]) || code[0] == '0')
        return http_malformed(parser, "the status is no number from 100 to 999");
    // The space after it is required even if no reason follows, but many servers omit it.
    if (size > 12 && line[12] != ' ')
        return http_malformed(parser, "the status is no number from 100 to 999");
    size_t skip = size > 12 ? 13 : 12;
    if (!eddy__http_is_text(line + skip, size - skip))
        return http_malformed(parser, "the reason phrase holds a control byte");
    parser->head.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    parser->head.reason = (struct http_span){line + skip, size - skip};
    return 0;
}

int eddy__http_head_take_first(struct http_parser *parser, const char *line, size_t size)
{
    if (parser->mode == HTTP_MODE_REQUEST)
        return take_request_line(parser, line, size);
    return take_status_line(parser, line, size);
}

/* The fields that matter here. */

static struct http_span trim(const char *data, size_t size)
{
    while (size > 0 && (data[0] == ' ' || data[0] == '\t'))
        data++, size--;
    while (size > 0 && (data[size - 1] == ' ' || data[size - 1] == '\t'))
        size--;
    return (struct http_span){data, size};
}

/* Removes the next item of a comma list from the front of `*list`; false at its end. */
static bool next_item(struct http_span *list, struct http_span *out_item)
{
    if (list->data == NULL)
        return false;
    const char *comma = list->size > 0 ? memchr(list->data, ',', list->size) : NULL;
    size_t n = comma != NULL ? (size_t)(comma - list->data) : list->size;
    *out_item = trim(list->data, n);
    *list = comma != NULL ? (struct http_span){comma + 1, list->size - n - 1}
                          : (struct http_span){NULL, 0};
    return true;
}

static int note_host(struct http_parser *parser, struct http_span value)
{
    if (parser->mode != HTTP_MODE_REQUEST)
        return 0;
    if (parser->seen & SEEN_HOST)
        return http_malformed(parser, "the Host is given twice");
    if (value.size > 0 && !eddy__http_is_host(value, false))
        return http_malformed(parser, "the Host is no host with a port");
    parser->seen |= SEEN_HOST;
    return 0;
}

/* Reduces "5, 5" in a response to "5"; any other list stays, and then is no number. */
static void merge_lengths(struct http_parser *parser, struct http_span *inout_value)
{
    struct http_span list = *inout_value, first, item;
    if (!next_item(&list, &first))
        return;
    while (next_item(&list, &item))
        if (item.size != first.size || memcmp(item.data, first.data, item.size) != 0)
            return;
    size_t from = (size_t)(first.data - parser->bytes) + first.size;
    size_t to = (size_t)(inout_value->data - parser->bytes) + inout_value->size;
    memset(parser->bytes + from, ' ', to - from);
    *inout_value = first;
}

static int note_length(struct http_parser *parser, struct http_field *field)
{
    bool is_response = parser->mode == HTTP_MODE_RESPONSE;
    if (is_response)
        merge_lengths(parser, &field->value);
    struct http_span value = field->value;
    if (value.size == 0 || value.size > LENGTH_DIGITS_MAX)
        return http_malformed(parser, "the Content-Length is empty or too long to be a length");
    uint64_t length = 0;    // nineteen digits can't overflow it
    for (size_t i = 0; i < value.size; i++) {
        if (!is_digit(value.data[i]))
            return http_malformed(parser, "the Content-Length is not a plain number");
        length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (length > INT64_MAX)
        return http_malformed(parser, "the Content-Length is too large to be a length");
    if (parser->seen & SEEN_LENGTH) {
        if (is_response && length == parser->head.content_length)
            return HTTP_FIELD_DROPPED;
        return http_malformed(parser, "the Content-Length is given twice");
    }
    parser->seen |= SEEN_LENGTH;
    parser->head.content_length = length;
    return 0;
}

/* Whether it is a list of tokens in which "chunked" comes last and only there. */
static bool ends_in_chunked(struct http_span list)
{
    struct http_span item = {NULL, 0};
    bool is_chunked = false;
    while (next_item(&list, &item)) {
        if (is_chunked || item.size == 0 || !is_all(item, HTTP_CLASS_TOKEN))
            return false;
        is_chunked = EQUALS_NOCASE(item, "chunked");
    }
    return is_chunked;
}

static int note_coding(struct http_parser *parser, struct http_span value)
{
    if (parser->seen & SEEN_CODING)
        return http_malformed(parser, "the Transfer-Encoding is given twice");
    parser->seen |= SEEN_CODING;
    if (EQUALS_NOCASE(value, "chunked"))
        return 0;
    if (ends_in_chunked(value))
        return eddy__http_fail(parser, HTTP_EUNSUPPORTED, 501,
                               "no transfer coding but chunked is spoken");
    return http_malformed(parser, "the Transfer-Encoding doesn't end in one chunked");
}

static void note_connection(struct http_parser *parser, struct http_span list)
{
    struct http_span item = {NULL, 0};
    while (next_item(&list, &item)) {
        if (EQUALS_NOCASE(item, "close"))
            parser->seen |= SEEN_CLOSE;
        else if (EQUALS_NOCASE(item, "keep-alive"))
            parser->seen |= SEEN_KEEP_ALIVE;
        else if (EQUALS_NOCASE(item, "upgrade"))
            parser->seen |= SEEN_UPGRADE_TOKEN;
    }
}

static int note_expect(struct http_parser *parser, struct http_span value)
{
    // An HTTP/1.0 client can't have sent it: a proxy forwarded it without understanding it.
    if (parser->mode != HTTP_MODE_REQUEST || parser->head.version_minor == 0)
        return 0;
    if (!EQUALS_NOCASE(value, "100-continue"))
        return eddy__http_fail(parser, HTTP_EUNSUPPORTED, 417,
                               "no expectation but 100-continue is known");
    parser->seen |= SEEN_CONTINUE;
    return 0;
}

/* The size of the name excludes most other fields without comparing bytes. */
static int note(struct http_parser *parser, struct http_field *field)
{
    switch (field->name.size) {
    case sizeof "host" - 1:
        return EQUALS_NOCASE(field->name, "host") ? note_host(parser, field->value) : 0;
    case sizeof "expect" - 1:
        return EQUALS_NOCASE(field->name, "expect") ? note_expect(parser, field->value) : 0;
    case sizeof "upgrade" - 1:
        if (EQUALS_NOCASE(field->name, "upgrade"))
            parser->seen |= SEEN_UPGRADE;
        return 0;
    case sizeof "connection" - 1:
        if (EQUALS_NOCASE(field->name, "connection"))
            note_connection(parser, field->value);
        return 0;
    case sizeof "content-length" - 1:
        return EQUALS_NOCASE(field->name, "content-length") ? note_length(parser, field) : 0;
    case sizeof "transfer-encoding" - 1:
        return EQUALS_NOCASE(field->name, "transfer-encoding") ? note_coding(parser, field->value)
                                                               : 0;
    default: return 0;
    }
}

/* The field lines. */

static int make_room(struct http_parser *parser)
{
    if (parser->head.field_count < parser->field_capacity)
        return 0;
    size_t capacity =
        parser->field_capacity > 0 ? parser->field_capacity * 2 : FIELD_CAPACITY_FIRST;
    struct http_field *fields = eddy_realloc(parser->head.fields, capacity * sizeof *fields);
    if (fields == NULL)
        return eddy__http_fail(parser, -ENOMEM, 503, "out of memory");
    parser->head.fields = fields;
    parser->field_capacity = capacity;
    return 0;
}

static const char *fault_in_name(const struct http_parser *parser, const char *line, size_t size,
                                 size_t name_size)
{
    bool is_space = name_size < size && (line[name_size] == ' ' || line[name_size] == '\t');
    if (name_size == 0 && is_space)
        return parser->head.field_count == 0 ? "white space comes before the first field"
                                             : "a field is folded over two lines";
    if (is_space)
        return "white space comes before a field's colon";
    if (name_size == size)
        return "a field has no colon";
    return name_size == 0 ? "a field has no name" : "a field name holds a byte that none has";
}

int eddy__http_head_take_field(struct http_parser *parser, const char *line, size_t size)
{
    size_t n = eddy__http_class_length(line, size, HTTP_CLASS_TOKEN);
    if (n == 0 || n == size || line[n] != ':')
        return http_malformed(parser, fault_in_name(parser, line, size, n));
    if (!eddy__http_is_text(line + n + 1, size - n - 1))
        return http_malformed(parser, "a field value holds a control byte");
    if (parser->head.field_count == parser->limits.field_max)
        return eddy__http_fail_limit(parser, 431, "there are too many fields",
                                     parser->limits.field_max);

    int err = make_room(parser);
    if (err < 0)
        return err;
    struct http_field *field = &parser->head.fields[parser->head.field_count++];
    field->name = (struct http_span){line, n};
    field->value = trim(line + n + 1, size - n - 1);
    int rc = note(parser, field);
    if (rc == HTTP_FIELD_DROPPED)
        parser->head.field_count--;
    return rc;
}

/* After the empty line. */

/* Removes the Content-Length of a response with a Transfer-Encoding, which overrides it. */
static void drop_length(struct http_parser *parser)
{
    struct http_head *head = &parser->head;
    size_t at = 0;
    while (!EQUALS_NOCASE(head->fields[at].name, "content-length"))
        at++;
    const char *line = head->fields[at].name.data;
    const char *lf = memchr(line, '\n', parser->size - (size_t)(line - parser->bytes));
    size_t from = (size_t)(line - parser->bytes), size = (size_t)(lf - line) + 1;
    eddy__http_tidy_remove(parser, from, from + size);
    head->field_count--;
    for (; at < head->field_count; at++) {
        head->fields[at] = head->fields[at + 1];
        head->fields[at].name.data -= size;
        head->fields[at].value.data -= size;
    }
    head->content_length = HTTP_LENGTH_UNKNOWN;
}

static int check_framing(struct http_parser *parser)
{
    const struct http_head *head = &parser->head;
    unsigned framing = parser->seen & (SEEN_LENGTH | SEEN_CODING);
    if (framing == (SEEN_LENGTH | SEEN_CODING)) {
        if (parser->mode == HTTP_MODE_REQUEST)
            return http_malformed(parser, "Content-Length and Transfer-Encoding are both given");
        drop_length(parser);
        parser->seen |= SEEN_CLOSE;    // a server that sends both may have other errors
        framing = SEEN_CODING;
    }
    if (framing == SEEN_CODING && head->version_minor == 0)
        return http_malformed(parser, "HTTP/1.0 knows no Transfer-Encoding");
    if (parser->mode != HTTP_MODE_REQUEST)
        return 0;
    if (framing != 0 && equals(head->method, "CONNECT"))
        return http_malformed(parser, "a CONNECT has no body");
    if (!(parser->seen & SEEN_HOST) && head->version_minor == 1)
        return http_malformed(parser, "the Host is missing");
    return 0;
}

/* A response may have a status, or answer a method, that allows no body. */
static bool is_bodiless_response(const struct http_parser *parser)
{
    int status = parser->head.status;
    if (parser->mode != HTTP_MODE_RESPONSE)
        return false;
    return status < 200 || status == 204 || status == 304 || parser->answers_head ||
           (parser->answers_connect && status < 300);
}

static enum http_phase choose_body(struct http_parser *parser)
{
    struct http_head *head = &parser->head;
    head->is_chunked = (parser->seen & SEEN_CODING) != 0;
    if (is_bodiless_response(parser)) {
        eddy__http_second_skip_body(parser->second);
        return HTTP_PHASE_DONE;
    }
    if (head->is_chunked)
        return HTTP_PHASE_CHUNKS;
    if (head->content_length != HTTP_LENGTH_UNKNOWN)
        return head->content_length > 0 ? HTTP_PHASE_LENGTH : HTTP_PHASE_DONE;
    return parser->mode == HTTP_MODE_REQUEST ? HTTP_PHASE_DONE : HTTP_PHASE_UNTIL_END;
}

static bool is_upgrade(const struct http_parser *parser)
{
    const struct http_head *head = &parser->head;
    bool is_asked = (parser->seen & SEEN_UPGRADE) && (parser->seen & SEEN_UPGRADE_TOKEN) &&
                    head->version_minor == 1;
    if (parser->mode == HTTP_MODE_REQUEST)
        return is_asked || equals(head->method, "CONNECT");
    return (is_asked && head->status == 101) ||
           (parser->answers_connect && head->status >= 200 && head->status < 300);
}

int eddy__http_head_conclude(struct http_parser *parser)
{
    int err = check_framing(parser);
    if (err < 0)
        return err;

    struct http_head *head = &parser->head;
    parser->phase = choose_body(parser);
    head->has_body = parser->phase != HTTP_PHASE_DONE;
    head->is_upgrade = is_upgrade(parser);
    head->expects_continue = head->has_body && (parser->seen & SEEN_CONTINUE);
    head->should_keep_alive = parser->phase != HTTP_PHASE_UNTIL_END &&
                              !(parser->seen & SEEN_CLOSE) &&
                              (head->version_minor == 1 || (parser->seen & SEEN_KEEP_ALIVE));

    if (parser->phase == HTTP_PHASE_CHUNKS)
        eddy__http_chunk_begin(parser);
    if (parser->phase == HTTP_PHASE_LENGTH) {
        parser->body_left = head->content_length;
        if (head->content_length > parser->limits.body_max)
            return eddy__http_fail_limit(parser, 413, "the body is too large",
                                         parser->limits.body_max);
    }
    return 0;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_named(const struct http_field *field, const char *name, size_t size)
{
    if (field->name.size != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(field->name.data[i]) != lower(name[i]))
            return false;
    return true;
}

bool eddy__http_head_find(const struct http_head *head, const char *name,
                          struct http_span *out_value)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < head->field_count; i++) {
        if (is_named(&head->fields[i], name, size)) {
            *out_value = head->fields[i].value;
            return true;
        }
    }
    return false;
}
