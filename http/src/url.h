/* SPDX-License-Identifier: MIT */
/*
 * url.h: the parts of a URL while it is parsed.
 *
 *     url.c         splits an absolute URL or a reference into parts
 *     url_host.c    the host: names, IPv4 and IPv6 addresses, international names
 *     url_write.c   writes the parts as an eddy_http_url
 */
#ifndef EDDY_HTTP_SRC_URL_H
#define EDDY_HTTP_SRC_URL_H

#include <eddy/http_url.h>

enum { HTTP_HOST_MAX = 256 };    // bytes of a host, with the terminating zero

/* Spans are parts of the caller's text or of the base; their data is NULL if the part is absent. */
struct url_parts {
    bool is_https;
    bool has_port;
    bool is_reference;    // a backslash in the path is a slash
    bool removes_dots;
    int port;
    char host[HTTP_HOST_MAX];    // normalised; an IPv6 address without brackets
    eddy_span user_info;
    eddy_span folder;    // of the base's path, in front of `path`; may be empty
    eddy_span path;      // may be empty
    eddy_span query;
    eddy_span fragment;
};

/*
 * Normalises a host as written in a URL, with brackets if it has any. Returns 0, EDDY_HTTP_URL
 * with a message, or -ENOMEM.
 */
int eddy__http_host_parse(const char *text, size_t size, char host[HTTP_HOST_MAX]);

/* Returns the value of a hexadecimal digit, or -1 if it is not one. */
int eddy__http_hex_digit(char c);

/* Decodes percent-escapes into `to`, which is as large as `text`. Returns the size. */
size_t eddy__http_percent_decode(const char *text, size_t size, char *to);

/* Writes `parts` into one new block. NULL if memory is out. */
eddy_http_url *eddy__http_url_write(const struct url_parts *parts);

#endif
