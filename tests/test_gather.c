/* SPDX-License-Identifier: MIT */
/* Gathering: values in order, errors, cancellation both ways, children done, doubled or none. */
#include "harness.h"

#include <errno.h>
#include <string.h>

EDDY_ASYNC_TO(int, gives, (int, value), (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = value;
    return value;
}

EDDY_ASYNC(fails, (int, error), (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    return eddy_fail(error, "after %g", seconds);
}

EDDY_ASYNC(awaits, (eddy_future *, future))
{
    return eddy_await(future);
}

TEST(values_come_in_argument_order)
{
    int values[3] = {0, 0, 0};
    EXPECT_EQ(eddy_gather_to(values, eddy_coro(gives, 1, 3), eddy_coro(gives, 2, 1),
                             eddy_coro_with(gives, .value = 3)),
              0);
    EXPECT_EQ(values[0] * 100 + values[1] * 10 + values[2], 123);
    EXPECT(eddy_time() == 3);
}

TEST(an_array_of_awaitables_is_gathered_alike)
{
    enum { COUNT = 50 };
    eddy_future *children[COUNT];
    int values[COUNT], statuses[COUNT];
    for (int i = 0; i < COUNT; i++)
        children[i] = eddy_coro(gives, i, COUNT - i);
    EXPECT_EQ(eddy_gather_all_to(values, children, COUNT,
                                 (&(eddy_gather_options){.statuses = statuses})),
              0);
    for (int i = 0; i < COUNT; i++)
        EXPECT(values[i] == i && statuses[i] == i);
}

TEST(a_list_takes_options_too)
{
    int statuses[3] = {9, 9, 9}, values[3] = {8, 8, 8};
    eddy_gather_options options = {.return_exceptions = true, .statuses = statuses};
    EXPECT_EQ(eddy_gather_to_with(values, &options, eddy_coro(gives, 1, 2),
                                  eddy_coro(fails, -EIO, 1), eddy_coro(gives, 3, 1)),
              0);
    EXPECT_EQ(values[0] * 100 + values[1] * 10 + values[2], 183);
    EXPECT(statuses[0] == 1 && statuses[1] == -EIO && statuses[2] == 3);
    EXPECT_EQ(eddy_gather_with(&options, eddy_coro(fails, -EDOM, 1)), 0);
    EXPECT_EQ(statuses[0], -EDOM);
    EXPECT_EQ(eddy_gather_with(NULL, eddy_coro(fails, -EDOM, 1)), -EDOM);
}

TEST(a_gathering_future_is_awaited_and_then_gives_its_values)
{
    int values[2] = {0, 0};
    EDDY_AUTO(eddy_future) *gather = eddy_gather_start(eddy_coro(gives, 1, 2), eddy_coro(gives, 2, 1));
    EXPECT_EQ(eddy_gather_results(gather, values, 2), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_await(gather), 0);
    EXPECT_EQ(eddy_gather_results(gather, values, 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_gather_results(gather, values, 2), 0);
    EXPECT_EQ(values[0] * 10 + values[1], 12);
    EDDY_AUTO(eddy_future) *failed = eddy_gather_start(eddy_coro(fails, -EIO, 1));
    EXPECT_EQ(eddy_await(failed), -EIO);
    EXPECT_EQ(eddy_gather_results(failed, values, 2), -EIO);
    EDDY_AUTO(eddy_future) *bare = eddy_future_new(int);
    EXPECT_EQ(eddy_future_set_result(bare, int, 1), 0);
    EXPECT_EQ(eddy_gather_results(bare, values, 2), EDDY_EMISUSE);
}

TEST(nothing_gathered_is_done_at_once)
{
    EXPECT_EQ(eddy_gather_all(NULL, 0), 0);
    EDDY_AUTO(eddy_future) *future = eddy_gather_all_start(NULL, 0, true);
    EXPECT(eddy_future_done(future));
    EXPECT_EQ(eddy_gather_count(future), 0);
    EXPECT(eddy_gather_child(future, 0) == NULL);
}

TEST(the_first_error_ends_the_wait_and_the_others_run_on)
{
    EDDY_AUTO(eddy_task) *slow = eddy_create_task(gives, 4, 9);
    EXPECT_EQ(eddy_gather(slow, eddy_coro(fails, -EIO, 1), eddy_coro(fails, -EPERM, 2)), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "after 1");
    EXPECT(eddy_time() == 1);
    EXPECT(!eddy_task_done(slow));
    EXPECT_EQ(eddy_await(slow), 4);
    EXPECT(eddy_time() == 9); // the later error counts as looked at: no report
}

TEST(errors_may_be_results)
{
    int values[3] = {-1, -1, -1}, statuses[3];
    eddy_future *children[] = {eddy_coro(gives, 5, 1), eddy_coro(fails, -EIO, 2),
                               eddy_coro(gives, 7, 3)};
    EDDY_AUTO(eddy_future) *gather = eddy_gather_all_start(children, 3, true);
    EXPECT_EQ(eddy_await(gather), 0);
    EXPECT_EQ(eddy_future_exception(eddy_gather_child(gather, 1)), -EIO);
    eddy_future *again[] = {eddy_coro(gives, 5, 1), eddy_coro(gives, 6, 1),
                            eddy_coro(gives, 7, 1)};
    EXPECT_EQ(eddy_gather_all_to(values, again, 3,
                                 (&(eddy_gather_options){.return_exceptions = true,
                                                         .statuses = statuses})),
              0);
    EXPECT_EQ(values[1] + statuses[2], 13);
}

TEST(children_done_already_need_no_wait)
{
    EDDY_AUTO(eddy_task) *a = eddy_create_task(gives, 1, 0);
    EDDY_AUTO(eddy_task) *b = eddy_create_task(fails, -EIO, 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_future *children[] = {a, a};
    EDDY_AUTO(eddy_future) *done = eddy_gather_all_start(children, 2, false);
    EXPECT(eddy_future_done(done));
    eddy_future *failed_children[] = {a, b};
    EDDY_AUTO(eddy_future) *failed = eddy_gather_all_start(failed_children, 2, false);
    EXPECT_EQ(eddy_future_exception(failed), -EIO);
}

TEST(a_child_given_twice_is_one_child)
{
    int values[3] = {0, 0, 0};
    EDDY_AUTO(eddy_task) *task = eddy_create_task(gives, 4, 1);
    EXPECT_EQ(eddy_gather_to(values, task, eddy_coro(gives, 5, 2), task), 0);
    EXPECT_EQ(values[0] * 100 + values[1] * 10 + values[2], 454);
}

TEST(cancelling_who_waits_cancels_all_children)
{
    eddy_future *children[] = {eddy_create_task(gives, 1, 9), eddy_create_task(gives, 2, 9)};
    EDDY_AUTO(eddy_future) *gather = eddy_gather_all_start(children, 2, false);
    EDDY_AUTO(eddy_task) *waiter = eddy_create_task(awaits, gather);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_task_cancel(waiter, "stop"), 1);
    EXPECT(!eddy_future_done(gather)); // it completes only when they do
    EXPECT_EQ(eddy_await(waiter), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "stop");
    EXPECT(eddy_time() == 1);
    for (int i = 0; i < 2; i++) {
        EXPECT(eddy_task_cancelled(children[i]));
        eddy_task_free(children[i]);
    }
    // As in asyncio: it has Cancelled as its error, and is not cancelled itself.
    EXPECT(!eddy_future_cancelled(gather));
    EXPECT_EQ(eddy_future_get_state(gather), EDDY_STATE_FAILED);
    EXPECT_EQ(eddy_future_exception(gather), EDDY_CANCELLED);
    EXPECT_EQ(eddy_future_cancel(gather), 0);
}

EDDY_ASYNC(refuses_to_end, (double, seconds))
{
    EDDY_IGNORE(eddy_sleep(9) < 0);
    return eddy_sleep(seconds);
}

TEST(a_cancelled_gather_is_cancelled_also_if_its_children_return)
{
    eddy_future *children[] = {eddy_coro(refuses_to_end, 2), eddy_coro(refuses_to_end, 3)};
    EDDY_AUTO(eddy_future) *gather = eddy_gather_all_start(children, 2, true);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_future_cancel(gather), 1);
    EXPECT_EQ(eddy_await(gather), EDDY_CANCELLED);
    EXPECT(eddy_time() == 4);
    EXPECT_EQ(eddy_task_result(eddy_gather_child(gather, 0)), 0);
}

TEST(a_child_cancelled_alone_is_an_error)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(gives, 1, 9);
    eddy_future *children[] = {task, eddy_coro(gives, 2, 2)};
    EDDY_AUTO(eddy_future) *gather = eddy_gather_all_start(children, 2, false);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(task, "only you");
    EXPECT_EQ(eddy_await(gather), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "only you");
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
    EXPECT_EQ(eddy_sleep(5), 0);
}

TEST(a_gather_of_gathers_is_cancelled_to_the_leaves)
{
    EDDY_AUTO(eddy_task) *leaf = eddy_create_task(gives, 1, 9);
    eddy_future *leaves[] = {leaf, eddy_coro(gives, 2, 9)};
    EDDY_AUTO(eddy_future) *inner = eddy_gather_all_start(leaves, 2, false);
    eddy_future *inners[] = {inner};
    EDDY_AUTO(eddy_future) *outer = eddy_gather_all_start(inners, 1, false);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_future_cancel(outer), 1);
    EXPECT_EQ(eddy_await(outer), EDDY_CANCELLED);
    EXPECT(eddy_task_cancelled(leaf));
}

TEST(a_gather_nobody_waits_for_may_be_dropped)
{
    eddy_future *children[] = {eddy_coro(gives, 1, 2), eddy_coro(fails, -EIO, 1)};
    eddy_future_free(eddy_gather_all_start(children, 2, true));
    EXPECT_EQ(eddy_sleep(3), 0);
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

TEST(a_failed_gather_nobody_looks_at_is_reported)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    eddy_future *children[] = {eddy_coro(fails, -EIO, 1)};
    eddy_future_free(eddy_gather_all_start(children, 1, false));
    EXPECT_EQ(eddy_sleep(3), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
}

TEST(there_must_be_room_for_the_results)
{
    int one[1];
    EXPECT_EQ(eddy_gather_to(one, eddy_coro(gives, 1, 0), eddy_coro(gives, 2, 0)), EDDY_EMISUSE);
    EXPECT(eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL);
    long wide[1];
    EXPECT_EQ(eddy_gather_to(wide, eddy_coro(gives, 1, 0)), EDDY_EMISUSE);
}

TEST(a_null_child_is_misuse)
{
    EXPECT_EQ(eddy_gather(eddy_coro(gives, 1, 1), NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sleep(2), 0);
}

TEST(a_gather_without_memory_drops_what_it_was_given)
{
    eddy_future *children[] = {eddy_coro(gives, 1, 0), eddy_coro(gives, 2, 0)};
    fail_allocation(0);
    EXPECT_EQ(eddy_gather_all(children, 2), -ENOMEM);
}

TEST_WITH(eager_children_count_as_done_when_they_are, .virtual_clock = true, .eager_start = true)
{
    int values[2] = {0, 0};
    eddy_future *children[] = {eddy_coro(gives, 3, 1), NULL};
    children[1] = eddy_future_new(void);
    EXPECT_EQ(eddy_future_set_result(children[1]), 0);
    EDDY_AUTO(eddy_future) *gather = eddy_gather_all_start(children, 2, false);
    EXPECT(!eddy_future_done(gather));
    EXPECT_EQ(eddy_await(gather), 0);
    eddy_future_free(children[1]);
    EXPECT_EQ(eddy_gather_to(values, eddy_coro(gives, 3, 1), eddy_coro(gives, 4, 1)), 0);
    EXPECT_EQ(values[0] + values[1], 7);
}

TEST(ten_thousand_children_end_in_one_gather)
{
    enum { COUNT = 10000 };
    static eddy_future *children[COUNT];
    static int values[COUNT];
    int count = is_watched() ? 200 : COUNT;
    for (int i = 0; i < count; i++)
        children[i] = eddy_coro(gives, i, 0);
    EXPECT_EQ(eddy_gather_all_to(values, children, (size_t)count), 0);
    long sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i];
    EXPECT_EQ(sum, (long)count * (count - 1) / 2);
}

RUN_TESTS(TEST_OF(values_come_in_argument_order),
          TEST_OF(an_array_of_awaitables_is_gathered_alike),
          TEST_OF(a_list_takes_options_too),
          TEST_OF(a_gathering_future_is_awaited_and_then_gives_its_values),
          TEST_OF(nothing_gathered_is_done_at_once),
          TEST_OF(the_first_error_ends_the_wait_and_the_others_run_on),
          TEST_OF(errors_may_be_results),
          TEST_OF(children_done_already_need_no_wait),
          TEST_OF(a_child_given_twice_is_one_child),
          TEST_OF(cancelling_who_waits_cancels_all_children),
          TEST_OF(a_cancelled_gather_is_cancelled_also_if_its_children_return),
          TEST_OF(a_child_cancelled_alone_is_an_error),
          TEST_OF(a_gather_of_gathers_is_cancelled_to_the_leaves),
          TEST_OF(a_gather_nobody_waits_for_may_be_dropped),
          TEST_OF(a_failed_gather_nobody_looks_at_is_reported),
          TEST_OF(there_must_be_room_for_the_results),
          TEST_OF(a_null_child_is_misuse),
          TEST_OF(a_gather_without_memory_drops_what_it_was_given),
          TEST_OF(eager_children_count_as_done_when_they_are),
          TEST_OF(ten_thousand_children_end_in_one_gather))
