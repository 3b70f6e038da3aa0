/* SPDX-License-Identifier: MIT */
/*
 * parser_tidy.c: rewrites the head of a response in the buffer so that it follows the grammar.
 *
 * Requests are refused unless they follow the grammar to the letter, since a proxy in front of the
 * server may have read them differently. That risk does not exist for a response, so it may use the
 * forms that RFC 9112 allows a client to accept and that curl, Go and browsers all accept:
 *
 *     a line that ends in a bare LF               2.2   CRLF
 *     several spaces before the status            4     one space
 *     white space before a field's colon          5.1   it goes behind the colon
 *     a field folded over several lines           5.2   one line, each fold a space
 *     tabs around a field's value                 5     spaces
 *     a control byte in a value or the reason     5     a space (RFC 9110, 5.5)
 *     the same Content-Length again               6.3   the first one
 *     Content-Length beside Transfer-Encoding     6.3   Transfer-Encoding (parser_head.c)
 *
 * Both parsers read the result, the spans of the head point into it, and the caller sees it.
 * Removed bytes still count towards the limit on the head (parser->removed_size).
 *
 * Owns nothing. Called by parser.c and parser_head.c.
 */
#include <string.h>

#include "parser_parts.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* NUL and CR stay, and are refused: some clients read the bytes after them and some don't. */
static void blank_controls(char *text, size_t size)
{
    if (eddy__http_is_text(text, size))
        return;
    for (size_t i = 0; i < size; i++)
        if (!http_is(text[i], HTTP_CLASS_TEXT) && text[i] != '\0' && text[i] != '\r')
            text[i] = ' ';
}

static bool is_of_framing(struct http_span name)
{
    return EQUALS_NOCASE(name, "content-length") || EQUALS_NOCASE(name, "transfer-encoding");
}

void eddy__http_tidy_remove(struct http_parser *parser, size_t from, size_t to)
{
    memmove(parser->bytes + from, parser->bytes + to, parser->size - to);
    parser->size -= to - from;
    parser->removed_size += to - from;
}

void eddy__http_tidy_status_line(struct http_parser *parser)
{
    enum { VERSION_SIZE = sizeof "HTTP/1.1" - 1, REASON_AT = sizeof "HTTP/1.1 200 " - 1 };
    char *line = parser->bytes + parser->line_start;
    size_t size = parser->size - parser->line_start - 2, blanks = 0;
    while (VERSION_SIZE + blanks < size && line[VERSION_SIZE + blanks] == ' ')
        blanks++;
    size_t from = parser->line_start + VERSION_SIZE;
    if (blanks > 1) {
        eddy__http_tidy_remove(parser, from + 1, from + blanks);
        size -= blanks - 1;
    }
    if (size > REASON_AT)
        blank_controls(line + REASON_AT, size - REASON_AT);
}

void eddy__http_tidy_unfold(struct http_parser *parser)
{
    const char *bytes = parser->bytes;
    size_t from = parser->line_start - 2, to = parser->line_start;
    while (from > parser->field_start && is_blank(bytes[from - 1]))
        from--;
    while (is_blank(bytes[to]))
        to++;
    if (bytes[to] != '\r')
        parser->bytes[from++] = ' ';
    eddy__http_tidy_remove(parser, from, to);
}

void eddy__http_tidy_field(char *line, size_t size)
{
    size_t colon = eddy__http_class_length(line, size, HTTP_CLASS_TOKEN), at = colon;
    while (at < size && is_blank(line[at]))
        line[at++] = ' ';
    if (colon == 0 || at == size || line[at] != ':')
        return;
    line[at] = ' ';
    line[colon] = ':';
    if (!is_of_framing((struct http_span){line, colon}))
        blank_controls(line + colon + 1, size - colon - 1);
    for (at = colon + 1; at < size && is_blank(line[at]); at++)
        line[at] = ' ';
    for (at = size; at > colon + 1 && is_blank(line[at - 1]); at--)
        line[at - 1] = ' ';
}
