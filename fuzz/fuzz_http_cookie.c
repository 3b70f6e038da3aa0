/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_cookie.c: for any Set-Cookie fields, the Cookie field sent is limited and valid.
 *
 * Each line of the input is a Set-Cookie field of one of a few URLs in turn. Checked after each:
 * the Cookie field for any of the URLs has no control byte, no cookie without a name, and is within
 * its limit; and a date that is parsed is a valid calendar date.
 */
#include <stdlib.h>
#include <string.h>

#include <eddy/alloc.h>

#include "cookie_offer.h"
#include "session_cookies.h"

enum { NOW = 1000000000, FIELD_MAX = 6 * 1024, LINE_MAX_SIZE = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = {"https://a.example.co.uk/one/two", "http://example.co.uk/one",
                                    "http://github.io/", "http://localhost/"};
enum { URLS = sizeof texts / sizeof texts[0] };

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_field(struct http_cookies *jar, const eddy_http_url *url)
{
    char *field = NULL;
    require(eddy__http_cookies_get(jar, url, NULL, NOW, &field) == 0);
    if (!field)
        return;
    require(field[0] != '\0' && field[0] != '=' && strlen(field) <= FIELD_MAX);
    require(!strstr(field, "; ="));
    for (const unsigned char *at = (const unsigned char *)field; *at; at++)
        require((*at >= 0x20 || *at == '\t') && *at != 0x7f);
    eddy_free(field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eddy_http_url *urls[URLS];
    for (size_t i = 0; i < URLS; i++)
        require(eddy_http_url_parse(texts[i], strlen(texts[i]), 0, &urls[i]) == 0);
    struct http_cookies *jar = eddy__http_cookies_new();
    require(jar != NULL);
    const char *at = (const char *)data, *end = at + size;
    for (size_t i = 0; at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line_size = (size_t)((newline ? newline : end) - at);
        char line[LINE_MAX_SIZE];
        if (line_size >= sizeof line)
            break;
        memcpy(line, at, line_size);
        line[line_size] = '\0';
        int64_t seconds = 0;
        if (eddy__http_cookie_date(line, line_size, &seconds) == 0)
            require(seconds >= INT64_C(-11644473600) && seconds < INT64_C(253402300800));
        require(eddy__http_cookies_set(jar, urls[i % URLS], line, NOW) >= 0);
        for (size_t k = 0; k < URLS; k++)
            check_field(jar, urls[k]);
        at += line_size + 1;
    }
    eddy__http_cookies_free(jar);
    for (size_t i = 0; i < URLS; i++)
        eddy_http_url_free(urls[i]);
    return 0;
}
