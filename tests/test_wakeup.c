/* SPDX-License-Identifier: MIT */
/* test_wakeup.c: a callback that threads have a loop call, without memory. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>

struct bell {
    eddy_wakeup *wakeup;
    eddy_future *rung; // done when it has rung `wanted` times
    int count, wanted;
};

static int ring(void *data)
{
    struct bell *bell = data;
    return ++bell->count == bell->wanted ? eddy_future_set_result(bell->rung) : 0;
}

static void *signal_once(void *data)
{
    struct bell *bell = data;
    EXPECT_EQ(eddy_wakeup_signal(bell->wakeup), 0);
    return NULL;
}

TEST_REAL(a_signal_of_a_thread_wakes_a_sleeping_loop)
{
    struct bell bell = {.rung = eddy_future_new(void), .wanted = 1};
    EXPECT_EQ(eddy_wakeup_new(ring, &bell, &bell.wakeup), 0);
    eddy_loop_hold(eddy_get_running_loop());
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, signal_once, &bell) == 0);
    EXPECT_EQ(eddy_await(bell.rung), 0);
    pthread_join(thread, NULL);
    eddy_loop_release(eddy_get_running_loop());
    EXPECT_EQ(bell.count, 1);
    eddy_wakeup_free(bell.wakeup);
    eddy_future_free(bell.rung);
}

TEST(signals_before_the_call_are_one_and_later_ones_another)
{
    struct bell bell = {.wanted = -1};
    EXPECT_EQ(eddy_wakeup_new(ring, &bell, &bell.wakeup), 0);
    for (int round = 1; round <= 3; round++) {
        EXPECT_EQ(eddy_wakeup_signal(bell.wakeup), 0);
        EXPECT_EQ(eddy_wakeup_signal(bell.wakeup), 0);
        EXPECT_EQ(bell.count, round - 1);
        EXPECT_EQ(eddy_sleep(0), 0);
        EXPECT_EQ(bell.count, round);
    }
    eddy_wakeup_free(bell.wakeup);
}

TEST(a_signal_takes_no_memory)
{
    struct bell bell = {.wanted = -1};
    fail_allocation(0);
    EXPECT_EQ(eddy_wakeup_new(ring, &bell, &bell.wakeup), -ENOMEM);
    fail_allocation(-1);
    EXPECT_EQ(eddy_wakeup_new(ring, &bell, &bell.wakeup), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    fail_allocation(-1);
    EXPECT_EQ(eddy_wakeup_signal(bell.wakeup), 0);
    EXPECT_EQ(allocation_count(), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(bell.count, 1);
    eddy_wakeup_free(bell.wakeup);
}

TEST(no_call_follows_a_free)
{
    struct bell bell = {.wanted = -1};
    EXPECT_EQ(eddy_wakeup_new(ring, &bell, &bell.wakeup), 0);
    EXPECT_EQ(eddy_wakeup_signal(bell.wakeup), 0);
    eddy_wakeup_free(bell.wakeup);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(bell.count, 0);
    eddy_wakeup_free(NULL);
}

static int break_down(void *data)
{
    (void)data;
    return -EIO;
}

TEST(an_error_of_the_callback_is_reported)
{
    EDDY_AUTO(eddy_wakeup) *wakeup = NULL;
    EXPECT_EQ(eddy_wakeup_new(break_down, NULL, &wakeup), 0);
    expect_report(EDDY_REPORT_CALLBACK);
    EXPECT_EQ(eddy_wakeup_signal(wakeup), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
}

static struct bell last_bell;

static int signal_at_the_end(void *data)
{
    (void)data;
    EXPECT_EQ(eddy_wakeup_signal(last_bell.wakeup), -ESHUTDOWN);
    return 0;
}

EDDY_ASYNC(leave_a_signal)
{
    EDDY_TRY(eddy_wakeup_new(ring, &last_bell, &last_bell.wakeup));
    EDDY_TRY(eddy_loop_on_close(signal_at_the_end, NULL));
    return eddy_wakeup_signal(last_bell.wakeup);
}

TEST_PLAIN(a_closing_loop_makes_the_call_that_is_due_and_takes_no_more)
{
    last_bell = (struct bell){.wanted = -1};
    EXPECT_EQ(eddy_run(eddy_coro(leave_a_signal), NULL), 0);
    EXPECT_EQ(last_bell.count, 1);
    eddy_wakeup_free(last_bell.wakeup);
    EXPECT_EQ(eddy_wakeup_signal(NULL), EDDY_EMISUSE);
    eddy_wakeup *none = NULL;
    EXPECT_EQ(eddy_wakeup_new(ring, NULL, &none), EDDY_EMISUSE); // outside a loop
}

RUN_TESTS(TEST_OF(a_signal_of_a_thread_wakes_a_sleeping_loop),
          TEST_OF(signals_before_the_call_are_one_and_later_ones_another),
          TEST_OF(a_signal_takes_no_memory), TEST_OF(no_call_follows_a_free),
          TEST_OF(an_error_of_the_callback_is_reported),
          TEST_OF(a_closing_loop_makes_the_call_that_is_due_and_takes_no_more))
