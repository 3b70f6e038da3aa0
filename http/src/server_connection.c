/* SPDX-License-Identifier: MIT */
/*
 * server_connection.c: a connection's task.
 *
 *      (TLS) --> FRESH --head--> the handler --answer--> IDLE --head--> the handler ...
 *        |         |               |                       |
 *        |         end, deadline   error, "close"          end, deadline, shutdown
 *        \---------\--------------(linger)-----------------/--> closed
 *
 * The window is the bytes received, borrowed from the stream. The parser reads them in place, and
 * they are consumed when more are needed: a request is copied once, into the parser's head.
 *
 * The time limits that apply to every request (idle, writing) are watches, which cost almost
 * nothing. A wait for a head or body that arrives late uses a timeout scope.
 *
 * Invariants:
 *   - The connection has request state from the first byte of a request to the end of its answer.
 *   - A request is answered before the next one is parsed, so answers are in order.
 *   - After a parser error nothing more is parsed as HTTP: the start of the next request would be
 *     ambiguous, which is what request smuggling exploits.
 *   - Before a connection is closed on a client that is still sending, its bytes are read and
 *     dropped for a moment: a close with unread bytes is a reset, which would destroy the answer
 *     that reports the error.
 *
 * Owns the connection and its stream. Called by server.c.
 */
#include <errno.h>
#include <sys/socket.h>

#include <eddy/alloc.h>
#include <eddy/task.h>
#include <eddy/timeout.h>
#include <eddy/tls.h>

#include "idle.h"
#include "server.h"

enum {
    DISCARD_MAX = 64 * 1024,    // bytes of an unread body that are read to keep the connection
    LINGER_SIZE_MAX = 16 * 1024 * 1024,    // bytes that are read and dropped before a close
    LINGER_SECONDS = 2,
};

/* --- The window ------------------------------------------------------------------------------- */

int eddy__http_connection_fill(struct http_connection *connection)
{
    EDDY_TRY(eddy__http_reply_flush(connection));
    if (connection->used > 0)
        EDDY_TRY(eddy_stream_consume(connection->stream, connection->used));
    connection->used = 0;
    connection->window = (eddy_span){NULL, 0};
    EDDY_TRY(eddy_stream_peek(connection->stream, 1, &connection->window));
    return connection->window.size > 0;
}

enum http_event eddy__http_connection_parse(struct http_connection *connection,
                                            struct http_span *out_piece)
{
    eddy_span *window = &connection->window;
    size_t used;
    enum http_event event = eddy__http_parser_next(&connection->work->parser, window->data,
                                                   window->size, &used, out_piece);
    window->data += used;
    window->size -= used;
    connection->used += used;
    return event;
}

/* --- Ends from outside the task --------------------------------------------------------------- */

void eddy__http_connection_cut(struct http_connection *connection)
{
    // A reset, so that the client can't take the end of the connection for the end of an answer.
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int fd = eddy_stream_fd(connection->stream);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    eddy_stream_abort(connection->stream);
}

static struct http_connection *connection_of(struct watch *watch)
{
    return (struct http_connection *)((char *)watch - offsetof(struct http_connection, watch));
}

void eddy__http_connection_idled(struct watch *watch)
{
    eddy_stream_close(connection_of(watch)->stream);
}

void eddy__http_connections_let_go(struct watch_row *row)
{
    for (struct watch *watch = row->first, *next; watch != NULL; watch = next) {
        next = watch->next;
        const eddy_stream *stream = connection_of(watch)->stream;
        bool is_quiet = eddy__http_socket_is_quiet(eddy_stream_fd(stream));
        eddy__watch_end(watch);
        if (is_quiet)
            eddy__http_connection_idled(watch);    // else it continues with the bytes received
    }
}

void eddy__http_connection_stalled(struct watch *watch)
{
    struct http_connection *connection = connection_of(watch);
    connection->is_late = true;
    eddy__http_connection_cut(connection);
}

/* --- The head of a request -------------------------------------------------------------------- */

static int refuse(struct http_connection *connection, int status, const char *text)
{
    connection->work->reply.must_close = true;
    int rc = eddy__http_reply_refuse(&connection->work->reply, status, text);
    return rc < 0 ? rc : 0;
}

/* The server is being shut down: a request that has arrived is the last. 0 if there is none. */
static int take_last(struct http_connection *connection)
{
    if (connection->used > 0)
        EDDY_TRY(eddy_stream_consume(connection->stream, connection->used));
    connection->used = 0;
    connection->window = (eddy_span){NULL, 0};
    int rc = eddy_stream_peek_nowait(connection->stream, &connection->window);
    return rc == 0 && connection->window.size > 0;
}

/* Waits for the first bytes of a request. 0 if none will come. */
static int wait_idle(struct http_connection *connection)
{
    eddy_http_server *server = connection->server;
    EDDY_TRY(eddy__http_reply_flush(connection));
    if (server->is_closing)
        return take_last(connection);
    if (server->wants_room && connection->has_received)
        return 0;
    eddy__watch_begin(connection->has_received ? &server->idle : &server->fresh,
                      &connection->watch);
    int rc = eddy__http_connection_fill(connection);
    eddy__watch_end(&connection->watch);
    return rc == EDDY_CANCELLED || rc > 0 ? rc : 0;
}

/* Waits for more of a head that has begun. 0 if it was refused, or the client has gone. */
static int wait_for_rest(struct http_connection *connection, double deadline)
{
    // Answers that the client doesn't read have their own limit.
    int rc = eddy__http_reply_flush(connection);
    if (rc < 0)
        return rc == EDDY_CANCELLED ? rc : 0;
    rc = eddy_timeout_at_begin(deadline);
    if (rc == 0)
        rc = eddy_timeout_end(eddy__http_connection_fill(connection));
    if (rc > 0 || rc == EDDY_CANCELLED)
        return rc;
    if (rc == EDDY_TIMEDOUT)
        return refuse(connection, 408, "the request took too long to arrive");
    if (rc == 0 && eddy__http_parser_finish(&connection->work->parser) == HTTP_EVENT_ERROR)
        return refuse(connection, connection->work->parser.error.status,
                      connection->work->parser.error.text);
    return 0;
}

/* Reads up to the end of a request's head: 1; 0 if there is none, which is already handled. */
static int await_head(struct http_connection *connection)
{
    struct http_span no_piece;
    double deadline = 0;    // set with the first byte
    bool has_begun = false;
    for (;;) {
        if (connection->window.size > 0) {
            has_begun = true;
            EDDY_TRY(eddy__http_work_take(connection));
            enum http_event event = eddy__http_connection_parse(connection, &no_piece);
            if (event == HTTP_EVENT_HEAD)
                return 1;
            if (event == HTTP_EVENT_ERROR)
                return refuse(connection, connection->work->parser.error.status,
                              connection->work->parser.error.text);
        }
        if (has_begun && deadline == 0)
            deadline = eddy_time() + connection->server->options.header_timeout;
        int rc = has_begun ? wait_for_rest(connection, deadline) : wait_idle(connection);
        if (rc <= 0)
            return rc;
    }
}

/* --- Requests --------------------------------------------------------------------------------- */

/* Reads the rest of the body that the handler left, if small enough to keep the connection. */
static int discard_body(struct http_connection *connection)
{
    struct eddy_http_request *request = &connection->work->request;
    size_t size = 0;
    int rc = 0;
    while (connection->is_kept && size <= DISCARD_MAX &&
           (rc = eddy__http_request_next_piece(request)) > 0)
        size += request->piece.size;
    if (!request->is_complete || rc < 0)
        connection->is_kept = false;
    return rc == EDDY_CANCELLED ? rc : 0;
}

/* Runs the handler for the request whose head has just been read. */
static int answer(struct http_connection *connection)
{
    const eddy_http_server_options *options = &connection->server->options;
    struct eddy_http_request *request = &connection->work->request;
    connection->has_received = true;
    connection->is_kept = false;    // until the head of the answer decides
    eddy__http_request_begin(request);
    if (eddy_http_request_is(request, "CONNECT"))
        return refuse(connection, 501, "this server is no proxy");

    int status = options->handler(request, &connection->work->reply, options->data);
    EDDY_TRY(eddy__http_reply_conclude(&connection->work->reply, status));
    return request->is_complete ? 0 : discard_body(connection);
}

/* Returns the request state if nothing is unparsed or unsent; else clears it. */
static void make_ready(struct http_connection *connection)
{
    bool is_all_sent =
        connection->work->out.size == 0 && connection->flush == NULL && !connection->must_drain;
    if (connection->window.size == 0 && is_all_sent)
        eddy__http_work_give(connection);
    else
        eddy__http_work_clear(connection->work);
}

/* Does the TLS handshake. 1; 0 if it fails, which is not reported. */
static int secure(struct http_connection *connection)
{
    eddy_http_server *server = connection->server;
    eddy__watch_begin(&server->fresh, &connection->watch);    // this limits the time
    int rc = eddy_stream_start_tls(
        connection->stream, server->options.tls,
        &(eddy_tls_options){.server_side = true, .handshake_timeout = EDDY_NO_TIMEOUT});
    eddy__watch_end(&connection->watch);
    if (rc == EDDY_CANCELLED)
        return rc;
    return rc == 0;
}

static int serve_requests(struct http_connection *connection)
{
    for (;;) {
        int rc = await_head(connection);
        if (rc > 0)
            rc = answer(connection);
        else if (rc == 0)
            connection->is_kept = false;
        if (rc < 0 || !connection->is_kept)
            return rc;
        make_ready(connection);
    }
}

/* --- The end ---------------------------------------------------------------------------------- */

/* Reads and drops the client's bytes until the client has read the answer and stops. */
static int linger(struct http_connection *connection)
{
    size_t size = 0;
    int rc = eddy_stream_shutdown(connection->stream);
    if (rc < 0)
        return 0;
    EDDY_TRY(eddy_timeout_begin(LINGER_SECONDS));
    do {
        connection->used += connection->window.size;
        size += connection->window.size;
        rc = eddy__http_connection_fill(connection);
    } while (rc > 0 && size < LINGER_SIZE_MAX);
    return eddy_timeout_end(rc < 0 ? rc : 0);
}

static bool may_have_more(const struct http_connection *connection)
{
    const struct http_work *work = connection->work;
    return connection->window.size > 0 ||
           (work != NULL && (work->parser.error.code != 0 || work->request.error != 0 ||
                             !work->request.is_complete));
}

/* Sends the rest, and waits as long as the client reads it. */
static int finish(struct http_connection *connection)
{
    int rc = eddy__http_reply_flush(connection);
    if (rc == 0 && may_have_more(connection))
        rc = linger(connection);
    eddy_stream_close(connection->stream);
    if (rc != EDDY_CANCELLED) {
        eddy__watch_begin(&connection->server->writing, &connection->watch);
        rc = eddy_stream_wait_closed(connection->stream);
        eddy__watch_end(&connection->watch);
    }
    return rc == EDDY_CANCELLED ? rc : 0;
}

static void free_connection(struct http_connection *connection)
{
    eddy__http_server_forget(connection);
    eddy__watch_end(&connection->watch);
    if (connection->flush != NULL) {
        eddy_handle_cancel(connection->flush);
        eddy_handle_free(connection->flush);
    }
    eddy__http_work_give(connection);
    eddy_stream_free(connection->stream);
    eddy_task_free(connection->task);
    eddy__http_server_unref(connection->server);
    eddy_free(connection);
}

/* For a task that was cancelled before it ran. */
static void drop_connection(struct http_connection **connection)
{
    free_connection(*connection);
}

EDDY_ASYNC(http_connection, (struct http_connection *, connection, drop_connection))
{
    int rc = connection->wants_tls ? secure(connection) : 1;
    if (rc > 0)
        rc = serve_requests(connection);
    if (rc == EDDY_CANCELLED)
        eddy_stream_close(connection->stream);    // bytes already written are still sent
    else
        rc = finish(connection);
    free_connection(connection);
    return rc;
}

/* --- The beginning ---------------------------------------------------------------------------- */

static struct http_connection *new_connection(eddy_http_server *server, eddy_stream *stream)
{
    struct http_connection *connection = eddy_calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->stream = stream;
    connection->server = eddy__http_server_ref(server);
    connection->prev = server->last;
    if (server->last != NULL)
        server->last->next = connection;
    else
        server->first = connection;
    server->last = connection;
    server->connection_count++;
    return connection;
}

int eddy__http_connection_start(eddy_http_server *server, eddy_stream *stream, bool wants_tls)
{
    struct http_connection *connection = new_connection(server, stream);
    if (connection == NULL) {
        eddy_stream_free(stream);
        return -ENOMEM;
    }
    connection->wants_tls = wants_tls;
    eddy_task *task = eddy_create_task(http_connection, connection);
    if (eddy_task_done(task)) {
        // The task could not be made, or has already run; the connection is freed either way.
        int rc = eddy_future_exception(task);
        eddy_task_free(task);
        return rc;
    }
    connection->task = task;
    return 0;
}
