/* SPDX-License-Identifier: MIT */
/*
 * session_quote.c: paths and queries in the way of writing that servers expect.
 *
 * What a program or a server hands us as a URL may hold spaces, umlauts, stray percent signs, and
 * "..". As aiohttp does (yarl's requoting), what may not stand in a URL is escaped, an escape that
 * need not be one is undone, and the others are left alone, in capitals: doing it twice changes
 * nothing. A space is "%20" in a path and "+" in a query. Dots that lead up are resolved.
 *
 * Most URLs need none of it: one look at each byte tells, and they stay where they are.
 *
 * What always holds: afterwards path and query consist of printable ASCII without spaces; control
 * bytes are refused wherever they stand, so no URL can end a line of the request.
 */
#include <eddy/alloc.h>

#include "session.h"

#include <errno.h>
#include <string.h>

/* Besides letters and digits. */
static const char in_both[] = "-._~!$'()*,:@/+&=;";
static const char kept_escaped_in_path[] = "/+";
static const char kept_escaped_in_query[] = "=+&;";

struct writer {
    char *at;
    bool is_query;
};

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool may_stand(char c, bool is_query)
{
    if (is_alphanumeric(c))
        return true;
    return (c != '\0' && strchr(in_both, c)) || (is_query && c == '?');
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%XX" at the front of `text` stands for; -1 if it is no escape. */
static int escaped(const char *text)
{
    if (text[0] != '%' || digit_of(text[1]) < 0 || digit_of(text[2]) < 0)
        return -1;
    return digit_of(text[1]) * 16 + digit_of(text[2]);
}

/* Whether an escape of `c` means something else than `c` itself. */
static bool must_stay_escaped(char c, bool is_query)
{
    return !may_stand(c, is_query) ||
           strchr(is_query ? kept_escaped_in_query : kept_escaped_in_path, c);
}

/* --- Looking ---------------------------------------------------------------------------------- */

/* Whether nothing has to be done. `*out_has_control`: nothing can be. */
static bool is_fine(const char *rest, bool *out_has_control)
{
    bool is_query = false, is_fragment = false, is_fine = true;
    *out_has_control = false;
    for (const char *at = rest; *at; at++) {
        *out_has_control |= is_control(*at);
        if (is_fragment)
            continue;
        int byte = escaped(at);
        if (*at == '#')
            is_fragment = true;
        else if (*at == '?' && !is_query)
            is_query = true;
        else if (byte >= 0)
            is_fine &= must_stay_escaped((char)byte, is_query) && at[1] < 'a' && at[2] < 'a';
        else if (*at == '.' && !is_query && at[-1] == '/')
            is_fine = false;    // perhaps: it is looked at in earnest
        else
            is_fine &= may_stand(*at, is_query);
    }
    return is_fine;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void put_escaped(struct writer *writer, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    *writer->at++ = '%';
    *writer->at++ = digits[byte >> 4];
    *writer->at++ = digits[byte & 15];
}

/* Writes one byte or escape at the front of `text`; how much of it that was. */
static size_t put_next(struct writer *writer, const char *text)
{
    int byte = escaped(text);
    if (byte >= 0 && must_stay_escaped((char)byte, writer->is_query)) {
        put_escaped(writer, (unsigned char)byte);
        return 3;
    }
    if (byte >= 0)
        *writer->at++ = (char)byte;
    else if (writer->is_query && *text == ' ')
        *writer->at++ = '+';
    else if (may_stand(*text, writer->is_query))
        *writer->at++ = *text;
    else
        put_escaped(writer, (unsigned char)*text);
    return byte >= 0 ? 3 : 1;
}

/* Resolves "." and ".." in a path that begins with '/', in place (RFC 3986, 5.2.4); its end. */
static char *remove_dots(char *path, char *end)
{
    char *to = path;
    for (char *from = path; from < end;) {
        char *next = memchr(from + 1, '/', (size_t)(end - from - 1));
        size_t size = (size_t)((next ? next : end) - from);
        bool is_dot = size == 2 && from[1] == '.';
        bool is_up = size == 3 && from[1] == '.' && from[2] == '.';
        while (is_up && to > path && *--to != '/')
            continue;
        if (!is_dot && !is_up) {
            memmove(to, from, size);
            to += size;
        } else if (!next) {
            *to++ = '/';
        }
        from += size;
    }
    return to;
}

static char *requote(const char *url, const char *rest)
{
    size_t begin = (size_t)(rest - url);
    char *text = eddy_malloc(begin + 3 * strlen(rest) + 1);
    if (!text)
        return NULL;
    memcpy(text, url, begin);
    struct writer writer = {.at = text + begin};
    while (*rest && *rest != '?' && *rest != '#')
        rest += put_next(&writer, rest);
    if (writer.at > text + begin)
        writer.at = remove_dots(text + begin, writer.at);
    if (*rest == '?') {
        writer.is_query = true;
        *writer.at++ = *rest++;
        while (*rest && *rest != '#')
            rest += put_next(&writer, rest);
    }
    strcpy(writer.at, rest);
    return text;
}

int eddy__http_url_requote(char **inout_url)
{
    char *url = *inout_url;
    const char *host = strstr(url, "://");
    if (!host)
        return 0;    // what is no absolute URL is refused elsewhere
    const char *rest = host + 3 + strcspn(host + 3, "/?#\\");
    bool has_control;
    bool has_nothing_to_do = is_fine(rest, &has_control);
    if (has_control || *rest == '\\')
        return eddy_fail(EDDY_HTTP_URL, "a %s stands in the URL",
                         has_control ? "control byte" : "backslash");
    if (has_nothing_to_do)
        return 0;
    char *requoted = requote(url, rest);
    if (!requoted)
        return -ENOMEM;
    eddy_free(url);
    *inout_url = requoted;
    return 0;
}
