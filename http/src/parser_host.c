/* SPDX-License-Identifier: MIT */
/*
 * parser_host.c: checks a host with its port (RFC 3986, 3.2.2 and 3.2.3; RFC 9110, 4.2.1).
 *
 *     host = name / IPv4 / "[" IPv6 "]" / "[v" ... "]"        then optionally ":" port
 *
 * Stricter than RFC 3986: no comma, since merged Host fields are joined with one; a colon must be
 * followed by a port, which is at most 65535; an IPv6 address has no zone.
 *
 * Owns nothing. Called by parser_head.c.
 */
#include <arpa/inet.h>
#include <string.h>

#include "parser_parts.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_ipv6(struct http_span text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* "v1.anything", the syntax for future kinds of addresses. */
static bool is_future(struct http_span text)
{
    size_t at = 1;
    if (text.size < 4 || (text.data[0] | 0x20) != 'v')
        return false;
    while (at < text.size && is_hex(text.data[at]))
        at++;
    if (at == 1 || at + 1 >= text.size || text.data[at] != '.')
        return false;
    for (at++; at < text.size; at++)
        if (!http_is(text.data[at], HTTP_CLASS_NAME) && text.data[at] != ':')
            return false;
    return true;
}

/* The size of an address in brackets at the front; 0 if there is none. */
static size_t literal_size(struct http_span text)
{
    const char *end = memchr(text.data, ']', text.size);
    if (end == NULL)
        return 0;
    struct http_span inner = {text.data + 1, (size_t)(end - text.data) - 1};
    return is_ipv6(inner) || is_future(inner) ? inner.size + 2 : 0;
}

/* The size of a name at the front, up to a colon; 0 if there is none. */
static size_t name_size(struct http_span text)
{
    size_t at = 0;
    for (;;) {
        at += eddy__http_class_length(text.data + at, text.size - at, HTTP_CLASS_NAME);
        if (at == text.size || text.data[at] == ':')
            return at;
        bool is_escape = text.data[at] == '%' && text.size - at > 2 &&
                         is_hex(text.data[at + 1]) && is_hex(text.data[at + 2]);
        if (!is_escape)
            return 0;
        at += 3;
    }
}

static bool is_port(struct http_span text)
{
    unsigned port = 0;
    if (text.size < 1 || text.size > 5)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text.data[i] - '0');
    }
    return port <= 65535;
}

bool eddy__http_is_host(struct http_span text, bool needs_port)
{
    if (text.size == 0)
        return false;
    size_t size = text.data[0] == '[' ? literal_size(text) : name_size(text);
    if (size == 0)
        return false;
    if (size == text.size)
        return !needs_port;
    return text.data[size] == ':' &&
           is_port((struct http_span){text.data + size + 1, text.size - size - 1});
}
