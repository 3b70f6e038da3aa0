/* SPDX-License-Identifier: MIT */
/*
 * session_proxy.c: which proxy the environment names.
 *
 * libcurl reads the same variables, but it would then look the proxy's name up on a thread that it
 * waits for; a session has to know beforehand whose name to look up (session_origin.c). The rules
 * are libcurl's: `http_proxy` in lower case only, for in upper case it can be a request header in a
 * CGI program; the others in either case, lower first. Patterns with a prefix length in no_proxy
 * are left to libcurl, which checks the variable once more.
 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *variable(const char *lower, const char *upper)
{
    const char *value = getenv(lower);
    if ((!value || value[0] == '\0') && upper)
        value = getenv(upper);
    return value && value[0] != '\0' ? value : NULL;
}

/* "example.org" and ".example.org" match that host and those below it. */
static bool matches(const char *host, const char *pattern, size_t size)
{
    if (size > 0 && pattern[size - 1] == '.')
        size--;
    if (size > 0 && pattern[0] == '.') {
        pattern++;
        size--;
    }
    size_t length = strlen(host);
    if (length > 0 && host[length - 1] == '.')
        length--;
    if (size == 0 || size > length || strncasecmp(host + length - size, pattern, size) != 0)
        return false;
    return size == length || host[length - size - 1] == '.';
}

static bool is_excepted(const char *host)
{
    static const char separators[] = ", \t";
    const char *at = variable("no_proxy", "NO_PROXY");
    if (!at)
        return false;
    if (strcmp(at, "*") == 0)
        return true;
    for (;;) {
        at += strspn(at, separators);
        size_t size = strcspn(at, separators);
        if (size == 0)
            return false;
        if (matches(host, at, size))
            return true;
        at += size;
    }
}

const char *eddy__http_proxy_for(const struct http_authority *authority)
{
    const char *proxy = strcmp(authority->scheme, "https") == 0
                            ? variable("https_proxy", "HTTPS_PROXY")
                            : variable("http_proxy", NULL);
    if (!proxy)
        proxy = variable("all_proxy", "ALL_PROXY");
    return proxy && !is_excepted(authority->host) ? proxy : NULL;
}
