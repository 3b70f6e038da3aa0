/* SPDX-License-Identifier: MIT */
/*
 * wire_transport.c: runs one exchange over a connection of Eddy's own transport.
 *
 *     idle or new connection --> head and body out --> head in --> body in --> idle again
 *            ^                                          |
 *            +--- the idle one had been closed ---------+
 *
 * The requesting task does all the work itself: it sends, waits on the stream, and passes the bytes
 * received to the parser, which returns spans of the stream's own buffer. Only a large body is sent
 * by another task (wire_upload.c).
 *
 * Invariants:
 *   - A connection is kept only if the answer ended where its framing said, both sides agree, the
 *     whole request was sent, and no bytes follow the answer. Any other end, such as a
 *     cancellation, closes it.
 *   - A request is sent a second time only if that is allowed (RFC 9110, 9.2.2), the connection had
 *     been idle, and any bytes received do not answer it; and then over a new connection.
 *   - Bytes that the server sent before it had the request are not taken for the response, as far
 *     as TCP can tell.
 *   - A streamed body is read from the socket when its reader reads, so TCP slows the server down.
 */
#include "wire.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/uio.h>

#include <eddy/alloc.h>
#include <eddy/timeout.h>

#include "idle.h"

enum {
    UPLOAD_ABOVE = 64 * 1024,     // bytes; a larger body is sent while reading
    HEAD_REUSE_MAX = 8 * 1024,    // a larger head may take time to be sent: over a new connection
    INTERIM_MAX = 100,            // interim answers (100, 103)
};

/* --- Waiting ---------------------------------------------------------------------------------- */

/* Borrows the bytes received, at least one unless the peer has ended, within the read timeout. */
static int wait_for_bytes(struct wire_connection *connection, eddy_span *out_bytes)
{
    double limit = connection->response->read_timeout;
    if (isinf(limit))
        return eddy_stream_peek(connection->stream, 1, out_bytes);
    connection->heard_at = eddy_time();
    for (;;) {
        EDDY_TRY(eddy_timeout_at_begin(connection->heard_at + limit));
        int rc = eddy_timeout_end(eddy_stream_peek(connection->stream, 1, out_bytes));
        if (rc != EDDY_TIMEDOUT)
            return rc;
        if (connection->heard_at + limit <= eddy_time())
            return eddy_fail(rc, "silence for %g s", limit);
    }
}

/* --- Errors ----------------------------------------------------------------------------------- */

static int parser_failure(const struct wire_connection *connection)
{
    const struct http_error *error = &connection->parser.error;
    switch (error->code) {
    case HTTP_ETOOLARGE:
        connection->response->has_message = true;
        return eddy_fail(EDDY_HTTP_TOO_LARGE, "%s: the limit is %llu", error->text,
                         (unsigned long long)error->limit);
    case HTTP_EUNSUPPORTED: return eddy_fail(EDDY_HTTP_UNSUPPORTED, "%s", error->text);
    case HTTP_EMALFORMED: return eddy_fail(EDDY_HTTP_PROTOCOL, "%s", error->text);
    default: return error->code;
    }
}

/* The peer has ended, or the connection failed with `err`, in the middle of the answer. */
static int ended_early(const struct wire_connection *connection, int err)
{
    bool has_closed = err == 0 || err == EDDY_TLS_EOF;
    const char *reason = has_closed ? "the server closed the connection" : eddy_strerror(err);
    const struct http_parser *parser = &connection->parser;
    if (!connection->has_answered)
        return eddy_fail(EDDY_HTTP_DISCONNECTED, "%s before it answered", reason);
    if (connection->response->is_head_complete && parser->body_left > 0 && !parser->head.is_chunked)
        return eddy_fail(EDDY_HTTP_PARTIAL, "%s with %llu bytes remaining", reason,
                         (unsigned long long)parser->body_left);
    return eddy_fail(EDDY_HTTP_PARTIAL, "%s in the middle of the answer", reason);
}

static bool is_break(int err)
{
    return err == -ECONNRESET || err == -EPIPE || err == -ENOTCONN || err == -ETIMEDOUT ||
           err == -EHOSTUNREACH || err == -ENETUNREACH || err == -ECONNABORTED ||
           err == EDDY_TLS_EOF;
}

/* --- The answer ------------------------------------------------------------------------------- */

static eddy_span span_of(struct http_span span)
{
    return (eddy_span){span.data, span.size};
}

/*
 * Whether it is a load balancer's 408 on an idle connection, sent before it got the request. After
 * a 408 "the client MAY repeat that request on a new connection" (RFC 9110, 15.5.9).
 */
static bool is_idle_timeout(const struct wire_connection *connection)
{
    const struct http_head *head = &connection->parser.head;
    return connection->is_reused && connection->may_repeat && head->status == 408 &&
           !head->should_keep_alive;
}

/* Passes the head to the response. 1: it is the answer's; 0: an interim answer's. */
static int take_head(struct wire_connection *connection)
{
    const struct http_head *head = &connection->parser.head;
    eddy_http_response *response = connection->response;
    if (is_idle_timeout(connection))
        return eddy__http_ended_idle("the server sent status 408");
    eddy__http_response_begin(response, 10 + head->version_minor, head->status);
    for (size_t i = 0; i < head->field_count; i++)
        EDDY_TRY(eddy__http_response_field(response, span_of(head->fields[i].name),
                                           span_of(head->fields[i].value)));
    connection->may_be_kept &= head->should_keep_alive && !head->is_upgrade;
    return eddy__http_response_end_head(response);
}

/* Prepares for the answer, and again after an interim answer. */
static void expect_answer(struct wire_connection *connection, const char *method)
{
    eddy__http_parser_answers(&connection->parser, (struct http_span){method, strlen(method)});
}

/* An interim answer has ended: the next follows. */
static int go_on(struct wire_connection *connection)
{
    bool answers_head = connection->response->is_bodiless;
    if (++connection->interim_count > INTERIM_MAX)
        return eddy_fail(EDDY_HTTP_PROTOCOL, "more than %d interim answers", INTERIM_MAX);
    eddy__http_parser_reset(&connection->parser);
    expect_answer(connection, answers_head ? "HEAD" : "GET");
    return 0;
}

/* Whether the first bytes can be the beginning of a status line. */
static bool begins_like_http(const struct http_parser *parser)
{
    size_t size = parser->size < 5 ? parser->size : 5;
    return memcmp(parser->bytes, "HTTP/", size) == 0;
}

/* Fails at once if the bytes are no response, because the end of the line may never come. */
static int refuse_nonsense(const struct wire_connection *connection)
{
    if (connection->is_reused)
        return eddy__http_ended_idle("what followed the last response is no response");
    return eddy_fail(EDDY_HTTP_PROTOCOL, "the response doesn't begin like HTTP");
}

static int act_on(struct wire_connection *connection, enum http_event event, struct http_span body)
{
    eddy_http_response *response = connection->response;
    switch (event) {
    case HTTP_EVENT_HEAD: return take_head(connection);
    case HTTP_EVENT_BODY: return eddy__http_response_receive(response, body.data, body.size);
    case HTTP_EVENT_COMPLETE:
        if (!response->is_head_complete)
            return go_on(connection);
        connection->has_ended = true;
        return 0;
    case HTTP_EVENT_ERROR:
        if (connection->is_reused && connection->parser.head.status == 0)
            return refuse_nonsense(connection);
        return parser_failure(connection);
    default:
        if (connection->parser.size > 0 && !begins_like_http(&connection->parser))
            return refuse_nonsense(connection);
        return 0;
    }
}

/* Passes bytes to the parser until all are used, or what the caller waits for has arrived. */
static int feed(struct wire_connection *connection, eddy_span bytes)
{
    const eddy_http_response *response = connection->response;
    size_t sum = 0;
    enum http_event event = HTTP_EVENT_BODY;
    int rc = 0;
    while (rc >= 0 && event != HTTP_EVENT_MORE && !connection->has_ended) {
        size_t used;
        struct http_span body = {NULL, 0};
        event = eddy__http_parser_next(&connection->parser, bytes.data + sum, bytes.size - sum,
                                       &used, &body);
        sum += used;
        rc = act_on(connection, event, body);
        // A streamed body is read only so far ahead of its reader; but the parser may already know
        // that it has ended.
        if (eddy__http_response_is_for_reader(response) &&
            (event == HTTP_EVENT_HEAD || response->body_size > 0))
            bytes.size = sum;
    }
    int err = eddy_stream_consume(connection->stream, sum);
    return rc < 0 ? rc : err;
}

/* The peer has ended, which ends a body without a length. */
static int take_end(struct wire_connection *connection)
{
    if (eddy__http_parser_finish(&connection->parser) == HTTP_EVENT_COMPLETE &&
        connection->response->is_head_complete) {
        connection->has_ended = true;
        connection->may_be_kept = false;
        return 0;
    }
    return ended_early(connection, 0);
}

static bool is_premature(const struct wire_connection *connection)
{
    return connection->is_reused &&
           eddy__http_socket_is_premature(eddy_stream_fd(connection->stream),
                                          eddy_stream_get_write_buffer_size(connection->stream),
                                          connection->request_body_size);
}

/* One step: waits for bytes and processes them. */
static int receive(struct wire_connection *connection)
{
    eddy_span bytes;
    int rc = wait_for_bytes(connection, &bytes);
    if (rc == EDDY_TLS_FAILED)
        return connection->has_answered ? ended_early(connection, rc) : eddy__wire_tls_failed();
    if (rc < 0)
        return is_break(rc) ? ended_early(connection, rc) : rc;
    if (bytes.size == 0)
        return take_end(connection);
    if (!connection->has_answered) {
        if (is_premature(connection))
            return eddy__http_ended_idle("the server sent bytes before it had the request");
        connection->has_answered = true;
        connection->response->timings.first_byte = eddy_time() - connection->response->began;
    }
    return feed(connection, bytes);
}

/* --- The request ------------------------------------------------------------------------------ */

/* A connection that fails during the send may still have delivered an answer, which is read. */
static int send_request(struct wire_connection *connection, const struct http_request *request)
{
    struct wire_client *client = wire_client_of(connection->response->session);
    eddy_span head;
    EDDY_TRY(eddy__wire_write_head(client, request, &head));
    bool is_large = request->body.size > UPLOAD_ABOVE;
    bool has_body = request->body.size > 0 && !is_large;
    const struct iovec parts[] = {{(char *)head.data, head.size},
                                  {(char *)request->body.data, request->body.size}};
    int rc = has_body ? eddy_stream_writev(connection->stream, parts, 2)
                      : eddy_stream_write(connection->stream, head.data, head.size);
    if (rc == 0 && is_large)
        rc = eddy__wire_upload_start(connection, request->body, connection->response->is_streamed);
    return is_break(rc) || rc == EDDY_TLS_FAILED ? 0 : rc;
}

/* Whether the caller tells the server to close the connection, or to upgrade it. */
static bool asks_to_close(const struct http_request *request)
{
    const struct http_fields *fields = request->fields;
    for (size_t i = 0; i < fields->count; i++)
        if (strcasecmp(fields->items[i].name, "Connection") == 0)
            return strcasecmp(fields->items[i].value, "keep-alive") != 0;
    return false;
}

static void begin(struct wire_connection *connection, const struct http_request *request,
                  eddy_http_response *response)
{
    response->channel = connection;
    response->is_open = true;
    response->timings.connect = eddy_time() - response->began;
    connection->response = response;
    connection->request_body_size = request->body.size;
    connection->may_repeat = eddy__http_is_idempotent(request->method);
    connection->has_answered = connection->has_ended = false;
    connection->may_be_kept = !asks_to_close(request);
    connection->interim_count = 0;
    expect_answer(connection, request->method);
}

static int converse(struct wire_connection *connection, const struct http_request *request)
{
    const eddy_http_response *response = connection->response;
    EDDY_TRY(send_request(connection, request));
    while (!connection->has_ended && !eddy__http_response_is_for_reader(response))
        EDDY_TRY(receive(connection));
    return 0;
}

/* --- Connections ------------------------------------------------------------------------------ */

/*
 * The first connection to an origin shows which protocol it speaks. Other requests wait for that:
 * over HTTP/2 they would all share the connection.
 */
static int connect_first(struct wire_client *client, struct http_origin *origin, double limit,
                         eddy_stream **out_stream)
{
    double since = eddy_time();
    int rc = eddy_within(limit, eddy_lock_acquire(&origin->meeting));
    if (rc < 0)
        return rc == EDDY_TIMEDOUT ? eddy_fail(rc, "no connection within %g s", limit) : rc;
    limit = fmax(limit - (eddy_time() - since), 0.001);
    bool is_first = !origin->is_met && !origin->needs_libcurl;
    if (is_first)
        rc = eddy__wire_connect(client, origin, limit, out_stream);
    eddy_lock_release(&origin->meeting);
    if (is_first)
        return rc;
    return origin->needs_libcurl ? HTTP_ELSEWHERE
                                 : eddy__wire_connect(client, origin, limit, out_stream);
}

/* A new connection over which the server sends first is not used either. */
static int check_silence(const struct wire_connection *connection)
{
    eddy_span bytes;
    int rc = eddy_stream_peek_nowait(connection->stream, &bytes);
    if (rc < 0 || bytes.size == 0)
        return 0;    // the exchange reports the error, if any
    if (bytes.size >= 5 && memcmp(bytes.data, "HTTP/", 5) == 0)
        return eddy_fail(EDDY_HTTP_DISCONNECTED, "the server sent a response before the request");
    return eddy_fail(EDDY_HTTP_PROTOCOL, "the server speaks first: this is not HTTP");
}

static int open_new(const struct http_request *request, eddy_http_response *response)
{
    struct wire_client *client = wire_client_of(response->session);
    struct http_origin *origin = response->origin;
    eddy_stream *stream;
    double limit = request->connect_timeout;
    EDDY_TRY(eddy__http_origin_resolve(origin, &limit));
    int rc = origin->is_met ? eddy__wire_connect(client, origin, limit, &stream)
                            : connect_first(client, origin, limit, &stream);
    if (rc != 0)
        return rc;
    struct wire_connection *connection = eddy__wire_connection_new(client, origin, stream);
    if (!connection) {
        eddy_stream_free(stream);
        return -ENOMEM;
    }
    begin(connection, request, response);
    EDDY_TRY(check_silence(connection));
    return converse(connection, request);
}

static void drop(eddy_http_response *response)
{
    eddy__wire_connection_free(wire_client_of(response->session), response->channel);
    response->channel = NULL;
    response->is_open = false;
}

/* Leases an idle connection that can take the request at once, if there is one. */
static struct wire_connection *take_idle(struct wire_client *client, struct http_origin *origin,
                                         const struct http_request *request)
{
    eddy_span head;
    if (!origin->idle || eddy__wire_write_head(client, request, &head) < 0 ||
        head.size > HEAD_REUSE_MAX)
        return NULL;
    return eddy__wire_pool_take(client, origin);
}

static int open_exchange(const struct http_request *request, eddy_http_response *response)
{
    struct wire_client *client = wire_client_of(response->session);
    struct wire_connection *connection = take_idle(client, response->origin, request);
    if (!connection)
        return open_new(request, response);
    begin(connection, request, response);
    bool may_repeat = connection->may_repeat;
    int rc = converse(connection, request);
    if (rc != EDDY_HTTP_DISCONNECTED || !may_repeat)
        return rc;
    drop(response);
    return open_new(request, response);
}

/* Whether no bytes have arrived after the answer. */
static bool is_drained(const struct wire_connection *connection)
{
    eddy_span rest;
    return connection->stream && eddy_stream_peek(connection->stream, 0, &rest) == 0 &&
           rest.size == 0;
}

static void close_exchange(eddy_http_response *response)
{
    struct wire_connection *connection = response->channel;
    struct wire_client *client = wire_client_of(response->session);
    bool is_sent = eddy__wire_upload_stop(connection);
    response->channel = NULL;
    if (connection->has_ended && connection->may_be_kept && is_sent && is_drained(connection))
        eddy__wire_pool_put(client, connection);
    else
        eddy__wire_connection_free(client, connection);
}

/* --- Streamed bodies -------------------------------------------------------------------------- */

static int fetch(eddy_http_response *response)
{
    struct wire_connection *connection = response->channel;
    if (!connection->stream)
        return eddy_fail(EDDY_HTTP_ABORTED, "the loop has ended");
    while (response->body_size == 0 && !connection->has_ended)
        EDDY_TRY(receive(connection));
    return response->body_size > 0;
}

static void resume(eddy_http_response *response)
{
    (void)response;    // nothing is read before the reader asks
}

/* --- The transport ---------------------------------------------------------------------------- */

static int attach(eddy_http_session *session)
{
    struct wire_client *client = eddy_calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    client->session = session;
    int err = eddy__wire_write_fields(client);
    if (err < 0) {
        eddy_free(client);
        return err;
    }
    session->transport_data[HTTP_BY_WIRE] = client;
    return 0;
}

static void detach(eddy_http_session *session)
{
    struct wire_client *client = wire_client_of(session);
    eddy__wire_pool_close(client);
    eddy_tls_context_free(client->tls);
    eddy_free(client->buffer);
    eddy_free(client->fields);
    eddy_free(client);
}

static void let_go(eddy_http_session *session)
{
    eddy__wire_pool_close(wire_client_of(session));
}

const struct http_transport eddy__http_transport_wire = {
    .index = HTTP_BY_WIRE,
    .looks_up_names = true,    // only for new connections
    .attach = attach,
    .detach = detach,
    .let_go = let_go,
    .open = open_exchange,
    .fetch = fetch,
    .resume = resume,
    .close = close_exchange,
};
