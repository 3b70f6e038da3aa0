/* SPDX-License-Identifier: MIT */
/*
 * session.h: the module's internal view of sessions, requests in progress, and transports.
 *
 *     session.c           creates sessions from options and defaults, and destroys them
 *     session_loop.c      tells the sessions of a loop when the loop ends
 *     session_request.c   runs one request: slots, redirects, time limits; the public calls
 *     session_origin.c    scheme, host and port: slots per host, name lookups off the loop
 *     session_proxy.c     chooses the proxy from the environment
 *     session_secrets.c   the Cookie and Authorization fields of a request
 *     session_redirect.c  detects redirects, and makes the request for the target
 *     session_cookies.c   the cookie jar; cookie_*.c: Set-Cookie fields
 *     session_fields.c    header fields of requests: defaults, replaced and removed ones
 *     url.c               parses URLs and references once; url_host.c, url_write.c
 *     response.c          the head of a response; response_body.c: its body
 *     wire_transport.c    Eddy's own transport: HTTP/1.1 over streams
 *     curl_transport.c    the transport over libcurl
 *     mock_transport.c    the transport that returns declared answers
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

/* open() may return this besides a status. */
enum { HTTP_ELSEWHERE = 1 };

/* The transports: indices of session->transports and session->transport_data. */
enum { HTTP_BY_WIRE, HTTP_BY_CURL, HTTP_BY_MOCK, HTTP_TRANSPORT_COUNT };

/* Header fields; `items` is one owned block of memory, or borrowed if !is_owned. */
struct http_fields {
    const eddy_http_header *items;
    size_t count;
    bool is_owned;
};

struct eddy_http_session {
    unsigned refs;    // one for the owner, one per response, one per lookup in progress
    eddy_loop *loop;
    eddy_open_note *open_note;    // in debug mode, until the owner frees the session; or NULL
    struct http_loop *row;              // the loop's session list; NULL once the loop has ended
    eddy_http_session *next_of_loop;    // in that list
    const struct http_transport *transports[HTTP_TRANSPORT_COUNT];    // those attached so far
    void *transport_data[HTTP_TRANSPORT_COUNT];    // private data, set by attach()

    double made_at;       // eddy_time() at creation
    int64_t made_date;    // seconds since 1970 at creation: see eddy__http_session_date()

    eddy_http_url *base_url;    // from here: copies of the options, with defaults filled in
    char *proxy;                // NULL: from the environment
    char *cacert;
    eddy_http_timeouts timeout;
    unsigned connections_max;
    unsigned connections_per_host_max;    // 0: no limit
    int redirects_max;                    // -1: none
    size_t body_max;                      // 0: the default, which depends on streaming
    bool prefers_libcurl, is_insecure, refuses_compression, refuses_http2, raises_for_status;
    bool path_as_is;

    struct http_fields fields;       // sent with every request
    struct http_cookies *cookies;    // the jar; NULL if cookies are not kept
    eddy_http_cookie_policy cookie_policy;
    eddy_semaphore slots;            // connections_max of them

    struct http_origin *origins[HTTP_ORIGIN_BUCKETS];
    size_t origin_count;
    size_t origin_sweep_at;    // the origin_count at which idle origins are dropped

    eddy_http_response *spare_responses;
    unsigned spare_response_count;
};

/* One request as it is sent; each redirect makes another. Lives in the caller's frame. */
struct http_request {
    const char *method;
    const eddy_http_url *url;    // the response's URL
    const struct http_origin *origin;
    const struct http_fields *fields;    // without Host and framing, which the transport adds
    const char *cookie;                  // the value of the Cookie field, or NULL
    const char *authorization;           // the Authorization value, from the URL, or NULL
    eddy_span body;
    bool has_body;             // also true for an empty body: Content-Length: 0
    double connect_timeout;    // the time that is left
};

/*
 * A transport sends requests: Eddy's own over HTTP/1.1, libcurl for the rest (HTTP/2, proxies), or
 * a mock that returns declared answers. It fills the response through the functions of response.h,
 * and stores the times of connection and first byte in its timings. Its errors carry a message
 * without the URL.
 */
struct http_transport {
    int index;              // HTTP_BY_...
    bool looks_up_names;    // or needs no lookup: the session resolves no names for it

    /*
     * attach() prepares session->transport_data[index] before the session's first request over
     * this transport. detach() frees it when nothing is open any more.
     */
    int (*attach)(eddy_http_session *session);
    void (*detach)(eddy_http_session *session);

    /* Releases what belongs to the loop, which has ended. NULL: nothing to release. */
    void (*let_go)(eddy_http_session *session);

    /*
     * Sends `request` and waits for the whole response or, if it is streamed, for its head. Obeys
     * request->connect_timeout and response->read_timeout; the caller limits the total time with a
     * scope. `request` is not used after the return. Suspends. Returns 0 or an error; if
     * response->is_open is then set, close() will be called. Returns HTTP_ELSEWHERE if nothing was
     * sent and another transport must carry the request: the origin no longer uses this one.
     */
    int (*open)(const struct http_request *request, eddy_http_response *response);

    /* Waits until the streamed body has unread bytes (1), has ended (0) or fails. Suspends. */
    int (*fetch)(eddy_http_response *response);

    /* Reports that the reader has taken bytes of the streamed body, which makes room for more. */
    void (*resume)(eddy_http_response *response);

    /* Drops the rest of the response. Never suspends or blocks; nothing arrives afterwards. */
    void (*close)(eddy_http_response *response);
};

extern const struct http_transport eddy__http_transport_wire;
extern const struct http_transport eddy__http_transport_curl;
extern const struct http_transport eddy__http_transport_mock;

/* --- session.c -------------------------------------------------------------------------------- */

eddy_http_session *eddy__http_session_ref(eddy_http_session *session);
void eddy__http_session_unref(eddy_http_session *session);

/* Attaches `transport` if it is not attached yet. Returns 0 or an error. */
int eddy__http_session_attach(eddy_http_session *session, const struct http_transport *transport);

/* Seconds since 1970, by a clock that follows the loop's clock, even a virtual one. */
int64_t eddy__http_session_date(const eddy_http_session *session);

/* Copies `text`. Returns NULL if `text` is NULL or memory is out (then *err is -ENOMEM). */
char *eddy__http_copy(const char *text, int *err);

/* --- session_request.c ------------------------------------------------------------------------ */

/* Closes the exchange of `response` if it is open, and releases its slots. Never suspends. */
void eddy__http_exchange_close(eddy_http_response *response);

/* --- session_fields.c ------------------------------------------------------------------------- */

/*
 * Copies `headers` (NULL: none) behind the fields that every request has: User-Agent, Accept, and
 * Accept-Encoding unless that is NULL. 0, EDDY_EVALUE for a field that can't be sent, -ENOMEM.
 */
int eddy__http_fields_copy(struct http_fields *out_fields, const char *user_agent,
                           const char *accept_encoding, const eddy_http_header *headers);

/* Copies the fields of an answer, framing fields included. 0, EDDY_EVALUE, -ENOMEM. */
int eddy__http_fields_copy_answer(struct http_fields *out_fields, const eddy_http_header *headers);

/*
 * Merges the fields: `headers` (NULL: none) replace or remove those of the same name in `defaults`,
 * and a request with a body gets a Content-Type. Borrows both. Errors as above.
 */
int eddy__http_fields_merge(struct http_fields *out_fields, const struct http_fields *defaults,
                            const eddy_http_header *headers, bool has_body);

/* Removes every field named in `names`, which is NULL-terminated. 0 or -ENOMEM. */
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

/* Returns the proxy that the environment names for `authority`, borrowed; NULL for none. */
const char *eddy__http_proxy_for(const struct http_authority *authority);

#endif
