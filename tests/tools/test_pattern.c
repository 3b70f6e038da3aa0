/* SPDX-License-Identifier: MIT */
/*
 * test_pattern.c: what patterns stand for, in which order, and what is said of wrong ones.
 */
#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "complaint.h"
#include "pattern.h"

/* Expands a small pattern into words with spaces between; compares, and checks the promises. */
static void expect_words(const char *text, const char *words)
{
    struct pattern *pattern;
    struct complaint complaint = {0};
    if (pattern_new(text, &pattern, &complaint) < 0)
        fail_msg("%s: %s", text, complaint.text);
    char all[2048] = "";
    size_t longest = 0;
    for (uint64_t i = 0; i < pattern_count(pattern); i++) {
        char url[256];
        size_t n = pattern_write(pattern, i, url);
        assert_int_equal(n, strlen(url));
        longest = n > longest ? n : longest;
        strcat(strcat(all, i > 0 ? " " : ""), url);
    }
    assert_string_equal(all, words);
    assert_int_equal(pattern_size_max(pattern), longest);
    pattern_free(pattern);
}

static void expect_refusal(const char *text, int code, size_t column, const char *words)
{
    struct pattern *pattern;
    struct complaint complaint = {0};
    assert_int_equal(pattern_new(text, &pattern, &complaint), code);
    EXPECT_SAYS(complaint, words);
    assert_int_equal(complaint.column, column);
    assert_int_equal(pattern_new(text, &pattern, NULL), code);
}

static uint64_t count_of(const char *text)
{
    struct pattern *pattern;
    assert_int_equal(pattern_new(text, &pattern, NULL), 0);
    uint64_t count = pattern_count(pattern);
    pattern_free(pattern);
    return count;
}

TEST(a_range_counts_up_and_down)
{
    expect_words("p{1..4}/", "p1/ p2/ p3/ p4/");
    expect_words("{3..1}", "3 2 1");
    expect_words("{5..5}", "5");
    expect_words("{-2..2}", "-2 -1 0 1 2");
    expect_words("{2..-1}", "2 1 0 -1");
}

TEST(a_step_leaves_numbers_out)
{
    expect_words("{1..10..3}", "1 4 7 10");
    expect_words("{1..9..3}", "1 4 7");
    expect_words("{10..1..4}", "10 6 2");
    expect_words("{10..1..-4}", "10 6 2");
    expect_words("{1..3..99}", "1");
}

TEST(a_leading_zero_keeps_the_width)
{
    expect_words("{08..11}", "08 09 10 11");
    expect_words("{8..011}", "008 009 010 011");
    expect_words("{-01..1}", "-01 000 001");
    expect_words("{0..2}", "0 1 2");
    expect_words("{00..2}", "00 01 02");
}

TEST(a_list_gives_each_of_its_texts)
{
    expect_words("x.{json,xml}", "x.json x.xml");
    expect_words("a{,-b,}c", "ac a-bc ac");
    expect_words("{a 1,..}", "a 1 ..");
    expect_words("{,}", " ");
}

TEST(the_last_brace_varies_fastest)
{
    expect_words("{a,b}/{1..3}", "a/1 a/2 a/3 b/1 b/2 b/3");
    expect_words("{a,b}{c,d}{1..2}", "ac1 ac2 ad1 ad2 bc1 bc2 bd1 bd2");
}

TEST(an_escaped_character_is_itself)
{
    expect_words("\\{1..3\\}", "{1..3}");
    expect_words("a\\,b,c\\\\", "a,b,c\\");
    expect_words("{a\\,b,\\{\\}}", "a,b {}");
    expect_words("plain,text", "plain,text");
}

TEST(wrong_braces_are_refused_where_they_stand)
{
    expect_refusal("x{1..3", -EINVAL, 2, "never closed");
    expect_refusal("x{", -EINVAL, 2, "never closed");
    expect_refusal("x}y", -EINVAL, 2, "\\}");
    expect_refusal("x{a{b,c}}", -EINVAL, 4, "inside braces");
    expect_refusal("{}", -EINVAL, 1, "{1..90}");
    expect_refusal("a{b}", -EINVAL, 2, "{a,b}");
    expect_refusal("ab\\n", -EINVAL, 3, "backslash");
    expect_refusal("ab\\", -EINVAL, 3, "backslash");
    expect_refusal("{1..3,7}", -EINVAL, 2, "two patterns");
    expect_refusal("{a,1..3..2}", -EINVAL, 4, "two patterns");
}

TEST(wrong_ranges_are_refused_where_they_stand)
{
    expect_refusal("x{1..}", -EINVAL, 6, "{1..90}");
    expect_refusal("x{..3}", -EINVAL, 3, "{1..90}");
    expect_refusal("{a..z}", -EINVAL, 2, "whole numbers");
    expect_refusal("{1..2..3..4}", -EINVAL, 10, "{1..90..3}");
    expect_refusal("{1..5..0}", -EINVAL, 1, "step 0");
    expect_refusal("{1..5..-1}", -EINVAL, 1, "minus");
    expect_refusal("{1..99999999999999999999}", -EINVAL, 5, "18 digits");
    expect_refusal("{1...5}", -EINVAL, 5, "{1..90}");
}

TEST(the_count_is_exact_or_refused)
{
    assert_true(count_of("{1..4294967296}{1..4294967295}") == 18446744069414584320u);
    assert_true(count_of("{0..18}{-9223372036854775808..9223372036854775807..20}") ==
                19u * 922337203685477581u);
    expect_refusal("{1..4294967296}{1..4294967296}", -EOVERFLOW, 0, "more URLs");
    expect_refusal("{-9223372036854775808..9223372036854775807}", -EOVERFLOW, 1, "numbers");
    assert_true(count_of("no braces") == 1);
    assert_true(count_of("") == 1);
}

TEST(any_url_can_be_had_directly)
{
    struct pattern *pattern;
    char url[64];
    assert_int_equal(pattern_new("http://h/{a,b}/{1..5000000}", &pattern, NULL), 0);
    pattern_write(pattern, pattern_count(pattern) - 1, url);
    assert_string_equal(url, "http://h/b/5000000");
    pattern_write(pattern, 0, url);
    assert_string_equal(url, "http://h/a/1");
    pattern_write(pattern, 5000000, url);
    assert_string_equal(url, "http://h/b/1");
    pattern_free(pattern);
}

TEST(the_ends_of_the_numbers_are_reached)
{
    expect_words("{-9223372036854775808..9223372036854775807..9223372036854775807}",
                 "-9223372036854775808 -1 9223372036854775806");
    expect_words("{9223372036854775807..-9223372036854775808..9223372036854775807}",
                 "9223372036854775807 0 -9223372036854775807");
}

TEST(a_place_is_pointed_at)
{
    char lines[256];
    pattern_point_at("x{1..}", 6, lines, sizeof lines);
    assert_string_equal(lines, "    x{1..}\n         ^");
    pattern_point_at("\xc3\xa9}", 3, lines, sizeof lines);
    assert_string_equal(lines, "    \xc3\xa9}\n     ^");
    pattern_point_at("a\tb", 99, lines, sizeof lines);
    assert_string_equal(lines, "    a?b\n       ^");
    char text[301];
    memset(text, 'x', 300);
    text[200] = '}';
    text[300] = '\0';
    pattern_point_at(text, 201, lines, sizeof lines);
    assert_true(strchr(lines, '}') - lines == strchr(lines, '^') - strchr(lines, '\n') - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_counts_up_and_down),
        cmocka_unit_test(a_step_leaves_numbers_out),
        cmocka_unit_test(a_leading_zero_keeps_the_width),
        cmocka_unit_test(a_list_gives_each_of_its_texts),
        cmocka_unit_test(the_last_brace_varies_fastest),
        cmocka_unit_test(an_escaped_character_is_itself),
        cmocka_unit_test(wrong_braces_are_refused_where_they_stand),
        cmocka_unit_test(wrong_ranges_are_refused_where_they_stand),
        cmocka_unit_test(the_count_is_exact_or_refused),
        cmocka_unit_test(any_url_can_be_had_directly),
        cmocka_unit_test(the_ends_of_the_numbers_are_reached),
        cmocka_unit_test(a_place_is_pointed_at),
    };
    return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
