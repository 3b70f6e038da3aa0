/* SPDX-License-Identifier: MIT */
/*
 * cookie_offer.c: parses a Set-Cookie field (RFC 6265, 5.2).
 *
 *     name=value; attribute; attribute=value
 *
 * Pure functions over text. Malformed parts are dropped without an error, as in browsers.
 */
#include "cookie_offer.h"

#include <string.h>
#include <strings.h>

enum { COOKIE_SIZE_MAX = 4096 };    // bytes of name and value, and of a path

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

static void take_expires(struct cookie_offer *offer, eddy_span value)
{
    int64_t when;
    if (!offer->has_max_age && eddy__http_cookie_date(value.data, value.size, &when) == 0)
        offer->expires = when;
}

static void take_max_age(struct cookie_offer *offer, eddy_span value, int64_t now)
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

static void take_attribute(struct cookie_offer *offer, eddy_span name, eddy_span value, int64_t now)
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

bool eddy__http_cookie_parse(const char *text, int64_t now, struct cookie_offer *out_offer)
{
    struct cookie_offer offer = {.expires = INT64_MAX};
    if (has_control(text))
        return false;    // when sent back, it could end a line
    const char *end = text + strcspn(text, ";");
    const char *equals = memchr(text, '=', (size_t)(end - text));
    if (!equals)
        return false;
    offer.name = trim(text, equals);
    offer.value = trim(equals + 1, end);
    while (*end == ';') {
        const char *from = end + 1;
        end = from + strcspn(from, ";");
        equals = memchr(from, '=', (size_t)(end - from));
        take_attribute(&offer, trim(from, equals ? equals : end),
                       equals ? trim(equals + 1, end) : (eddy_span){"", 0}, now);
    }
    *out_offer = offer;
    return offer.name.size > 0 && offer.name.size + offer.value.size <= COOKIE_SIZE_MAX &&
           offer.domain.size < COOKIE_DOMAIN_MAX && offer.path.size <= COOKIE_SIZE_MAX;
}
