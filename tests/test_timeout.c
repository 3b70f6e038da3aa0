/* SPDX-License-Identifier: MIT */
/* Timeout scopes: what expires, what passes through, and who ends what was left open. */
#include "harness.h"

EDDY_ASYNC(leaves_early, (double, seconds))
{
    EDDY_TRY(eddy_timeout_begin(seconds));
    EDDY_TRY(eddy_sleep(10));
    return eddy_timeout_end(0);
}

TEST(a_body_that_takes_too_long_times_out)
{
    EXPECT_EQ(eddy_timeout_begin(2), 0);
    int rc = eddy_sleep(5);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_timeout_end(rc), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 2);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

TEST(a_body_in_time_keeps_its_status)
{
    EXPECT_EQ(eddy_within(2, eddy_sleep(1)), 0);
    EXPECT_EQ(eddy_within(2, -7), -7);
    EXPECT_EQ(eddy_sleep(10), 0);
}

TEST(a_scope_left_open_by_a_body_is_ended_with_its_status)
{
    EXPECT_EQ(leaves_early(3), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 3);
    EXPECT(eddy_timeout_current() == NULL);
}

TEST(the_inner_scope_alone_turns_its_own_deadline)
{
    EXPECT_EQ(eddy_timeout_begin(1), 0);
    int rc = eddy_within(5, eddy_sleep(9));
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_timeout_end(rc), EDDY_TIMEDOUT);
}

static int plain_function(void)
{
    eddy_timeout_begin(1);
    return 0;
}

EDDY_ASYNC(calls_plain_function)
{
    return plain_function();
}

TEST(a_plain_function_that_leaves_a_scope_open_is_reported)
{
    expect_report(EDDY_REPORT_SCOPE);
    EXPECT_EQ(calls_plain_function(), 0);
    EXPECT_EQ(eddy_sleep(2), 0);
}

TEST(a_deadline_can_be_moved)
{
    EDDY_AUTO(eddy_timeout) *timeout = eddy_timeout_new(1);
    EXPECT_EQ(eddy_timeout_enter(timeout), 0);
    EXPECT_EQ(eddy_timeout_reschedule(timeout, eddy_time() + 5), 0);
    EXPECT(eddy_timeout_when(timeout) == 5);
    int rc = eddy_sleep(4);
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(eddy_timeout_end(rc), 0);
    EXPECT(!eddy_timeout_expired(timeout));
    EXPECT_EQ(eddy_timeout_enter(timeout), EDDY_EMISUSE);
    EXPECT_EQ(eddy_timeout_reschedule(timeout, 9), EDDY_EMISUSE);
}

TEST(a_passed_deadline_cancels_at_the_next_await)
{
    EXPECT_EQ(eddy_within(-1, eddy_sleep(0)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_within(0, eddy_sleep(1)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 0);
}

TEST(a_time_that_is_no_number_is_refused)
{
    EXPECT_EQ(eddy_timeout_begin(__builtin_nan("")), EDDY_EVALUE);
    EXPECT_EQ(eddy_within(__builtin_nan(""), eddy_sleep(1)), EDDY_EVALUE);
}

EDDY_ASYNC_TO(int, answer_after, (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = 42;
    return 0;
}

TEST(wait_for_gives_the_value_or_times_out)
{
    int value = 0;
    EXPECT_EQ(eddy_wait_for(eddy_coro(answer_after, 1), 2, &value), 0);
    EXPECT_EQ(value, 42);
    EXPECT_EQ(eddy_wait_for(eddy_coro(answer_after, 5), 2), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 3);
    EXPECT_EQ(eddy_wait_for(eddy_coro(answer_after, 0), 0, &value), EDDY_TIMEDOUT);
}

TEST(wait_for_cancels_and_awaits_the_task)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(answer_after, 9);
    EXPECT_EQ(eddy_wait_for(task, 1), EDDY_TIMEDOUT);
    EXPECT(eddy_task_cancelled(task));
    EXPECT_EQ(eddy_error_cancel_reason(eddy_future_error(task)), EDDY_CANCEL_DEADLINE);
}

RUN_TESTS(TEST_OF(a_body_that_takes_too_long_times_out),
          TEST_OF(a_body_in_time_keeps_its_status),
          TEST_OF(a_scope_left_open_by_a_body_is_ended_with_its_status),
          TEST_OF(the_inner_scope_alone_turns_its_own_deadline),
          TEST_OF(a_plain_function_that_leaves_a_scope_open_is_reported),
          TEST_OF(a_deadline_can_be_moved),
          TEST_OF(a_passed_deadline_cancels_at_the_next_await),
          TEST_OF(a_time_that_is_no_number_is_refused),
          TEST_OF(wait_for_gives_the_value_or_times_out),
          TEST_OF(wait_for_cancels_and_awaits_the_task))
