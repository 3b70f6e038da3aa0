/* SPDX-License-Identifier: MIT */
/*
 * layer.c: TLS as a layer of a stream.
 *
 *      start_tls --> add_layer --> begin() until both sides agree --> read(), write() ... end()
 *
 * Invariant: once OpenSSL has reported an error that it can't recover from, it is not called for
 * this connection any more.
 */
#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <eddy/alloc.h>
#include <eddy/stream_layer.h>
#include <eddy/timeout.h>

#define HANDSHAKE_TIMEOUT 60.0

/* --- Called by the stream --------------------------------------------------------------------- */

/* Clears errors before OpenSSL is called, so that earlier errors are not taken for its result. */
static void make_ready(struct tls *tls)
{
    ERR_clear_error();
    tls->error = 0;
}

static int begin(void *data)
{
    struct tls *tls = data;
    make_ready(tls);
    int n = SSL_do_handshake(tls->ssl);
    if (n == 1)
        return 0;
    int err = eddy__tls_outcome(tls, n, "handshake");
    if (err != -EAGAIN && tls->peer)
        eddy__tls_sessions_forget(tls->context->sessions, tls->peer);
    return err == 0 ? eddy_fail(EDDY_TLS_EOF, "handshake: the peer ended the connection") : err;
}

static ssize_t read_layer(void *data, void *buf, size_t size)
{
    struct tls *tls = data;
    make_ready(tls);
    int n = SSL_read(tls->ssl, buf, size < INT_MAX ? (int)size : INT_MAX);
    if (n > 0)
        return n;
    int err = eddy__tls_outcome(tls, n, "reading");
    if (err != EDDY_LIMIT)
        return err;
    tls->is_broken = true;
    return eddy_fail(EDDY_TLS_FAILED,
                     "reading: the peer provokes alerts and does not read them (renegotiation)");
}

/* OpenSSL holds part of a record, or records that it has not processed. */
static bool has_pending(void *data)
{
    const struct tls *tls = data;
    return SSL_has_pending(tls->ssl) == 1;
}

static int write_layer(void *data, const void *bytes, size_t size)
{
    struct tls *tls = data;
    if (tls->is_broken)
        return EDDY_TLS_FAILED;
    make_ready(tls);
    // The BIO accepts everything, and the stream writes in steps, so nothing is left over.
    int n = SSL_write(tls->ssl, bytes, (int)size);
    if (n > 0)
        return 0;
    int err = eddy__tls_outcome(tls, n, "writing");
    return err < 0 && err != -EAGAIN ? err : EDDY_TLS_FAILED;
}

static void end(void *data)
{
    struct tls *tls = data;
    if (tls->is_broken)
        return;
    make_ready(tls);
    (void)SSL_shutdown(tls->ssl);    // the peer's own end, if any, is for the reader
    ERR_clear_error();
}

static void free_tls(void *data)
{
    struct tls *tls = data;
    // OpenSSL invalidates the session of a connection without close_notify, which is common here.
    if (tls->ssl && !tls->is_broken && SSL_is_init_finished(tls->ssl))
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls->ssl);
    OPENSSL_free(tls->certificate);
    eddy_tls_context_free(tls->context);
    eddy_free(tls->alpn);
    eddy_free(tls->peer);
    eddy_free(tls);
}

static const eddy_stream_layer layer = {
    .call = "eddy_stream_start_tls",
    .begin = begin,
    .read = read_layer,
    .has_pending = has_pending,
    .write = write_layer,
    .end = end,
    .free = free_tls,
};

/* --- Creating a layer ------------------------------------------------------------------------- */

/* Sets the name to verify and, unless it is an address, the name to request (SNI). */
static int set_name(struct tls *tls, const char *name)
{
    tls->peer = eddy_strdup(name);
    if (!tls->peer)
        return -ENOMEM;
    X509_VERIFY_PARAM *expected = SSL_get0_param(tls->ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, name) == 1)
        return 0;
    ERR_clear_error();
    // Names are taken from the certificate's subjectAltName, never its subject (RFC 9525, 2).
    SSL_set_hostflags(tls->ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (SSL_set1_host(tls->ssl, name) != 1 || SSL_set_tlsext_host_name(tls->ssl, name) != 1)
        return eddy__tls_fail("the server's name", name);
    return 0;
}

/* Offers the server to resume the cached session. */
static void resume(struct tls *tls)
{
    SSL_SESSION *session = eddy__tls_sessions_find(tls->context->sessions, tls->peer);
    if (!session)
        return;
    if (SSL_set_session(tls->ssl, session) != 1)
        ERR_clear_error();    // then the handshake is a full one
    SSL_SESSION_free(session);
}

static int set_side(struct tls *tls, const eddy_tls_options *options)
{
    const eddy_tls_context *context = tls->context;
    if (options->server_side) {
        bool asks = context->wants_client_certificates;
        SSL_set_verify(tls->ssl,
                       asks ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
                       NULL);
        SSL_set_accept_state(tls->ssl);
        return 0;
    }
    SSL_set_verify(tls->ssl, context->is_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_set_connect_state(tls->ssl);
    if (!options->server_hostname)
        return 0;
    int err = set_name(tls, options->server_hostname);
    if (err == 0)
        resume(tls);
    return err;
}

static int set_up(struct tls *tls, const eddy_tls_options *options)
{
    tls->ssl = SSL_new(tls->context->ssl);
    BIO *bio = tls->ssl ? eddy__tls_bio_new(tls) : NULL;
    if (!bio)
        return -ENOMEM;
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    return set_side(tls, options);
}

static int new_tls(eddy_stream *stream, eddy_tls_context *context, const eddy_tls_options *options,
                   struct tls **out_tls)
{
    struct tls *tls = eddy_calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    tls->stream = stream;
    tls->context = eddy_tls_context_ref(context);
    int err = set_up(tls, options);
    if (err < 0) {
        free_tls(tls);
        return err;
    }
    *out_tls = tls;
    return 0;
}

/* --- The public calls ------------------------------------------------------------------------- */

static int check(const eddy_tls_context *context, const eddy_tls_options *options)
{
    if (!(options->handshake_timeout >= 0))
        return eddy_fail(EDDY_EVALUE, "eddy_stream_start_tls: handshake_timeout is %g",
                         options->handshake_timeout);
    if (options->server_side && !context->has_certificate)
        return eddy_fail(EDDY_EVALUE, "eddy_stream_start_tls: a server needs a certificate");
    if (!options->server_side && !options->server_hostname && !context->is_insecure)
        return eddy_fail(EDDY_EVALUE, "eddy_stream_start_tls: whose certificate it must be is "
                                      "for server_hostname to say");
    return 0;
}

int eddy_stream_start_tls(eddy_stream *stream, eddy_tls_context *context,
                          const eddy_tls_options *options)
{
    static const eddy_tls_options defaults;
    if (!options)
        options = &defaults;
    if (!stream || !context)
        return eddy_fail(EDDY_EMISUSE, "eddy_stream_start_tls: the %s is NULL",
                         stream ? "context" : "stream");
    EDDY_TRY(check(context, options));
    struct tls *tls;
    EDDY_TRY(new_tls(stream, context, options, &tls));
    double limit = options->handshake_timeout > 0 ? options->handshake_timeout : HANDSHAKE_TIMEOUT;
    int rc = eddy_timeout_begin(limit);
    if (rc == 0)
        rc = eddy_stream_add_layer(stream, &layer, tls);
    else
        free_tls(tls);
    rc = eddy_timeout_end(rc);
    if (rc == EDDY_TIMEDOUT)
        return eddy_fail(rc, "no agreement on TLS within %g s", limit);
    return rc;
}

int eddy_open_tls_connection(const char *host, const char *service, eddy_tls_context *context,
                             const eddy_stream_options *options, eddy_stream **out_stream)
{
    eddy_stream *stream;
    if (!context || !out_stream)
        return eddy_fail(EDDY_EMISUSE, "eddy_open_tls_connection: %s",
                         context ? "there is no place for the stream" : "the context is NULL");
    EDDY_TRY(eddy_open_connection(host, service, options, &stream));
    int rc = eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_hostname = host});
    if (rc < 0)
        eddy_stream_free(stream);
    else
        *out_stream = stream;
    return rc;
}

/* --- Negotiated parameters -------------------------------------------------------------------- */

static const char *or_none(const char *text)
{
    return text ? text : "";
}

/* The ALPN protocol that was chosen; OpenSSL's copy is not zero-terminated. */
static const char *protocol(struct tls *tls)
{
    const unsigned char *chosen;
    unsigned size;
    SSL_get0_alpn_selected(tls->ssl, &chosen, &size);
    if (size == 0)
        return "";
    if (!tls->alpn) {
        tls->alpn = eddy_malloc(size + 1);
        if (!tls->alpn)
            return NULL;
        memcpy(tls->alpn, chosen, size);
        tls->alpn[size] = '\0';
    }
    return tls->alpn;
}

static int peer_certificate(struct tls *tls, eddy_span *out_der)
{
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    if (certificate && !tls->certificate) {
        tls->certificate_size = i2d_X509(certificate, &tls->certificate);
        if (tls->certificate_size < 0)
            return eddy__tls_fail("the certificate of", "the peer");
    }
    *out_der = (eddy_span){(const char *)tls->certificate, (size_t)tls->certificate_size};
    return 0;
}

int eddy_stream_tls_info(const eddy_stream *stream, eddy_tls_info *out_info)
{
    if (!stream || !out_info)
        return eddy_fail(EDDY_EMISUSE, "eddy_stream_tls_info: a stream and a place must be given");
    struct tls *tls = eddy_stream_layer_data(stream, &layer);
    if (!tls)
        return eddy_fail(EDDY_EVALUE, "eddy_stream_tls_info: the stream does not speak TLS");
    eddy_tls_info info = {
        .version = SSL_get_version(tls->ssl),
        .cipher = or_none(SSL_get_cipher_name(tls->ssl)),
        .alpn = protocol(tls),
        .session_reused = SSL_session_reused(tls->ssl) == 1,
        .server_hostname = or_none(SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name)),
    };
    if (!info.alpn)
        return -ENOMEM;
    EDDY_TRY(peer_certificate(tls, &info.peer_certificate));
    *out_info = info;
    return 0;
}
