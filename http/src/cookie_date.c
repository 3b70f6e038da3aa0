/* SPDX-License-Identifier: MIT */
/*
 * cookie_date.c: parses the date of a cookie's Expires attribute (RFC 6265, 5.1.1).
 *
 * It splits the text at delimiters, and takes the first token each that looks like a time, a day, a
 * month and a year, in any order. It ignores all other tokens, such as weekdays and time zones.
 */
#include "cookie_offer.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "date.h"

struct cookie_date {
    bool has_time, has_day, has_month, has_year;
    int clock[3];    // hour, minute, second
    int day, month, year;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_delimiter(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte == 0x09 || (byte >= 0x20 && byte <= 0x2f) || (byte >= 0x3b && byte <= 0x40) ||
           (byte >= 0x5b && byte <= 0x60) || (byte >= 0x7b && byte <= 0x7e);
}

/*
 * Takes `least` to `most` digits off the front of `*inout_token`. False if there are fewer or more.
 */
static bool take_number(eddy_span *inout_token, size_t least, size_t most, int *out_number)
{
    size_t count = 0;
    int number = 0;
    while (count < inout_token->size && is_digit(inout_token->data[count])) {
        if (++count > most)
            return false;
        number = number * 10 + (inout_token->data[count - 1] - '0');
    }
    if (count < least)
        return false;
    *inout_token = (eddy_span){inout_token->data + count, inout_token->size - count};
    *out_number = number;
    return true;
}

static bool take_time(eddy_span token, int clock[3])
{
    for (int i = 0; i < 3; i++) {
        if (i > 0) {
            if (token.size == 0 || token.data[0] != ':')
                return false;
            token = (eddy_span){token.data + 1, token.size - 1};
        }
        if (!take_number(&token, 1, 2, &clock[i]))
            return false;
    }
    return true;
}

static bool take_month(eddy_span token, int *out_month)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; token.size >= 3 && i < 12; i++) {
        if (strncasecmp(token.data, months + (size_t)i * 3, 3) == 0) {
            *out_month = i + 1;
            return true;
        }
    }
    return false;
}

static void take_token(struct cookie_date *date, eddy_span token)
{
    int clock[3];
    eddy_span rest = token;
    if (!date->has_time && take_time(token, clock)) {
        memcpy(date->clock, clock, sizeof clock);
        date->has_time = true;
    } else if (!date->has_day && take_number(&rest, 1, 2, &date->day)) {
        date->has_day = true;
    } else if (!date->has_month && take_month(token, &date->month)) {
        date->has_month = true;
    } else if (!date->has_year && take_number(&rest, 2, 4, &date->year)) {
        date->has_year = true;
    }
}

int eddy__http_cookie_date(const char *text, size_t size, int64_t *out_unix)
{
    struct cookie_date date = {0};
    for (size_t i = 0; i < size;) {
        size_t from = i;
        while (i < size && !is_delimiter(text[i]))
            i++;
        take_token(&date, (eddy_span){text + from, i - from});
        i++;
    }
    if (!date.has_time || !date.has_day || !date.has_month || !date.has_year)
        return -EINVAL;
    if (date.year < 100)
        date.year += date.year >= 70 ? 1900 : 2000;
    if (date.year < 1601)
        return -EINVAL;
    return eddy__http_date_make(date.year, date.month, date.day, date.clock, out_unix);
}
