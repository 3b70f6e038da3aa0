/* SPDX-License-Identifier: MIT */
/*
 * session_cookies.h: the cookies that servers have set, and those that go with a request.
 */
#ifndef EDDY_HTTP_SESSION_COOKIES_H
#define EDDY_HTTP_SESSION_COOKIES_H

#include "session.h"

/* An empty jar; NULL without memory. */
struct http_cookies *eddy__http_cookies_new(void);
void eddy__http_cookies_free(struct http_cookies *cookies);

/*
 * Takes the value of a Set-Cookie field that `authority` sent in answer to a request for `path`
 * (from '/' on, a query is ignored), at `now`, in seconds since 1970. What breaks the rules is
 * dropped silently, as browsers do. 0 or -ENOMEM.
 */
int eddy__http_cookies_set(struct http_cookies *cookies, const struct http_authority *authority,
                           const char *path, const char *value, int64_t now);

/*
 * The value of the Cookie field for a request, to be freed; NULL when there is none, or no memory.
 */
char *eddy__http_cookies_get(struct http_cookies *cookies, const struct http_authority *authority,
                             const char *path, int64_t now);

bool eddy__http_cookies_are_empty(const struct http_cookies *cookies);

#endif
