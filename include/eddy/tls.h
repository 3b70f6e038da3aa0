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
 * or, on an existing stream, as client or server:
 *
 *     EDDY_TRY(eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_side = true}));
 *
 * A TLS stream is read, written, shut down and closed with the functions of <eddy/stream.h>, by the
 * same rules. Three things differ:
 *
 *   - eddy_stream_close() and eddy_stream_shutdown() send a close_notify after all written bytes,
 *     and do not wait for an answer. abort sends none.
 *   - If the peer ends the connection without a close_notify, an attacker may have cut it off:
 *     reading returns EDDY_TLS_EOF, not 0.
 *   - eddy_stream_shutdown() half-closes the stream only if the peer speaks TLS 1.3; a TLS 1.2
 *     peer may close the other direction as well.
 *
 * Certificates and server names are verified unless options disable it. The name must be in the
 * certificate's subjectAltName; the subject's common name does not count (RFC 9525). A server that
 * has protocols in `alpn` refuses a client that offers only others (RFC 7301). A client resumes
 * sessions: the context keeps the latest session of each of 64 servers.
 */
#ifndef EDDY_TLS_H
#define EDDY_TLS_H

#include <eddy/error.h>
#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* Error codes; eddy_strerror() knows them too. */
enum {
    EDDY_TLS_FAILED = -5401,      /* ssl.SSLError: the message has OpenSSL's reason */
    EDDY_TLS_CERTIFICATE = -5402, /* ssl.SSLCertVerificationError: the peer is not trusted */
    EDDY_TLS_EOF = -5403,         /* ssl.SSLEOFError: the peer ended without close_notify */
};

/* --- Contexts --------------------------------------------------------------------------------- */

/* Versions of the protocol. Older ones are not supported (RFC 8996). */
enum {
    EDDY_TLS_1_2 = 0x0303,
    EDDY_TLS_1_3 = 0x0304,
};

/* Trusted and own certificates, shared by connections of any loops. Reference-counted. */
typedef struct eddy_tls_context eddy_tls_context;

/* A zero field means its default. Everything is copied or read at once. */
typedef struct eddy_tls_context_options {
    const char *cafile;       /* PEM: trusted, in place of the system's certificates */
    const char *capath;       /* the same, a folder with names as openssl-rehash(1) makes them */
    const char *certificate;  /* PEM: own certificate, then its chain; servers need one */
    const char *private_key;  /* PEM: its key; NULL: in the same file */
    const char *key_password; /* NULL: the key has none */
    const char *const *alpn;  /* protocols to agree on, most preferred first, NULL-terminated */
    int minimum_version;      /* EDDY_TLS_1_2 */
    int maximum_version;      /* the latest that OpenSSL knows */
    bool insecure;            /* client: trust any certificate, for any name */
    bool client_certificates; /* server: clients must show one that is trusted */
} eddy_tls_context_options;

/*
 * Creates a context for clients and servers; `options` may be NULL. The system's certificates are
 * OpenSSL's defaults (SSL_CERT_FILE and SSL_CERT_DIR name others). It reads files and costs more
 * than a connection, so create it once, before the loop is busy. Ref adds a reference, free frees
 * one and accepts NULL; connections hold their own.
 *
 * Returns 0; the system's error for a file that can't be read (-ENOENT, ...); EDDY_TLS_FAILED for
 * an invalid file, with its name in the message; EDDY_EVALUE for an unknown version, and for a
 * name in `alpn` that is empty or longer than 255 bytes; -ENOMEM. Any thread may call it.
 */
EDDY_API EDDY_CHECKED int eddy_tls_context_new(const eddy_tls_context_options *options,
                                               eddy_tls_context **out_context);
EDDY_API eddy_tls_context *eddy_tls_context_ref(eddy_tls_context *context);
EDDY_API void eddy_tls_context_free(eddy_tls_context *context);

/* Whether it has a certificate of its own, as servers need. */
EDDY_API bool eddy_tls_context_has_certificate(const eddy_tls_context *context);

/* --- Connections ------------------------------------------------------------------------------ */

/* A zero field means its default. */
typedef struct eddy_tls_options {
    bool server_side;            /* act as the server, and send the certificate */
    const char *server_hostname; /* client: the name or address that the certificate must be for */
    double handshake_timeout;    /* seconds: 60, as in asyncio; EDDY_NO_TIMEOUT for none */
} eddy_tls_options;

/*
 * Starts TLS on `stream`: does the handshake and returns when it is complete. Bytes already
 * received but not read are treated as part of the handshake, so plaintext can't pass as encrypted
 * data. All arguments are borrowed until the call returns; the stream adds a reference to the
 * context.
 *
 * Returns 0, or one of these errors, with the stream closed:
 *   EDDY_TLS_CERTIFICATE  the peer's certificate is not trusted, or is for another name,
 *   EDDY_TLS_FAILED       no common parameters, or the peer does not speak TLS, or refused us,
 *   EDDY_TLS_EOF          the peer ended the connection meanwhile,
 *   EDDY_TIMEDOUT         it took too long,
 *   EDDY_CANCELLED        the task was cancelled,
 *   or the error that ended the connection (-ECONNRESET, ...);
 * or one of these, with the stream unchanged: EDDY_EVALUE for a client without server_hostname,
 * unless the context is insecure, for a server without certificate, and for a wrong time limit;
 * EDDY_EMISUSE if the stream already speaks TLS; -EBUSY while another task reads; -EBADF once
 * closed; -ENOMEM.
 *
 * Suspends. Other tasks may not read or write meanwhile: -EBUSY.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_start_tls(eddy_stream *stream, eddy_tls_context *context,
                                                 const eddy_tls_options *options);

/*
 * Calls eddy_open_connection() and eddy_stream_start_tls() with `host` as the server's name;
 * `options` may be NULL. Returns 0 and the stream, to be freed with eddy_stream_free(), or an
 * error of either function. Suspends. A cancelled call leaves nothing open.
 */
EDDY_API EDDY_SUSPENDS int eddy_open_tls_connection(const char *host, const char *service,
                                                    eddy_tls_context *context,
                                                    const eddy_stream_options *options,
                                                    eddy_stream **out_stream);

/* The connection's parameters. Strings are borrowed from the stream; "" where there is none. */
typedef struct eddy_tls_info {
    const char *version;         /* "TLSv1.3" */
    const char *cipher;          /* "TLS_AES_256_GCM_SHA384" */
    const char *alpn;            /* "h2" */
    const char *server_hostname; /* the name that the client asked for; never an address */
    eddy_span peer_certificate;  /* in DER; size 0: the peer sent none */
    bool session_reused;         /* a session was resumed: certificates were not verified again */
} eddy_tls_info;

/* Returns 0 and the parameters of `stream`; EDDY_EVALUE if it does not speak TLS; -ENOMEM. */
EDDY_API EDDY_CHECKED int eddy_stream_tls_info(const eddy_stream *stream,
                                               eddy_tls_info *out_info);

EDDY_AUTO_FOR(eddy_tls_context, eddy_tls_context_free)

EDDY_END_DECLS

#endif
