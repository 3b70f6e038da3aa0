/* SPDX-License-Identifier: MIT */
/* Timeout scopes: what expires, what passes through, and who ends what was left open. */
#include "harness.h"

#include <errno.h>

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
    EXPECT_EQ(eddy_timeout_begin(5), 0);
    EXPECT_EQ(eddy_timeout_begin(__builtin_nan("")), EDDY_EVALUE);
    EXPECT_EQ(eddy_timeout_end(0), EDDY_EVALUE); // its own end, not that of the scope around it
    EXPECT_EQ(eddy_timeout_end(eddy_sleep(9)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_within(__builtin_nan(""), eddy_sleep(1)), EDDY_EVALUE);
}

TEST(a_deadline_is_a_time_of_the_loops_clock)
{
    EXPECT_EQ(eddy_sleep(10), 0);
    EXPECT_EQ(eddy_timeout_at_begin(12), 0);
    EXPECT(eddy_timeout_when(eddy_timeout_current()) == 12);
    int rc = eddy_sleep(5);
    EXPECT_EQ(eddy_timeout_end(rc), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 12);
    EXPECT_EQ(eddy_timeout_at_begin(1), 0); // passed
    EXPECT_EQ(eddy_timeout_end(eddy_sleep(1)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 12);
}

TEST(no_limit_never_expires)
{
    EDDY_AUTO(eddy_timeout) *timeout = eddy_timeout_new(EDDY_NO_TIMEOUT);
    EXPECT_EQ(eddy_timeout_enter(timeout), 0);
    EXPECT(eddy_timeout_when(timeout) == EDDY_NO_TIMEOUT);
    int rc = eddy_sleep(1e9);
    EXPECT_EQ(eddy_timeout_end(rc), 0);
    EXPECT(!eddy_timeout_expired(timeout));
}

TEST(a_deadline_that_passes_without_an_await_is_no_timeout)
{
    EDDY_AUTO(eddy_timeout) *timeout = eddy_timeout_new(1);
    EXPECT_EQ(eddy_timeout_enter(timeout), 0);
    EXPECT_EQ(eddy_advance_clock(5), 0);
    EXPECT_EQ(eddy_timeout_end(0), 0);
    EXPECT(!eddy_timeout_expired(timeout));
    EXPECT_EQ(eddy_sleep(5), 0);
}

TEST(a_body_that_catches_the_cancellation_keeps_its_status)
{
    EDDY_AUTO(eddy_timeout) *timeout = eddy_timeout_new(1);
    EXPECT_EQ(eddy_timeout_enter(timeout), 0);
    EXPECT_EQ(eddy_sleep(5), EDDY_CANCELLED);
    EXPECT(eddy_timeout_expired(timeout));
    EXPECT_EQ(eddy_sleep(5), 0); // once
    EXPECT_EQ(eddy_timeout_reschedule(timeout, 20), EDDY_EMISUSE);
    EXPECT_EQ(eddy_timeout_end(-7), -7);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

EDDY_ASYNC(sleeps_within, (double, limit), (double, seconds))
{
    return eddy_within(limit, eddy_sleep(seconds));
}

TEST(a_cancellation_from_outside_passes_through)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_within, 5, 9);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(task, "not the deadline");
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "not the deadline");
    EXPECT(eddy_time() == 1);
}

TEST(deadline_and_cancellation_at_the_same_time_are_a_cancellation)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_within, 2, 9);
    EXPECT_EQ(eddy_sleep(2), 0);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(eddy_task_cancelling(task), 1);
}

TEST(requests_from_before_the_scope_dont_count)
{
    eddy_task_cancel(eddy_current_task());
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 1);
    EXPECT_EQ(eddy_within(1, eddy_sleep(5)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_task_uncancel(eddy_current_task()), 0);
}

TEST(two_scopes_that_expire_together_both_say_so)
{
    EXPECT_EQ(eddy_timeout_begin(1), 0);
    int rc = eddy_within(1, eddy_sleep(9));
    EXPECT_EQ(rc, EDDY_CANCELLED); // the outer one has asked too
    EXPECT_EQ(eddy_timeout_end(rc), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

EDDY_ASYNC(leaves_three_open)
{
    EDDY_TRY(eddy_timeout_begin(30));
    EDDY_TRY(eddy_timeout_begin(1));
    EDDY_TRY(eddy_timeout_begin(20));
    EDDY_TRY(eddy_sleep(10));
    return 0;
}

TEST(scopes_left_open_are_ended_newest_first)
{
    EXPECT_EQ(leaves_three_open(), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(eddy_sleep(50), 0); // nothing is armed any more
    EDDY_AUTO(eddy_task) *task = eddy_create_task(leaves_three_open);
    EXPECT_EQ(eddy_await(task), EDDY_TIMEDOUT);
}

TEST(a_deadline_moved_closer_expires_there_and_one_moved_into_the_past_at_once)
{
    EDDY_AUTO(eddy_timeout) *timeout = eddy_timeout_new(100);
    EXPECT_EQ(eddy_timeout_enter(timeout), 0);
    EXPECT_EQ(eddy_timeout_reschedule(timeout, 3), 0);
    EXPECT_EQ(eddy_timeout_end(eddy_sleep(50)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 3);
    EDDY_AUTO(eddy_timeout) *other = eddy_timeout_new(100);
    EXPECT_EQ(eddy_timeout_enter(other), 0);
    EXPECT_EQ(eddy_timeout_reschedule(other, 1), 0);
    EXPECT_EQ(eddy_timeout_reschedule(other, __builtin_nan("")), EDDY_EVALUE);
    EXPECT_EQ(eddy_timeout_end(eddy_sleep(50)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 3);
}

TEST(wrong_ends_are_told)
{
    EXPECT_EQ(eddy_timeout_end(0), EDDY_EMISUSE);
    EXPECT_EQ(eddy_timeout_enter(NULL), -ENOMEM);
    EDDY_AUTO(eddy_timeout) *unused = eddy_timeout_new(1);
    EXPECT_EQ(eddy_timeout_reschedule(unused, 5), EDDY_EMISUSE);
    EXPECT(!eddy_timeout_expired(unused));
    EDDY_AUTO(eddy_timeout) *no_time = eddy_timeout_new(__builtin_nan(""));
    EXPECT_EQ(eddy_timeout_enter(no_time), EDDY_EVALUE);
    fail_allocation(0);
    EXPECT_EQ(eddy_timeout_begin(1), -ENOMEM);
    EXPECT(eddy_timeout_current() == NULL);
}

TEST(what_timed_out_says_where_the_limit_was_set)
{
    int line = __LINE__ + 1;
    EXPECT_EQ(eddy_within(1, eddy_sleep(5)), EDDY_TIMEDOUT);
    const eddy_place *place = eddy_error_place(eddy_error_get(EDDY_TIMEDOUT));
    EXPECT(place != NULL && place->line == line);
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
          TEST_OF(a_deadline_is_a_time_of_the_loops_clock),
          TEST_OF(no_limit_never_expires),
          TEST_OF(a_deadline_that_passes_without_an_await_is_no_timeout),
          TEST_OF(a_body_that_catches_the_cancellation_keeps_its_status),
          TEST_OF(a_cancellation_from_outside_passes_through),
          TEST_OF(deadline_and_cancellation_at_the_same_time_are_a_cancellation),
          TEST_OF(requests_from_before_the_scope_dont_count),
          TEST_OF(two_scopes_that_expire_together_both_say_so),
          TEST_OF(scopes_left_open_are_ended_newest_first),
          TEST_OF(a_deadline_moved_closer_expires_there_and_one_moved_into_the_past_at_once),
          TEST_OF(wrong_ends_are_told),
          TEST_OF(what_timed_out_says_where_the_limit_was_set),
          TEST_OF(wait_for_gives_the_value_or_times_out),
          TEST_OF(wait_for_cancels_and_awaits_the_task))
