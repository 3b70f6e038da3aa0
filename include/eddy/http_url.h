/* SPDX-License-Identifier: MIT */
/*
 * http_url.h: http and https URLs, parsed once into their parts.
 *
 *     EDDY_AUTO(eddy_http_url) *url = NULL;
 *     EDDY_TRY(eddy_http_url_parse(text, strlen(text), 0, &url));
 *     printf("%s port %d asks for %.*s\n", url->host, url->port, (int)url->target.size,
 *            url->target.data);
 *
 * The client parses each URL with these functions and then uses the parts only: for its own
 * transport, for libcurl, for cookies, redirects and limits. No second parser can disagree.
 *
 * What is normalised, once, by the parser:
 *   - Scheme and host are in lower case. The default port is dropped, an empty path is "/".
 *   - A host is an IPv4 address, an IPv6 address in brackets, or a name. Percent-escapes in a host
 *     are decoded. International names become their ASCII form: IDNA 2008 after the mapping of
 *     UTS 46, non-transitional, as in browsers, whatever the locale; symbols are taken as well. A
 *     host whose last label is a number must be an IPv4 address; "127.1" and "0x7f000001" are read
 *     as browsers read them.
 *   - Literal "." and ".." segments of the path are removed (RFC 3986, 5.2.4), as curl does, unless
 *     EDDY_HTTP_URL_PATH_AS_IS is given. "%2e" is no dot.
 *   - Spaces at both ends are dropped.
 *
 * Otherwise the path and query sent are those written. "%2F", "%3a", "%7e", "[", "|", "//", a lone
 * "%", a trailing "?" stay as they are: signatures cover them. Only what cannot be sent is escaped:
 * a space, '"', '<', '>' and bytes above 0x7E, each as "%XX". Control bytes are refused anywhere.
 * So every part is printable ASCII without spaces.
 */
#ifndef EDDY_HTTP_URL_H
#define EDDY_HTTP_URL_H

#include <eddy/http_error.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* A parsed URL. Strings and spans are valid until it is freed; nothing in it changes. */
typedef struct eddy_http_url {
    const char *text;    /* the whole URL, normalised, fragment included */
    const char *origin;  /* "https://example.org", "http://[::1]:8080": equal for equal origins */
    const char *scheme;  /* "http" or "https" */
    const char *host;    /* "example.org", "127.0.0.1", "::1", "fe80::1%eth0" */
    int port;            /* 1 to 65535; the scheme's default unless one is written */
    bool has_port;       /* a port is written, be it the default */
    eddy_span user_info; /* "user:password" as written; data is NULL if there is none */
    eddy_span target;    /* what a request sends: "/people?page=2" */
    eddy_span path;      /* of the target: "/people"; begins with '/' */
    eddy_span query;     /* of the target: "page=2"; data is NULL without a '?' */
    eddy_span fragment;  /* never sent: what follows '#'; data is NULL without a '#' */
} eddy_http_url;

/* Flags of the functions below; 0 for none. */
enum {
    EDDY_HTTP_URL_PATH_AS_IS = 1,    /* keep "." and ".." segments (curl's --path-as-is) */
    EDDY_HTTP_URL_KEEP_FRAGMENT = 2, /* a reference without a fragment gets the base's */
};

/*
 * Parses `size` bytes of `text`, an absolute URL: "http:" or "https:", two slashes, a host. What is
 * written otherwise ("http:/h", "http:///h", a backslash before the path, an empty host, a port
 * that is none) is refused. `text` is borrowed and needs no terminating zero.
 *
 * Returns 0 and a URL for eddy_http_url_free(), or
 *   EDDY_HTTP_URL          not an absolute URL, or malformed; the message says where,
 *   EDDY_HTTP_UNSUPPORTED  a URL of another scheme,
 *   -ENOMEM.
 * Never suspends. Any thread.
 */
EDDY_API EDDY_CHECKED int eddy_http_url_parse(const char *text, size_t size, unsigned flags,
                                              eddy_http_url **out_url);

/*
 * Resolves a reference against `base`: a Location header, a link of a page. Follows the WHATWG URL
 * standard, as browsers do: "//host/x" names another host; "///host", "/\host" and "\\host" do
 * too, and a backslash before the query is a slash; "http:/x" and "http:x" are relative to a base
 * of the same scheme, and absolute otherwise; "?q" replaces the query and "#f" the fragment. "" is
 * the base without its fragment. A relative reference keeps the base's user and password.
 *
 * With EDDY_HTTP_URL_KEEP_FRAGMENT it is read as the target of a redirect (RFC 9110, 10.2.2).
 *
 * Returns as eddy_http_url_parse().
 */
EDDY_API EDDY_CHECKED int eddy_http_url_resolve(const eddy_http_url *base, const char *reference,
                                                size_t size, unsigned flags,
                                                eddy_http_url **out_url);

/* Whether scheme, host and port are the same. */
EDDY_API bool eddy_http_url_same_origin(const eddy_http_url *a, const eddy_http_url *b);

EDDY_API void eddy_http_url_free(eddy_http_url *url); /* NULL is fine */

EDDY_AUTO_FOR(eddy_http_url, eddy_http_url_free)

EDDY_END_DECLS

#endif
