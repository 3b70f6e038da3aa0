/* SPDX-License-Identifier: MIT */
/*
 * date.h: converts HTTP dates, and Retry-After, which may be a date.
 *
 * Times are whole seconds since 1970 in UTC, for the years 0 to 9999. The C library's calendar is
 * not used: it depends on locales and time zones, and takes a lock.
 */
#ifndef EDDY_HTTP_DATE_H
#define EDDY_HTTP_DATE_H

#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_DATE_SIZE = 30,                   // bytes of a formatted date, its zero included
    HTTP_RETRY_AFTER_MAX = 365 * 86400,    // seconds; longer waits are reduced to this
};

/*
 * Parses a date strictly, in any of the three forms of RFC 9110, 5.6.7:
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT       the usual form
 *     Sunday, 06-Nov-94 08:49:37 GMT      RFC 850; more than 50 years after `now_unix` means past
 *     Sun Nov  6 08:49:37 1994            asctime
 *
 * The day of the week must be the date's. A leap second counts as the second after it.
 * Returns 0 or -EINVAL.
 */
int eddy__http_date_parse(const char *text, size_t size, int64_t now_unix, int64_t *out_unix);

/*
 * The seconds of a date, whose month and day count from 1, and of `clock`: hour, minute, second.
 * Returns 0, or -EINVAL if there is no such date or time.
 */
int eddy__http_date_make(int year, int month, int day, const int clock[3], int64_t *out_unix);

/* Writes the first form and a zero. Returns 0, or -ERANGE outside the years 0 to 9999. */
int eddy__http_date_format(int64_t unix_seconds, char out_text[HTTP_DATE_SIZE]);

/*
 * Parses the value of a Retry-After field, a number of seconds or a date, into seconds from now:
 * never negative, at most HTTP_RETRY_AFTER_MAX. Returns 0, or -EINVAL if it is neither.
 */
int eddy__http_retry_after(const char *text, size_t size, int64_t now_unix, double *out_seconds);

#endif
