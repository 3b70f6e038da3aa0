/* SPDX-License-Identifier: MIT */
/* A run inside a task: what it returns, what its end cancels and what it leaves alone. */
#include "harness.h"

#include <errno.h>
#include <string.h>

static char order[128];

static void note(const char *text)
{
    strncat(order, text, sizeof order - strlen(order) - 1);
}

/* Notes its text each second until it is cancelled; then the capital, after cleaning up so long. */
EDDY_ASYNC(ticks, (const char *, text), (const char *, end), (double, cleanup))
{
    int rc;
    while ((rc = eddy_sleep(1)) == 0)
        note(text);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    if (cleanup > 0)
        EDDY_IGNORE(eddy_sleep(cleanup) < 0);
    note(end);
    return rc;
}

EDDY_ASYNC(returns, (int, status))
{
    return status;
}

EDDY_ASYNC_TO(double, sleeps, (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = eddy_time();
    return 4;
}

TEST(a_nested_run_returns_the_outcome_while_others_go_on)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_task) *other = eddy_create_task(ticks, "o", "O", 0);
    double time = 0;
    EXPECT_EQ(eddy_run_to(&time, eddy_coro(sleeps, 2.5), NULL), 4);
    EXPECT(time == 2.5);
    EXPECT_STR(order, "oo");
    EXPECT(!eddy_task_done(other));
    EXPECT_EQ(eddy_run(eddy_coro(returns, 9), &(eddy_run_options){0}), 9);
    EXPECT_EQ(eddy_run(eddy_coro(returns, -EIO), NULL), -EIO);
    EXPECT_EQ(eddy_main(eddy_coro(returns, 3)), 0);
}

/* ---- what its end cancels --------------------------------------------------------------------*/

EDDY_ASYNC(starts_one)
{
    eddy_start(ticks, "b", "B", 0);
    return eddy_sleep(0.5);
}

static int starts_in_callback(void *data)
{
    (void)data;
    eddy_start(ticks, "c", "C", 0);
    return 0;
}

EDDY_ASYNC(leaves_three)
{
    eddy_start(ticks, "a", "A", 2);
    eddy_start(starts_one);
    EDDY_TRY(eddy_call_later(0.25, starts_in_callback, NULL, NULL));
    EDDY_TRY(eddy_sleep(1.5));
    return 7;
}

TEST(its_end_cancels_and_awaits_what_was_made_within_and_nothing_else)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_task) *before = eddy_create_task(ticks, "o", "O", 0);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_three), NULL), 7);
    // Three ticks of a second each, then the end; `a` takes two seconds more, and `o` goes on.
    EXPECT_STR(order, "oabcBCooA");
    EXPECT(eddy_time() == 3.5);
    EXPECT(!eddy_task_done(before));
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 2);
}

EDDY_ASYNC(fails_when_cancelled)
{
    EDDY_IGNORE(eddy_sleep(100) < 0);
    return eddy_fail(-EPIPE, "clumsy");
}

EDDY_ASYNC(fails_with_words)
{
    eddy_start(fails_when_cancelled);
    EDDY_TRY(eddy_sleep(0));
    return eddy_fail(-EIO, "the words");
}

TEST(the_error_keeps_its_words_and_failures_at_the_end_are_reported)
{
    expect_report(EDDY_REPORT_SHUTDOWN);
    int rc = eddy_run(eddy_coro(fails_with_words), NULL);
    EXPECT_EQ(rc, -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "the words");
}

EDDY_GENERATOR(int, numbers, (const char *, end))
{
    int rc = 0;
    for (int i = 0; rc == 0; i++)
        rc = eddy_yield(i);
    note(end);
    return rc;
}

static eddy_generator *inside, *outside;

EDDY_ASYNC(asks_both)
{
    int item = -1;
    inside = eddy_generator_new(numbers, "i");
    EXPECT_EQ(eddy_generator_next(inside, &item), 1);
    EXPECT_EQ(eddy_generator_next(outside, &item), 1);
    EXPECT_EQ(item, 1);
    return 0;
}

TEST(its_end_closes_generators_first_asked_within)
{
    int item = -1;
    order[0] = '\0';
    outside = eddy_generator_new(numbers, "o");
    EXPECT_EQ(eddy_generator_next(outside, &item), 1);
    EXPECT_EQ(eddy_run(eddy_coro(asks_both), NULL), 0);
    EXPECT_STR(order, "i");
    EXPECT_EQ(eddy_generator_next(outside, &item), 1);
    EXPECT_EQ(item, 2);
    EXPECT_EQ(eddy_generator_close(outside), 0);
    EXPECT_STR(order, "io");
    eddy_generator_free(inside);
    eddy_generator_free(outside);
}

EDDY_ASYNC(makes_more_when_cancelled, (int, left))
{
    int rc = eddy_sleep(100);
    if (left > 0)
        eddy_start(makes_more_when_cancelled, left - 1);
    else
        note("last");
    return rc;
}

EDDY_ASYNC(leaves_a_chain)
{
    eddy_start(makes_more_when_cancelled, 3);
    return eddy_sleep(1);
}

TEST(what_is_made_while_the_rest_is_cancelled_is_cancelled_too)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_chain), NULL), 0);
    EXPECT_STR(order, "last");
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

EDDY_ASYNC(will_not_end)
{
    for (int i = 0; i < 200; i++)
        EDDY_IGNORE(eddy_sleep(1) < 0);
    note("e");
    return 0;
}

EDDY_ASYNC(leaves_a_stubborn_one)
{
    eddy_start(will_not_end);
    return eddy_sleep(0.5);
}

TEST(one_that_ignores_its_cancellation_is_waited_for)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_stubborn_one), NULL), 0);
    EXPECT_STR(order, "e");
    EXPECT(eddy_time() == 199.5); // one second was cut short
}

/* ---- cancellation ----------------------------------------------------------------------------*/

EDDY_ASYNC(main_with_a_child)
{
    eddy_start(ticks, "c", "C", 2);
    int rc = eddy_sleep(100);
    note("m");
    return rc;
}

EDDY_ASYNC(runs_main_with_a_child)
{
    int rc = eddy_run(eddy_coro(main_with_a_child), NULL);
    note("r");
    return rc;
}

TEST(a_cancellation_of_the_caller_goes_to_the_nested_main_task_and_the_rest_is_ended)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_task) *task = eddy_create_task(runs_main_with_a_child);
    EXPECT_EQ(eddy_sleep(1.5), 0);
    eddy_task_cancel(task, "enough");
    int rc = eddy_await(task);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "enough");
    EXPECT_STR(order, "cmCr");
    EXPECT(eddy_time() == 3.5);
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

TEST(cancelled_again_while_it_ends_the_rest_it_ends_the_rest)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_task) *task = eddy_create_task(runs_main_with_a_child);
    EXPECT_EQ(eddy_sleep(1.5), 0);
    eddy_task_cancel(task, "first");
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(task, "second"); // which cuts the cleaning up short
    int rc = eddy_await(task);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "second");
    EXPECT_STR(order, "cmCr");
    EXPECT(eddy_time() == 2.5);
}

EDDY_ASYNC(leaves_a_slow_child)
{
    eddy_start(ticks, "c", "C", 2);
    EDDY_TRY(eddy_sleep(1.5));
    return 8;
}

EDDY_ASYNC(runs_one_with_a_slow_child)
{
    return eddy_run(eddy_coro(leaves_a_slow_child), NULL);
}

TEST(a_cancellation_while_the_rest_ends_wins_over_the_status)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_task) *task = eddy_create_task(runs_one_with_a_slow_child);
    EXPECT_EQ(eddy_sleep(2), 0);
    eddy_task_cancel(task, "late");
    int rc = eddy_await(task);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "late");
    EXPECT_STR(order, "cC");
}

TEST(a_deadline_reaches_into_it)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_within(1.5, eddy_run(eddy_coro(main_with_a_child), NULL)), EDDY_TIMEDOUT);
    EXPECT_STR(order, "cmC");
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

/* ---- nested in nested ------------------------------------------------------------------------*/

EDDY_ASYNC(nests_once_more)
{
    eddy_start(ticks, "1", "!", 0);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_slow_child), NULL), 8);
    EXPECT_STR(order, "1c11C");
    return eddy_sleep(1);
}

TEST(the_end_of_an_inner_run_leaves_the_outer_ones_tasks_alone)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_run(eddy_coro(nests_once_more), NULL), 0);
    EXPECT_STR(order, "1c11C1!");
}

EDDY_ASYNC(nests, (int, depth))
{
    eddy_start(ticks, "t", "T", 1);
    return depth > 0 ? eddy_run(eddy_coro(nests, depth - 1), NULL) : eddy_sleep(100);
}

TEST(a_cancellation_ends_runs_within_runs)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_within(1.5, eddy_run(eddy_coro(nests, 2), NULL)), EDDY_TIMEDOUT);
    EXPECT_STR(order, "tttttTtTT"); // from the inside out
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

EDDY_ASYNC(runs_a_sleeper, (double, seconds))
{
    double time;
    EXPECT_EQ(eddy_run_to(&time, eddy_coro(sleeps, seconds), NULL), 4);
    EXPECT(time == seconds);
    return 0;
}

TEST(many_tasks_may_each_have_one)
{
    enum { COUNT = 300 };
    eddy_future *tasks[COUNT];
    for (int i = 0; i < COUNT; i++)
        tasks[i] = eddy_coro(runs_a_sleeper, i);
    EXPECT_EQ(eddy_gather_all(tasks, COUNT, NULL), 0);
    EXPECT(eddy_time() == COUNT - 1);
}

/* ---- context ---------------------------------------------------------------------------------*/

EDDY_CONTEXT_VAR(int, number, 7);

EDDY_ASYNC_TO(int, sees_number)
{
    *result = eddy_context_var_get(&number);
    EDDY_TRY(eddy_context_var_set(&number, -1));
    EXPECT_EQ(eddy_context_var_get(&number), -1);
    return 0;
}

EDDY_ASYNC(ticks_in_context)
{
    EXPECT_EQ(eddy_context_var_get(&number), 20);
    return ticks("k", "K", 0);
}

EDDY_ASYNC(uses_variables, (eddy_context *, context))
{
    EXPECT_EQ(eddy_context_var_get(&number), 10);
    EXPECT_EQ(eddy_context_var_set(&number, 11), 0);
    int seen[2];
    EDDY_TRY(eddy_gather_to(seen, eddy_coro(sees_number), eddy_coro(sees_number)));
    EXPECT_EQ(seen[0], 11);
    EXPECT_EQ(seen[1], 11);
    EXPECT_EQ(eddy_context_var_get(&number), 11);
    // A context from outside doesn't take a task out of the run, nor does running in it.
    eddy_task_free(eddy_task_create(eddy_coro(ticks_in_context),
                                    &(eddy_task_options){.context = context}));
    EDDY_TRY(eddy_context_run(context, eddy_coro(starts_one)));
    EXPECT_EQ(eddy_context_get(eddy_task_get_context(eddy_current_task()), &number), 11);
    return eddy_sleep(2);
}

TEST(a_nested_run_has_a_copy_of_the_variables_and_any_context_belongs_to_it)
{
    EDDY_AUTO(eddy_context) *context = NULL;
    order[0] = '\0';
    EXPECT_EQ(eddy_context_var_set(&number, 20), 0);
    REQUIRE(eddy_copy_context(&context) == 0);
    EXPECT_EQ(eddy_context_var_set(&number, 10), 0);
    EXPECT_EQ(eddy_run(eddy_coro(uses_variables, context), NULL), 0);
    EXPECT_EQ(eddy_context_var_get(&number), 10);
    EXPECT_STR(order, "kbkbKB");
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

EDDY_ASYNC(posts, (eddy_loop *, loop))
{
    return eddy_call_soon_threadsafe(loop, starts_in_callback, NULL);
}

EDDY_ASYNC(posts_from_a_thread)
{
    EDDY_TRY(eddy_to_thread(eddy_coro(posts, eddy_get_running_loop())));
    return eddy_sleep(1.5);
}

TEST(what_a_thread_asks_for_is_no_part_of_it)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_run(eddy_coro(posts_from_a_thread), NULL), 0);
    EXPECT_STR(order, "c");
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 2);
}

/* ---- misuse ----------------------------------------------------------------------------------*/

static int drops;

static void drop(int *it)
{
    (void)it;
    drops++;
}

EDDY_ASYNC_TO(int, owns, (int, it, drop))
{
    *result = it;
    return 0;
}

static void do_nothing(eddy_task *main, void *data)
{
    (void)main;
    (void)data;
}

TEST(options_of_the_loop_are_refused_and_nothing_is_lost)
{
    const eddy_run_options refused[] = {
        {.virtual_clock = true},      {.debug = true},         {.eager_start = true},
        {.keep_sigint = true},        {.stack_size = 1 << 20}, {.threads_max = 1},
        {.slow_callback_duration = 1}, {.exception_handler = note_report},
        {.on_main_done = do_nothing}, {.on_closing = do_nothing},
    };
    int count = (int)(sizeof refused / sizeof *refused);
    drops = 0;
    for (int i = 0; i < count; i++) {
        int rc = eddy_run(eddy_coro(owns, 1), &refused[i]);
        EXPECT_EQ(rc, EDDY_EMISUSE);
        EXPECT(strstr(eddy_error_message(eddy_error_get(rc)), "options") != NULL);
        EXPECT_EQ(drops, i + 1);
    }
    short small;
    EXPECT_EQ(eddy_run_to(&small, eddy_coro(owns, 1), NULL), EDDY_EMISUSE);
    EXPECT_EQ(drops, count + 1);
    EXPECT_EQ(eddy_run(NULL, NULL), EDDY_EMISUSE);
}

static int runs_in_callback(void *data)
{
    *(int *)data = eddy_run(eddy_coro(owns, 1), NULL);
    return 0;
}

TEST(in_a_callback_it_is_misuse)
{
    int status = 0;
    drops = 0;
    EXPECT_EQ(eddy_call_soon(runs_in_callback, &status, NULL), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(status, EDDY_EMISUSE);
    EXPECT_EQ(drops, 1);
}

EDDY_ASYNC(only_waits)
{
    eddy_future *future = eddy_future_new(void);
    int rc = eddy_await(future);
    eddy_future_free(future);
    note("w");
    return rc;
}

EDDY_ASYNC(runs_only_waits)
{
    int rc = eddy_run(eddy_coro(only_waits), NULL);
    note("r");
    return rc;
}

TEST_PLAIN(a_deadlock_within_ends_the_whole_run)
{
    order[0] = '\0';
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(eddy_run(eddy_coro(runs_only_waits),
                       &(eddy_run_options){.virtual_clock = true, .exception_handler = note_report}),
              -EDEADLK);
    EXPECT_STR(order, "wr");
}

TEST_PLAIN(eager_tasks_belong_to_it_too)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_run(eddy_coro(nests, 1),
                       &(eddy_run_options){.virtual_clock = true, .eager_start = true,
                                           .exception_handler = note_report}),
              0);
}

RUN_TESTS(TEST_OF(a_nested_run_returns_the_outcome_while_others_go_on),
          TEST_OF(its_end_cancels_and_awaits_what_was_made_within_and_nothing_else),
          TEST_OF(the_error_keeps_its_words_and_failures_at_the_end_are_reported),
          TEST_OF(its_end_closes_generators_first_asked_within),
          TEST_OF(what_is_made_while_the_rest_is_cancelled_is_cancelled_too),
          TEST_OF(one_that_ignores_its_cancellation_is_waited_for),
          TEST_OF(a_cancellation_of_the_caller_goes_to_the_nested_main_task_and_the_rest_is_ended),
          TEST_OF(cancelled_again_while_it_ends_the_rest_it_ends_the_rest),
          TEST_OF(a_cancellation_while_the_rest_ends_wins_over_the_status),
          TEST_OF(a_deadline_reaches_into_it),
          TEST_OF(the_end_of_an_inner_run_leaves_the_outer_ones_tasks_alone),
          TEST_OF(a_cancellation_ends_runs_within_runs),
          TEST_OF(many_tasks_may_each_have_one),
          TEST_OF(a_nested_run_has_a_copy_of_the_variables_and_any_context_belongs_to_it),
          TEST_OF(what_a_thread_asks_for_is_no_part_of_it),
          TEST_OF(options_of_the_loop_are_refused_and_nothing_is_lost),
          TEST_OF(in_a_callback_it_is_misuse),
          TEST_OF(a_deadlock_within_ends_the_whole_run),
          TEST_OF(eager_tasks_belong_to_it_too))
