/* SPDX-License-Identifier: MIT */
/*
 * session_url.c: URLs made absolute, and taken apart.
 *
 * libcurl's own URL parser does the work, for two parsers that disagree about where a host ends are
 * a known way to be led astray: the host that is looked up and limited here is the one that libcurl
 * connects to. A user and a password become what the Authorization field says.
 */
#include <eddy/alloc.h>

#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

static int failure(CURLUcode code, const char *url)
{
    if (code == CURLUE_OUT_OF_MEMORY)
        return -ENOMEM;
    if (code == CURLUE_BAD_SCHEME && !strstr(url, "://"))
        return eddy_fail(EDDY_HTTP_URL, "\"%.512s\" is not absolute, and there is no base_url",
                         url);
    return eddy_fail(EDDY_HTTP_URL, "%s: %.512s", curl_url_strerror(code), url);
}

static int join(const char *base, const char *url, unsigned flags, char **out_url)
{
    CURLU *parts = curl_url();
    if (!parts)
        return -ENOMEM;
    char *joined = NULL;
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, base, 0);
    if (code == CURLUE_OK)
        code = curl_url_set(parts, CURLUPART_URL, url, flags);
    if (code == CURLUE_OK)
        code = curl_url_get(parts, CURLUPART_URL, &joined, 0);
    curl_url_cleanup(parts);
    if (code != CURLUE_OK)
        return failure(code, url);
    int err = 0;
    *out_url = eddy__http_copy(joined, &err);    // libcurl's memory may not be ours to free
    curl_free(joined);
    return err;
}

/* Takes what join() or a copy has made, and makes it fit to be sent. */
static int finish(char *url, char **out_url)
{
    int err = eddy__http_url_requote(&url);
    if (err < 0)
        eddy_free(url);
    else
        *out_url = url;
    return err;
}

static int join_and_finish(const char *base, const char *url, char **out_url)
{
    char *joined = NULL;
    EDDY_TRY(join(base, url, CURLU_URLENCODE | CURLU_ALLOW_SPACE, &joined));
    return finish(joined, out_url);
}

int eddy__http_url_join(const char *base, const char *url, char **out_url)
{
    if (base && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return join_and_finish(base, url, out_url);
    int err = 0;
    char *copy = eddy__http_copy(url, &err);
    return copy ? finish(copy, out_url) : err;
}

int eddy__http_url_follow(const char *base, const char *target, char **out_url)
{
    return join_and_finish(base, target, out_url);
}

/* Copies one part in lower case, without the brackets of an IPv6 address. */
static CURLUcode get_part(CURLU *parts, CURLUPart which, char *buf, size_t size)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(parts, which, &text, CURLU_DEFAULT_PORT | CURLU_URLDECODE);
    if (code != CURLUE_OK)
        return code;
    size_t length = strlen(text);
    const char *from = text;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        from++;
        length -= 2;
    }
    if (length >= size) {
        curl_free(text);
        return which == CURLUPART_SCHEME ? CURLUE_UNSUPPORTED_SCHEME : CURLUE_BAD_HOSTNAME;
    }
    for (size_t i = 0; i < length; i++)
        buf[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 32) : from[i];
    buf[length] = '\0';
    curl_free(text);
    return CURLUE_OK;
}

/* Of an address like "fe80::1%25eth0": other zones are other hosts. */
static CURLUcode add_zone(CURLU *parts, struct http_authority *authority)
{
    size_t size = strlen(authority->host);
    char zone[64];
    CURLUcode code = get_part(parts, CURLUPART_ZONEID, zone, sizeof zone);
    if (code != CURLUE_OK)
        return code == CURLUE_NO_ZONEID ? CURLUE_OK : code;
    if (size + strlen(zone) + 2 > sizeof authority->host)
        return CURLUE_BAD_HOSTNAME;
    authority->host[size] = '%';
    strcpy(authority->host + size + 1, zone);
    return CURLUE_OK;
}

static CURLUcode split(CURLU *parts, const char *url, struct http_authority *authority)
{
    char port[8];
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, 0);
    if (code == CURLUE_OK)
        code = get_part(parts, CURLUPART_SCHEME, authority->scheme, sizeof authority->scheme);
    if (code != CURLUE_OK)
        return code;
    if (strcmp(authority->scheme, "http") != 0 && strcmp(authority->scheme, "https") != 0)
        return CURLUE_UNSUPPORTED_SCHEME;
    code = get_part(parts, CURLUPART_HOST, authority->host, sizeof authority->host);
    if (code == CURLUE_OK)
        code = add_zone(parts, authority);
    if (code == CURLUE_OK)
        code = get_part(parts, CURLUPART_PORT, port, sizeof port);
    if (code == CURLUE_OK)
        authority->port = atoi(port);
    return code;
}

int eddy__http_url_split(const char *url, struct http_authority *out_authority)
{
    CURLU *parts = curl_url();
    if (!parts)
        return -ENOMEM;
    CURLUcode code = split(parts, url, out_authority);
    curl_url_cleanup(parts);
    if (code == CURLUE_OK)
        return 0;
    if (code == CURLUE_UNSUPPORTED_SCHEME)
        return eddy_fail(EDDY_HTTP_UNSUPPORTED, "only http and https are spoken: %.512s", url);
    return failure(code, url);
}

/* --- Users and passwords ---------------------------------------------------------------------- */

static char *base64(const char *data, size_t size, char *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t count = size - i < 3 ? size - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < count ? (unsigned char)data[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    *to = '\0';
    return to;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes percent-encoding, in place of a copy. */
static size_t decode(const char *from, size_t size, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        bool is_escape = from[i] == '%' && size - i > 2 && digit_of(from[i + 1]) >= 0 &&
                         digit_of(from[i + 2]) >= 0;
        to[length++] =
            is_escape ? (char)(digit_of(from[i + 1]) * 16 + digit_of(from[i + 2])) : from[i];
        i += is_escape ? 2 : 0;
    }
    return length;
}

int eddy__http_url_authorization(const char *url, char **out_value)
{
    const char *host = strstr(url, "://");
    *out_value = NULL;
    if (!host)
        return 0;
    host += 3;
    const char *at = memrchr(host, '@', strcspn(host, "/?#\\"));
    if (!at)
        return 0;
    size_t size = (size_t)(at - host);
    char *plain = eddy_malloc(size + 2);
    char *value = eddy_malloc(sizeof "Basic " + (size + 4) / 3 * 4 + 4);
    if (!plain || !value) {
        eddy_free(plain);
        eddy_free(value);
        return -ENOMEM;
    }
    // The colon between the two is the first: a password may have more of them.
    size_t user_size = strcspn(host, ":@");
    size_t length = decode(host, user_size, plain);
    plain[length++] = ':';
    if (user_size < size)
        length += decode(host + user_size + 1, size - user_size - 1, plain + length);
    base64(plain, length, stpcpy(value, "Basic "));
    eddy_free(plain);
    *out_value = value;
    return 0;
}
