/* SPDX-License-Identifier: MIT */
/* A task that overflows its stack ends the program with a sentence, and the signal it deserves. */
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <eddy/stack.h>

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

EDDY_GENERATOR(int, shafts)
{
    bottom = -1;
    EDDY_TRY(eddy_yield(dive(0)));
    return 0;
}

EDDY_ASYNC(asks_digger)
{
    int rc;
    eddy_for (int, shaft, eddy_generate(shafts), &rc)
        (void)shaft;
    return rc;
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

static int dig(void *data)
{
    (void)data;
    return dive(0);
}

/* In a callback, on the stack of the thread that runs the loop. */
EDDY_ASYNC(calls_digger)
{
    bottom = -1;
    EDDY_TRY(eddy_call_soon(dig, NULL));
    return eddy_sleep(0);
}

EDDY_ASYNC(digs_on_thread)
{
    bottom = -1;
    return dive(0);
}

EDDY_ASYNC(sends_digger_to_thread)
{
    return eddy_to_thread(eddy_coro(digs_on_thread));
}

static void *run_loop(void *data)
{
    (void)data;
    EDDY_IGNORE(eddy_run(eddy_coro(calls_digger), NULL));
    return NULL;
}

static void *dig_guarded(void *data)
{
    (void)data;
    bottom = -1;
    EDDY_IGNORE(eddy_guard_thread("first name") < 0);
    if (eddy_guard_thread("the well") == 0)
        dive(0);
    return NULL;
}

/* On a thread with a small stack. */
static int run_on_thread(void *(*run)(void *data))
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    if (pthread_create(&thread, &attributes, run, NULL) != 0)
        return 1;
    return pthread_join(thread, NULL);
}

int harness_child(const char *name)
{
    struct rlimit limit; // the first thread's stack is small too
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 1024 * 1024;
    setrlimit(RLIMIT_STACK, &limit);
    if (strcmp(name, "callback") == 0)
        return eddy_run(eddy_coro(calls_digger), NULL);
    if (strcmp(name, "thread") == 0)
        return eddy_run(eddy_coro(sends_digger_to_thread), NULL);
    if (strcmp(name, "loop on thread") == 0)
        return run_on_thread(run_loop);
    if (strcmp(name, "guarded") == 0)
        return run_on_thread(dig_guarded);
    if (strcmp(name, "overflow") == 0)
        return eddy_run(eddy_coro(sends_digger), &(eddy_run_options){.stack_size = 32 * 1024});
    if (strcmp(name, "generator") == 0)
        return eddy_run(eddy_coro(asks_digger), &(eddy_run_options){.stack_size = 32 * 1024});
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

TEST_PLAIN(an_overflow_in_a_generator_names_it)
{
    if (is_watched())
        skip();
    int status = run_or_skip("generator");
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    EXPECT(strstr(output, "stack overflow in generator \"shafts\" of task \"asks_digger\"") != NULL);
    EXPECT(strstr(output, "eddy_run_options.stack_size") != NULL);
    EXPECT(strstr(output, "eddy_task_options") == NULL);
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

/* ---- stacks of threads -----------------------------------------------------------------------*/

static void expect_overflow(const char *child, const char *what)
{
    if (is_watched())
        skip();
    int status = run_or_skip(child);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    harness_expect(strstr(output, what) != NULL, __FILE__, __LINE__, "\"%s\" in \"%s\"", what,
                   output);
    EXPECT(strstr(output, ", in dive+") != NULL); // who dug
    EXPECT(strstr(output, "KiB") != NULL);
}

TEST_PLAIN(an_overflow_in_a_callback_is_told)
{
    expect_overflow("callback", "eddy: stack overflow in a callback, in ");
}

TEST_PLAIN(an_overflow_in_a_callback_of_another_threads_loop_is_told)
{
    expect_overflow("loop on thread", "eddy: stack overflow in a callback, in ");
}

TEST_PLAIN(an_overflow_on_a_thread_of_ours_names_the_function)
{
    expect_overflow("thread", "eddy: stack overflow in digs_on_thread, in ");
}

TEST_PLAIN(an_overflow_on_a_thread_of_the_programs_names_the_thread)
{
    expect_overflow("guarded", "eddy: stack overflow in the thread \"the well\", in ");
}

TEST_PLAIN(a_thread_has_a_name_to_be_guarded)
{
    EXPECT_EQ(eddy_guard_thread(NULL), EDDY_EMISUSE);
}

TEST(a_loop_guards_its_thread_itself)
{
    EXPECT_EQ(eddy_guard_thread("here"), EDDY_EMISUSE);
}

RUN_TESTS(TEST_OF(an_overflow_names_task_coroutine_and_size_and_says_what_to_change),
          TEST_OF(an_overflow_in_a_generator_names_it),
          TEST_OF(any_other_fault_dies_without_a_word_of_ours),
          TEST_OF(a_task_given_more_stack_goes_as_deep_as_it_needs),
          TEST_OF(an_overflow_in_a_callback_is_told),
          TEST_OF(an_overflow_in_a_callback_of_another_threads_loop_is_told),
          TEST_OF(an_overflow_on_a_thread_of_ours_names_the_function),
          TEST_OF(an_overflow_on_a_thread_of_the_programs_names_the_thread),
          TEST_OF(a_thread_has_a_name_to_be_guarded), TEST_OF(a_loop_guards_its_thread_itself))
