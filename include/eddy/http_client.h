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
 * A session holds what requests share: connections, names, cookies, limits, defaults. Any number of
 * tasks of its loop may use it at once; those above its limits queue, first come, first served.
 *
 * A status that the server answers, 404 or 500 too, is a response, unless one asks for
 * raise_for_status. An error is returned when there
 * is no response, or not a whole one: a code of http_error.h, EDDY_TIMEDOUT, EDDY_ERESOLVE,
 * EDDY_CANCELLED, EDDY_EVALUE and EDDY_EMISUSE for wrong arguments, -ENOMEM; -EMFILE or -ENFILE when
 * there is no descriptor and no idle connection to close for one. Its message tells the URL and the
 * reason.
 *
 * HTTP/1.1, plain and over TLS, goes over Eddy's own streams, strictly read; HTTP/2 and proxies are
 * libcurl's, and nothing else tells the two apart. Over TLS the server chooses the version: the
 * first connection to it shows which. Connections are kept for 15 seconds over our own streams;
 * when the server has closed one meanwhile, a request that may be sent twice (GET, HEAD, PUT,
 * DELETE, OPTIONS, TRACE) is sent again over a new one.
 *
 * The path and query sent are those written, in redirects too; what is escaped or normalised is
 * told in <eddy/http_url.h>. A fragment is never sent. "user:password@" becomes an Authorization
 * header. International host names work in any locale.
 *
 * Cookies are kept and sent by RFC 6265, in memory, as long as the session lives: at most 180 for
 * one registered domain and 3,000 in all, and up to 6 KiB of them in a request. Secure ones go to
 * https, and to this machine (localhost, 127.0.0.1, ::1).
 *
 * Certificates are verified, against those that OpenSSL knows (SSL_CERT_FILE and SSL_CERT_DIR name
 * others). The proxy variables of the environment (http_proxy, https_proxy, all_proxy, no_proxy)
 * are honoured. gzip, brotli and zstd are decoded.
 *
 * Not for the virtual clock: it jumps while the network is at work, so requests time out at once.
 * Tests have <eddy/http_mock.h>, which makes answers up, under either clock.
 */
#ifndef EDDY_HTTP_CLIENT_H
#define EDDY_HTTP_CLIENT_H

#include <eddy/http_error.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

typedef struct eddy_http_session eddy_http_session;
typedef struct eddy_http_response eddy_http_response;

/* A header field. Arrays of them end with one whose name is NULL: {{"Accept", "text/csv"}, {0}}. */
typedef struct eddy_http_header {
    const char *name;
    const char *value;
} eddy_http_header;

/* Limits on time, in seconds; EDDY_NO_TIMEOUT for none. Passed, they end in EDDY_TIMEDOUT. */
typedef struct eddy_http_timeouts {
    double total;    /* from having a slot to the end, redirects included: 300; see `stream` */
    double connect;  /* name, connection and TLS of each new connection: 30 */
    double read;     /* without a byte from the server, or taken by it: 60 */
    double queue;    /* for a slot; never part of the others: no limit */
} eddy_http_timeouts;

/* For body_max: bodies of any size. */
#define EDDY_HTTP_NO_LIMIT SIZE_MAX

/* --- Sessions --------------------------------------------------------------------------------- */

/* Which of the cookies that servers set are sent. */
typedef enum eddy_http_cookie_policy {
    EDDY_HTTP_COOKIES_KEPT,      /* with all later requests of the session */
    EDDY_HTTP_COOKIES_REDIRECTS, /* with the redirects of the same call, then forgotten */
    EDDY_HTTP_COOKIES_NONE,      /* never */
} eddy_http_cookie_policy;

/* Zero means the default throughout. Everything is copied. */
typedef struct eddy_http_session_options {
    const char *base_url;             /* what URLs of requests are relative to: none */
    const eddy_http_header *headers;  /* sent with every request that does not name them itself */
    const char *user_agent;           /* "eddy/VERSION"; "" sends none */
    eddy_http_timeouts timeout;
    unsigned connections_max;         /* requests at once: 100 */
    unsigned connections_per_host_max; /* of those, to one scheme, host and port: no limit */
    int redirects_max;                /* followed in a row: 10; -1: none is followed */
    size_t body_max;                  /* bytes, decoded: 64 MiB, streamed ones no limit */
    const char *proxy;                /* in place of the environment's; "" uses none */
    eddy_http_cookie_policy cookies;  /* kept */
    const char *cacert;               /* PEM file of certificates, in place of the system's */
    bool insecure;                    /* trust any certificate */
    bool no_compression;              /* ask for bodies as they are */
    bool path_as_is;                  /* keep "." and ".." in paths (curl's --path-as-is) */
    bool no_http2;                    /* HTTP/1.1 only */
    bool libcurl;                     /* let libcurl carry HTTP/1.1 too, not just the rest */
    bool raise_for_status;            /* a status of 400 or more is EDDY_HTTP_STATUS */
} eddy_http_session_options;

/*
 * Makes a session for the loop that runs; `options` may be NULL. It is given back with
 * eddy_http_session_free(); requests that are under way then, and responses, stay valid.
 *
 * Returns 0, EDDY_EMISUSE outside a loop, EDDY_EVALUE or EDDY_HTTP_URL for an option out of range,
 * -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_session_new(const eddy_http_session_options *options,
                                                eddy_http_session **out_session);
EDDY_API void eddy_http_session_free(eddy_http_session *session);

/* --- Requests --------------------------------------------------------------------------------- */

/* Zero means the session's. */
typedef struct eddy_http_request_options {
    const eddy_http_header *headers; /* replace the session's of the same name; NULL removes it */
    eddy_span body;                  /* sent with it; application/octet-stream unless told */
    eddy_http_timeouts timeout;
    int redirects_max;               /* -1: none is followed */
    size_t body_max;                 /* bytes of the answer's body, decoded */

    /*
     * Return when the head has come, and let eddy_http_response_read() fetch the body piece by
     * piece. The default of `total` then ends with the head; one that is set holds to the end.
     */
    bool stream;
} eddy_http_request_options;

/*
 * Sends a request and waits for the response: all of it, unless options->stream is set.
 *
 *     EDDY_TRY(eddy_http_session_request(session, "PUT", "/people/1", &(eddy_http_request_options){
 *         .headers = (eddy_http_header[]){{"Content-Type", "application/json"}, {0}},
 *         .body = {json, strlen(json)},
 *     }, &response));
 *
 * `url` is absolute, or relative to the session's base_url. Everything passed is borrowed until the
 * call returns.
 *
 * Redirects (301, 302, 303, 307, 308 with a Location that is not empty) are followed, and their
 * bodies ignored: one that is too large, cut or wrongly encoded does not matter. 303 makes a GET of
 * every method but HEAD, 301 and 302 of POST, without the body; the others keep both. User,
 * password, Authorization, Cookie and Host headers hold for one scheme, host and port: elsewhere
 * they are not sent on. A fragment holds until a Location brings its own (RFC 9110, 10.2.2).
 *
 * A Cookie header of the caller is sent in front of the cookies that servers have set, and hides
 * those of the same names. One that a redirect sets anew replaces the caller's.
 *
 * Returns 0 and the response, which the caller gives back with eddy_http_response_free(); else an
 * error, and *out_response is left alone. Suspends. Cancelled, it leaves nothing behind but, if the
 * request was under way, one connection less.
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

/* What is lent below is valid until the response is freed. */

/* The status that the server answered, 200 say; and the version of HTTP that it spoke. */
EDDY_API int eddy_http_response_status(const eddy_http_response *response);
EDDY_API int eddy_http_response_version(const eddy_http_response *response); /* 10, 11 or 20 */

/*
 * 0 if the status is below 400, else EDDY_HTTP_STATUS, with the URL and the status in its message.
 */
EDDY_API EDDY_CHECKED int eddy_http_response_raise_for_status(const eddy_http_response *response);

/*
 * The URL that answered, after redirects, as <eddy/http_url.h> writes it, with its fragment; and
 * how many redirects there were.
 */
EDDY_API const char *eddy_http_response_url(const eddy_http_response *response);
EDDY_API int eddy_http_response_redirect_count(const eddy_http_response *response);

/*
 * Lends the value of the first header called `name`, in whatever case; NULL if there is none. The
 * others are found with eddy_http_response_header_at(), which lends them in the order they came,
 * and NULL beyond the last. Of a decoded body, Content-Encoding and Content-Length are the sent
 * one's.
 */
EDDY_API const char *eddy_http_response_header(const eddy_http_response *response,
                                               const char *name);
EDDY_API size_t eddy_http_response_header_count(const eddy_http_response *response);
EDDY_API const eddy_http_header *eddy_http_response_header_at(const eddy_http_response *response,
                                                              size_t index);

/*
 * How long the server asks the client to stay away, in seconds from now on: its Retry-After header,
 * a number or a date. Never negative, at most a year; -1 when there is none, or it is neither.
 */
EDDY_API double eddy_http_response_retry_after(const eddy_http_response *response);

/* Lends the body, decoded, with a zero byte behind it that is not counted. Empty when streamed. */
EDDY_API eddy_span eddy_http_response_body(const eddy_http_response *response);

/*
 * Reads what has arrived of a streamed body, waiting until there is something: at most `size`
 * bytes; fewer is normal. No more than 64 KiB are fetched ahead: a server is slowed down to the
 * reader's speed.
 *
 * Returns the number of bytes stored, 0 at the end of the body (or for a `size` of 0), -EBUSY when
 * another task is reading, or an error, the same at every later call: EDDY_HTTP_PARTIAL,
 * EDDY_HTTP_TOO_LARGE, EDDY_TIMEDOUT, ... Suspends when nothing has arrived; EDDY_CANCELLED then
 * loses no bytes.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_http_response_read(eddy_http_response *response, void *buf,
                                                       size_t size);

/* Where the time went, in seconds since the first slot was free; redirects are included. */
typedef struct eddy_http_timings {
    double queue;      /* waiting for slots, before and between; not part of those below */
    double connect;    /* until there was a connection; next to nothing for one that was kept */
    double first_byte; /* until the answer began */
    double total;      /* until its end */
} eddy_http_timings;

/* What is known so far, of a response that is still being read; a copy. */
EDDY_API eddy_http_timings eddy_http_response_timings(const eddy_http_response *response);

/* Gives it back. What is still unread of a streamed one is dropped, with its connection. */
EDDY_API void eddy_http_response_free(eddy_http_response *response);

EDDY_AUTO_FOR(eddy_http_session, eddy_http_session_free)
EDDY_AUTO_FOR(eddy_http_response, eddy_http_response_free)

EDDY_END_DECLS

#endif
