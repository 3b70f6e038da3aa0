/* SPDX-License-Identifier: MIT */
/*
 * session_cookies.c: a cookie jar after RFC 6265.
 *
 * Cookies lie in buckets by the last two labels of their domain: whatever may go with a request to
 * a host is in the bucket of that host. An address in place of a name is a domain of its own.
 *
 * What always holds:
 *   - A cookie goes to the host that set it, or with Domain to that domain, which must contain the
 *     host and be no public suffix: a server under co.uk sets none for all of co.uk. Which names
 *     are such suffixes is libpsl's to know.
 *   - Secure ones neither come from nor go to plain HTTP; the prefixes __Secure- and __Host- hold.
 *   - There are at most COOKIES_MAX, and one has at most COOKIE_SIZE_MAX bytes: beyond that the
 *     oldest of the bucket makes room, and longer ones are dropped.
 *
 * Time is handed in, so that tests need not wait. Nothing here suspends.
 */
#include <eddy/alloc.h>

#include "session_cookies.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <libpsl.h>

enum { BUCKETS = 64, COOKIES_MAX = 3000, COOKIE_SIZE_MAX = 4096, COOKIES_SENT_MAX = 180 };

struct cookie {
    struct cookie *next;                         // in its bucket, newest first
    const char *name, *value, *domain, *path;    // behind the struct, in the same block
    size_t name_size, value_size, path_size;
    int64_t expires;      // seconds since 1970; INT64_MAX: with the session
    uint64_t number;      // smaller is older; kept when the value is replaced
    bool is_host_only;    // no Domain was given
    bool is_secure;
};

struct http_cookies {
    struct cookie *buckets[BUCKETS];
    size_t count;
    uint64_t next_number;
};

/* A Set-Cookie value taken apart; spans of it. */
struct offer {
    eddy_span name, value, domain, path;
    int64_t expires;
    bool has_max_age, is_secure;
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

/* --- Matching --------------------------------------------------------------------------------- */

static bool is_address(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static struct cookie **bucket_of(struct http_cookies *cookies, const char *domain)
{
    const char *from = domain + strlen(domain);
    for (int dots = 0; from > domain; from--)
        if (from[-1] == '.' && ++dots == 2)
            break;
    uint32_t hash = 2166136261u;
    for (; *from; from++)
        hash = (hash ^ (unsigned char)*from) * 16777619u;
    return &cookies->buckets[hash % BUCKETS];
}

/* Whether `host` is `domain` or lies below it. */
static bool domain_contains(const char *domain, const char *host)
{
    size_t domain_size = strlen(domain), host_size = strlen(host);
    if (domain_size > host_size || strcmp(host + host_size - domain_size, domain) != 0)
        return false;
    if (domain_size == host_size)
        return true;
    return host[host_size - domain_size - 1] == '.' && !is_address(host);
}

static size_t path_size_of(const char *path)
{
    return strcspn(path, "?#");
}

static bool path_contains(const struct cookie *cookie, const char *path)
{
    size_t size = path_size_of(path);
    if (size < cookie->path_size || memcmp(path, cookie->path, cookie->path_size) != 0)
        return false;
    return size == cookie->path_size || cookie->path[cookie->path_size - 1] == '/' ||
           path[cookie->path_size] == '/';
}

/* --- Setting ---------------------------------------------------------------------------------- */

static eddy_span trim(const char *from, const char *end)
{
    while (from < end && (*from == ' ' || *from == '\t'))
        from++;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (eddy_span){from, (size_t)(end - from)};
}

static bool span_is(eddy_span span, const char *text)
{
    return span.size == strlen(text) && strncasecmp(span.data, text, span.size) == 0;
}

static void take_expires(struct offer *offer, eddy_span value)
{
    char text[64];
    if (value.size >= sizeof text || offer->has_max_age)
        return;
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    time_t when = curl_getdate(text, NULL);
    if (when != -1)
        offer->expires = when;
}

static void take_max_age(struct offer *offer, eddy_span value, int64_t now)
{
    const char *at = value.data, *end = value.data + value.size;
    bool is_negative = at < end && *at == '-';
    int64_t seconds = 0;
    at += is_negative;
    if (at == end)
        return;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return;
        if (seconds < INT32_MAX)
            seconds = seconds * 10 + (*at - '0');
    }
    offer->has_max_age = true;
    offer->expires = is_negative || seconds == 0 ? INT64_MIN : now + seconds;
}

static void take_attribute(struct offer *offer, eddy_span name, eddy_span value, int64_t now)
{
    if (span_is(name, "expires"))
        take_expires(offer, value);
    else if (span_is(name, "max-age"))
        take_max_age(offer, value, now);
    else if (span_is(name, "domain"))
        offer->domain = value;
    else if (span_is(name, "path"))
        offer->path = value;
    else if (span_is(name, "secure"))
        offer->is_secure = true;
}

static bool has_control(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if ((*at < 0x20 && *at != '\t') || *at == 0x7f)
            return true;
    return false;
}

/* "name=value; attribute; attribute=value". False if it is no cookie at all. */
static bool take_apart(struct offer *offer, const char *text, int64_t now)
{
    *offer = (struct offer){.expires = INT64_MAX};
    if (has_control(text))
        return false;    // sent back, it could end a line
    const char *end = text + strcspn(text, ";");
    const char *equals = memchr(text, '=', (size_t)(end - text));
    if (!equals)
        return false;
    offer->name = trim(text, equals);
    offer->value = trim(equals + 1, end);
    while (*end == ';') {
        const char *from = end + 1;
        end = from + strcspn(from, ";");
        equals = memchr(from, '=', (size_t)(end - from));
        take_attribute(offer, trim(from, equals ? equals : end),
                       equals ? trim(equals + 1, end) : (eddy_span){"", 0}, now);
    }
    return offer->name.size > 0 && offer->name.size + offer->value.size <= COOKIE_SIZE_MAX &&
           offer->domain.size < 256 && offer->path.size <= COOKIE_SIZE_MAX;
}

static bool begins_with(eddy_span span, const char *text)
{
    return span.size >= strlen(text) && strncasecmp(span.data, text, strlen(text)) == 0;
}

/* Whether anybody can have a name below it. Without a list that libpsl was built with: no. */
static bool is_public_suffix(const char *domain)
{
    const psl_ctx_t *list = psl_builtin();
    return list && psl_is_public_suffix2(list, domain, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE);
}

/* Settles the domain in `domain`, of 256 bytes, and whether the rules allow the offer. */
static bool is_allowed(const struct offer *offer, const struct http_authority *authority,
                       char *domain, bool *out_is_host_only)
{
    bool is_secure = strcmp(authority->scheme, "https") == 0;
    if (offer->is_secure && !is_secure)
        return false;
    eddy_span given = offer->domain;
    if (given.size > 0 && given.data[0] == '.')
        given = (eddy_span){given.data + 1, given.size - 1};
    if (begins_with(offer->name, "__Secure-") && !offer->is_secure)
        return false;
    if (begins_with(offer->name, "__Host-") &&
        (!offer->is_secure || given.size > 0 || !span_is(offer->path, "/")))
        return false;
    *out_is_host_only = given.size == 0;
    if (given.size == 0) {
        strcpy(domain, authority->host);    // as long as this at most
        return true;
    }
    for (size_t i = 0; i < given.size; i++)
        domain[i] = given.data[i] >= 'A' && given.data[i] <= 'Z' ? (char)(given.data[i] + 32)
                                                                 : given.data[i];
    domain[given.size] = '\0';
    if (strcmp(domain, authority->host) == 0)
        return true;
    return strchr(domain, '.') && !is_public_suffix(domain) &&
           domain_contains(domain, authority->host);
}

/* The path that holds when the server names none: that of the request up to its last '/'. */
static eddy_span default_path(const char *path)
{
    size_t size = path_size_of(path);
    while (size > 0 && path[size - 1] != '/')
        size--;
    if (size <= 1)
        return (eddy_span){"/", 1};
    return (eddy_span){path, size - 1};
}

static struct cookie *make(const struct offer *offer, const char *domain, eddy_span path)
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
    return cookie;
}

static void drop(struct http_cookies *cookies, struct cookie **place)
{
    struct cookie *cookie = *place;
    *place = cookie->next;
    eddy_free(cookie);
    cookies->count--;
}

/* Takes out the one that `cookie` replaces, and what has expired; when full, the oldest too. */
static void make_room(struct http_cookies *cookies, struct cookie **bucket, struct cookie *cookie,
                      int64_t now)
{
    for (struct cookie **at = bucket; *at;) {
        bool is_same = strcmp((*at)->name, cookie->name) == 0 &&
                       strcmp((*at)->domain, cookie->domain) == 0 &&
                       strcmp((*at)->path, cookie->path) == 0;
        if (is_same)
            cookie->number = (*at)->number;
        if (is_same || (*at)->expires <= now)
            drop(cookies, at);
        else
            at = &(*at)->next;
    }
    if (cookies->count < COOKIES_MAX || !*bucket)
        return;
    struct cookie **oldest = bucket;
    while ((*oldest)->next)
        oldest = &(*oldest)->next;
    drop(cookies, oldest);
}

int eddy__http_cookies_set(struct http_cookies *cookies, const struct http_authority *authority,
                           const char *path, const char *value, int64_t now)
{
    struct offer offer;
    char domain[256];
    bool is_host_only;
    if (!take_apart(&offer, value, now) || !is_allowed(&offer, authority, domain, &is_host_only))
        return 0;
    if (offer.path.size == 0 || offer.path.data[0] != '/')
        offer.path = default_path(path);
    struct cookie *cookie = make(&offer, domain, offer.path);
    if (!cookie)
        return -ENOMEM;
    cookie->is_host_only = is_host_only;
    cookie->number = cookies->next_number++;
    struct cookie **bucket = bucket_of(cookies, domain);
    make_room(cookies, bucket, cookie, now);
    if (cookie->expires <= now || cookies->count >= COOKIES_MAX) {
        eddy_free(cookie);    // it came to delete the one before it, or there is no room in any way
        return 0;
    }
    cookie->next = *bucket;
    *bucket = cookie;
    cookies->count++;
    return 0;
}

/* --- Sending ---------------------------------------------------------------------------------- */

static bool goes_to(const struct cookie *cookie, const struct http_authority *authority,
                    const char *path, int64_t now)
{
    if (cookie->expires <= now || (cookie->is_secure && strcmp(authority->scheme, "https") != 0))
        return false;
    if (cookie->is_host_only ? strcmp(cookie->domain, authority->host) != 0
                             : !domain_contains(cookie->domain, authority->host))
        return false;
    return path_contains(cookie, path);
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

static char *join(const struct cookie *const *chosen, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += chosen[i]->name_size + chosen[i]->value_size + 3;
    char *text = eddy_malloc(size);
    if (!text)
        return NULL;
    char *at = text;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            at = stpcpy(at, "; ");
        at = stpcpy(at, chosen[i]->name);
        *at++ = '=';
        at = stpcpy(at, chosen[i]->value);
    }
    *at = '\0';
    return text;
}

char *eddy__http_cookies_get(struct http_cookies *cookies, const struct http_authority *authority,
                             const char *path, int64_t now)
{
    const struct cookie *chosen[COOKIES_SENT_MAX];
    size_t count = 0;
    const char *from = *path == '/' ? path : "/";
    struct cookie *at = *bucket_of(cookies, authority->host);
    for (; at && count < COOKIES_SENT_MAX; at = at->next)
        if (goes_to(at, authority, from, now))
            chosen[count++] = at;
    if (count == 0)
        return NULL;
    qsort(chosen, count, sizeof *chosen, compare);
    return join(chosen, count);
}
