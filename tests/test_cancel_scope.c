/* SPDX-License-Identifier: MIT */
/* Scopes that are cancelled for good, and shields against them. */
#include "harness.h"

#include <errno.h>
#include <string.h>

static int cancel_now(void *scope)
{
    return eddy_cancel_scope_cancel(scope, "enough");
}

/* Cancels `scope` at `seconds` from now. */
static void cancel_later(eddy_cancel_scope *scope, double seconds)
{
    EXPECT_EQ(eddy_call_later(seconds, cancel_now, scope, NULL), 0);
}

/* ---- one task --------------------------------------------------------------------------------*/

TEST(every_await_is_cancelled_from_then_on)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 2);
    EXPECT_EQ(eddy_sleep(1), 0);
    for (int i = 0; i < 5; i++)
        EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_sleep(0), EDDY_CANCELLED);
    EXPECT(eddy_time() == 2);
    EXPECT(eddy_cancel_scope_cancelled(scope) && !eddy_cancel_scope_caught(scope));
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT(eddy_cancel_scope_caught(scope));
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
}

TEST(each_kind_of_await_is_cancelled)
{
    eddy_lock lock = EDDY_LOCK;
    eddy_event event = EDDY_EVENT;
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EDDY_AUTO(eddy_future) *kept = eddy_future_new(void);
    EXPECT_EQ(eddy_lock_acquire(&lock), 0);
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(eddy_cancel_scope_current()), 1);
    EXPECT_EQ(eddy_lock_acquire(&lock), EDDY_CANCELLED);
    EXPECT_EQ(eddy_event_wait(&event), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(future), EDDY_CANCELLED); // and is cancelled, as by any cancelled waiter
    EXPECT(eddy_future_cancelled(future));
    EXPECT_EQ(eddy_shield(kept), EDDY_CANCELLED);
    EXPECT(!eddy_future_done(kept));
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_lock_release(&lock), 0);
}

TEST(the_cancellation_says_who_and_why)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 1);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
        const eddy_error *error = eddy_error_get(EDDY_CANCELLED);
        EXPECT_STR(eddy_error_message(error), "enough");
        EXPECT_EQ(eddy_error_cancel_reason(error), EDDY_CANCEL_SCOPE);
        REQUIRE(eddy_error_place(error) != NULL);
        EXPECT(strstr(eddy_error_place(error)->file, "test_cancel_scope.c") != NULL);
    }
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
}

TEST(the_end_changes_nothing_but_its_own_cancellation)
{
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_end(7), 7);
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), EDDY_CANCELLED); // nobody cancelled it
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(scope), 1);
    EXPECT_EQ(eddy_cancel_scope_cancel(scope), 0);
    EXPECT_EQ(eddy_cancel_scope_end(-EIO), -EIO);
    EXPECT(!eddy_cancel_scope_caught(scope));
    EXPECT_EQ(eddy_cancel_scope_cancel(scope), 0); // it has ended
    EXPECT_EQ(eddy_sleep(0), 0);
}

TEST(a_scope_cancelled_before_it_is_entered_cancels_at_once)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_cancel(scope, "too late"), 1);
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "too late");
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT(eddy_time() == 0);
}

TEST(what_needs_no_wait_goes_on)
{
    eddy_lock lock = EDDY_LOCK;
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(eddy_cancel_scope_current()), 1);
    EXPECT_EQ(eddy_lock_acquire(&lock), 0);
    EXPECT_EQ(eddy_lock_release(&lock), 0);
    EXPECT_EQ(eddy_cancel_scope_end(0), 0);
}

TEST(misuse_is_told)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(NULL), -ENOMEM);
    EXPECT_EQ(eddy_cancel_scope_cancel(NULL), 0);
    EXPECT_EQ(eddy_cancel_scope_end(0), EDDY_EMISUSE);
    EXPECT_EQ(eddy_cancel_shield_end(0), EDDY_EMISUSE);
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    EXPECT_EQ(eddy_cancel_scope_enter(scope), EDDY_EMISUSE);
    EXPECT_EQ(eddy_cancel_shield_end(0), EDDY_EMISUSE);
    EXPECT(eddy_cancel_scope_current() == scope);
    EXPECT_EQ(eddy_cancel_scope_end(0), 0);
    EXPECT(eddy_cancel_scope_current() == NULL);
}

/* ---- nesting and other requests --------------------------------------------------------------*/

TEST(the_outermost_of_two_cancelled_scopes_takes_the_cancellation)
{
    EDDY_AUTO(eddy_cancel_scope) *outer = eddy_cancel_scope_new();
    EDDY_AUTO(eddy_cancel_scope) *inner = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(outer), 0);
    EXPECT_EQ(eddy_cancel_scope_enter(inner), 0);
    cancel_later(inner, 1);
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_cancel(outer), 1);
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), EDDY_CANCELLED);
    EXPECT(!eddy_cancel_scope_caught(inner));
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
}

TEST(an_inner_scope_ends_and_the_outer_goes_on)
{
    EDDY_AUTO(eddy_cancel_scope) *inner = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_enter(inner), 0);
    cancel_later(inner, 1);
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_cancel_scope_end(0), 0);
}

EDDY_ASYNC(sleeps_in, (eddy_cancel_scope *, scope))
{
    EDDY_TRY(eddy_cancel_scope_enter(scope));
    int rc = eddy_sleep(10);
    return eddy_cancel_scope_end(rc);
}

TEST(another_request_goes_through_the_scope)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_in, scope);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(scope), 1);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(!eddy_cancel_scope_caught(scope));
}

TEST(a_timeout_inside_is_passed_through_and_one_around_stays_one)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_within(5, eddy_sleep(10)), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_timeout_begin(1), 0);
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    int rc = eddy_cancel_scope_end(eddy_sleep(10));
    EXPECT_EQ(eddy_timeout_end(rc), EDDY_TIMEDOUT);
}

/* ---- shields ---------------------------------------------------------------------------------*/

TEST(awaits_in_a_shield_work_and_those_behind_it_do_not)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_shielded(eddy_sleep(5)), 0);
    EXPECT(eddy_time() == 6);
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
}

TEST(a_scope_cancelled_during_a_shield_waits_for_its_end)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_shielded(eddy_sleep(5)), 0);
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT(eddy_time() == 5);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
}

EDDY_ASYNC(sleeps_shielded, (eddy_cancel_scope *, scope))
{
    EDDY_TRY(eddy_cancel_scope_enter(scope));
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    int rc = eddy_shielded(eddy_sleep(10));
    EXPECT_EQ(rc, EDDY_CANCELLED);
    return eddy_cancel_scope_end(rc);
}

TEST(a_shield_lets_other_requests_through)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_shielded, scope);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(scope), 1);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(eddy_time() == 2);
}

TEST(a_scope_inside_a_shield_can_be_cancelled)
{
    EDDY_AUTO(eddy_cancel_scope) *inner = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(eddy_cancel_scope_current()), 1);
    EXPECT_EQ(eddy_cancel_shield_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_enter(inner), 0);
    cancel_later(inner, 1);
    EXPECT_EQ(eddy_sleep(10), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_cancel_shield_end(0), 0);
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT(eddy_time() == 2);
}

/* ---- bodies that leave early -----------------------------------------------------------------*/

EDDY_ASYNC(leaves_early, (eddy_cancel_scope *, scope))
{
    EDDY_TRY(eddy_cancel_scope_enter(scope));
    EDDY_TRY(eddy_sleep(10));
    return eddy_cancel_scope_end(1);
}

EDDY_ASYNC(leaves_a_shield_early, (eddy_cancel_scope *, scope))
{
    EDDY_TRY(eddy_cancel_scope_enter(scope));
    EDDY_TRY(eddy_cancel_shield_begin());
    EDDY_TRY(eddy_within(1, eddy_sleep(10)));
    return 0;
}

TEST(a_body_that_leaves_early_ends_the_scope_and_swallows_its_cancellation)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    cancel_later(scope, 1);
    EXPECT_EQ(leaves_early(scope), 0);
    EXPECT(eddy_cancel_scope_caught(scope));
    EXPECT_EQ(eddy_sleep(1), 0);
    EDDY_AUTO(eddy_cancel_scope) *other = eddy_cancel_scope_new();
    EXPECT_EQ(leaves_a_shield_early(other), EDDY_TIMEDOUT);
    EXPECT(eddy_cancel_scope_current() == NULL);
}

/* ---- groups ----------------------------------------------------------------------------------*/

static int stubborn_awaits;

/* Overlooks what its awaits say, three times. */
EDDY_ASYNC(is_stubborn)
{
    for (int i = 0; i < 3; i++)
        stubborn_awaits += eddy_sleep(10) == EDDY_CANCELLED;
    return 0;
}

EDDY_ASYNC(cleans_up_for, (double, seconds))
{
    int rc = eddy_sleep(10);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_shielded(eddy_sleep(seconds)), 0);
    return rc;
}

TEST(children_of_a_group_inside_are_cancelled_for_good_too)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    stubborn_awaits = 0;
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    eddy_group group;
    eddy_group_begin(&group);
    eddy_task *stubborn = eddy_group_create_task(&group, is_stubborn);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_group_end(&group, 0), EDDY_CANCELLED);
    EXPECT_EQ(stubborn_awaits, 3);
    EXPECT_EQ(eddy_task_result(stubborn), 0); // it returned 0, and that stands
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
}

TEST(a_group_waits_for_a_child_in_a_shield_without_spinning)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, cleans_up_for, 5);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_group_end(&group, 0), EDDY_CANCELLED);
    EXPECT(eddy_time() == 6); // virtual time passes only while nobody is ready
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
}

EDDY_ASYNC(has_a_group_of_its_own)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, is_stubborn);
    return eddy_group_end(&group, 0);
}

TEST(grandchildren_are_reached)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    stubborn_awaits = 0;
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, has_a_group_of_its_own);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_group_end(&group, 0), EDDY_CANCELLED);
    EXPECT_EQ(stubborn_awaits, 3);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
}

EDDY_ASYNC(sleeps_its_time)
{
    return eddy_sleep(3);
}

TEST(a_group_inside_a_shield_is_not_reached)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    EXPECT_EQ(eddy_cancel_shield_begin(), 0);
    eddy_group group;
    eddy_group_begin(&group);
    eddy_task *child = eddy_group_create_task(&group, sleeps_its_time);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_group_end(&group, 0), 0);
    EXPECT_EQ(eddy_task_result(child), 0);
    EXPECT_EQ(eddy_cancel_shield_end(0), 0);
    EXPECT_EQ(eddy_cancel_scope_end(0), 0);
}

TEST(a_child_made_in_a_cancelled_scope_never_begins)
{
    eddy_group group;
    stubborn_awaits = 0;
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(eddy_cancel_scope_current()), 1);
    eddy_group_begin(&group);
    eddy_task *child = eddy_group_create_task(&group, is_stubborn);
    EXPECT_EQ(eddy_group_end(&group, 0), EDDY_CANCELLED);
    EXPECT(eddy_task_cancelled(child));
    EXPECT_EQ(stubborn_awaits, 0);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
}

TEST(a_task_outside_of_groups_is_left_alone)
{
    EXPECT_EQ(eddy_cancel_scope_begin(), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_its_time);
    EXPECT_EQ(eddy_cancel_scope_cancel(eddy_cancel_scope_current()), 1);
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_await(task), 0);
}

/* ---- what must go through --------------------------------------------------------------------*/

EDDY_ASYNC(holds_the_lock, (eddy_condition *, condition))
{
    EDDY_TRY(eddy_condition_acquire(condition));
    EDDY_TRY(eddy_sleep(5));
    return eddy_condition_release(condition);
}

TEST(a_condition_gets_its_lock_back_without_spinning)
{
    eddy_condition condition = EDDY_CONDITION;
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_condition_acquire(&condition), 0);
    EDDY_AUTO(eddy_task) *holder = eddy_create_task(holds_the_lock, &condition);
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_condition_wait(&condition), EDDY_CANCELLED);
    EXPECT(eddy_time() == 5);
    EXPECT_EQ(eddy_condition_release(&condition), 0);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
    EXPECT_EQ(eddy_await(holder), 0);
}

EDDY_GENERATOR(int, waits_between)
{
    for (int i = 0; i < 3; i++) {
        EDDY_TRY(eddy_sleep(1));
        EDDY_TRY(eddy_yield(i));
    }
    return 0;
}

TEST(a_generator_asked_inside_is_reached)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    int rc = 0;
    int count = 0;
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 1.5);
    eddy_for (int, i, eddy_generate(waits_between), &rc) {
        EXPECT_EQ(i, count);
        count++;
    }
    EXPECT_EQ(count, 1);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(rc), 0);
}

EDDY_GENERATOR(int, yields_in_a_cancelled_scope)
{
    EDDY_TRY(eddy_cancel_scope_begin());
    EXPECT_EQ(eddy_cancel_scope_cancel(eddy_cancel_scope_current()), 1);
    EDDY_TRY(eddy_yield(1));
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    return eddy_cancel_scope_end(0);
}

TEST(a_scope_open_across_a_yield_rules_the_body_alone)
{
    int rc = 0;
    eddy_for (int, i, eddy_generate(yields_in_a_cancelled_scope), &rc) {
        EXPECT_EQ(i, 1);
        EXPECT_EQ(eddy_sleep(1), 0);
    }
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(eddy_sleep(1), 0);
}

EDDY_ASYNC(leaves_a_task_that_cleans_up)
{
    eddy_start(cleans_up_for, 5);
    return eddy_sleep(10);
}

TEST(a_run_inside_ends_what_it_has_left_behind)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EXPECT_EQ(eddy_cancel_scope_enter(scope), 0);
    cancel_later(scope, 1);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_task_that_cleans_up), NULL), EDDY_CANCELLED);
    EXPECT(eddy_time() == 6);
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(eddy_cancel_scope_end(EDDY_CANCELLED), 0);
}

RUN_TESTS(TEST_OF(a_run_inside_ends_what_it_has_left_behind),
          TEST_OF(every_await_is_cancelled_from_then_on), TEST_OF(each_kind_of_await_is_cancelled),
          TEST_OF(the_cancellation_says_who_and_why),
          TEST_OF(the_end_changes_nothing_but_its_own_cancellation),
          TEST_OF(a_scope_cancelled_before_it_is_entered_cancels_at_once),
          TEST_OF(what_needs_no_wait_goes_on), TEST_OF(misuse_is_told),
          TEST_OF(the_outermost_of_two_cancelled_scopes_takes_the_cancellation),
          TEST_OF(an_inner_scope_ends_and_the_outer_goes_on),
          TEST_OF(another_request_goes_through_the_scope),
          TEST_OF(a_timeout_inside_is_passed_through_and_one_around_stays_one),
          TEST_OF(awaits_in_a_shield_work_and_those_behind_it_do_not),
          TEST_OF(a_scope_cancelled_during_a_shield_waits_for_its_end),
          TEST_OF(a_shield_lets_other_requests_through),
          TEST_OF(a_scope_inside_a_shield_can_be_cancelled),
          TEST_OF(a_body_that_leaves_early_ends_the_scope_and_swallows_its_cancellation),
          TEST_OF(children_of_a_group_inside_are_cancelled_for_good_too),
          TEST_OF(a_group_waits_for_a_child_in_a_shield_without_spinning),
          TEST_OF(grandchildren_are_reached), TEST_OF(a_group_inside_a_shield_is_not_reached),
          TEST_OF(a_child_made_in_a_cancelled_scope_never_begins),
          TEST_OF(a_task_outside_of_groups_is_left_alone),
          TEST_OF(a_condition_gets_its_lock_back_without_spinning),
          TEST_OF(a_generator_asked_inside_is_reached),
          TEST_OF(a_scope_open_across_a_yield_rules_the_body_alone))
