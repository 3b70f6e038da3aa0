/* SPDX-License-Identifier: MIT */
/* Handshakes: who is trusted, what is agreed on, and everything that may come in between. */
#include "certificates.h"
#include "scratch.h"
#include "tls_pair.h"

#include <errno.h>
#include <string.h>

#define EXPECT_IN(message, text)                                                                  \
    harness_expect(strstr((message), (text)) != NULL, __FILE__, __LINE__, "'%s' in '%s'", (text), \
                   (message))
#define EXPECT_SAYS(status, text) EXPECT_IN(message_of(status), (text))

static bool is_text(eddy_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

/* Both sides are closed after a handshake that came to nothing. */
static void expect_closed(const struct pair *pair)
{
    EXPECT(eddy_stream_is_closing(pair->client));
    EXPECT(eddy_stream_is_closing(pair->server));
    EXPECT_EQ(eddy_stream_write(pair->client, "x", 1), -EBADF);
}

/* ---- agreement -------------------------------------------------------------------------------*/

TEST(lines_go_both_ways)
{
    struct pair pair;
    pair_open(&pair, NULL);
    eddy_span line;
    EXPECT_EQ(eddy_stream_write(pair.client, "hello\nyou\n", 10), 0);
    EXPECT_EQ(eddy_stream_readline(pair.server, &line), 0);
    EXPECT(is_text(line, "hello\n"));
    EXPECT_EQ(eddy_stream_readline(pair.server, &line), 0);
    EXPECT(is_text(line, "you\n"));
    EXPECT_EQ(eddy_stream_write(pair.server, "and you\n", 8), 0);
    EXPECT_EQ(eddy_stream_readline(pair.client, &line), 0);
    EXPECT(is_text(line, "and you\n"));
    pair_close(&pair);
}

TEST(what_was_agreed_on_can_be_asked_for)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    eddy_tls_info info;
    EXPECT_EQ(eddy_stream_tls_info(pair.client, &info), EDDY_EVALUE);
    pair_shake(&pair, "localhost");
    EXPECT_EQ(eddy_stream_tls_info(pair.client, &info), 0);
    EXPECT_STR(info.version, "TLSv1.3");
    EXPECT(strncmp(info.cipher, "TLS_", 4) == 0);
    EXPECT_STR(info.alpn, "");
    EXPECT_STR(info.server_hostname, "localhost");
    EXPECT(info.peer_certificate.size > 100);
    EXPECT_EQ(info.peer_certificate.data[0], 0x30);    // a SEQUENCE, as DER begins
    EXPECT_EQ(eddy_stream_tls_info(pair.server, &info), 0);
    EXPECT_STR(info.server_hostname, "localhost");
    EXPECT_EQ(info.peer_certificate.size, 0);
    pair_close(&pair);
}

static void shake_with_protocols(struct pair *pair, const char *const *of_client,
                                 const char *const *of_server)
{
    pair_plain(pair, NULL);
    eddy_tls_context_free(pair->client_context);
    eddy_tls_context_free(pair->server_context);
    eddy_tls_context_options options = client_options();
    options.alpn = of_client;
    pair->client_context = new_context(options);
    options = server_options();
    options.alpn = of_server;
    pair->server_context = new_context(options);
    pair_shake(pair, "localhost");
}

/* What a client and a server with these protocols agree on. */
static void expect_protocol(const char *const *of_client, const char *const *of_server,
                            const char *expected)
{
    struct pair pair;
    eddy_tls_info info;
    shake_with_protocols(&pair, of_client, of_server);
    EXPECT_EQ(eddy_stream_tls_info(pair.client, &info), 0);
    EXPECT_STR(info.alpn, expected);
    EXPECT_EQ(eddy_stream_tls_info(pair.server, &info), 0);
    EXPECT_STR(info.alpn, expected);
    pair_close(&pair);
}

TEST(the_options_of_a_context_are_copied_or_read_at_once)
{
    struct pair pair;
    eddy_tls_info info;
    pair_plain(&pair, NULL);
    eddy_tls_context_free(pair.client_context);
    eddy_tls_context_free(pair.server_context);
    eddy_tls_context_options client = client_options(), server = server_options();
    const char *protocols[] = {scratch("one"), NULL};
    client.alpn = server.alpn = protocols;
    client.cafile = scratch(client.cafile);
    server.certificate = scratch(server.certificate);
    pair.client_context = new_context(client);
    pair.server_context = new_context(server);
    scratch_spoil();
    protocols[0] = NULL;
    pair_shake(&pair, scratch("localhost"));
    scratch_spoil();
    EXPECT_EQ(pair.client_status, 0);
    EXPECT_EQ(eddy_stream_tls_info(pair.client, &info), 0);
    EXPECT_STR(info.alpn, "one");
    EXPECT_STR(info.server_hostname, "localhost");
    pair_close(&pair);
}

TEST(the_server_chooses_among_the_clients_protocols)
{
    static const char *const new_first[] = {"h2", "http/1.1", NULL};
    static const char *const old_first[] = {"http/1.1", "h2", NULL};
    static const char *const old[] = {"http/1.1", NULL};
    static const char *const other[] = {"acme/1", NULL};
    expect_protocol(new_first, old_first, "http/1.1");
    expect_protocol(old_first, new_first, "h2");
    expect_protocol(new_first, old, "http/1.1");
    expect_protocol(new_first, NULL, "");
    expect_protocol(NULL, new_first, "");
    struct pair pair;
    shake_with_protocols(&pair, new_first, other);    // nothing in common (RFC 7301, 3.2)
    EXPECT_EQ(pair.client_status, EDDY_TLS_FAILED);
    EXPECT_IN(pair.client_message, "no application protocol");
    EXPECT_EQ(pair.server_status, EDDY_TLS_FAILED);
    pair_close(&pair);
}

TEST(tls_1_2_is_spoken_with_those_who_know_no_better)
{
    struct pair pair;
    eddy_tls_info info;
    pair_open_at(&pair, EDDY_TLS_1_2, NULL);
    EXPECT_EQ(eddy_stream_tls_info(pair.server, &info), 0);
    EXPECT_STR(info.version, "TLSv1.2");
    pair_close(&pair);
}

TEST(who_insists_on_more_than_the_other_knows_is_refused)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    eddy_tls_context_options options = server_options();
    options.minimum_version = EDDY_TLS_1_3;
    eddy_tls_context_free(pair.server_context);
    pair.server_context = new_context(options);
    options = client_options();
    options.maximum_version = EDDY_TLS_1_2;
    eddy_tls_context_free(pair.client_context);
    pair.client_context = new_context(options);
    pair_shake(&pair, "localhost");
    EXPECT_EQ(pair.client_status, EDDY_TLS_FAILED);
    EXPECT_IN(pair.client_message, "protocol version");
    EXPECT_EQ(pair.server_status, EDDY_TLS_FAILED);
    pair_close(&pair);
}

/* ---- trust -----------------------------------------------------------------------------------*/

/* How a client that asks for `host` takes the certificate in `file`. */
static int status_with(const char *file, const char *host, struct pair *pair)
{
    pair_plain(pair, NULL);
    eddy_tls_context_free(pair->server_context);
    pair->server_context = new_context((eddy_tls_context_options){.certificate = file});
    pair_shake(pair, host);
    return pair->client_status;
}

static void expect_trust(const char *file, const char *host, int expected, const char *message)
{
    struct pair pair;
    int rc = status_with(file, host, &pair);
    EXPECT_EQ(rc, expected);
    if (rc < 0) {
        EXPECT_IN(pair.client_message, message);
        EXPECT_IN(pair.client_message, host);
        EXPECT_EQ(pair.server_status, EDDY_TLS_FAILED);    // the client has told it why
        expect_closed(&pair);
    }
    pair_close(&pair);
}

TEST(a_certificate_is_for_its_names_and_addresses)
{
    const char *file =
        certificate_for("names.pem", "DNS:a.test,DNS:*.b.test,IP:127.0.0.1,IP:::1", 9);
    expect_trust(file, "a.test", 0, NULL);
    expect_trust(file, "A.Test", 0, NULL);
    expect_trust(file, "x.b.test", 0, NULL);
    expect_trust(file, "127.0.0.1", 0, NULL);
    expect_trust(file, "::1", 0, NULL);
    expect_trust(file, "b.test", EDDY_TLS_CERTIFICATE, "ostname mismatch");
    expect_trust(file, "x.y.b.test", EDDY_TLS_CERTIFICATE, "ostname mismatch");
    expect_trust(file, "127.0.0.2", EDDY_TLS_CERTIFICATE, "IP address mismatch");
}

TEST(a_certificate_has_its_time)
{
    const char *file = certificate_for("old.pem", "DNS:a.test", 0);
    expect_trust(file, "a.test", EDDY_TLS_CERTIFICATE, "expired");
}

TEST(an_unknown_authority_is_not_trusted)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    eddy_tls_context_free(pair.client_context);
    pair.client_context = new_context((eddy_tls_context_options){.capath = file_path("")});
    pair_shake(&pair, "localhost");
    EXPECT_EQ(pair.client_status, EDDY_TLS_CERTIFICATE);
    EXPECT_IN(pair.client_message, "issuer");
    expect_closed(&pair);
    pair_close(&pair);
}

TEST(an_insecure_client_trusts_anybody)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    eddy_tls_context_free(pair.client_context);
    pair.client_context = new_context((eddy_tls_context_options){.insecure = true});
    pair_shake(&pair, NULL);
    EXPECT_EQ(pair.client_status, 0);
    pair_close(&pair);
    pair_plain(&pair, NULL);
    eddy_tls_context_free(pair.client_context);
    pair.client_context = new_context((eddy_tls_context_options){.insecure = true});
    pair_shake(&pair, "somebody.else");
    EXPECT_EQ(pair.client_status, 0);
    pair_close(&pair);
}

static void demand_certificate(struct pair *pair, const char *of_client)
{
    pair_plain(pair, NULL);
    eddy_tls_context_options options = server_options();
    options.cafile = authority_file();
    options.client_certificates = true;
    eddy_tls_context_free(pair->server_context);
    pair->server_context = new_context(options);
    options = client_options();
    options.certificate = of_client;
    eddy_tls_context_free(pair->client_context);
    pair->client_context = new_context(options);
    pair_shake(pair, "localhost");
}

TEST(a_server_may_ask_who_the_client_is)
{
    struct pair pair;
    eddy_tls_info info;
    demand_certificate(&pair, certificate_for("client.pem", "DNS:client.test", 9));
    EXPECT_EQ(pair.server_status, 0);
    EXPECT_EQ(eddy_stream_tls_info(pair.server, &info), 0);
    EXPECT(info.peer_certificate.size > 100);
    pair_close(&pair);
}

TEST(a_client_that_does_not_say_who_it_is_is_sent_away)
{
    struct pair pair;
    char buf[8];
    demand_certificate(&pair, NULL);
    EXPECT_EQ(pair.server_status, EDDY_TLS_FAILED);
    // In TLS 1.3 the client is through before the server has looked: it learns of it when it reads.
    EXPECT_EQ(pair.client_status, 0);
    EXPECT_EQ(eddy_stream_read(pair.client, buf, sizeof buf), EDDY_TLS_FAILED);
    EXPECT_SAYS(EDDY_TLS_FAILED, "certificate required");
    pair_close(&pair);
}

/* ---- what comes in between -------------------------------------------------------------------*/

TEST(a_peer_that_speaks_in_the_clear_is_refused)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.server, "HTTP/1.1 400 Bad Request\r\n\r\n", 28), 0);
    int rc = eddy_stream_start_tls(pair.client, pair.client_context,
                                   &(eddy_tls_options){.server_hostname = "localhost"});
    EXPECT_EQ(rc, EDDY_TLS_FAILED);
    EXPECT_SAYS(rc, "wrong version number");
    EXPECT(eddy_stream_is_closing(pair.client));
    pair_close(&pair);
}

TEST(a_peer_that_ends_instead)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EXPECT_EQ(eddy_stream_close(pair.server), 0);
    int rc = eddy_stream_start_tls(pair.client, pair.client_context,
                                   &(eddy_tls_options){.server_hostname = "localhost"});
    EXPECT(rc == EDDY_TLS_EOF || rc == -ECONNRESET || rc == -EPIPE);
    EXPECT(eddy_stream_is_closing(pair.client));
    pair_close(&pair);
}

TEST(a_peer_that_says_nothing_is_waited_for_so_long)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    double began = eddy_time();
    int rc = eddy_stream_start_tls(pair.client, pair.client_context,
                                   &(eddy_tls_options){.server_hostname = "localhost"});
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT_SAYS(rc, "within 60 s");
    EXPECT(eddy_time() == began + 60);
    EXPECT(eddy_stream_is_closing(pair.client));
    rc = eddy_stream_start_tls(pair.server, pair.server_context,
                               &(eddy_tls_options){.server_side = true, .handshake_timeout = 0.5});
    EXPECT(rc == EDDY_TLS_FAILED || rc == EDDY_TLS_EOF);    // a hello, and no more
    pair_close(&pair);
}

EDDY_ASYNC(shake, (struct pair *, pair))
{
    return eddy_stream_start_tls(pair->client, pair->client_context,
                                 &(eddy_tls_options){.server_hostname = "localhost"});
}

TEST(a_cancelled_handshake_closes_the_stream)
{
    struct pair pair;
    char buf[8];
    pair_plain(&pair, NULL);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(shake, &pair);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_stream_write(pair.client, "x", 1), -EBUSY);
    EXPECT_EQ(eddy_stream_read(pair.client, buf, sizeof buf), -EBUSY);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(eddy_stream_is_closing(pair.client));
    EXPECT_EQ(eddy_stream_write(pair.client, "x", 1), -EBADF);
    char rest[1024];
    EXPECT(read_all(pair.server, rest, sizeof rest) > 0);    // the hello, and then the end
    pair_close(&pair);
}

TEST(a_stream_closed_while_hands_are_shaken)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(shake, &pair);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(eddy_await(task), -EBADF);
    pair_close(&pair);
}

TEST(a_stream_freed_while_hands_are_shaken)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(shake, &pair);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_stream_free(pair.client);
    pair.client = NULL;
    EXPECT_EQ(eddy_await(task), -EBADF);
    pair_close(&pair);
}

EDDY_ASYNC(upgrade, (struct pair *, pair))
{
    eddy_span line;
    EDDY_TRY(eddy_stream_readline(pair->server, &line));
    EXPECT(is_text(line, "STARTTLS\n"));
    EDDY_TRY(eddy_stream_write(pair->server, "go on\n", 6));
    return eddy_stream_start_tls(pair->server, pair->server_context,
                                 &(eddy_tls_options){.server_side = true});
}

/* What has been received before is the handshake's, what has been written goes out before it. */
TEST(a_stream_is_upgraded_in_its_midst)
{
    struct pair pair;
    eddy_span line;
    pair_plain(&pair, NULL);
    // The client does not wait for an answer: its hello is in the server's buffer with the line.
    EXPECT_EQ(eddy_stream_write(pair.client, "STARTTLS\n", 9), 0);
    EDDY_AUTO(eddy_task) *client = eddy_create_task(shake, &pair);
    EXPECT_EQ(eddy_sleep(1), 0);
    EDDY_AUTO(eddy_task) *server = eddy_create_task(upgrade, &pair);
    EXPECT_EQ(eddy_await(server), EDDY_TLS_EOF);    // "go on" is no handshake, and the client left
    EXPECT_EQ(eddy_await(client), EDDY_TLS_FAILED);
    pair_close(&pair);

    pair_plain(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.client, "STARTTLS\n", 9), 0);
    EDDY_AUTO(eddy_task) *patient = eddy_create_task(upgrade, &pair);
    EXPECT_EQ(eddy_stream_readline(pair.client, &line), 0);
    EXPECT(is_text(line, "go on\n"));
    EXPECT_EQ(shake(&pair), 0);
    EXPECT_EQ(eddy_await(patient), 0);
    EXPECT_EQ(eddy_stream_write(pair.client, "secret\n", 7), 0);
    EXPECT_EQ(eddy_stream_readline(pair.server, &line), 0);
    EXPECT(is_text(line, "secret\n"));
    pair_close(&pair);
}

EDDY_ASYNC(accept_after_line, (struct pair *, pair))
{
    eddy_span line;
    EDDY_TRY(eddy_stream_readline(pair->server, &line));
    return eddy_stream_start_tls(pair->server, pair->server_context,
                                 &(eddy_tls_options){.server_side = true});
}

TEST(a_hello_that_came_with_the_line_before_is_not_lost)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.client, "STARTTLS\n", 9), 0);
    EDDY_AUTO(eddy_task) *client = eddy_create_task(shake, &pair);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(accept_after_line(&pair), 0);
    EXPECT_EQ(eddy_await(client), 0);
    pair_close(&pair);
}

TEST(what_was_smuggled_in_before_the_handshake_is_refused)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.client, "STARTTLS\nDELETE ALL\n", 20), 0);
    EXPECT_EQ(accept_after_line(&pair), EDDY_TLS_FAILED);
    EXPECT(eddy_stream_is_closing(pair.server));
    pair_close(&pair);
}

/* ---- over TCP --------------------------------------------------------------------------------*/

EDDY_ASYNC(accept_one, (eddy_listener *, listener), (eddy_tls_context *, context))
{
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EDDY_TRY(eddy_listener_accept(listener, &stream));
    EDDY_TRY(eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_side = true}));
    EDDY_TRY(eddy_stream_write(stream, "welcome\n", 8));
    return eddy_stream_close(stream);
}

/* Connects to a server with this context, and takes what it says. */
static int visit(eddy_tls_context *of_server, char *buf, size_t size)
{
    char port[8];
    eddy_listener *listener = NULL;
    eddy_tls_context *context = new_context(client_options());
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", NULL, &listener), 0);
    snprintf(port, sizeof port, "%d", eddy_listener_port(listener));
    eddy_task *server = eddy_create_task(accept_one, listener, of_server);
    eddy_stream *stream = NULL;
    int rc = eddy_open_tls_connection("127.0.0.1", port, context, NULL, &stream);
    if (rc == 0) {
        ssize_t n = read_all(stream, buf, size);
        EXPECT(n >= 0);
        buf[n > 0 ? n : 0] = '\0';
    } else {
        EXPECT(stream == NULL);
    }
    EDDY_IGNORE(eddy_await(server));
    eddy_task_free(server);
    eddy_stream_free(stream);
    eddy_listener_free(listener);
    eddy_tls_context_free(context);
    return rc;
}

TEST_REAL(a_connection_can_begin_with_tls)
{
    char buf[16] = "";
    eddy_tls_context *good = new_context(server_options());
    eddy_tls_context *other = new_context((eddy_tls_context_options){
        .certificate = certificate_for("elsewhere.pem", "DNS:elsewhere.test", 9)});
    EXPECT_EQ(visit(good, buf, sizeof buf - 1), 0);
    EXPECT_STR(buf, "welcome\n");
    EXPECT_EQ(visit(other, buf, sizeof buf - 1), EDDY_TLS_CERTIFICATE);
    eddy_stream *none = NULL;
    EXPECT_EQ(eddy_open_tls_connection("127.0.0.1", "1", good, NULL, &none), -ECONNREFUSED);
    EXPECT(none == NULL);
    eddy_tls_context_free(good);
    eddy_tls_context_free(other);
}

/* ---- misuse ----------------------------------------------------------------------------------*/

TEST(wrong_calls_change_nothing)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EXPECT_EQ(eddy_stream_start_tls(pair.client, pair.client_context, NULL), EDDY_EVALUE);
    EXPECT_SAYS(EDDY_EVALUE, "server_hostname");
    EXPECT_EQ(eddy_stream_start_tls(pair.client, pair.client_context,
                                    &(eddy_tls_options){.server_side = true}),
              EDDY_EVALUE);
    EXPECT_SAYS(EDDY_EVALUE, "certificate");
    EXPECT_EQ(eddy_stream_start_tls(
                  pair.client, pair.client_context,
                  &(eddy_tls_options){.server_hostname = "localhost", .handshake_timeout = -1}),
              EDDY_EVALUE);
    EXPECT(!eddy_stream_is_closing(pair.client));
    pair_shake(&pair, "localhost");
    EXPECT_EQ(pair.client_status, 0);
    EXPECT_EQ(shake(&pair), EDDY_EMISUSE);
    EXPECT(!eddy_stream_is_closing(pair.client));
    EXPECT_EQ(eddy_stream_write(pair.client, "still here", 10), 0);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(shake(&pair), -EBADF);
    pair_close(&pair);
}

EDDY_ASYNC_TO(ssize_t, read_some, (eddy_stream *, stream))
{
    char buf[64];
    *result = eddy_stream_read(stream, buf, sizeof buf);
    return *result < 0 ? (int)*result : 0;
}

TEST(a_stream_that_is_being_read_is_not_upgraded)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_some, pair.client);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(shake(&pair), -EBUSY);
    EXPECT(!eddy_stream_is_closing(pair.client));
    EXPECT_EQ(eddy_stream_write(pair.server, "abc", 3), 0);
    ssize_t n;
    EXPECT_EQ(eddy_await(reader, &n), 0);
    EXPECT_EQ(n, 3);
    pair_close(&pair);
}

RUN_TESTS(TEST_OF(lines_go_both_ways), TEST_OF(what_was_agreed_on_can_be_asked_for),
          TEST_OF(the_options_of_a_context_are_copied_or_read_at_once),
          TEST_OF(the_server_chooses_among_the_clients_protocols),
          TEST_OF(tls_1_2_is_spoken_with_those_who_know_no_better),
          TEST_OF(who_insists_on_more_than_the_other_knows_is_refused),
          TEST_OF(a_certificate_is_for_its_names_and_addresses),
          TEST_OF(a_certificate_has_its_time), TEST_OF(an_unknown_authority_is_not_trusted),
          TEST_OF(an_insecure_client_trusts_anybody), TEST_OF(a_server_may_ask_who_the_client_is),
          TEST_OF(a_client_that_does_not_say_who_it_is_is_sent_away),
          TEST_OF(a_peer_that_speaks_in_the_clear_is_refused), TEST_OF(a_peer_that_ends_instead),
          TEST_OF(a_peer_that_says_nothing_is_waited_for_so_long),
          TEST_OF(a_cancelled_handshake_closes_the_stream),
          TEST_OF(a_stream_closed_while_hands_are_shaken),
          TEST_OF(a_stream_freed_while_hands_are_shaken),
          TEST_OF(a_stream_is_upgraded_in_its_midst),
          TEST_OF(a_hello_that_came_with_the_line_before_is_not_lost),
          TEST_OF(what_was_smuggled_in_before_the_handshake_is_refused),
          TEST_OF(a_connection_can_begin_with_tls), TEST_OF(wrong_calls_change_nothing),
          TEST_OF(a_stream_that_is_being_read_is_not_upgraded))
