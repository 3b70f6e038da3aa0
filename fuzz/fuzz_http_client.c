/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_client.c: the client reads any response bytes the same, however they are split.
 *
 * The first byte chooses the request, the second how the rest is split. The bytes arrive through a
 * socket pair that is in the session's pool as an idle connection, under the virtual clock, once
 * whole and once in pieces; then that side ends. Checked:
 *   - the run ends by itself, and the loop reports nothing;
 *   - status, fields and body, or the error, are the same for both; if a streamed body fails, one
 *     is a prefix of the other, because the number of bytes before a decoder's error depends on the
 *     pieces;
 *   - no body is larger than its limit.
 */
#include "in_pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>
#include <eddy/http_client.h>

#include "wire.h"

enum { OUTPUT_MAX = 256 * 1024, SMALL_MAX = 20, IS_HEAD = 1, IS_STREAMED = 2, IS_SMALL = 4 };

struct attempt {
    const uint8_t *data;
    size_t size;
    size_t step;    // bytes written at a time
    unsigned flags;
    int outcome;    // the status, or the error
    size_t field_count;
    char body[OUTPUT_MAX];
    size_t body_size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- The server ------------------------------------------------------------------------------- */

EDDY_ASYNC(answer, (eddy_stream *, stream), (const struct attempt *, attempt))
{
    return write_in_pieces(stream, attempt->data, attempt->size, attempt->step);
}

/* --- The client ------------------------------------------------------------------------------- */

/* Adds our end of a socket pair to the pool, so that the request uses it. */
static int prepare(eddy_http_session *session, const char *url, eddy_stream **out_theirs)
{
    struct http_origin *origin;
    eddy_stream *ours;
    EDDY_AUTO(eddy_http_url) *parsed = NULL;
    EDDY_TRY(eddy__http_session_attach(session, &eddy__http_transport_wire));
    EDDY_TRY(eddy_http_url_parse(url, strlen(url), 0, &parsed));
    EDDY_TRY(eddy__http_origin_find(session, parsed, &origin));
    EDDY_TRY(eddy_stream_pair(NULL, &ours, out_theirs));
    struct wire_connection *connection =
        eddy__wire_connection_new(wire_client_of(session), origin, ours);
    eddy__http_origin_unref(origin);
    if (!connection)
        abort();
    eddy__wire_pool_put(wire_client_of(session), connection);
    return 0;
}

static void keep(struct attempt *attempt, const char *data, size_t size)
{
    if (size > OUTPUT_MAX - attempt->body_size)
        size = OUTPUT_MAX - attempt->body_size;
    memcpy(attempt->body + attempt->body_size, data, size);
    attempt->body_size += size;
}

static void read_body(struct attempt *attempt, eddy_http_response *response)
{
    char buf[3000];
    ssize_t n;
    if (!(attempt->flags & IS_STREAMED)) {
        eddy_span body = eddy_http_response_body(response);
        keep(attempt, body.data, body.size);
        return;
    }
    while ((n = eddy_http_response_read(response, buf, sizeof buf)) > 0)
        keep(attempt, buf, (size_t)n);
    if (n < 0)
        attempt->outcome = (int)n;
}

EDDY_ASYNC(ask, (struct attempt *, attempt))
{
    // The response arrives on a pooled connection that looks idle. If the request is repeated on a
    // new connection, it fails at once: there is no listener.
    static const char url[] = "http://127.0.0.1:1/";
    EDDY_AUTO(eddy_http_session) *session = NULL;
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EDDY_TRY(eddy_http_session_new(&(eddy_http_session_options){.proxy = "", .redirects_max = -1},
                                   &session));
    EDDY_TRY(prepare(session, url, &stream));
    EDDY_AUTO(eddy_task) *server = eddy_create_task(answer, stream, attempt);
    eddy_http_request_options options = {
        .stream = (attempt->flags & IS_STREAMED) != 0,
        .body_max = attempt->flags & IS_SMALL ? SMALL_MAX : OUTPUT_MAX,
    };
    EDDY_AUTO(eddy_http_response) *response = NULL;
    attempt->outcome = eddy_http_session_request(session, attempt->flags & IS_HEAD ? "HEAD" : "GET",
                                                 url, &options, &response);
    if (attempt->outcome >= 0) {
        attempt->outcome = eddy_http_response_status(response);
        attempt->field_count = eddy_http_response_header_count(response);
        read_body(attempt, response);
    }
    EDDY_TRY(eddy_await(server));
    return 0;
}

static void forbid(const eddy_report *report, void *data)
{
    (void)data;
    eddy_default_exception_handler(report);
    abort();
}

/* --- What must hold --------------------------------------------------------------------------- */

static void run(struct attempt *attempt)
{
    attempt->body_size = attempt->field_count = 0;
    int rc = eddy_run(eddy_coro(ask, attempt),
                      &(eddy_run_options){.virtual_clock = true, .exception_handler = forbid});
    if (rc < 0) {
        fprintf(stderr, "%s\n", eddy_strerror(rc));
        abort();
    }
    if (attempt->flags & IS_SMALL && attempt->body_size > SMALL_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct attempt whole, cut;
    if (size < 3 || size > 64 * 1024)
        return 0;
    whole.data = cut.data = data + 2;
    whole.size = cut.size = whole.step = size - 2;
    whole.flags = cut.flags = data[0] & 7;
    cut.step = 1 + data[1] + whole.size / 64;
    run(&whole);
    run(&cut);
    size_t common = whole.body_size < cut.body_size ? whole.body_size : cut.body_size;
    if (whole.outcome != cut.outcome || whole.field_count != cut.field_count ||
        (whole.body_size != cut.body_size && whole.outcome > 0) ||
        memcmp(whole.body, cut.body, common) != 0) {
        fprintf(stderr, "whole: %d, %zu bytes\ncut: %d, %zu bytes\n", whole.outcome,
                whole.body_size, cut.outcome, cut.body_size);
        abort();
    }
    return 0;
}
