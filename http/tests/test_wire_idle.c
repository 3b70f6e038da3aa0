/* SPDX-License-Identifier: MIT */
/*
 * test_wire_idle.c: bytes that arrive over a connection while no request is outstanding are no
 * response (RFC 9112, 6.3 and 9.2), plain and over TLS, over our own transport and over libcurl
 * (EDDY_HTTP_TEST_LIBCURL).
 */
#include "test_wire_peer.h"

#include <eddy/fd.h>
#include <eddy/tls.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "errors.h"

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: " #body "\r\n\r\n"
#define HELLO    OK(5) "hello"
#define WRONG    OK(5) "wrong"
#define TIMEOUT  "HTTP/1.1 408 Request Time-out\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

static bool is_libcurl;

static eddy_http_session *new_session(const eddy_http_session_options *options)
{
    eddy_http_session *session = NULL;
    eddy_http_session_options all = options ? *options : (eddy_http_session_options){0};
    all.libcurl = is_libcurl;
    EXPECT_EQ(eddy_http_session_new(&all, &session), 0);
    return session;
}

/* The status or the error; a body, if there is one, must be "hello". */
static int ask(eddy_http_session *session, const char *method, const char *url)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_request(session, method, url, NULL, &response));
    if (eddy_http_response_body(response).size > 0)
        EXPECT_STR(eddy_http_response_body(response).data, "hello");
    return eddy_http_response_status(response);
}

static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "PATCH"};
enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

static const char *response_to(const char *method)
{
    return strcmp(method, "HEAD") == 0 ? OK(5) : HELLO;
}

/* What arrives while the connection idles: one of these, a second after the first response. */
static const char *const surpluses[] = {WRONG, TIMEOUT, "late body", "\r\n", "H"};
enum { SURPLUS_COUNT = sizeof surpluses / sizeof surpluses[0] };

TEST(a_connection_that_received_something_while_idle_is_not_used_again)
{
    for (size_t i = 0; i < SURPLUS_COUNT * METHOD_COUNT; i++) {
        const char *method = methods[i % METHOD_COUNT];
        const struct step steps[] = {{.answer = HELLO, .surplus = surpluses[i / METHOD_COUNT]},
                                     {.answer = response_to(method)},
                                     {.answer = HELLO}};
        static struct peer peer;
        REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 3));
        EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
        EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/1")), 200);
        EXPECT_EQ(eddy_sleep(2), 0);
        EXPECT_EQ(ask(session, method, peer_url(&peer, "/2")), 200);
        EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/3")), 200);
        EXPECT_EQ(peer.connection_count, 2);
        EXPECT_EQ(peer.request_count, 3);
        peer_end(&peer);
    }
}

TEST(a_body_behind_a_response_that_has_none_spoils_the_connection)
{
    static const struct {
        const char *method, *answer;
        int status;
    } cases[] = {
        {"HEAD", OK(5), 200},
        {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304},
        {"GET", OK(5) "hello", 200},
    };
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        bool is_late = i % 2 != 0;
        char joined[200];
        snprintf(joined, sizeof joined, "%s%s", cases[i / 2].answer, is_late ? "" : WRONG);
        const struct step steps[] = {{.answer = joined, .surplus = is_late ? "wrong" : NULL},
                                     {.answer = HELLO}};
        static struct peer peer;
        REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 2));
        EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
        EXPECT_EQ(ask(session, cases[i / 2].method, peer_url(&peer, "/1")), cases[i / 2].status);
        EXPECT_EQ(eddy_sleep(is_late ? 2 : 0), 0);
        EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/2")), 200);
        // libcurl drops what it reads together with such a head, and goes on.
        EXPECT(peer.connection_count == 2 || (is_libcurl && !is_late));
        peer_end(&peer);
    }
}

/* What crosses the request on its way: the kernel had nothing when it was sent. */
static const char *const crossings[] = {TIMEOUT, "late body", "{\"late\":1}\r\n\r\n"};

TEST(what_crosses_a_request_that_may_be_repeated_does_not_answer_it)
{
    for (size_t i = 0; i < sizeof crossings / sizeof crossings[0]; i++) {
        const struct step steps[] = {
            {.answer = HELLO}, {.answer = crossings[i], .then_close = true}, {.answer = HELLO}};
        static struct peer peer;
        REQUIRE(peer_begin_at(&peer, "127.0.0.1", steps, 3));
        EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
        EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/1")), 200);
        EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/2")), 200);
        EXPECT_EQ(peer.connection_count, 2);
        EXPECT_EQ(peer.request_count, 3);
        peer_end(&peer);
    }
}

TEST(a_408_is_a_response_where_the_request_is_not_repeated)
{
    PEER(peer, {.answer = TIMEOUT}, {.answer = HELLO}, {.answer = TIMEOUT}, {.answer = HELLO},
         {.answer = "HTTP/1.1 408 Too slow\r\nContent-Length: 0\r\n\r\n"});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/1")), 408);    // over a new connection
    EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/2")), 200);
    EXPECT_EQ(ask(session, "POST", peer_url(&peer, "/3")), 408);
    EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/4")), 200);
    EXPECT_EQ(ask(session, "GET", peer_url(&peer, "/5")), 408);    // and goes on
    EXPECT_EQ(peer.request_count, 5);
    peer_end(&peer);
}

/* --- Bytes sent before the request was received ----------------------------------------------- */

static const char *big_header(size_t size)
{
    static char text[64 * 1024];
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

static int ask_with_header(eddy_http_session *session, const char *method, const char *url,
                           size_t size)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    eddy_http_request_options options = {
        .headers = (eddy_http_header[]){{"X-Big", big_header(size)}, {0}}};
    EDDY_TRY(eddy_http_session_request(session, method, url, &options, &response));
    EXPECT_STR(eddy_http_response_body(response).data, "hello");
    return eddy_http_response_status(response);
}

/* A socket that listens, whose connections take in little before they are read. */
static int listen_with_small_window(int *out_port)
{
    const int size = 2048;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    EXPECT_EQ(bind(fd, (struct sockaddr *)&address, length), 0);
    EXPECT_EQ(listen(fd, 8), 0);
    EXPECT_EQ(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

/* Answers the first request; what comes then, once it has begun to come, without reading it. */
EDDY_ASYNC(answer_too_soon, (int, listener))
{
    EDDY_AUTO(eddy_stream) *first = NULL;
    EDDY_AUTO(eddy_stream) *second = NULL;
    eddy_span head;
    EDDY_TRY(eddy_wait_readable(listener));
    EDDY_TRY(eddy_stream_from_fd(accept(listener, NULL, NULL), NULL, &first));
    EDDY_TRY(eddy_stream_read_until(first, "\r\n\r\n", 4, &head));
    EDDY_TRY(eddy_stream_write(first, HELLO, strlen(HELLO)));
    EDDY_TRY(eddy_stream_peek(first, 1, &head));
    EDDY_TRY(eddy_stream_write(first, WRONG, strlen(WRONG)));
    EDDY_TRY(eddy_wait_readable(listener));
    EDDY_TRY(eddy_stream_from_fd(accept(listener, NULL, NULL), NULL, &second));
    EDDY_TRY(eddy_stream_read_until(second, "\r\n\r\n", 4, &head));
    return eddy_stream_write(second, HELLO, strlen(HELLO));
}

TEST(a_response_that_was_sent_before_the_request_was_received_is_not_taken)
{
    static const char *const of[] = {"GET", "POST"};
    for (size_t i = 0; i < 2; i++) {
        int port;
        int listener = listen_with_small_window(&port);
        eddy_task *task = eddy_create_task(answer_too_soon, listener);
        EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
        EXPECT_EQ(ask(session, "GET", url), 200);
        int rc = ask_with_header(session, of[i], url, 7000);
        EXPECT_EQ(rc, i == 0 ? 200 : EDDY_HTTP_DISCONNECTED);    // a POST isn't sent twice
        eddy_task_cancel(task);
        EDDY_IGNORE(eddy_await(task));
        eddy_task_free(task);
        close(listener);
    }
}

TEST(a_head_that_may_take_time_to_be_sent_goes_over_a_new_connection)
{
    if (is_libcurl)
        return;    // when it opens a connection is its own affair
    PEER(peer, {.answer = HELLO}, {.answer = HELLO}, {.answer = HELLO});
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(ask_with_header(session, "GET", peer_url(&peer, "/1"), 20), 200);
    EXPECT_EQ(ask_with_header(session, "GET", peer_url(&peer, "/2"), 20000), 200);
    EXPECT_EQ(peer.connection_count, 2);
    EXPECT_EQ(ask_with_header(session, "GET", peer_url(&peer, "/3"), 20), 200);
    EXPECT_EQ(peer.connection_count, 2);
    peer_end(&peer);
}

EDDY_ASYNC(greet, (eddy_listener *, listener), (const char *, greeting))
{
    for (;;) {
        EDDY_AUTO(eddy_stream) *stream = NULL;
        EDDY_TRY(eddy_listener_accept(listener, &stream));
        EDDY_TRY(eddy_stream_write(stream, greeting, strlen(greeting)));
        EDDY_TRY(eddy_sleep(1));
    }
}

TEST(a_server_that_speaks_first_does_not_answer)
{
    static const struct {
        const char *greeting;
        int status;
    } cases[] = {{HELLO, EDDY_HTTP_DISCONNECTED},
                 {"220 mail.example ESMTP\r\n", EDDY_HTTP_PROTOCOL},
                 {"SSH-2.0-OpenSSH_9.2p1\r\n", EDDY_HTTP_PROTOCOL}};
    if (is_libcurl)
        return;    // it takes what comes over a new connection for the response
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        eddy_listener *listener;
        REQUIRE(eddy_listen("127.0.0.1", "0", NULL, &listener) == 0);
        eddy_task *task = eddy_create_task(greet, listener, cases[i].greeting);
        EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
        char url[64];
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_listener_port(listener));
        EXPECT_EQ(ask(session, "GET", url), cases[i].status);
        eddy_task_cancel(task);
        EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
        eddy_task_free(task);
        eddy_listener_free(listener);
    }
}

/* --- TLS -------------------------------------------------------------------------------------- */

struct tls_peer {
    eddy_listener *listener;
    eddy_tls_context *context;
    const char *surplus;    // behind the first response
    size_t size;            // of the surplus that is sent
    bool is_late;           // a second later, not at once
    size_t connection_count, request_count, resumed_count;
};

/* The first response of a peer is followed by its surplus, in a record of its own. */
static int serve_request(struct tls_peer *peer, eddy_stream *stream)
{
    eddy_span head;
    EDDY_TRY(eddy_stream_read_until(stream, "\r\n\r\n", 4, &head));
    bool is_first = peer->request_count++ == 0;
    EDDY_TRY(eddy_stream_write(stream, HELLO, strlen(HELLO)));
    if (!is_first)
        return 0;
    if (peer->is_late)
        EDDY_TRY(eddy_sleep(1));
    return eddy_stream_write(stream, peer->surplus, strlen(peer->surplus));
}

EDDY_ASYNC(serve_tls, (struct tls_peer *, peer), (eddy_stream *, stream, drop_peer_stream))
{
    eddy_tls_info info;
    int rc = eddy_stream_start_tls(stream, peer->context, &(eddy_tls_options){.server_side = true});
    if (rc == 0)
        rc = eddy_stream_tls_info(stream, &info);
    if (rc == 0)
        peer->resumed_count += info.session_reused;
    while (rc == 0)
        rc = serve_request(peer, stream);
    eddy_stream_free(stream);
    return rc == EDDY_CANCELLED ? rc : 0;
}

EDDY_ASYNC(accept_tls, (struct tls_peer *, peer))
{
    for (;;) {
        eddy_stream *stream;
        EDDY_TRY(eddy_listener_accept(peer->listener, &stream));
        peer->connection_count++;
        eddy_start(serve_tls, peer, stream);
    }
}

static void ask_twice_over_tls(struct tls_peer *peer, int version)
{
    const eddy_tls_context_options own = {
        .certificate = certificate_for("idle.pem", "DNS:localhost", 10),
        .maximum_version = version,
    };
    REQUIRE(eddy_tls_context_new(&own, &peer->context) == 0);
    REQUIRE(eddy_listen("127.0.0.1", "0", NULL, &peer->listener) == 0);
    eddy_task *acceptor = eddy_create_task(accept_tls, peer);
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.cacert = authority_file()});
    char url[64];
    snprintf(url, sizeof url, "https://localhost:%d/", eddy_listener_port(peer->listener));
    EXPECT_EQ(ask(session, "GET", url), 200);
    EXPECT_EQ(eddy_sleep(peer->is_late ? 2 : 0), 0);
    EXPECT_EQ(ask(session, "GET", url), 200);
    EXPECT_EQ(ask(session, "POST", url), 200);
    eddy_task_cancel(acceptor);
    EXPECT_EQ(eddy_await(acceptor), EDDY_CANCELLED);
    eddy_task_free(acceptor);
    eddy_listener_free(peer->listener);
    eddy_tls_context_free(peer->context);
}

TEST(records_behind_a_response_spoil_a_connection_over_tls)
{
    for (int i = 0; i < 4; i++) {
        struct tls_peer peer = {.surplus = WRONG, .is_late = i % 2 != 0};
        ask_twice_over_tls(&peer, i / 2 == 0 ? EDDY_TLS_1_2 : EDDY_TLS_1_3);
        EXPECT_EQ(peer.connection_count, 2);
        EXPECT_EQ(peer.request_count, 3);
        EXPECT(peer.resumed_count == 1 || is_libcurl);    // the session of the first connection
    }
}

EDDY_ASYNC(shake_once, (eddy_listener *, listener), (eddy_tls_context *, context))
{
    for (;;) {
        EDDY_AUTO(eddy_stream) *stream = NULL;
        EDDY_TRY(eddy_listener_accept(listener, &stream));
        int rc = eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_side = true});
        if (rc == EDDY_CANCELLED)
            return rc;
    }
}

TEST(the_common_name_of_a_certificate_names_no_host)
{
    eddy_listener *listener;
    eddy_tls_context *context;
    const char *file = certificate_for("localhost", NULL, 10);    // CN=localhost
    REQUIRE(eddy_tls_context_new(&(eddy_tls_context_options){.certificate = file}, &context) == 0);
    REQUIRE(eddy_listen("127.0.0.1", "0", NULL, &listener) == 0);
    eddy_task *task = eddy_create_task(shake_once, listener, context);
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.cacert = authority_file()});
    char url[64];
    snprintf(url, sizeof url, "https://localhost:%d/", eddy_listener_port(listener));
    EXPECT_EQ(ask(session, "GET", url), EDDY_HTTP_TLS);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    eddy_task_free(task);
    eddy_listener_free(listener);
    eddy_tls_context_free(context);
}

TEST(tickets_behind_a_response_spoil_nothing)
{
    struct tls_peer peer = {.surplus = "", .is_late = true};
    ask_twice_over_tls(&peer, EDDY_TLS_1_3);
    EXPECT_EQ(peer.connection_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(a_connection_that_received_something_while_idle_is_not_used_again),
        TEST_OF(a_body_behind_a_response_that_has_none_spoils_the_connection),
        TEST_OF(what_crosses_a_request_that_may_be_repeated_does_not_answer_it),
        TEST_OF(a_408_is_a_response_where_the_request_is_not_repeated),
        TEST_OF(a_response_that_was_sent_before_the_request_was_received_is_not_taken),
        TEST_OF(a_head_that_may_take_time_to_be_sent_goes_over_a_new_connection),
        TEST_OF(a_server_that_speaks_first_does_not_answer),
        TEST_OF(records_behind_a_response_spoil_a_connection_over_tls),
        TEST_OF(tickets_behind_a_response_spoil_nothing),
        TEST_OF(the_common_name_of_a_certificate_names_no_host),
    };
    harness_begin();
    is_libcurl = getenv("EDDY_HTTP_TEST_LIBCURL") != NULL;
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    eddy__http_errors_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
