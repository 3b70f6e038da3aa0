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

RUN_TESTS(TEST_OF(the_end_waits_for_all_and_their_results_can_be_read_after),
          TEST_OF(a_child_that_fails_cancels_its_siblings_and_the_body),
          TEST_OF(a_body_that_returns_early_joins_its_children_first),
          TEST_OF(a_body_left_by_a_cancellation_stays_cancelled),
          TEST_OF(cancelling_the_group_ends_it_without_an_error),
          TEST_OF(a_group_cancelled_before_it_is_entered_ends_at_the_first_await),
          TEST_OF(a_group_that_is_not_open_refuses_children),
          TEST_OF(several_errors_are_all_members))
