/* SPDX-License-Identifier: MIT */
/*
 * date.c: converts HTTP dates between text and seconds.
 *
 * A cursor moves over the text once. Each step takes exactly what the format has in that place; the
 * first mismatch makes the cursor fail permanently, so only the end needs a check.
 *
 * The calendar is the proleptic Gregorian one. Years begin in March here, which puts the leap day
 * at the end; 400 of them have 146097 days.
 *
 * Owns nothing. Called by the client (Retry-After, caching) and the server (Date).
 */
#include "date.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
    DAYS_PER_ERA = 146097,        // 400 years
    DAYS_BEFORE_UNIX = 719468,    // from 1 March of the year 0 to 1970
    SECONDS_PER_DAY = 86400,
    CENTURY_AHEAD_MAX = 50,    // years; RFC 9110, 5.6.7
};

static const int64_t unix_min = -62167219200;    // 0000-01-01 00:00:00
static const int64_t unix_max = 253402300799;    // 9999-12-31 23:59:59

static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_weekdays[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                             "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct date {
    int year, month, day;    // month and day count from 1
    int hour, minute, second;
    int weekday;    // 0 is Sunday
};

/* The calendar. */

static int64_t days_from_date(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_UNIX;
}

static void date_from_days(int64_t days, struct date *out_date)
{
    int64_t shifted = days + DAYS_BEFORE_UNIX;
    int era = (int)((shifted >= 0 ? shifted : shifted - DAYS_PER_ERA + 1) / DAYS_PER_ERA);
    int day_of_era = (int)(shifted - (int64_t)era * DAYS_PER_ERA);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    out_date->day = day_of_year - (153 * march_month + 2) / 5 + 1;
    out_date->month = march_month < 10 ? march_month + 3 : march_month - 9;
    out_date->year = year_of_era + era * 400 + (out_date->month <= 2);
    // 1970 began on a Thursday. The large multiple of seven keeps it positive from the year 0 on.
    out_date->weekday = (int)((days + 4 + 7 * 200000) % 7);
}

static bool is_date(const struct date *date)
{
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);
    int length = lengths[date->month - 1] + (date->month == 2 && is_leap);
    return date->day >= 1 && date->day <= length && date->hour <= 23 && date->minute <= 59 &&
           date->second <= 60;
}

static int seconds_from_date(const struct date *date, int64_t *out_unix)
{
    if (!is_date(date))
        return -EINVAL;
    int64_t days = days_from_date(date->year, date->month, date->day);
    struct date check;
    date_from_days(days, &check);
    if (check.weekday != date->weekday)
        return -EINVAL;
    *out_unix = days * SECONDS_PER_DAY + date->hour * 3600 + date->minute * 60 + date->second;
    return 0;
}

int eddy__http_date_make(int year, int month, int day, const int clock[3], int64_t *out_unix)
{
    const struct date date = {year, month, day, clock[0], clock[1], clock[2], 0};
    if (month < 1 || month > 12 || !is_date(&date) || date.second > 59)
        return -EINVAL;
    *out_unix = days_from_date(year, month, day) * SECONDS_PER_DAY + date.hour * 3600 +
                date.minute * 60 + date.second;
    return 0;
}

/* The cursor. */

struct cursor {
    const char *at, *end;    // `at` is NULL after a failure
};

static void take(struct cursor *cursor, const char *text)
{
    size_t n = strlen(text);
    bool fits = cursor->at != NULL && (size_t)(cursor->end - cursor->at) >= n &&
                memcmp(cursor->at, text, n) == 0;
    cursor->at = fits ? cursor->at + n : NULL;
}

static int take_digits(struct cursor *cursor, int count)
{
    int value = 0;
    if (cursor->at == NULL || cursor->end - cursor->at < count) {
        cursor->at = NULL;
        return 0;
    }
    for (int i = 0; i < count; i++) {
        char c = cursor->at[i];
        if (c < '0' || c > '9') {
            cursor->at = NULL;
            return 0;
        }
        value = value * 10 + (c - '0');
    }
    cursor->at += count;
    return value;
}

/* Takes one of `count` names of three letters each, and returns its index. */
static int take_name(struct cursor *cursor, const char (*names)[4], int count)
{
    for (int i = 0; cursor->at != NULL && cursor->end - cursor->at >= 3 && i < count; i++) {
        if (memcmp(cursor->at, names[i], 3) == 0) {
            cursor->at += 3;
            return i;
        }
    }
    cursor->at = NULL;
    return 0;
}

static void take_time(struct cursor *cursor, struct date *date)
{
    date->hour = take_digits(cursor, 2);
    take(cursor, ":");
    date->minute = take_digits(cursor, 2);
    take(cursor, ":");
    date->second = take_digits(cursor, 2);
}

static bool is_at_end(const struct cursor *cursor)
{
    return cursor->at != NULL && cursor->at == cursor->end;
}

/* The three forms. Each returns whether the text had it. */

static bool read_imf(struct cursor cursor, struct date *date)
{
    date->weekday = take_name(&cursor, weekdays, 7);
    take(&cursor, ", ");
    date->day = take_digits(&cursor, 2);
    take(&cursor, " ");
    date->month = take_name(&cursor, months, 12) + 1;
    take(&cursor, " ");
    date->year = take_digits(&cursor, 4);
    take(&cursor, " ");
    take_time(&cursor, date);
    take(&cursor, " GMT");
    return is_at_end(&cursor);
}

static bool read_asctime(struct cursor cursor, struct date *date)
{
    date->weekday = take_name(&cursor, weekdays, 7);
    take(&cursor, " ");
    date->month = take_name(&cursor, months, 12) + 1;
    take(&cursor, " ");
    if (cursor.at != NULL && cursor.at < cursor.end && *cursor.at == ' ') {
        take(&cursor, " ");
        date->day = take_digits(&cursor, 1);
    } else {
        date->day = take_digits(&cursor, 2);
    }
    take(&cursor, " ");
    take_time(&cursor, date);
    take(&cursor, " ");
    date->year = take_digits(&cursor, 4);
    return is_at_end(&cursor);
}

static int take_long_weekday(struct cursor *cursor)
{
    for (int i = 0; i < 7; i++) {
        struct cursor tried = *cursor;
        take(&tried, long_weekdays[i]);
        if (tried.at != NULL) {
            *cursor = tried;
            return i;
        }
    }
    cursor->at = NULL;
    return 0;
}

/* Returns the year ending in `two_digits` that is nearest to now and not too far ahead. */
static int full_year(int two_digits, int64_t now_unix)
{
    int64_t now = now_unix < 0 ? 0 : now_unix > unix_max ? unix_max : now_unix;
    struct date today;
    date_from_days(now / SECONDS_PER_DAY, &today);
    int year = today.year - today.year % 100 + two_digits;
    if (year > today.year + CENTURY_AHEAD_MAX || year > 9999)
        year -= 100;
    else if (year + 100 <= today.year + CENTURY_AHEAD_MAX && year + 100 <= 9999)
        year += 100;
    return year;
}

static bool read_rfc850(struct cursor cursor, int64_t now_unix, struct date *date)
{
    date->weekday = take_long_weekday(&cursor);
    take(&cursor, ", ");
    date->day = take_digits(&cursor, 2);
    take(&cursor, "-");
    date->month = take_name(&cursor, months, 12) + 1;
    take(&cursor, "-");
    date->year = full_year(take_digits(&cursor, 2), now_unix);
    take(&cursor, " ");
    take_time(&cursor, date);
    take(&cursor, " GMT");
    return is_at_end(&cursor);
}

int eddy__http_date_parse(const char *text, size_t size, int64_t now_unix, int64_t *out_unix)
{
    struct date date;
    if (size == 0)
        return -EINVAL;
    struct cursor cursor = {text, text + size};
    if (read_imf(cursor, &date) || read_rfc850(cursor, now_unix, &date) ||
        read_asctime(cursor, &date))
        return seconds_from_date(&date, out_unix);
    return -EINVAL;
}

/* Writing. */

static char *put_text(char *to, const char *text, size_t size)
{
    memcpy(to, text, size);
    return to + size;
}

static char *put_digits(char *to, int value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + count;
}

int eddy__http_date_format(int64_t unix_seconds, char out_text[HTTP_DATE_SIZE])
{
    if (unix_seconds < unix_min || unix_seconds > unix_max)
        return -ERANGE;
    int64_t days = (unix_seconds - unix_min) / SECONDS_PER_DAY + unix_min / SECONDS_PER_DAY;
    int second = (int)(unix_seconds - days * SECONDS_PER_DAY);
    struct date date;
    date_from_days(days, &date);

    char *to = put_text(out_text, weekdays[date.weekday], 3);
    to = put_text(to, ", ", 2);
    to = put_digits(to, date.day, 2);
    to = put_text(to, " ", 1);
    to = put_text(to, months[date.month - 1], 3);
    to = put_text(to, " ", 1);
    to = put_digits(to, date.year, 4);
    to = put_text(to, " ", 1);
    to = put_digits(to, second / 3600, 2);
    to = put_text(to, ":", 1);
    to = put_digits(to, second / 60 % 60, 2);
    to = put_text(to, ":", 1);
    to = put_digits(to, second % 60, 2);
    put_text(to, " GMT", 5);
    return 0;
}

/* Retry-After. */

static int read_delay(const char *text, size_t size, double *out_seconds)
{
    int seconds = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EINVAL;
        // Limited at every digit, so that no number of digits can overflow it.
        seconds = seconds * 10 + (text[i] - '0');
        if (seconds > HTTP_RETRY_AFTER_MAX)
            seconds = HTTP_RETRY_AFTER_MAX;
    }
    *out_seconds = seconds;
    return size > 0 ? 0 : -EINVAL;
}

int eddy__http_retry_after(const char *text, size_t size, int64_t now_unix, double *out_seconds)
{
    double seconds;
    if (read_delay(text, size, &seconds) == 0) {
        *out_seconds = seconds;
        return 0;
    }
    int64_t until;
    int err = eddy__http_date_parse(text, size, now_unix, &until);
    if (err < 0)
        return err;
    // Unsigned, because with a wrong clock the difference may exceed a signed number.
    uint64_t wait = until > now_unix ? (uint64_t)until - (uint64_t)now_unix : 0;
    *out_seconds = wait < HTTP_RETRY_AFTER_MAX ? (double)wait : HTTP_RETRY_AFTER_MAX;
    return 0;
}
