/* SPDX-License-Identifier: MIT */
/*
 * session.h: the room's own view of a session, of a request under way, and of a transport.
 *
 *     session.c           options in, defaults filled; the life of a session
 *     session_loop.c      the sessions of a loop, which must know when it ends
 *     session_request.c   one request: slots, redirects, limits on time; what the public calls do
 *     session_origin.c    scheme, host and port: slots per host, names looked up off the loop
 *     session_proxy.c     which proxy the environment names
 *     session_secrets.c   the Cookie and Authorization fields of a request
 *     session_redirect.c  when a response is a redirect, and the request for its target
 *     session_cookies.c   the cookie jar; cookie_*.c: Set-Cookie fields
 *     session_fields.c    header fields of requests: defaults, replaced and removed ones
 *     url.c               URLs and references, parsed once; url_host.c, url_write.c
 *     response.c          what has come back: the head; response_body.c: the body
 *     wire_transport.c    the transport of our own: HTTP/1.1 over streams
 *     curl_transport.c    the one over libcurl
 *     mock_transport.c    the one that makes answers up
 */
#ifndef EDDY_HTTP_SESSION_H
#define EDDY_HTTP_SESSION_H

#include <eddy/http_client.h>
#include <eddy/http_url.h>
#include <eddy/loop.h>
#include <eddy/semaphore.h>

#include "response.h"
#include "url.h"

struct http_cookies;
struct http_loop;
struct http_origin;
struct http_transport;

enum { HTTP_ORIGIN_BUCKETS = 256 };

/* What open() may return beside a status. */
enum { HTTP_ELSEWHERE = 1 };

/* The transports there are: indices of session->transport_data. */
enum { HTTP_BY_WIRE, HTTP_BY_CURL, HTTP_BY_MOCK, HTTP_TRANSPORT_COUNT };

/* Header fields; `items` is one block of memory, or borrowed from elsewhere if !is_owned. */
struct http_fields {
    const eddy_http_header *items;
    size_t count;
    bool is_owned;
};

struct eddy_http_session {
    unsigned refs;    // the owner's, one a response, one a lookup under way
    eddy_loop *loop;
    eddy_open_note *open_note;    // until its owner frees it, in debug mode; or NULL
    struct http_loop *row;              // session_loop.c: of that loop; NULL once it has ended
    eddy_http_session *next_of_loop;    // in that row
    const struct http_transport *transports[HTTP_TRANSPORT_COUNT];    // those attached so far
    void *transport_data[HTTP_TRANSPORT_COUNT];    // their own, set by their attach()

    double made_at;       // eddy_time() then,
    int64_t made_date;    // and seconds since 1970: see eddy__http_session_date()

    eddy_http_url *base_url;    // these are copies of the options, the defaults filled in
    char *proxy;                // NULL: as the environment says
    char *cacert;
    eddy_http_timeouts timeout;
    unsigned connections_max;
    unsigned connections_per_host_max;    // 0: no limit
    int redirects_max;                    // -1: none
    size_t body_max;                      // 0: the default, which hangs on whether it is streamed
    bool prefers_libcurl, is_insecure, refuses_compression, refuses_http2, raises_for_status;
    bool path_as_is;

    struct http_fields fields;       // sent with every request
    struct http_cookies *cookies;    // NULL unless they are kept
    eddy_http_cookie_policy cookie_policy;
    eddy_semaphore slots;            // of connections_max

    struct http_origin *origins[HTTP_ORIGIN_BUCKETS];
    size_t origin_count;
    size_t origin_sweep_at;    // idle ones are dropped when there are so many

    eddy_http_response *spare_responses;
    unsigned spare_response_count;
};

/* One request as it is sent, once for each redirect. Lies on the frame of the call. */
struct http_request {
    const char *method;
    const eddy_http_url *url;    // the response's
    const struct http_origin *origin;
    const struct http_fields *fields;    // but for those that the transport makes: Host and framing
    const char *cookie;                  // the value of the Cookie field, or NULL
    const char *authorization;           // the value of that field, from the URL, or NULL
    eddy_span body;
    bool has_body;             // also an empty one: Content-Length: 0
    double connect_timeout;    // what is left of it
};

/*
 * How requests are carried: by ourselves over HTTP/1.1, by libcurl whatever else there is (HTTP/2,
 * proxies), or by a mock that makes the answers up. What comes back
 * goes into the response through the functions of response.h, and the times of connection and first
 * byte into its timings. Errors carry a message, but not the URL.
 */
struct http_transport {
    int index;              // HTTP_BY_...
    bool looks_up_names;    // or needs none: the session looks up none for it

    /*
     * Prepares session->transport_data[index], before the session's first request that goes this
     * way; and takes it down when nothing is open any more.
     */
    int (*attach)(eddy_http_session *session);
    void (*detach)(eddy_http_session *session);

    /* The loop has ended: lets go of what belongs to it. NULL: nothing does. */
    void (*let_go)(eddy_http_session *session);

    /*
     * Sends `request` and waits: for the whole response or, if it is streamed, its head. Obeys
     * request->connect_timeout and response->read_timeout; the limit on the total is a scope
     * around it. `request` is not looked at after the return. Suspends. 0 or an error; the response
     * is then open, or not, as response->is_open says; close() is called if it is. HTTP_ELSEWHERE:
     * nothing was sent, and another must carry it, for this is not the origin's way any more.
     */
    int (*open)(const struct http_request *request, eddy_http_response *response);

    /* Waits until the streamed body has unread bytes (1), has ended (0) or failed. Suspends. */
    int (*fetch)(eddy_http_response *response);

    /* Says that bytes of the streamed body have been taken: there is room for more. */
    void (*resume)(eddy_http_response *response);

    /* Drops what is left. Never suspends or blocks; nothing arrives afterwards. */
    void (*close)(eddy_http_response *response);
};

extern const struct http_transport eddy__http_transport_wire;
extern const struct http_transport eddy__http_transport_curl;
extern const struct http_transport eddy__http_transport_mock;

/* --- session.c -------------------------------------------------------------------------------- */

eddy_http_session *eddy__http_session_ref(eddy_http_session *session);
void eddy__http_session_unref(eddy_http_session *session);

/* Attaches `transport`, if it has not been. 0 or an error. */
int eddy__http_session_attach(eddy_http_session *session, const struct http_transport *transport);

/* Seconds since 1970, by a clock that goes on with the loop's, also where that is virtual. */
int64_t eddy__http_session_date(const eddy_http_session *session);

/* `text` copied; NULL for NULL, and without memory (then *err is -ENOMEM). */
char *eddy__http_copy(const char *text, int *err);

/* --- session_request.c ------------------------------------------------------------------------ */

/* Closes what is open of `response`, and gives its slots back. Never suspends. */
void eddy__http_exchange_close(eddy_http_response *response);

/* --- session_fields.c ------------------------------------------------------------------------- */

/*
 * A copy of `headers` (NULL: none) after those that every request has: User-Agent, Accept, and
 * Accept-Encoding unless that is NULL. 0, EDDY_EVALUE for one that can't be sent, -ENOMEM.
 */
int eddy__http_fields_copy(struct http_fields *out_fields, const char *user_agent,
                           const char *accept_encoding, const eddy_http_header *headers);

/* A copy of the fields of an answer, framing fields included. 0, EDDY_EVALUE, -ENOMEM. */
int eddy__http_fields_copy_answer(struct http_fields *out_fields, const eddy_http_header *headers);

/*
 * `defaults` with `headers` (NULL: none) replacing and removing those of the same name, and a
 * Content-Type for a request that has a body. Borrows both. Errors as above.
 */
int eddy__http_fields_merge(struct http_fields *out_fields, const struct http_fields *defaults,
                            const eddy_http_header *headers, bool has_body);

/* Takes out every field that is in `names`, which ends with NULL. 0 or -ENOMEM. */
int eddy__http_fields_remove(struct http_fields *fields, const char *const *names);

bool eddy__http_fields_have(const struct http_fields *fields, const char *name);
void eddy__http_fields_fini(struct http_fields *fields);

/* Whether `text` is a token, as methods and field names must be. */
bool eddy__http_is_token(const char *text);

/* --- session_origin.c ------------------------------------------------------------------------- */

/* The parts of a URL that say where to connect. */
struct http_authority {
    char scheme[8];              // "http" or "https"
    char host[HTTP_HOST_MAX];    // in lower case; an IPv6 address without brackets
    int port;
};

/* --- session_proxy.c -------------------------------------------------------------------------- */

/* The proxy that the environment names for `authority`, lent; NULL for none. */
const char *eddy__http_proxy_for(const struct http_authority *authority);

#endif
