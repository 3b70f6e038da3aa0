/* SPDX-License-Identifier: MIT */
/*
 * test_date.c: the dates of HTTP and Retry-After.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "date.h"

static const int64_t now = 1700000000;        // Tue, 14 Nov 2023 22:13:20 GMT
static const int64_t rfc_date = 784111777;    // of the examples in RFC 9110

static int64_t parsed(const char *text)
{
    int64_t seconds = INT64_MIN;
    if (eddy__http_date_parse(text, strlen(text), now, &seconds) < 0)
        fail_msg("refused: %s", text);
    return seconds;
}

static void expect_refused(const char *text)
{
    int64_t seconds = 42;
    if (eddy__http_date_parse(text, strlen(text), now, &seconds) != -EINVAL)
        fail_msg("taken: %s", text);
    assert_int_equal(seconds, 42);
}

static void all_three_forms_are_read(void **state)
{
    (void)state;
    assert_int_equal(parsed("Sun, 06 Nov 1994 08:49:37 GMT"), rfc_date);
    assert_int_equal(parsed("Sunday, 06-Nov-94 08:49:37 GMT"), rfc_date);
    assert_int_equal(parsed("Sun Nov  6 08:49:37 1994"), rfc_date);
    assert_int_equal(parsed("Mon Nov 14 22:13:20 2022"), now - 365 * 86400);
    assert_int_equal(parsed("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(parsed("Tue, 19 Jan 2038 03:14:08 GMT"), 2147483648);
}

static void a_year_of_two_digits_lies_at_most_fifty_years_ahead(void **state)
{
    (void)state;
    assert_int_equal(parsed("Sunday, 01-Jan-73 00:00:00 GMT"), 3250454400);    // 2073
    assert_int_equal(parsed("Tuesday, 01-Jan-74 00:00:00 GMT"), 126230400);    // 1974
    assert_int_equal(parsed("Friday, 31-Dec-99 00:00:00 GMT"), 946598400);     // 1999
    int64_t seconds;
    // Seen from 2090, it is 2101.
    const char *text = "Monday, 01-Jan-01 00:00:00 GMT";
    assert_int_equal(eddy__http_date_parse(text, strlen(text), 3786912000, &seconds), -EINVAL);
    text = "Saturday, 01-Jan-01 00:00:00 GMT";
    assert_int_equal(eddy__http_date_parse(text, strlen(text), 3786912000, &seconds), 0);
    assert_int_equal(seconds, 4133980800);
}

static void leap_days_and_leap_seconds_are_known(void **state)
{
    (void)state;
    assert_int_equal(parsed("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800);
    assert_int_equal(parsed("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
    assert_int_equal(parsed("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800);
    expect_refused("Wed, 29 Feb 2023 00:00:00 GMT");
    expect_refused("Thu, 29 Feb 1900 00:00:00 GMT");
}

static void what_is_nearly_a_date_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "now",
        "0",
        "-1",
        "Mon, 06 Nov 1994 08:49:37 GMT",    // it was a Sunday
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov  06 08:49:37 1994",
        "1994-11-06T08:49:37Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_refused(texts[i]);
}

/* No front part of a date is one, and no byte after one is looked over. */
static void a_date_is_read_to_its_end(void **state)
{
    (void)state;
    const char *const texts[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                 "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < 3; i++) {
        int64_t seconds;
        char longer[40];
        size_t size = strlen(texts[i]);
        for (size_t n = 0; n < size; n++)
            assert_int_equal(eddy__http_date_parse(texts[i], n, now, &seconds), -EINVAL);
        memcpy(longer, texts[i], size + 1);    // with the zero, which isn't part of a date
        assert_int_equal(eddy__http_date_parse(longer, size + 1, now, &seconds), -EINVAL);
    }
}

static void a_date_is_written_in_the_first_form(void **state)
{
    (void)state;
    char text[HTTP_DATE_SIZE];
    assert_int_equal(eddy__http_date_format(rfc_date, text), 0);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_int_equal(eddy__http_date_format(-1, text), 0);
    assert_string_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT");
    assert_int_equal(eddy__http_date_format(-62167219200, text), 0);
    assert_string_equal(text, "Sat, 01 Jan 0000 00:00:00 GMT");
    assert_int_equal(eddy__http_date_format(253402300799, text), 0);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_int_equal(eddy__http_date_format(253402300800, text), -ERANGE);
    assert_int_equal(eddy__http_date_format(-62167219201, text), -ERANGE);
    assert_int_equal(eddy__http_date_format(INT64_MIN, text), -ERANGE);
    assert_int_equal(eddy__http_date_format(INT64_MAX, text), -ERANGE);
}

/* Every 11th day and some seconds, over all years, against the C library. */
static void the_calendar_is_that_of_the_c_library(void **state)
{
    (void)state;
    for (int64_t t = -62167219200; t <= 253402300799; t += 11 * 86400 + 3671) {
        char text[HTTP_DATE_SIZE], front[16], back[16], expected[64];
        struct tm tm;
        time_t seconds = (time_t)t;
        assert_non_null(gmtime_r(&seconds, &tm));
        strftime(front, sizeof front, "%a, %d %b", &tm);
        strftime(back, sizeof back, "%H:%M:%S", &tm);
        snprintf(expected, sizeof expected, "%s %04d %s GMT", front, tm.tm_year + 1900, back);
        assert_int_equal(eddy__http_date_format(t, text), 0);
        assert_string_equal(text, expected);
        assert_int_equal(parsed(text), t);
    }
}

static double waited(const char *text)
{
    double seconds = -1;
    if (eddy__http_retry_after(text, strlen(text), now, &seconds) < 0)
        fail_msg("refused: %s", text);
    return seconds;
}

static void retry_after_is_a_number_or_a_date(void **state)
{
    (void)state;
    assert_true(waited("0") == 0);
    assert_true(waited("120") == 120);
    assert_true(waited("007") == 7);
    assert_true(waited("Tue, 14 Nov 2023 22:13:50 GMT") == 30);
    assert_true(waited("Tuesday, 14-Nov-23 22:13:50 GMT") == 30);
    assert_true(waited("Tue Nov 14 22:13:50 2023") == 30);
}

static void retry_after_is_never_negative_and_never_more_than_a_year(void **state)
{
    (void)state;
    assert_true(waited("Tue, 14 Nov 2023 22:13:20 GMT") == 0);
    assert_true(waited("Sun, 06 Nov 1994 08:49:37 GMT") == 0);
    assert_true(waited("31536000") == HTTP_RETRY_AFTER_MAX);
    assert_true(waited("31536001") == HTTP_RETRY_AFTER_MAX);
    assert_true(waited("99999999999999999999999999999999999999") == HTTP_RETRY_AFTER_MAX);
    assert_true(waited("Fri, 31 Dec 9999 23:59:59 GMT") == HTTP_RETRY_AFTER_MAX);
    double seconds;
    const char *text = "Fri, 31 Dec 9999 23:59:59 GMT";
    assert_int_equal(eddy__http_retry_after(text, strlen(text), INT64_MIN, &seconds), 0);
    assert_true(seconds == HTTP_RETRY_AFTER_MAX);
    assert_int_equal(eddy__http_retry_after(text, strlen(text), INT64_MAX, &seconds), 0);
    assert_true(seconds == 0);
}

static void retry_after_refuses_anything_else(void **state)
{
    (void)state;
    static const char *const texts[] = {"",    "-5",  "+5",   "5.5", "5s",  " 5",  "5 ",
                                        "5,5", "0x5", "soon", "1e3", "inf", "nan", "Sun, 06 Nov"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double seconds = 42;
        assert_int_equal(eddy__http_retry_after(texts[i], strlen(texts[i]), now, &seconds),
                         -EINVAL);
        assert_true(seconds == 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_forms_are_read),
        cmocka_unit_test(a_year_of_two_digits_lies_at_most_fifty_years_ahead),
        cmocka_unit_test(leap_days_and_leap_seconds_are_known),
        cmocka_unit_test(what_is_nearly_a_date_is_refused),
        cmocka_unit_test(a_date_is_read_to_its_end),
        cmocka_unit_test(a_date_is_written_in_the_first_form),
        cmocka_unit_test(the_calendar_is_that_of_the_c_library),
        cmocka_unit_test(retry_after_is_a_number_or_a_date),
        cmocka_unit_test(retry_after_is_never_negative_and_never_more_than_a_year),
        cmocka_unit_test(retry_after_refuses_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
