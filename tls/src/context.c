/* SPDX-License-Identifier: MIT */
/*
 * context.c: the TLS context that connections share.
 *
 * A context is expensive (certificates are read, algorithms looked up), and most of OpenSSL 3.0's
 * locking happens there. So create one for each configuration, not one for each connection.
 */
#include "tls.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>

#include <eddy/alloc.h>

eddy_tls_context *eddy_tls_context_ref(eddy_tls_context *context)
{
    if (context)
        atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    return context;
}

void eddy_tls_context_free(eddy_tls_context *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) > 1)
        return;
    SSL_CTX_free(context->ssl);
    eddy__tls_sessions_free(context->sessions);
    eddy_free(context->alpn);
    eddy_free(context);
}

bool eddy_tls_context_has_certificate(const eddy_tls_context *context)
{
    return context && context->has_certificate;
}

/* --- Trust and identity ----------------------------------------------------------------------- */

static int load_trusted(SSL_CTX *ssl, const eddy_tls_context_options *options)
{
    if (!options->cafile && !options->capath) {
        if (SSL_CTX_set_default_verify_paths(ssl) != 1)
            return eddy__tls_fail("the trusted certificates of", "the system");
        return 0;
    }
    if (options->cafile && SSL_CTX_load_verify_file(ssl, options->cafile) != 1)
        return eddy__tls_fail("the trusted certificates in", options->cafile);
    if (options->capath && SSL_CTX_load_verify_dir(ssl, options->capath) != 1)
        return eddy__tls_fail("the trusted certificates in", options->capath);
    return 0;
}

/* Replaces OpenSSL's own callback, which would ask at the terminal. */
static int give_password(char *buf, int size, int for_writing, void *password)
{
    (void)for_writing;
    size_t length = password ? strlen(password) : 0;
    if (length == 0 || length > (size_t)size)
        return -1;
    memcpy(buf, password, length);
    return (int)length;
}

static int load_own(SSL_CTX *ssl, const eddy_tls_context_options *options)
{
    const char *key = options->private_key ? options->private_key : options->certificate;
    if (SSL_CTX_use_certificate_chain_file(ssl, options->certificate) != 1)
        return eddy__tls_fail("the certificate in", options->certificate);
    SSL_CTX_set_default_passwd_cb(ssl, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, (void *)options->key_password);
    int is_read = SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
    if (is_read != 1 || SSL_CTX_check_private_key(ssl) != 1)
        return eddy__tls_fail("the private key in", key);
    return 0;
}

/* --- Application protocols (ALPN) ------------------------------------------------------------- */

/* Selects the first of our protocols that the client offers, else fails (RFC 7301, 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *offered, unsigned offered_size, void *data)
{
    const eddy_tls_context *context = data;
    (void)ssl;
    int found = SSL_select_next_proto((unsigned char **)out, out_size, context->alpn,
                                      context->alpn_size, offered, offered_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int set_protocols(eddy_tls_context *context, const char *const *names)
{
    size_t size = 0;
    for (size_t i = 0; names[i]; i++) {
        size_t length = strlen(names[i]);
        if (length == 0 || length > 255)
            return eddy_fail(EDDY_EVALUE, "alpn: a name has %zu bytes", length);
        size += 1 + length;
    }
    if (size == 0)
        return 0;
    context->alpn = eddy_malloc(size);
    if (!context->alpn)
        return -ENOMEM;
    unsigned char *at = context->alpn;
    for (size_t i = 0; names[i]; i++) {
        size_t length = strlen(names[i]);
        *at++ = (unsigned char)length;
        memcpy(at, names[i], length);
        at += length;
    }
    context->alpn_size = (unsigned)size;
    if (SSL_CTX_set_alpn_protos(context->ssl, context->alpn, context->alpn_size) != 0)
        return -ENOMEM;
    SSL_CTX_set_alpn_select_cb(context->ssl, choose_protocol, context);
    return 0;
}

/* --- Contexts --------------------------------------------------------------------------------- */

static bool is_version(int version)
{
    return version == 0 || version == EDDY_TLS_1_2 || version == EDDY_TLS_1_3;
}

static int set_versions(SSL_CTX *ssl, const eddy_tls_context_options *options)
{
    int least = options->minimum_version ? options->minimum_version : EDDY_TLS_1_2;
    int most = options->maximum_version;
    if (!is_version(least) || !is_version(most) || (most != 0 && most < least))
        return eddy_fail(EDDY_EVALUE, "no version of TLS is between %#x and %#x", (unsigned)least,
                         (unsigned)most);
    if (SSL_CTX_set_min_proto_version(ssl, least) != 1 ||
        SSL_CTX_set_max_proto_version(ssl, most) != 1)
        return eddy__tls_fail("the versions", "of TLS");
    return 0;
}

/* OpenSSL has a new session, or a ticket for one. 1: its reference is taken over. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    const struct tls *tls = SSL_get_app_data(ssl);
    if (SSL_is_server(ssl) || !tls->peer)
        return 0;
    return eddy__tls_sessions_keep(tls->context->sessions, tls->peer, session);
}

static void set_manners(SSL_CTX *ssl)
{
    static const unsigned char name[] = "eddy";
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // An idle connection frees its 34 KiB of buffers; a busy one allocates once a record.
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl, 1);
    // Clients keep sessions in sessions.c; servers issue tickets, and keep nothing.
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, keep_session);
    SSL_CTX_set_session_id_context(ssl, name, sizeof name - 1);
}

static int set_up(eddy_tls_context *context, const eddy_tls_context_options *options)
{
    context->is_insecure = options->insecure;
    context->wants_client_certificates = options->client_certificates;
    set_manners(context->ssl);
    EDDY_TRY(set_versions(context->ssl, options));
    EDDY_TRY(load_trusted(context->ssl, options));
    if (options->certificate) {
        EDDY_TRY(load_own(context->ssl, options));
        context->has_certificate = true;
    }
    return options->alpn ? set_protocols(context, options->alpn) : 0;
}

int eddy_tls_context_new(const eddy_tls_context_options *options, eddy_tls_context **out_context)
{
    static const eddy_tls_context_options defaults;
    eddy__tls_errors_register();
    if (!out_context)
        return eddy_fail(EDDY_EMISUSE, "eddy_tls_context_new: there is no place for the context");
    ERR_clear_error();
    eddy_tls_context *context = eddy_calloc(1, sizeof *context);
    if (!context)
        return -ENOMEM;
    context->refs = 1;
    context->ssl = SSL_CTX_new(TLS_method());
    context->sessions = eddy__tls_sessions_new();
    if (!context->sessions) {
        eddy_tls_context_free(context);
        return -ENOMEM;
    }
    int err = context->ssl ? set_up(context, options ? options : &defaults)
                           : eddy__tls_fail("TLS could", "not be set up");
    if (err < 0) {
        eddy_tls_context_free(context);
        return err;
    }
    *out_context = context;
    return 0;
}
