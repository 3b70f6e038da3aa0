/* SPDX-License-Identifier: MIT */
/* A run from its first task to its last: status, what is left over, the virtual clock. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static char order[128];

static void note(const char *text)
{
    strncat(order, text, sizeof order - strlen(order) - 1);
}

static int run(eddy_coroutine *main, eddy_run_options options)
{
    options.exception_handler = note_report;
    return eddy_run(main, &options);
}

#define VIRTUAL (eddy_run_options){.virtual_clock = true}

EDDY_ASYNC(returns, (int, status))
{
    return status;
}

EDDY_ASYNC(sleeps, (double, seconds))
{
    return eddy_sleep(seconds);
}

EDDY_ASYNC_TO(int, gives, (int, value))
{
    EDDY_TRY(eddy_sleep(1));
    *result = value;
    return 1;
}

EDDY_ASYNC(fails, (const char *, words))
{
    return eddy_fail_from(-EIO, eddy_fail(-ENOENT, "first"), "%s", words);
}

TEST_PLAIN(a_run_gives_the_status_of_its_main_task)
{
    EXPECT_EQ(run(eddy_coro(returns, 0), VIRTUAL), 0);
    EXPECT_EQ(run(eddy_coro(returns, 9), VIRTUAL), 9);
    EXPECT_EQ(run(eddy_coro(returns, -EPERM), VIRTUAL), -EPERM);
    EXPECT_EQ(eddy_run(eddy_coro(returns, 3), NULL), 3);
    int value = 0;
    EXPECT_EQ(eddy_run_to(&value, eddy_coro(gives, 4), &VIRTUAL), 1);
    EXPECT_EQ(value, 4);
}

TEST_PLAIN(the_error_of_a_run_is_kept_until_the_next_one)
{
    EXPECT_EQ(run(eddy_coro(fails, "kept"), VIRTUAL), -EIO);
    const eddy_error *error = eddy_error_get(-EIO);
    EXPECT_STR(eddy_error_message(error), "kept");
    EXPECT(eddy_error_place(error) != NULL);
    EXPECT_EQ(eddy_error_code(eddy_error_cause(error)), -ENOENT);
    EXPECT_STR(eddy_error_message(eddy_error_cause(error)), "first");
    EXPECT_EQ(run(eddy_coro(returns, -EIO), VIRTUAL), -EIO);
    EXPECT(eddy_error_get(-EIO) == NULL);
}

EDDY_ASYNC(cancels_itself)
{
    eddy_task_cancel(eddy_current_task(), "me");
    return eddy_sleep(1);
}

TEST_PLAIN(a_cancelled_main_task_ends_the_run_with_cancelled)
{
    EXPECT_EQ(run(eddy_coro(cancels_itself), VIRTUAL), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "me");
}

/* ---- what is left over -----------------------------------------------------------------------*/

EDDY_ASYNC(cleans_up, (const char *, name), (double, seconds), (int, status))
{
    int rc = eddy_sleep(1000);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_error_cancel_reason(eddy_error_get(rc)), EDDY_CANCEL_SHUTDOWN);
    note(name);
    EDDY_TRY(eddy_sleep(seconds));
    note(name);
    return status;
}

EDDY_ASYNC(leaves_two)
{
    eddy_start(cleans_up, "a", 2, EDDY_CANCELLED);
    eddy_start(cleans_up, "b", 1, 0);
    EDDY_TRY(eddy_sleep(0));
    note("m");
    return 5;
}

TEST_PLAIN(tasks_left_over_are_cancelled_in_order_and_awaited)
{
    order[0] = '\0';
    EXPECT_EQ(run(eddy_coro(leaves_two), VIRTUAL), 5);
    EXPECT_STR(order, "mabba");
}

EDDY_ASYNC(leaves_one_that_fails)
{
    eddy_task_free(eddy_task_create(eddy_coro(cleans_up, "x", 1, -EIO),
                                    &(eddy_task_options){.name = "clumsy"}));
    return eddy_sleep(0);
}

TEST_PLAIN(a_task_that_fails_while_the_run_ends_is_reported)
{
    expect_report(EDDY_REPORT_SHUTDOWN);
    EXPECT_EQ(run(eddy_coro(leaves_one_that_fails), VIRTUAL), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_SHUTDOWN), 1);
    EXPECT_STR(last_report_name(), "clumsy");
    EXPECT(last_report_place() != NULL);
}

EDDY_ASYNC(fails_at_once)
{
    return -EIO;
}

static eddy_task *held;

EDDY_ASYNC(holds_a_failed_one)
{
    held = eddy_create_task(fails_at_once);
    return eddy_sleep(0);
}

TEST_PLAIN(an_error_nobody_looked_at_is_reported_at_the_end_though_it_is_held)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    EXPECT_EQ(run(eddy_coro(holds_a_failed_one), VIRTUAL), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
    EXPECT_EQ(eddy_future_exception(held), -EIO);
    eddy_task_free(held); // once only
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_RETRIEVED), 1);
}

static void start_late(eddy_task *main, void *data)
{
    (void)main;
    (void)data;
    held = eddy_create_task(sleeps, 1);
}

TEST_PLAIN(a_task_made_while_the_run_closes_does_not_outlive_it_unseen)
{
    EXPECT_EQ(run(eddy_coro(returns, 0),
                  (eddy_run_options){.virtual_clock = true, .on_closing = start_late}),
              0);
    EXPECT(eddy_task_done(held));
    EXPECT(eddy_task_cancelled(held));
    eddy_task_free(held);
}

static eddy_semaphore never = EDDY_SEMAPHORE(0);

EDDY_ASYNC(refuses_to_end)
{
    for (;;)
        EDDY_IGNORE(eddy_semaphore_acquire(&never) < 0);
    return 0;
}

EDDY_ASYNC(leaves_one_that_refuses)
{
    held = eddy_create_task(refuses_to_end);
    return eddy_sleep(0);
}

TEST_PLAIN(a_task_that_refuses_to_end_is_reported_as_having_outlived_the_loop)
{
    expect_report(EDDY_REPORT_DEADLOCK);
    expect_report(EDDY_REPORT_OUTLIVED);
    EXPECT_EQ(run(eddy_coro(leaves_one_that_refuses), VIRTUAL), -EDEADLK);
    EXPECT_EQ(report_count(EDDY_REPORT_OUTLIVED), 1);
    EXPECT_STR(last_report_name(), "refuses_to_end");
    EXPECT(eddy_task_cancelled(held));
    EXPECT(never.waiters.first == NULL); // nobody is left in the row
    eddy_task_free(held);
}

static int notes_call(void *data)
{
    note(data);
    return 0;
}

EDDY_ASYNC(leaves_callbacks)
{
    char *texts[] = {"soon ", "late "};
    EDDY_TRY(eddy_call_soon(notes_call, texts[0], NULL));
    EDDY_TRY(eddy_call_later(10, notes_call, texts[1], NULL));
    return 0;
}

TEST_PLAIN(what_is_ready_when_main_ends_still_runs_and_what_is_not_due_is_dropped)
{
    order[0] = '\0';
    EXPECT_EQ(run(eddy_coro(leaves_callbacks), VIRTUAL), 0);
    EXPECT_STR(order, "soon ");
}

/* ---- hooks -----------------------------------------------------------------------------------*/

static void main_done(eddy_task *main, void *data)
{
    EXPECT(eddy_task_done(main));
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
    EXPECT(eddy_current_task() == NULL);
    note(data);
}

static void closing(eddy_task *main, void *data)
{
    (void)data;
    EXPECT_EQ(eddy_task_result(main), 5);
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 0);
    EXPECT(eddy_time() == 2);
    note("closing");
}

EDDY_ASYNC(leaves_one)
{
    eddy_start(cleans_up, "a", 2, 0);
    EDDY_TRY(eddy_sleep(0));
    return 5;
}

TEST_PLAIN(hooks_are_called_when_main_is_done_and_when_all_is)
{
    char done[] = "done ";
    order[0] = '\0';
    EXPECT_EQ(run(eddy_coro(leaves_one), (eddy_run_options){.virtual_clock = true,
                                                            .on_main_done = main_done,
                                                            .on_closing = closing,
                                                            .hook_data = done}),
              5);
    EXPECT_STR(order, "done aaclosing");
}

static int close_note(void *data)
{
    note(data);
    return 0;
}

EDDY_ASYNC(asks_for_the_close)
{
    char *texts[] = {"1", "2"};
    EDDY_TRY(eddy_loop_on_close(close_note, texts[0]));
    EDDY_TRY(eddy_loop_on_close(close_note, texts[1]));
    return 0;
}

TEST_PLAIN(those_who_want_to_know_of_the_close_are_called_newest_first)
{
    order[0] = '\0';
    EXPECT_EQ(run(eddy_coro(asks_for_the_close), VIRTUAL), 0);
    EXPECT_STR(order, "21");
}

/* ---- time ------------------------------------------------------------------------------------*/

TEST(the_virtual_clock_starts_at_zero_and_jumps_exactly)
{
    EXPECT(eddy_time() == 0);
    EXPECT_EQ(eddy_sleep(0.001), 0);
    EXPECT(eddy_time() == 0.001);
    EXPECT_EQ(eddy_sleep(86400 * 365.0), 0);
    EXPECT(eddy_time() == 86400 * 365.0 + 0.001);
}

TEST(the_clock_stands_still_while_anything_is_ready)
{
    for (int i = 0; i < 10000; i++)
        EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT(eddy_time() == 0);
}

TEST(busy_work_may_let_time_pass)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps, 1);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_advance_clock(5), 0);
    EXPECT(eddy_time() == 5);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT(eddy_time() == 5);
    EXPECT_EQ(eddy_advance_clock(-1), EDDY_EVALUE);
    EXPECT_EQ(eddy_advance_clock(__builtin_nan("")), EDDY_EVALUE);
}

TEST_REAL(the_real_clock_is_not_advanced_by_hand)
{
    EXPECT_EQ(eddy_advance_clock(1), EDDY_EMISUSE);
    EXPECT(eddy_time() > 0);
}

/* ---- rules -----------------------------------------------------------------------------------*/

static void *run_elsewhere(void *data)
{
    int *status = data;
    *status = run(eddy_coro(leaves_callbacks), VIRTUAL);
    return NULL;
}

TEST(another_thread_may_run_a_loop_of_its_own)
{
    int status = -1;
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, run_elsewhere, &status) == 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(status, 0);
}

TEST_PLAIN(options_out_of_range_are_refused)
{
    double nan = __builtin_nan("");
    const eddy_run_options wrong[] = {
        {.stack_size = SIZE_MAX},
        {.slow_callback_duration = -1},
        {.slow_callback_duration = nan},
        {.threads_max = 1u << 30},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        EXPECT_EQ(eddy_run(eddy_coro(returns, 0), &wrong[i]), EDDY_EMISUSE);
        EXPECT(eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL);
    }
    EXPECT_EQ(eddy_run(NULL, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_run(eddy_coro(returns, 0), &(eddy_run_options){.stack_size = 1}), 0);
}

static int call(void *data)
{
    (void)data;
    return 0;
}

/* Misuse is told with a sentence. */
static void expect_misuse(int status, const char *text)
{
    const char *sentence = eddy_error_message(eddy_error_get(EDDY_EMISUSE));
    harness_expect(status == EDDY_EMISUSE && sentence != NULL && strlen(sentence) > 10, __FILE__,
                   __LINE__, "a sentence from %s", text);
    eddy_error_free(eddy_error_take(EDDY_EMISUSE));
}
#define EXPECT_MISUSE(call) expect_misuse((call), #call)

/* What must not be done without a loop, or in a callback, which has one and no task. */
static void try_to_wait(void)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE(1);
    eddy_future *future = eddy_future_new(void);
    EXPECT_MISUSE(eddy_sleep(0));
    EXPECT_MISUSE(eddy_sleep(1));
    EXPECT_MISUSE(eddy_await(future));
    EXPECT_MISUSE(eddy_await(eddy_coro(returns, 0)));
    EXPECT_MISUSE(eddy_gather(eddy_coro(returns, 0)));
    EXPECT_MISUSE(eddy_wait_for(eddy_coro(returns, 0), 1));
    EXPECT_MISUSE(eddy_timeout_begin(1));
    EXPECT_MISUSE(eddy_timeout_at_begin(1));
    EXPECT_MISUSE(eddy_timeout_end(0));
    EXPECT_MISUSE(eddy_within(1, 0));
    EXPECT_MISUSE(eddy_semaphore_acquire(&semaphore));
    EXPECT_MISUSE(eddy_to_thread(eddy_coro(returns, 0)));
    EDDY_AUTO(eddy_timeout) *timeout = eddy_timeout_new(1);
    EXPECT_MISUSE(eddy_timeout_enter(timeout));
    EXPECT_MISUSE(eddy_timeout_reschedule(timeout, 1));
    EXPECT(eddy_current_task() == NULL);
    EXPECT(eddy_timeout_current() == NULL);
    eddy_future_free(future);
}

TEST_PLAIN(what_needs_a_loop_is_misuse_without_one)
{
    try_to_wait();
    EXPECT_MISUSE(eddy_call_soon(call, NULL, NULL));
    EXPECT_MISUSE(eddy_call_later(1, call, NULL, NULL));
    EXPECT_MISUSE(eddy_call_at(1, call, NULL, NULL));
    EXPECT_MISUSE(eddy_call_soon_threadsafe(NULL, call, NULL));
    EXPECT_MISUSE(eddy_loop_on_close(call, NULL));
    EXPECT_MISUSE(eddy_advance_clock(1));
    EXPECT_MISUSE(eddy_add_signal_handler(10, call, NULL));
    EXPECT_EQ(eddy_remove_signal_handler(10), 0);
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 0);
    EXPECT(eddy_get_running_loop() == NULL);
    EXPECT(eddy_time() > 0);
    eddy_set_exception_handler(note_report, NULL);
}

TEST(the_exception_handler_can_be_asked_for_and_put_back)
{
    void *data = &data;
    int here;
    EXPECT(eddy_get_exception_handler(&data) == note_report);
    EXPECT(data == NULL);
    eddy_set_exception_handler(NULL, &here);
    EXPECT(eddy_get_exception_handler(&data) == NULL);
    EXPECT(data == &here);
    eddy_set_exception_handler(note_report, NULL);
    EXPECT(eddy_get_exception_handler(NULL) == note_report);
}

static int tries_to_wait(void *data)
{
    (void)data;
    try_to_wait();
    return 0;
}

TEST(a_callback_must_not_wait)
{
    EXPECT_EQ(eddy_call_soon(tries_to_wait, NULL, NULL), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
}

static size_t slow_count;
static char slow_name[EDDY_TASK_NAME_MAX];

static void count_slow(const eddy_report *report, void *data)
{
    (void)data;
    slow_count += report->kind == EDDY_REPORT_SLOW;
    if (report->name != NULL)
        snprintf(slow_name, sizeof slow_name, "%s", report->name);
}

EDDY_ASYNC(yields_once)
{
    return eddy_sleep(0);
}

TEST_PLAIN(debug_mode_reports_steps_that_take_too_long)
{
    eddy_run_options options = {
        .debug = true, .slow_callback_duration = 1e-9, .exception_handler = count_slow};
    slow_count = 0;
    EXPECT_EQ(eddy_run(eddy_coro(yields_once), &options), 0);
    EXPECT(slow_count >= 2); // both steps of the main task, at least
    EXPECT(strlen(slow_name) > 0);
    options.slow_callback_duration = 1000;
    slow_count = 0;
    EXPECT_EQ(eddy_run(eddy_coro(yields_once), &options), 0);
    EXPECT_EQ(slow_count, 0);
}

RUN_TESTS(TEST_OF(debug_mode_reports_steps_that_take_too_long),
          TEST_OF(a_run_gives_the_status_of_its_main_task),
          TEST_OF(the_error_of_a_run_is_kept_until_the_next_one),
          TEST_OF(a_cancelled_main_task_ends_the_run_with_cancelled),
          TEST_OF(tasks_left_over_are_cancelled_in_order_and_awaited),
          TEST_OF(a_task_that_fails_while_the_run_ends_is_reported),
          TEST_OF(an_error_nobody_looked_at_is_reported_at_the_end_though_it_is_held),
          TEST_OF(a_task_made_while_the_run_closes_does_not_outlive_it_unseen),
          TEST_OF(a_task_that_refuses_to_end_is_reported_as_having_outlived_the_loop),
          TEST_OF(what_is_ready_when_main_ends_still_runs_and_what_is_not_due_is_dropped),
          TEST_OF(hooks_are_called_when_main_is_done_and_when_all_is),
          TEST_OF(those_who_want_to_know_of_the_close_are_called_newest_first),
          TEST_OF(the_virtual_clock_starts_at_zero_and_jumps_exactly),
          TEST_OF(the_clock_stands_still_while_anything_is_ready),
          TEST_OF(busy_work_may_let_time_pass),
          TEST_OF(the_real_clock_is_not_advanced_by_hand),
          TEST_OF(another_thread_may_run_a_loop_of_its_own),
          TEST_OF(options_out_of_range_are_refused),
          TEST_OF(what_needs_a_loop_is_misuse_without_one),
          TEST_OF(the_exception_handler_can_be_asked_for_and_put_back),
          TEST_OF(a_callback_must_not_wait))
