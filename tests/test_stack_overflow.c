/* SPDX-License-Identifier: MIT */
/* A task that overflows its stack ends the program with a sentence, and the signal it deserves. */
#include "harness.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static volatile int bottom;

static int __attribute__((noinline)) dive(int depth)
{
    volatile char frame[1024];
    frame[0] = (char)depth;
    if (depth == bottom)
        return frame[0];
    return dive(depth + 1) + frame[0];
}

EDDY_ASYNC(digs, (int, depth))
{
    bottom = depth;
    EDDY_TRY(eddy_sleep(0));
    EDDY_IGNORE(dive(0));
    return 0;
}

EDDY_ASYNC(sends_digger)
{
    EDDY_AUTO(eddy_task) *task =
        eddy_task_create(eddy_coro(digs, -1), &(eddy_task_options){.name = "the miner"});
    return eddy_await(task);
}

EDDY_ASYNC(writes_to_nowhere)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
    return 0;
}

EDDY_ASYNC(digs_with_room)
{
    EDDY_AUTO(eddy_task) *task = eddy_task_create(
        eddy_coro(digs, 300), &(eddy_task_options){.stack_size = 1024 * 1024});
    return eddy_await(task);
}

int harness_child(const char *name)
{
    if (strcmp(name, "overflow") == 0)
        return eddy_run(eddy_coro(sends_digger), &(eddy_run_options){.stack_size = 32 * 1024});
    if (strcmp(name, "fault") == 0)
        return eddy_run(eddy_coro(writes_to_nowhere), NULL);
    return eddy_run(eddy_coro(digs_with_room), &(eddy_run_options){.stack_size = 32 * 1024});
}

static char output[8192];

/* The child's wait status; skips where children can't be had, or a sanitizer has the signal. */
static int run_or_skip(const char *name)
{
    output[0] = '\0';
    int status = run_child(name, output, sizeof output);
    if (status == -1)
        skip();
    return status;
}

TEST_PLAIN(an_overflow_names_task_coroutine_and_size_and_says_what_to_change)
{
    if (is_watched())
        skip();
    int status = run_or_skip("overflow");
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    EXPECT(strstr(output, "stack overflow in task \"the miner\"") != NULL);
    EXPECT(strstr(output, "coroutine digs") != NULL);
    EXPECT(strstr(output, "32768 bytes") != NULL);
    EXPECT(strstr(output, "stack_size") != NULL);
}

TEST_PLAIN(any_other_fault_dies_without_a_word_of_ours)
{
    if (is_watched())
        skip();
    int status = run_or_skip("fault");
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    EXPECT_STR(output, "");
}

TEST_PLAIN(a_task_given_more_stack_goes_as_deep_as_it_needs)
{
    int status = run_or_skip("room");
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT_STR(output, "");
}

RUN_TESTS(TEST_OF(an_overflow_names_task_coroutine_and_size_and_says_what_to_change),
          TEST_OF(any_other_fault_dies_without_a_word_of_ours),
          TEST_OF(a_task_given_more_stack_goes_as_deep_as_it_needs))
