/* SPDX-License-Identifier: MIT */
/*
 * preflight.c: checks the machine and the environment before the first request.
 *
 * An error that would make every request fail is reported once here, not in the row of each URL.
 *
 * Owns nothing. Called by the fetch command.
 */
#include "preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include <eddy/http_url.h>
#include <eddy/tls.h>

#include "complaint.h"

enum {
    // For the loop, the target and its journal, name look-ups on threads, a list, the terminal.
    DESCRIPTORS_RESERVED = 16,
    DESCRIPTORS_LEAST = 7,    // with fewer, no request can be made or no target opened
    DESCRIPTORS_PLENTY = 1024,
};

static size_t count_open(size_t limit)
{
    size_t count = 0;
    for (size_t fd = 0; fd < limit; fd++)
        count += fcntl((int)fd, F_GETFD) >= 0;
    return count;
}

size_t preflight_descriptors(size_t wanted, size_t *out_limit)
{
    struct rlimit limit;
    *out_limit = 0;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return wanted;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return wanted;
    if (limit.rlim_cur >= wanted + DESCRIPTORS_PLENTY)
        return wanted;
    *out_limit = (size_t)limit.rlim_cur;
    size_t left = *out_limit - count_open(*out_limit);
    if (left < DESCRIPTORS_LEAST)
        return 0;
    left = left > DESCRIPTORS_RESERVED ? left - DESCRIPTORS_RESERVED : 1;
    return left < wanted ? left : wanted;
}

int preflight_cacert(const char *path, struct complaint *complaint)
{
    const char *source = path != NULL ? "--cacert" : "SSL_CERT_FILE";
    if (path == NULL)
        path = getenv(source);
    if (path == NULL || *path == '\0')
        return 0;
    EDDY_AUTO(eddy_tls_context) *context = NULL;
    int rc = eddy_tls_context_new(&(eddy_tls_context_options){.cafile = path}, &context);
    if (rc == 0)
        return 0;
    if (rc == -ENOMEM)
        return complain(complaint, rc, 0, "there is not enough memory");
    if (rc == EDDY_TLS_FAILED)
        return complain(complaint, rc, 0,
                        "%s: %.200s has no certificate in it; it must hold PEM, from -----BEGIN "
                        "CERTIFICATE----- on",
                        source, path);
    return complain(complaint, rc, 0, "%s: the certificates in %.200s can't be read: %s", source,
                    path, eddy_strerror(rc));
}

/* Whether libcurl accepts it: a known scheme or none, and a host, perhaps with user and port. */
static bool is_proxy(const char *value)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    const char *slashes = strstr(value, "://");
    const char *rest = slashes != NULL ? slashes + 3 : value;
    bool is_known = slashes == NULL && strstr(value, ":/") == NULL;
    for (size_t i = 0; slashes != NULL && i < sizeof schemes / sizeof *schemes; i++)
        if (strlen(schemes[i]) == (size_t)(slashes - value) &&
            strncasecmp(value, schemes[i], strlen(schemes[i])) == 0)
            is_known = true;
    char text[1024];
    int size = snprintf(text, sizeof text, "http://%s", rest);
    if (!is_known || size < 0 || (size_t)size >= sizeof text)
        return false;
    EDDY_AUTO(eddy_http_url) *url = NULL;
    return eddy_http_url_parse(text, (size_t)size, 0, &url) == 0;
}

int preflight_proxies(struct complaint *complaint)
{
    // The names that http/src/session_proxy.c reads: HTTP_PROXY may be a header in a CGI program.
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || *value == '\0' || is_proxy(value))
            continue;
        const char *at = strrchr(value, '@');    // the text before it may be a password
        return complain(
            complaint, -EINVAL, 0,
            "the variable %s is no proxy: '%.100s'; set it to http://HOST:PORT, or unset "
            "it",
            names[i], at != NULL ? at + 1 : value);
    }
    return 0;
}
