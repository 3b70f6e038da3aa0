/* SPDX-License-Identifier: MIT */
/*
 * server.h: the server's internal types and functions.
 *
 *     server.c               listens, accepts and shuts down
 *     server_connection.c    a connection's task: its requests, one after the other, and its end
 *     server_request.c       the request as the handler reads it, with its body
 *     server_reply.c         the reply as the handler writes it
 *     server_head.c          writes the head of a reply
 *     server_work.c          the pool of request state (struct http_work)
 *     server_watch.c         deadlines of connections
 *
 * A connection has one request at a time and answers it before it parses the next. So request and
 * reply are fields of its `struct http_work`, and are reused.
 */
#ifndef EDDY_HTTP_SERVER_PARTS_H
#define EDDY_HTTP_SERVER_PARTS_H

#include <eddy/future.h>
#include <eddy/http_server.h>

#include "date.h"
#include "parser.h"
#include "server_watch.h"

/* A growing buffer. It is reused for the next request as long as it is small. */
struct http_text {
    char *data;
    size_t size, capacity;
};

struct http_connection;

struct eddy_http_request {
    struct http_connection *connection;
    struct http_span piece;    // a parsed piece of the body, in the window, not taken yet
    bool is_complete;          // all of the body has been parsed
    bool is_whole;             // `body`, or `lent`, is the body that was asked for
    bool must_continue;        // the client waits for "100 Continue"
    int error;                 // the error that ended the body, or 0
    int status;                // the status with which that error is answered
    double waited;             // total seconds spent waiting for pieces of the body
    uint64_t received;         // bytes of the body, for the average rate
    struct http_text body;     // gathered by eddy_http_request_body()
    eddy_span lent;            // the same, borrowed, if it arrived in one piece
};

enum reply_state {
    REPLY_OPEN,       // headers may be added
    REPLY_STREAMS,    // begun, the body is written piece by piece
    REPLY_DONE,
};

struct eddy_http_reply {
    struct http_connection *connection;
    enum reply_state state;
    int status;          // 0: none yet
    bool has_date;       // the handler set a Date field
    bool has_no_body;    // by method or status: the bytes of the body are counted, not sent
    bool is_chunked;
    bool must_close;            // the connection closes after this reply
    uint64_t size;              // of the body so far
    uint64_t size_declared;     // EDDY_HTTP_SIZE_UNKNOWN: none
    struct http_text fields;    // headers that the handler added, as lines
};

/*
 * The state of a request: leased with its first byte, returned when the connection becomes idle. So
 * idle connections hold little memory, and busy ones reuse memory that is in the processor's cache.
 */
struct http_work {
    struct http_work *next;    // in the server's list of spare ones
    struct http_parser parser;
    struct http_text out;    // replies that have not been passed to the stream
    struct eddy_http_request request;
    struct eddy_http_reply reply;
};

struct http_connection {
    struct http_connection *next, *prev;    // in the server's list
    eddy_http_server *server;               // one reference
    eddy_stream *stream;                    // owned
    eddy_task *task;                        // one reference, while it is in the list
    struct http_work *work;                 // owned; NULL while idle
    eddy_span window;                       // borrowed from the stream: bytes not parsed yet
    size_t used;    // bytes parsed but not yet consumed from the stream
    struct watch watch;
    eddy_handle *flush;    // the callback that will flush work->out to the stream; or NULL
    bool must_drain;       // the callback could not wait for a slow client: the next flush does
    bool is_late;          // the client took no bytes for too long
    bool is_kept;          // another request may follow
    bool has_received;     // at least one request
    bool wants_tls;        // the TLS handshake comes first
    int broken;            // the error after which nothing can be written; or 0
};

struct eddy_http_server {
    size_t reference_count;              // the owner, the accepting task, each connection
    eddy_http_server_options options;    // with defaults filled in, without its strings
    struct http_limits limits;
    eddy_listener *listener;    // NULL: none
    eddy_task *acceptor;        // NULL: none, or ended
    eddy_future *state_changed;          // set when the server's state changes; NULL: no waiter
    bool is_closing;            // shutdown has begun
    bool wants_room;            // a client waits at the cap: no connection is kept alive
    struct http_work *spare_works;
    size_t spare_work_count;
    struct http_connection *first, *last;
    size_t connection_count;
    struct watch_row idle;       // connections that wait for the next request
    struct watch_row fresh;      // connections that have not sent anything yet
    struct watch_row writing;    // connections that wait until the client takes more
    int64_t date_second;         // of `date`
    char date[HTTP_DATE_SIZE];
};

/* --- server.c --------------------------------------------------------------------------------- */
eddy_http_server *eddy__http_server_ref(eddy_http_server *server);
void eddy__http_server_unref(eddy_http_server *server);

/* Removes the connection from the server's list, and wakes the tasks that wait for that. */
void eddy__http_server_forget(struct http_connection *connection);

/* --- server_connection.c ---------------------------------------------------------------------- */

/*
 * Starts a connection and its task, over TLS if `wants_tls`. Takes over the stream, and frees it on
 * failure. 0 or -ENOMEM.
 */
int eddy__http_connection_start(eddy_http_server *server, eddy_stream *stream, bool wants_tls);

/* Aborts the stream: reads and writes fail from now on. */
void eddy__http_connection_cut(struct http_connection *connection);
void eddy__http_connections_let_go(struct watch_row *row);    // ends those whose socket is quiet
void eddy__http_connection_idled(struct watch *watch);      // expired, of the lists idle and fresh
void eddy__http_connection_stalled(struct watch *watch);    // expired, of the list writing

/* Refills the window from the stream; 0: end of stream. Suspends; the caller sets the limit. */
int eddy__http_connection_fill(struct http_connection *connection);

/* Parses on in the window. HTTP_EVENT_MORE means that the window is empty. */
enum http_event eddy__http_connection_parse(struct http_connection *connection,
                                            struct http_span *out_piece);

/* --- server_work.c ---------------------------------------------------------------------------- */

/* Leases request state to the connection if it has none. 0 or -ENOMEM. */
int eddy__http_work_take(struct http_connection *connection);

/* Prepares request state for the next request; keeps the bytes in `out`. */
void eddy__http_work_clear(struct http_work *work);

/* Returns the request state to the server, if there is any, and discards its contents. */
void eddy__http_work_give(struct http_connection *connection);

/* Frees the spare request state. */
void eddy__http_works_fini(eddy_http_server *server);

/* --- server_request.c ------------------------------------------------------------------------- */
void eddy__http_request_reset(struct eddy_http_request *request);
void eddy__http_request_begin(struct eddy_http_request *request);    // its head has been read

/* Reads up to the next piece of the body. Returns 1, 0 at its end, or an error. Suspends. */
int eddy__http_request_next_piece(struct eddy_http_request *request);

/* --- server_reply.c --------------------------------------------------------------------------- */
void eddy__http_reply_reset(struct eddy_http_reply *reply);

/* Flushes `out` to the stream. Returns and suspends like eddy_stream_write(). */
int eddy__http_reply_flush(struct http_connection *connection);

/* Completes the reply that the handler left open. `status` is what the handler returned. */
int eddy__http_reply_conclude(struct eddy_http_reply *reply, int status);

/* Sends the server's own answer, with a sentence as its body; the connection closes after it. */
int eddy__http_reply_refuse(struct eddy_http_reply *reply, int status, const char *text);

/* --- server_head.c ---------------------------------------------------------------------------- */
bool eddy__http_text_reserve(struct http_text *text, size_t size);    // room for `size` more
bool eddy__http_text_put(struct http_text *text, const char *data, size_t size);
void eddy__http_text_trim(struct http_text *text, size_t capacity_max);    // empties it

/* Whether they are allowed in a header line. */
bool eddy__http_is_field_name(const char *name);
bool eddy__http_is_field_value(const char *value);

/* Appends the head of the answer to connection->out. 0 or -ENOMEM. */
int eddy__http_head_write(struct eddy_http_reply *reply, const char *content_type);

#endif
