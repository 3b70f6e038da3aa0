/* SPDX-License-Identifier: MIT */
/* Bare futures: completing, looking, callbacks, values with destructors, other loops. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static int drops;

static void count_drop(void *value)
{
    (void)value;
    drops++;
}

static char order[64];

static int note(eddy_future *future, void *data)
{
    EXPECT(eddy_future_done(future));
    strncat(order, data, sizeof order - strlen(order) - 1);
    return 0;
}

EDDY_ASYNC(awaits, (eddy_future *, future))
{
    return eddy_await(future);
}

EDDY_ASYNC_TO(int, awaits_value, (eddy_future *, future))
{
    return eddy_await(future, result);
}

TEST(a_future_is_pending_until_it_is_completed_once)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(int);
    int value = 0;
    EXPECT_EQ(eddy_future_get_state(future), EDDY_STATE_PENDING);
    EXPECT(!eddy_future_done(future));
    EXPECT_EQ(eddy_future_result(future, &value), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_future_exception(future), EDDY_EINVALIDSTATE);
    EXPECT(eddy_future_value(future) == NULL);
    EXPECT_EQ(eddy_future_set_result(future, &(int){5}), 0);
    EXPECT_EQ(eddy_future_set_result(future, &(int){6}), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_future_set_exception(future, -EIO), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_future_cancel(future), 0);
    EXPECT_EQ(eddy_future_get_state(future), EDDY_STATE_FINISHED);
    EXPECT_EQ(eddy_future_result(future, &value), 0);
    EXPECT_EQ(value, 5);
    EXPECT_EQ(eddy_future_exception(future), 0);
    EXPECT_EQ(*(const int *)eddy_future_value(future), 5);
}

TEST(a_value_of_another_size_is_misuse)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(int);
    EXPECT_EQ(eddy_future_set_result(future), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_result(future, &(long){1}), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_result(future, &(int){1}), 0);
    char small;
    EXPECT_EQ(eddy_future_result(future, &small), EDDY_EMISUSE);
}

TEST(a_future_of_absurd_size_has_failed)
{
    EDDY_AUTO(eddy_future) *future = eddy__future_of_size(SIZE_MAX - 8, NULL);
    EXPECT(eddy_future_done(future));
    EXPECT(eddy_future_exception(future) < 0);
    EDDY_AUTO(eddy_future) *other = eddy__future_of_size((size_t)1 << 32, NULL);
    EXPECT(eddy_future_exception(other) < 0);
}

TEST(an_error_is_a_negative_status)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_set_exception(future, 0), EDDY_EVALUE);
    EXPECT_EQ(eddy_future_set_exception(future, 7), EDDY_EVALUE);
    EXPECT(!eddy_future_done(future));
    EXPECT_EQ(eddy_future_set_exception(future, eddy_fail(-EIO, "torn")), 0);
    EXPECT_EQ(eddy_future_get_state(future), EDDY_STATE_FAILED);
    EXPECT_EQ(eddy_future_exception(future), -EIO);
    EXPECT_STR(eddy_error_message(eddy_future_error(future)), "torn");
    EXPECT_EQ(eddy_await(future), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "torn");
}

TEST(an_error_of_a_future_nobody_looks_at_is_reported)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    eddy_future *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_set_exception(future, -EIO), 0);
    eddy_future_free(future);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
}

TEST(a_cancelled_future_says_so)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_cancel(future, "enough"), 1);
    EXPECT(eddy_future_cancelled(future));
    EXPECT_EQ(eddy_future_cancel(future), 0);
    EXPECT_EQ(eddy_future_result(future), EDDY_CANCELLED);
    EXPECT_EQ(eddy_future_exception(future), EDDY_CANCELLED);
    EXPECT_EQ(eddy_future_set_result(future), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_await(future), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "enough");
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

TEST(a_task_is_not_completed_by_hand)
{
    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(awaits, gate);
    EXPECT_EQ(eddy_future_set_result(task), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_exception(task, -EIO), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_result(gate), 0);
    EXPECT_EQ(eddy_await(task), 0);
}

TEST(callbacks_run_in_order_one_hop_after_completion)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, "a"), 0);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, "b"), 0);
    EXPECT_EQ(eddy_future_set_result(future), 0);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, "c"), 0);
    EXPECT_STR(order, "");
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "abc");
}

TEST(a_callback_is_removed_with_every_registration_that_is_not_on_its_way)
{
    order[0] = '\0';
    char a[] = "a", b[] = "b";
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, a), 0);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, b), 0);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, a), 0);
    EXPECT_EQ(eddy_future_remove_done_callback(future, note, a), 2);
    EXPECT_EQ(eddy_future_remove_done_callback(future, note, a), 0);
    EXPECT_EQ(eddy_future_set_result(future), 0);
    EXPECT_EQ(eddy_future_remove_done_callback(future, note, b), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "b");
}

TEST(callbacks_of_a_future_that_is_dropped_are_forgotten)
{
    order[0] = '\0';
    eddy_future *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, "a"), 0);
    eddy_future_free(future);
    future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, "b"), 0);
    EXPECT_EQ(eddy_future_set_result(future), 0);
    eddy_future_free(future); // the callback under way holds it
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "b");
}

static int fails(eddy_future *future, void *data)
{
    (void)future;
    (void)data;
    return -EIO;
}

TEST(a_callback_that_fails_is_reported_and_the_others_run)
{
    order[0] = '\0';
    expect_report(EDDY_REPORT_CALLBACK);
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_add_done_callback(future, fails, NULL), 0);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, "a"), 0);
    EXPECT_EQ(eddy_future_set_result(future), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_CALLBACK), 1);
    EXPECT_STR(order, "a");
}

TEST(no_callback_is_misuse)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_add_done_callback(future, NULL, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_add_done_callback(NULL, note, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_cancel(NULL), 0);
    EXPECT_EQ(eddy_await(NULL), EDDY_EMISUSE);
    eddy_future_free(NULL);
}

typedef struct pair {
    int left;
    long right;
} pair;

TEST(a_future_carries_values_of_the_type_it_was_made_for)
{
    EDDY_AUTO(eddy_future) *number = eddy_future_new(long);
    EXPECT_EQ(eddy_future_set_result(number, int, 42), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_result(number), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_result(number, long, 42), 0);
    long got = 0;
    EXPECT_EQ(eddy_await(number, &got), 0);
    EXPECT_EQ(got, 42);

    EDDY_AUTO(eddy_future) *both = eddy_future_new(pair);
    EXPECT_EQ(eddy_future_set_result(both, pair, {1, 2}), 0);
    pair parts = {0, 0};
    EXPECT_EQ(eddy_await(both, &parts), 0);
    EXPECT_EQ(parts.left * 10 + parts.right, 12);

    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    EXPECT_EQ(eddy_future_set_result(gate, char, 'x'), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_result(gate), 0);
    EXPECT_EQ(eddy_await(gate), 0);
}

TEST(a_stream_in_a_future_that_nobody_takes_is_freed)
{
    eddy_stream *here, *there;
    REQUIRE(eddy_stream_pair(NULL, &here, &there) == 0);
    eddy_future *opened = eddy_future_new_owning(eddy_stream *, EDDY_OWNED(eddy_stream));
    EXPECT_EQ(eddy_future_set_result(opened, eddy_stream *, here), 0);
    eddy_future_free(opened);
    char c;
    EXPECT_EQ(eddy_stream_read(there, &c, 1), 0); // the other end is gone
    eddy_stream_free(there);
}

TEST(a_value_with_a_destructor_moves_to_the_first_taker)
{
    drops = 0;
    eddy_future *future = eddy_future_new_owning(int, count_drop);
    EXPECT_EQ(eddy_future_set_result(future, &(int){5}), 0);
    int value = 0;
    EXPECT_EQ(eddy_await(future), 0); // leaves it where it is
    EXPECT_EQ(eddy_await(future, &value), 0);
    EXPECT_EQ(value, 5);
    EXPECT(eddy_future_value(future) == NULL);
    EXPECT_EQ(eddy_await(future, &value), EDDY_EINVALIDSTATE);
    eddy_future_free(future);
    EXPECT_EQ(drops, 0);
}

TEST(a_value_that_nobody_takes_is_destroyed_once)
{
    drops = 0;
    eddy_future *future = eddy_future_new_owning(int, count_drop);
    EXPECT_EQ(eddy_future_set_result(future, &(int){5}), 0);
    eddy_future_free(eddy_future_ref(future));
    EXPECT_EQ(drops, 0);
    eddy_future_free(future);
    EXPECT_EQ(drops, 1);
    future = eddy_future_new_owning(int, count_drop);
    eddy_future_cancel(future);
    EXPECT_EQ(eddy_future_set_result(future, &(int){5}), EDDY_EINVALIDSTATE);
    eddy_future_free(future);
    EXPECT_EQ(drops, 1); // what wasn't accepted stays the caller's
}

TEST(of_two_waiters_one_gets_a_value_with_a_destructor)
{
    drops = 0;
    EDDY_AUTO(eddy_future) *future = eddy_future_new_owning(int, count_drop);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(awaits_value, future);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(awaits_value, future);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_future_set_result(future, &(int){9}), 0);
    int value = 0;
    EXPECT_EQ(eddy_await(first, &value), 0);
    EXPECT_EQ(value, 9);
    EXPECT_EQ(eddy_await(second, &value), EDDY_EINVALIDSTATE);
    EXPECT_EQ(drops, 0);
}

TEST(a_waiter_cancelled_at_the_last_moment_leaves_the_value)
{
    drops = 0;
    eddy_future *future = eddy_future_new_owning(int, count_drop);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(awaits_value, future);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_future_set_result(future, &(int){9}), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    int value = 0;
    EXPECT_EQ(eddy_future_result(future, &value), 0);
    EXPECT_EQ(value, 9);
    eddy_future_free(future);
}

TEST(a_future_may_be_dropped_while_it_is_awaited)
{
    eddy_future *future = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(awaits, future);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_future_set_result(future), 0);
    eddy_future_free(future);
    EXPECT_EQ(eddy_await(task), 0);
}

static eddy_future *kept;

EDDY_ASYNC(keeps_a_future)
{
    kept = eddy_future_new(void);
    return eddy_future_add_done_callback(kept, note, "kept");
}

TEST_PLAIN(a_future_of_a_loop_that_has_ended_does_no_harm)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_run(eddy_coro(keeps_a_future), NULL), 0);
    EXPECT_EQ(eddy_future_set_result(kept), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_exception(kept, -EIO), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_cancel(kept), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_add_done_callback(kept, note, "x"), EDDY_EMISUSE);
    EXPECT(!eddy_future_done(kept));
    eddy_future_free(kept);
    EXPECT_STR(order, "");
}

static int comes_back(eddy_future *future, void *data)
{
    return eddy_future_add_done_callback(future, comes_back, data);
}

EDDY_ASYNC(leaves_a_callback_on_its_way)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new_owning(int, count_drop);
    EDDY_TRY(eddy_future_add_done_callback(future, comes_back, NULL));
    return eddy_future_set_result(future, &(int){1});
}

TEST_PLAIN(a_callback_on_its_way_when_the_loop_closes_lets_go_of_its_future)
{
    drops = 0;
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_callback_on_its_way), NULL), 0);
    EXPECT_EQ(drops, 1);
}

static void *complete_elsewhere(void *data)
{
    eddy_future *future = data;
    EXPECT_EQ(eddy_future_set_result(future), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_set_exception(future, -EIO), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_cancel(future), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_add_done_callback(future, note, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_future_remove_done_callback(future, note, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_await(future), EDDY_EMISUSE);
    return NULL;
}

TEST(a_future_touched_from_another_thread_is_misuse)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, complete_elsewhere, future) == 0);
    pthread_join(thread, NULL);
    EXPECT(!eddy_future_done(future));
}

RUN_TESTS(TEST_OF(a_future_is_pending_until_it_is_completed_once),
          TEST_OF(a_value_of_another_size_is_misuse),
          TEST_OF(a_future_of_absurd_size_has_failed),
          TEST_OF(an_error_is_a_negative_status),
          TEST_OF(an_error_of_a_future_nobody_looks_at_is_reported),
          TEST_OF(a_cancelled_future_says_so),
          TEST_OF(a_task_is_not_completed_by_hand),
          TEST_OF(callbacks_run_in_order_one_hop_after_completion),
          TEST_OF(a_callback_is_removed_with_every_registration_that_is_not_on_its_way),
          TEST_OF(callbacks_of_a_future_that_is_dropped_are_forgotten),
          TEST_OF(a_callback_that_fails_is_reported_and_the_others_run),
          TEST_OF(no_callback_is_misuse),
          TEST_OF(a_future_carries_values_of_the_type_it_was_made_for),
          TEST_OF(a_stream_in_a_future_that_nobody_takes_is_freed),
          TEST_OF(a_value_with_a_destructor_moves_to_the_first_taker),
          TEST_OF(a_value_that_nobody_takes_is_destroyed_once),
          TEST_OF(of_two_waiters_one_gets_a_value_with_a_destructor),
          TEST_OF(a_waiter_cancelled_at_the_last_moment_leaves_the_value),
          TEST_OF(a_future_may_be_dropped_while_it_is_awaited),
          TEST_OF(a_future_of_a_loop_that_has_ended_does_no_harm),
          TEST_OF(a_callback_on_its_way_when_the_loop_closes_lets_go_of_its_future),
          TEST_OF(a_future_touched_from_another_thread_is_misuse))
