/* SPDX-License-Identifier: MIT */
/*
 * server_head.c: writes the head of an answer.
 *
 *     HTTP/1.1 200 OK
 *     Content-Type: text/plain           as the handler set it
 *     Content-Length: 6                  or Transfer-Encoding: chunked, or neither
 *     Date: Sun, 06 Nov 1994 08:49:37 GMT
 *     ...                                what the handler added
 *     Connection: close                  or keep-alive for HTTP/1.0, or neither
 *
 * Every request writes a head, so it is made by copying: the date is formatted once a second,
 * numbers are formatted without printf, and memory is reserved once for the whole head.
 *
 * Invariant:
 *   - The handler's strings are checked: no CR, LF or other control byte, so they can't add a line
 *     by accident, and none of the fields that frame the message.
 *
 * Owns nothing. Called by server_reply.c.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <eddy/alloc.h>

#include "parser_parts.h"    // only for the byte classes: readable bytes are writable
#include "server.h"

enum {
    TEXT_CAPACITY_FIRST = 512,
    HEAD_SIZE_MAX = 256,     // without content type and the handler's fields
    NUMBER_SIZE_MAX = 20,    // digits of a uint64_t
};

/* The growing buffer. */

bool eddy__http_text_reserve(struct http_text *text, size_t size)
{
    if (text->capacity - text->size >= size)
        return true;
    size_t capacity = text->capacity > 0 ? text->capacity : TEXT_CAPACITY_FIRST;
    while (capacity - text->size < size) {
        if (capacity > SIZE_MAX / 2)
            return false;
        capacity *= 2;
    }
    char *data = eddy_realloc(text->data, capacity);
    if (data == NULL)
        return false;
    text->data = data;
    text->capacity = capacity;
    return true;
}

bool eddy__http_text_put(struct http_text *text, const char *data, size_t size)
{
    if (!eddy__http_text_reserve(text, size))
        return false;
    if (size > 0)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    return true;
}

void eddy__http_text_trim(struct http_text *text, size_t capacity_max)
{
    text->size = 0;
    if (text->capacity <= capacity_max)
        return;
    eddy_free(text->data);
    *text = (struct http_text){0};
}

/* The bytes allowed in a header line. */

bool eddy__http_is_field_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && eddy__http_class_length(name, size, HTTP_CLASS_TOKEN) == size;
}

bool eddy__http_is_field_value(const char *value)
{
    return eddy__http_is_text(value, strlen(value));
}

/* The status line. */

struct status_name {
    int status;
    const char *name;
};

static const struct status_name status_names[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {511, "Network Authentication Required"},
};

static const char *name_of(int status)
{
    for (size_t i = 0; i < sizeof status_names / sizeof status_names[0]; i++)
        if (status_names[i].status == status)
            return status_names[i].name;
    return "";    // the space before it stays
}

/* Appending to reserved memory. */

static char *put(char *at, const char *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_number(char *at, uint64_t number)
{
    char digits[NUMBER_SIZE_MAX];
    size_t n = 0;
    do
        digits[sizeof digits - ++n] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return put(at, digits + sizeof digits - n, n);
}

static char *put_status_line(char *at, int status)
{
    if (status == 200)
        return PUT(at, "HTTP/1.1 200 OK\r\n");
    const char *name = name_of(status);
    at = PUT(at, "HTTP/1.1 ");
    at = put_number(at, (uint64_t)status);
    *at++ = ' ';
    at = put(at, name, strlen(name));
    return PUT(at, "\r\n");
}

static const char *date_of(eddy_http_server *server)
{
    // The wall clock in seconds, which the C library reads without a system call.
    int64_t now = (int64_t)time(NULL);
    if (now != server->date_second) {
        server->date_second = now;
        if (eddy__http_date_format(now, server->date) < 0)
            server->date[0] = '\0';
    }
    return server->date;
}

static char *put_framing(char *at, const struct eddy_http_reply *reply)
{
    if (reply->status == 204)
        return at;
    if (reply->is_chunked)
        return PUT(at, "Transfer-Encoding: chunked\r\n");
    if (reply->size_declared == EDDY_HTTP_SIZE_UNKNOWN)
        return at;
    at = PUT(at, "Content-Length: ");
    at = put_number(at, reply->size_declared);
    return PUT(at, "\r\n");
}

static char *put_connection(char *at, const struct http_connection *connection)
{
    if (!connection->is_kept)
        return PUT(at, "Connection: close\r\n");
    if (connection->work->parser.head.version_minor == 0)
        return PUT(at, "Connection: keep-alive\r\n");
    return at;
}

int eddy__http_head_write(struct eddy_http_reply *reply, const char *content_type)
{
    struct http_connection *connection = reply->connection;
    struct http_text *out = &connection->work->out;
    const struct http_text *fields = &reply->fields;
    size_t type_size = content_type != NULL ? strlen(content_type) : 0;
    if (!eddy__http_text_reserve(out, HEAD_SIZE_MAX + type_size + fields->size))
        return -ENOMEM;

    char *at = put_status_line(out->data + out->size, reply->status);
    if (content_type != NULL) {
        at = PUT(at, "Content-Type: ");
        at = put(at, content_type, type_size);
        at = PUT(at, "\r\n");
    }
    at = put_framing(at, reply);
    const char *date = reply->has_date ? "" : date_of(connection->server);
    if (date[0] != '\0') {
        at = PUT(at, "Date: ");
        at = put(at, date, HTTP_DATE_SIZE - 1);
        at = PUT(at, "\r\n");
    }
    if (fields->size > 0)
        at = put(at, fields->data, fields->size);
    at = put_connection(at, connection);
    at = PUT(at, "\r\n");
    out->size = (size_t)(at - out->data);
    return 0;
}
