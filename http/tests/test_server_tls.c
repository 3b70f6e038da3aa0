/* SPDX-License-Identifier: MIT */
/*
 * test_server_tls.c: HTTPS. Over a Unix socket, under the virtual clock; and our client over TCP.
 */
#include "certificates.h"
#include "harness.h"

#include <eddy/http_client.h>
#include <eddy/http_server.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"

/* Echoes the body, or greets. */
static int echo(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)data;
    eddy_span body;
    EDDY_TRY(eddy_http_request_body(request, SIZE_MAX, &body));
    if (body.size > 0)
        return eddy_http_reply_send(reply, 200, "text/plain", body.data, body.size);
    return eddy_http_reply_send(reply, 200, "text/plain", "hello", 5);
}

/* A server over TLS, and what its clients need. */
struct site {
    eddy_http_server *server;
    eddy_tls_context *context, *client_context;
};

static void site_open(struct site *site, const eddy_http_server_options *options)
{
    const char *own = certificate_for("localhost.pem", "DNS:localhost,IP:127.0.0.1", 9);
    eddy_http_server_options chosen = *options;
    EXPECT_EQ(eddy_tls_context_new(&(eddy_tls_context_options){.certificate = own}, &site->context),
              0);
    EXPECT_EQ(eddy_tls_context_new(&(eddy_tls_context_options){.cafile = authority_file()},
                                   &site->client_context),
              0);
    chosen.handler = echo;
    chosen.tls = site->context;
    EXPECT_EQ(eddy_http_server_open(&chosen, &site->server), 0);
    eddy_tls_context_free(site->context);    // the server has its own reference
}

static void site_close(struct site *site)
{
    EXPECT_EQ(eddy_http_server_shutdown(site->server, 5), 0);
    EXPECT_EQ(eddy_http_server_connection_count(site->server), 0);
    eddy_http_server_free(site->server);
    eddy_tls_context_free(site->client_context);
}

static eddy_stream *site_connect(void)
{
    eddy_stream *stream = NULL;
    EXPECT_EQ(eddy_open_unix_connection("@eddy-test-server-tls", NULL, &stream), 0);
    return stream;
}

static const eddy_http_server_options local = {.path = "@eddy-test-server-tls",
                                               .header_timeout = 20};

/* Asks over `stream`, and expects the answer whose body is `body`. */
static void ask(eddy_stream *stream, const char *request, const char *body)
{
    eddy_span head;
    char got[64] = "";
    EXPECT_EQ(eddy_stream_write(stream, request, strlen(request)), 0);
    EXPECT_EQ(eddy_stream_read_until(stream, "\r\n\r\n", 4, &head), 0);
    EXPECT(head.size > 15 && memcmp(head.data, "HTTP/1.1 200 OK", 15) == 0);
    EXPECT_EQ(eddy_stream_read_exactly(stream, got, strlen(body)), 0);
    EXPECT_STR(got, body);
}

static int shake(struct site *site, eddy_stream *stream)
{
    return eddy_stream_start_tls(stream, site->client_context,
                                 &(eddy_tls_options){.server_hostname = "localhost"});
}

TEST(requests_are_answered_over_tls)
{
    struct site site;
    site_open(&site, &local);
    EDDY_AUTO(eddy_stream) *stream = site_connect();
    EXPECT_EQ(shake(&site, stream), 0);
    for (int i = 0; i < 3; i++)
        ask(stream, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "hello");
    ask(stream, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nback", "back");
    EXPECT_EQ(eddy_http_server_connection_count(site.server), 1);
    site_close(&site);
    char byte;
    EXPECT_EQ(eddy_stream_read(stream, &byte, 1), 0);    // it has said that this is the end
}

TEST(who_speaks_in_the_clear_is_sent_away_and_the_others_served)
{
    struct site site;
    site_open(&site, &local);
    EDDY_AUTO(eddy_stream) *plain = site_connect();
    EXPECT_EQ(eddy_stream_write(plain, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35), 0);
    char buf[256];
    ssize_t n;
    while ((n = eddy_stream_read(plain, buf, sizeof buf)) > 0)
        EXPECT(memchr(buf, 'H', (size_t)n) == NULL);    // no answer in the clear
    EXPECT(n == 0 || n == -ECONNRESET);
    EDDY_AUTO(eddy_stream) *stream = site_connect();
    EXPECT_EQ(shake(&site, stream), 0);
    ask(stream, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "hello");
    site_close(&site);
}

TEST(who_says_nothing_is_waited_for_as_long_as_for_a_request)
{
    struct site site;
    site_open(&site, &local);
    double began = eddy_time();
    EDDY_AUTO(eddy_stream) *silent = site_connect();
    char byte;
    EXPECT_EQ(eddy_stream_read(silent, &byte, 1), 0);
    EXPECT(eddy_time() == began + 20);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_http_server_connection_count(site.server), 0);
    site_close(&site);
}

TEST(a_shutdown_does_not_wait_for_handshakes)
{
    struct site site;
    site_open(&site, &local);
    eddy_stream *silent = site_connect();
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_http_server_connection_count(site.server), 1);
    double began = eddy_time();
    site_close(&site);
    EXPECT(eddy_time() == began);
    eddy_stream_free(silent);
}

TEST(without_a_certificate_there_is_no_server)
{
    eddy_tls_context *context = NULL;
    eddy_http_server *server = NULL;
    EXPECT_EQ(eddy_tls_context_new(NULL, &context), 0);
    EXPECT_EQ(
        eddy_http_server_open(
            &(eddy_http_server_options){.port = "0", .handler = echo, .tls = context}, &server),
        EDDY_EVALUE);
    eddy_tls_context_free(context);
}

TEST(an_adopted_stream_has_what_it_has)
{
    struct site site;
    eddy_stream *near, *far;
    site_open(&site, &local);
    EXPECT_EQ(eddy_stream_pair(NULL, &near, &far), 0);
    EXPECT_EQ(eddy_http_server_adopt(site.server, far), 0);
    ask(near, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "hello");
    eddy_stream_free(near);
    site_close(&site);
}

TEST_REAL(our_client_and_our_server_agree)
{
    enum { SIZE = 700000 };
    struct site site;
    char url[64];
    site_open(&site, &(eddy_http_server_options){.port = "0"});
    eddy_http_session *session = NULL;
    EXPECT_EQ(
        eddy_http_session_new(&(eddy_http_session_options){.cacert = authority_file()}, &session),
        0);
    snprintf(url, sizeof url, "https://localhost:%d/", eddy_http_server_port(site.server));
    char *much = malloc(SIZE);
    memset(much, 'm', SIZE);
    for (int i = 0; i < 3; i++) {
        eddy_http_response *response = NULL;
        EXPECT_EQ(eddy_http_session_post(session, url, (eddy_span){much, SIZE}, NULL, &response),
                  0);
        eddy_span body = eddy_http_response_body(response);
        EXPECT(body.size == SIZE && memcmp(body.data, much, SIZE) == 0);
        EXPECT_EQ(eddy_http_response_version(response), 11);
        eddy_http_response_free(response);
    }
    EXPECT_EQ(eddy_http_server_connection_count(site.server), 1);
    free(much);
    eddy_http_session_free(session);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(requests_are_answered_over_tls),
        TEST_OF(who_speaks_in_the_clear_is_sent_away_and_the_others_served),
        TEST_OF(who_says_nothing_is_waited_for_as_long_as_for_a_request),
        TEST_OF(a_shutdown_does_not_wait_for_handshakes),
        TEST_OF(without_a_certificate_there_is_no_server),
        TEST_OF(an_adopted_stream_has_what_it_has),
        TEST_OF(our_client_and_our_server_agree),
    };
    harness_begin();
    eddy__http_errors_register();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
