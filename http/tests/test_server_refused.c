/* SPDX-License-Identifier: MIT */
/*
 * test_server_refused.c: requests that no handler gets to see, and their status.
 *
 * Each is sent whole, and cut in two at every byte; behind each comes a request for /smuggled,
 * which a server that misread the first one would answer.
 */
#include "test_server_wire.h"

#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

struct refused {
    const char *request;
    int status;
};

static int count_calls(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    eddy_span body;
    int *calls = data;
    EXPECT(strncmp(eddy_http_request_path(request).data, "/smuggled", 9) != 0);
    EDDY_TRY(eddy_http_request_body(request, 0, &body));
    ++*calls;
    return eddy_http_reply_send(reply, 200, "text/plain", "hello", 5);
}

static void check(const struct refused *refused, size_t cut, const eddy_http_server_options *limits)
{
    struct wire wire;
    int calls = 0;
    eddy_http_server_options options = limits != NULL ? *limits : (eddy_http_server_options){0};
    options.handler = count_calls;
    options.data = &calls;
    wire_open(&wire, &options);
    wire_send_bytes(&wire, refused->request, cut);
    if (cut < strlen(refused->request)) {
        EXPECT_EQ(eddy_sleep(0.001), 0);
        // It may have been refused by now, and this come too late.
        EDDY_IGNORE(
            eddy_stream_write(wire.stream, refused->request + cut, strlen(refused->request) - cut));
    }
    EDDY_IGNORE(eddy_stream_write(wire.stream, SMUGGLED, strlen(SMUGGLED)));

    char start[16];
    snprintf(start, sizeof start, "HTTP/1.1 %d ", refused->status);
    const char *got = wire_read_all(&wire);
    if (!harness_expect(strncmp(got, start, strlen(start)) == 0, __FILE__, __LINE__,
                        "status %d (cut at %zu) for:\n%s\nnot:\n%.60s", refused->status, cut,
                        refused->request, got))
        calls = 0;
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(wire_count(got, "\r\nDate: "), 1);
    EXPECT(wire_has(got, "Connection: close\r\n"));
    EXPECT(wire_has(got, "Content-Length: "));
    wire_close(&wire);
}

static void check_all(const struct refused *all, size_t count,
                      const eddy_http_server_options *limits)
{
    for (size_t i = 0; i < count; i++)
        for (size_t cut = 1; cut <= strlen(all[i].request); cut++)
            check(&all[i], cut, limits);
}

#define CHECK_ALL(all, limits) check_all(all, sizeof all / sizeof all[0], limits)
#define POST                   "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED                POST "Transfer-Encoding: chunked\r\n"

TEST(smuggling_shapes_are_refused)
{
    static const struct refused shapes[] = {
        // two lengths
        {CHUNKED "Content-Length: 4\r\n\r\n1\r\na\r\n0\r\n\r\n", 400},
        {POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
        {POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        {POST "Content-Length: 3, 3\r\n\r\nabc", 400},
        {POST "Content-Length: +3\r\n\r\nabc", 400},
        {POST "Content-Length: 0x3\r\n\r\nabc", 400},
        {POST "Content-Length: \r\n\r\nabc", 400},
        {POST "Content-Length: 99999999999999999999\r\n\r\nabc", 400},
        {CHUNKED "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        // line ends, folding, spaces
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {POST "Content-Length : 3\r\n\r\nabc", 400},
        {POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding\r\n: chunked\r\n\r\n", 400},
        {POST "Content-\x01Length: 3\r\n\r\nabc", 400},
        // chunks
        {CHUNKED "\r\n0x3\r\nabc\r\n0\r\n\r\n", 400},
        {CHUNKED "\r\n3\nabc\r\n0\r\n\r\n", 400},
        {CHUNKED "\r\n3 \r\nabc\r\n0\r\n\r\n", 400},
        {CHUNKED "\r\n2\r\nabc\r\n0\r\n\r\n", 400},
        {CHUNKED "\r\n-3\r\nabc\r\n0\r\n\r\n", 400},
        {CHUNKED "\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400},
        {CHUNKED "\r\n0\r\nContent-Length: 3\r\n\r\n", 400},
    };
    CHECK_ALL(shapes, NULL);
}

TEST(what_is_not_http_is_refused)
{
    static const struct refused requests[] = {
        {"GET /\r\n", 400},    // HTTP/0.9
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"GET / HTTPS/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h:x\r\n\r\n", 400},
        {"GET http://[::1/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {POST "Expect: miracles\r\nContent-Length: 3\r\n\r\nabc", 417},
        {"\x16\x03\x01\x02", 400},
    };
    CHECK_ALL(requests, NULL);
}

TEST(every_limit_has_its_status)
{
    static const eddy_http_server_options limits = {
        .line_max = 40,
        .header_max = 100,
        .header_count_max = 3,
        .body_max = 10,
    };
    static const struct refused requests[] = {
        {"GET /0123456789012345678901234567890123456789 HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789012345678901234567890123456789"
         "0123456789012345678901234567890123456789012345678901234567890\r\n\r\n",
         431},
        {"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", 431},
        {POST "Content-Length: 11\r\n\r\n01234567890", 413},
        {CHUNKED "\r\nb\r\n01234567890\r\n0\r\n\r\n", 413},
        {CHUNKED "\r\n5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n", 413},
    };
    CHECK_ALL(requests, &limits);
}

static int small_bodies_only(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    eddy_span body;
    EDDY_TRY(eddy_http_request_body(request, 10, &body));
    return eddy_http_reply_send(reply, 200, NULL, body.data, body.size);
}

TEST(a_handler_has_limits_of_its_own)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = small_bodies_only});
    wire_send(&wire, POST "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    const char *got = wire_read_all(&wire);
    EXPECT(wire_begins(got, "HTTP/1.1 413 Content Too Large\r\n"));
    wire_close(&wire);
    wire_open(&wire, &(eddy_http_server_options){.handler = small_bodies_only});
    wire_send(&wire, CHUNKED "\r\n5\r\n01234\r\n6\r\n567890\r\n0\r\n\r\n");
    EXPECT(wire_has(wire_read_all(&wire), "HTTP/1.1 413 "));
    wire_close(&wire);
}

/* A client that sends on without listening first must still be able to read why it was refused. */
TEST(the_answer_survives_what_the_client_still_sends)
{
    enum { SIZE = 512 * 1024 };
    struct wire wire;
    int calls = 0;
    char *body = calloc(1, SIZE);
    wire_open(&wire, &(eddy_http_server_options){.handler = count_calls, .data = &calls});
    wire_send(&wire, POST "Content-Length: 90000000\r\n\r\n");
    wire_send_bytes(&wire, body, SIZE);
    EXPECT(wire_has(wire_read_all(&wire), "HTTP/1.1 413 "));
    EXPECT_EQ(calls, 0);
    free(body);
    wire_close(&wire);
}

TEST(a_client_that_leaves_in_the_middle_is_no_error)
{
    static const char *const parts[] = {"", "GE", "GET / HTTP/1.1\r\nHo",
                                        POST "Content-Length: 9\r\n\r\nab", CHUNKED "\r\n5\r\nab"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct wire wire;
        int calls = 0;
        wire_open(&wire, &(eddy_http_server_options){.handler = count_calls, .data = &calls});
        const char *got = wire_exchange(&wire, parts[i]);
        EXPECT(i == 0 ? got[0] == '\0' : wire_begins(got, "HTTP/1.1 400 "));
        EXPECT_EQ(calls, 0);
        wire_close(&wire);
        wire_open(&wire, &(eddy_http_server_options){.handler = count_calls, .data = &calls});
        wire_send(&wire, parts[i]);
        eddy_stream_abort(wire.stream);
        EXPECT_EQ(eddy_sleep(1), 0);
        EXPECT_EQ(eddy_http_server_connection_count(wire.server), 0);
        wire_close(&wire);
    }
}

RUN_TESTS(TEST_OF(smuggling_shapes_are_refused), TEST_OF(what_is_not_http_is_refused),
          TEST_OF(every_limit_has_its_status), TEST_OF(a_handler_has_limits_of_its_own),
          TEST_OF(the_answer_survives_what_the_client_still_sends),
          TEST_OF(a_client_that_leaves_in_the_middle_is_no_error))
