/* SPDX-License-Identifier: MIT */
/*
 * response.c: stores the head of a response as fields, and answers the caller's queries.
 *
 * Transports pass in the lines of the head, or the fields, and the bytes of the body, in pieces of
 * any size (response_body.c). Nothing here depends on the transport, or suspends.
 *
 * Invariants:
 *   - Fields point into `head`, which moves when it grows: only grow_head() moves it, and it
 *     updates the fields. Once the head is complete nothing moves, so callers may keep the
 *     pointers.
 *   - A whole body is zero-terminated, so that it can be used as a C string.
 *   - A limit is checked before memory is allocated: a declared length above the limit is refused
 *     at the head, unless the body is encoded; then the decoded bytes are counted as they arrive.
 *   - Memory allocated in advance because of a Content-Length is at most BODY_TRUST_MAX.
 *
 * Owns its memory, including that of the body. The rest (slots, channel) belongs to
 * session_request.c, which closes it first.
 */
#include <eddy/alloc.h>

#include "response.h"

#include "date.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "session.h"

enum {
    BODY_TRUST_MAX = 1024 * 1024,    // bytes reserved because of a Content-Length
    BODY_SPARE_MAX = 64 * 1024,      // bytes of a body that a recycled response keeps
    HEAD_FIRST = 2048,               // bytes reserved for a head
    FIELDS_FIRST = 16,
};

/* --- Memory ----------------------------------------------------------------------------------- */

eddy_http_response *eddy__http_response_new(eddy_http_session *session)
{
    eddy_http_response *response = session->spare_responses;
    if (response) {
        session->spare_responses = response->next_free;
        session->spare_response_count--;
    } else {
        response = eddy_calloc(1, sizeof *response);
        if (!response)
            return NULL;
    }
    response->session = eddy__http_session_ref(session);
    return response;
}

void eddy__http_response_destroy(eddy_http_response *response)
{
    eddy__http_response_end_decoding(response);
    eddy_http_url_free(response->url);
    eddy_free(response->head);
    eddy_free(response->fields);
    eddy_free(response->body);
    eddy_free(response);
}

/* Keeps only the memory that the next response is likely to need. */
static void recycle(eddy_http_response *response, eddy_http_session *session)
{
    char *head = response->head;
    eddy_http_header *fields = response->fields;
    char *body = response->body;
    size_t head_capacity = response->head_capacity;
    size_t field_capacity = response->field_capacity;
    size_t body_capacity = response->body_capacity;

    eddy__http_response_end_decoding(response);
    eddy_http_url_free(response->url);
    if (body_capacity > BODY_SPARE_MAX) {
        eddy_free(body);
        body = NULL;
        body_capacity = 0;
    }
    *response = (eddy_http_response){
        .head = head,
        .head_capacity = head_capacity,
        .fields = fields,
        .field_capacity = field_capacity,
        .body = body,
        .body_capacity = body_capacity,
        .next_free = session->spare_responses,
    };
    session->spare_responses = response;
    session->spare_response_count++;
}

void eddy_http_response_free(eddy_http_response *response)
{
    if (!response)
        return;
    eddy_http_session *session = response->session;
    if (response->is_reading) {
        eddy_call_exception_handler(&(eddy_report){
            .kind = EDDY_REPORT_CALLBACK,
            .message = "eddy_http_response_free: a task is reading the response",
            .status = EDDY_EMISUSE,
        });
        return;
    }
    eddy__http_exchange_close(response);
    if (session->spare_response_count < session->connections_max)
        recycle(response, session);
    else
        eddy__http_response_destroy(response);
    eddy__http_session_unref(session);
}

void eddy__http_response_clear(eddy_http_response *response)
{
    response->status = 0;
    response->head_size = 0;
    response->field_count = 0;
    response->is_head_complete = false;
    response->is_discarded = false;
    response->is_head_too_large = response->has_message = false;
    response->body_start = 0;
    response->body_size = 0;
    response->body_total = 0;
    eddy__http_response_end_decoding(response);
}

/* --- The head --------------------------------------------------------------------------------- */

static int grow_head(eddy_http_response *response, size_t more)
{
    size_t needed = response->head_size + more;
    response->is_head_too_large = needed > HTTP_HEAD_MAX;
    if (response->is_head_too_large)
        return EDDY_HTTP_TOO_LARGE;
    if (needed <= response->head_capacity)
        return 0;
    size_t capacity = response->head_capacity ? response->head_capacity * 2 : HEAD_FIRST;
    if (capacity < needed)
        capacity = needed;
    char *head = eddy_malloc(capacity);
    if (!head)
        return -ENOMEM;
    if (response->head_size > 0)
        memcpy(head, response->head, response->head_size);
    for (size_t i = 0; i < response->field_count; i++) {
        eddy_http_header *field = &response->fields[i];
        field->name = head + (field->name - response->head);
        field->value = head + (field->value - response->head);
    }
    eddy_free(response->head);
    response->head = head;
    response->head_capacity = capacity;
    return 0;
}

static const char *keep_text(eddy_http_response *response, const char *text, size_t size)
{
    char *kept = response->head + response->head_size;
    memcpy(kept, text, size);
    kept[size] = '\0';
    response->head_size += size + 1;
    return kept;
}

static int make_room_for_field(eddy_http_response *response)
{
    if (response->field_count < response->field_capacity)
        return 0;
    size_t capacity = response->field_capacity ? response->field_capacity * 2 : FIELDS_FIRST;
    eddy_http_header *fields = eddy_realloc(response->fields, capacity * sizeof *fields);
    if (!fields)
        return -ENOMEM;
    response->fields = fields;
    response->field_capacity = capacity;
    return 0;
}

int eddy__http_response_field(eddy_http_response *response, eddy_span name, eddy_span value)
{
    int err = grow_head(response, name.size + value.size + 2);
    if (err == 0)
        err = make_room_for_field(response);
    if (err < 0)
        return err;
    eddy_http_header *field = &response->fields[response->field_count++];
    field->name = keep_text(response, name.data, name.size);
    field->value = keep_text(response, value.data, value.size);
    return 0;
}

static int add_field(eddy_http_response *response, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    if (!colon)
        return 0;    // libcurl accepts a few odd lines; one without a name is ignored
    const char *value = colon + 1;
    const char *end = line + size;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return eddy__http_response_field(response, (eddy_span){line, (size_t)(colon - line)},
                                     (eddy_span){value, (size_t)(end - value)});
}

void eddy__http_response_begin(eddy_http_response *response, int version, int status)
{
    eddy__http_response_clear(response);
    response->version = version;
    response->status = status;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200" */
static int begin_head(eddy_http_response *response, const char *line, size_t size)
{
    const char *end = line + size;
    const char *at = line + 5;
    int version = 0;
    for (; at < end && *at != ' '; at++)
        if (*at >= '0' && *at <= '9')
            version = (version * 10 + (*at - '0')) % 1000;
    while (at < end && *at == ' ')
        at++;
    int status = 0;
    for (int digits = 0; digits < 3 && at < end && *at >= '0' && *at <= '9'; digits++, at++)
        status = status * 10 + (*at - '0');
    eddy__http_response_begin(response, version < 10 ? version * 10 : version, status);
    return status < 100 ? EDDY_HTTP_PROTOCOL : 0;
}

/* The declared length, or UINT64_MAX if none tells how many bytes will be stored. */
static uint64_t announced_length(const eddy_http_response *response)
{
    const char *length = eddy_http_response_header(response, "Content-Length");
    if (!length || length[0] < '0' || length[0] > '9')
        return UINT64_MAX;
    errno = 0;
    uint64_t size = strtoull(length, NULL, 10);
    return errno == 0 ? size : UINT64_MAX;
}

bool eddy__http_response_has_body(const eddy_http_response *response)
{
    return !response->is_bodiless && response->status != 204 && response->status != 304;
}

static int prepare_body(eddy_http_response *response)
{
    if (eddy__http_response_location(response)) {
        eddy__http_response_begin_discarding(response);
        return 0;
    }
    if (!response->session->refuses_compression) {
        int err = eddy__http_response_begin_decoding(response);
        if (err < 0)
            return err;
    }
    uint64_t length = announced_length(response);
    if (length == UINT64_MAX || response->decoder)
        return 0;
    if (length > response->body_max)
        return EDDY_HTTP_TOO_LARGE;
    if (response->is_streamed || length > BODY_TRUST_MAX)
        return 0;
    return eddy__http_response_reserve(response, (size_t)length);
}

int eddy__http_response_end_head(eddy_http_response *response)
{
    if (response->status < 200 && response->status != 101)
        return 0;    // interim: another status line follows
    if (eddy__http_response_has_body(response))
        EDDY_TRY(prepare_body(response));    // if this fails, none of the body is available
    response->is_head_complete = true;
    return 1;
}

int eddy__http_response_line(eddy_http_response *response, const char *line, size_t size)
{
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
        size--;
    if (response->is_head_complete)
        return 0;
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0)
        return begin_head(response, line, size);
    if (size == 0)
        return eddy__http_response_end_head(response);
    return add_field(response, line, size);
}

/* --- Queries ---------------------------------------------------------------------------------- */

int eddy_http_response_status(const eddy_http_response *response)
{
    return response ? response->status : 0;
}

int eddy_http_response_version(const eddy_http_response *response)
{
    return response ? response->version : 0;
}

const char *eddy_http_response_url(const eddy_http_response *response)
{
    return response ? response->url->text : NULL;
}

int eddy_http_response_redirect_count(const eddy_http_response *response)
{
    return response ? response->redirect_count : 0;
}

const char *eddy_http_response_header(const eddy_http_response *response, const char *name)
{
    if (!response || !name)
        return NULL;
    for (size_t i = 0; i < response->field_count; i++)
        if (strcasecmp(response->fields[i].name, name) == 0)
            return response->fields[i].value;
    return NULL;
}

double eddy_http_response_retry_after(const eddy_http_response *response)
{
    const char *value = eddy_http_response_header(response, "Retry-After");
    double seconds;
    if (value == NULL || eddy__http_retry_after(value, strlen(value), time(NULL), &seconds) < 0)
        return -1;
    return seconds;
}

size_t eddy_http_response_header_count(const eddy_http_response *response)
{
    return response ? response->field_count : 0;
}

const eddy_http_header *eddy_http_response_header_at(const eddy_http_response *response,
                                                     size_t index)
{
    return response && index < response->field_count ? &response->fields[index] : NULL;
}

eddy_span eddy_http_response_body(const eddy_http_response *response)
{
    if (!response || response->is_streamed || response->body_size == 0)
        return (eddy_span){"", 0};
    response->body[response->body_size] = '\0';
    return (eddy_span){response->body, response->body_size};
}

eddy_http_timings eddy_http_response_timings(const eddy_http_response *response)
{
    return response ? response->timings : (eddy_http_timings){0};
}
