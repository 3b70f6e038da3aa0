/* SPDX-License-Identifier: MIT */
/*
 * test_server.c: requests and their answers, when all goes well.
 */
#include "test_server_wire.h"

#define GET  "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define LAST "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

static int hello(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    return eddy_http_reply_send(reply, 200, "text/plain", "hello", 5);
}

/* The path for a body. */
static int echo_path(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    eddy_span path = eddy_http_request_path(request);
    return eddy_http_reply_send(reply, 200, "text/plain", path.data, path.size);
}

/* The body for a body. */
static int echo(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    eddy_span body;
    EDDY_TRY(eddy_http_request_body(request, 0, &body));
    return eddy_http_reply_send(reply, 200, NULL, body.data, body.size);
}

static const eddy_http_server_options with_hello = {.handler = hello};
static const eddy_http_server_options with_echo = {.handler = echo};

TEST(a_request_is_answered_and_the_connection_kept)
{
    static const char start[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                "Content-Length: 5\r\nDate: ";
    struct wire wire;
    wire_open(&wire, &with_hello);
    for (int i = 0; i < 3; i++) {
        wire_send(&wire, GET);
        const char *got = wire_read_to(&wire, "hello");
        EXPECT(wire_begins(got, start));
        EXPECT(wire_has(got, " GMT\r\n\r\nhello"));
    }
    EXPECT_EQ(eddy_http_server_connection_count(wire.server), 1);
    EXPECT_EQ(eddy_http_server_idle_count(wire.server), 1);
    wire_close(&wire);
}

TEST(a_server_can_be_reached_over_tcp)
{
    eddy_http_server *server;
    eddy_stream *stream;
    char port[8], buf[512];
    EXPECT_EQ(
        eddy_http_server_open(&(eddy_http_server_options){.port = "0", .handler = hello}, &server),
        0);
    snprintf(port, sizeof port, "%d", eddy_http_server_port(server));
    EXPECT_EQ(eddy_open_connection("127.0.0.1", port, NULL, &stream), 0);
    EXPECT_EQ(eddy_stream_write(stream, GET, strlen(GET)), 0);
    EXPECT(eddy_stream_read(stream, buf, sizeof buf) > 0);
    EXPECT(memcmp(buf, "HTTP/1.1 200 OK\r\n", 17) == 0);
    eddy_stream_free(stream);
    EXPECT_EQ(eddy_http_server_shutdown(server, 1), 0);
    eddy_http_server_free(server);
}

TEST(the_client_decides_how_long_the_connection_is_kept)
{
    static const struct {
        const char *request, *connection;
    } cases[] = {
        {LAST, "Connection: close\r\n"},
        {"GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire wire;
        wire_open(&wire, &with_hello);
        wire_send(&wire, cases[i].request);
        EXPECT(wire_has(wire_read_to(&wire, "hello"), cases[i].connection));
        if (i < 2) {
            char byte;
            EXPECT_EQ(eddy_stream_read(wire.stream, &byte, 1), 0);
        }
        wire_close(&wire);
    }
}

TEST(pipelined_requests_are_answered_in_order)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = echo_path});
    const char *got =
        wire_exchange(&wire, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                             "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                             "POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
                             "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                             "GET /5 HTTP/1.1\r\nHost: a\r\n\r\n");
    const char *first = strstr(got, "/1"), *second = strstr(got, "/2");
    const char *third = strstr(got, "/3"), *fourth = strstr(got, "/4");
    EXPECT(first != NULL && first < second && second < third && third < fourth);
    EXPECT_EQ(wire_count(got, "HTTP/1.1 200"), 4);
    wire_close(&wire);
}

static int slow_after_first(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    int *count = data;
    if ((*count)++ > 0)
        EDDY_TRY(eddy_sleep(100));
    return hello(request, reply, NULL);
}

TEST(a_slow_handler_does_not_hold_up_the_answer_before_it)
{
    struct wire wire;
    int count = 0;
    wire_open(&wire, &(eddy_http_server_options){.handler = slow_after_first, .data = &count});
    wire_send(&wire, GET LAST);
    wire_read_to(&wire, "hello");
    EXPECT(eddy_time() < 1);
    wire_read_all(&wire);
    EXPECT(eddy_time() >= 100);
    wire_close(&wire);
}

TEST(a_request_may_come_byte_by_byte)
{
    static const char request[] =
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
        struct wire wire;
        wire_open(&wire, &with_echo);
        wire_send_bytes(&wire, request, cut);
        EXPECT_EQ(eddy_sleep(0.01), 0);
        wire_send(&wire, request + cut);
        EXPECT(wire_has(wire_read_to(&wire, "abcde"), "Content-Length: 5\r\n"));
        wire_close(&wire);
    }
    struct wire wire;
    wire_open(&wire, &with_echo);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        wire_send_bytes(&wire, request + i, 1);
        EXPECT_EQ(eddy_sleep(0.01), 0);
    }
    EXPECT(wire_has(wire_read_to(&wire, "abcde"), "Content-Length: 5\r\n"));
    wire_close(&wire);
}

TEST(head_has_the_length_and_no_body)
{
    struct wire wire;
    wire_open(&wire, &with_hello);
    const char *got = wire_exchange(&wire, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" LAST);
    EXPECT_EQ(wire_count(got, "Content-Length: 5\r\n"), 2);
    EXPECT_EQ(wire_count(got, "hello"), 1);
    wire_close(&wire);
}

/* --- What the handler sees -------------------------------------------------------------------- */

static bool is(eddy_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

static int look(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    eddy_span name, value;
    char peer[64];
    EXPECT(eddy_http_request_is(request, "PUT"));
    EXPECT(is(eddy_http_request_method(request), "PUT"));
    EXPECT(is(eddy_http_request_target(request), data));
    EXPECT(is(eddy_http_request_path(request), "/a%20b"));
    EXPECT(is(eddy_http_request_query(request), "c=d?e"));
    EXPECT_EQ(eddy_http_request_version(request), 11);
    EXPECT(is(eddy_http_request_header(request, "X-one"), "1 1"));
    EXPECT(eddy_http_request_header(request, "x-two").data == NULL);
    EXPECT_EQ(eddy_http_request_header_count(request), 3);
    EXPECT(eddy_http_request_header_at(request, 2, &name, &value));
    EXPECT(is(name, "x-one") && is(value, "2"));
    EXPECT(!eddy_http_request_header_at(request, 3, &name, &value));
    EXPECT_EQ(eddy_http_request_peername(request, peer, sizeof peer), 0);
    EXPECT(!eddy_http_request_has_body(request));
    EXPECT_EQ(eddy_http_request_content_length(request), 0);
    // The target's host overrides the field's.
    EXPECT(is(eddy_http_request_host(request), ((const char *)data)[0] == '/' ? "a" : "other:81"));
    return eddy_http_reply_send(reply, 204, NULL, NULL, 0);
}

TEST(the_handler_sees_the_request)
{
    static const char *const targets[] = {"/a%20b?c=d?e", "http://other:81/a%20b?c=d?e"};
    for (int i = 0; i < 2; i++) {
        struct wire wire;
        char text[256];
        wire_open(&wire, &(eddy_http_server_options){.handler = look, .data = (void *)targets[i]});
        snprintf(text, sizeof text,
                 "PUT %s HTTP/1.1\r\nHost: a\r\nX-One:  1 1 \r\nx-one: 2\r\n\r\n", targets[i]);
        const char *got = wire_exchange(&wire, text);
        EXPECT(wire_has(got, "HTTP/1.1 204 No Content\r\n"));
        EXPECT(strstr(got, "Content-Length") == NULL);
        wire_close(&wire);
    }
}

/* --- Bodies ----------------------------------------------------------------------------------- */

static int read_in_pieces(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    char buf[3];
    ssize_t n;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, "text/plain", EDDY_HTTP_SIZE_UNKNOWN));
    while ((n = eddy_http_request_read(request, buf, sizeof buf)) > 0)
        EDDY_TRY(eddy_http_reply_write(reply, buf, (size_t)n));
    EDDY_TRY(n);
    EXPECT_EQ(eddy_http_request_read(request, buf, sizeof buf), 0);
    return eddy_http_reply_end(reply);
}

TEST(bodies_are_streamed_both_ways)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = read_in_pieces});
    wire_send(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nabcdefg");
    EXPECT(wire_has(wire_read_to(&wire, "0\r\n\r\n"), "Transfer-Encoding: chunked\r\n"));
    EXPECT(wire_has(wire.got, "\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n"));
    // A client of HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
    const char *got = wire_exchange(&wire, "POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
                                           "Content-Length: 4\r\n\r\nwxyz");
    EXPECT(wire_has(got, "Connection: close\r\n\r\nwxyz"));
    EXPECT(strstr(got, "chunked") == NULL);
    wire_close(&wire);
}

TEST(a_body_is_gathered_from_chunks)
{
    struct wire wire;
    wire_open(&wire, &with_echo);
    const char *got = wire_exchange(
        &wire, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
               "4\r\nWiki\r\n6\r\npedia \r\nB\r\nin \r\nchunks\r\n0\r\nX: y\r\n\r\n" LAST);
    EXPECT(wire_has(got, "Content-Length: 21\r\n"));
    EXPECT(wire_has(got, "\r\n\r\nWikipedia in \r\nchunks"));
    EXPECT_EQ(wire_count(got, "HTTP/1.1 200"), 2);
    wire_close(&wire);
}

static int take(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    char **taken = data;
    size_t size;
    EDDY_TRY(eddy_http_request_take_body(request, 0, taken, &size));
    EXPECT_EQ(strlen(*taken), size);
    return eddy_http_reply_send(reply, 200, NULL, NULL, 0);
}

TEST(a_body_can_be_taken)
{
    struct wire wire;
    char *taken = NULL;
    wire_open(&wire, &(eddy_http_server_options){.handler = take, .data = &taken});
    wire_exchange(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_STR(taken, "abc");
    eddy_free(taken);
    wire_close(&wire);
}

TEST(a_large_body_goes_both_ways)
{
    enum { SIZE = 700 * 1000 };
    struct wire wire;
    char *body = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i % 23);
    wire_open(&wire, &with_echo);
    wire_send(&wire,
              "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 700000\r\n\r\n");
    wire_send_bytes(&wire, body, SIZE);
    wire_read_all(&wire);
    EXPECT(wire.size > SIZE && memcmp(wire.got + wire.size - SIZE, body, SIZE) == 0);
    free(body);
    wire_close(&wire);
}

TEST(what_the_handler_leaves_unread_does_not_disturb)
{
    struct wire wire;
    wire_open(&wire, &with_hello);
    const char *got =
        wire_exchange(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /"
                             "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "5\r\nGET /\r\n0\r\n\r\n" LAST);
    EXPECT_EQ(wire_count(got, "HTTP/1.1 200"), 3);
    wire_close(&wire);
    // If too much is left, the connection is closed instead, and the client is told so.
    wire_open(&wire, &with_hello);
    wire_send(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\nabc");
    EXPECT(wire_has(wire_read_all(&wire), "Connection: close\r\n"));
    wire_close(&wire);
}

/* --- 100 Continue ----------------------------------------------------------------------------- */

#define EXPECTING "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"

TEST(the_client_is_told_to_continue_when_the_body_is_read)
{
    struct wire wire;
    wire_open(&wire, &with_echo);
    wire_send(&wire, EXPECTING);
    EXPECT_STR(wire_read_to(&wire, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    wire_send(&wire, "abc");
    EXPECT(wire_has(wire_read_to(&wire, "abc"), "HTTP/1.1 200 OK\r\n"));
    // One who did not wait is not told.
    wire_send(&wire, EXPECTING "def");
    EXPECT(wire_begins(wire_read_to(&wire, "def"), "HTTP/1.1 200 OK\r\n"));
    wire_close(&wire);
}

TEST(the_client_is_not_told_to_continue_when_nobody_reads)
{
    struct wire wire;
    wire_open(&wire, &with_hello);
    wire_send(&wire, EXPECTING);
    const char *got = wire_read_all(&wire);    // nobody knows whether the body comes: it is closed
    EXPECT(wire_begins(got, "HTTP/1.1 200 OK\r\n"));
    EXPECT(wire_has(got, "Connection: close\r\n"));
    wire_close(&wire);
}

RUN_TESTS(TEST_OF(a_request_is_answered_and_the_connection_kept),
          TEST_OF(a_server_can_be_reached_over_tcp),
          TEST_OF(the_client_decides_how_long_the_connection_is_kept),
          TEST_OF(pipelined_requests_are_answered_in_order),
          TEST_OF(a_slow_handler_does_not_hold_up_the_answer_before_it),
          TEST_OF(a_request_may_come_byte_by_byte), TEST_OF(head_has_the_length_and_no_body),
          TEST_OF(the_handler_sees_the_request), TEST_OF(bodies_are_streamed_both_ways),
          TEST_OF(a_body_is_gathered_from_chunks), TEST_OF(a_body_can_be_taken),
          TEST_OF(a_large_body_goes_both_ways),
          TEST_OF(what_the_handler_leaves_unread_does_not_disturb),
          TEST_OF(the_client_is_told_to_continue_when_the_body_is_read),
          TEST_OF(the_client_is_not_told_to_continue_when_nobody_reads))
