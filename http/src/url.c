/* SPDX-License-Identifier: MIT */
/*
 * url.c: splits an absolute URL or a reference into parts.
 *
 *     http://user:password@host:port/path?query#fragment
 *
 * The two entry points differ in strictness. An absolute URL comes from a program or a user, and
 * anything odd in it is a mistake, so it is refused. A reference comes from a server, which expects
 * it to be read as in browsers, so resolving follows the WHATWG URL standard.
 *
 * Everything here works on spans of the caller's text; url_host.c normalises the host, and
 * url_write.c writes the result. Nothing suspends.
 */
#include "url.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <eddy/alloc.h>

#include "errors.h"

enum { MESSAGE_MAX = 512 };    // bytes of a URL in an error message

/* The text that is not parsed yet. */
struct rest {
    const char *at, *end;
};

static size_t left(const struct rest *rest)
{
    return (size_t)(rest->end - rest->at);
}

static int shown(size_t size)
{
    return size < MESSAGE_MAX ? (int)size : MESSAGE_MAX;
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* Takes everything before the first byte that is in `delimiters`. */
static eddy_span take_until(struct rest *rest, const char *delimiters)
{
    const char *from = rest->at;
    while (rest->at < rest->end && !strchr(delimiters, *rest->at))
        rest->at++;
    return (eddy_span){from, (size_t)(rest->at - from)};
}

/* Takes `mark` and everything after it before the first of `delimiters`; nothing without a mark. */
static eddy_span take_marked(struct rest *rest, char mark, const char *delimiters)
{
    if (rest->at == rest->end || *rest->at != mark)
        return (eddy_span){NULL, 0};
    rest->at++;
    return take_until(rest, delimiters);
}

/* --- The text --------------------------------------------------------------------------------- */

/* Drops the spaces at both ends, and refuses control bytes, the zero among them. */
static int begin(struct rest *rest)
{
    eddy__http_errors_register();
    while (rest->at < rest->end && *rest->at == ' ')
        rest->at++;
    while (rest->end > rest->at && rest->end[-1] == ' ')
        rest->end--;
    for (const char *at = rest->at; at < rest->end; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return eddy_fail(EDDY_HTTP_URL, "the URL has a control byte (0x%02x) in it",
                             (unsigned)(unsigned char)*at);
    return 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_of_scheme(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

/* The size of the scheme at the front, without its colon; 0 if there is none. */
static size_t scheme_size(const struct rest *rest)
{
    const char *at = rest->at;
    if (at == rest->end || !is_letter(*at))
        return 0;
    while (at < rest->end && is_of_scheme(*at))
        at++;
    return at < rest->end && *at == ':' ? (size_t)(at - rest->at) : 0;
}

static bool scheme_is(const struct rest *rest, size_t size, const char *name)
{
    return size == strlen(name) && strncasecmp(rest->at, name, size) == 0;
}

/* Takes "http:" or "https:", of which `size` bytes are the scheme. */
static int take_scheme(struct rest *rest, size_t size, bool *out_is_https)
{
    bool is_https = scheme_is(rest, size, "https");
    if (!is_https && !scheme_is(rest, size, "http"))
        return eddy_fail(EDDY_HTTP_UNSUPPORTED, "only http and https are spoken: %.*s",
                         shown(left(rest)), rest->at);
    rest->at += size + 1;
    *out_is_https = is_https;
    return 0;
}

/* --- The authority ---------------------------------------------------------------------------- */

static int parse_port(eddy_span digits, struct url_parts *parts)
{
    int port = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9' || port > 65535)
            port = 65536;
        else
            port = port * 10 + (digits.data[i] - '0');
    }
    if (digits.size > 0 && (port < 1 || port > 65535))
        return eddy_fail(EDDY_HTTP_URL, "\"%.*s\" is not a port", shown(digits.size), digits.data);
    parts->has_port = digits.size > 0;
    parts->port = parts->has_port ? port : parts->is_https ? 443 : 80;
    return 0;
}

/* The colon before the port; NULL without one. Those of an IPv6 address are in brackets. */
static const char *find_port(const char *host, const char *end)
{
    const char *bracket =
        host < end && *host == '[' ? memchr(host, ']', (size_t)(end - host)) : NULL;
    const char *from = bracket ? bracket : host;
    return memchr(from, ':', (size_t)(end - from));
}

/* "user:password@host:port" */
static int parse_authority(eddy_span text, struct url_parts *parts)
{
    const char *end = text.data + text.size;
    if (memchr(text.data, '\\', text.size))
        return eddy_fail(EDDY_HTTP_URL, "a backslash stands in \"%.*s\"", shown(text.size),
                         text.data);
    const char *at = memrchr(text.data, '@', text.size);
    const char *host = at ? at + 1 : text.data;
    if (at && at > text.data && !(at == text.data + 1 && *text.data == ':'))
        parts->user_info = (eddy_span){text.data, (size_t)(at - text.data)};
    const char *colon = find_port(host, end);
    const char *host_end = colon ? colon : end;
    if (host == host_end)
        return eddy_fail(EDDY_HTTP_URL, "the URL names no host");
    eddy_span port = {host_end + (colon != NULL), (size_t)(end - host_end) - (colon != NULL)};
    EDDY_TRY(eddy__http_host_parse(host, (size_t)(host_end - host), parts->host));
    return parse_port(port, parts);
}

/* Copies scheme, user, host and port from `base`. */
static void copy_authority(const eddy_http_url *base, struct url_parts *parts)
{
    parts->is_https = strcmp(base->scheme, "https") == 0;
    parts->has_port = base->has_port;
    parts->port = base->port;
    parts->user_info = base->user_info;
    strcpy(parts->host, base->host);
}

/* --- The rest --------------------------------------------------------------------------------- */

static void parse_path(struct rest *rest, struct url_parts *parts)
{
    parts->path = take_until(rest, "?#");
    parts->query = take_marked(rest, '?', "#");
    parts->fragment = take_marked(rest, '#', "");
}

static int finish(const struct url_parts *parts, eddy_http_url **out_url)
{
    eddy_http_url *url = eddy__http_url_write(parts);
    if (!url)
        return -ENOMEM;
    *out_url = url;
    return 0;
}

/* --- Absolute URLs ---------------------------------------------------------------------------- */

static int parse_absolute(struct rest *rest, struct url_parts *parts)
{
    const struct rest whole = *rest;
    size_t size = scheme_size(rest);
    bool is_ours = scheme_is(rest, size, "http") || scheme_is(rest, size, "https");
    // "localhost:8080/x" and "example.org:80" lack their scheme.
    if (!is_ours && (size == 0 || left(rest) < size + 3 || memcmp(rest->at + size, "://", 3) != 0))
        return eddy_fail(EDDY_HTTP_URL, "\"%.*s\" is not absolute: no http:// or https://",
                         shown(left(rest)), rest->at);
    EDDY_TRY(take_scheme(rest, size, &parts->is_https));
    size_t slashes = 0;
    while (slashes < left(rest) && is_slash(rest->at[slashes]))
        slashes++;
    if (slashes < 2 || rest->at[0] != '/' || rest->at[1] != '/')
        return eddy_fail(EDDY_HTTP_URL, "\"%.*s\" has no // after its scheme", shown(left(&whole)),
                         whole.at);
    rest->at += 2;
    EDDY_TRY(parse_authority(take_until(rest, "/?#"), parts));
    parse_path(rest, parts);
    return 0;
}

int eddy_http_url_parse(const char *text, size_t size, unsigned flags, eddy_http_url **out_url)
{
    if (text == NULL || out_url == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_url_parse: text and result must be given");
    struct rest rest = {text, text + size};
    struct url_parts parts = {.removes_dots = !(flags & EDDY_HTTP_URL_PATH_AS_IS)};
    EDDY_TRY(begin(&rest));
    EDDY_TRY(parse_absolute(&rest, &parts));
    return finish(&parts, out_url);
}

/* --- References ------------------------------------------------------------------------------- */

/* Parses the text after any number of slashes: another host. */
static int parse_other_host(struct rest *rest, struct url_parts *parts)
{
    while (rest->at < rest->end && is_slash(*rest->at))
        rest->at++;
    parts->user_info = (eddy_span){NULL, 0};
    EDDY_TRY(parse_authority(take_until(rest, "/\\?#"), parts));
    parse_path(rest, parts);
    return 0;
}

/* The base's path up to and including its last slash. */
static eddy_span folder_of(const eddy_http_url *base)
{
    const char *slash = memrchr(base->path.data, '/', base->path.size);
    return (eddy_span){base->path.data, (size_t)(slash - base->path.data) + 1};
}

/* Parses a reference without a host: "/path", "path", "?query", "#fragment". */
static void parse_relative(const eddy_http_url *base, struct rest *rest, struct url_parts *parts)
{
    bool is_absolute = rest->at < rest->end && is_slash(*rest->at);
    parse_path(rest, parts);
    if (is_absolute)
        return;
    if (parts->path.size > 0) {
        parts->folder = folder_of(base);
        parts->removes_dots = true;
        return;
    }
    parts->path = base->path;
    parts->is_reference = parts->removes_dots = false;    // the base's path is kept unchanged
    if (!parts->query.data)
        parts->query = base->query;
}

static int parse_reference(const eddy_http_url *base, struct rest *rest, struct url_parts *parts)
{
    size_t size = scheme_size(rest);
    copy_authority(base, parts);
    if (size > 0) {
        bool was_https = parts->is_https;
        EDDY_TRY(take_scheme(rest, size, &parts->is_https));
        if (parts->is_https != was_https)
            return parse_other_host(rest, parts);
    }
    if (left(rest) >= 2 && is_slash(rest->at[0]) && is_slash(rest->at[1]))
        return parse_other_host(rest, parts);
    parse_relative(base, rest, parts);
    return 0;
}

int eddy_http_url_resolve(const eddy_http_url *base, const char *reference, size_t size,
                          unsigned flags, eddy_http_url **out_url)
{
    if (base == NULL || reference == NULL || out_url == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_url_resolve: base, reference and result must be given");
    struct rest rest = {reference, reference + size};
    struct url_parts parts = {
        .is_reference = true,
        .removes_dots = !(flags & EDDY_HTTP_URL_PATH_AS_IS),
    };
    EDDY_TRY(begin(&rest));
    EDDY_TRY(parse_reference(base, &rest, &parts));
    if (!parts.fragment.data && (flags & EDDY_HTTP_URL_KEEP_FRAGMENT))
        parts.fragment = base->fragment;
    return finish(&parts, out_url);
}

/* --- Percent-encoding ------------------------------------------------------------------------- */

int eddy__http_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t eddy__http_percent_decode(const char *text, size_t size, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        int high = -1, low = -1;
        if (text[i] == '%' && size - i > 2) {
            high = eddy__http_hex_digit(text[i + 1]);
            low = eddy__http_hex_digit(text[i + 2]);
        }
        bool is_escape = high >= 0 && low >= 0;
        to[length++] = is_escape ? (char)(high * 16 + low) : text[i];
        i += is_escape ? 2 : 0;
    }
    return length;
}

/* --- The rest of the API ---------------------------------------------------------------------- */

bool eddy_http_url_same_origin(const eddy_http_url *a, const eddy_http_url *b)
{
    return a != NULL && b != NULL && strcmp(a->origin, b->origin) == 0;
}

void eddy_http_url_free(eddy_http_url *url)
{
    eddy_free(url);
}
