/* SPDX-License-Identifier: MIT */
/*
 * test_client_failures.c: servers that break off, lie, send too much, say nothing, or are not
 * there.
 *
 * After each failure the session must still serve: the next request of the same test says so.
 */
#include "test_client_servers.h"

#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

static int get_with(eddy_http_session *session, const char *path,
                    const eddy_http_request_options *options)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    int rc = eddy_http_session_get(session, at(path), options, &response);
    return rc < 0 ? rc : eddy_http_response_status(response);
}

TEST_REAL(a_body_that_ends_early_is_partial)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    int rc = get(session, "/too-short", NULL);
    EXPECT_EQ(rc, EDDY_HTTP_PARTIAL);
    EXPECT(message_has(rc, at("/too-short")));
    EXPECT(message_has(rc, "90 bytes remaining"));
    EXPECT_EQ(get(session, "/torn-chunks", NULL), EDDY_HTTP_PARTIAL);
    EXPECT_EQ(get(session, "/reset-in-body", NULL), EDDY_HTTP_PARTIAL);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(an_encoded_body_without_its_end_is_partial)
{
    static const char *const paths[] = {"/torn-gzip", "/half-gzip", "/half-brotli", "/half-zstd"};
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int rc = get(session, paths[i], NULL);
        EXPECT_EQ(rc, EDDY_HTTP_PARTIAL);
        EXPECT(i > 0 || message_has(rc, "the body ends in the middle of its gzip"));
    }
}

TEST_REAL(a_server_that_says_nothing_has_disconnected)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/nothing", NULL), EDDY_HTTP_DISCONNECTED);
    EXPECT_EQ(get(session, "/reset", NULL), EDDY_HTTP_DISCONNECTED);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(what_is_no_http_is_refused)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, "/garbage", NULL), EDDY_HTTP_PROTOCOL);
    EXPECT_EQ(get(session, "/bad-chunks", NULL), EDDY_HTTP_PROTOCOL);
    EXPECT_EQ(get(session, "/bad-gzip", NULL), EDDY_HTTP_DECODE);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(a_refused_connection_says_so)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    REQUIRE(bind(fd, (struct sockaddr *)&address, size) == 0);    // bound, but not listening
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    int rc = get(session, url, NULL);
    close(fd);
    EXPECT_EQ(rc, EDDY_HTTP_CONNECT);
    EXPECT(message_has(rc, "refused"));
}

TEST_REAL(the_size_limit_holds_before_the_body_comes)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options small = {.body_max = 1000}, exact = {.body_max = 6},
                              smaller = {.body_max = 5};
    int rc = get_with(session, "/huge", NULL);
    EXPECT_EQ(rc, EDDY_HTTP_TOO_LARGE);
    EXPECT(message_has(rc, "67108864 bytes"));
    EXPECT_EQ(get_with(session, "/huge-until-close", &small), EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(get_with(session, "/huge-until-close", NULL), EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(get_with(session, "/hello", &exact), 200);
    EXPECT_EQ(get_with(session, "/hello", &smaller), EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(get_with(session, "/gzip", &small), EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(get_with(session, "/bomb", &(eddy_http_request_options){.body_max = 1 << 20}),
              EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(get_with(session, "/chunked", &smaller), EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(get_with(session, "/huge-head", NULL), EDDY_HTTP_TOO_LARGE);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(a_server_that_hangs_runs_into_a_limit)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options total = {.timeout.total = 0.05}, read = {.timeout.read = 0.05};
    int rc = get_with(session, "/hang", &total);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT(message_has(rc, "took longer than 0.05 s"));
    rc = get_with(session, "/hang", &read);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT(message_has(rc, "silence for 0.05 s"));
    EXPECT_EQ(get_with(session, "/hang-in-body", &total), EDDY_TIMEDOUT);
    EXPECT_EQ(get_with(session, "/hang-in-body", &read), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_within(0.05, get(session, "/hang", NULL)), EDDY_TIMEDOUT);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(a_slow_but_steady_server_is_no_silent_one)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options read = {.timeout.read = 0.5};
    EXPECT_EQ(get_with(session, "/drip?40", &read), 200);
}

TEST_REAL(connecting_has_a_limit_of_its_own)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    // A listener whose queue is full takes no connection, and refuses none.
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int filler[4];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    REQUIRE(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 0) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    for (int i = 0; i < 4; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        EDDY_IGNORE(connect(filler[i], (struct sockaddr *)&address, size));
    }
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    EDDY_AUTO(eddy_http_response) *response = NULL;
    int rc = eddy_http_session_get(session, url,
                                   &(eddy_http_request_options){.timeout.connect = 0.1}, &response);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT(message_has(rc, "onnect"));
    rc = eddy_http_session_get(
        session, url, &(eddy_http_request_options){.timeout = {.connect = 0.2, .read = 0.05}},
        &response);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT(message_has(rc, "onnect"));
    for (int i = 0; i < 4; i++)
        close(filler[i]);
    close(fd);
}

RUN_CLIENT_TESTS(false, TEST_OF(a_body_that_ends_early_is_partial),
                 TEST_OF(an_encoded_body_without_its_end_is_partial),
        TEST_OF(a_server_that_says_nothing_has_disconnected),
                 TEST_OF(what_is_no_http_is_refused), TEST_OF(a_refused_connection_says_so),
                 TEST_OF(the_size_limit_holds_before_the_body_comes),
                 TEST_OF(a_server_that_hangs_runs_into_a_limit),
                 TEST_OF(a_slow_but_steady_server_is_no_silent_one),
                 TEST_OF(connecting_has_a_limit_of_its_own))
