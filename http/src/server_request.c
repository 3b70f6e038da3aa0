/* SPDX-License-Identifier: MIT */
/*
 * server_request.c: the request as the handler reads it, and its body.
 *
 * The head stays in the parser until the next request, so everything read from it is borrowed. The
 * body is pulled: the parser returns pieces in the stream's own buffer, and a piece is used up
 * before more is read from the stream. This gives backpressure: a client can't send faster than the
 * handler reads.
 *
 * Invariants:
 *   - `piece` points into the window, and the window is not refilled while there is a piece.
 *   - An error of the body is permanent. A cancellation is not: it loses no bytes.
 *   - "100 Continue" is sent once, if the handler wants bytes, none have arrived, and no answer has
 *     begun.
 *
 * Owns the memory of a gathered body. Called by handlers, and by server_connection.c for the part
 * that they leave unread.
 */
#include <errno.h>
#include <string.h>

#include <eddy/task.h>
#include <eddy/timeout.h>

#include "server.h"

enum {
    BODY_RATE_MIN = 256,             // bytes a second, on average, of the time spent waiting
    BODY_KEPT_MAX = 16 * 1024,       // bytes of memory kept for the next body
    BODY_TRUST_MAX = 1024 * 1024,    // bytes allocated in advance for a Content-Length
};

static eddy_span span_of(struct http_span span)
{
    return (eddy_span){span.data, span.size};
}

static const struct http_head *head_of(const eddy_http_request *request)
{
    static const struct http_head none = {.content_length = 0};
    return request != NULL ? &request->connection->work->parser.head : &none;
}

void eddy__http_request_reset(struct eddy_http_request *request)
{
    eddy__http_text_trim(&request->body, BODY_KEPT_MAX);
    *request = (struct eddy_http_request){
        .connection = request->connection,
        .is_complete = true,
        .body = request->body,
    };
}

void eddy__http_request_begin(struct eddy_http_request *request)
{
    request->is_complete = !head_of(request)->has_body;
    request->must_continue = head_of(request)->expects_continue;
}

/* --- The head --------------------------------------------------------------------------------- */

eddy_span eddy_http_request_method(const eddy_http_request *request)
{
    return span_of(head_of(request)->method);
}

bool eddy_http_request_is(const eddy_http_request *request, const char *method)
{
    struct http_span actual = head_of(request)->method;
    return method != NULL && actual.size == strlen(method) && memcmp(actual.data, method, actual.size) == 0;
}

int eddy_http_request_version(const eddy_http_request *request)
{
    return request != NULL ? 10 + head_of(request)->version_minor : 0;
}

eddy_span eddy_http_request_target(const eddy_http_request *request)
{
    return span_of(head_of(request)->target);
}

/* Returns the start of the authority of an absolute-form target; NULL for other forms. */
static const char *authority_of(eddy_span target)
{
    if (target.size == 0 || target.data[0] == '/' || target.data[0] == '*')
        return NULL;
    const char *end = target.data + target.size;
    const char *at = memchr(target.data, ':', target.size);
    return at != NULL && end - at >= 3 && memcmp(at, "://", 3) == 0 ? at + 3 : NULL;
}

eddy_span eddy_http_request_host(const eddy_http_request *request)
{
    eddy_span target = eddy_http_request_target(request);
    const char *at = authority_of(target);
    if (at == NULL)
        return eddy_http_request_header(request, "Host");
    const char *end = at;
    while (end < target.data + target.size && *end != '/' && *end != '?')
        end++;
    return (eddy_span){at, (size_t)(end - at)};
}

/* Path and query: the target without the scheme and host of a request to a proxy. */
static eddy_span local_part(const eddy_http_request *request)
{
    eddy_span target = eddy_http_request_target(request);
    if (target.size == 0 || target.data[0] == '/' || target.data[0] == '*')
        return target;
    const char *end = target.data + target.size;
    const char *at = authority_of(target);
    if (at == NULL)
        return (eddy_span){end, 0};
    while (at < end && *at != '/' && *at != '?')
        at++;
    return (eddy_span){at, (size_t)(end - at)};
}

eddy_span eddy_http_request_path(const eddy_http_request *request)
{
    eddy_span path = local_part(request);
    const char *mark = path.size > 0 ? memchr(path.data, '?', path.size) : NULL;
    if (mark != NULL)
        path.size = (size_t)(mark - path.data);
    return path.size > 0 ? path : (eddy_span){"/", 1};
}

eddy_span eddy_http_request_query(const eddy_http_request *request)
{
    eddy_span part = local_part(request);
    const char *mark = part.size > 0 ? memchr(part.data, '?', part.size) : NULL;
    if (mark == NULL)
        return (eddy_span){part.data + part.size, 0};
    return (eddy_span){mark + 1, (size_t)(part.data + part.size - mark) - 1};
}

eddy_span eddy_http_request_header(const eddy_http_request *request, const char *name)
{
    struct http_span value = {NULL, 0};
    eddy__http_head_find(head_of(request), name, &value);
    return span_of(value);
}

size_t eddy_http_request_header_count(const eddy_http_request *request)
{
    return head_of(request)->field_count;
}

bool eddy_http_request_header_at(const eddy_http_request *request, size_t index,
                                 eddy_span *out_name, eddy_span *out_value)
{
    const struct http_head *head = head_of(request);
    if (index >= head->field_count)
        return false;
    *out_name = span_of(head->fields[index].name);
    *out_value = span_of(head->fields[index].value);
    return true;
}

int eddy_http_request_peername(const eddy_http_request *request, char *buf, size_t size)
{
    if (request == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_request_peername: the request is NULL");
    return eddy_stream_peername(request->connection->stream, buf, size);
}

bool eddy_http_request_has_body(const eddy_http_request *request)
{
    return head_of(request)->has_body;
}

uint64_t eddy_http_request_content_length(const eddy_http_request *request)
{
    const struct http_head *head = head_of(request);
    return head->has_body || head->content_length != HTTP_LENGTH_UNKNOWN ? head->content_length : 0;
}

/* --- The body, piece by piece ----------------------------------------------------------------- */

static int fail(struct eddy_http_request *request, int error, int status)
{
    request->error = error;
    request->status = status;
    return error;
}

static int fail_as_parser(struct eddy_http_request *request)
{
    const struct http_error *error = &request->connection->work->parser.error;
    return fail(request, error->code, error->status);
}

static int tell_to_continue(struct eddy_http_request *request)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct http_connection *connection = request->connection;
    request->must_continue = false;
    if (request->received > 0 || connection->work->reply.state != REPLY_OPEN)
        return 0;
    if (!eddy__http_text_put(&connection->work->out, line, sizeof line - 1))
        return -ENOMEM;
    return eddy__http_reply_flush(connection);
}

/* The time limit for the next piece: less for a client that has been slow before. */
static double patience_for(const struct eddy_http_request *request)
{
    double longest = request->connection->server->options.body_timeout;
    double earned = longest + (double)request->received / BODY_RATE_MIN - request->waited;
    return earned < longest ? earned : longest;
}

static int fill_in_time(struct eddy_http_request *request)
{
    double patience = patience_for(request);
    if (patience <= 0)
        return EDDY_TIMEDOUT;
    double before = eddy_time();
    int rc = eddy_within(patience, eddy__http_connection_fill(request->connection));
    request->waited += eddy_time() - before;
    return rc;
}

/* Refills the window from the stream. 0 or an error. */
static int wait_for_bytes(struct eddy_http_request *request)
{
    int rc = request->must_continue ? tell_to_continue(request) : 0;
    if (rc == 0)
        rc = fill_in_time(request);
    if (rc > 0 || rc == EDDY_CANCELLED)
        return rc < 0 ? rc : 0;
    if (rc == EDDY_TIMEDOUT)
        return fail(request, rc, 408);
    if (rc == -ENOMEM)
        return fail(request, rc, 503);
    if (rc < 0)
        return fail(request, EDDY_HTTP_DISCONNECTED, 400);
    eddy__http_parser_finish(&request->connection->work->parser);
    return fail_as_parser(request);
}

int eddy__http_request_next_piece(struct eddy_http_request *request)
{
    while (request->error == 0 && !request->is_complete) {
        int rc = 0;
        switch (eddy__http_connection_parse(request->connection, &request->piece)) {
        case HTTP_EVENT_BODY: request->received += request->piece.size; return 1;
        case HTTP_EVENT_COMPLETE: request->is_complete = true; break;
        case HTTP_EVENT_ERROR: return fail_as_parser(request);
        case HTTP_EVENT_HEAD:
        case HTTP_EVENT_END:
        case HTTP_EVENT_MORE: rc = wait_for_bytes(request); break;
        }
        if (rc < 0)
            return rc;
    }
    return request->error;
}

ssize_t eddy_http_request_read(eddy_http_request *request, void *buf, size_t size)
{
    if (request == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_request_read: the request is NULL");
    if (size == 0)
        return 0;
    if (request->piece.size == 0) {
        int rc = eddy__http_request_next_piece(request);
        if (rc <= 0)
            return rc;
    }
    struct http_span *piece = &request->piece;
    if (size > piece->size)
        size = piece->size;
    memcpy(buf, piece->data, size);
    piece->data += size;
    piece->size -= size;
    return (ssize_t)size;
}

/* --- The whole body --------------------------------------------------------------------------- */

static int too_large(struct eddy_http_request *request)
{
    return fail(request, EDDY_HTTP_TOO_LARGE, 413);
}

/* A small body mostly arrives with the head, in one piece: it is returned in place. */
static bool is_all_of_it(const struct eddy_http_request *request)
{
    return request->body.size == 0 && request->piece.size == request->received &&
           request->received == head_of(request)->content_length;
}

static int reserve_declared(struct eddy_http_request *request, uint64_t size_max)
{
    uint64_t length = head_of(request)->content_length;
    if (length == HTTP_LENGTH_UNKNOWN)
        return 0;
    if (length > size_max)
        return too_large(request);
    size_t trusted = length < BODY_TRUST_MAX ? (size_t)length : BODY_TRUST_MAX;
    if (trusted > request->body.size &&
        !eddy__http_text_reserve(&request->body, trusted + 1 - request->body.size))
        return -ENOMEM;
    return 0;
}

static int take_piece(struct eddy_http_request *request, uint64_t size_max)
{
    if (request->body.size + request->piece.size > size_max)
        return too_large(request);
    if (is_all_of_it(request)) {
        request->lent = span_of(request->piece);
    } else {
        int rc = request->body.size == 0 ? reserve_declared(request, size_max) : 0;
        if (rc < 0)
            return rc;
        if (!eddy__http_text_put(&request->body, request->piece.data, request->piece.size))
            return -ENOMEM;
    }
    request->piece.size = 0;
    return 0;
}

static int gather(struct eddy_http_request *request, uint64_t size_max)
{
    uint64_t length = head_of(request)->content_length;
    if (length != HTTP_LENGTH_UNKNOWN && length > size_max && request->received == 0)
        return too_large(request);    // before "100 Continue" is sent
    int rc = 1;
    while (rc > 0) {
        rc = request->piece.size > 0 ? take_piece(request, size_max) : 0;
        if (rc == 0)
            rc = eddy__http_request_next_piece(request);
    }
    request->is_whole = rc == 0;
    return rc;
}

int eddy_http_request_body(eddy_http_request *request, size_t size_max, eddy_span *out_body)
{
    if (request == NULL || out_body == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_http_request_body: the request or the result is NULL");
    if (!request->is_whole) {
        int rc = request->error;
        if (rc == 0)
            rc = gather(request, size_max > 0 ? size_max : UINT64_MAX);
        if (rc < 0)
            return rc;
    }
    const struct http_text *body = &request->body;
    if (request->lent.size > 0)
        *out_body = request->lent;
    else
        *out_body = (eddy_span){body->size > 0 ? body->data : "", body->size};
    return size_max > 0 && out_body->size > size_max ? EDDY_HTTP_TOO_LARGE : 0;
}

int eddy_http_request_take_body(eddy_http_request *request, size_t size_max, char **out_data,
                                size_t *out_size)
{
    eddy_span whole;
    EDDY_TRY(eddy_http_request_body(request, size_max, &whole));
    struct http_text *body = &request->body;
    if (request->lent.size > 0 && !eddy__http_text_put(body, whole.data, whole.size))
        return -ENOMEM;
    if (!eddy__http_text_reserve(body, 1))
        return -ENOMEM;
    body->data[body->size] = '\0';
    *out_data = body->data;
    *out_size = body->size;
    *body = (struct http_text){0};
    request->lent = (eddy_span){NULL, 0};
    return 0;
}
