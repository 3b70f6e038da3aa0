/* SPDX-License-Identifier: MIT */
/*
 * Signals: callbacks of the loop, and Ctrl-C, which cancels the main task once and then ends the
 * program. What ends the program happens in a child.
 */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int calls;
static eddy_future *called;

static int counts(void *data)
{
    calls += *(int *)data;
    return called != NULL && !eddy_future_done(called) ? eddy_future_set_result(called) : 0;
}

static void (*disposition(int signal_number))(int)
{
    struct sigaction now;
    sigaction(signal_number, NULL, &now);
    return now.sa_handler;
}

/* ---- handlers --------------------------------------------------------------------------------*/

TEST_REAL(a_signal_calls_its_callback_in_the_loop)
{
    int one = 1;
    calls = 0;
    called = eddy_future_new(void);
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR1, counts, &one), 0);
    EXPECT_EQ(raise(SIGUSR1), 0);
    EXPECT_EQ(calls, 0); // not in the signal's own context
    EXPECT_EQ(eddy_await(called), 0);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(eddy_remove_signal_handler(SIGUSR1), 1);
    EXPECT_EQ(eddy_remove_signal_handler(SIGUSR1), 0);
    EXPECT(disposition(SIGUSR1) == SIG_DFL);
    eddy_future_free(called);
    called = NULL;
}

static void *raise_on_process(void *data)
{
    (void)data;
    kill(getpid(), SIGUSR1);
    return NULL;
}

TEST_REAL(a_signal_wakes_a_loop_that_sleeps)
{
    int one = 1;
    calls = 0;
    called = eddy_future_new(void);
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR1, counts, &one), 0);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, raise_on_process, NULL) == 0);
    EXPECT_EQ(eddy_await(called), 0); // listening for a signal is no deadlock
    pthread_join(thread, NULL);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(eddy_remove_signal_handler(SIGUSR1), 1);
    eddy_future_free(called);
    called = NULL;
}

TEST(a_handler_set_again_replaces_the_first)
{
    int one = 1, ten = 10;
    calls = 0;
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR2, counts, &one), 0);
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR2, counts, &ten), 0);
    EXPECT_EQ(raise(SIGUSR2), 0);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(calls, 10);
}

TEST(what_cant_be_caught_is_refused)
{
    int one = 1;
    EXPECT_EQ(eddy_add_signal_handler(SIGKILL, counts, &one), EDDY_EVALUE);
    EXPECT_EQ(eddy_add_signal_handler(SIGSTOP, counts, &one), EDDY_EVALUE);
    EXPECT_EQ(eddy_add_signal_handler(0, counts, &one), EDDY_EVALUE);
    EXPECT_EQ(eddy_add_signal_handler(-3, counts, &one), EDDY_EVALUE);
    EXPECT_EQ(eddy_add_signal_handler(10000, counts, &one), EDDY_EVALUE);
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR1, NULL, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_remove_signal_handler(-1), 0);
    EXPECT_EQ(eddy_remove_signal_handler(10000), 0);
}

EDDY_ASYNC(leaves_a_handler)
{
    static int one = 1;
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR1, counts, &one), 0);
    EXPECT(disposition(SIGUSR1) != SIG_IGN);
    return 0;
}

TEST_PLAIN(the_old_disposition_is_back_after_the_run)
{
    signal(SIGUSR1, SIG_IGN);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_handler), NULL), 0);
    EXPECT(disposition(SIGUSR1) == SIG_IGN);
    signal(SIGUSR1, SIG_DFL);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_handler), NULL), 0);
    EXPECT(disposition(SIGUSR1) == SIG_DFL);
}

EDDY_ASYNC(tries_a_handler)
{
    static int one = 1;
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR1, counts, &one), EDDY_EMISUSE);
    EXPECT(disposition(SIGINT) == SIG_DFL);
    return 0;
}

static void *run_elsewhere(void *data)
{
    (void)data;
    EXPECT_EQ(eddy_run(eddy_coro(tries_a_handler), NULL), 0);
    return NULL;
}

TEST_PLAIN(signals_are_left_alone_on_other_threads)
{
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, run_elsewhere, NULL) == 0);
    pthread_join(thread, NULL);
}

EDDY_ASYNC(looks_at_others)
{
    EXPECT(disposition(SIGCHLD) == SIG_DFL);
    EXPECT(disposition(SIGPIPE) == SIG_DFL);
    EXPECT(disposition(SIGTERM) == SIG_DFL);
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int i = 1; i < 32; i++)
        EXPECT(!sigismember(&blocked, i));
    return 0;
}

TEST_PLAIN(nothing_is_taken_that_was_not_asked_for)
{
    EXPECT_EQ(eddy_run(eddy_coro(looks_at_others), NULL), 0);
}

/* ---- Ctrl-C ----------------------------------------------------------------------------------*/

static bool cleaned_up;

EDDY_ASYNC(is_interrupted, (bool, ends_cancelled))
{
    EXPECT(disposition(SIGINT) != SIG_DFL);
    EXPECT_EQ(raise(SIGINT), 0);
    int rc = eddy_sleep(1000);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_error_cancel_reason(eddy_error_get(rc)), EDDY_CANCEL_INTERRUPT);
    EXPECT_EQ(eddy_sleep(0.001), 0); // once: cleaning up may wait
    cleaned_up = true;
    return ends_cancelled ? rc : 3;
}

TEST_PLAIN(ctrl_c_cancels_the_main_task_once)
{
    cleaned_up = false;
    EXPECT_EQ(eddy_run(eddy_coro(is_interrupted, true), NULL), EDDY_INTERRUPTED);
    EXPECT(cleaned_up);
    EXPECT(disposition(SIGINT) == SIG_DFL);
    EXPECT_EQ(eddy_run(eddy_coro(is_interrupted, false), NULL), 3);
    EXPECT_EQ(eddy_main(eddy_coro(is_interrupted, true)), 130);
    EXPECT(disposition(SIGINT) == SIG_DFL);
}

EDDY_ASYNC(sees_sigint, (bool, is_ours))
{
    EXPECT_EQ(disposition(SIGINT) != SIG_DFL && disposition(SIGINT) != SIG_IGN, is_ours);
    return 0;
}

TEST_PLAIN(ctrl_c_is_taken_only_where_it_would_end_the_program)
{
    EXPECT_EQ(eddy_run(eddy_coro(sees_sigint, true), NULL), 0);
    EXPECT_EQ(eddy_run(eddy_coro(sees_sigint, false), &(eddy_run_options){.keep_sigint = true}), 0);
    signal(SIGINT, SIG_IGN);
    EXPECT_EQ(eddy_run(eddy_coro(sees_sigint, false), NULL), 0);
    EXPECT(disposition(SIGINT) == SIG_IGN);
    signal(SIGINT, SIG_DFL);
}

EDDY_ASYNC(handles_sigint_itself)
{
    static int one = 1;
    EXPECT_EQ(eddy_add_signal_handler(SIGINT, counts, &one), 0);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(raise(SIGINT), 0);
        EXPECT_EQ(eddy_sleep(0), 0);
        EXPECT_EQ(eddy_sleep(0), 0);
    }
    return calls;
}

TEST_PLAIN(a_handler_for_ctrl_c_takes_its_place)
{
    calls = 0;
    EXPECT_EQ(eddy_run(eddy_coro(handles_sigint_itself), NULL), 3);
    EXPECT(disposition(SIGINT) == SIG_DFL);
    EXPECT_EQ(eddy_run(eddy_coro(sees_sigint, true), NULL), 0); // and it is taken again
}

/* ---- children: what ends the program ---------------------------------------------------------*/

EDDY_ASYNC(ignores_the_first)
{
    raise(SIGINT);
    EDDY_IGNORE(eddy_sleep(100) < 0);
    puts("cancelled");
    fflush(stdout);
    raise(SIGINT);
    puts("still here");
    return 0;
}

EDDY_ASYNC(is_busy)
{
    puts("busy");
    fflush(stdout);
    raise(SIGINT);
    raise(SIGINT); // the loop has had no turn in between
    puts("still here");
    return 0;
}

EDDY_ASYNC(gives_up)
{
    raise(SIGINT);
    return eddy_sleep(100);
}

EDDY_ASYNC(is_interrupted_while_it_cleans_up)
{
    EDDY_IGNORE(eddy_sleep(100) < 0);
    puts("cleaning up");
    fflush(stdout);
    raise(SIGINT);
    puts("still here");
    return 0;
}

EDDY_ASYNC(leaves_one_that_cleans_up)
{
    eddy_start(is_interrupted_while_it_cleans_up);
    return eddy_sleep(0);
}

EDDY_ASYNC(is_interrupted_at_its_end)
{
    raise(SIGINT);
    return 0;
}

EDDY_ASYNC(fails_loudly)
{
    return eddy_fail_from(-EIO, eddy_fail(-ENOENT, "no such tape"), "the show is off");
}

int harness_child(const char *name)
{
    signal(SIGINT, SIG_DFL);
    if (strcmp(name, "two") == 0)
        return eddy_main(eddy_coro(ignores_the_first));
    if (strcmp(name, "busy") == 0)
        return eddy_main(eddy_coro(is_busy));
    if (strcmp(name, "one") == 0)
        return eddy_main(eddy_coro(gives_up));
    if (strcmp(name, "late") == 0)
        return eddy_main(eddy_coro(leaves_one_that_cleans_up));
    if (strcmp(name, "end") == 0)
        return eddy_main(eddy_coro(is_interrupted_at_its_end));
    return eddy_main(eddy_coro(fails_loudly));
}

static char output[8192];

static int run_or_skip(const char *name)
{
    int status = run_child(name, output, sizeof output);
    if (status == -1)
        skip();
    return status;
}

TEST_PLAIN(a_program_that_ends_after_ctrl_c_exits_with_130)
{
    int status = run_or_skip("one");
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    EXPECT_STR(output, "");
}

TEST_PLAIN(a_second_ctrl_c_ends_the_program)
{
    int status = run_or_skip("two");
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    EXPECT_STR(output, "cancelled\n");
}

TEST_PLAIN(a_second_ctrl_c_ends_the_program_also_when_the_loop_is_busy)
{
    int status = run_or_skip("busy");
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    EXPECT_STR(output, "busy\n");
}

/* As in asyncio, whose runner has given the signal back when the main task is done. */
TEST_PLAIN(ctrl_c_ends_the_program_during_the_last_steps_of_the_run)
{
    int status = run_or_skip("late");
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    EXPECT_STR(output, "cleaning up\n");
}

TEST_PLAIN(ctrl_c_in_the_main_tasks_last_step_is_not_lost)
{
    int status = run_or_skip("end");
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    EXPECT_STR(output, "");
}

TEST_PLAIN(a_program_that_fails_says_why_and_exits_with_1)
{
    int status = run_or_skip("fails");
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    EXPECT(strstr(output, "the show is off") != NULL);
    EXPECT(strstr(output, "no such tape") != NULL);
    EXPECT(strstr(output, "test_signal.c:") != NULL);
}

RUN_TESTS(TEST_OF(a_signal_calls_its_callback_in_the_loop),
          TEST_OF(a_signal_wakes_a_loop_that_sleeps),
          TEST_OF(a_handler_set_again_replaces_the_first),
          TEST_OF(what_cant_be_caught_is_refused),
          TEST_OF(the_old_disposition_is_back_after_the_run),
          TEST_OF(signals_are_left_alone_on_other_threads),
          TEST_OF(nothing_is_taken_that_was_not_asked_for),
          TEST_OF(ctrl_c_cancels_the_main_task_once),
          TEST_OF(ctrl_c_is_taken_only_where_it_would_end_the_program),
          TEST_OF(a_handler_for_ctrl_c_takes_its_place),
          TEST_OF(a_program_that_ends_after_ctrl_c_exits_with_130),
          TEST_OF(a_second_ctrl_c_ends_the_program),
          TEST_OF(a_second_ctrl_c_ends_the_program_also_when_the_loop_is_busy),
          TEST_OF(ctrl_c_ends_the_program_during_the_last_steps_of_the_run),
          TEST_OF(ctrl_c_in_the_main_tasks_last_step_is_not_lost),
          TEST_OF(a_program_that_fails_says_why_and_exits_with_1))
