/* SPDX-License-Identifier: MIT */
/*
 * Recycled blocks: what is taken is ours alone, comes back from wherever it went, and outlives its
 * loop. The harness sets an allocator, which switches recycling off, so this has a main of its own;
 * where a tool has switched it off, the same must hold of allocated blocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/block.h"

#include <pthread.h>
#include <string.h>

enum { COUNT = 100000 };

static unsigned char *blocks[COUNT];
static size_t sizes[COUNT];

static int open_pool(void **state)
{
    (void)state;
    return eddy__block_pool_open();
}

static int close_pool(void **state)
{
    (void)state;
    eddy__block_pool_close();
    return 0;
}

/* Fills each block with a byte of its own, so that two that overlap are seen. */
static void take(size_t i, size_t size)
{
    sizes[i] = size;
    blocks[i] = eddy__block_new(size);
    assert_non_null(blocks[i]);
    assert_int_equal((uintptr_t)blocks[i] % BLOCK_UNIT, 0);
    memset(blocks[i], (int)(i % 251), size);
}

static void give(size_t i)
{
    for (size_t k = 0; k < sizes[i]; k++)
        assert_int_equal(blocks[i][k], i % 251);
    eddy__block_free(blocks[i], sizes[i]);
    blocks[i] = NULL;
}

static void blocks_of_all_sizes_do_not_overlap(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        take(i, 1 + i % (BLOCK_MAX + 100));
    for (size_t i = 0; i < COUNT; i += 2)
        give(i);
    for (size_t i = 0; i < COUNT; i += 2)
        take(i, 1 + i * 7 % BLOCK_MAX);
    for (size_t i = 0; i < COUNT; i++)
        give(i);
}

static void what_was_given_last_is_taken_next(void **state)
{
    (void)state;
    if (eddy__blocks == NULL)
        skip();
    void *first = eddy__block_new(128);
    void *second = eddy__block_new(128);
    eddy__block_free(first, 128);
    assert_ptr_equal(eddy__block_new(120), first);
    eddy__block_free(first, 120);
    eddy__block_free(second, 128);
}

static void slabs_that_are_empty_are_given_back_but_for_a_few(void **state)
{
    (void)state;
    if (eddy__blocks == NULL)
        skip();
    for (size_t i = 0; i < COUNT; i++)
        take(i, BLOCK_MAX);
    for (size_t i = 0; i < COUNT; i++)
        give(i);
    size_t slab_count = 0;
    for (struct link *link = list_first(&eddy__blocks->slabs); link != NULL;
         link = list_next(&eddy__blocks->slabs, link))
        slab_count++;
    assert_true(slab_count < 10); // of the 25 that were needed
}

static void blocks_outlive_their_pool(void **state)
{
    (void)state;
    take(0, 64);
    take(1, 64);
    eddy__block_pool_close();
    give(0);
    assert_int_equal(eddy__block_pool_open(), 0);
    take(2, 64);
    give(1);
    give(2);
}

static void *take_and_give_elsewhere(void *argument)
{
    (void)argument;
    for (size_t i = 0; i < 1000; i += 2)
        give(i); // taken on the loop's thread
    for (size_t i = 1000; i < 2000; i++)
        take(i, 1 + i % 200); // given back there
    return NULL;
}

static void blocks_may_be_given_back_on_another_thread(void **state)
{
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        take(i, 1 + i % 200);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_and_give_elsewhere, NULL), 0);
    for (size_t i = 2000; i < 3000; i++) {
        take(i, 1 + i % 200);
        give(i);
    }
    pthread_join(thread, NULL);
    for (size_t i = 1; i < 1000; i += 2)
        give(i);
    for (size_t i = 1000; i < 2000; i++)
        give(i);
    for (size_t i = 0; i < 1000; i++)
        take(i, 1 + i % 200);
    for (size_t i = 0; i < 1000; i++)
        give(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_of_all_sizes_do_not_overlap, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(what_was_given_last_is_taken_next, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(slabs_that_are_empty_are_given_back_but_for_a_few,
                                        open_pool, close_pool),
        cmocka_unit_test_setup_teardown(blocks_outlive_their_pool, open_pool, close_pool),
        cmocka_unit_test_setup_teardown(blocks_may_be_given_back_on_another_thread, open_pool,
                                        close_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
