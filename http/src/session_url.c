/* SPDX-License-Identifier: MIT */
/*
 * session_url.c: URLs made absolute, and taken apart.
 *
 * libcurl's own URL parser does the work, for two parsers that disagree about where a host ends are
 * a known way to be led astray: the host that is looked up and limited here is the one that libcurl
 * connects to.
 */
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

int eddy__http_url_join(const char *base, const char *url, char **out_url)
{
    if (base && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return join(base, url, 0, out_url);
    int err = 0;
    char *copy = eddy__http_copy(url, &err);
    if (copy)
        *out_url = copy;
    return err;
}

int eddy__http_url_follow(const char *base, const char *target, char **out_url)
{
    return join(base, target, CURLU_URLENCODE | CURLU_ALLOW_SPACE, out_url);
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
