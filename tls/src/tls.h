/* SPDX-License-Identifier: MIT */
/*
 * tls.h: the module's internal declarations.
 *
 *     context.c    makes the SSL_CTX that connections share from options
 *     layer.c      TLS as a layer of a stream; the public calls
 *     sessions.c   caches the sessions that a client may resume
 *     bio.c        connects OpenSSL to the stream below
 *     errors.c     converts OpenSSL's errors to statuses and messages
 *
 * No task suspends inside OpenSSL: its error queue belongs to the thread, and a second task would
 * find the errors of the first.
 */
#ifndef EDDY_TLS_TLS_H
#define EDDY_TLS_TLS_H

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/ssl.h>

#include <eddy/tls.h>

struct eddy_tls_context {
    _Atomic unsigned refs; // the owner's, one a connection
    SSL_CTX *ssl;
    bool is_insecure;
    bool wants_client_certificates;
    bool has_certificate;
    struct tls_sessions *sessions; // of the servers it has connected to
    unsigned alpn_size;
    unsigned char *alpn; // as TLS has it: each name after a byte with its size; NULL: none
};

/* What a stream over TLS has. */
struct tls {
    eddy_stream *stream;
    eddy_tls_context *context;
    SSL *ssl;
    char *peer;                 // the name that was asked for; NULL
    int error;                  // what the stream below said; 0
    bool has_ended;             // nothing more will come from below
    bool is_broken;             // OpenSSL must not be called again
    char *alpn;                 // these, once somebody has asked for them; NULL
    unsigned char *certificate;
    int certificate_size;
};

/* Sessions by the name of their server. NULL without memory; free takes NULL. Any thread. */
struct tls_sessions *eddy__tls_sessions_new(void);
void eddy__tls_sessions_free(struct tls_sessions *sessions);

/* Keeps a session and takes over the reference to it: true; false without memory. */
bool eddy__tls_sessions_keep(struct tls_sessions *sessions, const char *name,
                             SSL_SESSION *session);

/* A reference to the session of `name`; NULL if there is none that can be resumed. */
SSL_SESSION *eddy__tls_sessions_find(struct tls_sessions *sessions, const char *name);
void eddy__tls_sessions_forget(struct tls_sessions *sessions, const char *name);

/* A BIO that reads and writes the stream below `tls`; NULL without memory. */
BIO *eddy__tls_bio_new(struct tls *tls);

/* Names the codes in eddy_strerror(), at the first call. */
void eddy__tls_errors_register(void);

/*
 * What OpenSSL says has gone wrong, with a message: "what: the reason". The system's error if it is
 * one, -ENOMEM, or EDDY_TLS_FAILED. Empties OpenSSL's queue of errors.
 */
int eddy__tls_fail(const char *what, const char *which);

/* The same of a call on `tls` that returned `n`: -EAGAIN, 0 for the peer's end, or an error. */
int eddy__tls_outcome(struct tls *tls, int n, const char *what);

#endif
