/* SPDX-License-Identifier: MIT */
/* Shields: who is cancelled, who runs on, and who hears of an error. */
#include "harness.h"

#include <errno.h>

EDDY_ASYNC_TO(int, save, (double, seconds), (int, status))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = 42;
    return status;
}

EDDY_ASYNC(shield_it, (eddy_task *, task))
{
    return eddy_shield(task);
}

TEST(the_value_comes_through)
{
    int value = 0;
    EXPECT_EQ(eddy_shield(eddy_coro(save, 1, 0), &value), 0);
    EXPECT_EQ(value, 42);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(save, 1, 0);
    EDDY_AUTO(eddy_future) *shield = eddy_shield_start(task);
    EXPECT_EQ(eddy_await(shield), 0);
    const int *lent = eddy_future_value(shield);
    REQUIRE(lent != NULL);
    EXPECT_EQ(*lent, 42);
}

TEST(a_cancelled_waiter_leaves_the_task_running)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(save, 5, 0);
    EXPECT_EQ(eddy_within(1, eddy_shield(task)), EDDY_TIMEDOUT);
    EXPECT(!eddy_task_done(task));
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT(eddy_time() == 5);
}

TEST(an_error_that_nobody_waits_for_any_more_is_reported_once)
{
    expect_report(EDDY_REPORT_SHIELD);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(save, 5, -EIO);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(shield_it, task);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(shield_it, task);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(first);
    eddy_task_cancel(second);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(second), EDDY_CANCELLED);
    EXPECT_EQ(eddy_sleep(9), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_SHIELD), 1);
}

TEST(one_that_is_done_is_its_own_shield)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(save, 0, 0);
    EXPECT_EQ(eddy_await(task), 0);
    EDDY_AUTO(eddy_future) *shield = eddy_shield_start(task);
    EXPECT(shield == task);
}

RUN_TESTS(TEST_OF(the_value_comes_through), TEST_OF(a_cancelled_waiter_leaves_the_task_running),
          TEST_OF(an_error_that_nobody_waits_for_any_more_is_reported_once),
          TEST_OF(one_that_is_done_is_its_own_shield))
