/* SPDX-License-Identifier: MIT */
/*
 * test_tls_flood.c: a peer can't make us queue without bound. A bare OpenSSL server asks an Eddy
 * client for renegotiation again and again (TLS 1.2), and never reads the alerts that refuse it.
 */
#include "tls_pair.h"

#include "certificates.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

/* A server by OpenSSL alone: bytes in, bytes out. */
struct bare_server {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
};

static void bare_begin(struct bare_server *server)
{
    const char *file = server_options().certificate;
    server->context = SSL_CTX_new(TLS_server_method());
    EXPECT_EQ(SSL_CTX_set_max_proto_version(server->context, TLS1_2_VERSION), 1);
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(server->context, file), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(server->context, file, SSL_FILETYPE_PEM), 1);
    server->ssl = SSL_new(server->context);
    server->in = BIO_new(BIO_s_mem());
    server->out = BIO_new(BIO_s_mem());
    SSL_set_bio(server->ssl, server->in, server->out);
    SSL_set_accept_state(server->ssl);
}

static void bare_end(struct bare_server *server)
{
    SSL_free(server->ssl);
    SSL_CTX_free(server->context);
}

/* Sends what the server has to say. */
static int pass_on(struct bare_server *server, eddy_stream *stream)
{
    char *data;
    long size = BIO_get_mem_data(server->out, &data);
    int rc = eddy_stream_write(stream, data, (size_t)size);
    EXPECT_EQ(BIO_reset(server->out), 1);
    return rc;
}

static int shake(struct bare_server *server, eddy_stream *stream)
{
    char buf[4096];
    while (SSL_do_handshake(server->ssl) != 1) {
        ERR_clear_error();
        EDDY_TRY(pass_on(server, stream));
        ssize_t n = eddy_stream_read(stream, buf, sizeof buf);
        if (n <= 0)
            return EDDY_INCOMPLETE;
        EXPECT_EQ(BIO_write(server->in, buf, (int)n), n);
    }
    return pass_on(server, stream);
}

/* Asks for renegotiation until the client has gone; says how often. */
EDDY_ASYNC(ask_for_ever, (eddy_stream *, stream), (size_t *, count))
{
    struct bare_server server;
    bare_begin(&server);
    int rc = shake(&server, stream);
    while (rc == 0) {
        for (int i = 0; i < 100; i++, ++*count)
            if (SSL_renegotiate(server.ssl) != 1 || SSL_do_handshake(server.ssl) != 1)
                rc = EDDY_EVALUE;
        if (rc == 0)
            rc = pass_on(&server, stream);
    }
    bare_end(&server);
    return rc == -EPIPE || rc == -ECONNRESET ? 0 : rc;
}

TEST(a_peer_that_asks_for_renegotiation_for_ever_loses_the_connection)
{
    const int small = 4096;
    struct pair pair;
    size_t count = 0;
    char byte;
    pair_plain(&pair, NULL);
    EXPECT_EQ(setsockopt(eddy_stream_fd(pair.client), SOL_SOCKET, SO_SNDBUF, &small, sizeof small),
              0);
    EDDY_AUTO(eddy_task) *server = eddy_create_task(ask_for_ever, pair.server, &count);
    EXPECT_EQ(eddy_stream_start_tls(pair.client, pair.client_context,
                                    &(eddy_tls_options){.server_hostname = "localhost"}),
              0);
    int rc = (int)eddy_stream_read(pair.client, &byte, 1);
    EXPECT_EQ(rc, EDDY_TLS_FAILED);
    EXPECT(strstr(message_of(rc), "renegotiation") != NULL);
    EXPECT_EQ(eddy_stream_get_write_buffer_size(pair.client), 0); // nothing stays
    EXPECT(eddy_stream_is_closing(pair.client));
    EXPECT_EQ(eddy_await(server), 0);
    EXPECT(count > 100 && count < 100000);
    pair_close(&pair);
}

RUN_TESTS(TEST_OF(a_peer_that_asks_for_renegotiation_for_ever_loses_the_connection))
