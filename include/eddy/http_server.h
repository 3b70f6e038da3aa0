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
 * Each connection is a task, in which the handler is called for one request after the other, also
 * when a client sends several without waiting. Framing, keep-alive, HEAD, 100-continue and the Date
 * are the server's business; the handler sees a request and gives an answer.
 *
 * What breaks the rules of HTTP, or could be read in two ways, never reaches the handler: it is
 * answered with 400, 408, 413, 414, 417, 431, 501 or 505, and the connection is closed. A handler
 * that fails is answered for with 500, and its error goes to the loop's exception handler.
 *
 * With options.tls the clients speak TLS: what one does wrong in its handshake ends its connection,
 * and nothing else is heard of it.
 *
 * A client that goes away does not cancel the handler: it learns of it when it reads or writes.
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
 * Answers `request` through `reply`; both live until it returns. Runs in the connection's task.
 *
 * Returns 0 or more, or an error: one that a call on the request or reply has just returned is the
 * client's fault and is dealt with quietly (a body that is too large gives 413); any other is
 * reported and gives 500. If the answer had begun, the connection is cut off in the middle of it.
 */
typedef int eddy_http_handler(eddy_http_request *request, eddy_http_reply *reply, void *data);

/* --- The server ------------------------------------------------------------------------------- */

/* Zero means the default. Texts are copied. */
typedef struct eddy_http_server_options {
    const char *host;          /* a name or address: 127.0.0.1; "0.0.0.0" and "::" are everyone's */
    const char *port;          /* "8080"; "0": one that is free; NULL: no TCP port */
    const char *path;          /* a Unix socket in place of host and port */
    eddy_http_handler *handler;  /* needed */
    void *data;                /* for the handler; stays the caller's */
    eddy_tls_context *tls;     /* speak it on what is accepted; with our certificate; counted */

    size_t line_max;           /* bytes of the request line: 8 KiB, else 414 */
    size_t header_max;         /* bytes of all header lines: 32 KiB, else 431 */
    size_t header_count_max;   /* header lines: 100, else 431 */
    uint64_t body_max;         /* bytes of a body: 1 MiB, else 413; UINT64_MAX for no limit */

    /* Seconds; EDDY_NO_TIMEOUT for no limit. */
    double header_timeout;     /* for a handshake; for all of a request's head: 20, else 408 */
    double body_timeout;       /* for a piece of a body (256 bytes/s on average): 30, else 408 */
    double keep_alive_timeout; /* without a request; then the connection is closed: 75 */
    double write_timeout;      /* without the client taking an answer, or a piece of it: 60 */

    size_t connections_max;    /* at once: 100,000; further ones replace one that idles, or wait */
    int backlog;               /* connections the kernel holds until they are accepted: 1024 */
    bool reuse_port;           /* several processes or threads share the port */
} eddy_http_server_options;

/*
 * Makes a server and starts to accept connections; with neither port nor path it gets them from
 * eddy_http_server_adopt() alone. `options` is borrowed for the call.
 *
 * Returns 0 and the server, to be given back with eddy_http_server_free(); the errors of
 * eddy_listen(); EDDY_EVALUE for a missing handler, a negative time or a `tls` without
 * certificate; EDDY_EMISUSE outside a task;
 * EDDY_CANCELLED; -ENOMEM. Suspends while the host's name is looked up.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_server_open(const eddy_http_server_options *options,
                                                 eddy_http_server **out_server);

/* The TCP port it listens on, 0 if none. */
EDDY_API int eddy_http_server_port(const eddy_http_server *server);

/*
 * Serves a connected stream (of a socket pair, or with TLS in it) as if it had been accepted. The
 * stream is the server's from here on, also if this fails: EDDY_EMISUSE once shut down, -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_server_adopt(eddy_http_server *server, eddy_stream *stream);

/* Connections that are open, and how many of them wait for a request. */
EDDY_API size_t eddy_http_server_connection_count(const eddy_http_server *server);
EDDY_API size_t eddy_http_server_idle_count(const eddy_http_server *server);

/*
 * Ends the server in good order: accepts no more, closes idle connections, lets running requests
 * finish for `seconds`, each connection closing behind its answer. Handlers that still run then are
 * cancelled; they have a second to clean up, and their clients get a 503 if no answer had begun.
 * What is left after that is cut off.
 *
 * Returns the number of connections that were still busy at the deadline: 0 when everything was
 * answered. EDDY_CANCELLED (everything is cut off at once), EDDY_EVALUE for a NaN, EDDY_EMISUSE
 * from within a handler. Suspends. Calling it again is fine.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_server_shutdown(eddy_http_server *server, double seconds);

/* Gives the server back. Without a shutdown before, handlers are cancelled and clients cut off. */
EDDY_API void eddy_http_server_free(eddy_http_server *server);

/* --- Requests --------------------------------------------------------------------------------- */

/* What is lent below is valid until the handler returns. No text ends with a zero. */

/* The method as sent; whether it is `method` (case matters); and the version of HTTP. */
EDDY_API eddy_span eddy_http_request_method(const eddy_http_request *request);
EDDY_API bool eddy_http_request_is(const eddy_http_request *request, const char *method);
EDDY_API int eddy_http_request_version(const eddy_http_request *request); /* 10 or 11 */

/*
 * The target as sent, and its parts: the path, which begins with '/' (or is "*", for OPTIONS), and
 * what follows the first '?', or nothing. All of them still percent-encoded.
 */
EDDY_API eddy_span eddy_http_request_target(const eddy_http_request *request);
EDDY_API eddy_span eddy_http_request_path(const eddy_http_request *request);
EDDY_API eddy_span eddy_http_request_query(const eddy_http_request *request);

/*
 * The host that the request is for, with the port if one was sent: "example.org:8080". It is the
 * target's if that has one ("GET http://example.org/"), which overrides the Host field (RFC 9112,
 * 3.2.2), else the field's; empty if neither has one (HTTP/1.0). Its syntax has been checked.
 */
EDDY_API eddy_span eddy_http_request_host(const eddy_http_request *request);

/*
 * Lends the value of the first header called `name`, in whatever case; {NULL, 0} if there is none.
 * The others are found with header_at, in the order they came; it is false beyond the last.
 */
EDDY_API eddy_span eddy_http_request_header(const eddy_http_request *request, const char *name);
EDDY_API size_t eddy_http_request_header_count(const eddy_http_request *request);
EDDY_API bool eddy_http_request_header_at(const eddy_http_request *request, size_t index,
                                          eddy_span *out_name, eddy_span *out_value);

/* The client's address, as eddy_stream_peername() writes it. */
EDDY_API int eddy_http_request_peername(const eddy_http_request *request, char *buf, size_t size);

/* Whether the request has a body, and its length if it was declared, else UINT64_MAX. */
EDDY_API bool eddy_http_request_has_body(const eddy_http_request *request);
EDDY_API uint64_t eddy_http_request_content_length(const eddy_http_request *request);

/*
 * Reads what has arrived of the body, waiting until there is something: at most `size` bytes; fewer
 * is normal. A client that waits for "100 Continue" is told to go on by the first call.
 *
 * Returns the number of bytes stored, 0 at the end of the body (or for a `size` of 0), or an error,
 * the same at every later call: EDDY_TIMEDOUT, EDDY_HTTP_TOO_LARGE (above body_max),
 * EDDY_HTTP_PROTOCOL, EDDY_HTTP_PARTIAL, EDDY_HTTP_DISCONNECTED. Suspends when nothing has arrived;
 * EDDY_CANCELLED then loses no bytes. What is not read is dropped after the handler.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_http_request_read(eddy_http_request *request, void *buf,
                                                      size_t size);

/*
 * Reads the whole body, or what read has left of it, and lends it; again at each call.
 * EDDY_HTTP_TOO_LARGE above `size_max` bytes (0: body_max alone); else as read, and -ENOMEM.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_request_body(eddy_http_request *request, size_t size_max,
                                                  eddy_span *out_body);

/* The same, but the bytes are the caller's, to be given to eddy_free(); behind them stands a zero. */
EDDY_API EDDY_SUSPENDS int eddy_http_request_take_body(eddy_http_request *request, size_t size_max,
                                                       char **out_data, size_t *out_size);

/* --- Replies ---------------------------------------------------------------------------------- */

/*
 * Adds a header to the answer, before it begins. Both texts are copied. Date replaces the server's.
 *
 * Returns 0; EDDY_EVALUE for a name that is no token, a value with control bytes (no line can be
 * smuggled in), or what the server writes itself: Content-Length, Transfer-Encoding, Connection,
 * Keep-Alive, Upgrade, Trailer; EDDY_EMISUSE once the answer has begun; -ENOMEM.
 */
EDDY_API EDDY_CHECKED int eddy_http_reply_header(eddy_http_reply *reply, const char *name,
                                                 const char *value);

/* Closes the connection behind this answer. */
EDDY_API void eddy_http_reply_close(eddy_http_reply *reply);

/*
 * Answers in one go. `content_type` may be NULL; `data` is borrowed until the call returns. A HEAD
 * request gets the same header and no body.
 *
 * Returns 0; EDDY_EVALUE for a status outside 200 to 999, a body with a status that has none (204),
 * or a content type as above; EDDY_EMISUSE for a second answer; EDDY_HTTP_DISCONNECTED when the
 * client is gone; EDDY_TIMEDOUT when it takes nothing; EDDY_CANCELLED (the answer is sent all the
 * same); -ENOMEM. Suspends while the client is slow to take it.
 */
EDDY_API EDDY_SUSPENDS int eddy_http_reply_send(eddy_http_reply *reply, int status,
                                                const char *content_type, const void *data,
                                                size_t size);

/*
 * Answers piece by piece: begin, any number of writes, end (which the handler's return implies).
 * `size` is the body's length, or EDDY_HTTP_SIZE_UNKNOWN: then it is sent in chunks, or to a client
 * of HTTP/1.0 until the end of the connection. Errors as send; EDDY_EVALUE for more bytes than
 * `size`, and at the end for fewer; EDDY_EMISUSE out of order.
 */
#define EDDY_HTTP_SIZE_UNKNOWN UINT64_MAX
EDDY_API EDDY_SUSPENDS int eddy_http_reply_begin(eddy_http_reply *reply, int status,
                                                 const char *content_type, uint64_t size);
EDDY_API EDDY_SUSPENDS int eddy_http_reply_write(eddy_http_reply *reply, const void *data,
                                                 size_t size);
EDDY_API EDDY_SUSPENDS int eddy_http_reply_end(eddy_http_reply *reply);

/* Drops the connection at once, and with it what has not been sent of the answer. */
EDDY_API void eddy_http_reply_abort(eddy_http_reply *reply);

/* For a log: the status of the answer, 0 before it has one, and the bytes of its body so far. */
EDDY_API int eddy_http_reply_status(const eddy_http_reply *reply);
EDDY_API uint64_t eddy_http_reply_size(const eddy_http_reply *reply);

EDDY_AUTO_FOR(eddy_http_server, eddy_http_server_free)

EDDY_END_DECLS

#endif
