/* SPDX-License-Identifier: MIT */
/*
 * wire.h: Eddy's own transport: HTTP/1.1 over Eddy's streams.
 *
 *     wire_transport.c    runs one exchange: gets a connection, sends, receives
 *     wire_request.c      writes the head of a request
 *     wire_upload.c       sends a large body in a separate task
 *     wire_pool.c         the pool of idle connections
 *     wire_connect.c      opens connections, trying several addresses
 *     wire_tls.c          the TLS handshake of a connection
 */
#ifndef EDDY_HTTP_WIRE_H
#define EDDY_HTTP_WIRE_H

#include <eddy/stream.h>
#include <eddy/tls.h>

#include "parser.h"
#include "session.h"
#include "session_origin.h"

struct wire_upload;

/* A connection to an origin. It carries one exchange at a time, and is idle in between. */
struct wire_connection {
    eddy_stream *stream;    // NULL once the loop has ended
    struct http_parser parser;
    struct http_origin *origin;      // one reference
    eddy_http_response *response;    // of the current exchange; NULL while idle
    struct wire_upload *upload;      // the upload of a large body, or NULL
    double heard_at;                 // eddy_time() of the last byte, or when the wait began

    bool is_reused;       // it has carried an exchange before this one
    bool may_repeat;      // the request may be sent again over another connection
    bool has_answered;    // a byte of the answer has arrived
    bool has_ended;       // the whole answer has arrived
    bool may_be_kept;     // both sides allow another request
    unsigned interim_count;
    size_t request_body_size;    // bytes

    struct wire_connection *older, *younger;    // in one of the client's lists

    /* While it idles. */
    double idle_since;
    struct wire_connection *next_idle;    // of the same origin; the most recent is first
};

/* A list of connections, in the order in which they entered it. */
struct wire_row {
    struct wire_connection *oldest, *youngest;
    unsigned count;
};

/* What a session keeps for this transport. */
struct wire_client {
    eddy_http_session *session;
    struct wire_row idle, busy;
    eddy_handle *sweeper;    // the callback that closes connections idle for too long; or NULL

    eddy_tls_context *tls;    // shared by all its connections; NULL before the first

    char *buffer;    // for writing heads: each is sent or copied before the next
    size_t buffer_capacity;
    char *fields;    // the session's fields as text
    size_t fields_size;
};

static inline struct wire_client *wire_client_of(const eddy_http_session *session)
{
    return session->transport_data[HTTP_BY_WIRE];
}

/* --- wire_pool.c ------------------------------------------------------------------------------ */

/*
 * Creates a connection, which takes over `stream`. It is busy until it is put or freed. NULL if
 * memory is out.
 */
struct wire_connection *eddy__wire_connection_new(struct wire_client *client,
                                                  struct http_origin *origin, eddy_stream *stream);
void eddy__wire_connection_free(struct wire_client *client, struct wire_connection *connection);

/*
 * Leases an idle connection that the peer has not closed and has sent nothing over; NULL if there
 * is none. The caller must send the request before it suspends: the check is valid only until then.
 */
struct wire_connection *eddy__wire_pool_take(struct wire_client *client,
                                             struct http_origin *origin);

/* Closes the connection that has been idle longest. Returns false if none is idle. */
bool eddy__wire_pool_drop(struct wire_client *client);

/* Returns `connection` to the pool, or closes it if the pool is full. */
void eddy__wire_pool_put(struct wire_client *client, struct wire_connection *connection);

/* Closes all connections. Busy ones remain, without a stream. */
void eddy__wire_pool_close(struct wire_client *client);

/* --- wire_connect.c --------------------------------------------------------------------------- */

/*
 * Connects to `origin`, over TLS if its scheme is https, within `limit` seconds. 0, or
 * HTTP_ELSEWHERE and no stream; EDDY_HTTP_CONNECT, EDDY_HTTP_TLS, EDDY_TIMEDOUT with messages;
 * EDDY_CANCELLED, -ENOMEM. Suspends. A cancellation leaves no connection open.
 */
int eddy__wire_connect(struct wire_client *client, struct http_origin *origin, double limit,
                       eddy_stream **out_stream);

/* --- wire_tls.c ------------------------------------------------------------------------------- */

/*
 * Does the TLS handshake over `stream` within `limit` seconds, and records the protocol that the
 * server chose. 0, HTTP_ELSEWHERE; EDDY_HTTP_TLS with a message, EDDY_TIMEDOUT, EDDY_CANCELLED,
 * -ENOMEM. Suspends.
 */
int eddy__wire_start_tls(struct wire_client *client, struct http_origin *origin, double limit,
                         eddy_stream *stream);

/* Returns EDDY_HTTP_TLS, with the message of the EDDY_TLS_FAILED that a call just returned. */
int eddy__wire_tls_failed(void);

/* --- wire_request.c --------------------------------------------------------------------------- */

/* Writes the session's fields as text, once. 0 or -ENOMEM. */
int eddy__wire_write_fields(struct wire_client *client);

/* Writes the head of `request` into the client's buffer; valid until the next. 0 or -ENOMEM. */
int eddy__wire_write_head(struct wire_client *client, const struct http_request *request,
                          eddy_span *out_head);

/* --- wire_upload.c ---------------------------------------------------------------------------- */

/*
 * Starts sending `body` over the connection's stream, in pieces. `is_copied` says that the caller's
 * body may be freed before it has been sent, so it is copied. 0 or -ENOMEM.
 */
int eddy__wire_upload_start(struct wire_connection *connection, eddy_span body, bool is_copied);

/* Stops the upload at any point; true if all has been sent. The body is not read afterwards. */
bool eddy__wire_upload_stop(struct wire_connection *connection);

#endif
