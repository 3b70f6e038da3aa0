/* SPDX-License-Identifier: MIT */
/*
 * tls.h: streams over TLS 1.2 and 1.3, by OpenSSL.
 *
 *     EDDY_AUTO(eddy_tls_context) *context = NULL;
 *     EDDY_TRY(eddy_tls_context_new(NULL, &context));
 *
 *     EDDY_AUTO(eddy_stream) *stream = NULL;
 *     EDDY_TRY(eddy_open_tls_connection("example.org", "443", context, NULL, &stream));
 *     EDDY_TRY(eddy_stream_write(stream, "GET / HTTP/1.0\r\n\r\n", 18));
 *
 * or, of a stream that there is already, on either side:
 *
 *     EDDY_TRY(eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_side = true}));
 *
 * A stream over TLS is a stream: it is read, written, shut down and closed with the functions of
 * <eddy/stream.h>, whose rules hold. Three things are TLS's own:
 *
 *   - eddy_stream_close() and eddy_stream_shutdown() tell the peer that this is the end
 *     (close_notify), after all that was written; no answer is waited for. abort tells nothing.
 *   - A peer that ends without having said so may have been cut off by somebody else: reading ends
 *     with EDDY_TLS_EOF, not with 0.
 *   - eddy_stream_shutdown() ends one direction alone only with a peer that speaks TLS 1.3; one of
 *     TLS 1.2 may close the other as well.
 *
 * Certificates are verified, and the name of the server with them, unless one says otherwise. The
 * name must be one of the certificate's subjectAltName; its subject's common name does not count
 * (RFC 9525). A server that has protocols in `alpn` refuses a client that offers only others (RFC
 * 7301). A client resumes sessions: the context keeps the latest of each of 64 servers.
 */
#ifndef EDDY_TLS_H
#define EDDY_TLS_H

#include <eddy/error.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* What eddy_strerror() names as well. */
enum {
    EDDY_TLS_FAILED = -5401,      /* ssl.SSLError: the message has OpenSSL's reason */
    EDDY_TLS_CERTIFICATE = -5402, /* ssl.SSLCertVerificationError: the peer is not to be trusted */
    EDDY_TLS_EOF = -5403,         /* ssl.SSLEOFError: the peer ended without saying so */
};

/* --- Contexts --------------------------------------------------------------------------------- */

/* Versions of the protocol. Older ones are not spoken (RFC 8996). */
enum {
    EDDY_TLS_1_2 = 0x0303,
    EDDY_TLS_1_3 = 0x0304,
};

/* What many connections share: whom to trust, who we are. Counted; for any number of loops. */
typedef struct eddy_tls_context eddy_tls_context;

/* Zero means the default. Everything is copied or read at once. */
typedef struct eddy_tls_context_options {
    const char *cafile;       /* PEM: trusted, in place of the system's certificates */
    const char *capath;       /* the same, a folder with names as openssl-rehash(1) makes them */
    const char *certificate;  /* PEM: our own, then those that vouch for it; servers need one */
    const char *private_key;  /* PEM: its key; NULL: in the same file */
    const char *key_password; /* NULL: the key has none */
    const char *const *alpn;  /* protocols to agree on, most preferred first, NULL-terminated */
    int minimum_version;      /* EDDY_TLS_1_2 */
    int maximum_version;      /* the latest that OpenSSL knows */
    bool insecure;            /* client: trust any certificate, for any name */
    bool client_certificates; /* server: clients must show one that is trusted */
} eddy_tls_context_options;

/*
 * Makes a context, for clients and servers alike; `options` may be NULL. The system's certificates
 * are those that OpenSSL knows (SSL_CERT_FILE and SSL_CERT_DIR name others). Files are read, so
 * make it before the loop is busy, and only once: it costs more than a connection. It is counted:
 * ref takes one reference more, free gives one back, also of NULL; connections hold their own.
 *
 * Returns 0; the system's error for a file that can't be read (-ENOENT, ...); EDDY_TLS_FAILED for
 * one that makes no sense, with its name in the message; EDDY_EVALUE for a version that is not
 * known, and for a name in `alpn` that is empty or longer than 255 bytes; -ENOMEM. Any thread.
 */
EDDY_API EDDY_CHECKED int eddy_tls_context_new(const eddy_tls_context_options *options,
                                               eddy_tls_context **out_context);
EDDY_API eddy_tls_context *eddy_tls_context_ref(eddy_tls_context *context);
EDDY_API void eddy_tls_context_free(eddy_tls_context *context);

/* Whether it has a certificate of its own, as servers need. */
EDDY_API bool eddy_tls_context_has_certificate(const eddy_tls_context *context);

/* --- Connections ------------------------------------------------------------------------------ */

/* Zero means the default. */
typedef struct eddy_tls_options {
    bool server_side;            /* we are the server: our certificate is shown */
    const char *server_hostname; /* client: the name or address that the certificate must be for */
    double handshake_timeout;    /* seconds: 60, as in asyncio; EDDY_NO_TIMEOUT for none */
} eddy_tls_options;

/*
 * Speaks TLS on `stream` from now on: shakes hands, and returns when both sides trust each other.
 * What has been received and not read counts as the peer's part of that, so nothing that was sent
 * in the clear can pass as secret. Everything passed is borrowed until the call returns, and the
 * context counted.
 *
 * Returns 0, or, the stream being closed:
 *   EDDY_TLS_CERTIFICATE  the peer's certificate is not trusted, or is somebody else's,
 *   EDDY_TLS_FAILED       there is no agreement, or the peer does not speak TLS, or refused us,
 *   EDDY_TLS_EOF          the peer ended the connection meanwhile,
 *   EDDY_TIMEDOUT         it took too long,
 *   EDDY_CANCELLED        the task was cancelled,
 *   or what ended the connection (-ECONNRESET, ...);
 * or, the stream being as it was: EDDY_EVALUE for a client without server_hostname, unless the
 * context is insecure, for a server without certificate, and for a wrong time limit; EDDY_EMISUSE
 * if the stream speaks TLS already; -EBUSY while another task reads; -EBADF once closed; -ENOMEM.
 *
 * Suspends. Other tasks may not read or write meanwhile: -EBUSY.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_start_tls(eddy_stream *stream, eddy_tls_context *context,
                                                 const eddy_tls_options *options);

/*
 * eddy_open_connection() and eddy_stream_start_tls() with `host` as the server's name; `options`
 * may be NULL. Returns 0 and the stream, to be given back with eddy_stream_free(); else an error of
 * the one or the other. Suspends. Cancelled, it leaves nothing behind.
 */
EDDY_API EDDY_SUSPENDS int eddy_open_tls_connection(const char *host, const char *service,
                                                    eddy_tls_context *context,
                                                    const eddy_stream_options *options,
                                                    eddy_stream **out_stream);

/* What both sides have agreed on. Texts are lent as long as the stream; "" where there is none. */
typedef struct eddy_tls_info {
    const char *version;         /* "TLSv1.3" */
    const char *cipher;          /* "TLS_AES_256_GCM_SHA384" */
    const char *alpn;            /* "h2" */
    const char *server_hostname; /* what the client asked for; never an address */
    eddy_span peer_certificate;  /* in DER; of size 0: the peer has shown none */
    bool session_reused;         /* an earlier session was resumed: nobody was verified again */
} eddy_tls_info;

/* Returns 0 and what is known of `stream`; EDDY_EVALUE if it does not speak TLS; -ENOMEM. */
EDDY_API EDDY_CHECKED int eddy_stream_tls_info(const eddy_stream *stream,
                                               eddy_tls_info *out_info);

EDDY_AUTO_FOR(eddy_tls_context, eddy_tls_context_free)

EDDY_END_DECLS

#endif
