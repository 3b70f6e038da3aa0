/* SPDX-License-Identifier: MIT */
/*
 * url_write.c: writes the parts of a URL into one block.
 *
 *     struct | text, zero | host, zero | origin, zero
 *
 * Bytes that cannot be sent are escaped, and the path's dot segments are removed; the rest is
 * copied. The size is bounded in advance: an escape turns one byte into three, a removal shrinks.
 *
 * Invariant: text, host and origin are printable ASCII without spaces, so no URL can end a line of
 * a request or begin another.
 */
#include "url.h"

#include <stdio.h>
#include <string.h>

#include <eddy/alloc.h>

enum { FIXED_SIZE = sizeof "https://[%25]:65535@/?#" };

/* Control bytes have been refused before. */
static bool must_be_escaped(char c)
{
    return c <= ' ' || c == 0x7f || (unsigned char)c > 0x7f || c == '"' || c == '<' || c == '>';
}

static size_t size_of(eddy_span part)
{
    size_t size = part.size;
    for (size_t i = 0; i < part.size; i++)
        size += must_be_escaped(part.data[i]) ? 2 : 0;
    return size;
}

static char *put(char *at, eddy_span part)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < part.size; i++) {
        unsigned char byte = (unsigned char)part.data[i];
        if (!must_be_escaped(part.data[i])) {
            *at++ = part.data[i];
            continue;
        }
        *at++ = '%';
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    return at;
}

/* The same for user info; another '@' is escaped, so that only one precedes the host. */
static char *put_user_info(char *at, eddy_span part)
{
    for (size_t i = 0; i < part.size; i++)
        at = part.data[i] == '@' ? stpcpy(at, "%40") : put(at, (eddy_span){part.data + i, 1});
    return at;
}

/* --- Hosts ------------------------------------------------------------------------------------ */

/* Writes the host in its URL form, and the port unless it is the default. */
static char *put_host(char *at, const struct url_parts *parts)
{
    const char *zone = strchr(parts->host, '%');
    if (strchr(parts->host, ':')) {
        size_t size = zone ? (size_t)(zone - parts->host) : strlen(parts->host);
        at += sprintf(at, "[%.*s%s%s]", (int)size, parts->host, zone ? "%25" : "",
                      zone ? zone + 1 : "");
    } else {
        at = stpcpy(at, parts->host);
    }
    if (parts->port != (parts->is_https ? 443 : 80))
        at += sprintf(at, ":%d", parts->port);
    return at;
}

static const char *scheme_of(const struct url_parts *parts)
{
    return parts->is_https ? "https" : "http";
}

/* --- Paths ------------------------------------------------------------------------------------ */

/* Removes "." and ".." from an absolute path, in place (RFC 3986, 5.2.4). Returns its end. */
static char *remove_dots(char *path, char *end)
{
    char *to = path;
    for (char *from = path; from < end;) {
        char *next = memchr(from + 1, '/', (size_t)(end - from - 1));
        size_t size = (size_t)((next ? next : end) - from);
        bool is_dot = size == 2 && from[1] == '.';
        bool is_up = size == 3 && from[1] == '.' && from[2] == '.';
        while (is_up && to > path && *--to != '/')
            continue;
        if (!is_dot && !is_up) {
            memmove(to, from, size);
            to += size;
        } else if (!next) {
            *to++ = '/';
        }
        from += size;
    }
    return to;
}

static char *put_path(char *at, const struct url_parts *parts)
{
    char *path = at;
    at = put(at, parts->folder);
    bool has_slash =
        at > path ||
        (parts->path.size > 0 &&
         (parts->path.data[0] == '/' || (parts->is_reference && parts->path.data[0] == '\\')));
    if (!has_slash)
        *at++ = '/';
    char *own = at;
    at = put(at, parts->path);
    for (char *c = own; parts->is_reference && c < at; c++)
        if (*c == '\\')
            *c = '/';
    return parts->removes_dots ? remove_dots(path, at) : at;
}

/* --- The whole URL ---------------------------------------------------------------------------- */

/* Writes `mark` and `part`, which becomes *out_part; nothing for an absent one. */
static char *put_marked(char *at, char mark, eddy_span part, eddy_span *out_part)
{
    *out_part = (eddy_span){NULL, 0};
    if (!part.data)
        return at;
    *at++ = mark;
    out_part->data = at;
    at = put(at, part);
    out_part->size = (size_t)(at - out_part->data);
    return at;
}

/* Writes the text, and the spans into it; its terminating zero. */
static char *put_text(char *at, const struct url_parts *parts, eddy_http_url *url)
{
    url->text = at;
    at = stpcpy(stpcpy(at, scheme_of(parts)), "://");
    if (parts->user_info.data) {
        url->user_info.data = at;
        at = put_user_info(at, parts->user_info);
        url->user_info.size = (size_t)(at - url->user_info.data);
        *at++ = '@';
    }
    at = put_host(at, parts);
    url->target.data = url->path.data = at;
    at = put_path(at, parts);
    url->path.size = (size_t)(at - url->path.data);
    at = put_marked(at, '?', parts->query, &url->query);
    url->target.size = (size_t)(at - url->target.data);
    at = put_marked(at, '#', parts->fragment, &url->fragment);
    *at = '\0';
    return at;
}

eddy_http_url *eddy__http_url_write(const struct url_parts *parts)
{
    size_t host_size = strlen(parts->host);
    size_t text_size = 3 * parts->user_info.size + host_size + size_of(parts->folder) +
                       size_of(parts->path) + size_of(parts->query) + size_of(parts->fragment);
    eddy_http_url *url =
        eddy_malloc(sizeof *url + text_size + 2 * host_size + 3 * (size_t)FIXED_SIZE);
    if (!url)
        return NULL;
    *url = (eddy_http_url){
        .scheme = scheme_of(parts),
        .port = parts->port,
        .has_port = parts->has_port,
    };
    char *at = put_text((char *)(url + 1), parts, url) + 1;
    url->host = at;
    at = stpcpy(at, parts->host) + 1;
    url->origin = at;
    at = stpcpy(stpcpy(at, scheme_of(parts)), "://");
    *put_host(at, parts) = '\0';
    return url;
}
