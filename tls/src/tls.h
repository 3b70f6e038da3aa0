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
    _Atomic unsigned refs; // one for the owner, one per connection
    SSL_CTX *ssl;
    bool is_insecure;
    bool wants_client_certificates;
    bool has_certificate;
    struct tls_sessions *sessions; // of the servers it has connected to
    unsigned alpn_size;
    unsigned char *alpn; // in TLS's format: each name after a byte with its size; NULL: none
};

/* The state of a stream over TLS. */
struct tls {
    eddy_stream *stream;
    eddy_tls_context *context;
    SSL *ssl;
    char *peer;                 // the name that was requested, or NULL
    int error;                  // the error of the stream below, or 0
    bool has_ended;             // the stream below has ended
    bool is_broken;             // OpenSSL must not be called again
    char *alpn;                 // these are made at the first query; else NULL
    unsigned char *certificate;
    int certificate_size;
};

/* The cache of sessions by server name. NULL if memory is out; free takes NULL. Any thread. */
struct tls_sessions *eddy__tls_sessions_new(void);
void eddy__tls_sessions_free(struct tls_sessions *sessions);

/* Stores a session and takes over its reference. True, or false if memory is out. */
bool eddy__tls_sessions_keep(struct tls_sessions *sessions, const char *name,
                             SSL_SESSION *session);

/* Returns a new reference to the session of `name`; NULL if none can be resumed. */
SSL_SESSION *eddy__tls_sessions_find(struct tls_sessions *sessions, const char *name);
void eddy__tls_sessions_forget(struct tls_sessions *sessions, const char *name);

/* Returns a BIO that reads and writes the stream below `tls`; NULL if memory is out. */
BIO *eddy__tls_bio_new(struct tls *tls);

/* Names the codes in eddy_strerror(), at the first call. */
void eddy__tls_errors_register(void);

/*
 * Converts OpenSSL's error to a status with a message: "what: the reason". Returns the system's
 * error if it is one, -ENOMEM, or EDDY_TLS_FAILED. Empties OpenSSL's error queue.
 */
int eddy__tls_fail(const char *what, const char *which);

/* The same for a call on `tls` that returned `n`: -EAGAIN, 0 for the peer's end, or an error. */
int eddy__tls_outcome(struct tls *tls, int n, const char *what);

#endif
