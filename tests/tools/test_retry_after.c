/* SPDX-License-Identifier: MIT */
/*
 * test_retry_after.c: seconds and dates are understood, everything else is as if not said.
 */
#include "check.h"

#include "fetch_retry_after.h"

enum { NOW = 784111777 };    // Sun, 06 Nov 1994 08:49:37 GMT

static void expect(const char *text, double seconds)
{
    double got = retry_after_read(text, NOW);
    if (got < seconds - 0.001 || got > seconds + 0.001)
        fail_msg("'%s' gives %g, not %g", text, got, seconds);
}

TEST(seconds_are_read)
{
    expect("0", 0);
    expect("120", 120);
    expect("  7 ", 7);
    expect("99999999999999999999999999999999999", 365 * 86400.0);
}

TEST(dates_are_seconds_from_now)
{
    expect("Sun, 06 Nov 1994 08:49:47 GMT", 10);
    expect("Mon, 07 Nov 1994 08:49:37 GMT", 86400);
    expect("Sun, 06 Nov 1994 08:00:00 GMT", 0);
    expect("Fri, 31 Dec 9999 23:59:59 GMT", 365 * 86400.0);
}

TEST(anything_else_is_not_understood)
{
    static const char *const texts[] = {"",     "-1",    "1.5", "soon", "10 s",
                                        "0x10", "12\n3", "Sun, 06 Nov 1994 08:49:47",
                                        "Sun, 06 Nov 1994 08:49:47 GMT+1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (retry_after_read(texts[i], NOW) >= 0)
            fail_msg("'%s' was taken", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_read),
        cmocka_unit_test(dates_are_seconds_from_now),
        cmocka_unit_test(anything_else_is_not_understood),
    };
    return cmocka_run_group_tests_name("retry_after", tests, NULL, NULL);
}
