/* SPDX-License-Identifier: MIT */
/*
 * session_cookies.c: the cookie jar of RFC 6265.
 *
 * Cookies are hashed by their site, which is the registered domain of their owner: every cookie
 * that may be sent to a host is in the bucket of the host's site.
 *
 * Invariants:
 *   - A site has at most SITE_MAX cookies, the jar COOKIES_MAX. A cookie beyond that evicts others:
 *     first expired cookies, then the site's least recently used one, then the jar's (RFC 6265,
 *     6.1). So a server that sets thousands evicts its own.
 *   - A Secure cookie is neither sent nor replaced over plain HTTP (RFC 6265bis, 5.7).
 *   - The cookies of the jar fill a Cookie field up to FIELD_MAX: servers that accept 8 KiB of
 *     head, as most do, then accept the request.
 *
 * The time is a parameter, so tests need not wait. Nothing here suspends.
 */
#include <eddy/alloc.h>

#include "session_cookies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cookie_offer.h"

enum {
    BUCKETS = 64,
    COOKIES_MAX = 3000,
    SITE_MAX = 180,          // as in browsers
    FIELD_MAX = 6 * 1024,    // bytes
};

struct cookie {
    struct cookie *next;                                // in its hash bucket
    const char *name, *value, *domain, *path, *site;    // after the struct, in the same block
    size_t name_size, value_size, path_size;
    int64_t expires;      // seconds since 1970; INT64_MAX: with the session
    uint64_t number;      // smaller is older; kept when the value is replaced
    uint64_t used_at;     // the jar's clock when it was last set or sent
    bool is_host_only;    // set without Domain
    bool is_secure;
};

struct http_cookies {
    struct cookie *buckets[BUCKETS];
    size_t count;
    uint64_t clock;    // incremented by each call
};

struct http_cookies *eddy__http_cookies_new(void)
{
    return eddy_calloc(1, sizeof(struct http_cookies));
}

void eddy__http_cookies_free(struct http_cookies *cookies)
{
    if (!cookies)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct cookie *at = cookies->buckets[i], *next; at; at = next) {
            next = at->next;
            eddy_free(at);
        }
    }
    eddy_free(cookies);
}

bool eddy__http_cookies_are_empty(const struct http_cookies *cookies)
{
    return cookies->count == 0;
}

static struct cookie **bucket_of(struct http_cookies *cookies, const char *site)
{
    uint32_t hash = 2166136261u;
    for (; *site; site++)
        hash = (hash ^ (unsigned char)*site) * 16777619u;
    return &cookies->buckets[hash % BUCKETS];
}

static bool path_contains(const struct cookie *cookie, eddy_span path)
{
    if (path.size < cookie->path_size || memcmp(path.data, cookie->path, cookie->path_size) != 0)
        return false;
    return path.size == cookie->path_size || cookie->path[cookie->path_size - 1] == '/' ||
           path.data[cookie->path_size] == '/';
}

/* --- Making room ------------------------------------------------------------------------------ */

static void drop(struct http_cookies *cookies, struct cookie **place)
{
    struct cookie *cookie = *place;
    *place = cookie->next;
    eddy_free(cookie);
    cookies->count--;
}

static bool is_less_used(const struct cookie *a, const struct cookie *b)
{
    return a->used_at != b->used_at ? a->used_at < b->used_at : a->number < b->number;
}

/*
 * Drops the expired cookies of a bucket. Returns the place of the least recently used of the rest,
 * of `site` unless that is NULL, or NULL if there is none; counts the cookies that it checked.
 */
static struct cookie **sweep(struct http_cookies *cookies, struct cookie **bucket, const char *site,
                             int64_t now, size_t *out_count)
{
    struct cookie **least = NULL;
    *out_count = 0;
    for (struct cookie **at = bucket; *at;) {
        if ((*at)->expires <= now) {
            drop(cookies, at);
            continue;
        }
        if (!site || strcmp((*at)->site, site) == 0) {
            ++*out_count;
            if (!least || is_less_used(*at, *least))
                least = at;
        }
        at = &(*at)->next;
    }
    return least;
}

/* Makes room for one more cookie of `site`. */
static void make_room(struct http_cookies *cookies, const char *site, int64_t now)
{
    size_t count;
    struct cookie **least = sweep(cookies, bucket_of(cookies, site), site, now, &count);
    if (count >= SITE_MAX)
        drop(cookies, least);
    if (cookies->count < COOKIES_MAX)
        return;
    least = NULL;
    for (size_t i = 0; i < BUCKETS; i++) {
        struct cookie **at = sweep(cookies, &cookies->buckets[i], NULL, now, &count);
        if (at && (!least || is_less_used(*at, *least)))
            least = at;
    }
    if (cookies->count >= COOKIES_MAX)
        drop(cookies, least);
}

/* --- Setting ---------------------------------------------------------------------------------- */

/* The path when the server names none: that of the request up to its last '/'. */
static eddy_span default_path(eddy_span path)
{
    size_t size = path.size;
    while (size > 0 && path.data[size - 1] != '/')
        size--;
    if (size <= 1)
        return (eddy_span){"/", 1};
    return (eddy_span){path.data, size - 1};
}

static struct cookie *make(const struct cookie_offer *offer, const char *domain, eddy_span path)
{
    size_t domain_size = strlen(domain);
    size_t size = offer->name.size + offer->value.size + domain_size + path.size + 4;
    struct cookie *cookie = eddy_malloc(sizeof *cookie + size);
    if (!cookie)
        return NULL;
    *cookie = (struct cookie){
        .name_size = offer->name.size,
        .value_size = offer->value.size,
        .path_size = path.size,
        .expires = offer->expires,
        .is_secure = offer->is_secure,
    };
    char *at = (char *)(cookie + 1);
    const char **kept[] = {&cookie->name, &cookie->value, &cookie->domain, &cookie->path};
    eddy_span texts[] = {offer->name, offer->value, {domain, domain_size}, path};
    for (size_t i = 0; i < 4; i++) {
        *kept[i] = at;
        memcpy(at, texts[i].data, texts[i].size);
        at[texts[i].size] = '\0';
        at += texts[i].size + 1;
    }
    cookie->site = eddy__http_cookie_site(cookie->domain);
    return cookie;
}

/* Whether a Secure cookie of that name exists where plain HTTP would store `cookie`. */
static bool is_shadowed(const struct cookie *first, const struct cookie *cookie)
{
    for (const struct cookie *at = first; at; at = at->next)
        if (at->is_secure && strcmp(at->name, cookie->name) == 0 &&
            (eddy__http_cookie_domain_contains(at->domain, cookie->domain) ||
             eddy__http_cookie_domain_contains(cookie->domain, at->domain)) &&
            path_contains(at, (eddy_span){cookie->path, cookie->path_size}))
            return true;
    return false;
}

/* Removes the cookie that `cookie` replaces, and copies its age to `cookie`. */
static void replace(struct http_cookies *cookies, struct cookie **bucket, struct cookie *cookie)
{
    for (struct cookie **at = bucket; *at; at = &(*at)->next) {
        if (strcmp((*at)->name, cookie->name) != 0 || strcmp((*at)->domain, cookie->domain) != 0 ||
            (*at)->is_host_only != cookie->is_host_only || strcmp((*at)->path, cookie->path) != 0)
            continue;
        cookie->number = (*at)->number;
        drop(cookies, at);
        return;
    }
}

int eddy__http_cookies_set(struct http_cookies *cookies, const eddy_http_url *url,
                           const char *value, int64_t now)
{
    struct cookie_offer offer;
    char domain[COOKIE_DOMAIN_MAX];
    bool is_host_only;
    if (!eddy__http_cookie_parse(value, now, &offer) ||
        !eddy__http_cookie_is_allowed(&offer, url, domain, &is_host_only))
        return 0;
    if (offer.path.size == 0 || offer.path.data[0] != '/')
        offer.path = default_path(url->path);
    struct cookie *cookie = make(&offer, domain, offer.path);
    if (!cookie)
        return -ENOMEM;
    struct cookie **bucket = bucket_of(cookies, cookie->site);
    if (!eddy__http_cookie_is_safe(url) && is_shadowed(*bucket, cookie)) {
        eddy_free(cookie);
        return 0;
    }
    cookie->is_host_only = is_host_only;
    cookie->number = cookie->used_at = ++cookies->clock;
    replace(cookies, bucket, cookie);
    if (cookie->expires <= now) {
        eddy_free(cookie);    // its purpose was to delete the earlier one
        return 1;
    }
    make_room(cookies, cookie->site, now);
    cookie->next = *bucket;
    *bucket = cookie;
    cookies->count++;
    return 1;
}

/* --- Sending ---------------------------------------------------------------------------------- */

eddy_span eddy__http_cookie_find(const char *cookies, eddy_span name)
{
    for (const char *at = cookies; name.size > 0 && at && *at;) {
        at += strspn(at, "; \t");
        size_t size = strcspn(at, ";"), name_size = strcspn(at, "=; \t");
        if (name_size == name.size && memcmp(at, name.data, name_size) == 0)
            return (eddy_span){at, size};
        at += size;
    }
    return (eddy_span){NULL, 0};
}

static bool goes_to(const struct cookie *cookie, const eddy_http_url *url, int64_t now)
{
    if (cookie->expires <= now || (cookie->is_secure && !eddy__http_cookie_is_safe(url)))
        return false;
    if (cookie->is_host_only ? strcmp(cookie->domain, url->host) != 0
                             : !eddy__http_cookie_domain_contains(cookie->domain, url->host))
        return false;
    return path_contains(cookie, url->path);
}

/* Longer paths come first, then older cookies, as servers expect. */
static int compare(const void *left, const void *right)
{
    const struct cookie *a = *(const struct cookie *const *)left;
    const struct cookie *b = *(const struct cookie *const *)right;
    if (a->path_size != b->path_size)
        return a->path_size > b->path_size ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Finds the cookies for a request, in order, and marks them as used. */
static size_t choose(struct http_cookies *cookies, const eddy_http_url *url, const char *own,
                     int64_t now, const struct cookie *chosen[SITE_MAX])
{
    size_t count = 0;
    struct cookie *at = *bucket_of(cookies, eddy__http_cookie_site(url->host));
    cookies->clock++;
    for (; at && count < SITE_MAX; at = at->next) {
        if (!goes_to(at, url, now))
            continue;
        at->used_at = cookies->clock;
        if (!eddy__http_cookie_find(own, (eddy_span){at->name, at->name_size}).data)
            chosen[count++] = at;
    }
    qsort(chosen, count, sizeof *chosen, compare);
    return count;
}

int eddy__http_cookies_get(struct http_cookies *cookies, const eddy_http_url *url, const char *own,
                           int64_t now, char **out_value)
{
    const struct cookie *chosen[SITE_MAX];
    size_t count = choose(cookies, url, own, now, chosen);
    size_t own_size = own ? strlen(own) : 0, room = own_size + FIELD_MAX + 1;
    *out_value = NULL;
    if (count == 0 && own_size == 0)
        return 0;
    char *text = eddy_malloc(room);
    if (!text)
        return -ENOMEM;
    char *at = own ? stpcpy(text, own) : text;
    for (size_t i = 0; i < count; i++) {
        size_t size = chosen[i]->name_size + chosen[i]->value_size + 3;
        if ((size_t)(at - text) + size > FIELD_MAX)
            break;
        at = at > text ? stpcpy(at, "; ") : at;
        at = stpcpy(stpcpy(stpcpy(at, chosen[i]->name), "="), chosen[i]->value);
    }
    *at = '\0';
    *out_value = text;
    return 0;
}
