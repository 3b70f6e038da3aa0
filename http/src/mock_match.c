/* SPDX-License-Identifier: MIT */
/*
 * mock_match.c: URLs, patterns, and which of them match.
 *
 * Both sides are brought into one way of writing, so that "http://Service.test:80" declares the
 * answer to "http://service.test/": scheme and host in lower case, no default port, "/" for no
 * path, no fragment. A request's origin has been written that way already. A pattern with a '*'
 * before its path is taken as it stands there.
 */
#include <eddy/alloc.h>

#include "mock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "session_origin.h"

/* What comes after scheme, host and port: spans of `url`. The fragment is none of it. */
static eddy_span rest_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *rest = host ? host + 3 + strcspn(host + 3, "/?#\\") : url;
    return (eddy_span){rest, strcspn(rest, "#")};
}

static const char *slash_before(eddy_span rest)
{
    return rest.size == 0 || rest.data[0] == '?' ? "/" : "";
}

int eddy__http_mock_normalise(const char *url, char **out_pattern)
{
    eddy_span rest = rest_of(url);
    bool is_taken_as_it_is = memchr(url, '*', (size_t)(rest.data - url)) != NULL ||
                             (rest.data == url && strchr(url, '*') != NULL);
    char origin[HTTP_ORIGIN_TEXT_MAX] = "";
    if (!is_taken_as_it_is) {
        struct http_authority authority;
        char begin[HTTP_ORIGIN_TEXT_MAX + 512];    // a user and password may stand there
        snprintf(begin, sizeof begin, "%.*s", (int)(rest.data - url), url);
        EDDY_TRY(eddy__http_url_split(begin, &authority));
        eddy__http_origin_write(&authority, origin);
    }
    const char *from = is_taken_as_it_is ? url : rest.data;
    const char *slash = is_taken_as_it_is ? "" : slash_before(rest);
    size_t size = (size_t)(rest.data + rest.size - from);
    size_t room = strlen(origin) + size + 2;
    char *pattern = eddy_malloc(room);
    if (!pattern)
        return -ENOMEM;
    snprintf(pattern, room, "%s%s%.*s", origin, slash, (int)size, from);
    *out_pattern = pattern;
    return 0;
}

/* A text in pieces, read as one. */
struct cursor {
    eddy_span parts[3];
    size_t part, offset;
};

/* The next byte, or -1 at the end. */
static int peek(struct cursor *cursor)
{
    while (cursor->part < 3 && cursor->offset == cursor->parts[cursor->part].size) {
        cursor->part++;
        cursor->offset = 0;
    }
    return cursor->part < 3 ? (unsigned char)cursor->parts[cursor->part].data[cursor->offset] : -1;
}

static eddy_span span_of(const char *text)
{
    return (eddy_span){text, strlen(text)};
}

/* Goes on after the last star when something does not match: it takes one byte more. */
bool eddy__http_mock_matches(const char *pattern, const char *origin, const char *url)
{
    eddy_span rest = rest_of(url);
    struct cursor at = {.parts = {span_of(origin), span_of(slash_before(rest)), rest}};
    struct cursor after_star = at;
    const char *star = NULL;
    for (;;) {
        int byte = peek(&at);
        if (*pattern == '*') {
            star = ++pattern;
            after_star = at;
        } else if (byte >= 0 && (unsigned char)*pattern == byte) {
            pattern++;
            at.offset++;
        } else if (byte < 0 && *pattern == '\0') {
            return true;
        } else if (star && peek(&after_star) >= 0) {
            after_star.offset++;
            at = after_star;
            pattern = star;
        } else {
            return false;
        }
    }
}
