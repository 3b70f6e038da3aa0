/* SPDX-License-Identifier: MIT */
/*
 * test_wire.c: what goes over a connection of our own, when it is used again, and when it is not.
 */
#include "test_wire_peer.h"

#include <errno.h>

#include "errors.h"
#include "response.h"

static eddy_http_session *new_session(const eddy_http_session_options *options)
{
    eddy_http_session *session = NULL;
    EXPECT_EQ(eddy_http_session_new(options, &session), 0);
    return session;
}

/* The status, or the error; the body must be `body`, unless that is NULL. */
static int ask(eddy_http_session *session, const char *method, const char *url, const char *body)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_request(session, method, url, NULL, &response));
    if (body)
        EXPECT_STR(eddy_http_response_body(response).data, body);
    return eddy_http_response_status(response);
}

static int get(eddy_http_session *session, const struct peer *peer, const char *body)
{
    return ask(session, "GET", peer_url(peer, "/"), body);
}

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: " #body "\r\n\r\n"
#define HELLO    OK(5) "hello"
#define NOTHING  OK(0)

TEST(the_request_is_what_it_should_be_to_the_letter)
{
    PEER(peer, {.answer = HELLO}, {.answer = NOTHING}, {.answer = NOTHING});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/people/1?a=b c#part"), "hello"), 200);
    EXPECT_EQ(ask(session, "GET", peer_url(&peer, ""), ""), 200);
    EXPECT_EQ(ask(session, "DELETE", peer_url(&peer, "?x"), ""), 200);
    char expected[300];
    int port = eddy_listener_port(peer.listener);
    snprintf(expected, sizeof expected,
             "GET /people/1?a=b%%20c HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: eddy/" EDDY_VERSION
             "\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\r\n",
             port);
    EXPECT_STR(peer.requests[0], expected);
    EXPECT(strncmp(peer.requests[1], "GET / HTTP/1.1\r\n", 16) == 0);
    EXPECT(strncmp(peer.requests[2], "DELETE /?x HTTP/1.1\r\n", 21) == 0);
    EXPECT_EQ(peer.connection_count, 1);
    peer_end(&peer);
}

TEST(fields_of_ones_own_take_the_place_of_ours)
{
    PEER(peer, {.answer = NOTHING}, {.answer = NOTHING});
    EDDY_AUTO(eddy_http_session) *session = new_session(&(eddy_http_session_options){
        .user_agent = "", .headers = (eddy_http_header[]){{"Accept", "text/csv"}, {0}}});
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_AUTO(eddy_http_response) *second = NULL;
    eddy_http_request_options own = {
        .headers =
            (eddy_http_header[]){{"host", "other.test"}, {"Accept-Encoding", NULL}, {"X", ""}, {0}},
        .body = {"a=1", 3},
    };
    EXPECT_EQ(eddy_http_session_request(session, "PUT", peer_url(&peer, "/"), &own, &response), 0);
    EXPECT_STR(peer.requests[0], "PUT / HTTP/1.1\r\nAccept: text/csv\r\nhost: other.test\r\nX:\r\n"
                                 "Content-Type: application/octet-stream\r\n"
                                 "Content-Length: 3\r\n\r\n");
    EXPECT_EQ(peer.body_size, 3);
    char url[100];
    snprintf(url, sizeof url, "http://user:pass%%20word@127.0.0.1:%d/",
             eddy_listener_port(peer.listener));
    EXPECT_EQ(eddy_http_session_get(session, url, NULL, &second), 0);
    EXPECT(strstr(peer.requests[1], "\r\nAuthorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n"));
    peer_end(&peer);
}

TEST(an_ipv6_address_is_a_host)
{
    static const struct step steps[] = {{.answer = HELLO}};
    static struct peer peer;
    if (!peer_begin_at(&peer, "::1", steps, 1))
        return;    // this machine has no IPv6
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    char url[64], host[64];
    snprintf(url, sizeof url, "http://[::1]:%d/", eddy_listener_port(peer.listener));
    snprintf(host, sizeof host, "\r\nHost: [::1]:%d\r\n", eddy_listener_port(peer.listener));
    EXPECT_EQ(ask(session, "GET", url, "hello"), 200);
    EXPECT(strstr(peer.requests[0], host));
    peer_end(&peer);
}

TEST(a_connection_is_used_again_only_after_a_whole_answer)
{
    static const struct {
        const char *answer;
        int status;
        bool is_kept;
    } cases[] = {
        {HELLO, 200, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, true},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, true},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, true},
        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200, true},
        {"HTTP/1.1 103 Early\r\n\r\n" NOTHING, 200, true},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, false},
        {HELLO "more", 200, false},
        {HELLO "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 200, false},
        {"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 101, false},
        {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 302, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct step steps[] = {{.answer = cases[i].answer}, {.answer = HELLO}};
        static struct peer peer;
        REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 2));
        EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
        EXPECT_EQ(get(session, &peer, NULL), cases[i].status);
        EXPECT_EQ(get(session, &peer, "hello"), 200);
        if ((peer.connection_count == 1) != cases[i].is_kept)
            harness_expect(false, __FILE__, __LINE__, "%zu connections after %s",
                           peer.connection_count, cases[i].answer);
        peer_end(&peer);
    }
}

TEST(the_caller_may_have_the_connection_closed)
{
    PEER(peer, {.answer = NOTHING}, {.answer = NOTHING}, {.answer = NOTHING}, {.answer = NOTHING});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    static const char *const values[] = {"keep-alive", "close", "Upgrade", NULL};
    for (int i = 0; i < 4; i++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        eddy_http_request_options options = {
            .headers = (eddy_http_header[]){{"Connection", values[i]}, {0}}};
        EXPECT_EQ(eddy_http_session_get(session, peer_url(&peer, "/"), &options, &response), 0);
        EXPECT_EQ(peer.connection_count, i < 2 ? 1 : i);
    }
    peer_end(&peer);
}

TEST(the_answer_to_a_head_has_no_body)
{
    PEER(peer, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"}, {.answer = HELLO},
         {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, {.answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(ask(session, "HEAD", peer_url(&peer, "/"), ""), 200);
        EXPECT_EQ(get(session, &peer, "hello"), 200);
    }
    EXPECT_EQ(peer.connection_count, 1);
    peer_end(&peer);
}

TEST(the_answer_may_come_in_any_pieces)
{
    PEER(peer, {.answer = HELLO, .piece = 1},
         {.answer =
              "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n",
          .piece = 1},
         {.answer = HELLO, .piece = 7});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(get(session, &peer, "hello world"), 200);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(peer.connection_count, 1);
    peer_end(&peer);
}

TEST(what_two_readers_may_read_differently_is_refused)
{
    static const struct {
        const char *answer;
        int status;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
         EDDY_HTTP_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", EDDY_HTTP_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n", EDDY_HTTP_PROTOCOL},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         EDDY_HTTP_UNSUPPORTED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", EDDY_HTTP_PROTOCOL},
        {"HTTP/1.1 20 OK\r\n\r\n", EDDY_HTTP_PROTOCOL},
        {"ICY 200 OK\r\n\r\n", EDDY_HTTP_PROTOCOL},
        {"hello, this is telnet\r\n", EDDY_HTTP_PROTOCOL},
        {"\r\nHTTP/1.1 200 OK\r\n\r\n", EDDY_HTTP_PROTOCOL},
    };
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct step steps[] = {{.answer = cases[i].answer}, {.answer = HELLO}};
        static struct peer peer;
        REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 2));
        int rc = get(session, &peer, NULL);
        if (rc != cases[i].status)
            harness_expect(false, __FILE__, __LINE__, "%d for %s", rc, cases[i].answer);
        EXPECT_EQ(get(session, &peer, "hello"), 200);
        EXPECT_EQ(peer.connection_count, 2);
        peer_end(&peer);
    }
}

TEST(what_clients_agree_on_is_accepted)
{
    static const struct {
        const char *answer;
        bool is_kept;
    } cases[] = {
        {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", true},
        {"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", true},
        {"HTTP/1.1 200\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5 ; a = \"b\"\r\nhello\r\n0\r\n\r\n",
         false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
         "Content-Length: 9\r\n\r\n",
         true},
    };
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct step steps[] = {{.answer = cases[i].answer}, {.answer = HELLO}};
        static struct peer peer;
        REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 2));
        EXPECT_EQ(get(session, &peer, "hello"), 200);
        EXPECT_EQ(get(session, &peer, "hello"), 200);
        EXPECT_EQ(peer.connection_count, cases[i].is_kept ? 1 : 2);
        peer_end(&peer);
    }
}

TEST(a_folded_field_is_one_line)
{
    PEER(peer, {.answer = "HTTP/1.1 200 OK\r\nX-Long: one\r\n two\r\n\tthree\r\n"
                          "Content-Length: 0\r\n\r\n"});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EXPECT_EQ(eddy_http_session_get(session, peer_url(&peer, "/"), NULL, &response), 0);
    EXPECT_STR(eddy_http_response_header(response, "X-Long"), "one two three");
    peer_end(&peer);
}

/* `before`, `count` times `filling`, `after`. */
static const char *filled(const char *before, const char *filling, size_t count, const char *after)
{
    static char text[600 * 1024];
    char *at = stpcpy(text, before);
    while (count-- > 0)
        at = stpcpy(at, filling);
    strcpy(at, after);
    return text;
}

TEST(what_is_too_large_is_named_with_its_true_limit)
{
    static const struct {
        const char *before, *filling;
        size_t count;
        const char *after, *message;
    } cases[] = {
        {"HTTP/1.1 200 ", "reason ", 30000, "\r\nContent-Length: 0\r\n\r\n", NULL},
        {"HTTP/1.1 200 ", "reason ", 40000, "\r\n", "the first line is too long: the limit is 262144"},
        {"HTTP/1.1 200 OK\r\nX: ", "0123456789", 25000, "\r\nContent-Length: 0\r\n\r\n", NULL},
        {"HTTP/1.1 200 OK\r\nX: ", "0123456789", 27000, "\r\n",
         "the header section is too large: the limit is 262144"},
        {"HTTP/1.1 200 OK\r\n", "a: b\r\n", 10001, "\r\n",
         "there are too many fields: the limit is 10000"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a: b\r\n", 2000, "\r\n",
         "the trailers are too large: the limit is 8192"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "0123456789", 500, "\r\n",
         "the chunk extensions are too large: the limit is 4096"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1       \r\na\r\n", 5000,
         "0\r\n\r\n", NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", "", 0, "",
         "the body is larger than 10000 bytes"},
        {"HTTP/1.1 200 OK\r\n\r\n", "0123456789", 1001, "", "the body is larger than 10000 bytes"},
    };
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.body_max = 10000});
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct step steps[] = {
            {.answer = filled(cases[i].before, cases[i].filling, cases[i].count, cases[i].after),
             .then_close = true}};
        static struct peer peer;
        REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 1));
        int rc = get(session, &peer, NULL);
        const char *message = eddy_error_message(eddy_error_get(rc));
        EXPECT_EQ(rc, cases[i].message ? EDDY_HTTP_TOO_LARGE : 200);
        if (cases[i].message && !(message && strstr(message, cases[i].message)))
            harness_expect(false, __FILE__, __LINE__, "\"%s\", not \"%s\"", cases[i].message, message);
        peer_end(&peer);
    }
}

TEST(a_length_that_is_announced_takes_no_more_than_a_megabyte)
{
    static const char *const lengths[] = {"1000", "1048576", "1048577", "60000000"};
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        EDDY_AUTO(eddy_http_response) *response = eddy__http_response_new(session);
        response->body_max = SIZE_MAX;
        eddy__http_response_begin(response, 11, 200);
        EXPECT_EQ(eddy__http_response_field(response, (eddy_span){"Content-Length", 14},
                                            (eddy_span){lengths[i], strlen(lengths[i])}),
                  0);
        EXPECT_EQ(eddy__http_response_end_head(response), 1);
        EXPECT(response->body_capacity <= 1048577);
        EXPECT_EQ(response->body_capacity > 0, i < 2);
    }
}

TEST(interim_answers_have_an_end)
{
    static char many[200 * sizeof "HTTP/1.1 100 Go on\r\n\r\n"];
    for (int i = 0; i < 150; i++)
        strcat(many, "HTTP/1.1 100 Go on\r\n\r\n");
    const struct step steps[] = {{.answer = many}};
    static struct peer peer;
    REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 1));
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, &peer, NULL), EDDY_HTTP_PROTOCOL);
    peer_end(&peer);
}

TEST(a_request_is_repeated_when_the_peer_had_closed_the_connection)
{
    PEER(peer, {.answer = HELLO, .then_close = true}, {.answer = HELLO},
         {.answer = HELLO, .then_close = true}, {.answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(peer.connection_count, 2);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(eddy_sleep(1), 0);
    // A POST is not sent into a connection that may be closed: the kernel is asked before.
    EXPECT_EQ(ask(session, "POST", peer_url(&peer, "/"), "hello"), 200);
    EXPECT_EQ(peer.connection_count, 3);
    EXPECT_EQ(peer.request_count, 4);
    peer_end(&peer);
}

TEST(what_may_not_be_sent_twice_is_not)
{
    PEER(peer, {.answer = HELLO},
         {.then_close = true},    // a POST over the connection that is kept
         {.answer = HELLO}, {.then_close = true}, {.answer = HELLO},    // a GET
         {.answer = "HTTP/1.1 200", .then_close = true},    // one that has been answered, in part
         {.then_close = true});                             // one over a new connection
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(ask(session, "POST", peer_url(&peer, "/"), NULL), EDDY_HTTP_DISCONNECTED);
    EXPECT_EQ(peer.request_count, 2);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(peer.request_count, 5);
    EXPECT_EQ(get(session, &peer, NULL), EDDY_HTTP_PARTIAL);
    EXPECT_EQ(get(session, &peer, NULL), EDDY_HTTP_DISCONNECTED);
    EXPECT_EQ(peer.request_count, 7);
    peer_end(&peer);
}

TEST(idle_connections_are_closed_after_a_while)
{
    PEER(peer, {.answer = HELLO}, {.answer = HELLO}, {.answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(eddy_sleep(14), 0);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(eddy_sleep(14), 0);
    EXPECT_EQ(peer.ended_count, 0);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(peer.ended_count, 1);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(peer.connection_count, 2);
    peer_end(&peer);
}

EDDY_ASYNC(fetch, (eddy_http_session *, session), (const char *, url))
{
    return ask(session, "GET", url, NULL);
}

TEST(a_request_that_is_cancelled_takes_its_connection_along)
{
    PEER(peer, {.answer = HELLO}, {.delay = 5, .answer = HELLO}, {.answer = OK(50) "some"},
         {.answer = HELLO}, {.answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    char url[64];
    strcpy(url, peer_url(&peer, "/"));
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    for (int i = 0; i < 2; i++) {
        EDDY_AUTO(eddy_task) *task = eddy_create_task(fetch, session, url);
        EXPECT_EQ(eddy_sleep(1), 0);
        eddy_task_cancel(task);
        EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    }
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(peer.connection_count, 3);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(peer.connection_count, 3);
    peer_end(&peer);
}

TEST(no_more_connections_are_kept_than_requests_are_allowed)
{
    enum { COUNT = 6 };
    PEER(peer, {.answer = HELLO}, {.answer = HELLO}, {.answer = HELLO}, {.answer = HELLO},
         {.answer = HELLO}, {.answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.connections_max = 2});
    char urls[COUNT][64];
    for (int i = 0; i < COUNT; i++) {    // each is a host of its own
        snprintf(urls[i], sizeof urls[i], "http://%c.localhost:%d/", 'a' + i,
                 eddy_listener_port(peer.listener));
        EXPECT_EQ(ask(session, "GET", urls[i], "hello"), 200);
    }
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(peer.connection_count, COUNT);
    EXPECT_EQ(peer.ended_count, COUNT - 2);
    peer_end(&peer);
}

static int post(eddy_http_session *session, const struct peer *peer, size_t size, bool is_streamed)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    char *body = malloc(size);
    memset(body, 'x', size);
    eddy_http_request_options options = {.body = {body, size}, .stream = is_streamed};
    int rc = eddy_http_session_request(session, "POST", peer_url(peer, "/"), &options, &response);
    free(body);
    return rc < 0 ? rc : eddy_http_response_status(response);
}

TEST_REAL(a_large_body_is_sent_while_the_answer_is_awaited)
{
    enum { SIZE = 8 << 20 };
    PEER(peer, {.answer = HELLO}, {.answer = HELLO},
         {.answer = "HTTP/1.1 413 Too Large\r\n"
                    "Content-Length: 0\r\n\r\n",
          .skips_body = true},
         {.answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(post(session, &peer, SIZE, false), 200);
    EXPECT_EQ(peer.body_size, SIZE);
    EXPECT_EQ(post(session, &peer, 100000, false), 200);
    EXPECT_EQ(peer.body_size, 100000);
    EXPECT_EQ(peer.connection_count, 1);
    // A server that answers without reading on is heard all the same.
    EXPECT_EQ(post(session, &peer, SIZE, false), 413);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(peer.connection_count, 2);
    peer_end(&peer);
}

TEST(a_large_body_of_a_streamed_request_may_go_at_once)
{
    enum { SIZE = 4 << 20 };
    PEER(peer, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .skips_body = true});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(post(session, &peer, SIZE, true), 200);
    EXPECT_EQ(eddy_sleep(1), 0);
    peer_end(&peer);
}

TEST(silence_has_a_limit_but_a_slow_server_is_not_silent)
{
    PEER(peer, {.delay = 59, .answer = HELLO}, {.delay = 61, .answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, &peer, "hello"), 200);
    EXPECT_EQ(get(session, &peer, NULL), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 119);
    peer_end(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(the_request_is_what_it_should_be_to_the_letter),
        TEST_OF(fields_of_ones_own_take_the_place_of_ours),
        TEST_OF(an_ipv6_address_is_a_host),
        TEST_OF(a_connection_is_used_again_only_after_a_whole_answer),
        TEST_OF(the_caller_may_have_the_connection_closed),
        TEST_OF(the_answer_to_a_head_has_no_body),
        TEST_OF(the_answer_may_come_in_any_pieces),
        TEST_OF(what_two_readers_may_read_differently_is_refused),
        TEST_OF(what_clients_agree_on_is_accepted),
        TEST_OF(a_folded_field_is_one_line),
        TEST_OF(what_is_too_large_is_named_with_its_true_limit),
        TEST_OF(a_length_that_is_announced_takes_no_more_than_a_megabyte),
        TEST_OF(interim_answers_have_an_end),
        TEST_OF(a_request_is_repeated_when_the_peer_had_closed_the_connection),
        TEST_OF(what_may_not_be_sent_twice_is_not),
        TEST_OF(idle_connections_are_closed_after_a_while),
        TEST_OF(a_request_that_is_cancelled_takes_its_connection_along),
        TEST_OF(no_more_connections_are_kept_than_requests_are_allowed),
        TEST_OF(a_large_body_is_sent_while_the_answer_is_awaited),
        TEST_OF(a_large_body_of_a_streamed_request_may_go_at_once),
        TEST_OF(silence_has_a_limit_but_a_slow_server_is_not_silent),
    };
    harness_begin();
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    eddy__http_errors_register();    // for good: here, so that no test seems to leave it behind
    return cmocka_run_group_tests(tests, NULL, NULL);
}
