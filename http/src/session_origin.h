/* SPDX-License-Identifier: MIT */
/*
 * session_origin.h: an origin (scheme, host and port), and what a session knows about it.
 */
#ifndef EDDY_HTTP_SESSION_ORIGIN_H
#define EDDY_HTTP_SESSION_ORIGIN_H

#include <eddy/lock.h>

#include "session.h"

struct wire_connection;

struct http_origin {
    struct http_origin *next;    // in its bucket
    eddy_http_session *session;
    unsigned refs;    // one a request or response that uses it, one a lookup
    uint32_t hash;    // of `text`
    char *text;       // "https://example.org", as in eddy_http_url
    size_t text_size;
    struct http_authority authority;
    char tls_name[HTTP_HOST_MAX];    // the host without the dot at its end: for SNI, certificates
    char *proxy;                     // NULL: none; else its URL
    bool sends_absolute_form;        // the proxy gets whole URLs
    bool is_tls;
    bool needs_libcurl;              // HTTP/2, a proxy, an address with a zone
    bool is_met;                     // what it speaks is known
    eddy_lock meeting;               // held by who finds out
    struct wire_connection *idle;    // of the transport of our own

    eddy_semaphore slots;    // of connections_per_host_max, if that is limited

    /* The name that has to be looked up to connect: the host's, or the proxy's. */
    char *name;                    // NULL: an address, or one that the transport knows
    int port;                      // that goes with it
    char *addresses;               // the last answer: "192.0.2.1,[2001:db8::1]"; NULL before
    unsigned generation;           // of the answer: counts the lookups
    unsigned loaded_generation;    // the transport's: the answer that it has made use of
    double fresh_until;            // eddy_time() until which it holds
    bool is_looking_up;
    int lookup_status;          // of the last lookup
    int lookup_code;            // what getaddrinfo(3) said
    unsigned waiter_count;      // tasks that wait for the lookup
    eddy_semaphore answered;    // what they wait on
};

/* The origin of `url`, with a reference for the caller. 0, EDDY_HTTP_URL (a proxy's), -ENOMEM. */
int eddy__http_origin_find(eddy_http_session *session, const eddy_http_url *url,
                           struct http_origin **out_origin);
void eddy__http_origin_unref(struct http_origin *origin);

/* Frees those of a session that is going; nobody refers to them any more. */
void eddy__http_origins_fini(eddy_http_session *session);

/*
 * Sees to it that the name has been looked up lately, within `*inout_limit` seconds, of which it
 * takes off what that took. 0, EDDY_ERESOLVE or EDDY_TIMEDOUT with a message, EDDY_CANCELLED,
 * -ENOMEM. Suspends when it has not.
 */
int eddy__http_origin_resolve(struct http_origin *origin, double *inout_limit);

#endif
