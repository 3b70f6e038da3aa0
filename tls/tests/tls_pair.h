/* SPDX-License-Identifier: MIT */
/*
 * tls_pair.h: a client and a server over TLS, at the two ends of a socket pair.
 */
#ifndef EDDY_TLS_TESTS_TLS_PAIR_H
#define EDDY_TLS_TESTS_TLS_PAIR_H

#include "harness.h"

#include <eddy/tls.h>

/* Both ends, and how their handshakes ended. */
struct pair {
    eddy_stream *client, *server;
    eddy_tls_context *client_context, *server_context;
    int client_status, server_status;
    char client_message[256]; // of its error
};

/* Options of contexts that trust the authority, and have a certificate for localhost. */
eddy_tls_context_options client_options(void);
eddy_tls_context_options server_options(void);

eddy_tls_context *new_context(eddy_tls_context_options options);

/* Two ends and two contexts, without TLS; `options` are the streams'. */
void pair_plain(struct pair *pair, const eddy_stream_options *options);

/* Both shake hands; the client asks for `host`. */
void pair_shake(struct pair *pair, const char *host);

/* The two of them, for localhost; the test fails if they do not agree. */
void pair_open(struct pair *pair, const eddy_stream_options *options);

/* The same with no later version of TLS than `version`. */
void pair_open_at(struct pair *pair, int version, const eddy_stream_options *options);

void pair_close(struct pair *pair);

/* Reads all that comes; how many bytes or, when it ends otherwise than it should, why. */
ssize_t read_all(eddy_stream *stream, char *buf, size_t size);

/* The message of the error that a call has just returned, or "". */
const char *message_of(int status);

#endif
