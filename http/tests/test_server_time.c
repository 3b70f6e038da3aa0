/* SPDX-License-Identifier: MIT */
/*
 * test_server_time.c: clients that are slow or silent, and the end of the server.
 */
#include "test_server_wire.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

static int hello(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    (void)data;
    return eddy_http_reply_send(reply, 200, "text/plain", "hello", 5);
}

/* Whether the server has closed, and sent nothing before. */
static bool has_closed_silently(struct wire *wire)
{
    return wire_read_all(wire)[0] == '\0';
}

static bool took(double start, double seconds)
{
    double elapsed = eddy_time() - start;
    return harness_expect(elapsed >= seconds - 0.01 && elapsed < seconds + 0.1, __FILE__, __LINE__,
                          "%g s, not %g", seconds, elapsed);
}

/* Sends a byte every `pause` seconds until the server has closed. */
EDDY_ASYNC(trickle, (eddy_stream *, stream), (const char *, text), (double, pause))
{
    for (; *text != '\0'; text++) {
        int rc = eddy_stream_write(stream, text, 1);
        if (rc < 0)
            return 0;
        EDDY_TRY(eddy_sleep(pause));
    }
    return 0;
}

/* --- Time-outs -------------------------------------------------------------------------------- */

TEST(a_silent_connection_is_closed_silently)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = hello});
    double start = eddy_time();
    EXPECT(has_closed_silently(&wire));
    took(start, 20);
    wire_close(&wire);
}

TEST(an_idle_connection_is_closed_silently)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = hello, .keep_alive_timeout = 7});
    for (int i = 0; i < 3; i++) {
        wire_send(&wire, GET);
        wire_read_to(&wire, "hello");
        EXPECT_EQ(eddy_sleep(6), 0);    // each request begins the time anew
    }
    EXPECT(has_closed_silently(&wire));
    took(0, 12 + 7);
    wire_close(&wire);
}

TEST(a_head_that_trickles_in_is_refused)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = hello, .header_timeout = 10});
    EDDY_AUTO(eddy_task) *slow = eddy_create_task(
        trickle, wire.stream, "GET / HTTP/1.1\r\nHost: a\r\nX-Patience: infinite\r\n\r\n", 0.5);
    EXPECT(wire_begins(wire_read_to(&wire, "\r\n\r\n"), "HTTP/1.1 408 Request Timeout\r\n"));
    took(0, 10);
    EXPECT_EQ(eddy_await(slow), 0);
    wire_close(&wire);
}

static int echo(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    eddy_span body;
    EDDY_TRY(eddy_http_request_body(request, 0, &body));
    return eddy_http_reply_send(reply, 200, NULL, body.data, body.size);
}

TEST(a_body_that_stops_is_refused)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = echo, .body_timeout = 10});
    wire_send(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc");
    EXPECT(wire_begins(wire_read_to(&wire, "\r\n\r\n"), "HTTP/1.1 408 Request Timeout\r\n"));
    took(0, 10);
    wire_close(&wire);
}

TEST(a_body_that_trickles_in_is_refused)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = echo, .body_timeout = 10});
    wire_send(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n");
    EDDY_AUTO(eddy_task) *slow = eddy_create_task(
        trickle, wire.stream, "................................................", 0.5);
    EXPECT(wire_begins(wire_read_to(&wire, "\r\n\r\n"), "HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT(eddy_time() > 9.9 && eddy_time() < 11);
    EXPECT_EQ(eddy_await(slow), 0);
    wire_close(&wire);
}

static int take_your_time(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    EDDY_TRY(eddy_sleep(10000));
    return echo(request, reply, data);
}

TEST(a_handler_may_take_its_time)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = take_your_time});
    wire_send(&wire, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde");
    EXPECT(wire_has(wire_read_to(&wire, "abcde"), "HTTP/1.1 200 OK\r\n"));
    took(0, 10000);
    wire_close(&wire);
}

static int write_much(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    static const char piece[10 * 1000];
    int *outcome = data;
    (void)request;
    *outcome = eddy_http_reply_begin(reply, 200, NULL, EDDY_HTTP_SIZE_UNKNOWN);
    while (*outcome == 0)
        *outcome = eddy_http_reply_write(reply, piece, sizeof piece);
    return *outcome;
}

TEST(a_client_that_takes_nothing_is_given_up)
{
    struct wire wire;
    int outcome = 0;
    wire_open(&wire, &(eddy_http_server_options){
                         .handler = write_much, .data = &outcome, .write_timeout = 30});
    wire_send(&wire, GET);
    EXPECT_EQ(eddy_sleep(29), 0);
    EXPECT_EQ(outcome, 0);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(outcome, EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_http_server_connection_count(wire.server), 0);
    wire_close(&wire);
}

TEST(a_client_that_only_sends_is_given_up)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = echo, .write_timeout = 30});
    // Requests without end, and nobody reads the answers: at some point the server reads no more.
    int rc = 0;
    for (int i = 0; rc == 0 && i < 100000; i++)
        rc = eddy_within(5, eddy_stream_write(wire.stream, GET GET GET GET, 4 * strlen(GET)));
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_sleep(31), 0);
    EXPECT_EQ(eddy_http_server_connection_count(wire.server), 0);
    eddy_stream_abort(wire.stream);
    wire_close(&wire);
}

/* --- Shutting down ---------------------------------------------------------------------------- */

static int sleep_first(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request;
    double *seconds = data;
    EDDY_TRY(eddy_sleep(*seconds));
    return eddy_http_reply_send(reply, 200, NULL, "hello", 5);
}

TEST(a_shutdown_lets_requests_finish)
{
    struct wire busy, idle;
    double seconds = 3;
    wire_open(&busy, &(eddy_http_server_options){.handler = sleep_first, .data = &seconds});
    idle = busy;
    wire_connect(&idle);
    wire_send(&busy, GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_http_server_idle_count(busy.server), 1);
    EXPECT_EQ(eddy_http_server_shutdown(busy.server, 5), 0);
    took(0, 3);
    const char *got = wire_read_all(&busy);
    EXPECT(wire_has(got, "Connection: close\r\n\r\nhello"));
    EXPECT_EQ(wire_count(got, "HTTP/1.1"), 1);
    EXPECT(has_closed_silently(&idle));
    wire_disconnect(&idle);
    wire_close(&busy);
}

TEST(a_shutdown_cancels_what_takes_too_long)
{
    struct wire wire;
    double seconds = 100;
    wire_open(&wire, &(eddy_http_server_options){.handler = sleep_first, .data = &seconds});
    wire_send(&wire, GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_http_server_shutdown(wire.server, 5), 1);
    took(0, 6);
    EXPECT(wire_begins(wire_read_all(&wire), "HTTP/1.1 503 Service Unavailable\r\n"));
    wire_close(&wire);
}

static int clean_up(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    double *seconds = data;
    (void)request;
    (void)reply;
    int rc = eddy_sleep(100);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EDDY_TRY(eddy_sleep(*seconds));
    return rc;
}

TEST(a_cancelled_handler_may_clean_up_for_a_second)
{
    struct wire wire;
    double seconds = 0.5;
    wire_open(&wire, &(eddy_http_server_options){.handler = clean_up, .data = &seconds});
    wire_send(&wire, GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_http_server_shutdown(wire.server, 5), 1);
    took(0, 6.5);
    EXPECT(wire_has(wire_read_all(&wire), "HTTP/1.1 503 "));
    wire_close(&wire);

    seconds = 50;    // too long: its client is cut off
    double start = eddy_time();
    wire_open(&wire, &(eddy_http_server_options){.handler = clean_up, .data = &seconds});
    wire_send(&wire, GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_http_server_shutdown(wire.server, 5), 1);
    took(start, 7);
    EXPECT(has_closed_silently(&wire));
    EXPECT_EQ(eddy_sleep(60), 0);
    wire_close(&wire);
}

TEST(a_server_can_be_freed_without_a_shutdown)
{
    struct wire wire;
    double seconds = 100;
    wire_open(&wire, &(eddy_http_server_options){.handler = sleep_first, .data = &seconds});
    wire_send(&wire, GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_http_server_free(wire.server);
    EXPECT(has_closed_silently(&wire));
    took(0, 1);
    wire_disconnect(&wire);
}

EDDY_ASYNC(shut_down, (eddy_http_server *, server), (double, seconds))
{
    return eddy_http_server_shutdown(server, seconds);
}

TEST(a_cancelled_shutdown_cuts_everything_off)
{
    struct wire wire;
    double seconds = 100;
    wire_open(&wire, &(eddy_http_server_options){.handler = sleep_first, .data = &seconds});
    wire_send(&wire, GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_within(2, shut_down(wire.server, 50)), EDDY_TIMEDOUT);
    EXPECT(has_closed_silently(&wire));
    took(0, 3);
    wire_close(&wire);
}

static int shut_own_server(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    eddy_http_server **server = data;
    EXPECT_EQ(eddy_http_server_shutdown(*server, 1), EDDY_EMISUSE);
    return hello(request, reply, NULL);
}

TEST(a_handler_can_not_wait_for_its_own_end)
{
    struct wire wire;
    wire_open(&wire, &(eddy_http_server_options){.handler = shut_own_server, .data = &wire.server});
    wire_send(&wire, GET);
    wire_read_to(&wire, "hello");
    EXPECT_EQ(eddy_http_server_shutdown(wire.server, __builtin_nan("")), EDDY_EVALUE);
    wire_close(&wire);
}

/* --- The cap ---------------------------------------------------------------------------------- */

/* Connects to the server's port; the wire's server stays the other's. */
static void dial(struct wire *wire)
{
    char port[8];
    snprintf(port, sizeof port, "%d", eddy_http_server_port(wire->server));
    wire->got = calloc(1, WIRE_SIZE_MAX + 1);
    EXPECT_EQ(eddy_open_connection("127.0.0.1", port, NULL, &wire->stream), 0);
}

TEST(at_the_cap_idle_connections_make_room_and_busy_ones_do_not)
{
    struct wire wires[3];
    double seconds = 10;
    EXPECT_EQ(eddy_http_server_open(
                  &(eddy_http_server_options){
                      .handler = sleep_first, .data = &seconds, .port = "0", .connections_max = 2},
                  &wires[0].server),
              0);
    wires[1].server = wires[2].server = wires[0].server;
    dial(&wires[0]);
    dial(&wires[1]);
    wire_send(&wires[1], GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_http_server_idle_count(wires[0].server), 1);
    dial(&wires[2]);
    wire_send(&wires[2], GET);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(has_closed_silently(&wires[0]));    // it had nothing to do, and made room
    wire_disconnect(&wires[0]);
    dial(&wires[0]);
    wire_send(&wires[0], GET);
    EXPECT_EQ(eddy_sleep(5), 0);
    EXPECT_EQ(eddy_http_server_connection_count(wires[0].server), 2);
    wire_read_to(&wires[1], "hello");
    took(0, 10);
    wire_read_to(&wires[0], "hello");
    took(0, 20);
    for (int i = 1; i < 3; i++)
        wire_disconnect(&wires[i]);
    wire_close(&wires[0]);
}

TEST(a_shut_down_server_is_not_there_any_more)
{
    eddy_http_server *server;
    eddy_stream *stream, *other;
    char port[8];
    EXPECT_EQ(
        eddy_http_server_open(&(eddy_http_server_options){.handler = hello, .port = "0"}, &server),
        0);
    snprintf(port, sizeof port, "%d", eddy_http_server_port(server));
    EXPECT_EQ(eddy_http_server_shutdown(server, 1), 0);
    EXPECT(eddy_open_connection("127.0.0.1", port, NULL, &stream) < 0);
    EXPECT_EQ(eddy_stream_pair(NULL, &stream, &other), 0);
    EXPECT_EQ(eddy_http_server_adopt(server, stream), EDDY_EMISUSE);
    eddy_stream_free(other);
    eddy_http_server_free(server);
}

/* A client that the kernel has connected, but that the server has not accepted. */
static int connect_raw(const eddy_http_server *server, const char *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)eddy_http_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    EXPECT_EQ(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    return fd;
}

/* All that it gets, up to the end. */
static const char *receive_raw(int fd)
{
    static char text[4096];
    size_t size = 0;
    ssize_t n;
    while ((n = recv(fd, text + size, sizeof text - 1 - size, 0)) > 0)
        size += (size_t)n;
    EXPECT_EQ(n, 0);    // not a reset
    text[size] = '\0';
    close(fd);
    return text;
}

TEST(a_shutdown_answers_who_has_connected_and_asked)
{
    enum { CLIENTS = 5 };
    eddy_http_server *server;
    int fds[CLIENTS];
    REQUIRE(eddy_http_server_open(&(eddy_http_server_options){.handler = hello, .port = "0"},
                                  &server) == 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    int silent = connect_raw(server, "");
    int early = connect_raw(server, "");
    EXPECT_EQ(eddy_sleep(1), 0);    // these two have been accepted
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = connect_raw(server, GET);
    EXPECT_EQ(send(early, GET, strlen(GET), MSG_NOSIGNAL), (ssize_t)strlen(GET));
    EXPECT_EQ(eddy_http_server_shutdown(server, 10), 0);
    for (int i = 0; i < CLIENTS; i++)
        EXPECT(wire_has(receive_raw(fds[i]), "HTTP/1.1 200 OK\r\n"));
    EXPECT(wire_has(receive_raw(early), "Connection: close\r\n"));
    EXPECT_STR(receive_raw(silent), "");
    eddy_http_server_free(server);
}

TEST(wrong_options_are_refused)
{
    eddy_http_server *server;
    EXPECT_EQ(eddy_http_server_open(NULL, &server), EDDY_EVALUE);
    EXPECT_EQ(eddy_http_server_open(&(eddy_http_server_options){.port = "0"}, &server),
              EDDY_EVALUE);
    EXPECT_EQ(eddy_http_server_open(
                  &(eddy_http_server_options){.handler = hello, .body_timeout = -1}, &server),
              EDDY_EVALUE);
    EXPECT(eddy_http_server_open(
               &(eddy_http_server_options){.handler = hello, .port = "0", .host = "192.0.2.1"},
               &server) < 0);
    eddy_http_server_free(NULL);
}

RUN_TESTS(TEST_OF(a_silent_connection_is_closed_silently),
          TEST_OF(an_idle_connection_is_closed_silently),
          TEST_OF(a_head_that_trickles_in_is_refused), TEST_OF(a_body_that_stops_is_refused),
          TEST_OF(a_body_that_trickles_in_is_refused), TEST_OF(a_handler_may_take_its_time),
          TEST_OF(a_client_that_takes_nothing_is_given_up),
          TEST_OF(a_client_that_only_sends_is_given_up), TEST_OF(a_shutdown_lets_requests_finish),
          TEST_OF(a_shutdown_cancels_what_takes_too_long),
          TEST_OF(a_cancelled_handler_may_clean_up_for_a_second),
          TEST_OF(a_server_can_be_freed_without_a_shutdown),
          TEST_OF(a_cancelled_shutdown_cuts_everything_off),
          TEST_OF(a_handler_can_not_wait_for_its_own_end),
          TEST_OF(at_the_cap_idle_connections_make_room_and_busy_ones_do_not),
          TEST_OF(a_shutdown_answers_who_has_connected_and_asked),
          TEST_OF(a_shut_down_server_is_not_there_any_more), TEST_OF(wrong_options_are_refused))
