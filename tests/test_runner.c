/* SPDX-License-Identifier: MIT */
/* Several runs on one loop: what goes on in the next, what is kept, and what closing ends. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

static char order[128];

static void note(const char *text)
{
    strncat(order, text, sizeof order - strlen(order) - 1);
}

static eddy_runner *open_runner(void)
{
    eddy_runner *runner = NULL;
    order[0] = '\0';
    eddy_run_options options = {.virtual_clock = true, .exception_handler = note_report};
    EXPECT_EQ(eddy_runner_open(&options, &runner), 0);
    return runner;
}

EDDY_ASYNC(returns, (int, status))
{
    return status;
}

EDDY_ASYNC(sleeps, (double, seconds))
{
    return eddy_sleep(seconds);
}

EDDY_ASYNC_TO(double, tells_time)
{
    *result = eddy_time();
    return 1;
}

EDDY_ASYNC(fails, (const char *, words))
{
    return eddy_fail(-EIO, "%s", words);
}

TEST_PLAIN(each_run_gives_its_status_and_result_and_time_goes_on)
{
    EDDY_AUTO(eddy_runner) *runner = open_runner();
    double time = -1;
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(returns, 5)), 5);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 10)), 0);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(tells_time), &time), 1);
    EXPECT(time == 10);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(fails, "words")), -EIO);
    EXPECT_EQ(eddy_runner_close(runner), 0);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "words"); // until the next run
}

/* ---- what goes on ----------------------------------------------------------------------------*/

EDDY_ASYNC(ticks, (const char *, text))
{
    int rc;
    while ((rc = eddy_sleep(1)) == 0)
        note(text);
    note(rc == EDDY_CANCELLED ? "x" : "?");
    EXPECT_EQ(eddy_error_cancel_reason(eddy_error_get(rc)), EDDY_CANCEL_SHUTDOWN);
    return rc;
}

static eddy_task *kept;

EDDY_ASYNC(starts_ticking)
{
    kept = eddy_create_task(ticks, "t");
    return 0;
}

TEST_PLAIN(a_task_left_behind_goes_on_in_the_next_run_and_is_cancelled_by_the_close)
{
    EDDY_AUTO(eddy_runner) *runner = open_runner();
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(starts_ticking)), 0);
    EXPECT(!eddy_task_done(kept));
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 2.5)), 0);
    EXPECT_STR(order, "tt");
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 1)), 0);
    EXPECT_STR(order, "ttt");
    EXPECT_EQ(eddy_runner_close(runner), 0);
    EXPECT_STR(order, "tttx");
    EXPECT(eddy_task_cancelled(kept));
    eddy_task_free(kept);
}

static int notes_call(void *data)
{
    note(data);
    return 0;
}

EDDY_ASYNC(calls_later)
{
    static char text[] = "l";
    return eddy_call_later(3, notes_call, text, NULL);
}

TEST_PLAIN(timers_stand_still_between_runs_and_calls_from_outside_wait_for_the_next)
{
    EDDY_AUTO(eddy_runner) *runner = open_runner();
    static char text[] = "s";
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(calls_later)), 0);
    EXPECT_EQ(eddy_call_soon_threadsafe(eddy_runner_get_loop(runner), notes_call, text), 0);
    EXPECT(eddy_get_running_loop() == NULL);
    EXPECT_STR(order, "");
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 1)), 0);
    EXPECT_STR(order, "s");
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 2)), 0);
    EXPECT_STR(order, "sl");
}

EDDY_ASYNC(fails_at_once)
{
    return -EIO;
}

EDDY_ASYNC(keeps_a_failed_one)
{
    kept = eddy_create_task(fails_at_once);
    return eddy_sleep(0);
}

TEST_PLAIN(an_error_that_is_dropped_between_runs_is_reported)
{
    EDDY_AUTO(eddy_runner) *runner = open_runner();
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(keeps_a_failed_one)), 0);
    eddy_task_free(kept);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
    EXPECT_STR(last_report_name(), "fails_at_once");
}

EDDY_GENERATOR(int, numbers)
{
    int rc = 0;
    for (int i = 0; rc == 0; i++)
        rc = eddy_yield(i);
    note(rc == EDDY_GENERATOREXIT ? "closed" : "?");
    return rc;
}

static eddy_generator *open_generator;

EDDY_ASYNC(asks_once)
{
    int item = -1;
    open_generator = eddy_generator_new(numbers);
    EXPECT_EQ(eddy_generator_next(open_generator, &item), 1);
    EXPECT_EQ(item, 0);
    return 0;
}

TEST_PLAIN(a_generator_freed_between_runs_is_closed_in_the_next)
{
    EDDY_AUTO(eddy_runner) *runner = open_runner();
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(asks_once)), 0);
    eddy_generator_free(open_generator);
    EXPECT_STR(order, "");
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 0)), 0);
    EXPECT_STR(order, "closed");
}

TEST_PLAIN(a_generator_freed_after_the_last_run_is_closed_by_the_close)
{
    eddy_runner *runner = open_runner();
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(asks_once)), 0);
    eddy_generator_free(open_generator);
    eddy_runner_free(runner);
    EXPECT_STR(order, "closed");
}

TEST_PLAIN(a_generator_left_open_is_closed_with_the_runner)
{
    EDDY_AUTO(eddy_runner) *runner = open_runner();
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(asks_once)), 0);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 1)), 0);
    EXPECT_STR(order, "");
    EXPECT_EQ(eddy_runner_close(runner), 0);
    EXPECT_STR(order, "closed");
    eddy_generator_free(open_generator);
}

EDDY_ASYNC(lets_go_of_one)
{
    EDDY_TRY(asks_once());
    eddy_generator_free(open_generator); // whose closing the end of the run will cancel
    return 0;
}

TEST_PLAIN(a_generator_let_go_at_the_last_moment_is_closed_and_freed)
{
    eddy_run_options options = {.virtual_clock = true, .exception_handler = note_report};
    order[0] = '\0';
    EXPECT_EQ(eddy_run(eddy_coro(lets_go_of_one), &options), 0);
    EXPECT_STR(order, "closed");
}

/* ---- context ---------------------------------------------------------------------------------*/

EDDY_CONTEXT_VAR(int, number, 7);

EDDY_ASYNC_TO(int, sees_then_sets, (int, value))
{
    *result = eddy_context_var_get(&number);
    EDDY_TRY(eddy_context_var_set(&number, value));
    return 0;
}

static void *share_context(void *data)
{
    (void)data;
    EDDY_AUTO(eddy_context_token) *token = NULL;
    EDDY_AUTO(eddy_context) *other = NULL;
    EXPECT_EQ(eddy_context_var_set_token(&number, &token, 1), 0);
    if (!EXPECT(eddy_copy_context(&other) == 0))
        return NULL;
    eddy_runner *runner = open_runner();
    int seen = 0;
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sees_then_sets, 2), &seen), 0);
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sees_then_sets, 3), &seen), 0);
    EXPECT_EQ(seen, 2);
    EXPECT_EQ(eddy_runner_run_in(runner, other, eddy_coro(sees_then_sets, 4), &seen), 0);
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(eddy_context_get(other, &number), 4);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sees_then_sets, 5), &seen), 0);
    EXPECT_EQ(seen, 3);
    EXPECT_EQ(eddy_context_var_get(&number), 1);
    eddy_runner_free(runner);
    EXPECT_EQ(eddy_context_var_reset(&number, token), 0);
    return NULL;
}

TEST_PLAIN(main_tasks_share_the_runners_context)
{
    pthread_t thread; // which gives its own context back when it ends
    REQUIRE(pthread_create(&thread, NULL, share_context, NULL) == 0);
    pthread_join(thread, NULL);
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

static eddy_runner *shared;

static void expect_refused(const char *words)
{
    drops = 0;
    int rc = eddy_runner_run(shared, eddy_coro(owns, 1));
    EXPECT_EQ(rc, EDDY_EMISUSE);
    const char *message = eddy_error_message(eddy_error_get(rc));
    EXPECT(message != NULL && strstr(message, words) != NULL);
    EXPECT_EQ(drops, 1);
}

EDDY_ASYNC(uses_runner_inside)
{
    expect_refused("already");
    EXPECT_EQ(eddy_runner_close(shared), EDDY_EMISUSE);
    return 0;
}

static void *uses_runner(void *data)
{
    (void)data;
    expect_refused("another thread");
    EXPECT_EQ(eddy_runner_close(shared), EDDY_EMISUSE);
    return NULL;
}

TEST_PLAIN(a_runner_is_used_on_its_thread_outside_loops_and_while_it_is_open)
{
    shared = open_runner();
    EXPECT(eddy_runner_get_loop(shared) != NULL);
    EXPECT_EQ(eddy_runner_run(shared, eddy_coro(uses_runner_inside)), 0);
    EXPECT_EQ(eddy_run(eddy_coro(uses_runner_inside), NULL), 0); // inside another loop
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, uses_runner, NULL) == 0);
    pthread_join(thread, NULL);
    short small;
    drops = 0;
    EXPECT_EQ(eddy_runner_run(shared, eddy_coro(owns, 1), &small), EDDY_EMISUSE);
    EXPECT_EQ(drops, 1);
    EXPECT_EQ(eddy_runner_run(shared, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_runner_close(shared), 0);
    EXPECT(eddy_runner_get_loop(shared) == NULL);
    expect_refused("closed");
    EXPECT_EQ(eddy_runner_close(shared), 0);
    eddy_runner_free(shared);
    shared = NULL;
    expect_refused("no runner");
    eddy_runner_free(NULL);
    eddy_runner *never = NULL;
    EXPECT_EQ(eddy_runner_open(&(eddy_run_options){.stack_size = SIZE_MAX}, &never), EDDY_EMISUSE);
    EXPECT(never == NULL);
}

TEST_PLAIN(a_thread_may_have_several_runners_and_close_them_in_any_order)
{
    eddy_runner *first = open_runner();
    eddy_runner *second = open_runner();
    double time = -1;
    EXPECT_EQ(eddy_runner_run(first, eddy_coro(sleeps, 5)), 0);
    EXPECT_EQ(eddy_runner_run(second, eddy_coro(tells_time), &time), 1);
    EXPECT(time == 0);
    EXPECT_EQ(eddy_run(eddy_coro(sleeps, 100), &(eddy_run_options){.virtual_clock = true}), 0);
    EXPECT_EQ(eddy_runner_close(first), 0);
    EXPECT_EQ(eddy_runner_run(second, eddy_coro(sleeps, 1)), 0);
    EXPECT_EQ(eddy_runner_run(second, eddy_coro(tells_time), &time), 1);
    EXPECT(time == 1);
    eddy_runner_free(first);
    eddy_runner_free(second);
}

/* ---- Ctrl-C, deadlock, hooks -----------------------------------------------------------------*/

EDDY_ASYNC(presses_ctrl_c)
{
    EXPECT_EQ(raise(SIGINT), 0);
    return eddy_sleep(100);
}

static int notes_interrupt(void *data)
{
    (void)data;
    note("i");
    return 0;
}

EDDY_ASYNC(handles_interrupt_itself)
{
    EDDY_TRY(eddy_add_signal_handler(SIGINT, notes_interrupt, NULL));
    EXPECT_EQ(raise(SIGINT), 0);
    return eddy_sleep(1);
}

static bool is_default(void)
{
    struct sigaction now;
    return sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

TEST_PLAIN(ctrl_c_cancels_the_main_task_of_the_run_and_the_next_may_follow)
{
    eddy_runner *runner = open_runner();
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(starts_ticking)), 0);
    EXPECT(is_default());
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(eddy_runner_run(runner, eddy_coro(presses_ctrl_c)), EDDY_INTERRUPTED);
        EXPECT(is_default());
    }
    EXPECT(!eddy_task_done(kept)); // none but the main task
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(handles_interrupt_itself)), 0);
    EXPECT(strchr(order, 'i') != NULL);
    eddy_runner_free(runner);
    EXPECT(is_default());
    eddy_task_free(kept);
}

EDDY_ASYNC(waits_for_ever)
{
    int rc = eddy_sleep(EDDY_NO_TIMEOUT);
    note("w");
    return rc;
}

TEST_PLAIN(a_deadlock_ends_every_task_and_the_next_run_may_follow)
{
    EDDY_AUTO(eddy_runner) *runner = open_runner();
    for (int i = 0; i < 2; i++) {
        expect_report(EDDY_REPORT_DEADLOCK);
        EXPECT_EQ(eddy_runner_run(runner, eddy_coro(waits_for_ever)), -EDEADLK);
    }
    EXPECT_STR(order, "ww");
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(returns, 4)), 4);
}

static void notes_hook(eddy_task *main, void *data)
{
    (void)data;
    note(main != NULL ? eddy_task_coroutine_name(main) : "-");
    note(",");
}

TEST_PLAIN(hooks_are_called_after_each_run_and_once_at_the_close)
{
    eddy_runner *runner = open_runner();
    EXPECT_EQ(eddy_runner_close(runner), 0);
    eddy_runner_free(runner);
    eddy_run_options options = {
        .virtual_clock = true, .on_main_done = notes_hook, .on_closing = notes_hook};
    REQUIRE(eddy_runner_open(&options, &runner) == 0);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(returns, 1)), 1);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(sleeps, 1)), 0);
    eddy_runner_free(runner);
    EXPECT_STR(order, "returns,sleeps,sleeps,");
    order[0] = '\0';
    REQUIRE(eddy_runner_open(&options, &runner) == 0);
    eddy_runner_free(runner);
    EXPECT_STR(order, "-,");
}

RUN_TESTS(TEST_OF(each_run_gives_its_status_and_result_and_time_goes_on),
          TEST_OF(a_task_left_behind_goes_on_in_the_next_run_and_is_cancelled_by_the_close),
          TEST_OF(timers_stand_still_between_runs_and_calls_from_outside_wait_for_the_next),
          TEST_OF(an_error_that_is_dropped_between_runs_is_reported),
          TEST_OF(a_generator_freed_between_runs_is_closed_in_the_next),
          TEST_OF(a_generator_freed_after_the_last_run_is_closed_by_the_close),
          TEST_OF(a_generator_left_open_is_closed_with_the_runner),
          TEST_OF(a_generator_let_go_at_the_last_moment_is_closed_and_freed),
          TEST_OF(main_tasks_share_the_runners_context),
          TEST_OF(a_runner_is_used_on_its_thread_outside_loops_and_while_it_is_open),
          TEST_OF(a_thread_may_have_several_runners_and_close_them_in_any_order),
          TEST_OF(ctrl_c_cancels_the_main_task_of_the_run_and_the_next_may_follow),
          TEST_OF(a_deadlock_ends_every_task_and_the_next_run_may_follow),
          TEST_OF(hooks_are_called_after_each_run_and_once_at_the_close))
