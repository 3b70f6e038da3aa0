/* SPDX-License-Identifier: MIT */
/*
 * test_backoff.c: pauses stay within their bounds, spread over them, and repeat from a seed.
 */
#include "check.h"

#include <math.h>

#include "backoff.h"

TEST(pauses_double_up_to_the_cap_and_fill_their_range)
{
    struct backoff backoff;
    static const double most[] = {0.5, 1, 2, 4, 8, 16, 30, 30, 30};
    backoff_init(&backoff, 1, NULL);
    for (unsigned retry = 0; retry < sizeof most / sizeof *most; retry++) {
        double sum = 0, longest = 0, shortest = 1e9;
        for (int i = 0; i < 2000; i++) {
            double delay = backoff_delay(&backoff, retry, -1);
            assert_true(delay >= 0 && delay < most[retry]);
            longest = delay > longest ? delay : longest;
            shortest = delay < shortest ? delay : shortest;
            sum += delay;
        }
        assert_true(longest > 0.98 * most[retry] && shortest < 0.02 * most[retry]);
        assert_true(sum / 2000 > 0.46 * most[retry] && sum / 2000 < 0.54 * most[retry]);
    }
    assert_true(backoff_delay(&backoff, 4000000000u, -1) < 30);
}

TEST(the_same_seed_gives_the_same_pauses)
{
    struct backoff a, b, c;
    int same = 0;
    backoff_init(&a, 7, NULL);
    backoff_init(&b, 7, NULL);
    backoff_init(&c, 8, NULL);
    for (int i = 0; i < 100; i++) {
        double delay = backoff_random(&a);
        assert_memory_equal(&delay, &(double){backoff_random(&b)}, sizeof delay);
        double other = backoff_random(&c);
        same += memcmp(&delay, &other, sizeof delay) == 0;
    }
    assert_int_equal(same, 0);
}

TEST(the_generator_is_splitmix64)
{
    struct backoff backoff;
    backoff_init(&backoff, 1234567, NULL);
    // 6457827717110365317 is the generator's published first word for this seed.
    double first = (double)(6457827717110365317u >> 11) * 0x1p-53;
    assert_memory_equal(&(double){backoff_random(&backoff)}, &first, sizeof first);
}

TEST(a_retry_after_is_waited_for_in_full_up_to_its_limit)
{
    struct backoff backoff;
    backoff_init(&backoff, 1, NULL);
    for (int i = 0; i < 1000; i++) {
        double delay = backoff_delay(&backoff, 0, 60);
        assert_true(delay >= 60 && delay < 60.5);
        delay = backoff_delay(&backoff, 9, 0);
        assert_true(delay >= 0 && delay < 0.5);
        delay = backoff_delay(&backoff, 0, 1e9);
        assert_true(delay >= 300 && delay < 300.5);
        assert_true(backoff_delay(&backoff, 0, NAN) < 0.5);
    }
}

TEST(the_bounds_can_be_set)
{
    struct backoff backoff;
    backoff_init(&backoff, 0,
                 &(struct backoff_options){.base = 0.01, .cap = 0.02, .retry_after_max = 1});
    for (int i = 0; i < 1000; i++) {
        assert_true(backoff_delay(&backoff, 10, -1) < 0.02);
        assert_true(backoff_delay(&backoff, 10, 5) < 1.01);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_the_cap_and_fill_their_range),
        cmocka_unit_test(the_same_seed_gives_the_same_pauses),
        cmocka_unit_test(the_generator_is_splitmix64),
        cmocka_unit_test(a_retry_after_is_waited_for_in_full_up_to_its_limit),
        cmocka_unit_test(the_bounds_can_be_set),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
