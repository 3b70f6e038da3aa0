/* SPDX-License-Identifier: MIT */
/*
 * mock_match.c: matches URLs against patterns.
 *
 * Both sides are parsed as URLs, so that "http://Service.test:80" declares the answer to
 * "http://service.test/". User and fragment are dropped. A pattern with a '*' before its path is no
 * URL, and is used as written.
 */
#include <eddy/alloc.h>

#include "mock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "session_origin.h"

/* Whether there is a star before the path: then the pattern is no URL. */
static bool has_early_star(const char *url)
{
    const char *host = strstr(url, "://");
    size_t size = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#\\") : strlen(url);
    return memchr(url, '*', size) != NULL;
}

int eddy__http_mock_normalise(const char *url, char **out_pattern)
{
    EDDY_AUTO(eddy_http_url) *parsed = NULL;
    const char *origin = "";
    eddy_span rest = {url, strcspn(url, "#")};
    if (!has_early_star(url)) {
        EDDY_TRY(eddy_http_url_parse(url, strlen(url), 0, &parsed));
        origin = parsed->origin;
        rest = parsed->target;
    }
    size_t size = strlen(origin) + rest.size + 1;
    char *pattern = eddy_malloc(size);
    if (!pattern)
        return -ENOMEM;
    snprintf(pattern, size, "%s%.*s", origin, (int)rest.size, rest.data);
    *out_pattern = pattern;
    return 0;
}

/* A text in pieces, read as one. */
struct cursor {
    eddy_span parts[2];
    size_t part, offset;
};

/* The next byte, or -1 at the end. */
static int peek(struct cursor *cursor)
{
    while (cursor->part < 2 && cursor->offset == cursor->parts[cursor->part].size) {
        cursor->part++;
        cursor->offset = 0;
    }
    return cursor->part < 2 ? (unsigned char)cursor->parts[cursor->part].data[cursor->offset] : -1;
}

/* On a mismatch, goes back to the last star, which then takes one byte more. */
bool eddy__http_mock_matches(const char *pattern, const char *origin, eddy_span target)
{
    struct cursor at = {.parts = {{origin, strlen(origin)}, target}};
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
