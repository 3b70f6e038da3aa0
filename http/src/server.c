/* SPDX-License-Identifier: MIT */
/*
 * server.c: listens, accepts connections and shuts down gracefully.
 *
 *      open --shutdown--> draining --deadline--> cancelling --a second--> cut off
 *                            \------everything answered-----\----------\--> ended
 *
 * One task accepts; each connection has its own task. These tasks and the owner each hold a
 * reference to the server, and the last reference frees it.
 *
 * Invariants:
 *   - At the connection limit the oldest idle connection is closed for a new one; if all are busy,
 *     one new connection waits here, and the others in the kernel.
 *   - A shortage of descriptors or memory pauses accepting and never ends it.
 *   - Every wait of a shutdown is bounded.
 *
 * Owns the server and its listener. Uses server_connection.c.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <eddy/alloc.h>
#include <eddy/task.h>
#include <eddy/timeout.h>
#include <eddy/tls.h>

#include "errors.h"
#include "server.h"

enum {
    CONNECTIONS_MAX_DEFAULT = 100000,
    CLEANUP_SECONDS = 1,    // for cancelled handlers
};

static const double ACCEPT_PAUSE = 0.1;    // seconds, when the system was out of resources

/* --- References ------------------------------------------------------------------------------- */

eddy_http_server *eddy__http_server_ref(eddy_http_server *server)
{
    server->reference_count++;
    return server;
}

void eddy__http_server_unref(eddy_http_server *server)
{
    if (--server->reference_count > 0)
        return;
    eddy__watch_row_fini(&server->idle);
    eddy__watch_row_fini(&server->fresh);
    eddy__watch_row_fini(&server->writing);
    eddy__http_works_fini(server);
    eddy_listener_free(server->listener);
    eddy_future_free(server->state_changed);
    eddy_tls_context_free(server->options.tls);
    eddy_free(server);
}

static void drop_reference(eddy_http_server **server)
{
    eddy__http_server_unref(*server);
}

/* --- Waiting for changes ---------------------------------------------------------------------- */

static void tell(eddy_http_server *server)
{
    eddy_future *state_changed = server->state_changed;
    server->state_changed = NULL;
    if (state_changed != NULL)
        EDDY_IGNORE(eddy_future_set_result(state_changed));    // a waiter may have cancelled it
    eddy_future_free(state_changed);
}

/* Waits until a connection has ended, or the server is being shut down. */
static int wait_for_news(eddy_http_server *server)
{
    if (server->state_changed == NULL || eddy_future_done(server->state_changed)) {
        eddy_future_free(server->state_changed);
        server->state_changed = eddy_future_new(void);
    }
    EDDY_AUTO(eddy_future) *state_changed = eddy_future_ref(server->state_changed);
    int rc = eddy_await(state_changed);
    // Several tasks may wait for this future; the cancellation of another must not stop this one.
    if (rc == EDDY_CANCELLED && eddy_task_cancelling(eddy_current_task()) == 0)
        return 0;
    return rc;
}

void eddy__http_server_forget(struct http_connection *connection)
{
    eddy_http_server *server = connection->server;
    if (connection->prev != NULL)
        connection->prev->next = connection->next;
    else
        server->first = connection->next;
    if (connection->next != NULL)
        connection->next->prev = connection->prev;
    else
        server->last = connection->prev;
    server->connection_count--;
    tell(server);
}

/* --- Accepting -------------------------------------------------------------------------------- */

/* Closes the connection that has been idle longest, or has sent nothing for longest. */
static void close_an_idle_one(eddy_http_server *server)
{
    struct watch_row *row = server->idle.first != NULL ? &server->idle : &server->fresh;
    struct watch *watch = row->first;
    if (watch == NULL)
        return;
    eddy__watch_end(watch);
    row->expired(watch);
}

/* Called by the listener, because idle connections hold descriptors. */
static void make_room(int status, void *data)
{
    (void)status;
    close_an_idle_one(data);
}

static int wait_for_room(eddy_http_server *server)
{
    int rc = 0;
    while (rc == 0 && !server->is_closing &&
           server->connection_count >= server->options.connections_max) {
        server->wants_room = true;
        close_an_idle_one(server);
        rc = wait_for_news(server);
    }
    server->wants_room = false;
    return rc;
}

/* The system is out of descriptors or memory. That passes, and idle connections hold some. */
static int pause_accepting(eddy_http_server *server, int reason, bool *inout_has_told)
{
    if (reason == -ECONNABORTED || reason == -EPROTO)
        return 0;    // the client has disconnected
    if (!*inout_has_told)
        eddy_call_exception_handler(&(eddy_report){
            .kind = EDDY_REPORT_CALLBACK,
            .message = "the HTTP server can't accept connections for the moment",
            .status = reason,
            .task = eddy_current_task(),
        });
    *inout_has_told = true;
    close_an_idle_one(server);
    return eddy_sleep(ACCEPT_PAUSE);
}

/* Starts a connection on the stream as soon as the limit allows it. */
static int take_in(eddy_http_server *server, eddy_stream *stream)
{
    const eddy_http_server_options *options = &server->options;
    int rc = wait_for_room(server);
    if (rc == 0 && !server->is_closing)
        return eddy__http_connection_start(server, stream, options->tls != NULL);
    eddy_stream_free(stream);
    return rc;
}

static int accept_all(eddy_http_server *server)
{
    bool has_told = false;    // the current shortage has been reported
    while (!server->is_closing) {
        eddy_stream *stream;
        int rc = eddy_listener_accept(server->listener, &stream);
        if (rc == -EBADF)
            return 0;
        if (rc == 0)
            rc = take_in(server, stream);
        if (rc == EDDY_CANCELLED)
            return rc;
        if (rc < 0)
            EDDY_TRY(pause_accepting(server, rc, &has_told));
        else
            has_told = false;
    }
    return 0;
}

EDDY_ASYNC(http_server, (eddy_http_server *, server, drop_reference))
{
    int rc = accept_all(server);
    eddy__http_server_unref(server);
    return rc;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static double seconds_or(double given, double fallback)
{
    return given != 0 ? given : fallback;
}

static int check_options(const eddy_http_server_options *options)
{
    if (options == NULL || options->handler == NULL)
        return eddy_fail(EDDY_EVALUE, "eddy_http_server_open: a handler is needed");
    if (options->tls != NULL && !eddy_tls_context_has_certificate(options->tls))
        return eddy_fail(EDDY_EVALUE, "eddy_http_server_open: tls has no certificate to show");
    const double times[] = {options->header_timeout, options->body_timeout,
                            options->keep_alive_timeout, options->write_timeout};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (!(times[i] >= 0))    // true for a NaN
            return eddy_fail(EDDY_EVALUE, "eddy_http_server_open: a timeout is negative");
    if (eddy_current_task() == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_server_open: called outside a task");
    return 0;
}

static eddy_http_server *new_server(const eddy_http_server_options *given)
{
    eddy_http_server *server = eddy_calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->reference_count = 1;
    eddy_http_server_options *options = &server->options;
    *options = *given;
    options->host = options->port = options->path = NULL;
    if (given->tls != NULL)
        options->tls = eddy_tls_context_ref(given->tls);
    options->header_timeout = seconds_or(given->header_timeout, 20);
    options->body_timeout = seconds_or(given->body_timeout, 30);
    options->keep_alive_timeout = seconds_or(given->keep_alive_timeout, 75);
    options->write_timeout = seconds_or(given->write_timeout, 60);
    if (options->connections_max == 0)
        options->connections_max = CONNECTIONS_MAX_DEFAULT;
    server->limits = (struct http_limits){
        .line_max = given->line_max,
        .header_max = given->header_max,
        .field_max = given->header_count_max,
        .body_max = given->body_max,
    };
    server->idle = (struct watch_row){.seconds = options->keep_alive_timeout,
                                      .expired = eddy__http_connection_idled};
    server->fresh = (struct watch_row){.seconds = options->header_timeout,
                                       .expired = eddy__http_connection_idled};
    server->writing = (struct watch_row){.seconds = options->write_timeout,
                                         .expired = eddy__http_connection_stalled};
    return server;
}

static int listen_on(eddy_http_server *server, const eddy_http_server_options *options)
{
    eddy_listener_options listening = {
        .backlog = options->backlog,
        .reuse_port = options->reuse_port,
        .on_shortage = make_room,
        .shortage_data = server,
    };
    if (options->path != NULL)
        return eddy_listen_unix(options->path, &listening, &server->listener);
    const char *host = options->host != NULL ? options->host : "127.0.0.1";
    return eddy_listen(host, options->port, &listening, &server->listener);
}

static int start_accepting(eddy_http_server *server)
{
    eddy_task *task = eddy_create_task(http_server, eddy__http_server_ref(server));
    if (eddy_task_done(task)) {
        int rc = eddy_future_exception(task);
        eddy_task_free(task);
        return rc;
    }
    server->acceptor = task;
    return 0;
}

int eddy_http_server_open(const eddy_http_server_options *options, eddy_http_server **out_server)
{
    eddy__http_errors_register();
    EDDY_TRY(check_options(options));
    eddy_http_server *server = new_server(options);
    if (server == NULL)
        return -ENOMEM;
    int rc = 0;
    if (options->port != NULL || options->path != NULL) {
        rc = listen_on(server, options);
        if (rc == 0)
            rc = start_accepting(server);
    }
    if (rc < 0) {
        eddy__http_server_unref(server);
        return rc;
    }
    *out_server = server;
    return 0;
}

int eddy_http_server_adopt(eddy_http_server *server, eddy_stream *stream)
{
    if (server == NULL || stream == NULL) {
        eddy_stream_free(stream);
        return eddy_fail(EDDY_EMISUSE, "eddy_http_server_adopt: the server or the stream is NULL");
    }
    if (server->is_closing) {
        eddy_stream_free(stream);
        return eddy_fail(EDDY_EMISUSE, "eddy_http_server_adopt: the server is being shut down");
    }
    return eddy__http_connection_start(server, stream, false);
}

int eddy_http_server_port(const eddy_http_server *server)
{
    return server != NULL && server->listener != NULL ? eddy_listener_port(server->listener) : 0;
}

size_t eddy_http_server_connection_count(const eddy_http_server *server)
{
    return server != NULL ? server->connection_count : 0;
}

size_t eddy_http_server_idle_count(const eddy_http_server *server)
{
    return server != NULL ? server->idle.count + server->fresh.count : 0;
}

/* --- Closing ---------------------------------------------------------------------------------- */

/* Accepts the established connections, which closing the listener would reset. */
static void take_queue(eddy_http_server *server)
{
    eddy_stream *stream;
    while (server->connection_count < server->options.connections_max &&
           eddy_listener_accept_nowait(server->listener, &stream) == 0)
        // If memory is out, the client is reset after all.
        EDDY_IGNORE(eddy__http_connection_start(server, stream, server->options.tls != NULL));
}

/* Accepts no more, and closes connections that carry no request. */
static void begin_closing(eddy_http_server *server)
{
    server->is_closing = true;
    if (server->listener != NULL)
        eddy_listener_close(server->listener);
    tell(server);
    eddy__http_connections_let_go(&server->idle);
    eddy__http_connections_let_go(&server->fresh);
}

static void cancel_all(eddy_http_server *server)
{
    for (struct http_connection *c = server->first; c != NULL; c = c->next)
        if (c->task != NULL)
            eddy_task_cancel(c->task, "the HTTP server is shutting down");
}

static void cut_all(eddy_http_server *server)
{
    for (struct http_connection *c = server->first; c != NULL; c = c->next)
        eddy__http_connection_cut(c);
}

static int wait_until_empty(eddy_http_server *server)
{
    while (server->connection_count > 0)
        EDDY_TRY(wait_for_news(server));
    return 0;
}

static bool is_called_by_handler(const eddy_http_server *server)
{
    const eddy_task *current = eddy_current_task();
    for (const struct http_connection *c = server->first; c != NULL; c = c->next)
        if (c->task == current)
            return true;
    return false;
}

static int drain(eddy_http_server *server, double seconds)
{
    int rc = eddy_within(seconds, wait_until_empty(server));
    if (rc != EDDY_TIMEDOUT) {
        cancel_all(server);    // none is left, unless the wait itself failed
        cut_all(server);
        return rc;
    }
    int busy_count = (int)server->connection_count;
    cancel_all(server);
    rc = eddy_within(CLEANUP_SECONDS, wait_until_empty(server));
    cut_all(server);
    return rc == 0 || rc == EDDY_TIMEDOUT ? busy_count : rc;
}

int eddy_http_server_shutdown(eddy_http_server *server, double seconds)
{
    if (server == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_server_shutdown: the server is NULL");
    if (isnan(seconds))
        return eddy_fail(EDDY_EVALUE, "eddy_http_server_shutdown: the time is not a number");
    if (eddy_current_task() == NULL || is_called_by_handler(server))
        return eddy_fail(EDDY_EMISUSE, "eddy_http_server_shutdown: called outside a task, or by a "
                                       "handler of this server, for which it would wait");
    eddy__http_server_ref(server);
    if (server->listener != NULL && !server->is_closing)
        take_queue(server);
    begin_closing(server);
    int rc = drain(server, seconds);
    eddy__http_server_unref(server);
    return rc;
}

void eddy_http_server_free(eddy_http_server *server)
{
    if (server == NULL)
        return;
    begin_closing(server);
    cancel_all(server);
    cut_all(server);
    eddy_task_free(server->acceptor);
    server->acceptor = NULL;
    eddy__http_server_unref(server);
}
