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
    struct http_origin *next;    // in its hash bucket
    eddy_http_session *session;
    unsigned refs;    // one per request or response that uses it, one per lookup
    uint32_t hash;    // of `text`
    char *text;       // "https://example.org", as in eddy_http_url
    size_t text_size;
    struct http_authority authority;
    char tls_name[HTTP_HOST_MAX];    // the host without a trailing dot: for SNI, certificates
    char *proxy;                     // the proxy's URL; NULL: none
    bool sends_absolute_form;        // the request line has the whole URL, for the proxy
    bool is_tls;
    bool needs_libcurl;              // HTTP/2, a proxy, an address with a zone
    bool is_met;                     // the server's protocol is known
    eddy_lock meeting;               // held by the task that finds it out
    struct wire_connection *idle;    // of Eddy's own transport

    eddy_semaphore slots;    // connections_per_host_max of them, if limited

    /* The name to look up in order to connect: the host's, or the proxy's. */
    char *name;                    // NULL: an address, or a name that needs no lookup
    int port;                      // its port
    char *addresses;               // the last answer: "192.0.2.1,[2001:db8::1]"; NULL before
    unsigned generation;           // of the answer: the number of lookups
    unsigned loaded_generation;    // the transport's: the answer that it has used last
    double fresh_until;            // eddy_time() until which the answer is valid
    bool is_looking_up;
    int lookup_status;          // of the last lookup
    int lookup_code;            // the result of getaddrinfo(3)
    unsigned waiter_count;      // tasks that wait for the lookup
    eddy_semaphore answered;    // on which they wait
};

/* Gets the origin of `url`, with a new reference. 0, EDDY_HTTP_URL (a proxy's), -ENOMEM. */
int eddy__http_origin_find(eddy_http_session *session, const eddy_http_url *url,
                           struct http_origin **out_origin);
void eddy__http_origin_unref(struct http_origin *origin);

/* Frees the origins of a session that is being freed; nothing refers to them. */
void eddy__http_origins_fini(eddy_http_session *session);

/*
 * Looks the name up if there is no recent answer, within `*inout_limit` seconds, and subtracts the
 * time taken from `*inout_limit`. 0, EDDY_ERESOLVE or EDDY_TIMEDOUT with a message, EDDY_CANCELLED,
 * -ENOMEM. Suspends if a lookup is needed.
 */
int eddy__http_origin_resolve(struct http_origin *origin, double *inout_limit);

#endif
