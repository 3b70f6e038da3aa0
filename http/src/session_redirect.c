/* SPDX-License-Identifier: MIT */
/*
 * session_redirect.c: detects redirects, and makes the request for the target.
 *
 * 301, 302, 303, 307 and 308 with a Location that is not empty are redirects. The Location is read
 * as in browsers; if it has no fragment, the previous URL's is kept (RFC 9110, 10.2.2).
 *
 * The body of a redirect that is followed is ignored: it is neither decoded nor limited, and its
 * errors are ignored. Up to DISCARD_MAX bytes of it are read within DISCARD_SECONDS, so that the
 * connection can be used again; beyond that the connection is closed.
 */
#include "session_exchange.h"

#include <stdio.h>
#include <string.h>

#include "session_origin.h"

enum { DISCARD_MAX = 64 * 1024 };
#define DISCARD_SECONDS 1.0

/* --- Responses -------------------------------------------------------------------------------- */

const char *eddy__http_response_location(const eddy_http_response *response)
{
    if (!response->follows_redirects)
        return NULL;
    switch (response->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: break;
    default: return NULL;
    }
    const char *location = eddy_http_response_header(response, "Location");
    return location && location[strspn(location, " \t")] != '\0' ? location : NULL;
}

void eddy__http_response_begin_discarding(eddy_http_response *response)
{
    response->is_discarded = true;
    response->discard_until = eddy_time() + DISCARD_SECONDS;
    if (response->read_timeout > DISCARD_SECONDS)
        response->read_timeout = DISCARD_SECONDS;
}

int eddy__http_response_discard(eddy_http_response *response, size_t size)
{
    response->body_total += size;
    bool goes_on = response->body_total <= DISCARD_MAX && eddy_time() <= response->discard_until;
    return goes_on ? 0 : EDDY_HTTP_TOO_LARGE;
}

/* --- Requests --------------------------------------------------------------------------------- */

/* Sets the method and body of the next request, as browsers do. */
static int change_method(struct exchange *x)
{
    static const char *const of_a_body[] = {"Content-Type", "Content-Encoding", "Content-Language",
                                            "Content-Location", NULL};
    int status = x->response->status;
    bool is_post = strcmp(x->request.method, "POST") == 0;
    bool is_get = strcmp(x->request.method, "GET") == 0 || strcmp(x->request.method, "HEAD") == 0;
    if (!(status == 303 && !is_get) && !((status == 301 || status == 302) && is_post))
        return 0;
    x->request.method = "GET";
    x->request.body = (eddy_span){NULL, 0};
    x->request.has_body = false;
    return eddy__http_fields_remove(&x->fields, of_a_body);
}

static int failed(int status, const char *location)
{
    char text[400];
    if (status != EDDY_HTTP_URL && status != EDDY_HTTP_UNSUPPORTED)
        return status;
    const char *message = eddy_error_message(eddy_error_get(status));
    snprintf(text, sizeof text, "%s", message ? message : eddy_strerror(status));
    return eddy_fail(status, "it redirects to \"%.256s\": %s", location, text);
}

int eddy__http_redirect_follow(struct exchange *x, const char *location)
{
    eddy_http_response *response = x->response;
    if (response->redirect_count >= x->redirects_max)
        return eddy_fail(EDDY_HTTP_TOO_MANY_REDIRECTS, "more than %d redirects", x->redirects_max);
    unsigned flags = EDDY_HTTP_URL_KEEP_FRAGMENT;
    flags |= x->session->path_as_is ? EDDY_HTTP_URL_PATH_AS_IS : 0;
    eddy_http_url *url;
    struct http_origin *origin;
    int rc = eddy_http_url_resolve(response->url, location, strlen(location), flags, &url);
    if (rc < 0)
        return failed(rc, location);
    rc = eddy__http_origin_find(x->session, url, &origin);
    if (rc < 0) {
        eddy_http_url_free(url);
        return rc;
    }
    bool is_same_origin = origin == response->origin;
    rc = change_method(x);
    eddy__http_exchange_close(response);
    eddy__http_response_clear(response);
    eddy_http_url_free(response->url);
    response->url = url;
    response->origin = origin;
    response->read_timeout = x->timeout.read;
    response->redirect_count++;
    return rc < 0 ? rc : eddy__http_secrets_move(x, is_same_origin);
}
