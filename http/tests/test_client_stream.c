/* SPDX-License-Identifier: MIT */
/*
 * test_client_stream.c: bodies read piece by piece, with the server slowed down to the reader.
 */
#include "test_client_servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const eddy_http_request_options streamed = {.stream = true};

/* Reads to the end in pieces of `size`, checking the server's pattern. The sum, or the error. */
static long long read_pattern(eddy_http_response *response, size_t size)
{
    char buf[50000];
    long long sum = 0;
    ssize_t n;
    while ((n = eddy_http_response_read(response, buf, size)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            unsigned char expected = (unsigned char)(((sum + i) % 65536) * 7 % 251);
            if ((unsigned char)buf[i] != expected) {
                EXPECT((unsigned char)buf[i] == expected);
                return sum;
            }
        }
        sum += n;
    }
    return n < 0 ? n : sum;
}

TEST_REAL(a_streamed_body_arrives_whole_and_in_order)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    static const size_t sizes[] = {1000, 50000, 16384, 7};
    for (int i = 0; i < 4; i++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        REQUIRE(
            EXPECT_EQ(eddy_http_session_get(session, at("/big?1000003"), &streamed, &response), 0));
        EXPECT_EQ(eddy_http_response_status(response), 200);
        EXPECT_EQ(eddy_http_response_body(response).size, 0);
        EXPECT_EQ(read_pattern(response, sizes[i]), 1000003);
        char byte;
        EXPECT_EQ(eddy_http_response_read(response, &byte, 1), 0);
    }
}

TEST_REAL(a_slow_reader_slows_the_server_down)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/huge"), &streamed, &response), 0));
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    char buf[1000];
    for (int i = 0; i < 200; i++) {
        EXPECT(eddy_http_response_read(response, buf, sizeof buf) > 0);
        EXPECT_EQ(eddy_sleep(i % 10 ? 0 : 0.002), 0);
    }
    getrusage(RUSAGE_SELF, &after);
    EXPECT(after.ru_maxrss - before.ru_maxrss < 8 * 1024);    // KiB
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(decoded_bytes_are_streamed_too)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/bomb"), &streamed, &response), 0));
    char buf[10000];
    long long sum = 0;
    ssize_t n;
    while ((n = eddy_http_response_read(response, buf, sizeof buf)) > 0)
        sum += n;
    EXPECT_EQ(n, 0);
    EXPECT_EQ(sum, 64 << 20);
}

TEST_REAL(a_reader_waits_for_what_has_not_come)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/drip?5"), &streamed, &response), 0));
    char buf[10];
    ssize_t n, sum = 0;
    while ((n = eddy_http_response_read(response, buf, sizeof buf)) > 0)
        sum += n;
    EXPECT_EQ(n, 0);
    EXPECT_EQ(sum, 5);
}

TEST_REAL(errors_in_mid_body_stay)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(
        EXPECT_EQ(eddy_http_session_get(session, at("/reset-in-body"), &streamed, &response), 0));
    char buf[10];
    EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), 4);
    EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), EDDY_HTTP_PARTIAL);
    ssize_t rc = eddy_http_response_read(response, buf, sizeof buf);
    EXPECT_EQ(rc, EDDY_HTTP_PARTIAL);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(an_explicit_limit_on_size_holds)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    eddy_http_request_options small = {.stream = true, .body_max = 100000};
    EXPECT_EQ(eddy_http_session_get(session, at("/huge"), &small, &response), EDDY_HTTP_TOO_LARGE);
    REQUIRE(
        EXPECT_EQ(eddy_http_session_get(session, at("/huge-until-close"), &small, &response), 0));
    EXPECT_EQ(read_pattern(response, 5000), EDDY_HTTP_TOO_LARGE);
}

TEST_REAL(silence_in_mid_body_runs_into_the_limit)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options limits[] = {
        {.stream = true, .timeout.read = 0.3},
        {.stream = true, .timeout.total = 0.3},
    };
    static const char *const messages[] = {"silence for 0.3 s", "took longer than 0.3 s"};
    for (int i = 0; i < 2; i++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        REQUIRE(EXPECT_EQ(
            eddy_http_session_get(session, at("/hang-in-body"), &limits[i], &response), 0));
        char buf[10];
        EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), 4);
        int rc = (int)eddy_http_response_read(response, buf, sizeof buf);
        EXPECT_EQ(rc, EDDY_TIMEDOUT);
        EXPECT(strstr(eddy_error_message(eddy_error_get(rc)), messages[i]));
    }
}

EDDY_ASYNC(read_once, (eddy_http_response *, response))
{
    char buf[10];
    return (int)eddy_http_response_read(response, buf, sizeof buf);
}

TEST_REAL(a_cancelled_read_loses_nothing)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/drip?3"), &streamed, &response), 0));
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_once, response);
    EXPECT_EQ(eddy_sleep(0), 0);
    char buf[10];
    EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), -EBUSY);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    int sum = 0;
    ssize_t n;
    while ((n = eddy_http_response_read(response, buf, sizeof buf)) > 0)
        sum += (int)n;
    EXPECT_EQ(n, 0);
    EXPECT_EQ(sum, 3);
}

TEST_REAL(a_stream_holds_its_slot_until_its_end)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.connections_max = 1});
    eddy_http_response *response = NULL;
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/huge"), &streamed, &response), 0));
    eddy_http_request_options impatient = {.timeout.queue = 0.01};
    eddy_http_response *other = NULL;
    EXPECT_EQ(eddy_http_session_get(session, at("/hello"), &impatient, &other), EDDY_TIMEDOUT);
    eddy_http_response_free(response);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
    REQUIRE(EXPECT_EQ(eddy_http_session_get(session, at("/hello"), &streamed, &response), 0));
    char buf[10];
    EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), 6);
    EXPECT_EQ(eddy_http_response_read(response, buf, sizeof buf), 0);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);    // its end has been read
    eddy_http_response_free(response);
}

TEST_REAL(a_posted_body_may_go_once_the_head_is_there)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    char *body = malloc(1 << 20);
    memset(body, 'x', 1 << 20);
    eddy_http_request_options options = {.stream = true};
    int rc = eddy_http_session_post(session, at("/echo"), (eddy_span){body, 1 << 20}, &options,
                                    &response);
    free(body);
    REQUIRE(EXPECT_EQ(rc, 0));
    char buf[10000];
    long long sum = 0;
    ssize_t n;
    while ((n = eddy_http_response_read(response, buf, sizeof buf)) > 0)
        sum += n;
    EXPECT_EQ(n, 0);
    EXPECT(sum > 1 << 20);
}

static eddy_http_response *left_open;
static eddy_http_session *of_left_open;

EDDY_ASYNC(leave_a_stream_open)
{
    of_left_open = new_session(NULL);
    EXPECT_EQ(eddy_http_session_get(of_left_open, at("/huge"), &streamed, &left_open), 0);
    return 0;
}

EDDY_ASYNC(read_what_was_left_open)
{
    if (!EXPECT(left_open != NULL))
        return 0;
    char buf[100];
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EXPECT_EQ(eddy_http_session_get(of_left_open, at("/hello"), NULL, &response), EDDY_EMISUSE);
    while (eddy_http_response_read(left_open, buf, sizeof buf) > 0)
        continue;
    EXPECT_EQ(eddy_http_response_read(left_open, buf, sizeof buf), EDDY_HTTP_ABORTED);
    eddy_http_response_free(left_open);
    eddy_http_session_free(of_left_open);
    return 0;
}

TEST_PLAIN(a_stream_may_be_left_open_at_the_end_of_the_run)
{
    const eddy_run_options options = {.exception_handler = note_report};
    EXPECT_EQ(eddy_run(eddy_coro(leave_a_stream_open), &options), 0);
    EXPECT_EQ(eddy_run(eddy_coro(read_what_was_left_open), &options), 0);
}

RUN_CLIENT_TESTS(false, TEST_OF(a_streamed_body_arrives_whole_and_in_order),
                 TEST_OF(a_slow_reader_slows_the_server_down),
                 TEST_OF(decoded_bytes_are_streamed_too),
                 TEST_OF(a_reader_waits_for_what_has_not_come), TEST_OF(errors_in_mid_body_stay),
                 TEST_OF(an_explicit_limit_on_size_holds),
                 TEST_OF(silence_in_mid_body_runs_into_the_limit),
                 TEST_OF(a_cancelled_read_loses_nothing),
                 TEST_OF(a_stream_holds_its_slot_until_its_end),
                 TEST_OF(a_posted_body_may_go_once_the_head_is_there),
                 TEST_OF(a_stream_may_be_left_open_at_the_end_of_the_run))
