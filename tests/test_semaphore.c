/* SPDX-License-Identifier: MIT */
/* Semaphores: so many at once, first come first served, and no slot lost to a cancellation. */
#include "harness.h"

#include <string.h>

static char order[64];

EDDY_ASYNC(takes, (eddy_semaphore *, semaphore), (char, name), (double, seconds))
{
    EDDY_TRY(eddy_semaphore_acquire(semaphore));
    size_t n = strlen(order);
    order[n] = name;
    order[n + 1] = '\0';
    int rc = eddy_sleep(seconds);
    EXPECT_EQ(eddy_semaphore_release(semaphore), 0);
    return rc;
}

static void begin(void)
{
    memset(order, 0, sizeof order);
}

TEST(a_free_slot_is_taken_without_yielding)
{
    begin();
    eddy_semaphore s = EDDY_SEMAPHORE(2);
    eddy_start(takes, &s, 'x', 1);
    EXPECT_EQ(eddy_semaphore_acquire(&s), 0);
    EXPECT_STR(order, "");
    EXPECT(!eddy_semaphore_locked(&s));
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    EXPECT_EQ(s.value, 2);
}

TEST(no_more_than_so_many_are_inside_and_they_come_in_order)
{
    begin();
    eddy_semaphore s = EDDY_SEMAPHORE(2);
    for (char c = 'a'; c < 'g'; c++)
        eddy_start(takes, &s, c, 1);
    EXPECT_EQ(eddy_sleep(0.5), 0);
    EXPECT_STR(order, "ab");
    EXPECT(eddy_semaphore_locked(&s));
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(order, "abcd");
    EXPECT_EQ(eddy_sleep(9), 0);
    EXPECT_STR(order, "abcdef");
    EXPECT_EQ(s.value, 2);
}

TEST(nobody_barges_in_before_a_waiter)
{
    begin();
    eddy_semaphore s = EDDY_SEMAPHORE(0);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(takes, &s, 'a', 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    EXPECT(eddy_semaphore_locked(&s)); // the slot has been promised
    EXPECT_EQ(eddy_semaphore_acquire(&s), 0);
    EXPECT_STR(order, "a");
    EXPECT_EQ(eddy_await(first), 0);
    EXPECT_EQ(s.value, 0);
}

TEST(a_cancelled_waiter_leaves_no_trace)
{
    begin();
    eddy_semaphore s = EDDY_SEMAPHORE(0);
    EDDY_AUTO(eddy_task) *a = eddy_create_task(takes, &s, 'a', 0);
    EDDY_AUTO(eddy_task) *b = eddy_create_task(takes, &s, 'b', 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    eddy_task_cancel(a);
    EXPECT_EQ(eddy_await(a), EDDY_CANCELLED);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    EXPECT_EQ(eddy_await(b), 0);
    EXPECT_STR(order, "b");
    EXPECT_EQ(s.value, 1);
    EXPECT(s.waiters.first == NULL && s.waiters.last == NULL);
}

TEST(a_slot_promised_to_a_cancelled_waiter_goes_to_the_next)
{
    begin();
    eddy_semaphore s = EDDY_SEMAPHORE(0);
    EDDY_AUTO(eddy_task) *a = eddy_create_task(takes, &s, 'a', 0);
    EDDY_AUTO(eddy_task) *b = eddy_create_task(takes, &s, 'b', 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    eddy_task_cancel(a);
    EXPECT_EQ(eddy_await(b), 0);
    EXPECT_EQ(eddy_await(a), EDDY_CANCELLED);
    EXPECT_STR(order, "b");
    EXPECT_EQ(s.value, 1);
}

TEST(several_releases_wake_several)
{
    begin();
    eddy_semaphore s = EDDY_SEMAPHORE(0);
    for (char c = 'a'; c < 'e'; c++)
        eddy_start(takes, &s, c, 5);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(order, "ab");
    EXPECT_EQ(eddy_sleep(20), 0);
    EXPECT_STR(order, "abcd");
    EXPECT_EQ(s.value, 2);
}

TEST(a_bounded_one_is_not_released_too_often)
{
    eddy_semaphore s = EDDY_BOUNDED_SEMAPHORE(1);
    EXPECT_EQ(eddy_semaphore_release(&s), EDDY_EVALUE);
    EXPECT_EQ(eddy_semaphore_acquire(&s), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), EDDY_EVALUE);
    EXPECT_EQ(eddy_bounded_semaphore_init(&s, 3), 0);
    EXPECT_EQ(eddy_semaphore_release(&s), EDDY_EVALUE);
}

TEST(a_negative_value_is_refused)
{
    eddy_semaphore s;
    EXPECT_EQ(eddy_semaphore_init(&s, -1), EDDY_EVALUE);
    EXPECT_EQ(eddy_bounded_semaphore_init(&s, -1), EDDY_EVALUE);
    EXPECT_EQ(eddy_semaphore_init(&s, 0), 0);
    EXPECT(eddy_semaphore_locked(&s));
    EXPECT_EQ(eddy_within(1, eddy_semaphore_acquire(&s)), EDDY_TIMEDOUT);
}

TEST_PLAIN(acquiring_outside_a_task_is_misuse)
{
    eddy_semaphore s = EDDY_SEMAPHORE(1);
    EXPECT_EQ(eddy_semaphore_acquire(&s), EDDY_EMISUSE);
    EXPECT_EQ(eddy_semaphore_release(&s), 0);
    EXPECT_EQ(s.value, 2);
}

RUN_TESTS(TEST_OF(a_free_slot_is_taken_without_yielding),
          TEST_OF(no_more_than_so_many_are_inside_and_they_come_in_order),
          TEST_OF(nobody_barges_in_before_a_waiter),
          TEST_OF(a_cancelled_waiter_leaves_no_trace),
          TEST_OF(a_slot_promised_to_a_cancelled_waiter_goes_to_the_next),
          TEST_OF(several_releases_wake_several),
          TEST_OF(a_bounded_one_is_not_released_too_often),
          TEST_OF(a_negative_value_is_refused),
          TEST_OF(acquiring_outside_a_task_is_misuse))
