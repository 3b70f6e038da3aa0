/* SPDX-License-Identifier: MIT */
/*
 * test_reasons.c: reasons are counted, told apart and shown, the most frequent first.
 */
#include "check.h"

#include <stdbool.h>
#include <stdio.h>

#include "json_check.h"
#include "reasons.h"
#include "record.h"

static void expect_lines(struct reasons *reasons, size_t line_max, const char *wanted)
{
    struct bytes out = {0};
    reasons_sort(reasons);
    reasons_write(reasons, line_max, &out);
    bytes_put(&out, "", 1);
    assert_string_equal(out.data, wanted);
    bytes_fini(&out);
}

TEST(reasons_that_differ_in_numbers_are_one_and_statuses_are_told_apart)
{
    struct reasons reasons = {0};
    reasons_put(&reasons, "status 404", "http://h/1");
    reasons_put(&reasons, "cut off after 12 of 100 bytes", "http://h/2");
    reasons_put(&reasons, "status 500", "http://h/3");
    reasons_put(&reasons, "cut off after 7 of 2000 bytes", "http://h/4");
    reasons_put(&reasons, "cut off after 7 of 2000 pieces", "http://h/5");
    reasons_put(&reasons, "status 500", "http://h/6");
    reasons_put(&reasons, "status 500", "http://h/7");
    reasons_put(&reasons, "status 500; asked to wait until 17:00:01", "http://h/8");
    expect_lines(&reasons, 10,
                 "       3  status 500: http://h/3\n"
                 "       2  cut off after 12 of 100 bytes: http://h/2\n"
                 "       1  status 404: http://h/1\n"
                 "       1  cut off after 7 of 2000 pieces: http://h/5\n"
                 "       1  status 500; asked to wait until 17:00:01: http://h/8\n");
    expect_lines(&reasons, 2,
                 "       3  status 500: http://h/3\n"
                 "       2  cut off after 12 of 100 bytes: http://h/2\n"
                 "       3  for other reasons\n");
    reasons_fini(&reasons);
    expect_lines(&reasons, 10, "");
}

TEST(a_url_before_a_reason_is_left_out)
{
    struct reasons reasons = {0};
    reasons_put(&reasons, "https://other/x?y: no connection: refused", "http://h/1");
    reasons_put(&reasons, "http://another/: no connection: refused", "http://h/2");
    reasons_put(&reasons, "http://only-a-url", "http://h/3");
    expect_lines(&reasons, 10,
                 "       2  no connection: refused: http://h/1\n"
                 "       1  http://only-a-url: http://h/3\n");
    reasons_fini(&reasons);
}

TEST(there_is_an_end_to_distinct_reasons)
{
    struct reasons reasons = {0};
    char text[] = "aa";
    for (int i = 0; i < 26 * 26; i++) {
        text[0] = (char)('a' + i / 26);
        text[1] = (char)('a' + i % 26);
        reasons_put(&reasons, text, "http://h/");
    }
    reasons_put(&reasons, "aa", "http://h/");
    assert_int_equal(reasons.count, REASONS_MAX);
    assert_int_equal(reasons.other_count, 26 * 26 - REASONS_MAX);
    expect_lines(&reasons, 1, "       2  aa: http://h/\n     675  for other reasons\n");
    reasons_fini(&reasons);
}

TEST(programs_get_json)
{
    struct reasons reasons = {0};
    struct bytes out = {0};
    reasons_write_json(&reasons, &out);
    assert_memory_equal(out.data, "[]", 2);
    out.size = 0;
    reasons_put(&reasons, "a \"b\"", "http://h/\\");
    reasons_put(&reasons, "status 404", "http://h/2");
    reasons_write_json(&reasons, &out);
    assert_true(json_is_valid(out.data, out.size));
    bytes_put(&out, "", 1);
    assert_string_equal(out.data,
                        "[{\"count\":1,\"reason\":\"a \\\"b\\\"\",\"example\":\"http://h/\\\\\"},"
                        "{\"count\":1,\"reason\":\"status 404\",\"example\":\"http://h/2\"}]");
    bytes_fini(&out);
    reasons_fini(&reasons);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_that_differ_in_numbers_are_one_and_statuses_are_told_apart),
        cmocka_unit_test(a_url_before_a_reason_is_left_out),
        cmocka_unit_test(there_is_an_end_to_distinct_reasons),
        cmocka_unit_test(programs_get_json),
    };
    return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
