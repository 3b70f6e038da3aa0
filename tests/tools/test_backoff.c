/* SPDX-License-Identifier: MIT */
/*
 * test_backoff.c: pauses stay within their bounds, spread over them, and repeat from a seed.
 */
#include "check.h"

#include <math.h>

#include "backoff.h"

TEST(pauses_triple_up_to_the_cap_and_are_spread)
{
    struct backoff backoff;
    static const double middle[] = {1, 3, 9, 27, 30, 30, 30};
    backoff_init(&backoff, 1);
    for (unsigned retry = 0; retry < sizeof middle / sizeof *middle; retry++) {
        double longest = 0, shortest = 1e9;
        for (int i = 0; i < 2000; i++) {
            double delay = backoff_delay(&backoff, retry, -1);
            longest = delay > longest ? delay : longest;
            shortest = delay < shortest ? delay : shortest;
        }
        assert_true(shortest >= 0.85 * middle[retry] && shortest < 0.86 * middle[retry]);
        assert_true(longest <= 1.15 * middle[retry] && longest > 1.14 * middle[retry]);
    }
    assert_true(backoff_delay(&backoff, 4000000000u, -1) < 35);
}

TEST(three_pauses_outlast_a_restart_of_ten_seconds)
{
    struct backoff backoff;
    backoff_init(&backoff, 3);
    for (int i = 0; i < 2000; i++) {
        double sum = 0;
        for (unsigned retry = 0; retry < 3; retry++)
            sum += backoff_delay(&backoff, retry, -1);
        assert_true(sum > 11);
    }
}

TEST(the_same_seed_gives_the_same_pauses)
{
    struct backoff a, b, c;
    int same = 0;
    backoff_init(&a, 7);
    backoff_init(&b, 7);
    backoff_init(&c, 8);
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
    backoff_init(&backoff, 1234567);
    // 6457827717110365317 is the generator's published first word for this seed.
    double first = (double)(6457827717110365317u >> 11) * 0x1p-53;
    assert_memory_equal(&(double){backoff_random(&backoff)}, &first, sizeof first);
}

TEST(a_pause_is_never_shorter_than_the_server_asks_for)
{
    struct backoff backoff;
    backoff_init(&backoff, 1);
    for (int i = 0; i < 1000; i++) {
        assert_true(backoff_delay(&backoff, 0, 60) >= 60);
        double delay = backoff_delay(&backoff, 2, 2);
        assert_true(delay >= 0.85 * 9 && delay <= 1.15 * 9);
        assert_true(backoff_delay(&backoff, 0, NAN) < 1.2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_triple_up_to_the_cap_and_are_spread),
        cmocka_unit_test(three_pauses_outlast_a_restart_of_ten_seconds),
        cmocka_unit_test(the_same_seed_gives_the_same_pauses),
        cmocka_unit_test(the_generator_is_splitmix64),
        cmocka_unit_test(a_pause_is_never_shorter_than_the_server_asks_for),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
