/* SPDX-License-Identifier: MIT */
/*
 * wire_request.c: writes the head of a request.
 *
 *     GET /people/1 HTTP/1.1
 *     Host: example.org
 *     User-Agent: ...                the session's fields, written once, or the request's own
 *     Cookie: ...
 *     Content-Length: 3
 *
 * All heads of a session use one buffer, because each is passed to the kernel, or copied to the
 * stream's queue, before the next task runs. Names, values and the method were checked when they
 * were passed in (session_fields.c), the URL when it was parsed (url.c): nothing here can end a
 * line.
 */
#include <eddy/alloc.h>

#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- The buffer ------------------------------------------------------------------------------- */

static int reserve(struct wire_client *client, size_t size)
{
    if (size <= client->buffer_capacity)
        return 0;
    size_t capacity = client->buffer_capacity ? client->buffer_capacity : 1024;
    while (capacity < size)
        capacity *= 2;
    char *buffer = eddy_malloc(capacity);
    if (!buffer)
        return -ENOMEM;
    eddy_free(client->buffer);    // still empty: the size is known before the first byte
    client->buffer = buffer;
    client->buffer_capacity = capacity;
    return 0;
}

static char *put(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}

#define PUT(at, literal) put((at), (literal), sizeof(literal) - 1)

/* --- Fields ----------------------------------------------------------------------------------- */

static size_t size_of_fields(const struct http_fields *fields)
{
    size_t size = 0;
    for (size_t i = 0; i < fields->count; i++)
        size += strlen(fields->items[i].name) + strlen(fields->items[i].value) + 4;
    return size;
}

static char *put_field(char *at, const char *name, const char *value)
{
    at = put(at, name, strlen(name));
    at = value[0] == '\0' ? PUT(at, ":") : PUT(at, ": ");
    at = put(at, value, strlen(value));
    return PUT(at, "\r\n");
}

static char *put_fields(char *at, const struct http_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        at = put_field(at, fields->items[i].name, fields->items[i].value);
    return at;
}

int eddy__wire_write_fields(struct wire_client *client)
{
    const struct http_fields *fields = &client->session->fields;
    client->fields = eddy_malloc(size_of_fields(fields) + 1);
    if (!client->fields)
        return -ENOMEM;
    client->fields_size = (size_t)(put_fields(client->fields, fields) - client->fields);
    return 0;
}

/* --- The head --------------------------------------------------------------------------------- */

static size_t size_of_extras(const struct http_request *request)
{
    size_t size = 0;
    if (request->cookie)
        size += sizeof "Cookie: \r\n" + strlen(request->cookie);
    if (request->authorization)
        size += sizeof "Authorization: \r\n" + strlen(request->authorization);
    return size;
}

static char *put_extras(char *at, const struct http_request *request)
{
    if (request->cookie)
        at = put_field(at, "Cookie", request->cookie);
    if (request->authorization)
        at = put_field(at, "Authorization", request->authorization);
    if (request->has_body)
        at += sprintf(at, "Content-Length: %zu\r\n", request->body.size);
    return at;
}

int eddy__wire_write_head(struct wire_client *client, const struct http_request *request,
                          eddy_span *out_head)
{
    const struct http_fields *fields = request->fields;
    bool are_sessions = fields->items == client->session->fields.items;
    const struct http_origin *origin = request->origin;
    const char *host = origin->text + strlen(origin->authority.scheme) + sizeof "://" - 1;
    eddy_span target = request->url->target;
    size_t host_size = (size_t)(origin->text + origin->text_size - host);
    size_t method_size = strlen(request->method);
    size_t fields_size = are_sessions ? client->fields_size : size_of_fields(fields);
    size_t known = method_size + target.size + host_size + fields_size + size_of_extras(request);
    enum { FIXED = sizeof " / HTTP/1.1\r\nHost: \r\nContent-Length: 18446744073709551615\r\n\r\n" };
    int err = reserve(client, known + FIXED);
    if (err < 0)
        return err;

    char *at = put(client->buffer, request->method, method_size);
    at = PUT(at, " ");
    at = put(at, target.data, target.size);
    at = PUT(at, " HTTP/1.1\r\n");
    if (!eddy__http_fields_have(fields, "Host")) {
        at = PUT(at, "Host: ");
        at = put(at, host, host_size);
        at = PUT(at, "\r\n");
    }
    at = are_sessions ? put(at, client->fields, client->fields_size) : put_fields(at, fields);
    at = put_extras(at, request);
    at = PUT(at, "\r\n");
    *out_head = (eddy_span){client->buffer, (size_t)(at - client->buffer)};
    return 0;
}
