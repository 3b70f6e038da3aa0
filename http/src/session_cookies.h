/* SPDX-License-Identifier: MIT */
/*
 * session_cookies.h: the cookie jar of a session.
 */
#ifndef EDDY_HTTP_SESSION_COOKIES_H
#define EDDY_HTTP_SESSION_COOKIES_H

#include <eddy/http_url.h>

struct http_cookies;

/* Creates an empty jar; NULL if memory is out. */
struct http_cookies *eddy__http_cookies_new(void);
void eddy__http_cookies_free(struct http_cookies *cookies);

/*
 * Takes the value of a Set-Cookie field in the answer to a request for `url`, at `now`, in seconds
 * since 1970. A cookie that breaks the rules is dropped silently, as in browsers. Returns 1 if the
 * cookie was stored (or deleted, as the field asked), 0 if it was dropped, or -ENOMEM.
 */
int eddy__http_cookies_set(struct http_cookies *cookies, const eddy_http_url *url,
                           const char *value, int64_t now);

/*
 * Makes the value of the Cookie field for a request to `url`: `own` (NULL: none), the caller's
 * cookies as "a=b; c=d", and then those of the jar whose names are not among them. Stores a text
 * for eddy_free(), or NULL if there are none. Returns 0 or -ENOMEM.
 */
int eddy__http_cookies_get(struct http_cookies *cookies, const eddy_http_url *url, const char *own,
                           int64_t now, char **out_value);

bool eddy__http_cookies_are_empty(const struct http_cookies *cookies);

/* Finds the cookie `name` in "a=b; c=d", from its name to its end; data is NULL if none. */
eddy_span eddy__http_cookie_find(const char *cookies, eddy_span name);

#endif
