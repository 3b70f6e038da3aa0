/* SPDX-License-Identifier: MIT */
/*
 * session.c: creates sessions from options and defaults, and destroys them.
 *
 * A session belongs to the loop that ran when it was created. It is destroyed when its owner has
 * freed it and no response or lookup needs it. session_request.c does the rest.
 */
#include <eddy/alloc.h>

#include "session.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "decode.h"
#include "errors.h"
#include "session_cookies.h"
#include "session_loop.h"
#include "session_origin.h"

enum { CONNECTIONS_MAX = 100, REDIRECTS_MAX = 10 };

char *eddy__http_copy(const char *text, int *err)
{
    if (!text)
        return NULL;
    char *copy = eddy_strdup(text);
    if (!copy)
        *err = -ENOMEM;
    return copy;
}

eddy_http_session *eddy__http_session_ref(eddy_http_session *session)
{
    session->refs++;
    return session;
}

static void destroy(eddy_http_session *session)
{
    eddy__http_loop_leave(session);
    for (size_t i = 0; i < HTTP_TRANSPORT_COUNT; i++)
        if (session->transports[i])
            session->transports[i]->detach(session);
    while (session->spare_responses) {
        eddy_http_response *response = session->spare_responses;
        session->spare_responses = response->next_free;
        eddy__http_response_destroy(response);
    }
    eddy__http_origins_fini(session);
    eddy__http_cookies_free(session->cookies);
    eddy__http_fields_fini(&session->fields);
    eddy_http_url_free(session->base_url);
    eddy_free(session->proxy);
    eddy_free(session->cacert);
    eddy_free(session);
}

void eddy__http_session_unref(eddy_http_session *session)
{
    if (--session->refs == 0)
        destroy(session);
}

void eddy_http_session_free(eddy_http_session *session)
{
    if (!session)
        return;
    eddy_note_closed(session->open_note);
    session->open_note = NULL;
    eddy__http_session_unref(session);
}

int eddy__http_session_attach(eddy_http_session *session, const struct http_transport *transport)
{
    if (session->transports[transport->index])
        return 0;
    EDDY_TRY(transport->attach(session));
    session->transports[transport->index] = transport;
    return 0;
}

int64_t eddy__http_session_date(const eddy_http_session *session)
{
    return session->made_date + (int64_t)(eddy_time() - session->made_at);
}

static bool is_limit(double seconds)
{
    return seconds >= 0.0;    // false for a NaN
}

static int check(const eddy_http_session_options *options)
{
    const eddy_http_timeouts *limit = &options->timeout;
    if (!is_limit(limit->total) || !is_limit(limit->connect) || !is_limit(limit->read) ||
        !is_limit(limit->queue))
        return eddy_fail(EDDY_EVALUE, "a limit on time is negative or not a number");
    if (options->redirects_max < -1)
        return eddy_fail(EDDY_EVALUE, "redirects_max is %d", options->redirects_max);
    if ((unsigned)options->cookies > EDDY_HTTP_COOKIES_NONE)
        return eddy_fail(EDDY_EVALUE, "cookies is %d", (int)options->cookies);
    return 0;
}

/* Sets the numbers; those whose default depends on the request stay 0. */
static void set_limits(eddy_http_session *session, const eddy_http_session_options *options)
{
    session->timeout = options->timeout;
    session->connections_max = options->connections_max;
    if (session->connections_max == 0)
        session->connections_max = CONNECTIONS_MAX;
    session->connections_per_host_max = options->connections_per_host_max;
    session->redirects_max = options->redirects_max ? options->redirects_max : REDIRECTS_MAX;
    session->body_max = options->body_max;
    session->prefers_libcurl = options->libcurl;
    session->is_insecure = options->insecure;
    session->refuses_compression = options->no_compression;
    session->refuses_http2 = options->no_http2;
    session->raises_for_status = options->raise_for_status;
    session->path_as_is = options->path_as_is;
    session->slots = (eddy_semaphore)EDDY_SEMAPHORE(session->connections_max);
}

/* Copies the strings and fields, parses the base URL, and creates the cookie jar. */
static int set_texts(eddy_http_session *session, const eddy_http_session_options *options)
{
    int err = 0;
    if (options->base_url)
        EDDY_TRY(eddy_http_url_parse(options->base_url, strlen(options->base_url), 0,
                                     &session->base_url));
    session->proxy = eddy__http_copy(options->proxy, &err);
    session->cacert = eddy__http_copy(options->cacert, &err);
    if (err < 0)
        return err;
    session->cookie_policy = options->cookies;
    if (options->cookies == EDDY_HTTP_COOKIES_KEPT) {
        session->cookies = eddy__http_cookies_new();
        if (!session->cookies)
            return -ENOMEM;
    }
    const char *agent = options->user_agent ? options->user_agent : "eddy/" EDDY_VERSION;
    return eddy__http_fields_copy(&session->fields, agent,
                                  options->no_compression ? NULL : HTTP_ACCEPT_ENCODING,
                                  options->headers);
}

int eddy_http_session_new(const eddy_http_session_options *options, eddy_http_session **out_session)
{
    static const eddy_http_session_options defaults;
    eddy__http_errors_register();
    if (!options)
        options = &defaults;
    if (!eddy_get_running_loop())
        return eddy_fail(EDDY_EMISUSE, "eddy_http_session_new: no loop runs on this thread");
    EDDY_TRY(check(options));
    eddy_http_session *session = eddy_calloc(1, sizeof *session);
    if (!session)
        return -ENOMEM;
    session->refs = 1;
    session->loop = eddy_get_running_loop();
    set_limits(session, options);
    session->made_at = eddy_time();
    session->made_date = time(NULL);
    int err = set_texts(session, options);
    if (err == 0)
        err = eddy__http_loop_enter(session);
    if (err < 0) {
        destroy(session);
        return err;
    }
    session->open_note = eddy_note_open("an HTTP session");
    *out_session = session;
    return 0;
}
