/* SPDX-License-Identifier: MIT */
/*
 * cookie_offer.h: parses and checks a Set-Cookie field (RFC 6265, and 6265bis for browsers'
 * additions).
 *
 *     cookie_offer.c      parses the field: name, value, attributes
 *     cookie_date.c       parses the date of Expires
 *     cookie_rules.c      checks which domains and prefixes a server may use
 *     session_cookies.c   the jar
 */
#ifndef EDDY_HTTP_COOKIE_OFFER_H
#define EDDY_HTTP_COOKIE_OFFER_H

#include <eddy/http_url.h>

enum { COOKIE_DOMAIN_MAX = 256 };    // bytes of a domain, with the terminating zero

/* Spans are parts of the field's value. */
struct cookie_offer {
    eddy_span name, value, domain, path;
    int64_t expires;    // seconds since 1970; INT64_MAX: with the session
    bool has_max_age, is_secure;
};

/* Parses a field's value at the time `now`. False if it is not a cookie that can be kept. */
bool eddy__http_cookie_parse(const char *text, int64_t now, struct cookie_offer *out_offer);

/*
 * Parses a date, in any form that RFC 6265, 5.1.1 accepts, into seconds since 1970.
 * Returns 0 or -EINVAL.
 */
int eddy__http_cookie_date(const char *text, size_t size, int64_t *out_unix);

/*
 * Checks whether the server of `url` may set the cookie. Stores the cookie's domain, and whether it
 * is for that host only.
 */
bool eddy__http_cookie_is_allowed(const struct cookie_offer *offer, const eddy_http_url *url,
                                  char domain[COOKIE_DOMAIN_MAX], bool *out_is_host_only);

/* Whether Secure cookies may be set by and sent to that URL: https, and this machine. */
bool eddy__http_cookie_is_safe(const eddy_http_url *url);

/* Whether `host` is `domain` or a subdomain of it. */
bool eddy__http_cookie_domain_contains(const char *domain, const char *host);

/*
 * Returns the registered domain of `host`: "example.co.uk" of "a.example.co.uk". The host
 * itself if it is an address, a public suffix or a single label.
 */
const char *eddy__http_cookie_site(const char *host);

#endif
