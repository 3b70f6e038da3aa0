/* SPDX-License-Identifier: MIT */
/*
 * session_request.c: one request, from the call to the response.
 *
 *     slots  -->  name looked up  -->  transport: open  -->  cookies kept  -->  response
 *       ^                                                         |
 *       +----------- slots given back, the next URL <-- redirect -+
 *
 * Invariants:
 *   - The host's slot is taken before the session's. So a busy host delays only its own requests,
 *     and a request that holds a session slot waits only for the network. A redirect releases both
 *     slots before it takes the next ones; otherwise two requests could deadlock.
 *   - Waiting for slots never counts against a limit: the deadline is moved by the time it took.
 *   - A response holds its slots as long as its transfer runs: a whole one until it has arrived, a
 *     streamed one until its end has been read, or it is freed.
 *   - On every error, cancellation included, the response is freed, which closes its exchange and
 *     releases its slots. There is one exit path.
 */
#include "session.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <eddy/alloc.h>
#include <eddy/task.h>
#include <eddy/timeout.h>

#include "mock.h"
#include "session_exchange.h"
#include "session_loop.h"
#include "session_origin.h"

/* Default time limits, in seconds, and default size limit of a whole body, in bytes. */
#define TOTAL_SECONDS   300.0
#define CONNECT_SECONDS 30.0
#define READ_SECONDS    60.0
#define BODY_MAX        ((size_t)64 * 1024 * 1024)

enum { URL_SHOWN_MAX = 512 };    // bytes of a URL's path and query in messages

/* --- Closing ---------------------------------------------------------------------------------- */

static void give_slots_back(eddy_http_response *response)
{
    if (!response->has_slots)
        return;
    response->has_slots = false;
    eddy_semaphore_release(&response->session->slots);
    if (response->session->connections_per_host_max > 0)
        eddy_semaphore_release(&response->origin->slots);
}

void eddy__http_exchange_close(eddy_http_response *response)
{
    if (response->is_open) {
        response->is_open = false;
        response->transport->close(response);
    }
    give_slots_back(response);
    if (response->origin) {
        eddy__http_origin_unref(response->origin);
        response->origin = NULL;
    }
}

/* --- Errors ----------------------------------------------------------------------------------- */

/*
 * Sets the error again with the URL, without user, password and fragment, before its message. A
 * cancellation needs no message.
 */
static int tell_url(int status, const eddy_http_url *url)
{
    if (status == EDDY_CANCELLED || !url)
        return status;
    char text[512];
    const char *message = eddy_error_message(eddy_error_get(status));
    snprintf(text, sizeof text, "%s", message ? message : eddy_strerror(status));
    return eddy_fail(status, "%s%.*s: %s", url->origin,
                     url->target.size < URL_SHOWN_MAX ? (int)url->target.size : URL_SHOWN_MAX,
                     url->target.data, text);
}

/* --- Slots ------------------------------------------------------------------------------------ */

static int acquire_slots(eddy_http_response *response)
{
    eddy_http_session *session = response->session;
    struct http_origin *origin = response->origin;
    bool is_limited = session->connections_per_host_max > 0;
    if (is_limited)
        EDDY_TRY(eddy_semaphore_acquire(&origin->slots));
    int rc = eddy_semaphore_acquire(&session->slots);
    if (rc < 0) {
        if (is_limited)
            eddy_semaphore_release(&origin->slots);
        return rc;
    }
    response->has_slots = true;
    return 0;
}

static int queue_for_slots(struct exchange *x)
{
    eddy_http_response *response = x->response;
    double since = eddy_time();
    int rc = isinf(x->timeout.queue) ? acquire_slots(response)
                                     : eddy_within(x->timeout.queue, acquire_slots(response));
    if (rc == EDDY_TIMEDOUT)
        return eddy_fail(rc, "no connection became free within %g s", x->timeout.queue);
    if (rc < 0)
        return rc;
    double now = eddy_time();
    response->timings.queue += now - since;
    if (response->redirect_count == 0) {
        response->began = now;
        response->deadline = now + x->timeout.total;
    } else {
        response->began += now - since;
        response->deadline += now - since;
    }
    return 0;
}

/* --- Sending ---------------------------------------------------------------------------------- */

static const struct http_transport *choose_transport(const eddy_http_response *response)
{
    if (eddy__http_mock_is_for(response))
        return &eddy__http_transport_mock;
    if (response->session->prefers_libcurl || response->origin->needs_libcurl)
        return &eddy__http_transport_curl;
    return &eddy__http_transport_wire;
}

static int open_exchange(struct exchange *x)
{
    struct http_request *request = &x->request;
    eddy_http_response *response = x->response;
    response->transport = choose_transport(response);
    EDDY_TRY(eddy__http_session_attach(x->session, response->transport));
    request->connect_timeout = x->timeout.connect;
    if (!response->transport->looks_up_names)
        EDDY_TRY(eddy__http_origin_resolve(response->origin, &request->connect_timeout));
    return response->transport->open(request, response);
}

static int send_once(struct exchange *x)
{
    struct http_request *request = &x->request;
    eddy_http_response *response = x->response;
    request->url = response->url;
    request->origin = response->origin;
    char *cookie;
    EDDY_TRY(eddy__http_secrets_cookie(x, &cookie));
    request->cookie = cookie;
    int rc;
    do {
        rc = open_exchange(x);
    } while (rc == HTTP_ELSEWHERE);    // the origin then keeps that transport
    eddy_free(cookie);
    if (rc == 0 && !response->is_streamed)
        rc = eddy__http_response_finish(response);
    return eddy__http_response_explain(response, rc);
}

static int send_in_time(struct exchange *x)
{
    if (isinf(x->response->deadline))
        return send_once(x);
    EDDY_TRY(eddy_timeout_at_begin(x->response->deadline));
    int inner = send_once(x);
    int rc = eddy_timeout_end(inner);
    if (rc == EDDY_TIMEDOUT && inner == EDDY_CANCELLED)
        return eddy_fail(rc, "took longer than %g s", x->timeout.total);
    return rc;
}

/* --- Redirects -------------------------------------------------------------------------------- */

/* Whether an error after the head of a redirect prevents the next request. */
static bool ends_call(const eddy_http_response *response, int rc)
{
    return !response->is_discarded || rc == EDDY_CANCELLED || rc == EDDY_EMISUSE || rc == -ENOMEM;
}

static int send_and_follow(struct exchange *x)
{
    for (;;) {
        EDDY_TRY(queue_for_slots(x));
        int rc = send_in_time(x);
        if (rc < 0 && ends_call(x->response, rc))
            return rc;
        const char *location = eddy__http_response_location(x->response);
        eddy__http_secrets_keep(x, location != NULL);
        if (!location)
            return 0;
        EDDY_TRY(eddy__http_redirect_follow(x, location));
    }
}

/* --- The call --------------------------------------------------------------------------------- */

static double choose(double own, double of_session, double otherwise)
{
    return own > 0.0 ? own : of_session > 0.0 ? of_session : otherwise;
}

static int set_limits(struct exchange *x, const eddy_http_request_options *options)
{
    const eddy_http_timeouts *own = &options->timeout, *of_session = &x->session->timeout;
    if (!(own->total >= 0.0 && own->connect >= 0.0 && own->read >= 0.0 && own->queue >= 0.0))
        return eddy_fail(EDDY_EVALUE, "a limit on time is negative or not a number");
    if (options->redirects_max < -1)
        return eddy_fail(EDDY_EVALUE, "redirects_max is %d", options->redirects_max);
    x->has_total = own->total > 0.0 || of_session->total > 0.0;
    x->timeout = (eddy_http_timeouts){
        .total = choose(own->total, of_session->total, TOTAL_SECONDS),
        .connect = choose(own->connect, of_session->connect, CONNECT_SECONDS),
        .read = choose(own->read, of_session->read, READ_SECONDS),
        .queue = choose(own->queue, of_session->queue, EDDY_NO_TIMEOUT),
    };
    x->redirects_max = options->redirects_max ? options->redirects_max : x->session->redirects_max;
    size_t body_max = options->body_max ? options->body_max : x->session->body_max;
    if (body_max == 0)
        body_max = options->stream ? EDDY_HTTP_NO_LIMIT : BODY_MAX;
    x->response->body_max = body_max;
    x->response->read_timeout = x->timeout.read;
    x->response->is_streamed = options->stream;
    x->response->follows_redirects = x->redirects_max >= 0;
    return 0;
}

static bool may_have_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* Whether `text` begins with "http:" or "https:"; a URL without it is relative to the base. */
static bool is_absolute(const char *text)
{
    text += strspn(text, " ");
    return strncasecmp(text, "http:", 5) == 0 || strncasecmp(text, "https:", 6) == 0;
}

static int parse_url(const eddy_http_session *session, const char *text, eddy_http_url **out_url)
{
    unsigned flags = session->path_as_is ? EDDY_HTTP_URL_PATH_AS_IS : 0;
    if (session->base_url && !is_absolute(text))
        return eddy_http_url_resolve(session->base_url, text, strlen(text), flags, out_url);
    if (!is_absolute(text) && !strstr(text, "://"))
        return eddy_fail(EDDY_HTTP_URL, "\"%.512s\" is not absolute, and there is no base_url",
                         text);
    return eddy_http_url_parse(text, strlen(text), flags, out_url);
}

static int prepare(struct exchange *x, const char *method, const char *url,
                   const eddy_http_request_options *options)
{
    eddy_http_response *response = x->response;
    if (!eddy__http_is_token(method))
        return eddy_fail(EDDY_EVALUE, "\"%.64s\" is no method", method ? method : "(null)");
    if (!url)
        return eddy_fail(EDDY_EVALUE, "the URL is NULL");
    EDDY_TRY(set_limits(x, options));
    EDDY_TRY(parse_url(x->session, url, &response->url));
    EDDY_TRY(eddy__http_origin_find(x->session, response->url, &response->origin));
    response->is_bodiless = strcmp(method, "HEAD") == 0;
    x->request.method = method;
    x->request.body = options->body;
    x->request.has_body = options->body.size > 0 || may_have_body(method);
    x->request.fields = &x->fields;
    EDDY_TRY(eddy__http_fields_merge(&x->fields, &x->session->fields, options->headers,
                                     options->body.size > 0));
    return eddy__http_secrets_init(x);
}

static int check_status(const eddy_http_response *response)
{
    if (response->status < 400)
        return 0;
    return eddy_fail(EDDY_HTTP_STATUS, "the server answered %d", response->status);
}

int eddy_http_response_raise_for_status(const eddy_http_response *response)
{
    if (!response)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_response_raise_for_status: the response is NULL");
    int rc = check_status(response);
    return rc < 0 ? tell_url(rc, response->url) : 0;
}

/* Releases a response that is done; a streamed body continues. */
static void settle(struct exchange *x)
{
    eddy_http_response *response = x->response;
    response->timings.total = eddy_time() - response->began;
    if (!response->is_streamed)
        eddy__http_exchange_close(response);
    else if (!x->has_total)
        response->deadline = EDDY_NO_TIMEOUT;
}

int eddy_http_session_request(eddy_http_session *session, const char *method, const char *url,
                              const eddy_http_request_options *options,
                              eddy_http_response **out_response)
{
    static const eddy_http_request_options defaults;
    if (!session || !eddy_current_task() || !eddy__http_loop_is_of(session))
        return eddy_fail(EDDY_EMISUSE, "eddy_http_request: %s",
                         !session ? "the session is NULL"
                                  : "a session is used by tasks of the loop it was made in");
    struct exchange x = {.session = session, .response = eddy__http_response_new(session)};
    if (!x.response)
        return -ENOMEM;
    int rc = prepare(&x, method, url, options ? options : &defaults);
    if (rc == 0)
        rc = send_and_follow(&x);
    if (rc == 0 && session->raises_for_status)
        rc = check_status(x.response);
    eddy__http_secrets_fini(&x);
    eddy__http_fields_fini(&x.fields);
    if (rc < 0) {
        rc = tell_url(rc, x.response->url);
        eddy_http_response_free(x.response);
        return rc;
    }
    settle(&x);
    *out_response = x.response;
    return 0;
}

int eddy_http_session_get(eddy_http_session *session, const char *url,
                          const eddy_http_request_options *options,
                          eddy_http_response **out_response)
{
    return eddy_http_session_request(session, "GET", url, options, out_response);
}

int eddy_http_session_post(eddy_http_session *session, const char *url, eddy_span body,
                           const eddy_http_request_options *options,
                           eddy_http_response **out_response)
{
    eddy_http_request_options with_body = options ? *options : (eddy_http_request_options){0};
    with_body.body = body;
    return eddy_http_session_request(session, "POST", url, &with_body, out_response);
}

/* --- Streamed bodies -------------------------------------------------------------------------- */

static int fetch_in_time(eddy_http_response *response)
{
    const struct http_transport *transport = response->transport;
    if (isinf(response->deadline))
        return transport->fetch(response);
    EDDY_TRY(eddy_timeout_at_begin(response->deadline));
    int inner = transport->fetch(response);
    int rc = eddy_timeout_end(inner);
    if (rc == EDDY_TIMEDOUT && inner == EDDY_CANCELLED)
        return eddy_fail(rc, "took longer than %g s", response->deadline - response->began);
    return rc;
}

/* Reads bytes that are buffered, or else waits for some: 1; 0 at the end, or an error. */
static int decode_or_fetch(eddy_http_response *response)
{
    while (response->raw) {
        EDDY_TRY(eddy__http_response_decode_more(response));
        if (response->body_size > 0)
            return 1;
        response->transport->resume(response);    // it may be paused for lack of room
    }
    int rc = fetch_in_time(response);
    return rc == 0 ? eddy__http_response_finish(response) : rc;
}

/* Makes sure that there are unread bytes: 1; or 0 at the end, or an error. */
static int fetch(eddy_http_response *response)
{
    if (response->body_size > 0)
        return 1;
    if (!response->is_open)
        return response->outcome < 0 ? tell_url(response->outcome, response->url) : 0;
    response->is_reading = true;
    int rc = decode_or_fetch(response);
    response->is_reading = false;
    if (rc > 0 || rc == EDDY_CANCELLED)
        return rc;
    response->outcome = rc;
    response->timings.total = eddy_time() - response->began;
    rc = rc < 0 ? tell_url(eddy__http_response_explain(response, rc), response->url) : 0;
    eddy__http_exchange_close(response);
    return rc;
}

ssize_t eddy_http_response_read(eddy_http_response *response, void *buf, size_t size)
{
    if (!response || !response->is_streamed)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_response_read: the response is not streamed");
    if (response->is_reading)
        return -EBUSY;
    if (size == 0)
        return 0;
    EDDY_TRY(fetch(response));
    size_t taken = eddy__http_response_take(response, buf, size);
    if (taken > 0 && response->is_open)
        response->transport->resume(response);
    return (ssize_t)taken;
}
