/* SPDX-License-Identifier: MIT */
/*
 * http_server.h: a server for HTTP/1.0 and HTTP/1.1, plain and over TLS.
 *
 *     static int hello(eddy_http_request *request, eddy_http_reply *reply, void *data)
 *     {
 *         EDDY_TRY(eddy_sleep(0.1));               // an ordinary function: it may await anything
 *         return eddy_http_reply_send(reply, 200, "text/plain", "Hello\n", 6);
 *     }
 *
 *     EDDY_AUTO(eddy_http_server) *server = NULL;
 *     EDDY_TRY(eddy_http_server_open(&(eddy_http_server_options){
 *         .port = "8080",
 *         .handler = hello,
 *     }, &server));
 *     EDDY_IGNORE(eddy_sleep(EDDY_NO_TIMEOUT));         // until Ctrl-C
 *     return eddy_http_server_shutdown(server, 5.0);
 *
 * Each connection is a task that calls the handler for one request after another, even if a client
 * pipelines requests. The server does framing, keep-alive, HEAD, 100-continue and the Date; the
 * handler gets a request and sends a reply.
 *
 * Requests that violate HTTP or are ambiguous never reach the handler: the server answers with 400,
 * 408, 413, 414, 417, 431, 501 or 505, and closes the connection. If a handler fails, the server
 * answers with 500, and the error goes to the loop's exception handler.
 *
 * With options.tls the clients speak TLS. A failed handshake closes that connection and is not
 * reported.
 *
 * A disconnect of the client does not cancel the handler: its next read or write returns an error.
 */
#ifndef EDDY_HTTP_SERVER_H
#define EDDY_HTTP_SERVER_H

#include <eddy/http_error.h>
#include <eddy/stream.h>
#include <eddy/tls.h>

EDDY_BEGIN_DECLS

typedef struct eddy_http_server eddy_http_server;
typedef struct eddy_http_request eddy_http_request;
typedef struct eddy_http_reply eddy_http_reply;

/*
 * Answers `request` through `reply`; both are valid until it returns. Runs in the connection's
 * task.
 *
 * Returns 0 or more, or an error. An error that a call on the request or reply has just returned is
 * the client's fault and is not reported (a body that is too large gives 413). Any other error is
 * reported and gives 500. If the reply had begun, the connection is aborted in the middle of it.
 */
typedef int eddy_http_handler(eddy_http_request *request, eddy_http_reply *reply, void *data);

/* --- The server ------------------------------------------------------------------------------- */

/* A zero field means its default. Strings are copied. */
typedef struct eddy_http_server_options {
    const char *host;          /* name or address: 127.0.0.1; "0.0.0.0" or "::": all interfaces */
    const char *port;          /* "8080"; "0": the system chooses one; NULL: no TCP port */
    const char *path;          /* a Unix socket in place of host and port */
    eddy_http_handler *handler;  /* required */
    void *data;                /* for the handler; borrowed */
    eddy_tls_context *tls;     /* TLS for accepted connections; has a certificate; referenced */

    size_t line_max;           /* bytes of the request line: 8 KiB, else 414 */
    size_t header_max;         /* bytes of all header lines: 32 KiB, else 431 */
    size_t header_count_max;   /* header lines: 100, else 431 */
    uint64_t body_max;         /* bytes of a body: 1 MiB, else 413; UINT64_MAX for no limit */

    /* Seconds; EDDY_NO_TIMEOUT for no limit. */
    double header_timeout;     /* for a handshake, and for a request's whole head: 20, else 408 */
    double body_timeout;       /* for a piece of a body (256 bytes/s on average): 30, else 408 */
    double keep_alive_timeout; /* without a request, until the connection is closed: 75 */
    double write_timeout;      /* for the client to accept a reply, or a piece of it: 60 */

    size_t connections_max;    /* at once: 100,000; further ones replace an idle one, or wait */
    int backlog;               /* connections that the kernel queues until accepted: 1024 */
    bool reuse_port;           /* several processes or threads share the port */
} eddy_http_server_options;

/*
 * Creates a server and starts to accept connections. With neither port nor path, it serves only
 * those passed to eddy_http_server_adopt(). `options` is borrowed for the call.
 *
 * Returns 0 and the server, to be freed with eddy_http_server_free(); the errors of eddy_listen();
 * EDDY_EVALUE for a missing handler, a negative time or a `tls` without certificate; EDDY_EMISUSE
 * outside a task; EDDY_CANCELLED; -ENOMEM. Suspends while the host's name is looked up.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_server_open(const eddy_http_server_options *options,
                                                 eddy_http_server **out_server);

/* Returns the TCP port it listens on, 0 if none. */
EDDY_API int eddy_http_server_port(const eddy_http_server *server);

/*
 * Serves a connected stream (of a socket pair, or with TLS) as if it had been accepted. Takes
 * ownership of the stream, even on failure. Returns 0, EDDY_EMISUSE once shut down, -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_server_adopt(eddy_http_server *server, eddy_stream *stream);

/* Return the number of open connections, and how many of them wait for a request. */
EDDY_API size_t eddy_http_server_connection_count(const eddy_http_server *server);
EDDY_API size_t eddy_http_server_idle_count(const eddy_http_server *server);

/*
 * Shuts the server down gracefully: it stops accepting, closes idle connections, and lets running
 * requests finish for `seconds`; each connection closes after its reply. Handlers that still run
 * then are cancelled; they have a second to clean up, and their clients get a 503 if no reply had
 * begun. The remaining connections are then aborted.
 *
 * Returns the number of connections that were still busy at the deadline: 0 if everything was
 * answered. EDDY_CANCELLED (all connections are aborted at once), EDDY_EVALUE for a NaN,
 * EDDY_EMISUSE from within a handler. Suspends. It may be called again.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_server_shutdown(eddy_http_server *server, double seconds);

/* Frees the server. If it was not shut down, handlers are cancelled and connections aborted. */
EDDY_API void eddy_http_server_free(eddy_http_server *server);

/* --- Requests --------------------------------------------------------------------------------- */

/* Everything lent below is valid until the handler returns. Strings are not zero-terminated. */

/* Return the method as sent; whether it is `method` (case matters); and the version of HTTP. */
EDDY_API eddy_span eddy_http_request_method(const eddy_http_request *request);
EDDY_API bool eddy_http_request_is(const eddy_http_request *request, const char *method);
EDDY_API int eddy_http_request_version(const eddy_http_request *request); /* 10 or 11 */

/*
 * Return the target as sent, and its parts: the path, which begins with '/' (or is "*", for
 * OPTIONS), and the query after the first '?', or nothing. All are still percent-encoded.
 */
EDDY_API eddy_span eddy_http_request_target(const eddy_http_request *request);
EDDY_API eddy_span eddy_http_request_path(const eddy_http_request *request);
EDDY_API eddy_span eddy_http_request_query(const eddy_http_request *request);

/*
 * Returns the host that the request is for, with the port if one was sent: "example.org:8080". A
 * host in the target ("GET http://example.org/") overrides the Host field (RFC 9112, 3.2.2). Empty
 * if neither has one (HTTP/1.0). Its syntax has been checked.
 */
EDDY_API eddy_span eddy_http_request_host(const eddy_http_request *request);

/*
 * Lends the value of the first header called `name`, ignoring case; {NULL, 0} if there is none.
 * header_at lends all headers in the order received, and returns false after the last.
 */
EDDY_API eddy_span eddy_http_request_header(const eddy_http_request *request, const char *name);
EDDY_API size_t eddy_http_request_header_count(const eddy_http_request *request);
EDDY_API bool eddy_http_request_header_at(const eddy_http_request *request, size_t index,
                                          eddy_span *out_name, eddy_span *out_value);

/* Writes the client's address, as eddy_stream_peername() does. */
EDDY_API int eddy_http_request_peername(const eddy_http_request *request, char *buf, size_t size);

/* Return whether the request has a body; and its declared length, else UINT64_MAX. */
EDDY_API bool eddy_http_request_has_body(const eddy_http_request *request);
EDDY_API uint64_t eddy_http_request_content_length(const eddy_http_request *request);

/*
 * Reads available bytes of the body, waiting until there is at least one: at most `size` bytes;
 * short reads are normal. The first call sends "100 Continue" to a client that waits for it.
 *
 * Returns the number of bytes stored, 0 at the end of the body (or for a `size` of 0), or an
 * error, which every later call returns too: EDDY_TIMEDOUT, EDDY_HTTP_TOO_LARGE (above body_max),
 * EDDY_HTTP_PROTOCOL, EDDY_HTTP_PARTIAL, EDDY_HTTP_DISCONNECTED. Suspends if no bytes are
 * available; EDDY_CANCELLED then loses no bytes. Unread bytes are dropped after the handler.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_http_request_read(eddy_http_request *request, void *buf,
                                                      size_t size);

/*
 * Reads the whole body, or the rest after earlier reads, and lends it; later calls lend the same
 * bytes. Returns 0; EDDY_HTTP_TOO_LARGE above `size_max` bytes (0: body_max only); errors as read;
 * -ENOMEM.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_request_body(eddy_http_request *request, size_t size_max,
                                                  eddy_span *out_body);

/* The same, but the caller owns the bytes (free: eddy_free()), and a zero byte follows them. */
EDDY_API EDDY_SUSPENDS int eddy_http_request_take_body(eddy_http_request *request, size_t size_max,
                                                       char **out_data, size_t *out_size);

/* --- Replies ---------------------------------------------------------------------------------- */

/*
 * Adds a header to a reply that has not begun. Both strings are copied. A Date replaces the
 * server's.
 *
 * Returns 0; EDDY_EVALUE for a name that is no token, a value with control bytes (which prevents
 * header injection), or a header that the server writes: Content-Length, Transfer-Encoding,
 * Connection, Keep-Alive, Upgrade, Trailer; EDDY_EMISUSE once the reply has begun; -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_reply_header(eddy_http_reply *reply, const char *name,
                                                 const char *value);

/* Makes the server close the connection after this reply. */
EDDY_API void eddy_http_reply_close(eddy_http_reply *reply);

/*
 * Sends a whole reply. `content_type` may be NULL; `data` is borrowed until the call returns. For a
 * HEAD request the same header is sent, without the body.
 *
 * Returns 0; EDDY_EVALUE for a status outside 200 to 999, a body with a status that has none
 * (204), or an invalid content type (as above); EDDY_EMISUSE for a second reply;
 * EDDY_HTTP_DISCONNECTED if the client has disconnected; EDDY_TIMEDOUT if it accepts nothing;
 * EDDY_CANCELLED (the reply is still sent); -ENOMEM. Suspends while the client is slow to accept
 * it.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_reply_send(eddy_http_reply *reply, int status,
                                                const char *content_type, const void *data,
                                                size_t size);

/*
 * Send a reply piece by piece: begin, any number of writes, end (implied when the handler
 * returns). `size` is the body's length, or EDDY_HTTP_SIZE_UNKNOWN: the body is then sent in
 * chunks, or, to an HTTP/1.0 client, ended by closing the connection. Return 0, or errors as send;
 * EDDY_EVALUE for more bytes than `size`, and at the end for fewer; EDDY_EMISUSE out of order.
 */
#define EDDY_HTTP_SIZE_UNKNOWN UINT64_MAX
EDDY_API EDDY_SUSPENDS int eddy_http_reply_begin(eddy_http_reply *reply, int status,
                                                 const char *content_type, uint64_t size);
EDDY_API EDDY_SUSPENDS int eddy_http_reply_write(eddy_http_reply *reply, const void *data,
                                                 size_t size);
EDDY_API EDDY_SUSPENDS int eddy_http_reply_end(eddy_http_reply *reply);

/* Aborts the connection at once, and drops unsent bytes of the reply. */
EDDY_API void eddy_http_reply_abort(eddy_http_reply *reply);

/* For logs: return the reply's status, 0 before it has one; and the bytes of its body so far. */
EDDY_API int eddy_http_reply_status(const eddy_http_reply *reply);
EDDY_API uint64_t eddy_http_reply_size(const eddy_http_reply *reply);

EDDY_AUTO_FOR(eddy_http_server, eddy_http_server_free)

EDDY_END_DECLS

#endif
