/* SPDX-License-Identifier: MIT */
/* Task groups: nobody outlives the scope, one's error ends all, and what comes out of it. */
#include "harness.h"

#include <errno.h>

static int cleaned_up;

EDDY_ASYNC_TO(int, answer_after, (double, seconds), (int, value))
{
    int rc = eddy_sleep(seconds);
    if (rc < 0) {
        cleaned_up++;
        return rc;
    }
    *result = value;
    return 0;
}

EDDY_ASYNC(fail_after, (double, seconds), (int, status))
{
    EDDY_TRY(eddy_sleep(seconds));
    return eddy_fail(status, "it failed after %g s", seconds);
}

TEST(the_end_waits_for_all_and_their_results_can_be_read_after)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_task *first = eddy_group_create_task(&group, answer_after, 1, 10);
    eddy_task *second = eddy_group_create_task_with(&group, answer_after, .seconds = 2, .value = 20);
    EXPECT_EQ(eddy_group_end(&group, 7), 7);
    EXPECT(eddy_time() == 2);
    int value = 0;
    EXPECT_EQ(eddy_task_result(first, &value), 0);
    EXPECT_EQ(value, 10);
    EXPECT_EQ(eddy_task_result(second, &value), 0);
    EXPECT_EQ(value, 20);
}

TEST(a_child_that_fails_cancels_its_siblings_and_the_body)
{
    cleaned_up = 0;
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, answer_after, 9, 1);
    eddy_group_create_task(&group, fail_after, 1, -EIO);
    int rc = eddy_sleep(5);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_error_cancel_reason(eddy_error_get(rc)), EDDY_CANCEL_SIBLING);
    rc = eddy_group_end(&group, rc);
    EXPECT_EQ(rc, EDDY_EGROUP);
    const eddy_error *error = eddy_error_get(rc);
    EXPECT_EQ(eddy_error_member_count(error), 1);
    EXPECT_EQ(eddy_error_code(eddy_error_member(error, 0)), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_member(error, 0)), "it failed after 1 s");
    EXPECT_EQ(cleaned_up, 1);
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

EDDY_ASYNC(leaves_early, (int, status))
{
    int on_my_frame = 0;
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, answer_after, 9, 1);
    EDDY_TRY(eddy_sleep(1));
    EDDY_TRY(status);
    return on_my_frame + eddy_group_end(&group, 0);
}

TEST(a_body_that_returns_early_joins_its_children_first)
{
    cleaned_up = 0;
    int rc = leaves_early(-EDOM);
    EXPECT_EQ(rc, EDDY_EGROUP);
    EXPECT_EQ(eddy_error_code(eddy_error_member(eddy_error_get(rc), 0)), -EDOM);
    EXPECT_EQ(cleaned_up, 1);
    EXPECT(eddy_time() == 1);
}

TEST(a_body_left_by_a_cancellation_stays_cancelled)
{
    cleaned_up = 0;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(leaves_early, 0);
    EXPECT_EQ(eddy_sleep(0.5), 0);
    EXPECT_EQ(eddy_task_cancel(task, "enough"), 1);
    int rc = eddy_await(task);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "enough");
    EXPECT_EQ(cleaned_up, 1);
}

TEST(cancelling_the_group_ends_it_without_an_error)
{
    cleaned_up = 0;
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, answer_after, 9, 1);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_group_cancel(&group), 0);
    EXPECT_EQ(eddy_group_end(&group, eddy_sleep(5)), 0);
    EXPECT_EQ(cleaned_up, 1);
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(eddy_sleep(1), 0);
}

TEST(a_group_cancelled_before_it_is_entered_ends_at_the_first_await)
{
    eddy_group group = EDDY_GROUP;
    EXPECT_EQ(eddy_group_cancel(&group), 0);
    EXPECT_EQ(eddy_group_enter(&group), 0);
    EXPECT_EQ(eddy_group_end(&group, eddy_sleep(5)), 0);
    EXPECT(eddy_time() == 0);
    EXPECT_EQ(eddy_group_cancel(&group), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sleep(1), 0);
}

TEST(a_group_that_is_not_open_refuses_children)
{
    eddy_group group = EDDY_GROUP;
    eddy_task *refused = eddy_group_create_task(&group, answer_after, 1, 1);
    EXPECT_EQ(eddy_future_exception(refused), EDDY_EMISUSE);
    EXPECT_EQ(eddy_group_end(&group, 0), EDDY_EMISUSE);
    EXPECT_EQ(eddy_group_enter(&group), 0);
    EXPECT_EQ(eddy_group_enter(&group), EDDY_EMISUSE);
    EXPECT_EQ(eddy_group_end(&group, 0), 0);
    EXPECT_EQ(eddy_group_enter(&group), EDDY_EMISUSE);
}

TEST(several_errors_are_all_members)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, fail_after, 1, -EIO);
    eddy_group_create_task(&group, fail_after, 1, -EPIPE);
    int rc = eddy_group_end(&group, 0);
    EXPECT_EQ(rc, EDDY_EGROUP);
    EXPECT_EQ(eddy_error_member_count(eddy_error_get(rc)), 2);
    EXPECT_EQ(eddy_error_code(eddy_error_member(eddy_error_get(rc), 1)), -EPIPE);
}

/* ---- cancellation that meets the group's own (CPython gh-155418, gh-155433) ------------------*/

EDDY_ASYNC(cleans_up_for, (double, seconds))
{
    int rc = eddy_sleep(3600);
    EDDY_IGNORE(eddy_sleep(seconds));
    cleaned_up++;
    return rc;
}

EDDY_ASYNC(cancels_the_group, (eddy_group *, group))
{
    EXPECT_EQ(eddy_group_cancel(group), 0);
    return eddy_sleep(EDDY_NO_TIMEOUT);
}

TEST(an_eager_child_that_cancels_its_group_is_cancelled_too)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_task *child = eddy_group_add(&group, eddy_coro(cancels_the_group, &group),
                                      &(eddy_task_options){.eager_start = true});
    EXPECT_EQ(eddy_group_end(&group, 0), 0);
    EXPECT(eddy_task_cancelled(child));
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

EDDY_ASYNC(cancels_its_group_at, (double, seconds), (double, cleanup))
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, cleans_up_for, cleanup);
    EDDY_TRY(eddy_sleep(seconds));
    EDDY_TRY(eddy_group_cancel(&group));
    return eddy_group_end(&group, 0);
}

TEST(a_timeout_expires_while_a_cancelled_group_waits)
{
    cleaned_up = 0;
    EXPECT_EQ(eddy_within(0.5, cancels_its_group_at(0.1, 1)), EDDY_TIMEDOUT);
    EXPECT_EQ(cleaned_up, 1);
    EXPECT(eddy_time() == 1.1);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

TEST(a_cancellation_from_outside_comes_out_of_a_cancelled_group)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(cancels_its_group_at, 0.1, 1);
    EXPECT_EQ(eddy_sleep(0.5), 0);
    EXPECT_EQ(eddy_task_cancel(task, "from outside"), 1);
    int rc = eddy_await(task);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "from outside");
    EXPECT_EQ(eddy_task_cancelling(task), 1);
}

EDDY_ASYNC(cancels_the_group_later, (eddy_group *, group), (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    return eddy_group_cancel(group);
}

EDDY_ASYNC(is_cancelled_by_its_child)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, cleans_up_for, 1);
    eddy_group_create_task(&group, cancels_the_group_later, &group, 0.1);
    return eddy_group_end(&group, 0);
}

TEST(a_timeout_expires_while_a_group_waits_that_a_child_has_cancelled)
{
    cleaned_up = 0;
    EXPECT_EQ(eddy_within(0.5, is_cancelled_by_its_child()), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 1.1);
    EXPECT_EQ(eddy_within(9, is_cancelled_by_its_child()), 0);
    EXPECT_EQ(cleaned_up, 2);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

EDDY_ASYNC(leaves_while_children_clean_up, (int, status))
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, cleans_up_for, 1);
    EDDY_TRY(eddy_sleep(0.1));
    EDDY_TRY(status);
    return 0;
}

TEST(a_cancellation_meets_a_group_left_without_its_end)
{
    // The timeout interrupts the body, the guard, and the guard of a body that has failed.
    EXPECT_EQ(eddy_within(0.05, leaves_while_children_clean_up(0)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_within(0.5, leaves_while_children_clean_up(0)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_within(0.5, leaves_while_children_clean_up(-EDOM)), EDDY_EGROUP);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

EDDY_ASYNC(fails_under_a_timeout)
{
    int rc = eddy_within(0.5, leaves_while_children_clean_up(-EDOM));
    EXPECT_EQ(rc, EDDY_EGROUP);
    return eddy_sleep(1);
}

TEST(a_cancellation_beside_an_error_is_delivered_at_the_next_await)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(fails_under_a_timeout);
    EXPECT_EQ(eddy_sleep(0.3), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
}

/* ---- a block that is left without the end ----------------------------------------------------*/

EDDY_ASYNC(returns_success)
{
    int answer = 0;
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, answer_after, 2, 1);
    EXPECT_EQ(eddy_within(1, eddy_sleep(9)), EDDY_TIMEDOUT); // handled: no error any more
    return answer;
}

TEST(a_return_without_an_error_waits_for_the_children)
{
    cleaned_up = 0;
    EXPECT_EQ(returns_success(), 0);
    EXPECT(eddy_time() == 2);
    EXPECT_EQ(cleaned_up, 0);
}

EDDY_ASYNC(fails_in_a_helper)
{
    EDDY_TRY(eddy_sleep(1));
    EDDY_TRY(-EDOM);
    return 0;
}

EDDY_ASYNC(handles_an_error_and_returns)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, answer_after, 2, 1);
    EXPECT_EQ(fails_in_a_helper(), -EDOM);
    return 0;
}

TEST(an_error_that_was_handled_does_not_cancel_the_children)
{
    cleaned_up = 0;
    EXPECT_EQ(handles_an_error_and_returns(), 0);
    EXPECT(eddy_time() == 2);
    EXPECT_EQ(cleaned_up, 0);
}

EDDY_ASYNC(returns_a_failure)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, answer_after, 9, 1);
    EDDY_TRY(eddy_sleep(1));
    return eddy_fail(-EDOM, "it can't go on");
}

TEST(a_failure_that_is_returned_cancels_the_children)
{
    cleaned_up = 0;
    EXPECT_EQ(returns_a_failure(), EDDY_EGROUP);
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(cleaned_up, 1);
}

EDDY_ASYNC(returns_its_cancellation)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, answer_after, 9, 1);
    int rc = eddy_sleep(5);
    return rc; // not through EDDY_TRY
}

TEST(a_cancellation_that_is_returned_by_hand_cancels_the_children)
{
    cleaned_up = 0;
    EXPECT_EQ(eddy_within(1, returns_its_cancellation()), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(cleaned_up, 1);
}

/* ---- blocks that are left while the body goes on ---------------------------------------------*/

EDDY_ASYNC(breaks_inside_other_scopes, (int, child_status))
{
    eddy_group outer, inner; eddy_group_begin(&outer); // two on one line, too
    eddy_timeout_begin(5);
    for (;;) {
        eddy_group_begin(&inner);
        EXPECT_EQ(eddy_group_start(&inner, fail_after, 1, child_status), 0);
        break;
    }
    int rc = eddy_timeout_end(0);
    EXPECT_EQ(rc, child_status < 0 ? EDDY_EGROUP : 0);
    return eddy_group_end(&outer, rc);
}

TEST(a_scope_can_be_ended_around_a_block_that_was_left)
{
    EXPECT_EQ(breaks_inside_other_scopes(0), 0);
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(breaks_inside_other_scopes(-EIO), EDDY_EGROUP);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
}

EDDY_ASYNC(leaves_a_block_each_round, (int *, rounds))
{
    for (;;) {
        eddy_group group;
        eddy_group_begin(&group);
        EXPECT_EQ(eddy_group_start(&group, answer_after, 1, 1), 0);
        EDDY_TRY(eddy_sleep(0));
        ++*rounds;
    }
}

TEST(a_cancellation_that_meets_a_block_being_left_ends_the_body)
{
    int rounds = 0;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(leaves_a_block_each_round, &rounds);
    EXPECT_EQ(eddy_sleep(1.5), 0);
    EXPECT_EQ(eddy_task_cancel(task, "enough"), 1);
    int rc = eddy_await(task);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "enough");
    EXPECT_EQ(rounds, 2);
    EXPECT(eddy_time() == 1.5);
    EXPECT_EQ(eddy_within(1.5, leaves_a_block_each_round(&rounds)), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 3);
    EXPECT_EQ(eddy_sleep(1), 0);
}

EDDY_ASYNC(leaves_cancelled_blocks)
{
    for (int i = 0; i < 3; i++) {
        eddy_group group;
        eddy_group_begin(&group);
        EXPECT_EQ(eddy_group_cancel(&group), 0);
    }
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
    return eddy_sleep(1);
}

TEST(the_own_cancellation_of_a_block_that_was_left_ends_with_it)
{
    EXPECT_EQ(leaves_cancelled_blocks(), 0);
}

EDDY_ASYNC(fails_behind_a_block)
{
    {
        eddy_group group;
        eddy_group_begin(&group);
        EXPECT_EQ(eddy_group_start(&group, answer_after, 1, 1), 0);
    }
    EDDY_TRY(fail_after(1, -EDOM));
    return 0;
}

TEST(an_error_behind_a_block_that_was_left_is_not_its_own)
{
    EXPECT_EQ(fails_behind_a_block(), -EDOM);
    EXPECT(eddy_time() == 2);
}

EDDY_ASYNC(leaves_many_blocks)
{
    long before = 0;
    for (int i = 0; i < 100; i++) {
        eddy_group group;
        eddy_group_begin(&group);
        if (i == 10)
            before = harness_blocks_held();
        EXPECT(i <= 10 || harness_blocks_held() == before);
    }
    return 0;
}

TEST(of_blocks_that_were_left_nothing_is_kept)
{
    EXPECT_EQ(leaves_many_blocks(), 0);
}

/* ---- children without a handle ---------------------------------------------------------------*/

TEST(of_children_without_a_handle_nothing_is_kept)
{
    eddy_group group;
    eddy_group_begin(&group);
    long before = 0;
    for (int i = 0; i < 1000; i++) {
        EXPECT_EQ(eddy_group_start(&group, answer_after, 0, i), 0);
        EXPECT_EQ(eddy_sleep(1), 0);
        if (i == 10)
            before = harness_blocks_held();
    }
    EXPECT_EQ(harness_blocks_held(), before);
    EXPECT_EQ(eddy_group_end(&group, 0), 0);
}

TEST(children_without_a_handle_are_joined_and_fail_the_group)
{
    cleaned_up = 0;
    eddy_group group;
    eddy_group_begin(&group);
    EXPECT_EQ(eddy_group_start(&group, answer_after, 9, 1), 0);
    EXPECT_EQ(eddy_group_start(&group, fail_after, 1, -EIO), 0);
    EXPECT_EQ(eddy_group_end(&group, 0), EDDY_EGROUP);
    EXPECT_EQ(cleaned_up, 1);
    EXPECT_EQ(eddy_group_start(&group, answer_after, 9, 1), EDDY_EMISUSE);
}

RUN_TESTS(TEST_OF(the_end_waits_for_all_and_their_results_can_be_read_after),
          TEST_OF(a_child_that_fails_cancels_its_siblings_and_the_body),
          TEST_OF(a_body_that_returns_early_joins_its_children_first),
          TEST_OF(a_body_left_by_a_cancellation_stays_cancelled),
          TEST_OF(cancelling_the_group_ends_it_without_an_error),
          TEST_OF(a_group_cancelled_before_it_is_entered_ends_at_the_first_await),
          TEST_OF(a_group_that_is_not_open_refuses_children),
          TEST_OF(several_errors_are_all_members),
          TEST_OF(an_eager_child_that_cancels_its_group_is_cancelled_too),
          TEST_OF(a_timeout_expires_while_a_cancelled_group_waits),
          TEST_OF(a_cancellation_from_outside_comes_out_of_a_cancelled_group),
          TEST_OF(a_timeout_expires_while_a_group_waits_that_a_child_has_cancelled),
          TEST_OF(a_cancellation_meets_a_group_left_without_its_end),
          TEST_OF(a_cancellation_beside_an_error_is_delivered_at_the_next_await),
          TEST_OF(a_return_without_an_error_waits_for_the_children),
          TEST_OF(an_error_that_was_handled_does_not_cancel_the_children),
          TEST_OF(a_failure_that_is_returned_cancels_the_children),
          TEST_OF(a_cancellation_that_is_returned_by_hand_cancels_the_children),
          TEST_OF(a_scope_can_be_ended_around_a_block_that_was_left),
          TEST_OF(a_cancellation_that_meets_a_block_being_left_ends_the_body),
          TEST_OF(the_own_cancellation_of_a_block_that_was_left_ends_with_it),
          TEST_OF(an_error_behind_a_block_that_was_left_is_not_its_own),
          TEST_OF(of_blocks_that_were_left_nothing_is_kept),
          TEST_OF(of_children_without_a_handle_nothing_is_kept),
          TEST_OF(children_without_a_handle_are_joined_and_fail_the_group))
