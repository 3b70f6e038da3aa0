/* SPDX-License-Identifier: MIT */
/*
 * http_client.h: requests over HTTP/1.1 and HTTP/2, plain and TLS.
 *
 *     EDDY_AUTO(eddy_http_session) *session = NULL;
 *     EDDY_TRY(eddy_http_session_new(NULL, &session));
 *
 *     EDDY_AUTO(eddy_http_response) *response = NULL;
 *     EDDY_TRY(eddy_http_session_get(session, "https://example.org/", NULL, &response));
 *     eddy_span body = eddy_http_response_body(response);
 *     printf("%d: %zu bytes\n", eddy_http_response_status(response), body.size);
 *
 * Requests of a session share connections, resolved names, cookies, limits and defaults. Any
 * number of tasks of its loop may use it at once; requests above its limits queue in FIFO order.
 *
 * Any status from the server, even 404 or 500, is a response, unless raise_for_status is set. An
 * error means no response, or an incomplete one: a code of http_error.h, EDDY_TIMEDOUT,
 * EDDY_ERESOLVE, EDDY_CANCELLED, EDDY_EVALUE and EDDY_EMISUSE for wrong arguments, -ENOMEM;
 * -EMFILE or -ENFILE if there is no free descriptor and no idle connection to close for one. Its
 * message contains the URL and the reason.
 *
 * HTTP/1.1, plain and over TLS, uses Eddy's streams and a strict parser; HTTP/2 and proxies use
 * libcurl. There is no other difference between the two. Over TLS the server chooses the version,
 * which is known after the first connection. Idle connections over Eddy's streams are kept for 15
 * seconds. If the server closes one, a request that may be repeated (GET, HEAD, PUT, DELETE,
 * OPTIONS, TRACE) is sent again over a new one.
 *
 * The path and query are sent as written, in redirects too; <eddy/http_url.h> says what is escaped
 * or normalised. A fragment is never sent. "user:password@" becomes an Authorization header.
 * International host names work in any locale.
 *
 * Cookies follow RFC 6265. They are kept in memory for the life of the session: at most 180 for
 * one registered domain and 3,000 in all, and up to 6 KiB of them in a request. Secure cookies are
 * sent to https, and to the local host (localhost, 127.0.0.1, ::1).
 *
 * Certificates are verified against OpenSSL's defaults (SSL_CERT_FILE and SSL_CERT_DIR name
 * others). The proxy variables of the environment (http_proxy, https_proxy, all_proxy, no_proxy)
 * are used. gzip, brotli and zstd are decoded.
 *
 * Don't use it with the virtual clock, which jumps while requests wait for the network: they time
 * out at once. For tests, <eddy/http_mock.h> provides made-up answers, under either clock.
 */
#ifndef EDDY_HTTP_CLIENT_H
#define EDDY_HTTP_CLIENT_H

#include <eddy/http_error.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

typedef struct eddy_http_session eddy_http_session;
typedef struct eddy_http_response eddy_http_response;

/* A header field. Arrays of fields end with a NULL name: {{"Accept", "text/csv"}, {0}}. */
typedef struct eddy_http_header {
    const char *name;
    const char *value;
} eddy_http_header;

/* Time limits, in seconds; EDDY_NO_TIMEOUT for none. An exceeded limit gives EDDY_TIMEDOUT. */
typedef struct eddy_http_timeouts {
    double total;    /* from having a slot to the end, redirects included: 300; see `stream` */
    double connect;  /* look-up, connection and TLS handshake of each new connection: 30 */
    double read;     /* without a byte received from, or accepted by, the server: 60 */
    double queue;    /* waiting for a slot; not counted in the others: no limit */
} eddy_http_timeouts;

/* For body_max: no limit. */
#define EDDY_HTTP_NO_LIMIT SIZE_MAX

/* --- Sessions --------------------------------------------------------------------------------- */

/* With which requests cookies set by servers are sent. */
typedef enum eddy_http_cookie_policy {
    EDDY_HTTP_COOKIES_KEPT,      /* with all later requests of the session */
    EDDY_HTTP_COOKIES_REDIRECTS, /* with the redirects of the same call, then forgotten */
    EDDY_HTTP_COOKIES_NONE,      /* never */
} eddy_http_cookie_policy;

/* A zero field means its default. Everything is copied. */
typedef struct eddy_http_session_options {
    const char *base_url;             /* for relative URLs of requests: none */
    const eddy_http_header *headers;  /* sent with each request that does not set them itself */
    const char *user_agent;           /* "eddy/VERSION"; "" sends none */
    eddy_http_timeouts timeout;
    unsigned connections_max;         /* concurrent requests: 100 */
    unsigned connections_per_host_max; /* of those, to one scheme, host and port: no limit */
    int redirects_max;                /* followed for a request: 10; -1: none is followed */
    size_t body_max;                  /* bytes, decoded: 64 MiB, no limit if streamed */
    const char *proxy;                /* in place of the environment's; "" uses none */
    eddy_http_cookie_policy cookies;  /* EDDY_HTTP_COOKIES_KEPT */
    const char *cacert;               /* PEM file of certificates, in place of the system's */
    bool insecure;                    /* trust any certificate */
    bool no_compression;              /* ask for uncompressed bodies */
    bool path_as_is;                  /* keep "." and ".." in paths (curl's --path-as-is) */
    bool no_http2;                    /* HTTP/1.1 only */
    bool libcurl;                     /* use libcurl for HTTP/1.1 too */
    bool raise_for_status;            /* a status of 400 or more is EDDY_HTTP_STATUS */
} eddy_http_session_options;

/*
 * Creates a session for the running loop, to be freed with eddy_http_session_free(); `options` may
 * be NULL. Requests in progress and responses stay valid after that.
 *
 * Returns 0, EDDY_EMISUSE outside a loop, EDDY_EVALUE or EDDY_HTTP_URL for an option out of range,
 * -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_session_new(const eddy_http_session_options *options,
                                                eddy_http_session **out_session);
EDDY_API void eddy_http_session_free(eddy_http_session *session);

/* --- Requests --------------------------------------------------------------------------------- */

/* A zero field means the session's setting. */
typedef struct eddy_http_request_options {
    const eddy_http_header *headers; /* replace the session's of the same name; NULL removes it */
    eddy_span body;                  /* application/octet-stream unless a header says otherwise */
    eddy_http_timeouts timeout;
    int redirects_max;               /* -1: none is followed */
    size_t body_max;                 /* bytes of the response's body, decoded */

    /*
     * Return once the response's head has arrived; eddy_http_response_read() then reads the body
     * piece by piece. A default `total` then limits only the head; one that is set, the body too.
     */
    bool stream;
} eddy_http_request_options;

/*
 * Sends a request and waits for the whole response, or for its head if options->stream is set.
 *
 *     EDDY_TRY(eddy_http_session_request(session, "PUT", "/people/1", &(eddy_http_request_options){
 *         .headers = (eddy_http_header[]){{"Content-Type", "application/json"}, {0}},
 *         .body = {json, strlen(json)},
 *     }, &response));
 *
 * `url` is absolute, or relative to the session's base_url. All arguments are borrowed until the
 * call returns.
 *
 * Redirects (301, 302, 303, 307, 308 with a Location that is not empty) are followed. Their bodies
 * are ignored, even if too large, truncated or wrongly encoded. 303 changes every method but HEAD
 * to GET, 301 and 302 change POST to GET, without the body; other redirects keep method and body.
 * User, password, Authorization, Cookie and Host headers are not sent to another scheme, host or
 * port. A fragment is kept until a Location has its own (RFC 9110, 10.2.2).
 *
 * The caller's Cookie header is sent before the cookies that servers have set, and overrides those
 * of the same names. A cookie that a redirect sets replaces the caller's.
 *
 * Returns 0 and the response, to be freed with eddy_http_response_free(); or an error, with
 * *out_response unchanged. Suspends. A cancelled call leaves nothing open; the connection of a
 * request in progress is closed.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_session_request(eddy_http_session *session, const char *method,
                                             const char *url,
                                             const eddy_http_request_options *options,
                                             eddy_http_response **out_response);

/* The same with the method GET. */
EDDY_API EDDY_SUSPENDS int eddy_http_session_get(eddy_http_session *session, const char *url,
                                         const eddy_http_request_options *options,
                                         eddy_http_response **out_response);

/* The same with the method POST, and `body` in place of the options'. */
EDDY_API EDDY_SUSPENDS int eddy_http_session_post(eddy_http_session *session, const char *url,
                                          eddy_span body,
                                          const eddy_http_request_options *options,
                                          eddy_http_response **out_response);

/* --- Responses -------------------------------------------------------------------------------- */

/* Everything lent below is valid until the response is freed. */

/* Return the response's status, such as 200; and its version of HTTP. */
EDDY_API int eddy_http_response_status(const eddy_http_response *response);
EDDY_API int eddy_http_response_version(const eddy_http_response *response); /* 10, 11 or 20 */

/*
 * Returns 0 if the status is below 400, else EDDY_HTTP_STATUS with the URL and status in the
 * message.
 */
EDDY_API EDDY_CHECKED int eddy_http_response_raise_for_status(const eddy_http_response *response);

/*
 * Return the final URL, after redirects, as <eddy/http_url.h> writes it, with its fragment; and the
 * number of redirects.
 */
EDDY_API const char *eddy_http_response_url(const eddy_http_response *response);
EDDY_API int eddy_http_response_redirect_count(const eddy_http_response *response);

/*
 * Lends the value of the first header called `name`, ignoring case; NULL if there is none.
 * eddy_http_response_header_at() lends all headers in the order received, and NULL after the last.
 * If the body was decoded, Content-Encoding and Content-Length still describe the body as sent.
 */
EDDY_API const char *eddy_http_response_header(const eddy_http_response *response,
                                               const char *name);
EDDY_API size_t eddy_http_response_header_count(const eddy_http_response *response);
EDDY_API const eddy_http_header *eddy_http_response_header_at(const eddy_http_response *response,
                                                              size_t index);

/*
 * Returns the wait that the server asks for, in seconds from now: its Retry-After header, a number
 * or a date. At least 0, at most a year; -1 if the header is missing or invalid.
 */
EDDY_API double eddy_http_response_retry_after(const eddy_http_response *response);

/* Lends the decoded body, followed by a zero byte that is not counted. Empty when streamed. */
EDDY_API eddy_span eddy_http_response_body(const eddy_http_response *response);

/*
 * Reads available bytes of a streamed body, waiting until there is at least one: at most `size`
 * bytes; short reads are normal. At most 64 KiB are read ahead, so a slow reader slows the server
 * down (backpressure).
 *
 * Returns the number of bytes stored, 0 at the end of the body (or for a `size` of 0), -EBUSY if
 * another task is reading, or an error, which every later call returns too: EDDY_HTTP_PARTIAL,
 * EDDY_HTTP_TOO_LARGE, EDDY_TIMEDOUT, ... Suspends if no bytes are available; EDDY_CANCELLED then
 * loses no bytes.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_http_response_read(eddy_http_response *response, void *buf,
                                                       size_t size);

/* Durations, in seconds from getting the first slot; redirects are included. */
typedef struct eddy_http_timings {
    double queue;      /* total wait for slots; not part of the times below */
    double connect;    /* until connected; near 0 for a reused connection */
    double first_byte; /* until the response began */
    double total;      /* until it ended */
} eddy_http_timings;

/* Returns a copy of the timings; those known so far, if the response is still being read. */
EDDY_API eddy_http_timings eddy_http_response_timings(const eddy_http_response *response);

/* Frees the response. If a streamed body has not been read to its end, its connection is closed. */
EDDY_API void eddy_http_response_free(eddy_http_response *response);

EDDY_AUTO_FOR(eddy_http_session, eddy_http_session_free)
EDDY_AUTO_FOR(eddy_http_response, eddy_http_response_free)

EDDY_END_DECLS

#endif
