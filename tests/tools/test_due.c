/* SPDX-License-Identifier: MIT */
/*
 * test_due.c: things come out of the heap in the order of their times, whatever was moved before.
 */
#include "check.h"

#include <stdlib.h>

#include "backoff.h"
#include "due.h"

enum { COUNT = 500 };

TEST(they_come_out_earliest_first_and_in_order_at_the_same_time)
{
    struct due_heap heap = {0};
    static struct due dues[COUNT];
    assert_null(due_heap_first(&heap));
    assert_int_equal(due_heap_reserve(&heap, COUNT), 0);
    for (int i = 0; i < COUNT; i++) {
        dues[i].kind = i;
        due_heap_put(&heap, &dues[i], i * 7 % 10);
    }
    double last_time = -1;
    int last = -1;
    for (int i = 0; i < COUNT; i++) {
        struct due *due = due_heap_first(&heap);
        bool is_later = due->at > last_time;
        assert_true(is_later || due->kind > last);
        assert_true(due->at >= last_time);
        last_time = due->at;
        last = due->kind;
        due_heap_remove(&heap, due);
        assert_int_equal(due->place, 0);
    }
    assert_null(due_heap_first(&heap));
    due_heap_fini(&heap);
}

TEST(moved_and_removed_ones_leave_the_order_whole)
{
    struct due_heap heap = {0};
    static struct due dues[COUNT];
    struct backoff random;
    backoff_init(&random, 5);
    assert_int_equal(due_heap_reserve(&heap, COUNT), 0);
    for (int i = 0; i < 20000; i++) {
        struct due *due = &dues[(int)(backoff_random(&random) * COUNT)];
        if (backoff_random(&random) < 0.4)
            due_heap_remove(&heap, due);
        else
            due_heap_put(&heap, due, backoff_random(&random));
    }
    size_t in = 0;
    for (int i = 0; i < COUNT; i++)
        in += dues[i].place > 0;
    assert_int_equal(in, heap.count);
    double last = -1;
    for (struct due *due; (due = due_heap_first(&heap)) != NULL; in--) {
        assert_true(due->at >= last);
        last = due->at;
        due_heap_remove(&heap, due);
    }
    assert_int_equal(in, 0);
    due_heap_fini(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_out_earliest_first_and_in_order_at_the_same_time),
        cmocka_unit_test(moved_and_removed_ones_leave_the_order_whole),
    };
    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
