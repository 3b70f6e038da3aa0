/* SPDX-License-Identifier: MIT */
/*
 * session_proxy.c: chooses the proxy from the environment.
 *
 * libcurl reads the same variables, but it would then look the proxy's name up on a thread that it
 * waits for. A session must know in advance which name to look up (session_origin.c), and which
 * form the request line has. So libcurl is told which proxy to use, and reads no variables. The
 * rules are libcurl's: `http_proxy` in lower case only, because in upper case a request header can
 * set it in a CGI program; the others in either case, lower case first. An entry of no_proxy is a
 * name, an address, or a network like 10.0.0.0/8.
 */
#include "session.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *variable(const char *lower, const char *upper)
{
    const char *value = getenv(lower);
    if ((!value || value[0] == '\0') && upper)
        value = getenv(upper);
    return value && value[0] != '\0' ? value : NULL;
}

/* "example.org" and ".example.org" match that host and its subdomains. */
static bool matches(const char *host, const char *pattern, size_t size)
{
    if (size > 0 && pattern[size - 1] == '.')
        size--;
    if (size > 0 && pattern[0] == '.') {
        pattern++;
        size--;
    }
    size_t length = strlen(host);
    if (length > 0 && host[length - 1] == '.')
        length--;
    if (size == 0 || size > length || strncasecmp(host + length - size, pattern, size) != 0)
        return false;
    return size == length || host[length - size - 1] == '.';
}

/* Parses an IPv4 or IPv6 address. Returns the number of its bytes, 0 if it is none. */
static size_t read_address(const char *text, unsigned char bytes[16])
{
    if (inet_pton(AF_INET, text, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

static bool have_same_prefix(const unsigned char *a, const unsigned char *b, unsigned long bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return bits % 8 == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8) == 0;
}

/* "127.0.0.1", "10.0.0.0/8", "::1", "[::1]" and "fd00::/8" match addresses. */
static bool matches_network(const char *host, const char *pattern, size_t size)
{
    unsigned char address[16], network[16];
    char text[INET6_ADDRSTRLEN + sizeof "[]/128"];
    if (size >= sizeof text)
        return false;
    bool has_bracket = size > 0 && pattern[0] == '[';
    memcpy(text, pattern + has_bracket, size - has_bracket);
    text[size - has_bracket] = '\0';
    char *slash = strchr(text, '/');
    text[strcspn(text, "]/")] = '\0';
    size_t address_size = read_address(host, address);
    if (address_size == 0 || read_address(text, network) != address_size)
        return false;
    unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : address_size * 8;
    return bits <= address_size * 8 && have_same_prefix(address, network, bits);
}

static bool is_excepted(const char *host)
{
    static const char separators[] = ", \t";
    const char *at = variable("no_proxy", "NO_PROXY");
    if (!at)
        return false;
    if (strcmp(at, "*") == 0)
        return true;
    for (;;) {
        at += strspn(at, separators);
        size_t size = strcspn(at, separators);
        if (size == 0)
            return false;
        if (matches(host, at, size) || matches_network(host, at, size))
            return true;
        at += size;
    }
}

const char *eddy__http_proxy_for(const struct http_authority *authority)
{
    const char *proxy = strcmp(authority->scheme, "https") == 0
                            ? variable("https_proxy", "HTTPS_PROXY")
                            : variable("http_proxy", NULL);
    if (!proxy)
        proxy = variable("all_proxy", "ALL_PROXY");
    return proxy && !is_excepted(authority->host) ? proxy : NULL;
}
