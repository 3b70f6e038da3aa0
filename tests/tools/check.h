/* SPDX-License-Identifier: MIT */
/*
 * check.h: what the tests of the tools' pure parts share: cmocka, and a name for each test that
 * reads as a sentence.
 *
 * These parts wait for nothing, so each test is a plain function without a loop.
 */
#ifndef EDDY_TESTS_TOOLS_CHECK_H
#define EDDY_TESTS_TOOLS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEST(name) static void name(void **state __attribute__((unused)))

/* The sentence must hold these words; the rest of it may be put better one day. */
#define EXPECT_SAYS(complaint, words)                                   \
    do {                                                                \
        if (strstr((complaint).text, words) == NULL)                    \
            fail_msg("'%s' doesn't say '%s'", (complaint).text, words); \
    } while (0)

#endif
