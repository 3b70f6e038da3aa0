/* SPDX-License-Identifier: MIT */
/*
 * fetch_retry_after.c: how long a server asks us to stay away.
 *
 * The value comes from outside and is either a number of seconds or a date, of which only the form
 * that servers may still send is read ("Sun, 06 Nov 1994 08:49:37 GMT"). Anything else is as if it
 * had not been said. A date that has passed means now.
 *
 * Called by fetch_try.c.
 */
#include "fetch_retry_after.h"

#include <string.h>
#include <time.h>

static const double longest = 365 * 86400.0;    // seconds; what is more is cut

static double read_seconds(const char *text)
{
    double seconds = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        if (seconds < longest)
            seconds = seconds * 10 + (*text - '0');
    text += strspn(text, " \t");
    return *text == '\0' ? seconds : -1;
}

static double read_date(const char *text, int64_t now_unix)
{
    // The tool never calls setlocale(), so the names of days and months are those of C.
    struct tm date = {0};
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (end == NULL || end[strspn(end, " \t")] != '\0')
        return -1;
    double left = (double)(timegm(&date) - now_unix);
    return left > 0 ? left : 0;
}

double retry_after_read(const char *text, int64_t now_unix)
{
    text += strspn(text, " \t");
    double seconds = *text >= '0' && *text <= '9' ? read_seconds(text) : read_date(text, now_unix);
    return seconds < longest ? seconds : longest;
}
