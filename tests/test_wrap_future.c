/* SPDX-License-Identifier: MIT */
/* Futures of a loop that follow what another thread, or another loop, waits for. */
#include "handed_in.h"

TEST(a_wrapped_one_is_a_future_with_the_same_status_and_value)
{
    eddy_loop *loop = eddy_get_running_loop();
    eddy_thread_future *source = NULL;
    long sum_of_both = 0;
    short small = 0;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(adds, 1, 2), loop, &source), 0);
    EDDY_AUTO(eddy_future) *future = eddy_wrap_future(source);
    EDDY_AUTO(eddy_future) *twin = eddy_wrap_future(source);
    eddy_thread_future_free(source); // they follow it all the same
    EXPECT(eddy_future_get_loop(future) == loop);
    EXPECT(!eddy_future_done(future));
    EXPECT_EQ(eddy_await(future, &small), EDDY_EMISUSE);
    EXPECT_EQ(eddy_wait_for(future, 1, &sum_of_both), 0);
    EXPECT_EQ(sum_of_both, 3);
    EXPECT_EQ(eddy_await(twin, &sum_of_both), 0);
    EXPECT_EQ(sum_of_both, 3);
}

TEST(a_wrapped_one_gets_a_value_with_a_destructor_if_it_is_still_there)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    thing taken = {0};
    begin();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 1), eddy_get_running_loop(),
                                            &source),
              0);
    EDDY_AUTO(eddy_future) *first = eddy_wrap_future(source);
    EXPECT_EQ(eddy_await(first), 3);
    EXPECT_EQ(eddy_thread_future_result(source, 0, &taken), EDDY_EINVALIDSTATE);
    EDDY_AUTO(eddy_future) *second = eddy_wrap_future(source); // which is done
    EXPECT_EQ(eddy_await(second, &taken), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_await(second), 3);
    expect_counts(1, 0, 0);
    eddy_future_free(first);
    first = NULL;
    expect_counts(1, 0, 1); // nobody took it
}

TEST(a_wrapped_one_fails_with_the_same_words)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(fails), eddy_get_running_loop(), &source), 0);
    EDDY_AUTO(eddy_future) *future = eddy_wrap_future(source);
    int rc = eddy_await(future);
    EXPECT_EQ(rc, -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "from the loop");
    EXPECT_STR(eddy_error_message(eddy_error_cause(eddy_error_get(rc))), "no file");
}

TEST(cancelling_either_side_cancels_the_other)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    EDDY_AUTO(eddy_thread_future) *second = NULL;
    eddy_loop *loop = eddy_get_running_loop();
    atomic_store(&seen_status, 0);
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(waits_for_its_end), loop, &source), 0);
    EDDY_AUTO(eddy_future) *future = eddy_wrap_future(source);
    EXPECT_EQ(eddy_wait_for(future, 1), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(eddy_thread_future_cancelled(source));
    EXPECT_EQ(atomic_load(&seen_status), EDDY_CANCELLED);

    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(waits_for_its_end), loop, &second), 0);
    EDDY_AUTO(eddy_future) *other_way = eddy_wrap_future(second);
    EXPECT_EQ(eddy_thread_future_cancel(second), 1);
    EXPECT_EQ(eddy_await(other_way), EDDY_CANCELLED);
    EXPECT(eddy_future_cancelled(other_way));
}

TEST(a_wrapped_one_cancelled_when_its_source_is_done_stays_cancelled)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    begin();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 1), eddy_get_running_loop(),
                                            &source),
              0);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT(eddy_thread_future_done(source));
    EDDY_AUTO(eddy_future) *future = eddy_wrap_future(source);
    EXPECT_EQ(eddy_future_cancel(future), 1);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(eddy_future_cancelled(future));
    EXPECT(!eddy_thread_future_cancelled(source));
    EXPECT_EQ(eddy_thread_future_result(source, 0), 3); // with its value
}

TEST(what_cannot_be_wrapped_has_failed)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    EDDY_AUTO(eddy_future) *none = eddy_wrap_future(NULL);
    EXPECT_EQ(eddy_await(none), EDDY_EMISUSE);
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(adds, 1, 2), eddy_get_running_loop(), &source),
              0);
    for (int i = 0; i < 2; i++) {
        fail_allocation(i);
        EDDY_AUTO(eddy_future) *unmade = eddy_wrap_future(source);
        fail_allocation(-1);
        int rc = eddy_await(unmade);
        EXPECT(rc == -ENOMEM || rc == 0); // a future's block may be a recycled one
        EXPECT(i > 0 || rc == -ENOMEM);
    }
}

/* A loop on a thread of its own, on the real clock, for as long as nobody tells it to end. */
static struct other {
    pthread_t thread;
    eddy_loop *loop;
    sem_t is_up;
    eddy_event over;
} other;

EDDY_ASYNC(stays_until_told)
{
    other.over = (eddy_event)EDDY_EVENT;
    other.loop = eddy_get_running_loop();
    sem_post(&other.is_up);
    return eddy_event_wait(&other.over);
}

EDDY_ASYNC(tells)
{
    eddy_event_set(&other.over);
    return 0;
}

static void *run_other(void *data)
{
    (void)data;
    EXPECT_EQ(eddy_run(eddy_coro(stays_until_told), NULL), 0);
    return NULL;
}

static void begin_other(void)
{
    sem_init(&other.is_up, 0, 0);
    EXPECT_EQ(pthread_create(&other.thread, NULL, run_other, NULL), 0);
    while (sem_wait(&other.is_up) != 0)
        ;
}

static void end_other(void)
{
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(tells), other.loop, NULL), 0);
    pthread_join(other.thread, NULL);
    sem_destroy(&other.is_up);
}

EDDY_ASYNC_TO(long, takes_many_turns)
{
    for (*result = 0; *result < 2000; ++*result)
        EDDY_TRY(eddy_sleep(0));
    return 0;
}

TEST(a_loop_that_waits_for_another_is_not_deadlocked)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    long turns = 0;
    begin_other();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(takes_many_turns), other.loop, &source), 0);
    EDDY_AUTO(eddy_future) *future = eddy_wrap_future(source);
    EXPECT_EQ(eddy_wait_for(future, 1000, &turns), 0); // the virtual clock waits too
    EXPECT_EQ(turns, 2000);
    EXPECT_EQ((long)eddy_time(), 0);
    end_other();
}

EDDY_ASYNC(never_ends)
{
    return eddy_sleep(FOR_EVER);
}

TEST(cancelling_reaches_another_loop)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    begin_other();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(never_ends), other.loop, &source), 0);
    EDDY_AUTO(eddy_future) *future = eddy_wrap_future(source);
    EXPECT_EQ(eddy_future_cancel(future), 1);
    EXPECT_EQ(eddy_sleep(1), 0); // so it isn't held any more
    EXPECT_EQ(eddy_thread_future_result(source, FOR_EVER), EDDY_CANCELLED);
    end_other();
}

EDDY_ASYNC(leaves_a_wrapped_one, (eddy_thread_future *, source))
{
    eddy_future_free(eddy_wrap_future(source));
    return 0;
}

TEST_PLAIN(the_loop_that_follows_may_close_first)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    begin_other();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(never_ends), other.loop, &source), 0);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_wrapped_one, source), NULL), 0);
    EXPECT(!eddy_thread_future_done(source)); // it goes on
    EXPECT_EQ(eddy_thread_future_cancel(source), 1);
    end_other();
}

TEST(the_loop_that_is_followed_may_close_first)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    begin_other();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(never_ends), other.loop, &source), 0);
    EDDY_AUTO(eddy_future) *future = eddy_wrap_future(source);
    end_other();
    EXPECT_EQ(eddy_await(future), EDDY_CANCELLED); // as all that is left is
    EXPECT(eddy_thread_future_cancelled(source));
}

static eddy_future *of_a_closed_loop;

EDDY_ASYNC(leaves_a_future)
{
    of_a_closed_loop = eddy_future_new(void);
    EXPECT(eddy_future_get_loop(of_a_closed_loop) == eddy_get_running_loop());
    return 0;
}

TEST_PLAIN(a_future_has_no_loop_when_that_has_closed)
{
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_future), NULL), 0);
    EXPECT(eddy_future_get_loop(of_a_closed_loop) == NULL);
    eddy_future_free(of_a_closed_loop);
    EDDY_AUTO(eddy_future) *homeless = eddy_future_new(void);
    EXPECT(eddy_future_get_loop(homeless) == NULL);
}

RUN_TESTS(TEST_OF(a_wrapped_one_is_a_future_with_the_same_status_and_value),
          TEST_OF(a_wrapped_one_gets_a_value_with_a_destructor_if_it_is_still_there),
          TEST_OF(a_wrapped_one_fails_with_the_same_words),
          TEST_OF(cancelling_either_side_cancels_the_other),
          TEST_OF(a_wrapped_one_cancelled_when_its_source_is_done_stays_cancelled),
          TEST_OF(what_cannot_be_wrapped_has_failed),
          TEST_OF(a_loop_that_waits_for_another_is_not_deadlocked),
          TEST_OF(cancelling_reaches_another_loop),
          TEST_OF(the_loop_that_follows_may_close_first),
          TEST_OF(the_loop_that_is_followed_may_close_first),
          TEST_OF(a_future_has_no_loop_when_that_has_closed))
