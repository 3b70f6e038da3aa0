/* SPDX-License-Identifier: MIT */
/*
 * cookie_rules.c: checks which domains and prefixes a server may use for its cookies.
 *
 *   - A cookie is for the host that set it or, with Domain, for that domain and its subdomains. The
 *     domain must contain the host and must not be a public suffix: a server under co.uk can't set
 *     a cookie for all of co.uk. A host that is itself a public suffix may name itself, and the
 *     cookie is for that host only (RFC 6265, 5.3, step 5). libpsl has the list of suffixes.
 *   - A Secure cookie comes from https only, or from this machine, as in browsers and curl.
 *   - A name with the prefix __Secure- needs Secure; __Host- needs Secure, Path=/ and no Domain
 *     (RFC 6265bis, 4.1.3).
 */
#include "cookie_offer.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include <libpsl.h>

static bool is_address(const char *host)
{
    struct in_addr address;
    return strchr(host, ':') || inet_pton(AF_INET, host, &address) == 1;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

bool eddy__http_cookie_is_safe(const eddy_http_url *url)
{
    const char *host = url->host;
    return strcmp(url->scheme, "https") == 0 || strcmp(host, "localhost") == 0 ||
           ends_with(host, ".localhost") || strcmp(host, "::1") == 0 ||
           (is_address(host) && strncmp(host, "127.", 4) == 0);
}

bool eddy__http_cookie_domain_contains(const char *domain, const char *host)
{
    size_t domain_size = strlen(domain), host_size = strlen(host);
    if (!ends_with(host, domain))
        return false;
    return domain_size == host_size ||
           (host[host_size - domain_size - 1] == '.' && !is_address(host));
}

const char *eddy__http_cookie_site(const char *host)
{
    const psl_ctx_t *list = psl_builtin();
    const char *site = list && !is_address(host) ? psl_registrable_domain(list, host) : NULL;
    return site ? site : host;
}

/* Whether `domain` is a public suffix, shared by owners. Without libpsl's list: a single label. */
static bool is_shared(const char *domain)
{
    const psl_ctx_t *list = psl_builtin();
    return list ? !psl_registrable_domain(list, domain) : !strchr(domain, '.');
}

/* Whether a cookie of `host` may apply to all of `domain`, which is another name. */
static bool is_acceptable(const char *host, const char *domain)
{
    const psl_ctx_t *list = psl_builtin();
    if (!strchr(domain, '.') || ends_with(domain, ".") ||
        !eddy__http_cookie_domain_contains(domain, host))
        return false;
    return !list || psl_is_cookie_domain_acceptable(list, host, domain);
}

static bool has_prefix(eddy_span name, const char *prefix)
{
    return name.size >= strlen(prefix) && strncasecmp(name.data, prefix, strlen(prefix)) == 0;
}

static bool keeps_prefix(const struct cookie_offer *offer, bool has_domain)
{
    if (has_prefix(offer->name, "__Secure-"))
        return offer->is_secure;
    if (has_prefix(offer->name, "__Host-"))
        return offer->is_secure && !has_domain && offer->path.size == 1 &&
               offer->path.data[0] == '/';
    return true;
}

bool eddy__http_cookie_is_allowed(const struct cookie_offer *offer, const eddy_http_url *url,
                                  char domain[COOKIE_DOMAIN_MAX], bool *out_is_host_only)
{
    eddy_span given = offer->domain;
    if (given.size > 0 && given.data[0] == '.')
        given = (eddy_span){given.data + 1, given.size - 1};
    if ((offer->is_secure && !eddy__http_cookie_is_safe(url)) ||
        !keeps_prefix(offer, given.size > 0))
        return false;
    for (size_t i = 0; i < given.size; i++)
        domain[i] = given.data[i] >= 'A' && given.data[i] <= 'Z' ? (char)(given.data[i] + 32)
                                                                 : given.data[i];
    domain[given.size] = '\0';
    if (given.size == 0)
        strcpy(domain, url->host);    // every host is shorter than COOKIE_DOMAIN_MAX
    bool is_host = strcmp(domain, url->host) == 0;
    *out_is_host_only = given.size == 0 || (is_host && is_shared(domain));
    return is_host || is_acceptable(url->host, domain);
}
