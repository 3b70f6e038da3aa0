/* SPDX-License-Identifier: MIT */
/*
 * response_body.c: the body of a response, from the bytes received to the bytes read.
 *
 *     transport --receive--> decoder --> body --take--> eddy_http_response_read()
 *                    \--> raw --decode_more--/          eddy_http_response_body()
 *
 * Every transport passes in the bytes as the server sent them, without the framing. gzip, brotli
 * and zstd are decoded here, so that all transports behave alike. A small piece may decode to a
 * thousand times its size, so a streamed body is decoded only as far as the buffer has room; the
 * rest of the piece is kept in `raw` until the reader has made room.
 *
 * Invariants:
 *   - The limit counts decoded bytes, and at most one byte beyond it is ever decoded.
 *   - While `raw` holds bytes there is no room for more, which would overtake them.
 *
 * The memory belongs to the response. Called by session_request.c and the transports.
 */
#include <eddy/alloc.h>

#include "response.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "decode.h"

enum { DECODE_AT_ONCE = 16 * 1024 };    // bytes reserved for one decoding step

/* --- Decoded bytes ---------------------------------------------------------------------------- */

int eddy__http_response_reserve(eddy_http_response *response, size_t size)
{
    if (size < response->body_capacity)
        return 0;
    size_t capacity = response->body_capacity ? response->body_capacity * 2 : 4096;
    if (capacity <= size)
        capacity = size + 1;    // with the terminating zero
    char *body = eddy_realloc(response->body, capacity);
    if (!body)
        return -ENOMEM;
    response->body = body;
    response->body_capacity = capacity;
    return 0;
}

/* Moves the unread bytes to the front if that makes enough room. */
static void close_gap(eddy_http_response *response, size_t size)
{
    if (response->body_start == 0)
        return;
    if (response->body_size == 0 ||
        response->body_start + response->body_size + size >= response->body_capacity) {
        memmove(response->body, response->body + response->body_start, response->body_size);
        response->body_start = 0;
    }
}

/* Returns where the next `size` bytes may be written; NULL if memory is out. */
static char *make_room(eddy_http_response *response, size_t size)
{
    close_gap(response, size);
    size_t end = response->body_start + response->body_size;
    return eddy__http_response_reserve(response, end + size) < 0 ? NULL : response->body + end;
}

static int append(eddy_http_response *response, const char *data, size_t size)
{
    if (size > response->body_max - response->body_total)
        return EDDY_HTTP_TOO_LARGE;
    char *room = make_room(response, size);
    if (!room)
        return -ENOMEM;
    memcpy(room, data, size);
    response->body_size += size;
    response->body_total += size;
    return 0;
}

/* --- Decoding --------------------------------------------------------------------------------- */

int eddy__http_response_begin_decoding(eddy_http_response *response)
{
    for (size_t i = 0; i < response->field_count; i++) {
        if (strcasecmp(response->fields[i].name, "Content-Encoding") != 0)
            continue;
        EDDY_TRY(eddy__http_decoder_add(&response->decoder, response->fields[i].value));
    }
    return 0;
}

void eddy__http_response_end_decoding(eddy_http_response *response)
{
    eddy__http_decoder_free(response->decoder);
    eddy_free(response->raw);
    response->decoder = NULL;
    response->raw = NULL;
    response->raw_size = 0;
    response->raw_total = 0;
}

static bool is_full(const eddy_http_response *response)
{
    return response->is_streamed && response->body_size >= HTTP_FETCH_AHEAD_MAX;
}

/* Decodes `data` until it is used up or the body is full. Stores how much it has used. */
static int decode(eddy_http_response *response, const char *data, size_t size, size_t *out_used)
{
    eddy_span left = {data, size};
    int rc = 0;
    while (rc == 0 && !is_full(response)) {
        size_t allowed = response->body_max - response->body_total;
        size_t room = allowed < DECODE_AT_ONCE ? allowed + 1 : DECODE_AT_ONCE;
        char *buf = make_room(response, room);
        if (!buf)
            return -ENOMEM;
        ssize_t n = eddy__http_decoder_pull(response->decoder, &left, buf, room);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        if ((size_t)n > allowed)
            rc = EDDY_HTTP_TOO_LARGE;
        response->body_size += (size_t)n;
        response->body_total += (size_t)n;
    }
    *out_used = size - left.size;
    return rc;
}

static int keep_raw(eddy_http_response *response, const char *data, size_t size)
{
    response->raw = eddy_malloc(size + 1);    // not NULL, even if empty
    if (!response->raw)
        return -ENOMEM;
    memcpy(response->raw, data, size);
    response->raw_size = size;
    return 0;
}

int eddy__http_response_receive(eddy_http_response *response, const char *data, size_t size)
{
    if (response->is_discarded)
        return eddy__http_response_discard(response, size);
    response->raw_total += size;
    if (!response->decoder)
        return append(response, data, size);
    size_t used;
    int rc = decode(response, data, size, &used);
    // The decoder may hold output back when all input is used, so it is always called again.
    if (rc == 0 && is_full(response))
        rc = keep_raw(response, data + used, size - used);
    return rc;
}

int eddy__http_response_decode_more(eddy_http_response *response)
{
    size_t used;
    int rc = decode(response, response->raw, response->raw_size, &used);
    if (rc < 0)
        return rc;
    if (used > 0)
        memmove(response->raw, response->raw + used, response->raw_size - used);
    response->raw_size -= used;
    if (response->raw_size == 0 && !is_full(response)) {
        eddy_free(response->raw);
        response->raw = NULL;
    }
    return 0;
}

int eddy__http_response_finish(const eddy_http_response *response)
{
    if (!response->decoder || response->raw_total == 0)
        return 0;
    if (eddy__http_decoder_has_ended(response->decoder))
        return 0;
    return eddy_fail(EDDY_HTTP_PARTIAL, "the body ends in the middle of its %s",
                     eddy_http_response_header(response, "Content-Encoding"));
}

/* --- Reading ---------------------------------------------------------------------------------- */

bool eddy__http_response_has_room(const eddy_http_response *response, size_t size)
{
    if (response->raw)
        return false;
    // An empty buffer accepts a piece of any size; otherwise it would never be delivered.
    return response->body_size == 0 || response->body_size + size <= HTTP_FETCH_AHEAD_MAX;
}

size_t eddy__http_response_take(eddy_http_response *response, void *buf, size_t size)
{
    if (size > response->body_size)
        size = response->body_size;
    if (size == 0)
        return 0;
    memcpy(buf, response->body + response->body_start, size);
    response->body_start += size;
    response->body_size -= size;
    return size;
}

int eddy__http_response_explain(const eddy_http_response *response, int status)
{
    if (status == EDDY_HTTP_DECODE)
        return eddy_fail(status, "the body does not decode as %s",
                         eddy_http_response_header(response, "Content-Encoding"));
    if (status != EDDY_HTTP_TOO_LARGE || response->has_message)
        return status;
    if (response->is_head_too_large)
        return eddy_fail(status, "the head is larger than %d bytes", HTTP_HEAD_MAX);
    return eddy_fail(status, "the body is larger than %zu bytes", response->body_max);
}
