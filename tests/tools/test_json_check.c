/* SPDX-License-Identifier: MIT */
/*
 * test_json_check.c: what is JSON and what only looks like it; what is UTF-8.
 */
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

#include "json_check.h"

static void expect_json(const char *text, size_t size, bool is_json)
{
    if (json_is_valid(text, size) != is_json)
        fail_msg("'%s' %s JSON", text, is_json ? "should be" : "is no");
}

#define EXPECT_JSON(text)    expect_json(text, sizeof(text) - 1, true)
#define EXPECT_NO_JSON(text) expect_json(text, sizeof(text) - 1, false)

TEST(every_kind_of_value_is_a_document)
{
    EXPECT_JSON("{}");
    EXPECT_JSON(" [ ] \r\n\t");
    EXPECT_JSON("null");
    EXPECT_JSON("true");
    EXPECT_JSON("false");
    EXPECT_JSON("\"\"");
    EXPECT_JSON("{\"a\" : [1, {\"b\":null}], \"\":\"\"}");
    EXPECT_JSON("[[],{},[[]]]");
}

TEST(numbers_are_strict)
{
    EXPECT_JSON("0");
    EXPECT_JSON("-0");
    EXPECT_JSON("-10.05e+3");
    EXPECT_JSON("1E-7");
    EXPECT_NO_JSON("01");
    EXPECT_NO_JSON("-");
    EXPECT_NO_JSON("+1");
    EXPECT_NO_JSON(".5");
    EXPECT_NO_JSON("1.");
    EXPECT_NO_JSON("1e");
    EXPECT_NO_JSON("0x1");
    EXPECT_NO_JSON("NaN");
    EXPECT_NO_JSON("-Infinity");
    EXPECT_NO_JSON("1 2");
}

TEST(strings_are_strict)
{
    EXPECT_JSON("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"");
    EXPECT_JSON("\"h\xc3\xa9 \xf0\x9f\x98\x80 \x7f\"");
    EXPECT_NO_JSON("\"");
    EXPECT_NO_JSON("\"a");
    EXPECT_NO_JSON("\"\\\"");
    EXPECT_NO_JSON("\"\\x\"");
    EXPECT_NO_JSON("\"\\u12g4\"");
    EXPECT_NO_JSON("\"\\u12\"");
    EXPECT_NO_JSON("\"a\nb\"");
    EXPECT_NO_JSON("\"\t\"");
    EXPECT_NO_JSON("\"\0\"");
    EXPECT_NO_JSON("\"\xff\"");
    EXPECT_NO_JSON("\"\xc3\"");
    EXPECT_NO_JSON("'a'");
}

TEST(brackets_match_and_commas_separate)
{
    EXPECT_NO_JSON("");
    EXPECT_NO_JSON("  ");
    EXPECT_NO_JSON("[");
    EXPECT_NO_JSON("]");
    EXPECT_NO_JSON("[}");
    EXPECT_NO_JSON("{]");
    EXPECT_NO_JSON("[1,]");
    EXPECT_NO_JSON("[,1]");
    EXPECT_NO_JSON("[1 2]");
    EXPECT_NO_JSON("{\"a\"}");
    EXPECT_NO_JSON("{\"a\":}");
    EXPECT_NO_JSON("{\"a\":1,}");
    EXPECT_NO_JSON("{a:1}");
    EXPECT_NO_JSON("{1:1}");
    EXPECT_NO_JSON("{} {}");
    EXPECT_NO_JSON("[1]// note");
    EXPECT_NO_JSON("\xef\xbb\xbf{}");
    EXPECT_NO_JSON("tru");
    EXPECT_NO_JSON("nulll");
    EXPECT_NO_JSON("[1]\0");
}

TEST(a_document_cut_anywhere_is_none)
{
    static const char text[] = "{\"a\":[1.5e3,\"\\u00e9\",true,{\"b\":null}],\"c\":{}}";
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_false(json_is_valid(text, n));
    assert_true(json_is_valid(text, sizeof text - 1));
}

TEST(depth_has_a_limit_and_no_stack)
{
    enum { DEEP = 10 * JSON_DEPTH_MAX };
    char *text = malloc(2 * DEEP);
    for (int depth = JSON_DEPTH_MAX; depth <= DEEP; depth += DEEP - JSON_DEPTH_MAX) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        assert_true(json_is_valid(text, 2 * (size_t)depth) == (depth == JSON_DEPTH_MAX));
    }
    free(text);
}

TEST(utf8_is_strict)
{
    static const char *const right[] = {"",
                                        "a",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf"};
    static const char *const wrong[] = {"\x80",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xc2",
                                        "\xc2\x20",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xe2\x82",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xf0\x90\x80"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_true(utf8_is_valid(right[i], strlen(right[i])));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(utf8_is_valid(wrong[i], strlen(wrong[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_is_a_document),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(strings_are_strict),
        cmocka_unit_test(brackets_match_and_commas_separate),
        cmocka_unit_test(a_document_cut_anywhere_is_none),
        cmocka_unit_test(depth_has_a_limit_and_no_stack),
        cmocka_unit_test(utf8_is_strict),
    };
    return cmocka_run_group_tests_name("json_check", tests, NULL, NULL);
}
