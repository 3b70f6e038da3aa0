/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_server.c: the server answers any bytes the same, however they are split.
 *
 * The first byte chooses the limits, the second how the rest is split. The bytes are sent to a real
 * server through a socket pair, under the virtual clock, once whole and once in pieces, and the
 * client ends its side. Checked:
 *   - the run ends by itself, and the loop reports nothing;
 *   - the output begins with an answer that our own response parser accepts;
 *   - it is the same for both, except for dates, the "100 Continue" that depends on what has
 *     arrived, and the end of an answer that is cut off.
 *
 * The target of a request chooses what the handler does, so that inputs control it.
 */
#include "in_pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy.h>
#include <eddy/http_server.h>

#include "parser.h"

enum { OUTPUT_MAX = 512 * 1024 };

struct attempt {
    const uint8_t *data;
    size_t size;
    size_t step;    // bytes written at a time
    bool has_small_limits;
    char output[OUTPUT_MAX];
    size_t output_size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A body was cut off after the answer had begun: the connection is reset, and how much of the
 * answer was sent by then depends on how the bytes arrived.
 */
static bool has_broken_off;

/* --- The server ------------------------------------------------------------------------------- */

static int echo_whole(eddy_http_request *request, eddy_http_reply *reply)
{
    eddy_span body;
    EDDY_TRY(eddy_http_request_body(request, 0, &body));
    return eddy_http_reply_send(reply, 200, "text/plain", body.data, body.size);
}

/* Reads until `buf` is full or the body ends: a single read depends on how the bytes arrive. */
static ssize_t read_full(eddy_http_request *request, char *buf, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = eddy_http_request_read(request, buf + done, size - done);
        if (n <= 0)
            return n < 0 ? n : (ssize_t)done;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int echo_in_pieces(eddy_http_request *request, eddy_http_reply *reply)
{
    char buf[7];
    ssize_t n;
    uint64_t size = eddy_http_request_content_length(request);
    if (size > UINT32_MAX)
        size = EDDY_HTTP_SIZE_UNKNOWN;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, NULL, size));
    while ((n = read_full(request, buf, sizeof buf)) > 0)
        EDDY_TRY(eddy_http_reply_write(reply, buf, (size_t)n));
    if (n < 0) {
        has_broken_off = true;
        return (int)n;
    }
    return eddy_http_reply_end(reply);
}

static int handle(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    eddy_span path = eddy_http_request_path(request), query = eddy_http_request_query(request);
    if (path.size + query.size > eddy_http_request_target(request).size + 1)
        abort();
    switch (path.size > 1 ? path.data[1] : '\0') {
    case 'e': return echo_whole(request, reply);
    case 'p': return echo_in_pieces(request, reply);
    case 's': EDDY_TRY(eddy_sleep(1)); return eddy_http_reply_send(reply, 204, NULL, NULL, 0);
    case 'c': eddy_http_reply_close(reply); break;
    default: break;
    }
    return eddy_http_reply_send(reply, 200, "text/plain", path.data, path.size);
}

/* --- The client ------------------------------------------------------------------------------- */

EDDY_ASYNC(write_all, (eddy_stream *, stream), (const struct attempt *, attempt))
{
    return write_in_pieces(stream, attempt->data, attempt->size, attempt->step);
}

EDDY_ASYNC(talk, (struct attempt *, attempt))
{
    static const eddy_http_server_options normal = {.handler = handle};
    static const eddy_http_server_options small = {
        .handler = handle,
        .line_max = 40,
        .header_max = 100,
        .header_count_max = 3,
        .body_max = 20,
    };
    EDDY_AUTO(eddy_http_server) *server = NULL;
    EDDY_AUTO(eddy_stream) *stream = NULL;
    eddy_stream *theirs;
    EDDY_TRY(eddy_http_server_open(attempt->has_small_limits ? &small : &normal, &server));
    EDDY_TRY(eddy_stream_pair(NULL, &stream, &theirs));
    EDDY_TRY(eddy_http_server_adopt(server, theirs));
    EDDY_AUTO(eddy_task) *writer = eddy_create_task(write_all, stream, attempt);
    ssize_t n;
    while ((n = eddy_stream_read(stream, attempt->output + attempt->output_size,
                                 OUTPUT_MAX - attempt->output_size)) > 0)
        attempt->output_size += (size_t)n;
    EDDY_TRY(n);
    EDDY_TRY(eddy_await(writer));
    EDDY_TRY(eddy_http_server_shutdown(server, 5));
    return eddy_http_server_connection_count(server) == 0 ? 0 : EDDY_EMISUSE;
}

static void forbid(const eddy_report *report, void *data)
{
    (void)data;
    eddy_default_exception_handler(report);
    abort();
}

/* --- What must hold --------------------------------------------------------------------------- */

/* Removes the parts that may differ. */
static void normalise(struct attempt *attempt)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n", date[] = "\r\nDate: ";
    char *output = attempt->output;
    size_t size = attempt->output_size, kept = 0;
    for (size_t i = 0; i < size;) {
        if (size - i >= sizeof go_on - 1 && memcmp(output + i, go_on, sizeof go_on - 1) == 0)
            i += sizeof go_on - 1;
        else if (size - i >= 37 && memcmp(output + i, date, sizeof date - 1) == 0)
            i += 37;    // up to the following line end
        else
            output[kept++] = output[i++];
    }
    attempt->output_size = kept;
}

/* Checks the first answer only: later ones can't be distinguished from bodies that are echoed. */
static void check_answer(const struct attempt *attempt)
{
    struct http_parser parser;
    struct http_span body;
    size_t used;
    if (attempt->output_size == 0)
        return;
    if (eddy__http_parser_init(&parser, HTTP_MODE_RESPONSE, NULL) < 0)
        abort();
    if (eddy__http_parser_next(&parser, attempt->output, attempt->output_size, &used, &body) !=
        HTTP_EVENT_HEAD)
        abort();
    eddy__http_parser_fini(&parser);
}

static void run(struct attempt *attempt)
{
    attempt->output_size = 0;
    int rc = eddy_run(eddy_coro(talk, attempt),
                      &(eddy_run_options){.virtual_clock = true, .exception_handler = forbid});
    if (rc < 0) {
        fprintf(stderr, "%s\n", eddy_strerror(rc));
        abort();
    }
    normalise(attempt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct attempt whole, cut;
    if (size < 3 || size > 64 * 1024)
        return 0;
    whole.data = cut.data = data + 2;
    whole.size = cut.size = whole.step = size - 2;
    whole.has_small_limits = cut.has_small_limits = (data[0] & 1) != 0;
    cut.step = 1 + data[1] + whole.size / 64;
    has_broken_off = false;
    run(&whole);
    check_answer(&whole);
    run(&cut);
    check_answer(&cut);
    size_t common = whole.output_size < cut.output_size ? whole.output_size : cut.output_size;
    if ((whole.output_size != cut.output_size && !has_broken_off) ||
        memcmp(whole.output, cut.output, common) != 0) {
        fprintf(stderr, "whole:\n%.*s\ncut:\n%.*s\n", (int)whole.output_size, whole.output,
                (int)cut.output_size, cut.output);
        abort();
    }
    return 0;
}
