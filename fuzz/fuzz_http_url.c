/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_url.c: a URL is sent as it is parsed, and libcurl finds the same host in it.
 *
 * The input is a URL and, after a newline, a reference. Checked:
 *   - every part is printable ASCII without spaces, and together they are the text;
 *   - parsing the text again gives the same result;
 *   - path, query and fragment are those of the input, except for characters that can't be sent;
 *   - libcurl reads the same scheme, host and port of the origin;
 *   - resolving an absolute URL equals parsing it, and a URL resolved against itself is itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include <eddy/http_url.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

/* Makes a heap copy, so that AddressSanitizer detects reads beyond its end. */
static char *copy(const char *text, size_t size)
{
    char *kept = malloc(size > 0 ? size : 1);
    require(kept != NULL);
    if (size > 0)
        memcpy(kept, text, size);
    return kept;
}

/* --- Parts ------------------------------------------------------------------------------------ */

static void check_text(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        require(text[i] > ' ' && text[i] < 0x7f && text[i] != '"' && text[i] != '<' &&
                text[i] != '>');
}

/* Checks that the parts, joined together, are the text. */
static void check_parts(const eddy_http_url *url)
{
    size_t room = strlen(url->text) + 8, size;
    char *text = malloc(room);
    require(text != NULL);
    const char *host = url->origin + strlen(url->scheme) + 3;
    size = (size_t)snprintf(
        text, room, "%s://%.*s%s%s%.*s%s%.*s", url->scheme, (int)url->user_info.size,
        url->user_info.data ? url->user_info.data : "", url->user_info.data ? "@" : "", host,
        (int)url->target.size, url->target.data, url->fragment.data ? "#" : "",
        (int)url->fragment.size, url->fragment.data ? url->fragment.data : "");
    require(size == strlen(url->text) && strcmp(text, url->text) == 0);
    free(text);
    check_text(url->text, size);
    require(url->host[0] != '\0' && url->port >= 1 && url->port <= 65535);
    require(url->path.size >= 1 && url->path.data[0] == '/');
    require(url->path.data == url->target.data && !memchr(url->path.data, '?', url->path.size));
    require(url->target.size == url->path.size + (url->query.data ? url->query.size + 1 : 0));
    require(!memchr(url->target.data, '#', url->target.size));
}

static void check_same(const eddy_http_url *a, const eddy_http_url *b)
{
    require(strcmp(a->text, b->text) == 0 && strcmp(a->origin, b->origin) == 0);
    require(strcmp(a->host, b->host) == 0 && a->port == b->port);
    require(eddy_http_url_same_origin(a, b));
}

static void check_curl(const eddy_http_url *url)
{
    if (strchr(url->host, '%'))
        return;    // libcurl stores the zone separately
    char *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    require(parts && curl_url_set(parts, CURLUPART_URL, url->origin, 0) == CURLUE_OK);
    require(curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK);
    require(curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK);
    bool is_v6 = host[0] == '[';
    require(strlen(host) == strlen(url->host) + 2 * is_v6);
    require(strncmp(host + is_v6, url->host, strlen(url->host)) == 0);
    require(atoi(port) == url->port);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
}

static void check(const eddy_http_url *url, unsigned flags)
{
    eddy_http_url *again = NULL, *itself = NULL;
    check_parts(url);
    check_curl(url);
    require(eddy_http_url_parse(url->text, strlen(url->text), flags, &again) == 0);
    check_same(url, again);
    eddy_http_url_free(again);
    if (strchr(url->text, '\\'))
        return;    // in a reference it means a slash
    require(eddy_http_url_resolve(url, url->text, strlen(url->text), flags, &itself) == 0);
    check_same(url, itself);
    eddy_http_url_free(itself);
}

/* --- What was written ------------------------------------------------------------------------- */

/* Checks that `url` has everything after the host as in `text`, except what can't be sent. */
static void check_as_written(const eddy_http_url *url, const char *text, size_t size)
{
    while (size > 0 && text[size - 1] == ' ')
        size--;
    size_t i = (size_t)((const char *)memmem(text, size, "://", 3) - text) + 3;
    while (i < size && !strchr("/?#", text[i]))
        i++;
    const char *sent = url->target.data;
    if (i == size || text[i] != '/')
        require(*sent++ == '/');
    for (; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        char escaped[4];
        snprintf(escaped, sizeof escaped, "%%%02X", byte);
        if (byte > ' ' && byte < 0x7f && !strchr("\"<>", byte)) {
            require(*sent++ == text[i]);
        } else {
            require(strncmp(sent, escaped, 3) == 0);
            sent += 3;
        }
    }
    require(*sent == '\0');
}

/* --- References ------------------------------------------------------------------------------- */

static void try_reference(const eddy_http_url *base, const char *text, size_t size, unsigned flags)
{
    eddy_http_url *resolved = NULL, *parsed = NULL;
    int rc = eddy_http_url_resolve(base, text, size, flags, &resolved);
    require(rc == 0 || rc == EDDY_HTTP_URL || rc == EDDY_HTTP_UNSUPPORTED);
    require((rc == 0) == (resolved != NULL));
    if (resolved)
        check(resolved, EDDY_HTTP_URL_PATH_AS_IS);
    if (!memchr(text, '\\', size) &&
        eddy_http_url_parse(text, size, flags & EDDY_HTTP_URL_PATH_AS_IS, &parsed) == 0) {
        require(resolved != NULL);
        if (!(flags & EDDY_HTTP_URL_KEEP_FRAGMENT))
            check_same(resolved, parsed);
    }
    eddy_http_url_free(resolved);
    eddy_http_url_free(parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 8192)
        return 0;
    unsigned flags = data[0] & 3;
    const char *text = (const char *)data + 1;
    const char *newline = memchr(text, '\n', size - 1);
    size_t url_size = newline ? (size_t)(newline - text) : size - 1;
    size_t reference_size = newline ? size - url_size - 2 : 0;
    char *given = copy(text, url_size);
    char *reference = copy(newline ? newline + 1 : "", reference_size);
    eddy_http_url *url = NULL;
    int rc = eddy_http_url_parse(given, url_size, flags, &url);
    require(rc == 0 || rc == EDDY_HTTP_URL || rc == EDDY_HTTP_UNSUPPORTED);
    if (url) {
        check(url, flags);
        if (flags & EDDY_HTTP_URL_PATH_AS_IS)
            check_as_written(url, given, url_size);
        try_reference(url, reference, reference_size, flags);
    }
    eddy_http_url_free(url);
    free(given);
    free(reference);
    return 0;
}
