/* SPDX-License-Identifier: MIT */
/*
 * test_server_reply.c: answers, and handlers that do not give any.
 */
#include <errno.h>

#include "test_server_wire.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static int answer_empty(eddy_http_reply *reply)
{
    return eddy_http_reply_send(reply, 200, NULL, NULL, 0);
}

/* The answers to a request that ends the client's side. */
static void exchange_with(struct wire *wire, eddy_http_handler *handler, const char *request)
{
    wire_open(wire, &(eddy_http_server_options){.handler = handler});
    wire_exchange(wire, request);
}

static int add_headers(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    EXPECT_EQ(eddy_http_reply_header(reply, "X-One", "1"), 0);
    EXPECT_EQ(eddy_http_reply_header(reply, "x-two", ""), 0);
    EXPECT_EQ(eddy_http_reply_header(reply, "Date", "today"), 0);
    EXPECT_EQ(answer_empty(reply), 0);
    EXPECT_EQ(eddy_http_reply_header(reply, "X-Three", "3"), EDDY_EMISUSE);
    EXPECT_EQ(eddy_http_reply_status(reply), 200);
    return 0;
}

TEST(headers_are_added)
{
    struct wire wire;
    exchange_with(&wire, add_headers, GET GET);
    EXPECT_EQ(wire_count(wire.got, "\r\nX-One: 1\r\nx-two: \r\nDate: today\r\n"), 2);
    EXPECT_EQ(wire_count(wire.got, "Date: "), 2);
    EXPECT_EQ(wire_count(wire.got, "X-Three"), 0);
    wire_close(&wire);
}

static int smuggle(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    static const char *const names[] = {"", "a b", "a:", "a\r\nb", "a\tb", "\xc3\xa4", "a/b"};
    static const char *const values[] = {"a\r\nb: c", "a\nb", "a\rb", "\x01", "\x7f"};
    static const char *const reserved[] = {"Content-Length", "transfer-encoding", "CONNECTION",
                                           "Keep-Alive",     "Upgrade",           "Trailer"};
    (void)request;
    (void)data;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        EXPECT_EQ(eddy_http_reply_header(reply, names[i], "1"), EDDY_EVALUE);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        EXPECT_EQ(eddy_http_reply_header(reply, "a", values[i]), EDDY_EVALUE);
        EXPECT_EQ(eddy_http_reply_send(reply, 200, values[i], NULL, 0), EDDY_EVALUE);
        EXPECT_EQ(eddy_http_reply_begin(reply, 200, values[i], 0), EDDY_EVALUE);
    }
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        EXPECT_EQ(eddy_http_reply_header(reply, reserved[i], "1"), EDDY_EVALUE);
    return answer_empty(reply);
}

TEST(nothing_is_smuggled_into_an_answer)
{
    struct wire wire;
    exchange_with(&wire, smuggle, GET);
    EXPECT(wire_begins(wire.got, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: "));
    EXPECT_EQ(wire_count(wire.got, "\r\n"), 4);
    wire_close(&wire);
}

static int misuse(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    EXPECT_EQ(eddy_http_reply_write(reply, "a", 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_http_reply_end(reply), EDDY_EMISUSE);
    EXPECT_EQ(eddy_http_reply_send(reply, 199, NULL, NULL, 0), EDDY_EVALUE);
    EXPECT_EQ(eddy_http_reply_send(reply, 1000, NULL, NULL, 0), EDDY_EVALUE);
    EXPECT_EQ(eddy_http_reply_send(reply, 204, NULL, "a", 1), EDDY_EVALUE);
    EXPECT_EQ(eddy_http_reply_status(reply), 0);
    EXPECT_EQ(eddy_http_reply_send(reply, 599, NULL, "b", 1), 0);
    EXPECT_EQ(eddy_http_reply_send(reply, 200, NULL, NULL, 0), EDDY_EMISUSE);
    EXPECT_EQ(eddy_http_reply_begin(reply, 200, NULL, 0), EDDY_EMISUSE);
    EXPECT_EQ(eddy_http_reply_write(reply, "a", 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_http_reply_size(reply), 1);
    return 0;
}

TEST(misuse_is_told_and_the_first_answer_counts)
{
    struct wire wire;
    exchange_with(&wire, misuse, GET);
    EXPECT(wire_begins(wire.got, "HTTP/1.1 599 \r\nContent-Length: 1\r\n"));
    EXPECT_EQ(wire_count(wire.got, "HTTP/1.1"), 1);
    wire_close(&wire);
}

/* --- Streams ---------------------------------------------------------------------------------- */

static int stream_declared(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, NULL, 6));
    EDDY_TRY(eddy_http_reply_write(reply, "abc", 3));
    EDDY_TRY(eddy_sleep(1));
    EXPECT_EQ(eddy_http_reply_write(reply, "defg", 4), EDDY_EVALUE);
    return eddy_http_reply_write(reply, "def", 3);    // returning ends it
}

TEST(an_answer_may_be_streamed_with_its_length)
{
    struct wire wire;
    exchange_with(&wire, stream_declared, GET "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" GET);
    EXPECT_EQ(wire_count(wire.got, "Content-Length: 6\r\n"), 3);
    EXPECT_EQ(wire_count(wire.got, "\r\n\r\nabcdef"), 2);
    wire_close(&wire);
}

static int stream_too_little(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, NULL, 6));
    return eddy_http_reply_write(reply, "abc", 3);
}

TEST(an_answer_that_is_shorter_than_declared_is_cut_off)
{
    struct wire wire;
    expect_report(EDDY_REPORT_CALLBACK);
    exchange_with(&wire, stream_too_little, GET GET);
    EXPECT_EQ(wire_count(wire.got, "HTTP/1.1"), 1);
    EXPECT(wire_has(last_report_message(), "the HTTP handler failed on GET /"));
    wire_close(&wire);
}

static int stream_slowly(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, "text/event-stream", EDDY_HTTP_SIZE_UNKNOWN));
    EDDY_TRY(eddy_sleep(10));
    EDDY_TRY(eddy_http_reply_write(reply, "a", 1));
    EDDY_TRY(eddy_sleep(10));
    return eddy_http_reply_end(reply);
}

TEST(what_has_been_written_is_not_held_back)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = stream_slowly});
    wire_send(&wire, GET);
    wire_read_to(&wire, "\r\n\r\n");
    EXPECT(eddy_time() < 1);
    wire_read_to(&wire, "1\r\na\r\n");
    EXPECT(eddy_time() < 11);
    wire_read_to(&wire, "0\r\n\r\n");
    EXPECT(eddy_time() >= 20);
    wire_close(&wire);
}

static int stream_much(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    static char piece[50 * 1000];
    (void)request;
    (void)data;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, NULL, EDDY_HTTP_SIZE_UNKNOWN));
    for (size_t size = 1; size < sizeof piece; size += 2003)
        EDDY_TRY(eddy_http_reply_write(reply, memset(piece, 'x', size), size));
    return eddy_http_reply_end(reply);
}

TEST(chunks_of_every_size_arrive)
{
    struct wire wire;
    exchange_with(&wire, stream_much, GET);
    const char *at = strstr(wire.got, "\r\n\r\n");
    REQUIRE(at != NULL);
    at += 4;
    for (size_t size = 1; size < 50 * 1000; size += 2003) {
        char *end;
        EXPECT_EQ(strtoul(at, &end, 16), size);
        REQUIRE(wire_begins(end, "\r\nx") && wire_begins(end + 2 + size, "\r\n"));
        at = end + 2 + size + 2;
    }
    EXPECT_STR(at, "0\r\n\r\n");
    wire_close(&wire);
}

/* --- Handlers that fail ----------------------------------------------------------------------- */

static int fail_at_once(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    EDDY_TRY(eddy_http_reply_header(reply, "X-Secret", "1"));
    if (eddy_http_request_is(request, "GET"))
        return eddy_fail(-EIO, "the disk is on fire");
    return answer_empty(reply);
}

TEST(a_handler_that_fails_is_answered_for)
{
    struct wire wire;
    expect_report(EDDY_REPORT_CALLBACK);
    exchange_with(&wire, fail_at_once,
                  "GET /x?y HTTP/1.1\r\nHost: a\r\n\r\n"
                  "PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT(wire_begins(wire.got, "HTTP/1.1 500 Internal Server Error\r\n"));
    EXPECT_EQ(wire_count(wire.got, "X-Secret"), 1);    // of the second answer
    EXPECT_EQ(wire_count(wire.got, "fire"), 0);
    EXPECT_EQ(wire_count(wire.got, "HTTP/1.1 200 OK"), 1);
    EXPECT_STR(last_report_message(), "the HTTP handler failed on GET /x?y");
    wire_close(&wire);
}

static int say_nothing(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)reply;
    (void)data;
    return 0;
}

TEST(a_handler_that_says_nothing_is_reported)
{
    struct wire wire;
    expect_report(EDDY_REPORT_CALLBACK);
    exchange_with(&wire, say_nothing, GET);
    EXPECT(wire_has(wire.got, "HTTP/1.1 500 "));
    EXPECT_STR(last_report_message(), "the HTTP handler gave no answer on GET /");
    wire_close(&wire);
}

static int fail_in_the_middle(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, NULL, EDDY_HTTP_SIZE_UNKNOWN));
    EDDY_TRY(eddy_http_reply_write(reply, "abc", 3));
    return -EIO;
}

TEST(a_handler_that_fails_in_the_middle_is_cut_off)
{
    struct wire wire;
    expect_report(EDDY_REPORT_CALLBACK);
    exchange_with(&wire, fail_in_the_middle, GET GET);
    EXPECT_EQ(wire_count(wire.got, "HTTP/1.1"), 1);
    EXPECT_EQ(wire_count(wire.got, "0\r\n\r\n"), 0);
    wire_close(&wire);
}

static int cancel_something(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)reply;
    (void)data;
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    eddy_future_cancel(future);
    return eddy_await(future);
}

TEST(a_cancellation_that_is_not_the_tasks_is_a_failure_like_others)
{
    struct wire wire;
    expect_report(EDDY_REPORT_CALLBACK);
    expect_report(EDDY_REPORT_CALLBACK);
    exchange_with(&wire, cancel_something, GET GET);
    EXPECT_EQ(wire_count(wire.got, "HTTP/1.1 500 "), 2);
    wire_close(&wire);
}

static int abort_it(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    eddy_http_reply_abort(reply);
    EXPECT_EQ(eddy_http_reply_write(reply, "a", 1), EDDY_HTTP_DISCONNECTED);
    return 0;
}

TEST(a_connection_can_be_dropped)
{
    struct wire wire;
    exchange_with(&wire, abort_it, GET GET);
    EXPECT_STR(wire.got, "");
    wire_close(&wire);
}

static int close_it(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    eddy_http_reply_close(reply);
    return answer_empty(reply);
}

TEST(a_connection_can_be_closed_behind_an_answer)
{
    struct wire wire;
    exchange_with(&wire, close_it, GET GET);
    EXPECT_EQ(wire_count(wire.got, "HTTP/1.1 200 OK"), 1);
    EXPECT(wire_has(wire.got, "Connection: close\r\n"));
    wire_close(&wire);
}

/* --- Clients that are gone -------------------------------------------------------------------- */

static int write_on(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    static const char piece[1000];
    int *outcome = data;
    (void)request;
    EDDY_TRY(eddy_http_reply_begin(reply, 200, NULL, EDDY_HTTP_SIZE_UNKNOWN));
    do
        EDDY_TRY(eddy_sleep(0.1));
    while ((*outcome = eddy_http_reply_write(reply, piece, sizeof piece)) == 0);
    return *outcome;
}

TEST(a_handler_learns_that_the_client_is_gone)
{
    struct wire wire;
    int outcome = 0;
    wire_open(&wire, &(eddy_http_server_options){.handler = write_on, .data = &outcome});
    wire_send(&wire, GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_stream_abort(wire.stream);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(outcome, EDDY_HTTP_DISCONNECTED);
    EXPECT_EQ(eddy_http_server_connection_count(wire.server), 0);
    wire_close(&wire);
}

RUN_TESTS(TEST_OF(headers_are_added), TEST_OF(nothing_is_smuggled_into_an_answer),
          TEST_OF(misuse_is_told_and_the_first_answer_counts),
          TEST_OF(an_answer_may_be_streamed_with_its_length),
          TEST_OF(an_answer_that_is_shorter_than_declared_is_cut_off),
          TEST_OF(what_has_been_written_is_not_held_back), TEST_OF(chunks_of_every_size_arrive),
          TEST_OF(a_handler_that_fails_is_answered_for),
          TEST_OF(a_handler_that_says_nothing_is_reported),
          TEST_OF(a_handler_that_fails_in_the_middle_is_cut_off),
          TEST_OF(a_cancellation_that_is_not_the_tasks_is_a_failure_like_others),
          TEST_OF(a_connection_can_be_dropped),
          TEST_OF(a_connection_can_be_closed_behind_an_answer),
          TEST_OF(a_handler_learns_that_the_client_is_gone))
