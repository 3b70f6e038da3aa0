/* SPDX-License-Identifier: MIT */
/* wait_for: a limit on one await; with time left, without any, and cancelled from outside. */
#include "harness.h"

#include <errno.h>

EDDY_ASYNC_TO(int, answers, (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = 42;
    return 0;
}

EDDY_ASYNC(fails, (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    return eddy_fail(-EIO, "broken");
}

EDDY_ASYNC(cleans_up, (double, seconds), (int, status))
{
    int rc = eddy_sleep(100);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EDDY_TRY(eddy_sleep(seconds));
    return status;
}

EDDY_ASYNC(waits_for, (eddy_future *, future), (double, seconds))
{
    return eddy_wait_for(future, seconds);
}

TEST(what_ends_in_time_gives_its_value)
{
    int value = 0;
    EXPECT_EQ(eddy_wait_for(eddy_coro(answers, 1), 2, &value), 0);
    EXPECT_EQ(value, 42);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(answers, 1);
    EXPECT_EQ(eddy_wait_for(task, EDDY_NO_TIMEOUT, &value), 0);
    EXPECT(eddy_time() == 2);
    EXPECT_EQ(eddy_wait_for(task, 0, &value), 0);
    EXPECT_EQ(eddy_wait_for(task, -1), 0);
}

TEST(what_takes_too_long_is_cancelled_and_waited_for)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(cleans_up, 3, 0);
    EXPECT_EQ(eddy_wait_for(task, 2), 0); // it returned all the same
    EXPECT(eddy_time() == 5);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(cleans_up, 3, EDDY_CANCELLED);
    EXPECT_EQ(eddy_wait_for(other, 2), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 10);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

TEST(a_coroutine_object_runs_in_the_caller)
{
    EXPECT_EQ(eddy_wait_for(eddy_coro(cleans_up, 1, 7), 2), 7);
    EXPECT_EQ(eddy_wait_for(eddy_coro(cleans_up, 1, -EIO), 2), -EIO);
    EXPECT_EQ(eddy_wait_for(eddy_coro(fails, 1), 2), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "broken");
}

TEST(without_time_what_is_not_done_is_cancelled)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(cleans_up, 3, EDDY_CANCELLED);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_wait_for(task, 0), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 3);
    EXPECT(eddy_task_cancelled(task));
    EDDY_AUTO(eddy_task) *late = eddy_create_task(cleans_up, 0, 8);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_wait_for(late, -5), 8);
    EDDY_AUTO(eddy_future) *gone = eddy_future_new(void);
    eddy_future_cancel(gone);
    EXPECT_EQ(eddy_wait_for(gone, 0), EDDY_CANCELLED); // it was so before
}

TEST(an_error_comes_through_without_time_too)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(fails, 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_wait_for(task, 0), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "broken");
}

TEST(a_cancellation_from_outside_is_no_timeout)
{
    EDDY_AUTO(eddy_task) *inner = eddy_create_task(answers, 9);
    EDDY_AUTO(eddy_task) *outer = eddy_create_task(waits_for, inner, 5);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(outer);
    EXPECT_EQ(eddy_await(outer), EDDY_CANCELLED);
    EXPECT(eddy_task_cancelled(inner));
}

TEST(the_wait_without_time_can_be_cancelled)
{
    EDDY_AUTO(eddy_task) *inner = eddy_create_task(cleans_up, 50, EDDY_CANCELLED);
    EXPECT_EQ(eddy_sleep(0), 0);
    EDDY_AUTO(eddy_task) *outer = eddy_create_task(waits_for, inner, 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_task_cancel(outer), 1);
    EXPECT_EQ(eddy_await(outer), EDDY_CANCELLED);
    EXPECT(eddy_time() == 1);
    EXPECT(!eddy_task_done(inner)); // it cleans up alone
    EXPECT_EQ(eddy_await(inner), EDDY_CANCELLED);
}

TEST(a_timeout_that_meets_a_cancellation_at_the_same_time_is_a_cancellation)
{
    EDDY_AUTO(eddy_task) *inner = eddy_create_task(answers, 9);
    EDDY_AUTO(eddy_task) *outer = eddy_create_task(waits_for, inner, 2);
    EXPECT_EQ(eddy_sleep(2), 0);
    eddy_task_cancel(outer);
    EXPECT_EQ(eddy_await(outer), EDDY_CANCELLED);
}

TEST(nested_limits_expire_from_the_tightest)
{
    int value = 0;
    EXPECT_EQ(eddy_within(5, eddy_wait_for(eddy_coro(answers, 9), 2, &value)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 2);
    EXPECT_EQ(eddy_within(1, eddy_wait_for(eddy_coro(answers, 9), 5, &value)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 3);
}

TEST(a_wrong_call_is_told)
{
    char small;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(answers, 1);
    EXPECT_EQ(eddy_wait_for(task, __builtin_nan("")), EDDY_EVALUE);
    EXPECT_EQ(eddy_wait_for(NULL, 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_wait_for(task, 5, &small), EDDY_EMISUSE);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_wait_for(eddy_current_task(), 1), EDDY_EMISUSE);
}

RUN_TESTS(TEST_OF(what_ends_in_time_gives_its_value),
          TEST_OF(what_takes_too_long_is_cancelled_and_waited_for),
          TEST_OF(a_coroutine_object_runs_in_the_caller),
          TEST_OF(without_time_what_is_not_done_is_cancelled),
          TEST_OF(an_error_comes_through_without_time_too),
          TEST_OF(a_cancellation_from_outside_is_no_timeout),
          TEST_OF(the_wait_without_time_can_be_cancelled),
          TEST_OF(a_timeout_that_meets_a_cancellation_at_the_same_time_is_a_cancellation),
          TEST_OF(nested_limits_expire_from_the_tightest),
          TEST_OF(a_wrong_call_is_told))
