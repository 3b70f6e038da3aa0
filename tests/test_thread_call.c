/* SPDX-License-Identifier: MIT */
/* Calls from other threads: all arrive, in the order of each, until the loop closes. */
#include "gate.h"
#include "harness.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

enum { CALLERS = 4, CALLS = 250 };

struct caller {
    pthread_t thread;
    eddy_loop *loop;
    int seen; // calls that have arrived, counted on the loop's thread
};

static int total_seen;
static eddy_future *all_seen;

static int arrives(void *data)
{
    struct caller *caller = data;
    caller->seen++;
    if (++total_seen == CALLERS * CALLS)
        return eddy_future_set_result(all_seen);
    return 0;
}

static void *call_often(void *data)
{
    struct caller *caller = data;
    for (int i = 0; i < CALLS; i++)
        EXPECT_EQ(eddy_call_soon_threadsafe(caller->loop, arrives, caller), 0);
    return NULL;
}

TEST_REAL(calls_from_many_threads_wake_a_sleeping_loop)
{
    struct caller callers[CALLERS];
    total_seen = 0;
    all_seen = eddy_future_new(void);
    eddy_loop *loop = eddy_get_running_loop();
    EXPECT_EQ(eddy_loop_hold(loop), 0);
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.loop = loop};
        REQUIRE(pthread_create(&callers[i].thread, NULL, call_often, &callers[i]) == 0);
    }
    EXPECT_EQ(eddy_await(all_seen), 0);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        EXPECT_EQ(callers[i].seen, CALLS);
    }
    EXPECT_EQ(eddy_loop_release(loop), 0);
    eddy_future_free(all_seen);
}

static char order[64];

static int note(void *data)
{
    strncat(order, data, sizeof order - strlen(order) - 1);
    return 0;
}

static void *call_in_order(void *data)
{
    static char texts[] = "a\0b\0c\0d";
    for (int i = 0; i < 4; i++)
        EXPECT_EQ(eddy_call_soon_threadsafe(data, note, texts + 2 * i), 0);
    return NULL;
}

TEST(the_calls_of_one_thread_keep_their_order)
{
    order[0] = '\0';
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, call_in_order, eddy_get_running_loop()) == 0);
    pthread_join(thread, NULL);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "abcd");
}

EDDY_ASYNC(calls_the_loop, (eddy_loop *, loop), (int *, status))
{
    gate_pass();
    *status = eddy_call_soon_threadsafe(loop, note, "late");
    return 0;
}

EDDY_ASYNC(runs_calls_the_loop, (int *, status))
{
    return eddy_to_thread(eddy_coro(calls_the_loop, eddy_get_running_loop(), status));
}

EDDY_ASYNC(leaves_a_caller, (int *, status))
{
    eddy_start(runs_calls_the_loop, status);
    EDDY_TRY(eddy_sleep(0));
    gate_await(1);
    return 0;
}

static int opens_at_close(void *data)
{
    (void)data;
    gate_open();
    return 0;
}

static void asks_for_close(eddy_task *main, void *data)
{
    (void)main;
    (void)data;
    EXPECT_EQ(eddy_loop_on_close(opens_at_close, NULL), 0); // after the inbox has been closed
}

TEST_PLAIN(a_loop_that_closes_takes_no_more_calls)
{
    gate_close();
    order[0] = '\0';
    int status = 0;
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_caller, &status),
                       &(eddy_run_options){.on_closing = asks_for_close,
                                           .exception_handler = note_report}),
              0);
    EXPECT_EQ(status, -ESHUTDOWN);
    EXPECT_STR(order, "");
}

/* ---- references ------------------------------------------------------------------------------*/

static struct {
    eddy_loop *loop;
    pthread_t thread;
    int call, start, hold, release; // what the thread's calls returned after the end
} late;

EDDY_ASYNC(never_begins)
{
    note(" begun");
    return 0;
}

static void *calls_after_the_end(void *data)
{
    gate_pass();
    late.call = eddy_call_soon_threadsafe(data, note, " called");
    late.start = eddy_run_coroutine_threadsafe(eddy_coro(never_begins), data, NULL);
    late.hold = eddy_loop_hold(data);
    late.release = eddy_loop_release(late.loop);
    eddy_loop_free(data);
    return NULL;
}

EDDY_ASYNC(leaves_a_thread_and_a_hold)
{
    late.loop = eddy_get_running_loop();
    EXPECT_EQ(eddy_loop_hold(late.loop), 0);
    EXPECT(pthread_create(&late.thread, NULL, calls_after_the_end, eddy_loop_ref(late.loop)) == 0);
    return 0;
}

TEST_PLAIN(a_thread_with_a_reference_is_refused_after_the_end)
{
    order[0] = '\0';
    gate_close();
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_thread_and_a_hold), NULL), 0);
    gate_open();
    pthread_join(late.thread, NULL);
    EXPECT_EQ(late.call, -ESHUTDOWN);
    EXPECT_EQ(late.start, -ESHUTDOWN);
    EXPECT_EQ(late.hold, -ESHUTDOWN);
    EXPECT_EQ(late.release, 0);
    EXPECT_STR(order, "");
}

static void *holds_and_releases(void *loop)
{
    EXPECT_EQ(eddy_loop_hold(loop), EDDY_EMISUSE);
    EXPECT_EQ(eddy_loop_release(loop), EDDY_EMISUSE);
    return NULL;
}

TEST(another_thread_can_not_hold_a_loop)
{
    pthread_t thread;
    eddy_loop *loop = eddy_get_running_loop();
    EXPECT_EQ(eddy_loop_hold(loop), 0);
    REQUIRE(pthread_create(&thread, NULL, holds_and_releases, loop) == 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(eddy_loop_release(loop), 0);
    EXPECT_EQ(eddy_loop_release(loop), EDDY_EMISUSE);
    EXPECT_EQ(eddy_loop_hold(NULL), EDDY_EMISUSE);
}

EDDY_ASYNC(frees_the_loop)
{
    eddy_loop_free(eddy_get_running_loop());
    return 0;
}

int harness_child(const char *name)
{
    return strcmp(name, "freed loop") == 0 ? eddy_main(eddy_coro(frees_the_loop)) : 1;
}

TEST_PLAIN(a_reference_that_nobody_took_stops_the_program_with_a_sentence)
{
    char output[1024];
    int status = run_child("freed loop", output, sizeof output);
    if (status == -1)
        return;
    EXPECT(WIFSIGNALED(status));
    EXPECT(strstr(output, "eddy: misuse: eddy_loop_free: more references") != NULL);
}

RUN_TESTS(TEST_OF(calls_from_many_threads_wake_a_sleeping_loop),
          TEST_OF(the_calls_of_one_thread_keep_their_order),
          TEST_OF(a_loop_that_closes_takes_no_more_calls),
          TEST_OF(a_thread_with_a_reference_is_refused_after_the_end),
          TEST_OF(another_thread_can_not_hold_a_loop),
          TEST_OF(a_reference_that_nobody_took_stops_the_program_with_a_sentence))
