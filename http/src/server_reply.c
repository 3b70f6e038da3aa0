/* SPDX-License-Identifier: MIT */
/*
 * server_reply.c: the handler's reply, and how it is written to the stream.
 *
 *      OPEN --send--------------------------> DONE
 *        \--begin--> STREAMS --end, return--> DONE
 *
 * All output uses `work->out`: the head and a small body leave in one write; a large body is
 * passed in the same write without a copy. A pipelining client gets several answers in one write:
 * while the window holds further requests, an answer stays in `out`. If the next handler has not
 * finished by the loop's next iteration, a callback sends it then.
 *
 * Invariants:
 *   - The task never waits for bytes, sleeps or parks while `out` holds an answer, unless a
 *     callback is scheduled to send it.
 *   - A callback can't wait for a slow client; if it had to, the task waits at its next flush.
 *   - The body matches its framing, or the connection is cut: a shortened answer can't be mistaken
 *     for a whole one.
 *
 * Called by handlers and by server_connection.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>

#include <eddy/task.h>

#include "server.h"

enum {
    COPY_MAX = 16 * 1024,    // bytes of a body that are copied after the head
    CHUNK_LINE_MAX = 18,     // sixteen digits and a line end
    REPORT_SIZE_MAX = 256,
    UNREAD_MAX = 64 * 1024,    // declared bytes of a body that are read to keep the connection
};

/* --- To the stream ---------------------------------------------------------------------------- */

/* Converts a write's outcome to the handler's status. */
static int outcome_of(struct http_connection *connection, int rc)
{
    if (rc >= 0 || rc == EDDY_CANCELLED)
        return rc;
    if (rc != -ENOMEM)
        rc = connection->is_late ? EDDY_TIMEDOUT : EDDY_HTTP_DISCONNECTED;
    connection->broken = rc;
    connection->is_kept = false;
    return rc;
}

/* Writes `out` and then `count` more parts, with a limit on the client's time. */
static int write_out(struct http_connection *connection, struct iovec *parts, int count)
{
    struct http_text *out = &connection->work->out;
    if (connection->broken < 0)
        return connection->broken;
    parts[0] = (struct iovec){out->data, out->size};
    out->size = 0;    // a callback must not send it again while this task waits
    eddy__watch_begin(&connection->server->writing, &connection->watch);
    int rc = count == 0 ? eddy_stream_write(connection->stream, parts[0].iov_base, parts[0].iov_len)
                        : eddy_stream_writev(connection->stream, parts, count + 1);
    if (rc == 0 && connection->must_drain)
        rc = eddy_stream_drain(connection->stream);
    connection->must_drain = false;
    eddy__watch_end(&connection->watch);
    return outcome_of(connection, rc);
}

int eddy__http_reply_flush(struct http_connection *connection)
{
    if (connection->work == NULL || (connection->work->out.size == 0 && !connection->must_drain))
        return connection->broken;
    struct iovec parts[1];
    return write_out(connection, parts, 0);
}

static int flush_in_callback(void *data)
{
    struct http_connection *connection = data;
    struct http_text *out = &connection->work->out;
    eddy_handle_free(connection->flush);
    connection->flush = NULL;
    if (out->size == 0 || connection->broken < 0)
        return 0;
    int rc = eddy_stream_write(connection->stream, out->data, out->size);
    out->size = 0;
    // The bytes are queued even if the stream wanted a wait, which a callback can't do.
    connection->must_drain = rc < 0;
    return 0;
}

/* Sends `out` in the loop's next iteration, unless it is sent before. */
static int flush_soon(struct http_connection *connection)
{
    if (connection->flush != NULL)
        return 0;
    int rc = eddy_call_soon(flush_in_callback, connection, &connection->flush);
    return rc < 0 ? eddy__http_reply_flush(connection) : 0;
}

/* Sends the complete answer now, or together with the next ones. */
static int flush_answer(struct http_connection *connection)
{
    bool may_wait = connection->window.size > 0 && connection->work->request.is_complete &&
                    connection->is_kept && connection->work->out.size < COPY_MAX;
    return may_wait ? flush_soon(connection) : eddy__http_reply_flush(connection);
}

/* --- Before the answer ------------------------------------------------------------------------ */

void eddy__http_reply_reset(struct eddy_http_reply *reply)
{
    eddy__http_text_trim(&reply->fields, COPY_MAX);
    *reply = (struct eddy_http_reply){
        .connection = reply->connection,
        .fields = reply->fields,
    };
}

/* Whether the server itself sets this field. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {"Content-Length", "Transfer-Encoding", "Connection",
                                        "Keep-Alive",     "Upgrade",           "Trailer"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static int refuse_null(const char *function)
{
    return eddy_fail(EDDY_EMISUSE, "%s: the reply is NULL", function);
}

int eddy_http_reply_header(eddy_http_reply *reply, const char *name, const char *value)
{
    if (reply == NULL)
        return refuse_null("eddy_http_reply_header");
    if (reply->state != REPLY_OPEN)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_reply_header: the answer has begun already");
    if (name == NULL || !eddy__http_is_field_name(name))
        return eddy_fail(EDDY_EVALUE, "eddy_http_reply_header: the name is no token");
    if (value == NULL || !eddy__http_is_field_value(value))
        return eddy_fail(EDDY_EVALUE,
                         "eddy_http_reply_header: the value of %s holds a control byte", name);
    if (is_reserved(name))
        return eddy_fail(EDDY_EVALUE, "eddy_http_reply_header: %s is the server's to write", name);

    struct http_text *fields = &reply->fields;
    size_t name_size = strlen(name), value_size = strlen(value);
    if (!eddy__http_text_reserve(fields, name_size + value_size + 4))
        return -ENOMEM;
    eddy__http_text_put(fields, name, name_size);
    eddy__http_text_put(fields, ": ", 2);
    eddy__http_text_put(fields, value, value_size);
    eddy__http_text_put(fields, "\r\n", 2);
    if (strcasecmp(name, "Date") == 0)
        reply->has_date = true;
    return 0;
}

void eddy_http_reply_close(eddy_http_reply *reply)
{
    if (reply != NULL)
        reply->must_close = true;
}

void eddy_http_reply_abort(eddy_http_reply *reply)
{
    if (reply == NULL)
        return;
    struct http_connection *connection = reply->connection;
    reply->state = REPLY_DONE;
    connection->is_kept = false;
    if (connection->broken == 0)
        connection->broken = EDDY_HTTP_DISCONNECTED;
    eddy__http_connection_cut(connection);
}

int eddy_http_reply_status(const eddy_http_reply *reply)
{
    return reply != NULL ? reply->status : 0;
}

uint64_t eddy_http_reply_size(const eddy_http_reply *reply)
{
    return reply != NULL ? reply->size : 0;
}

/* --- The answer ------------------------------------------------------------------------------- */

static bool may_keep(const struct eddy_http_reply *reply)
{
    const struct http_connection *connection = reply->connection;
    const struct eddy_http_request *request = &connection->work->request;
    const struct http_head *head = &connection->work->parser.head;
    if (!head->should_keep_alive || reply->must_close || connection->broken < 0 ||
        request->error < 0)
        return false;
    if (connection->server->is_closing || connection->server->wants_room)
        return false;
    // The end of the connection is the end of the body.
    if (reply->size_declared == EDDY_HTTP_SIZE_UNKNOWN && !reply->is_chunked && !reply->has_no_body)
        return false;
    if (request->is_complete)
        return true;
    // A client that never got "100 Continue" may or may not send the body, so framing is lost.
    return !request->must_continue &&
           (head->is_chunked || head->content_length - request->received <= UNREAD_MAX);
}

static int check_start(const struct eddy_http_reply *reply, int status, const char *content_type,
                       uint64_t size)
{
    if (reply->state != REPLY_OPEN)
        return eddy_fail(EDDY_EMISUSE, "the request has been answered already");
    if (status < 200 || status > 999)
        return eddy_fail(EDDY_EVALUE, "%d is no status from 200 to 999", status);
    if (content_type != NULL && !eddy__http_is_field_value(content_type))
        return eddy_fail(EDDY_EVALUE, "the content type holds a control byte");
    if (status == 204 && size != 0 && size != EDDY_HTTP_SIZE_UNKNOWN)
        return eddy_fail(EDDY_EVALUE, "an answer with status 204 has no body");
    return 0;
}

/* Decides the framing of the answer, and appends its head to `out`. */
static int start(struct eddy_http_reply *reply, int status, const char *content_type, uint64_t size)
{
    int rc = check_start(reply, status, content_type, size);
    if (rc < 0)
        return rc;
    struct http_connection *connection = reply->connection;
    const struct http_head *head = &connection->work->parser.head;
    bool is_bodiless = status == 204 || status == 304;
    reply->status = status;
    reply->size_declared = size;
    reply->has_no_body = is_bodiless || eddy_http_request_is(&connection->work->request, "HEAD");
    reply->is_chunked = size == EDDY_HTTP_SIZE_UNKNOWN && !is_bodiless && head->version_minor == 1;
    connection->is_kept = may_keep(reply);
    return eddy__http_head_write(reply, content_type);
}

int eddy_http_reply_send(eddy_http_reply *reply, int status, const char *content_type,
                         const void *data, size_t size)
{
    if (reply == NULL)
        return refuse_null("eddy_http_reply_send");
    int rc = start(reply, status, content_type, size);
    if (rc < 0)
        return rc;
    struct http_connection *connection = reply->connection;
    reply->state = REPLY_DONE;
    reply->size = size;
    if (reply->has_no_body)
        size = 0;
    if (size <= COPY_MAX && eddy__http_text_put(&connection->work->out, data, size))
        return flush_answer(connection);
    struct iovec parts[2] = {{0}, {(void *)data, size}};
    return write_out(connection, parts, 1);
}

int eddy_http_reply_begin(eddy_http_reply *reply, int status, const char *content_type,
                          uint64_t size)
{
    if (reply == NULL)
        return refuse_null("eddy_http_reply_begin");
    int rc = start(reply, status, content_type, size);
    if (rc < 0)
        return rc;
    reply->state = REPLY_STREAMS;
    // The head waits for the first piece of the body, but only while the handler is busy.
    return flush_soon(reply->connection);
}

/* Appends the line before a chunk, or the last one: the size in hexadecimal, and CRLF. */
static bool put_chunk_line(struct http_text *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    char line[CHUNK_LINE_MAX];
    char *at = line + sizeof line;
    *--at = '\n';
    *--at = '\r';
    do
        *--at = digits[size & 15];
    while ((size >>= 4) > 0);
    return eddy__http_text_put(out, at, (size_t)(line + sizeof line - at));
}

static int write_chunk(struct http_connection *connection, const void *data, size_t size)
{
    struct http_text *out = &connection->work->out;
    if (size > COPY_MAX) {
        if (!put_chunk_line(out, size))
            return -ENOMEM;
        struct iovec parts[3] = {{0}, {(void *)data, size}, {"\r\n", 2}};
        return write_out(connection, parts, 2);
    }
    if (!eddy__http_text_reserve(out, CHUNK_LINE_MAX + size + 2))
        return -ENOMEM;
    put_chunk_line(out, size);
    eddy__http_text_put(out, data, size);
    eddy__http_text_put(out, "\r\n", 2);
    return eddy__http_reply_flush(connection);
}

static int write_plain(struct http_connection *connection, const void *data, size_t size)
{
    if (size <= COPY_MAX && connection->work->out.size > 0) {
        if (!eddy__http_text_put(&connection->work->out, data, size))
            return -ENOMEM;
        return eddy__http_reply_flush(connection);
    }
    struct iovec parts[2] = {{0}, {(void *)data, size}};
    return write_out(connection, parts, 1);
}

int eddy_http_reply_write(eddy_http_reply *reply, const void *data, size_t size)
{
    if (reply == NULL)
        return refuse_null("eddy_http_reply_write");
    struct http_connection *connection = reply->connection;
    if (connection->broken < 0)
        return connection->broken;
    if (reply->state != REPLY_STREAMS)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_reply_write: the answer isn't being streamed");
    if (size > reply->size_declared - reply->size)
        return eddy_fail(EDDY_EVALUE, "eddy_http_reply_write: more bytes than were declared");
    reply->size += size;
    if (size == 0 || reply->has_no_body)
        return eddy__http_reply_flush(connection);
    return reply->is_chunked ? write_chunk(connection, data, size)
                             : write_plain(connection, data, size);
}

int eddy_http_reply_end(eddy_http_reply *reply)
{
    if (reply == NULL)
        return refuse_null("eddy_http_reply_end");
    struct http_connection *connection = reply->connection;
    if (connection->broken < 0)
        return connection->broken;
    if (reply->state != REPLY_STREAMS)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_reply_end: the answer isn't being streamed");
    reply->state = REPLY_DONE;
    bool is_short = reply->size_declared != EDDY_HTTP_SIZE_UNKNOWN &&
                    reply->size < reply->size_declared && !reply->has_no_body;
    if (is_short) {
        eddy_http_reply_abort(reply);
        return eddy_fail(EDDY_EVALUE, "eddy_http_reply_end: fewer bytes than were declared");
    }
    if (reply->is_chunked && !reply->has_no_body &&
        !eddy__http_text_put(&connection->work->out, "0\r\n\r\n", 5))
        return -ENOMEM;
    return flush_answer(connection);
}

/* --- After the handler ------------------------------------------------------------------------ */

int eddy__http_reply_refuse(struct eddy_http_reply *reply, int status, const char *text)
{
    char body[REPORT_SIZE_MAX];
    size_t size = strlen(text);
    if (size > sizeof body - 1)
        size = sizeof body - 1;
    memcpy(body, text, size);
    body[size++] = '\n';
    reply->state = REPLY_OPEN;
    eddy__http_text_trim(&reply->fields, COPY_MAX);
    reply->has_date = false;
    return eddy_http_reply_send(reply, status, "text/plain; charset=utf-8", body, size);
}

static void report(const struct eddy_http_reply *reply, int status, const char *what)
{
    char message[REPORT_SIZE_MAX];
    eddy_span method = eddy_http_request_method(&reply->connection->work->request);
    eddy_span target = eddy_http_request_target(&reply->connection->work->request);
    int target_size = target.size < 100 ? (int)target.size : 100;
    snprintf(message, sizeof message, "the HTTP handler %s on %.*s %.*s", what, (int)method.size,
             method.data, target_size, target.data);
    eddy_call_exception_handler(&(eddy_report){
        .kind = EDDY_REPORT_CALLBACK,
        .message = message,
        .status = status,
        .error = eddy_error_get(status),
        .task = reply->connection->task,
    });
}

/* The handler returned an error: decides whether it is the client's or the server's. */
static int conclude_failed(struct eddy_http_reply *reply, int status)
{
    struct http_connection *connection = reply->connection;
    const struct eddy_http_request *request = &connection->work->request;
    bool is_cancelled = status == EDDY_CANCELLED && eddy_task_cancelling(eddy_current_task()) > 0;
    bool is_theirs = status == request->error || status == connection->broken;
    if (!is_cancelled && !is_theirs)
        report(reply, status, "failed");
    if (reply->state == REPLY_STREAMS)
        eddy_http_reply_abort(reply);
    if (reply->state == REPLY_DONE)
        return is_cancelled ? status : 0;

    int rc;
    if (is_cancelled) {
        reply->must_close = true;
        rc = eddy__http_reply_refuse(reply, 503, "the server is shutting down");
    } else if (is_theirs && request->status != 0) {
        reply->must_close = true;
        rc = eddy__http_reply_refuse(reply, request->status, eddy_strerror(status));
    } else {
        rc = eddy__http_reply_refuse(reply, 500, "the server failed to answer this request");
    }
    return is_cancelled ? status : rc;
}

int eddy__http_reply_conclude(struct eddy_http_reply *reply, int status)
{
    if (status < 0)
        return conclude_failed(reply, status);
    if (reply->state == REPLY_STREAMS)
        status = eddy_http_reply_end(reply);
    if (status < 0)
        return conclude_failed(reply, status);
    if (reply->state == REPLY_OPEN) {
        report(reply, EDDY_EMISUSE, "gave no answer");
        return eddy__http_reply_refuse(reply, 500, "the server failed to answer this request");
    }
    return 0;
}
