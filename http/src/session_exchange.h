/* SPDX-License-Identifier: MIT */
/*
 * session_exchange.h: the state of one eddy_http_session_request() call, kept across redirects.
 */
#ifndef EDDY_HTTP_SESSION_EXCHANGE_H
#define EDDY_HTTP_SESSION_EXCHANGE_H

#include "session.h"

/* Lies on the frame of the call. */
struct exchange {
    eddy_http_session *session;
    eddy_http_response *response;
    struct http_request request;
    struct http_fields fields;
    struct http_cookies *cookies;    // the session's jar, or a jar of this call; or NULL
    char *own_cookie;       // the caller's Cookie field, if cookies may be added to it; or NULL
    char *authorization;    // that field's value, from the URL's user and password; or NULL
    eddy_http_timeouts timeout;
    bool has_total;    // the total limit was set, and is not the default
    int redirects_max;
};

/* --- session_secrets.c ------------------------------------------------------------------------ */

/* Copies the caller's Cookie field, and the URL's user and password. 0 or -ENOMEM. */
int eddy__http_secrets_init(struct exchange *x);
void eddy__http_secrets_fini(struct exchange *x);

/*
 * Moves the request to the response's URL after a redirect. Secrets of one origin are dropped
 * unless the origin is the same. 0 or -ENOMEM.
 */
int eddy__http_secrets_move(struct exchange *x, bool is_same_origin);

/* Stores the request's Cookie value, for eddy_free(), or NULL. 0 or -ENOMEM. */
int eddy__http_secrets_cookie(const struct exchange *x, char **out_cookie);

/* Stores the cookies of the response, which is a redirect or ends the call. */
void eddy__http_secrets_keep(struct exchange *x, bool is_redirect);

/* --- session_redirect.c ----------------------------------------------------------------------- */

/* Changes the request to the one for the redirect's target. 0 or an error with a message. */
int eddy__http_redirect_follow(struct exchange *x, const char *location);

#endif
