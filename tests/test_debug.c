/* SPDX-License-Identifier: MIT */
/* What debug mode tells: who keeps the loop busy, and who swallows a cancellation. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEBUG_TEST(name) TEST_WITH(name, .virtual_clock = true, .debug = true, .slow_callback_duration = 1e6)

/* ---- the watchdog ----------------------------------------------------------------------------*/

/* What has been written to stderr, which is a pipe that we read ourselves. */
static char told[16384];
static size_t told_length;
static int told_fd = -1;

static void listen_to_stderr(void)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 || dup2(fds[1], STDERR_FILENO) < 0)
        abort();
    close(fds[1]);
    told_fd = fds[0];
}

static bool is_told(const char *words)
{
    ssize_t n = read(told_fd, told + told_length, sizeof told - 1 - told_length);
    if (n > 0)
        told_length += (size_t)n;
    told[told_length] = '\0';
    return strstr(told, words) != NULL;
}

/* Computes until the report is complete: its last frame is that of the task's start. Steps before
 * may have been slow too, on a busy machine: what counts is what is told of `task`. */
__attribute__((noinline)) static void spin_until_told(const char *task)
{
    while (!is_told(task) || strstr(strstr(told, task), "eddy__context_start") == NULL)
        continue;
    __asm__ volatile("");
}

EDDY_ASYNC(keeps_busy)
{
    spin_until_told("\"hog\"");
    return 0;
}

EDDY_ASYNC(spins_in_a_named_task)
{
    EDDY_AUTO(eddy_task) *task = eddy_task_create(eddy_coro(keeps_busy),
                                                  &(eddy_task_options){.name = "hog"});
    return eddy_await(task);
}

/*
 * Polls, which a signal would end with EINTR, until the watchdog has spoken of that: a busy machine may
 * have been slow before, and then it speaks of the next step.
 */
EDDY_ASYNC(waits_in_poll)
{
    struct pollfd entry = {.fd = told_fd, .events = POLLIN};
    while (!is_told("in system call")) {
        if (poll(&entry, 1, -1) < 0)
            return -errno;
        if (!is_told("in system call"))
            EDDY_TRY(eddy_sleep(0));
    }
    return 0;
}

static int tell_all(int status)
{
    printf("status %d\n%s", status, told);
    fflush(stdout);
    return 0;
}

static void ignore(const eddy_report *report, void *data)
{
    (void)report, (void)data;
}

/* Real-time signals that are not at their default; Valgrind has one. */
static int count_signals_taken(void)
{
    int n = 0;
    for (int signo = SIGRTMIN; signo <= SIGRTMAX; signo++) {
        struct sigaction now;
        n += sigaction(signo, NULL, &now) == 0 && now.sa_handler != SIG_DFL;
    }
    return n;
}

EDDY_ASYNC_TO(int, counts_signals)
{
    *result = count_signals_taken();
    return 0;
}

int harness_child(const char *name)
{
    eddy_run_options options = {
        .debug = true, .slow_callback_duration = 0.001, .exception_handler = ignore};
    listen_to_stderr();
    if (strcmp(name, "spin") == 0)
        return tell_all(eddy_run(eddy_coro(spins_in_a_named_task), &options));
    if (strcmp(name, "poll") == 0)
        return tell_all(eddy_run(eddy_coro(waits_in_poll), &options));
    return 1;
}

TEST_PLAIN(a_task_that_keeps_the_loop_busy_is_named_while_it_does_with_its_stack)
{
    static char output[16384];
    int status = run_child("spin", output, sizeof output);
    if (status == -1)
        return; // no programs to be started here
    EXPECT_EQ(status, 0);
    EXPECT(strstr(output, "status 0\n") != NULL);
    EXPECT(strstr(output, "eddy: task \"hog\" (made at ") != NULL);
    EXPECT(strstr(output, "keeps the loop busy, for ") != NULL);
    EXPECT(strstr(output, "spin_until_told") != NULL);
    EXPECT(strstr(output, "keeps_busy__") != NULL);
}

TEST_PLAIN(a_call_that_a_signal_would_cut_short_is_left_alone)
{
    static char output[16384];
    int status = run_child("poll", output, sizeof output);
    if (status == -1)
        return;
    EXPECT_EQ(status, 0);
    EXPECT(strstr(output, "status 0\n") != NULL); // and not -EINTR
    EXPECT(strstr(output, "eddy: task \"waits_in_poll\"") != NULL);
    EXPECT(strstr(output, "in system call") != NULL);
}

TEST_PLAIN(the_signal_is_given_back_and_taken_in_debug_mode_only)
{
    int before = count_signals_taken();
    int during = 0;
    const eddy_run_options debug = {.debug = true, .exception_handler = ignore};
    EXPECT_EQ(eddy_run_to(&during, eddy_coro(counts_signals), NULL), 0);
    EXPECT_EQ(during, before);
    EXPECT_EQ(eddy_run_to(&during, eddy_coro(counts_signals), &debug), 0);
    EXPECT_EQ(during, before + 1);
    EXPECT_EQ(count_signals_taken(), before);
}

/* ---- swallowed cancellations -----------------------------------------------------------------*/

EDDY_ASYNC(sleeps_on)
{
    EDDY_IGNORE(eddy_sleep(10) < 0);
    return 0;
}

DEBUG_TEST(a_swallowed_cancellation_is_reported_with_the_await_that_got_it)
{
    expect_report(EDDY_REPORT_SWALLOWED);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_on);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT(strstr(last_report_message(), "came out of eddy_sleep in sleeps_on") != NULL);
    EXPECT(strstr(last_report_message(), "test_debug.c:") != NULL);
    EXPECT_STR(last_report_name(), "sleeps_on");
}

EDDY_ASYNC(fails_in_its_cleanup)
{
    if (eddy_sleep(10) == EDDY_CANCELLED)
        return -EIO;
    return 0;
}

DEBUG_TEST(an_error_in_place_of_the_cancellation_swallows_it_too)
{
    expect_report(EDDY_REPORT_SWALLOWED);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(fails_in_its_cleanup);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), -EIO);
}

EDDY_ASYNC(takes_the_request_back)
{
    if (eddy_sleep(10) == EDDY_CANCELLED)
        EXPECT_EQ(eddy_task_uncancel(eddy_current_task()), 0);
    return 0;
}

EDDY_ASYNC(obeys)
{
    EDDY_TRY(eddy_sleep(10));
    return 0;
}

EDDY_ASYNC(times_out)
{
    EXPECT_EQ(eddy_within(1, eddy_sleep(2)), EDDY_TIMEDOUT);
    return 0;
}

static int run_and_cancel(eddy_coroutine *coroutine)
{
    EDDY_AUTO(eddy_task) *task = eddy_task_create(coroutine, NULL);
    EDDY_TRY(eddy_sleep(1));
    eddy_task_cancel(task);
    return eddy_await(task);
}

DEBUG_TEST(what_is_obeyed_taken_back_or_a_timeout_is_not_swallowed)
{
    EXPECT_EQ(run_and_cancel(eddy_coro(obeys)), EDDY_CANCELLED);
    EXPECT_EQ(run_and_cancel(eddy_coro(takes_the_request_back)), 0);
    EXPECT_EQ(times_out(), 0);
    EDDY_AUTO(eddy_task) *unbegun = eddy_create_task(obeys);
    eddy_task_cancel(unbegun);
    EXPECT_EQ(eddy_await(unbegun), EDDY_CANCELLED);
}

EDDY_ASYNC(awaits_what_is_cancelled, (eddy_task *, task))
{
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    return 0;
}

DEBUG_TEST(awaiting_what_somebody_else_cancelled_swallows_nothing)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(obeys);
    EDDY_AUTO(eddy_task) *waiter = eddy_create_task(awaits_what_is_cancelled, task);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(waiter), 0);
}

TEST(nothing_is_said_outside_debug_mode)
{
    EXPECT_EQ(run_and_cancel(eddy_coro(sleeps_on)), 0);
}

/* ---- what is left open -----------------------------------------------------------------------*/

static eddy_stream *left[2];
static eddy_listener *left_listener;

EDDY_ASYNC(leaves_open)
{
    return eddy_stream_pair(NULL, &left[0], &left[1]);
}

EDDY_ASYNC(leaves_a_listener)
{
    return eddy_listen("127.0.0.1", "0", NULL, &left_listener);
}

static int run_debug(eddy_coroutine *coroutine, bool is_debug)
{
    return eddy_run(coroutine, &(eddy_run_options){.debug = is_debug,
                                                   .slow_callback_duration = 1e6,
                                                   .exception_handler = note_report});
}

static void free_left(void)
{
    for (int i = 0; i < 2; i++) {
        eddy_stream_free(left[i]);
        left[i] = NULL;
    }
    eddy_listener_free(left_listener);
    left_listener = NULL;
}

TEST_PLAIN(streams_that_were_not_closed_are_reported_with_who_opened_them)
{
    expect_report(EDDY_REPORT_UNCLOSED);
    expect_report(EDDY_REPORT_UNCLOSED);
    EXPECT_EQ(run_debug(eddy_coro(leaves_open), true), 0);
    EXPECT(strstr(last_report_message(), "a stream was still open") != NULL);
    EXPECT(strstr(last_report_message(), "opened in leaves_open") != NULL);
    free_left();
}

TEST_PLAIN(a_listener_that_was_not_closed_is_reported)
{
    expect_report(EDDY_REPORT_UNCLOSED);
    EXPECT_EQ(run_debug(eddy_coro(leaves_a_listener), true), 0);
    EXPECT(strstr(last_report_message(), "a listener was still open") != NULL);
    EXPECT(strstr(last_report_message(), "opened in leaves_a_listener") != NULL);
    free_left();
}

EDDY_ASYNC(closes_what_it_opened)
{
    EDDY_AUTO(eddy_stream) *freed = NULL;
    EDDY_TRY(eddy_stream_pair(NULL, &left[0], &freed));
    EDDY_TRY(leaves_a_listener());
    EXPECT_EQ(eddy_listener_close(left_listener), 0);
    return eddy_stream_close(left[0]);
}

TEST_PLAIN(what_was_closed_or_freed_is_not_reported_nor_anything_outside_debug_mode)
{
    EXPECT_EQ(run_debug(eddy_coro(closes_what_it_opened), true), 0);
    free_left();
    EXPECT_EQ(run_debug(eddy_coro(leaves_open), false), 0);
    free_left();
}

EDDY_ASYNC(opens_its_own_kind, (eddy_open_note **, out_note))
{
    *out_note = eddy_note_open("a valve");
    return 0;
}

TEST_PLAIN(a_module_can_have_its_own_things_reported)
{
    eddy_open_note *note = NULL;
    expect_report(EDDY_REPORT_UNCLOSED);
    EXPECT_EQ(run_debug(eddy_coro(opens_its_own_kind, &note), true), 0);
    EXPECT(strstr(last_report_message(), "a valve was still open") != NULL);
    eddy_note_closed(note); // the loop has gone before it
    EXPECT(eddy_note_open("a valve") == NULL);
}

/* ---- references that are never given back ----------------------------------------------------*/

static eddy_future *kept[3];

EDDY_ASYNC(loses_a_task)
{
    kept[0] = eddy_create_task(obeys);
    return 0;
}

TEST_PLAIN(a_task_that_was_not_given_back_is_reported_with_its_place)
{
    expect_report(EDDY_REPORT_LEAKED);
    EXPECT_EQ(run_debug(eddy_coro(loses_a_task), true), 0);
    EXPECT(strstr(last_report_message(), "a reference to a task was not given back") != NULL);
    EXPECT_STR(last_report_name(), "obeys");
    EXPECT(last_report_place() != NULL && strstr(last_report_place()->file, "test_debug.c") != NULL);
    eddy_task_free(kept[0]);
}

EDDY_ASYNC(loses_a_future)
{
    kept[0] = eddy_future_new(int);
    kept[1] = eddy_sleep_start(1);
    eddy_queue *queue = eddy_queue_new(int, 3);
    eddy_queue_free(queue);
    EDDY_AUTO(eddy_timeout) *timeout EDDY__UNUSED = eddy_timeout_new(3);
    EDDY_AUTO(eddy_future) *freed EDDY__UNUSED = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(obeys);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    return 0;
}

TEST_PLAIN(futures_that_were_not_given_back_are_reported_with_who_made_them)
{
    expect_report(EDDY_REPORT_LEAKED);
    expect_report(EDDY_REPORT_LEAKED);
    EXPECT_EQ(run_debug(eddy_coro(loses_a_future), true), 0);
    EXPECT(strstr(last_report_message(), "was made in loses_a_future") != NULL);
    eddy_future_free(kept[0]);
    eddy_future_free(kept[1]);
}

static eddy_queue *kept_queue;
static eddy_loop *kept_loop;

EDDY_ASYNC(loses_a_queue_and_a_hold)
{
    kept_queue = eddy_queue_new(int, 3);
    kept_loop = eddy_get_running_loop();
    return eddy_loop_hold(kept_loop);
}

TEST_PLAIN(a_queue_and_a_hold_that_were_left_are_reported)
{
    expect_report(EDDY_REPORT_LEAKED);
    expect_report(EDDY_REPORT_LEAKED);
    EXPECT_EQ(run_debug(eddy_coro(loses_a_queue_and_a_hold), true), 0);
    EXPECT(strstr(last_report_message(), "eddy_loop_release() is missing") != NULL);
    eddy_queue_free(kept_queue);
    EXPECT_EQ(eddy_loop_release(kept_loop), 0);
}

EDDY_ASYNC(loses_everything)
{
    EDDY_TRY(loses_a_task());
    kept[1] = eddy_future_new(int);
    return 0;
}

TEST_PLAIN(nothing_that_was_left_is_reported_outside_debug_mode)
{
    EXPECT_EQ(run_debug(eddy_coro(loses_everything), false), 0);
    eddy_future_free(kept[0]);
    eddy_future_free(kept[1]);
}

EDDY_ASYNC(makes_a_queue)
{
    kept_queue = eddy_queue_new(int, 3);
    return 0;
}

TEST_PLAIN(what_is_freed_between_two_runs_was_given_back)
{
    eddy_runner *runner;
    EXPECT_EQ(eddy_runner_open(&(eddy_run_options){.debug = true, .exception_handler = note_report},
                               &runner), 0);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(makes_a_queue)), 0);
    eddy_queue_free(kept_queue);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(loses_everything)), 0);
    eddy_future_free(kept[0]);
    eddy_future_free(kept[1]);
    eddy_runner_free(runner);
}

RUN_TESTS(TEST_OF(streams_that_were_not_closed_are_reported_with_who_opened_them),
          TEST_OF(a_listener_that_was_not_closed_is_reported),
          TEST_OF(what_was_closed_or_freed_is_not_reported_nor_anything_outside_debug_mode),
          TEST_OF(a_module_can_have_its_own_things_reported),
          TEST_OF(a_task_that_keeps_the_loop_busy_is_named_while_it_does_with_its_stack),
          TEST_OF(a_call_that_a_signal_would_cut_short_is_left_alone),
          TEST_OF(the_signal_is_given_back_and_taken_in_debug_mode_only),
          TEST_OF(a_swallowed_cancellation_is_reported_with_the_await_that_got_it),
          TEST_OF(an_error_in_place_of_the_cancellation_swallows_it_too),
          TEST_OF(what_is_obeyed_taken_back_or_a_timeout_is_not_swallowed),
          TEST_OF(awaiting_what_somebody_else_cancelled_swallows_nothing),
          TEST_OF(nothing_is_said_outside_debug_mode),
          TEST_OF(a_task_that_was_not_given_back_is_reported_with_its_place),
          TEST_OF(futures_that_were_not_given_back_are_reported_with_who_made_them),
          TEST_OF(a_queue_and_a_hold_that_were_left_are_reported),
          TEST_OF(nothing_that_was_left_is_reported_outside_debug_mode),
          TEST_OF(what_is_freed_between_two_runs_was_given_back))
