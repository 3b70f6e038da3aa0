/* SPDX-License-Identifier: MIT */
/*
 * sessions.c: the client's cache of TLS sessions, which shorten the next handshake.
 *
 * Servers issue tickets (TLS 1.2 with the handshake, TLS 1.3 some time after it). The context keeps
 * the latest of each host. A resumed session is not verified again, so it must have been verified
 * as the new connection would be: the context has one way of verifying, and a session is only used
 * for the name that it was verified for.
 *
 * Invariants:
 *   - At most SESSIONS_MAX are kept; the least recently used one is evicted.
 *   - A session whose handshake failed is removed.
 *
 * Owns the names and a reference to each session. A context may be shared by threads: a mutex
 * guards the array. Called by layer.c.
 */
#include "tls.h"

#include <string.h>
#include <strings.h>

#include <eddy/alloc.h>

enum { SESSIONS_MAX = 64 };

struct tls_session {
    char *name;    // NULL: the slot is free
    SSL_SESSION *session;
    uint64_t used_at;    // the use counter at the last use
};

struct tls_sessions {
    pthread_mutex_t mutex;
    uint64_t use_count;
    struct tls_session items[SESSIONS_MAX];
};

struct tls_sessions *eddy__tls_sessions_new(void)
{
    struct tls_sessions *sessions = eddy_calloc(1, sizeof *sessions);
    if (sessions)
        pthread_mutex_init(&sessions->mutex, NULL);
    return sessions;
}

static void clear(struct tls_session *item)
{
    eddy_free(item->name);
    SSL_SESSION_free(item->session);
    *item = (struct tls_session){0};
}

void eddy__tls_sessions_free(struct tls_sessions *sessions)
{
    if (!sessions)
        return;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        clear(&sessions->items[i]);
    pthread_mutex_destroy(&sessions->mutex);
    eddy_free(sessions);
}

/* Finds the slot of `name`, or one to use for it: a free one, or the least recently used. */
static struct tls_session *place_of(struct tls_sessions *sessions, const char *name)
{
    struct tls_session *oldest = sessions->items;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct tls_session *at = &sessions->items[i];
        if (at->name && strcasecmp(at->name, name) == 0)
            return at;
        if (at->used_at < oldest->used_at)
            oldest = at;
    }
    return oldest;
}

static bool is_of(const struct tls_session *item, const char *name)
{
    return item->name && strcasecmp(item->name, name) == 0;
}

bool eddy__tls_sessions_keep(struct tls_sessions *sessions, const char *name, SSL_SESSION *session)
{
    char *copy = eddy_strdup(name);
    if (!copy)
        return false;    // the next handshake is a full one
    pthread_mutex_lock(&sessions->mutex);
    struct tls_session *item = place_of(sessions, name);
    clear(item);
    *item = (struct tls_session){copy, session, ++sessions->use_count};
    pthread_mutex_unlock(&sessions->mutex);
    return true;
}

SSL_SESSION *eddy__tls_sessions_find(struct tls_sessions *sessions, const char *name)
{
    SSL_SESSION *session = NULL;
    pthread_mutex_lock(&sessions->mutex);
    struct tls_session *item = place_of(sessions, name);
    if (is_of(item, name) && SSL_SESSION_is_resumable(item->session)) {
        session = item->session;
        SSL_SESSION_up_ref(session);
        item->used_at = ++sessions->use_count;
    }
    pthread_mutex_unlock(&sessions->mutex);
    return session;
}

void eddy__tls_sessions_forget(struct tls_sessions *sessions, const char *name)
{
    pthread_mutex_lock(&sessions->mutex);
    struct tls_session *item = place_of(sessions, name);
    if (is_of(item, name))
        clear(item);
    pthread_mutex_unlock(&sessions->mutex);
}
