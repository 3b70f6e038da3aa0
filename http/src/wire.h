/* SPDX-License-Identifier: MIT */
/*
 * wire.h: the transport of our own: HTTP/1.1 over Eddy's streams.
 *
 *     wire_transport.c    one exchange: a connection, the request out, the answer in
 *     wire_request.c      the head of a request as text
 *     wire_upload.c       a large body, sent by a task of its own
 *     wire_pool.c         connections that wait for their next request
 *     wire_connect.c      new connections, tried at several addresses
 *     wire_tls.c          TLS under them
 */
#ifndef EDDY_HTTP_WIRE_H
#define EDDY_HTTP_WIRE_H

#include <eddy/stream.h>
#include <eddy/tls.h>

#include "parser.h"
#include "session.h"
#include "session_origin.h"

struct wire_upload;

/* A connection to an origin. It carries one exchange at a time, and idles in between. */
struct wire_connection {
    eddy_stream *stream;    // NULL once the loop has ended
    struct http_parser parser;
    struct http_origin *origin;      // one reference
    eddy_http_response *response;    // that it works for; NULL while it idles
    struct wire_upload *upload;      // of a large body; NULL: there is none
    double heard_at;                 // eddy_time() of the last byte, or when the wait began

    bool is_reused;       // it has carried an exchange before this one
    bool may_repeat;      // the request may be sent again over another connection
    bool has_answered;    // a byte of the answer has come
    bool has_ended;       // all of the answer has come
    bool may_be_kept;     // both sides will let another request follow
    unsigned interim_count;
    size_t request_body_size;    // bytes

    struct wire_connection *older, *younger;    // in a row of the client's

    /* While it idles. */
    double idle_since;
    struct wire_connection *next_idle;    // of the same origin; the latest comes first
};

/* Connections in the order in which they entered. */
struct wire_row {
    struct wire_connection *oldest, *youngest;
    unsigned count;
};

/* What a session keeps for this transport. */
struct wire_client {
    eddy_http_session *session;
    struct wire_row idle, busy;
    eddy_handle *sweeper;    // will close those that have idled for too long; NULL: nothing does

    eddy_tls_context *tls;    // of all its connections; NULL before the first

    char *buffer;    // where heads are written: each is sent or copied before the next
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
 * A connection over `stream`, which is its own from now on; busy until it is put or freed. NULL
 * without memory.
 */
struct wire_connection *eddy__wire_connection_new(struct wire_client *client,
                                                  struct http_origin *origin, eddy_stream *stream);
void eddy__wire_connection_free(struct wire_client *client, struct wire_connection *connection);

/*
 * Takes an idle connection that the peer has neither closed nor sent anything over; NULL if there
 * is none. The request must be sent before the caller suspends: the check holds no longer.
 */
struct wire_connection *eddy__wire_pool_take(struct wire_client *client,
                                             struct http_origin *origin);

/* Closes the connection that has been idle the longest; false when none is idle. */
bool eddy__wire_pool_drop(struct wire_client *client);

/* Keeps `connection` for the next request, or closes it, when there are enough. */
void eddy__wire_pool_put(struct wire_client *client, struct wire_connection *connection);

/* Closes all: those that are busy stay, without a stream. */
void eddy__wire_pool_close(struct wire_client *client);

/* --- wire_connect.c --------------------------------------------------------------------------- */

/*
 * Connects to `origin`, over TLS if that is its scheme, within `limit` seconds. 0, or
 * HTTP_ELSEWHERE and no stream; EDDY_HTTP_CONNECT, EDDY_HTTP_TLS, EDDY_TIMEDOUT with messages;
 * EDDY_CANCELLED, -ENOMEM. Suspends; cancelled, it leaves nothing behind.
 */
int eddy__wire_connect(struct wire_client *client, struct http_origin *origin, double limit,
                       eddy_stream **out_stream);

/* --- wire_tls.c ------------------------------------------------------------------------------- */

/*
 * Shakes hands over `stream`, within `limit` seconds, and notes what the server speaks. 0,
 * HTTP_ELSEWHERE; EDDY_HTTP_TLS with a message, EDDY_TIMEDOUT, EDDY_CANCELLED, -ENOMEM. Suspends.
 */
int eddy__wire_start_tls(struct wire_client *client, struct http_origin *origin, double limit,
                         eddy_stream *stream);

/* EDDY_HTTP_TLS, with the message of an EDDY_TLS_FAILED that a call has just returned. */
int eddy__wire_tls_failed(void);

/* --- wire_request.c --------------------------------------------------------------------------- */

/* Writes the session's fields as text, once. 0 or -ENOMEM. */
int eddy__wire_write_fields(struct wire_client *client);

/* The head of `request`, in the client's buffer until the next. 0 or -ENOMEM. */
int eddy__wire_write_head(struct wire_client *client, const struct http_request *request,
                          eddy_span *out_head);

/* --- wire_upload.c ---------------------------------------------------------------------------- */

/*
 * Sends `body` over the connection's stream, in pieces; `is_copied` if it may go before it has been
 * sent. 0 or -ENOMEM.
 */
int eddy__wire_upload_start(struct wire_connection *connection, eddy_span body, bool is_copied);

/* Ends it, wherever it is: true if all has been sent. The body is not looked at again. */
bool eddy__wire_upload_stop(struct wire_connection *connection);

#endif
