/* SPDX-License-Identifier: MIT */
/*
 * Work on threads: values and errors come back, cancellation abandons it, destructors run once.
 * Threads meet at a gate, never by waiting for a while.
 */
#include "gate.h"
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* ---- bodies ----------------------------------------------------------------------------------*/

typedef struct thing {
    int number;
} thing;

static atomic_int argument_drops, result_drops, bodies;

static void drop_argument(thing *t)
{
    (void)t;
    atomic_fetch_add(&argument_drops, 1);
}

static void drop_result(thing *t)
{
    (void)t;
    atomic_fetch_add(&result_drops, 1);
}

static void begin(void)
{
    atomic_store(&argument_drops, 0);
    atomic_store(&result_drops, 0);
    atomic_store(&bodies, 0);
    gate_close();
}

EDDY_ASYNC_TO(long, adds, (int, a), (long, b))
{
    *result = a + b;
    return 4;
}

EDDY_ASYNC_TO_OWNED(thing, drop_result, makes, (thing, given, drop_argument))
{
    atomic_fetch_add(&bodies, 1);
    gate_pass();
    result->number = given.number + 1;
    return 0;
}

EDDY_ASYNC(passes_gate)
{
    gate_pass();
    return 0;
}

EDDY_ASYNC(fails)
{
    return eddy_fail_from(-EIO, eddy_fail(-ENOENT, "no file"), "from the thread");
}

EDDY_ASYNC(tries_to_await)
{
    EXPECT_EQ(eddy_sleep(0), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sleep(1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_await(eddy_coro(adds, 1, 2)), EDDY_EMISUSE);
    EXPECT_EQ(eddy_timeout_begin(1), EDDY_EMISUSE);
    EXPECT(eddy_current_task() == NULL);
    EXPECT(eddy_get_running_loop() == NULL);
    long sum = 0;
    EXPECT_EQ(adds(&sum, 1, 2), 4); // a call that doesn't wait is just a call
    EXPECT_EQ(sum, 3);
    return 0;
}

EDDY_ASYNC(is_run_on_a_thread)
{
    thing t;
    return eddy_to_thread(eddy_coro(makes, (thing){1}), &t);
}

/* ---- what comes back -------------------------------------------------------------------------*/

TEST(a_value_and_a_status_come_back)
{
    long sum = 0;
    EXPECT_EQ(eddy_to_thread(eddy_coro(adds, 1, 2), &sum), 4);
    EXPECT_EQ(sum, 3);
    EXPECT_EQ(eddy_to_thread(eddy_coro(adds, 1, 2)), 4);
    EXPECT(eddy_time() == 0);
}

TEST(an_error_comes_back_with_message_and_cause)
{
    EXPECT_EQ(eddy_to_thread(eddy_coro(fails)), -EIO);
    const eddy_error *error = eddy_error_get(-EIO);
    EXPECT_STR(eddy_error_message(error), "from the thread");
    EXPECT_STR(eddy_error_message(eddy_error_cause(error)), "no file");
}

TEST(awaiting_on_a_thread_is_misuse)
{
    EXPECT_EQ(eddy_to_thread(eddy_coro(tries_to_await)), 0);
}

EDDY_ASYNC(opens_gate_later)
{
    EDDY_TRY(eddy_sleep(0));
    gate_open();
    return 0;
}

TEST(the_loop_goes_on_meanwhile)
{
    begin();
    thing t = {0};
    eddy_start(opens_gate_later);
    EXPECT_EQ(eddy_to_thread(eddy_coro(makes, (thing){1}), &t), 0);
    EXPECT_EQ(t.number, 2);
    EXPECT_EQ(result_drops + argument_drops, 0);
}

TEST(a_result_nobody_takes_is_destroyed)
{
    begin();
    gate_open();
    EXPECT_EQ(eddy_to_thread(eddy_coro(makes, (thing){1})), 0);
    EXPECT_EQ(result_drops, 1);
    EXPECT_EQ(argument_drops, 0);
}

TEST(wrong_calls_are_told_and_destroy_what_they_were_given)
{
    begin();
    char small;
    EXPECT_EQ(eddy_to_thread(eddy_coro(makes, (thing){1}), &small), EDDY_EMISUSE);
    EXPECT_EQ(argument_drops, 1);
    EXPECT_EQ(eddy_to_thread(NULL), EDDY_EMISUSE);
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_to_thread(future), EDDY_EMISUSE);
    EXPECT_EQ(bodies, 0);
}

/* ---- cancellation ----------------------------------------------------------------------------*/

EDDY_ASYNC(abandons_work)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(is_run_on_a_thread);
    EDDY_TRY(eddy_sleep(0));
    gate_await(1);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(result_drops, 0);
    gate_open();
    return 0;
}

TEST_PLAIN(a_cancelled_task_abandons_the_work_that_runs)
{
    begin();
    EXPECT_EQ(eddy_run(eddy_coro(abandons_work), NULL), 0);
    EXPECT_EQ(bodies, 1);
    EXPECT_EQ(result_drops, 1); // the run has waited for it
    EXPECT_EQ(argument_drops, 0);
}

TEST_WITH(work_cancelled_while_it_is_queued_never_runs, .virtual_clock = true, .threads_max = 1)
{
    begin();
    EDDY_AUTO(eddy_task) *first = eddy_create_task(is_run_on_a_thread);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(is_run_on_a_thread);
    EDDY_AUTO(eddy_task) *third = eddy_create_task(is_run_on_a_thread);
    EXPECT_EQ(eddy_sleep(0), 0);
    gate_await(1);
    EXPECT_EQ(eddy_task_cancel(second), 1);
    EXPECT_EQ(eddy_await(second), EDDY_CANCELLED);
    EXPECT_EQ(argument_drops, 1);
    gate_open();
    EXPECT_EQ(eddy_await(first), 0);
    EXPECT_EQ(eddy_await(third), 0);
    EXPECT_EQ(bodies, 2);
    EXPECT_EQ(argument_drops, 1);
}

EDDY_ASYNC(leaves_work)
{
    eddy_start(is_run_on_a_thread);
    eddy_start(is_run_on_a_thread);
    EDDY_TRY(eddy_sleep(0));
    gate_await(1);
    return 0;
}

static void opens_gate(eddy_task *main, void *data)
{
    (void)main;
    (void)data;
    gate_open();
}

TEST_PLAIN(the_end_of_the_run_waits_for_what_runs_and_drops_what_is_queued)
{
    begin();
    EXPECT_EQ(eddy_run(eddy_coro(leaves_work),
                       &(eddy_run_options){.threads_max = 1,
                                           .on_closing = opens_gate,
                                           .exception_handler = note_report}),
              0);
    EXPECT_EQ(bodies, 1);
    EXPECT_EQ(result_drops, 1);
    EXPECT_EQ(argument_drops, 1);
}

/* ---- as a future -----------------------------------------------------------------------------*/

TEST(futures_of_threads_can_be_gathered)
{
    eddy_future *sums[] = {eddy_to_thread_start(eddy_coro(adds, 1, 2)),
                           eddy_to_thread_start(eddy_coro(adds, 3, 4)),
                           eddy_to_thread_start(eddy_coro(fails))};
    long numbers[2] = {0};
    EXPECT_EQ(eddy_gather_to(numbers, sums[0], sums[1]), 0);
    EXPECT_EQ(numbers[0] * 10 + numbers[1], 37);
    EXPECT_EQ(eddy_future_result(sums[0]), 4);
    EXPECT_EQ(eddy_await(sums[2]), -EIO);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "from the thread");
    for (size_t i = 0; i < 3; i++)
        eddy_future_free(sums[i]);
}

TEST(an_error_of_a_thread_that_nobody_looks_at_is_reported)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    eddy_future *future = eddy_to_thread_start(eddy_coro(fails));
    while (!eddy_future_done(future))
        EXPECT_EQ(eddy_sleep(0), 0);
    eddy_future_free(future);
}

TEST(the_value_of_a_thread_is_moved_or_destroyed_once)
{
    begin();
    gate_open();
    thing t = {0};
    EDDY_AUTO(eddy_future) *taken = eddy_to_thread_start(eddy_coro(makes, (thing){1}));
    EXPECT_EQ(eddy_await(taken, &t), 0);
    EXPECT_EQ(t.number, 2);
    EXPECT_EQ(result_drops, 0);
    EXPECT_EQ(eddy_await(taken, &t), EDDY_EINVALIDSTATE);
    eddy_future *left = eddy_to_thread_start(eddy_coro(makes, (thing){1}));
    EXPECT_EQ(eddy_await(left), 0);
    EXPECT_EQ(result_drops, 0);
    eddy_future_free(left);
    EXPECT_EQ(result_drops, 1);
    EXPECT_EQ(argument_drops, 0);
}

TEST_WITH(a_future_that_is_cancelled_lets_its_thread_go, .virtual_clock = true, .threads_max = 1)
{
    begin();
    EDDY_AUTO(eddy_future) *runs = eddy_to_thread_start(eddy_coro(makes, (thing){1}));
    EDDY_AUTO(eddy_future) *queued = eddy_to_thread_start(eddy_coro(makes, (thing){1}));
    gate_await(1);
    EXPECT_EQ(eddy_future_cancel(queued), 1);
    EXPECT_EQ(argument_drops, 1);
    EXPECT_EQ(eddy_future_cancel(runs), 1);
    EXPECT_EQ(eddy_await(runs), EDDY_CANCELLED);
    EXPECT_EQ(result_drops, 0);
    gate_open();
    EDDY_AUTO(eddy_future) *next = eddy_to_thread_start(eddy_coro(passes_gate));
    EXPECT_EQ(eddy_await(next), 0);
    EXPECT_EQ(eddy_future_cancel(next), 0);
    EXPECT_EQ(bodies, 1);
    EXPECT_EQ(result_drops, 1);
}

static eddy_future *held_future;

EDDY_ASYNC(leaves_futures)
{
    eddy_future_free(eddy_to_thread_start(eddy_coro(makes, (thing){1})));
    held_future = eddy_to_thread_start(eddy_coro(makes, (thing){1}));
    gate_await(1);
    return 0;
}

TEST_PLAIN(what_futures_own_that_outlive_the_run_is_destroyed_once)
{
    begin();
    EXPECT_EQ(eddy_run(eddy_coro(leaves_futures),
                       &(eddy_run_options){.threads_max = 1, .on_closing = opens_gate}),
              0);
    eddy_future_free(held_future);
    // The second may have got its turn before the threads were told to end.
    EXPECT_EQ(result_drops, bodies);
    EXPECT_EQ(result_drops + argument_drops, 2);
}

TEST(a_future_of_a_thread_is_made_of_a_coroutine_object)
{
    EDDY_AUTO(eddy_future) *none = eddy_to_thread_start(NULL);
    EXPECT_EQ(eddy_await(none), EDDY_EMISUSE);
    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    EDDY_AUTO(eddy_future) *wrong = eddy_to_thread_start(gate);
    EXPECT_EQ(eddy_await(wrong), EDDY_EMISUSE);
}

TEST(a_future_of_a_thread_without_memory_has_failed)
{
    begin();
    gate_open();
    EXPECT_EQ(eddy_to_thread(eddy_coro(passes_gate)), 0); // the pool is there
    long n = 0;
    for (int status = -ENOMEM; status == -ENOMEM; n++) {
        eddy_coroutine *coroutine = eddy_coro(makes, (thing){1});
        fail_allocation(n);
        EDDY_AUTO(eddy_future) *future = eddy_to_thread_start(coroutine);
        fail_allocation(-1);
        status = eddy_await(future);
        EXPECT(status == 0 || status == -ENOMEM);
    }
    EXPECT_EQ(n, 3);
    EXPECT_EQ(argument_drops, 2);
    EXPECT_EQ(result_drops, 1);
}

/* ---- how many threads ------------------------------------------------------------------------*/

TEST_WITH(no_more_threads_run_than_are_allowed, .virtual_clock = true, .threads_max = 3)
{
    enum { JOBS = 12 };
    begin();
    eddy_task *tasks[JOBS];
    for (int i = 0; i < JOBS; i++)
        tasks[i] = eddy_create_task(is_run_on_a_thread);
    EXPECT_EQ(eddy_sleep(0), 0);
    gate_await(3);
    EXPECT_EQ(gate_inside(), 3);
    gate_open();
    EXPECT_EQ(eddy_gather_all(tasks, JOBS), 0);
    EXPECT_EQ(bodies, JOBS);
    EXPECT(gate.inside_max <= 3);
    for (int i = 0; i < JOBS; i++)
        eddy_task_free(tasks[i]);
}

EDDY_ASYNC(runs_gate_pass)
{
    return eddy_to_thread(eddy_coro(passes_gate));
}

EDDY_ASYNC(opens_for_two)
{
    gate_await(2); // on a thread: both others must get one too
    gate_open();
    return 0;
}

EDDY_ASYNC(runs_opens_for_two)
{
    return eddy_to_thread(eddy_coro(opens_for_two));
}

TEST_WITH(work_that_waits_for_other_work_gets_a_thread_of_its_own, .virtual_clock = true,
          .threads_max = 3)
{
    begin();
    gate_open();
    EXPECT_EQ(eddy_to_thread(eddy_coro(passes_gate)), 0); // leaves an idle thread behind
    gate_close();
    EXPECT_EQ(eddy_gather(eddy_coro(runs_gate_pass), eddy_coro(runs_gate_pass),
                          eddy_coro(runs_opens_for_two)),
              0);
}

EDDY_ASYNC(sees_signals)
{
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    EXPECT(sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGTERM));
    return 0;
}

TEST(no_signal_is_taken_on_a_worker)
{
    EXPECT_EQ(eddy_to_thread(eddy_coro(sees_signals)), 0);
}

/* ---- time ------------------------------------------------------------------------------------*/

EDDY_ASYNC(looks_at_the_clock, (double *, when))
{
    EDDY_TRY(is_run_on_a_thread());
    *when = eddy_time();
    return 0;
}

EDDY_ASYNC(sleeps_long, (double *, when))
{
    EDDY_TRY(eddy_sleep(3600));
    *when = eddy_time();
    return 0;
}

static void *open_from_outside(void *data)
{
    (void)data;
    gate_await(1);
    gate_open();
    return NULL;
}

TEST(the_virtual_clock_waits_for_threads)
{
    begin();
    double work_ended = -1, sleep_ended = -1;
    pthread_t opener;
    REQUIRE(pthread_create(&opener, NULL, open_from_outside, NULL) == 0);
    EXPECT_EQ(eddy_gather(eddy_coro(sleeps_long, &sleep_ended),
                          eddy_coro(looks_at_the_clock, &work_ended)),
              0);
    EXPECT(work_ended == 0);
    EXPECT(sleep_ended == 3600);
    pthread_join(opener, NULL);
}

TEST(an_abandoned_thread_still_holds_the_clock)
{
    begin();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(is_run_on_a_thread);
    EXPECT_EQ(eddy_sleep(0), 0);
    gate_await(1);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    gate_open();
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(eddy_time() == 1);
    EXPECT_EQ(result_drops, 1); // it was waited for
}

TEST(much_work_is_done_once_each)
{
    enum { JOBS = 300 };
    eddy_task *tasks[JOBS];
    begin();
    gate_open();
    for (int i = 0; i < JOBS; i++) {
        tasks[i] = eddy_create_task(is_run_on_a_thread);
        if (i % 3 == 0)
            EXPECT_EQ(eddy_sleep(0), 0);
        if (i % 7 == 0)
            eddy_task_cancel(tasks[i]);
    }
    int ended = 0, cancelled = 0;
    for (int i = 0; i < JOBS; i++) {
        int rc = eddy_await(tasks[i]);
        ended += rc == 0;
        cancelled += rc == EDDY_CANCELLED;
        eddy_task_free(tasks[i]);
    }
    EXPECT_EQ(ended + cancelled, JOBS);
    EXPECT_EQ(eddy_sleep(1), 0); // waits for what was abandoned
    EXPECT_EQ(bodies, ended + result_drops);
}

/* ---- threads for look-ups --------------------------------------------------------------------*/

EDDY_ASYNC(looks_up_nothing)
{
    return 7;
}

EDDY_ASYNC(holds_a_lookup_thread)
{
    return eddy_to_lookup_thread(eddy_coro(passes_gate));
}

EDDY_ASYNC(holds_a_thread)
{
    return eddy_to_thread(eddy_coro(passes_gate));
}

TEST_WITH(look_ups_do_not_queue_behind_the_programs_jobs, .threads_max = 1)
{
    gate_close();
    EDDY_AUTO(eddy_task) *job = eddy_create_task(holds_a_thread);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_to_lookup_thread(eddy_coro(looks_up_nothing)), 7);
    eddy_listener *listener = NULL; // which looks a name up
    EXPECT_EQ(eddy_listen("localhost", "0", NULL, &listener), 0);
    eddy_listener_free(listener);
    gate_open();
    EXPECT_EQ(eddy_await(job), 0);
}

TEST_WITH(jobs_do_not_queue_behind_look_ups, .lookup_threads_max = 1)
{
    gate_close();
    EDDY_AUTO(eddy_task) *first = eddy_create_task(holds_a_lookup_thread);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(holds_a_lookup_thread);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_to_thread(eddy_coro(looks_up_nothing)), 7);
    gate_await(1);
    EXPECT_EQ(gate_inside(), 1); // there is one thread for two look-ups
    gate_open();
    EXPECT_EQ(eddy_await(first), 0);
    EXPECT_EQ(eddy_await(second), 0);
}

RUN_TESTS(TEST_OF(look_ups_do_not_queue_behind_the_programs_jobs),
          TEST_OF(jobs_do_not_queue_behind_look_ups), TEST_OF(a_value_and_a_status_come_back),
          TEST_OF(an_error_comes_back_with_message_and_cause),
          TEST_OF(awaiting_on_a_thread_is_misuse),
          TEST_OF(the_loop_goes_on_meanwhile),
          TEST_OF(a_result_nobody_takes_is_destroyed),
          TEST_OF(wrong_calls_are_told_and_destroy_what_they_were_given),
          TEST_OF(a_cancelled_task_abandons_the_work_that_runs),
          TEST_OF(work_cancelled_while_it_is_queued_never_runs),
          TEST_OF(the_end_of_the_run_waits_for_what_runs_and_drops_what_is_queued),
          TEST_OF(futures_of_threads_can_be_gathered),
          TEST_OF(an_error_of_a_thread_that_nobody_looks_at_is_reported),
          TEST_OF(the_value_of_a_thread_is_moved_or_destroyed_once),
          TEST_OF(a_future_that_is_cancelled_lets_its_thread_go),
          TEST_OF(what_futures_own_that_outlive_the_run_is_destroyed_once),
          TEST_OF(a_future_of_a_thread_is_made_of_a_coroutine_object),
          TEST_OF(a_future_of_a_thread_without_memory_has_failed),
          TEST_OF(no_more_threads_run_than_are_allowed),
          TEST_OF(work_that_waits_for_other_work_gets_a_thread_of_its_own),
          TEST_OF(no_signal_is_taken_on_a_worker),
          TEST_OF(the_virtual_clock_waits_for_threads),
          TEST_OF(an_abandoned_thread_still_holds_the_clock),
          TEST_OF(much_work_is_done_once_each))
