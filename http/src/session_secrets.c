/* SPDX-License-Identifier: MIT */
/*
 * session_secrets.c: the Cookie and Authorization fields of a request.
 *
 *     Cookie          the caller's own field, then the jar's cookies that it does not name
 *     Authorization   the caller's own field, or else the URL's "user:password@"
 *
 * Invariant: secrets of one scheme, host and port are never sent to another. Once dropped they stay
 * dropped, even if a redirect leads back. Within one origin the URL's user applies to every
 * redirect, as in curl. A cookie that the server sets replaces the caller's of that name, as in Go.
 */
#include "session_exchange.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <eddy/alloc.h>

#include "session_cookies.h"
#include "url.h"

/* --- Authorization ---------------------------------------------------------------------------- */

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

/* Makes the value of an Authorization field. NULL if memory is out. */
static char *basic_authorization(eddy_span user_info)
{
    char *plain = eddy_malloc(user_info.size + 2);
    char *value = eddy_malloc(sizeof "Basic " + (user_info.size + 4) / 3 * 4 + 4);
    if (plain && value) {
        // The first colon separates the two; a password may contain more.
        const char *colon = memchr(user_info.data, ':', user_info.size);
        size_t user_size = colon ? (size_t)(colon - user_info.data) : user_info.size;
        size_t length = eddy__http_percent_decode(user_info.data, user_size, plain);
        plain[length++] = ':';
        if (colon)
            length += eddy__http_percent_decode(colon + 1, user_info.size - user_size - 1,
                                                plain + length);
        base64(plain, length, stpcpy(value, "Basic "));
    } else {
        eddy_free(value);
        value = NULL;
    }
    eddy_free(plain);
    return value;
}

/* Uses the user and password of the response's URL, unless the caller sends the field. */
static int take_user_info(struct exchange *x)
{
    eddy_span user_info = x->response->url->user_info;
    if (!user_info.data || eddy__http_fields_have(&x->fields, "Authorization"))
        return 0;
    char *value = basic_authorization(user_info);
    if (!value)
        return -ENOMEM;
    eddy_free(x->authorization);
    x->request.authorization = x->authorization = value;
    return 0;
}

/* --- The caller's cookies --------------------------------------------------------------------- */

/* Joins the values of the caller's Cookie fields; *out_value is NULL if there are none. */
static int join_cookies(const struct http_fields *fields, char **out_value)
{
    size_t size = 0;
    for (size_t i = 0; i < fields->count; i++)
        if (strcasecmp(fields->items[i].name, "Cookie") == 0)
            size += strlen(fields->items[i].value) + 2;
    *out_value = NULL;
    if (size == 0)
        return 0;
    char *value = eddy_malloc(size + 1), *at = value;
    if (!value)
        return -ENOMEM;
    for (size_t i = 0; i < fields->count; i++) {
        if (strcasecmp(fields->items[i].name, "Cookie") != 0)
            continue;
        at = at > value ? stpcpy(at, "; ") : at;
        at = stpcpy(at, fields->items[i].value);
    }
    *at = '\0';
    *out_value = value;
    return 0;
}

/* Drops the caller's cookie that the server has set again. */
static void drop_own_cookie(struct exchange *x, const char *set_cookie)
{
    size_t size = strcspn(set_cookie, "=; \t");
    eddy_span found;
    while ((found = eddy__http_cookie_find(x->own_cookie, (eddy_span){set_cookie, size})).data) {
        char *from = x->own_cookie + (found.data - x->own_cookie);
        const char *rest = from + found.size;
        rest += strspn(rest, "; \t");
        memmove(from, rest, strlen(rest) + 1);
    }
    if (x->own_cookie) {    // removing the last one leaves a separator
        size_t length = strlen(x->own_cookie);
        while (length > 0 && strchr("; \t", x->own_cookie[length - 1]))
            x->own_cookie[--length] = '\0';
    }
}

/* --- Called by the session -------------------------------------------------------------------- */

int eddy__http_secrets_init(struct exchange *x)
{
    static const char *const cookie[] = {"Cookie", NULL};
    EDDY_TRY(take_user_info(x));
    x->cookies = x->session->cookies;
    if (x->session->cookie_policy == EDDY_HTTP_COOKIES_NONE ||
        !eddy__http_fields_have(&x->fields, "Cookie"))
        return 0;
    EDDY_TRY(join_cookies(&x->fields, &x->own_cookie));
    return eddy__http_fields_remove(&x->fields, cookie);
}

/* Drops the secrets of the origin. */
static void drop_secrets(struct exchange *x)
{
    eddy_free(x->own_cookie);
    eddy_free(x->authorization);
    x->own_cookie = x->authorization = NULL;
    x->request.authorization = NULL;
}

void eddy__http_secrets_fini(struct exchange *x)
{
    drop_secrets(x);
    if (x->cookies != x->session->cookies)
        eddy__http_cookies_free(x->cookies);
    x->cookies = NULL;
}

int eddy__http_secrets_move(struct exchange *x, bool is_same_origin)
{
    static const char *const of_one_origin[] = {"Authorization", "Cookie", "Proxy-Authorization",
                                                "Host", NULL};
    if (!is_same_origin) {
        drop_secrets(x);
        EDDY_TRY(eddy__http_fields_remove(&x->fields, of_one_origin));
    }
    return take_user_info(x);
}

int eddy__http_secrets_cookie(const struct exchange *x, char **out_cookie)
{
    int err = 0;
    if (!x->cookies || eddy__http_cookies_are_empty(x->cookies)) {
        *out_cookie = eddy__http_copy(x->own_cookie, &err);
        return err;
    }
    return eddy__http_cookies_get(x->cookies, x->request.url, x->own_cookie,
                                  eddy__http_session_date(x->session), out_cookie);
}

/* Returns the jar for the response's cookies; NULL if they are not kept, or memory is out. */
static struct http_cookies *jar_of(struct exchange *x, bool is_redirect)
{
    bool is_for_redirects = x->session->cookie_policy == EDDY_HTTP_COOKIES_REDIRECTS;
    if (!x->cookies && is_for_redirects && is_redirect)
        x->cookies = eddy__http_cookies_new();
    return x->cookies;
}

void eddy__http_secrets_keep(struct exchange *x, bool is_redirect)
{
    const eddy_http_response *response = x->response;
    for (size_t i = 0; i < response->field_count; i++) {
        const eddy_http_header *field = &response->fields[i];
        if ((field->name[0] | 32) != 's' || strcasecmp(field->name, "Set-Cookie") != 0)
            continue;
        // If there is no memory for a cookie, the response is still returned.
        struct http_cookies *cookies = jar_of(x, is_redirect);
        if (!cookies)
            return;
        if (eddy__http_cookies_set(cookies, response->url, field->value,
                                   eddy__http_session_date(x->session)) > 0)
            drop_own_cookie(x, field->value);
    }
}
