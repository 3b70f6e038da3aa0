/* SPDX-License-Identifier: MIT */
/* Generators: items, what is sent and thrown in, closing, and who asks. */
#include "harness.h"

#include <errno.h>

static int closed_count;
static int dropped_count;

static void drop_number(int *number)
{
    dropped_count += *number;
}

EDDY_GENERATOR(int, ticker, (int, n), (int, owned, drop_number))
{
    (void)owned;
    for (int i = 0; i < n; i++) {
        EDDY_TRY(eddy_sleep(1));
        int rc = eddy_yield(i);
        if (rc < 0) {
            closed_count++;
            return rc;
        }
    }
    return 0;
}

/* Yields the running sum of what it is sent. */
EDDY_GENERATOR(double, adder)
{
    double sum = 0;
    for (;;) {
        double sent = 0;
        int rc = eddy_yield_to(&sent, sizeof sent, sum);
        if (rc < 0 && rc != -EDOM)
            return rc;
        sum = rc == -EDOM ? -1 : sum + sent;
    }
}

TEST(items_come_in_order_and_then_the_end)
{
    int rc = -1, sum = 0;
    eddy_for (int, i, eddy_generate(ticker, 3, 0), &rc)
        sum = sum * 10 + i;
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(sum, 12);
    EXPECT(eddy_time() == 3);
}

TEST(what_is_sent_comes_out_of_the_yield)
{
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(adder);
    double value = 2.5, item = 9;
    EXPECT_EQ(eddy_generator_send(generator, &value, &item), EDDY_ETYPE);
    EXPECT_EQ(eddy_generator_next(generator, &item), 1);
    EXPECT(item == 0);
    EXPECT_EQ(eddy_generator_send(generator, &value, &item), 1);
    EXPECT_EQ(eddy_generator_send(generator, &value, &item), 1);
    EXPECT(item == 5);
    EXPECT_EQ(eddy_generator_throw(generator, -EDOM, &item), 1);
    EXPECT(item == -1);
    int wrong;
    EXPECT_EQ(eddy_generator_next(generator, &wrong), EDDY_EMISUSE);
    EXPECT_EQ(eddy_generator_close(generator), 0);
    EXPECT_EQ(eddy_generator_next(generator, &item), 0);
}

TEST(one_that_is_left_open_is_closed_by_the_loop)
{
    closed_count = 0;
    int rc;
    eddy_for (int, i, eddy_generate(ticker, 9, 0), &rc)
        if (i == 1)
            break;
    EXPECT_EQ(rc, 1);
    EXPECT_EQ(closed_count, 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(closed_count, 1);
}

TEST(arguments_of_a_body_that_never_ran_are_destroyed_once)
{
    dropped_count = 0;
    eddy_generator_free(eddy_generator_new(ticker, 1, 5));
    EXPECT_EQ(dropped_count, 5);
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(ticker, 1, 7);
    EXPECT_EQ(eddy_generator_close(generator), 0);
    EXPECT_EQ(dropped_count, 12);
}

EDDY_ASYNC(ask, (eddy_generator *, generator))
{
    int item;
    return eddy_generator_next(generator, &item);
}

TEST(another_task_may_not_ask_meanwhile_but_afterwards)
{
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(ticker, 3, 0);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(ask, generator);
    EXPECT_EQ(eddy_sleep(0), 0);
    int item;
    EXPECT_EQ(eddy_generator_next(generator, &item), EDDY_EMISUSE);
    EXPECT_EQ(eddy_await(first), 1);
    EXPECT_EQ(eddy_generator_next(generator, &item), 1);
    EXPECT_EQ(item, 1);
}

EDDY_GENERATOR(int, with_limit)
{
    eddy_timeout_begin(10);
    EDDY_TRY(eddy_yield(1));
    EDDY_TRY(eddy_sleep(1));
    EDDY_TRY(eddy_yield(2));
    return eddy_timeout_end(0);
}

TEST(a_scope_open_across_a_yield_does_not_disturb_the_askers)
{
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(with_limit);
    int item;
    EXPECT_EQ(eddy_timeout_begin(5), 0);
    EXPECT_EQ(eddy_generator_next(generator, &item), 1);
    EXPECT_EQ(eddy_timeout_end(0), 0);
    EXPECT_EQ(eddy_generator_next(generator, &item), 1);
    EXPECT_EQ(eddy_generator_next(generator, &item), 0);
}

EDDY_ASYNC(asks_once, (eddy_generator *, generator))
{
    int item;
    return eddy_generator_next(generator, &item) == 1 ? 0 : -EIO;
}

EDDY_ASYNC(sleeps, (double, seconds))
{
    return eddy_sleep(seconds);
}

/* Has another task ask for the first item; it is gone then, and new tasks lie where it lay. */
static void ask_in_a_task_that_goes(eddy_generator *generator)
{
    eddy_task *asker = eddy_create_task(asks_once, generator);
    EXPECT_EQ(eddy_await(asker), 0);
    eddy_task_free(asker);
}

TEST(a_deadline_left_open_by_a_task_that_is_gone_cancels_nobody)
{
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(with_limit);
    ask_in_a_task_that_goes(generator);
    eddy_task *others[8];
    for (int i = 0; i < 8; i++)
        others[i] = eddy_create_task(sleeps, 20.0);
    for (int i = 0; i < 8; i++) {
        EXPECT_EQ(eddy_await(others[i]), 0);
        eddy_task_free(others[i]);
    }
    int item;
    EXPECT_EQ(eddy_generator_next(generator, &item), 1);
    EXPECT_EQ(eddy_generator_next(generator, &item), 0);
}

EDDY_GENERATOR(int, with_group)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, sleeps, 5.0);
    EDDY_TRY(eddy_yield(1));
    return eddy_group_end(&group, 0);
}

TEST(a_group_left_open_by_a_task_that_is_gone_is_ended_by_another)
{
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(with_group);
    ask_in_a_task_that_goes(generator);
    int item;
    EXPECT_EQ(eddy_generator_next(generator, &item), EDDY_EGROUP); // of what the end answered
    const eddy_error *error = eddy_error_get(EDDY_EGROUP);
    EXPECT_EQ(eddy_error_member_count(error), 1);
    EXPECT_EQ(eddy_error_code(eddy_error_member(error, 0)), EDDY_EMISUSE);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

EDDY_GENERATOR(int, with_cancel_scope, (eddy_cancel_scope *, scope))
{
    EDDY_TRY(eddy_cancel_scope_enter(scope));
    EDDY_TRY(eddy_yield(1));
    EDDY_TRY(eddy_sleep(1));
    return eddy_cancel_scope_end(0);
}

TEST(a_cancel_scope_left_open_by_a_task_that_is_gone_cancels_nobody)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(with_cancel_scope, scope);
    ask_in_a_task_that_goes(generator);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(sleeps, 5.0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(scope), 1);
    EXPECT_EQ(eddy_await(other), 0);
    int item;
    EXPECT_EQ(eddy_generator_next(generator, &item), 0);
}

TEST(a_yield_outside_a_generator_is_misuse)
{
    int value = 1;
    EXPECT_EQ(eddy__yield(&value, sizeof value, NULL, 0), EDDY_EMISUSE);
}

RUN_TESTS(TEST_OF(items_come_in_order_and_then_the_end),
          TEST_OF(what_is_sent_comes_out_of_the_yield),
          TEST_OF(one_that_is_left_open_is_closed_by_the_loop),
          TEST_OF(arguments_of_a_body_that_never_ran_are_destroyed_once),
          TEST_OF(another_task_may_not_ask_meanwhile_but_afterwards),
          TEST_OF(a_scope_open_across_a_yield_does_not_disturb_the_askers),
          TEST_OF(a_deadline_left_open_by_a_task_that_is_gone_cancels_nobody),
          TEST_OF(a_group_left_open_by_a_task_that_is_gone_is_ended_by_another),
          TEST_OF(a_cancel_scope_left_open_by_a_task_that_is_gone_cancels_nobody),
          TEST_OF(a_yield_outside_a_generator_is_misuse))
