/* SPDX-License-Identifier: MIT */
/* Tasks: when they start and end, in what order, what can be asked of them; and sleeping. */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static char order[64];

static void note(char c)
{
    size_t n = strlen(order);
    if (n + 1 < sizeof order) {
        order[n] = c;
        order[n + 1] = '\0';
    }
}

EDDY_ASYNC(notes, (char, c))
{
    note(c);
    EDDY_TRY(eddy_sleep(0));
    note((char)(c - 'a' + 'A'));
    return 0;
}

EDDY_ASYNC_TO(int, adds, (int, a), (int, b))
{
    EDDY_TRY(eddy_sleep(a));
    *result = a + b;
    return 3;
}

EDDY_ASYNC(fails, (int, error))
{
    EDDY_TRY(eddy_sleep(1));
    return eddy_fail(error, "on purpose");
}

EDDY_ASYNC(sleeps, (double, seconds))
{
    return eddy_sleep(seconds);
}

TEST(a_task_starts_after_its_maker_stops)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_task) *a = eddy_create_task(notes, 'a');
    EDDY_AUTO(eddy_task) *b = eddy_create_task(notes, 'b');
    note('m');
    EXPECT_STR(order, "m");
    EXPECT_EQ(eddy_sleep(0), 0);
    note('M');
    EXPECT_EQ(eddy_await(a), 0);
    EXPECT_EQ(eddy_await(b), 0);
    EXPECT_STR(order, "mabMAB");
}

TEST(an_await_gives_status_and_value)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(adds, 1, 2);
    int sum = 0;
    EXPECT_EQ(eddy_await(task, &sum), 3);
    EXPECT_EQ(sum, 3);
    sum = 0;
    EXPECT_EQ(eddy_await(task, &sum), 3); // plain data is copied as often as asked
    EXPECT_EQ(sum, 3);
    EXPECT_EQ(eddy_await(task), 3);
    EXPECT(eddy_time() == 1);
}

TEST(a_value_of_another_size_is_refused_and_stays)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(adds, 0, 2);
    char small;
    EXPECT_EQ(eddy_await(task, &small), EDDY_EMISUSE);
    EXPECT(eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL);
    int sum;
    EXPECT_EQ(eddy_await(task, &sum), 3);
    EXPECT_EQ(sum, 2);
}

TEST(several_tasks_may_await_one)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(adds, 2, 2);
    int sums[2] = {0, 0};
    EXPECT_EQ(eddy_gather_to(sums, task, task), 0);
    EXPECT_EQ(sums[0] + sums[1], 8);
}

TEST(an_error_travels_with_its_message)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(fails, -ENODATA);
    EXPECT_EQ(eddy_await(task), -ENODATA);
    const eddy_error *error = eddy_error_get(-ENODATA);
    EXPECT_STR(eddy_error_message(error), "on purpose");
    EXPECT(eddy_error_place(error) != NULL && eddy_error_place(error)->line > 0);
    EXPECT(eddy_error_get(-EPERM) == NULL);
    EXPECT_EQ(eddy_future_get_state(task), EDDY_STATE_FAILED);
    EXPECT_EQ(eddy_await(task), -ENODATA);
}

TEST(an_error_nobody_looks_at_is_reported_with_name_and_place)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    int line = __LINE__ + 1;
    eddy_task *task = eddy_create_task(fails, -ENODATA);
    EXPECT_EQ(eddy_task_set_name(task, "lost"), 0);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 0);
    eddy_task_free(task);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
    EXPECT_STR(last_report_name(), "lost");
    const eddy_place *place = last_report_place();
    EXPECT(place != NULL && place->line == line && strstr(place->file, "test_task.c") != NULL);
}

TEST(an_error_looked_at_in_any_way_is_not_reported)
{
    eddy_task *tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = eddy_create_task(fails, -ENODATA);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(eddy_future_exception(tasks[0]), -ENODATA);
    EXPECT_EQ(eddy_task_result(tasks[1]), -ENODATA);
    EXPECT_EQ(eddy_task_cancel(tasks[2]), 0);
    EXPECT_EQ(eddy_await(tasks[3]), -ENODATA);
    for (int i = 0; i < 4; i++)
        eddy_task_free(tasks[i]);
}

TEST(an_error_without_a_handle_is_reported_when_the_task_ends)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    eddy_start(fails, -ENODATA);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
    EXPECT_STR(last_report_name(), "fails");
}

TEST(a_task_nobody_holds_runs_to_its_end)
{
    order[0] = '\0';
    eddy_start(notes, 'x');
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 2);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(order, "xX");
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

TEST(a_task_that_awaits_itself_is_told_one_hop_later)
{
    order[0] = '\0';
    eddy_start(notes, 'a');
    EXPECT_EQ(eddy_await(eddy_current_task()), EDDY_EMISUSE);
    EXPECT_STR(order, "a");
    EXPECT(eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL);
    EXPECT_EQ(eddy_sleep(1), 0);
}

TEST(awaiting_what_is_done_neither_blocks_nor_yields)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(adds, 0, 1);
    EXPECT_EQ(eddy_await(task), 3);
    order[0] = '\0';
    eddy_start(notes, 'a');
    EXPECT_EQ(eddy_await(task), 3);
    EXPECT_STR(order, "");
    EXPECT_EQ(eddy_sleep(1), 0);
}

TEST(a_task_is_named_after_its_coroutine_until_it_is_renamed)
{
    EDDY_AUTO(eddy_task) *task = eddy_task_create(eddy_coro(sleeps, 1), NULL);
    EXPECT_STR(eddy_task_get_name(task), "sleeps");
    EXPECT_EQ(eddy_task_set_name(task, "porter"), 0);
    EXPECT_STR(eddy_task_get_name(task), "porter");
    EXPECT_STR(eddy_task_coroutine_name(task), "sleeps");
    char name[2 * EDDY_TASK_NAME_MAX];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    EXPECT_EQ(eddy_task_set_name(task, name), 0);
    EXPECT_EQ(strlen(eddy_task_get_name(task)), EDDY_TASK_NAME_MAX - 1);
    EDDY_AUTO(eddy_task) *named =
        eddy_task_create(eddy_coro(sleeps, 1), &(eddy_task_options){.name = "given"});
    EXPECT_STR(eddy_task_get_name(named), "given");
    EXPECT(eddy_task_id(named) > eddy_task_id(task));
    EXPECT_EQ(eddy_task_set_name(task, NULL), EDDY_EMISUSE);
}

TEST(a_bare_future_has_none_of_a_tasks_things)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_STR(eddy_task_get_name(future), "future");
    EXPECT_EQ(eddy_task_set_name(future, "x"), EDDY_EMISUSE);
    EXPECT_EQ(eddy_task_uncancel(future), EDDY_EMISUSE);
    EXPECT_EQ(eddy_task_cancelling(future), 0);
    EXPECT_EQ(eddy_task_id(future), 0);
    EXPECT(eddy_task_place(future) == NULL);
}

EDDY_ASYNC(sees_itself, (eddy_task *, maker))
{
    EXPECT(eddy_current_task() != maker);
    EXPECT_STR(eddy_task_get_name(eddy_current_task()), "sees_itself");
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(eddy_task_get_name(eddy_current_task()), "sees_itself");
    return 0;
}

TEST(the_current_task_is_the_one_that_runs)
{
    eddy_task *self = eddy_current_task();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sees_itself, self);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT(eddy_current_task() == self);
}

TEST(all_tasks_are_listed_oldest_first_with_a_reference_each)
{
    EDDY_AUTO(eddy_task) *a = eddy_create_task(sleeps, 1);
    EDDY_AUTO(eddy_task) *b = eddy_create_task(sleeps, 1);
    eddy_task *seen[3] = {NULL, NULL, NULL};
    EXPECT_EQ(eddy_all_tasks(seen, 2), 3);
    EXPECT(seen[0] == eddy_current_task() && seen[1] == a && seen[2] == NULL);
    eddy_task_free(seen[0]);
    eddy_task_free(seen[1]);
    EXPECT_EQ(eddy_await(b), 0);
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

TEST(an_eager_task_runs_to_its_first_stop_inside_the_call_that_makes_it)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_task) *task =
        eddy_task_create(eddy_coro(notes, 'e'), &(eddy_task_options){.eager_start = true});
    note('m');
    EXPECT_STR(order, "em");
    EXPECT(!eddy_task_done(task));
    EXPECT_EQ(eddy_await(task), 0);
    EDDY_AUTO(eddy_task) *ended =
        eddy_task_create(eddy_coro(sees_itself, NULL), &(eddy_task_options){.eager_start = true});
    EXPECT(!eddy_task_done(ended));
    EXPECT_EQ(eddy_await(ended), 0);
}

EDDY_ASYNC(makes_eagerly, (int, depth))
{
    if (depth == 0)
        return 0;
    EDDY_AUTO(eddy_task) *task = eddy_task_create(eddy_coro(makes_eagerly, depth - 1),
                                                  &(eddy_task_options){.eager_start = true});
    EXPECT(eddy_task_done(task));
    return eddy_await(task);
}

TEST(eager_tasks_nest)
{
    EXPECT_EQ(makes_eagerly(50), 0);
}

static int starts_an_eager_one(void *data)
{
    eddy_task **out = data;
    *out = eddy_task_create(eddy_coro(notes, 'e'), &(eddy_task_options){.eager_start = true});
    note('c');
    return 0;
}

TEST(a_callback_may_start_a_task_eagerly)
{
    order[0] = '\0';
    eddy_task *task = NULL;
    EXPECT_EQ(eddy_call_soon(starts_an_eager_one, &task, NULL), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(order, "ecE");
    REQUIRE(task != NULL);
    EXPECT_EQ(eddy_await(task), 0);
    eddy_task_free(task);
}

static void start_in_handler(const eddy_report *report, void *data)
{
    (void)data;
    EXPECT_EQ(report->kind, EDDY_REPORT_NEVER_RETRIEVED);
    eddy_task_free(
        eddy_task_create(eddy_coro(notes, 'h'), &(eddy_task_options){.eager_start = true}));
}

TEST(a_handler_that_starts_a_task_eagerly_while_another_ends_does_no_harm)
{
    order[0] = '\0';
    eddy_set_exception_handler(start_in_handler, NULL);
    for (int i = 0; i < 3; i++)
        eddy_start(fails, -ENODATA);
    EXPECT_EQ(eddy_sleep(3), 0);
    EXPECT_STR(order, "hhhHHH");
    eddy_set_exception_handler(note_report, NULL);
}

TEST(a_task_has_the_stack_it_asks_for)
{
    EDDY_AUTO(eddy_task) *huge =
        eddy_task_create(eddy_coro(sleeps, 0), &(eddy_task_options){.stack_size = SIZE_MAX / 2});
    EXPECT_EQ(eddy_await(huge), -ENOMEM);
    EDDY_AUTO(eddy_task) *large =
        eddy_task_create(eddy_coro(sleeps, 0), &(eddy_task_options){.stack_size = 1 << 20});
    EXPECT_EQ(eddy_await(large), 0);
}

TEST(what_cant_be_created_has_failed)
{
    fail_allocation(0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(adds, 1, 2);
    int sum;
    EXPECT(eddy_task_done(task));
    EXPECT_EQ(eddy_await(task), -ENOMEM);
    EXPECT_EQ(eddy_await(task, &sum), -ENOMEM);
    EXPECT_EQ(eddy_task_result(task, &sum), -ENOMEM);
    EXPECT_EQ(eddy_task_cancel(task), 0);
}

TEST(a_start_that_fails_is_reported)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    fail_allocation(0);
    eddy_start(sleeps, 1);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

TEST(a_sleep_takes_its_time_exactly)
{
    EXPECT_EQ(eddy_sleep(3600), 0);
    EXPECT(eddy_time() == 3600);
    EXPECT_EQ(eddy_sleep(0.25), 0);
    EXPECT(eddy_time() == 3600.25);
    EXPECT_EQ(eddy_sleep(-1), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT(eddy_time() == 3600.25);
    EXPECT_EQ(eddy_sleep(NAN), EDDY_EVALUE);
}

EDDY_ASYNC(notes_after, (char, c), (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    note(c);
    return 0;
}

TEST(sleepers_wake_by_deadline_and_equal_ones_in_order)
{
    order[0] = '\0';
    eddy_start(notes_after, 'c', 3);
    eddy_start(notes_after, 'a', 1);
    eddy_start(notes_after, 'd', 3);
    eddy_start(notes_after, 'b', 2);
    eddy_start(notes_after, 'e', 3);
    EXPECT_EQ(eddy_sleep(4), 0);
    EXPECT_STR(order, "abcde");
}

TEST(a_sleep_without_end_lasts_until_it_is_cancelled)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps, EDDY_NO_TIMEOUT);
    EXPECT_EQ(eddy_sleep(1e9), 0);
    EXPECT(!eddy_task_done(task));
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
}

TEST(a_sleep_may_be_a_future_among_others)
{
    eddy_future *sleeps_list[] = {eddy_sleep_start(3), eddy_sleep_start(1), eddy_sleep_start(0)};
    EXPECT_EQ(eddy_gather_all(sleeps_list, 3, NULL), 0);
    EXPECT(eddy_time() == 3);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(eddy_future_result(sleeps_list[i]), 0);
        eddy_future_free(sleeps_list[i]);
    }
}

TEST(a_sleep_as_a_future_is_cancelled_or_dropped_with_its_timer)
{
    EDDY_AUTO(eddy_future) *cancelled = eddy_sleep_start(5);
    eddy_future_free(eddy_sleep_start(7));
    EXPECT_EQ(eddy_future_cancel(cancelled), 1);
    EXPECT_EQ(eddy_await(cancelled), EDDY_CANCELLED);
    EDDY_AUTO(eddy_future) *endless = eddy_sleep_start(EDDY_NO_TIMEOUT);
    EXPECT_EQ(eddy_wait_for(endless, 2), EDDY_TIMEDOUT);
    EXPECT(eddy_time() == 2);
    EDDY_AUTO(eddy_future) *refused = eddy_sleep_start(NAN);
    EXPECT_EQ(eddy_await(refused), EDDY_EVALUE);
}

TEST_REAL(a_timer_never_fires_early)
{
    double before = eddy_time();
    EXPECT_EQ(eddy_sleep(0.01), 0);
    EXPECT(eddy_time() - before >= 0.01);
}

EDDY_ASYNC(waits_for, (eddy_future *, gate))
{
    return eddy_await(gate);
}

TEST(a_thousand_tasks_wait_and_end)
{
    enum { COUNT = 1000 };
    int count = is_watched() ? 100 : COUNT;
    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    static eddy_task *tasks[COUNT];
    for (int i = 0; i < count; i++)
        tasks[i] = eddy_create_task(waits_for, gate);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_future_set_result(gate), 0);
    EXPECT_EQ(eddy_gather_all(tasks, (size_t)count), 0);
    for (int i = 0; i < count; i++)
        eddy_task_free(tasks[i]);
}

EDDY_ASYNC(sleeps_long)
{
    return eddy_sleep(100);
}

TEST(all_tasks_come_in_an_array_that_goes_with_one_call)
{
    enum { COUNT = 5 };
    eddy_task *made[COUNT];
    eddy_task **tasks = NULL;
    for (int i = 0; i < COUNT; i++)
        made[i] = eddy_create_task(sleeps_long);
    EXPECT_EQ(eddy_all_tasks_new(&tasks), COUNT + 1);
    EXPECT(tasks[0] == eddy_current_task());
    for (int i = 0; i < COUNT; i++) {
        EXPECT(tasks[i + 1] == made[i]);
        eddy_task_cancel(made[i]);
        eddy_task_free(made[i]);
    }
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(eddy_task_cancelled(tasks[COUNT])); // the references hold them
    eddy_tasks_free(tasks, COUNT + 1);
    fail_allocation(0);
    EXPECT_EQ(eddy_all_tasks_new(&tasks), -ENOMEM);
    fail_allocation(-1);
}

TEST_PLAIN(outside_a_loop_there_are_no_tasks)
{
    eddy_task **tasks = (eddy_task **)&tasks;
    EXPECT_EQ(eddy_all_tasks_new(&tasks), 0);
    EXPECT(tasks == NULL);
    eddy_tasks_free(tasks, 0);
}

RUN_TESTS(TEST_OF(a_task_starts_after_its_maker_stops),
          TEST_OF(an_await_gives_status_and_value),
          TEST_OF(a_value_of_another_size_is_refused_and_stays),
          TEST_OF(several_tasks_may_await_one),
          TEST_OF(an_error_travels_with_its_message),
          TEST_OF(an_error_nobody_looks_at_is_reported_with_name_and_place),
          TEST_OF(an_error_looked_at_in_any_way_is_not_reported),
          TEST_OF(an_error_without_a_handle_is_reported_when_the_task_ends),
          TEST_OF(a_task_nobody_holds_runs_to_its_end),
          TEST_OF(a_task_that_awaits_itself_is_told_one_hop_later),
          TEST_OF(awaiting_what_is_done_neither_blocks_nor_yields),
          TEST_OF(a_task_is_named_after_its_coroutine_until_it_is_renamed),
          TEST_OF(a_bare_future_has_none_of_a_tasks_things),
          TEST_OF(the_current_task_is_the_one_that_runs),
          TEST_OF(all_tasks_are_listed_oldest_first_with_a_reference_each),
          TEST_OF(an_eager_task_runs_to_its_first_stop_inside_the_call_that_makes_it),
          TEST_OF(eager_tasks_nest),
          TEST_OF(a_callback_may_start_a_task_eagerly),
          TEST_OF(a_handler_that_starts_a_task_eagerly_while_another_ends_does_no_harm),
          TEST_OF(a_task_has_the_stack_it_asks_for),
          TEST_OF(what_cant_be_created_has_failed),
          TEST_OF(a_start_that_fails_is_reported),
          TEST_OF(a_sleep_takes_its_time_exactly),
          TEST_OF(sleepers_wake_by_deadline_and_equal_ones_in_order),
          TEST_OF(a_sleep_without_end_lasts_until_it_is_cancelled),
          TEST_OF(a_sleep_may_be_a_future_among_others),
          TEST_OF(a_sleep_as_a_future_is_cancelled_or_dropped_with_its_timer),
          TEST_OF(a_timer_never_fires_early),
          TEST_OF(a_thousand_tasks_wait_and_end),
          TEST_OF(all_tasks_come_in_an_array_that_goes_with_one_call),
          TEST_OF(outside_a_loop_there_are_no_tasks))
