/* SPDX-License-Identifier: MIT */
/*
 * server.h: the server from the inside.
 *
 *     server.c               listening, accepting, shutting down
 *     server_connection.c    a connection's task: from request to request, and the end
 *     server_request.c       what the handler asks of a request; its body
 *     server_reply.c         what the handler answers
 *     server_head.c          the text of an answer's head
 *     server_desk.c          what a request needs, passed from connection to connection
 *     server_watch.c         deadlines of connections
 *
 * A connection has one request at a time and answers it before it looks at the next, so request and
 * reply lie on its desk, used again and again.
 */
#ifndef EDDY_HTTP_SERVER_PARTS_H
#define EDDY_HTTP_SERVER_PARTS_H

#include <eddy/future.h>
#include <eddy/http_server.h>

#include "date.h"
#include "parser.h"
#include "server_watch.h"

/* Bytes that grow. Kept from request to request as long as they stay small. */
struct http_text {
    char *data;
    size_t size, capacity;
};

struct http_connection;

struct eddy_http_request {
    struct http_connection *connection;
    struct http_span piece;    // of the body: parsed, not taken by the handler yet; in the window
    bool is_complete;          // all of the body has been parsed
    bool is_whole;             // `body`, or `lent`, is the body that was asked for
    bool must_continue;        // the client waits for "100 Continue"
    int error;                 // what ended the body; 0: nothing has
    int status;                // what that means for the client
    double waited;             // seconds, for pieces of the body, in all
    uint64_t received;         // bytes of the body, for the average
    struct http_text body;     // gathered by eddy_http_request_body()
    eddy_span lent;            // the same, if it arrived in one piece
};

enum reply_state {
    REPLY_OPEN,       // headers may be added
    REPLY_STREAMS,    // begun, the body comes piece by piece
    REPLY_DONE,
};

struct eddy_http_reply {
    struct http_connection *connection;
    enum reply_state state;
    int status;          // 0: none yet
    bool has_date;       // the handler gave one
    bool has_no_body;    // by method or status: the bytes of the body are counted, not sent
    bool is_chunked;
    bool must_close;            // behind this answer
    uint64_t size;              // of the body so far
    uint64_t size_declared;     // EDDY_HTTP_SIZE_UNKNOWN: none
    struct http_text fields;    // headers that the handler added, as lines
};

/*
 * What a connection needs while it has a request: taken with the first byte, given back when it
 * idles. So idle connections hold next to nothing, and busy ones share what is in the cache.
 */
struct http_desk {
    struct http_desk *next;    // of the server's spare ones
    struct http_parser parser;
    struct http_text out;    // answers that have not been handed to the stream
    struct eddy_http_request request;
    struct eddy_http_reply reply;
};

struct http_connection {
    struct http_connection *next, *prev;    // of the server's list
    eddy_http_server *server;               // one reference
    eddy_stream *stream;                    // owned
    eddy_task *task;                        // one reference, while it is in the list
    struct http_desk *desk;                 // owned; NULL while idle
    eddy_span window;                       // lent by the stream, from `used` on not parsed yet
    size_t used;    // bytes of the window that the stream has not been told of
    struct watch watch;
    eddy_handle *flush;    // a callback that will hand desk->out over; or NULL
    bool must_drain;       // it could not wait for a slow client: the next flush does
    bool is_late;          // the client took nothing for too long
    bool is_kept;          // another request may follow
    bool has_received;     // at least one request
    bool wants_tls;        // hands are to be shaken before anything else
    int broken;            // why nothing can be written any more; or 0
};

struct eddy_http_server {
    size_t reference_count;              // the owner, the accepting task, each connection
    eddy_http_server_options options;    // the defaults filled in; no texts
    struct http_limits limits;
    eddy_listener *listener;    // NULL: none
    eddy_task *acceptor;        // NULL: none, or ended
    eddy_future *news;          // for whoever waits until something changes; NULL: nobody
    bool is_closing;            // shutdown has begun
    bool wants_room;            // a client waits for one of the others to end: none is kept
    struct http_desk *spare_desks;
    size_t spare_desk_count;
    struct http_connection *first, *last;
    size_t connection_count;
    struct watch_row idle;       // wait for the next request
    struct watch_row fresh;      // have not sent anything yet
    struct watch_row writing;    // wait until the client takes more
    int64_t date_second;         // of `date`
    char date[HTTP_DATE_SIZE];
};

/* --- server.c --------------------------------------------------------------------------------- */
eddy_http_server *eddy__http_server_ref(eddy_http_server *server);
void eddy__http_server_unref(eddy_http_server *server);

/* The connection leaves the server's list, and whoever waits for that is told. */
void eddy__http_server_forget(struct http_connection *connection);

/* --- server_connection.c ---------------------------------------------------------------------- */

/*
 * A connection with its task, over TLS if it `wants_tls`. The stream is the connection's, and freed
 * if this fails. 0 or -ENOMEM.
 */
int eddy__http_connection_start(eddy_http_server *server, eddy_stream *stream, bool wants_tls);

/* Ends the stream at once: reads and writes fail from here on. */
void eddy__http_connection_cut(struct http_connection *connection);
void eddy__http_connections_let_go(struct watch_row *row);    // those that nothing has come over
void eddy__http_connection_idled(struct watch *watch);      // expired, of the rows idle and fresh
void eddy__http_connection_stalled(struct watch *watch);    // expired, of the row writing

/* Lets the stream lend more bytes; 0: the peer has ended. Suspends; the caller sets the limit. */
int eddy__http_connection_fill(struct http_connection *connection);

/* Reads on. HTTP_EVENT_MORE means that the window is empty. */
enum http_event eddy__http_connection_parse(struct http_connection *connection,
                                            struct http_span *out_piece);

/* --- server_desk.c ---------------------------------------------------------------------------- */

/* A desk for the connection, if it has none. 0 or -ENOMEM. */
int eddy__http_desk_take(struct http_connection *connection);

/* Makes ready for the next request; what waits in `out` stays. */
void eddy__http_desk_clear(struct http_desk *desk);

/* Gives the desk back, if there is one, whatever lies on it. */
void eddy__http_desk_give(struct http_connection *connection);

/* Frees the spare ones. */
void eddy__http_desks_fini(eddy_http_server *server);

/* --- server_request.c ------------------------------------------------------------------------- */
void eddy__http_request_reset(struct eddy_http_request *request);
void eddy__http_request_begin(struct eddy_http_request *request);    // its head has been read

/* Reads up to the next piece of the body: 1, 0 at its end, or an error. Suspends. */
int eddy__http_request_next_piece(struct eddy_http_request *request);

/* --- server_reply.c --------------------------------------------------------------------------- */
void eddy__http_reply_reset(struct eddy_http_reply *reply);

/* Hands to the stream what has been written so far. As eddy_stream_write(). */
int eddy__http_reply_flush(struct http_connection *connection);

/* Ends what the handler left open. `status` is what it returned. */
int eddy__http_reply_conclude(struct eddy_http_reply *reply, int status);

/* An answer of the server's own, with a sentence for a body; the connection ends behind it. */
int eddy__http_reply_refuse(struct eddy_http_reply *reply, int status, const char *text);

/* --- server_head.c ---------------------------------------------------------------------------- */
bool eddy__http_text_reserve(struct http_text *text, size_t size);    // room for so many more
bool eddy__http_text_put(struct http_text *text, const char *data, size_t size);
void eddy__http_text_trim(struct http_text *text, size_t capacity_max);    // empties it

/* Whether they may stand in a header line. */
bool eddy__http_is_field_name(const char *name);
bool eddy__http_is_field_value(const char *value);

/* Appends the head of the answer to connection->out. 0 or -ENOMEM. */
int eddy__http_head_write(struct eddy_http_reply *reply, const char *content_type);

#endif
