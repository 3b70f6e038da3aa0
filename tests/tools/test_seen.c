/* SPDX-License-Identifier: MIT */
/*
 * test_seen.c: each URL is new once, however many there are, in the memory that was promised.
 */
#include "check.h"

#include <stdio.h>

#include "seen.h"

static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

TEST(the_hash_is_siphash_with_128_bits)
{
    // The first vectors of the reference implementation: nothing, and the byte 0.
    struct seen_hash hash = seen_hash_of(key, "", 0);
    assert_true(hash.high == 0xe6a825ba047f81a3 && hash.low == 0x930255c71472f66d);
    hash = seen_hash_of(key, "\0", 1);
    assert_true(hash.high == 0x44af996bd8c187da && hash.low == 0x45fc229b11597634);
}

TEST(a_url_is_new_once)
{
    struct seen seen;
    seen_init(&seen, key);
    assert_false(seen_has(&seen, "a", 1));
    assert_int_equal(seen_put(&seen, "a", 1), 1);
    assert_int_equal(seen_put(&seen, "a", 1), 0);
    assert_int_equal(seen_put(&seen, "ab", 2), 1);
    assert_int_equal(seen_put(&seen, "", 0), 1);
    assert_true(seen_has(&seen, "a", 1) && !seen_has(&seen, "b", 1));
    assert_int_equal(seen_count(&seen), 3);
    seen_fini(&seen);
}

static void put_many(struct seen *seen, int count, int outcome)
{
    char url[64];
    for (int i = 0; i < count; i++) {
        int n = snprintf(url, sizeof url, "https://host/api/%d/", i);
        if (seen_put(seen, url, (size_t)n) != outcome)
            fail_msg("%s is %s", url, outcome ? "not new" : "new again");
    }
}

TEST(many_urls_are_kept_apart_in_little_memory)
{
    struct seen seen;
    enum { MANY = 300000 };
    seen_init(&seen, key);
    put_many(&seen, MANY, 1);
    put_many(&seen, MANY, 0);
    assert_int_equal(seen_count(&seen), MANY);
    assert_true(seen_memory_size(&seen) < 30 * MANY);
    seen_fini(&seen);
}

TEST(an_announced_number_needs_no_growth)
{
    struct seen seen;
    enum { MANY = 100000 };
    seen_init(&seen, key);
    assert_int_equal(seen_reserve(&seen, MANY), 0);
    size_t size = seen_memory_size(&seen);
    assert_true(size < 19 * MANY + 4096);
    put_many(&seen, MANY, 1);
    assert_int_equal(seen_memory_size(&seen), size);
    assert_int_equal(seen_reserve(&seen, 10), 0);
    assert_true(seen_has(&seen, "https://host/api/7/", 19));
    assert_true(seen_reserve(&seen, UINT64_MAX) < 0);
    assert_true(seen_has(&seen, "https://host/api/7/", 19));
    seen_fini(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_siphash_with_128_bits),
        cmocka_unit_test(a_url_is_new_once),
        cmocka_unit_test(many_urls_are_kept_apart_in_little_memory),
        cmocka_unit_test(an_announced_number_needs_no_growth),
    };
    return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
