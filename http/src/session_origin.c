/* SPDX-License-Identifier: MIT */
/*
 * session_origin.c: origins (scheme, host, port): slots per host, name lookups off the loop.
 *
 * Names are looked up here, on the loop's threads, and passed to the transport as addresses.
 * libcurl would look them up on its own threads and, when such a transfer is removed, wait for the
 * thread: a name server that does not answer would block the loop. An answer is valid for
 * FRESH_SECONDS. Each origin has at most one lookup at a time, however many tasks wait for it. It
 * runs in a small task that belongs to no request, so cancelling a request does not cancel it.
 *
 * Invariants:
 *   - The origin of a URL is found by the normalised text from the parser: one for all spellings.
 *   - An origin with references does not move (tasks wait on its semaphores); the others are
 *     dropped when there are many, so that a million hosts don't fill the memory.
 *   - A waiter that is woken checks `is_looking_up` again; the semaphore only wakes it.
 *
 * Owned by the session; requests, responses and lookups hold references.
 */
#include "session_origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <eddy/alloc.h>
#include <eddy/task.h>
#include <eddy/thread.h>
#include <eddy/timeout.h>

enum {
    FRESH_SECONDS = 60,    // lifetime of an answer
    ADDRESSES_MAX = 16,    // of an answer
    SWEEP_FIRST = 512,     // origins in a session before idle ones are dropped
};

/* --- Looking up ------------------------------------------------------------------------------- */

typedef struct answer {
    int code;           // the result of getaddrinfo(3)
    char *addresses;    // "192.0.2.1,[2001:db8::1]"; NULL with an error
} answer;

static void drop_answer(answer *it)
{
    eddy_free(it->addresses);
}

static void drop_name(char **name)
{
    eddy_free(*name);
}

static char *write_addresses(const struct addrinfo *list)
{
    enum { EACH = INET6_ADDRSTRLEN + 3 };
    char *text = eddy_malloc(ADDRESSES_MAX * EACH + 1);
    if (!text)
        return NULL;
    char *at = text;
    int count = 0;
    for (; list && count < ADDRESSES_MAX; list = list->ai_next) {
        char one[INET6_ADDRSTRLEN];
        const void *address =
            list->ai_family == AF_INET6
                ? (const void *)&((const struct sockaddr_in6 *)list->ai_addr)->sin6_addr
                : (const void *)&((const struct sockaddr_in *)list->ai_addr)->sin_addr;
        if (!inet_ntop(list->ai_family, address, one, sizeof one))
            continue;
        bool is_v6 = list->ai_family == AF_INET6;
        at +=
            sprintf(at, "%s%s%s%s", count > 0 ? "," : "", is_v6 ? "[" : "", one, is_v6 ? "]" : "");
        count++;
    }
    *at = '\0';
    return text;
}

/* Runs on a thread. It owns the name, because the request may end before it does. */
EDDY_ASYNC_TO_OWNED(answer, drop_answer, ask_resolver, (char *, name, drop_name))
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    *result = (answer){.code = getaddrinfo(name, NULL, &hints, &list)};
    eddy_free(name);
    if (result->code == 0) {
        result->addresses = write_addresses(list);
        freeaddrinfo(list);
        if (!result->addresses)
            return -ENOMEM;
    }
    return 0;
}

/* Takes over the answer, if there is one, and wakes all waiters. */
static void finish_lookup(struct http_origin *origin, int status, answer *it)
{
    if (status >= 0 && it->code != 0)
        status = EDDY_ERESOLVE;
    origin->lookup_status = status;
    origin->lookup_code = it->code;
    if (status >= 0) {
        eddy_free(origin->addresses);
        origin->addresses = it->addresses;
        origin->fresh_until = eddy_time() + FRESH_SECONDS;
        origin->generation++;
    }
    origin->is_looking_up = false;
    unsigned count = origin->waiter_count;
    origin->waiter_count = 0;
    while (count-- > 0)
        eddy_semaphore_release(&origin->answered);
}

static void give_back(struct http_origin *origin)
{
    eddy_http_session *session = origin->session;
    eddy__http_origin_unref(origin);
    eddy__http_session_unref(session);
}

/* The lookup was cancelled before it began: the run is ending, or memory was out. */
static void drop_lookup(struct http_origin **origin)
{
    answer none = {0};
    finish_lookup(*origin, EDDY_CANCELLED, &none);
    give_back(*origin);
}

EDDY_ASYNC(look_up, (struct http_origin *, origin, drop_lookup))
{
    answer it = {0};
    char *name = eddy_strdup(origin->name);
    int rc = name ? eddy_to_lookup_thread(eddy_coro(ask_resolver, name), &it) : -ENOMEM;
    finish_lookup(origin, rc, &it);
    give_back(origin);
    return rc == EDDY_CANCELLED ? rc : 0;    // the waiters report other errors
}

static int lookup_error(const struct http_origin *origin)
{
    if (origin->lookup_status != EDDY_ERESOLVE)
        return origin->lookup_status == EDDY_CANCELLED
                   ? eddy_fail(EDDY_ERESOLVE, "the lookup of %s was given up", origin->name)
                   : origin->lookup_status;
    return eddy_fail(EDDY_ERESOLVE, "could not resolve %s: %s", origin->name,
                     gai_strerror(origin->lookup_code));
}

static int wait_for_answer(struct http_origin *origin)
{
    if (!origin->is_looking_up) {
        origin->is_looking_up = true;
        origin->refs++;
        eddy__http_session_ref(origin->session);
        eddy_start(look_up, origin);
    }
    while (origin->is_looking_up) {
        origin->waiter_count++;
        int rc = eddy_semaphore_acquire(&origin->answered);
        if (rc < 0) {
            // A waiter woken and cancelled at once is no longer counted, and its wake stays: a
            // waiter of a later lookup wakes early, checks, and waits again.
            if (origin->is_looking_up && origin->waiter_count > 0)
                origin->waiter_count--;
            return rc;
        }
    }
    return origin->lookup_status < 0 ? lookup_error(origin) : 0;
}

int eddy__http_origin_resolve(struct http_origin *origin, double *inout_limit)
{
    double since = eddy_time(), limit = *inout_limit;
    if (!origin->name || origin->fresh_until > since)
        return 0;
    int rc = eddy_within(limit, wait_for_answer(origin));
    if (rc == EDDY_TIMEDOUT)
        return eddy_fail(rc, "no answer about the name %s within %g s", origin->name, limit);
    *inout_limit = fmax(limit - (eddy_time() - since), 0.001);
    return rc;
}

/* --- Origins ---------------------------------------------------------------------------------- */

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

static struct http_origin *find(const eddy_http_session *session, const char *text, uint32_t hash)
{
    struct http_origin *at = session->origins[hash % HTTP_ORIGIN_BUCKETS];
    for (; at; at = at->next)
        if (at->hash == hash && strcmp(at->text, text) == 0)
            return at;
    return NULL;
}

static void destroy(struct http_origin *origin)
{
    eddy_free(origin->text);
    eddy_free(origin->proxy);
    eddy_free(origin->name);
    eddy_free(origin->addresses);
    eddy_free(origin);
}

static void sweep(eddy_http_session *session)
{
    for (size_t i = 0; i < HTTP_ORIGIN_BUCKETS; i++) {
        for (struct http_origin **at = &session->origins[i]; *at;) {
            struct http_origin *origin = *at;
            if (origin->refs > 0) {
                at = &origin->next;
                continue;
            }
            *at = origin->next;
            destroy(origin);
            session->origin_count--;
        }
    }
    session->origin_sweep_at = session->origin_count * 2;
    if (session->origin_sweep_at < SWEEP_FIRST)
        session->origin_sweep_at = SWEEP_FIRST;
}

void eddy__http_origins_fini(eddy_http_session *session)
{
    sweep(session);
}

/* Addresses with a zone are left to libcurl. */
static bool has_zone(const char *host)
{
    return strchr(host, '%') != NULL;
}

/* Whether the address is known without a lookup. */
static bool needs_no_lookup(const char *host)
{
    struct in6_addr address;
    size_t size = strlen(host);
    if (inet_pton(AF_INET, host, &address) == 1 || strchr(host, ':'))
        return true;
    return strcasecmp(host, "localhost") == 0 ||
           (size > 10 && strcasecmp(host + size - 10, ".localhost") == 0);
}

/* libcurl's defaults: 443, and 1080 for all others. */
static int proxy_port(const eddy_http_url *proxy)
{
    return proxy->has_port || strcmp(proxy->scheme, "https") == 0 ? proxy->port : 1080;
}

/* Composes the proxy URL for libcurl from its parts. NULL if memory is out. */
static char *write_proxy(const eddy_http_url *proxy)
{
    size_t size = strlen(proxy->text) + sizeof ":65535";
    char *text = eddy_malloc(size);
    if (!text)
        return NULL;
    const char *host = proxy->origin + strlen(proxy->scheme) + 3;
    const char *colon = strrchr(host, ':');
    bool has_port = colon && !strchr(colon, ']');
    snprintf(text, size, "%s://%.*s%s%.*s:%d", proxy->scheme, (int)proxy->user_info.size,
             proxy->user_info.data ? proxy->user_info.data : "", proxy->user_info.data ? "@" : "",
             (int)(has_port ? (size_t)(colon - host) : strlen(host)), host, proxy_port(proxy));
    return text;
}

static int refuse_proxy(int status)
{
    char text[256];
    if (status == -ENOMEM)
        return status;
    const char *message = eddy_error_message(eddy_error_get(status));
    snprintf(text, sizeof text, "%s", message ? message : eddy_strerror(status));
    return eddy_fail(status, "the proxy cannot be used: %s", text);
}

/* Decides how an HTTP proxy is reached. For SOCKS, the proxy or libcurl looks up names. */
static int choose_proxy(struct http_origin *origin, const char *text)
{
    char url[1024];
    int err = 0;
    int size = snprintf(url, sizeof url, "%s%s", strstr(text, ":/") ? "" : "http://", text);
    if (strncasecmp(url, "http", 4) != 0) {
        origin->proxy = eddy__http_copy(text, &err);
        return err;
    }
    if ((size_t)size >= sizeof url)
        return eddy_fail(EDDY_HTTP_URL, "the proxy's URL has more than %zu bytes", sizeof url - 1);
    EDDY_AUTO(eddy_http_url) *proxy = NULL;
    err = eddy_http_url_parse(url, strlen(url), 0, &proxy);
    if (err < 0)
        return refuse_proxy(err);
    origin->proxy = write_proxy(proxy);
    if (!origin->proxy)
        return -ENOMEM;
    origin->sends_absolute_form = strcmp(origin->authority.scheme, "http") == 0;
    origin->port = proxy_port(proxy);
    if (!needs_no_lookup(proxy->host))
        origin->name = eddy__http_copy(proxy->host, &err);
    return err;
}

/* Decides which proxy the origin uses, and so which name is looked up. */
static int choose_way(struct http_origin *origin)
{
    int err = 0;
    const char *proxy = origin->session->proxy;
    if (!proxy)
        proxy = eddy__http_proxy_for(&origin->authority);
    if (proxy && proxy[0] != '\0')
        return choose_proxy(origin, proxy);
    origin->port = origin->authority.port;
    if (!needs_no_lookup(origin->authority.host))
        origin->name = eddy__http_copy(origin->authority.host, &err);
    return err;
}

/* "name." is absolute in DNS; in a certificate and in SNI it is "name" (RFC 6066, 3). */
static void write_tls_name(struct http_origin *origin)
{
    strcpy(origin->tls_name, origin->authority.host);
    size_t size = strlen(origin->tls_name);
    if (size > 1 && origin->tls_name[size - 1] == '.')
        origin->tls_name[size - 1] = '\0';
}

static int make(eddy_http_session *session, const eddy_http_url *url, uint32_t hash,
                struct http_origin **out_origin)
{
    struct http_origin *origin = eddy_calloc(1, sizeof *origin);
    if (!origin)
        return -ENOMEM;
    int err = 0;
    origin->session = session;
    strcpy(origin->authority.scheme, url->scheme);
    strcpy(origin->authority.host, url->host);
    origin->authority.port = url->port;
    write_tls_name(origin);
    origin->hash = hash;
    origin->slots = (eddy_semaphore)EDDY_SEMAPHORE(session->connections_per_host_max);
    origin->answered = (eddy_semaphore)EDDY_SEMAPHORE(0);
    origin->meeting = (eddy_lock)EDDY_LOCK;
    origin->text = eddy__http_copy(url->origin, &err);
    origin->text_size = strlen(url->origin);
    if (err == 0)
        err = choose_way(origin);
    origin->is_tls = strcmp(url->scheme, "https") == 0;
    origin->is_met = !origin->is_tls || session->refuses_http2;
    origin->needs_libcurl = origin->proxy || has_zone(url->host);
    if (err < 0) {
        destroy(origin);
        return err;
    }
    if (session->origin_count >= session->origin_sweep_at)
        sweep(session);
    struct http_origin **bucket = &session->origins[hash % HTTP_ORIGIN_BUCKETS];
    origin->next = *bucket;
    *bucket = origin;
    session->origin_count++;
    *out_origin = origin;
    return 0;
}

int eddy__http_origin_find(eddy_http_session *session, const eddy_http_url *url,
                           struct http_origin **out_origin)
{
    uint32_t hash = hash_of(url->origin);
    struct http_origin *origin = find(session, url->origin, hash);
    if (!origin)
        EDDY_TRY(make(session, url, hash, &origin));
    origin->refs++;
    *out_origin = origin;
    return 0;
}

void eddy__http_origin_unref(struct http_origin *origin)
{
    origin->refs--;
}
