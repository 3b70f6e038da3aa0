/* SPDX-License-Identifier: MIT */
/* Coroutines that other threads hand to a loop: outcome, cancellation, owners, and a loop that closes. */
#include "handed_in.h"

/* ---- outcomes --------------------------------------------------------------------------------*/

EDDY_ASYNC(asks_for_a_sum, (eddy_loop *, loop))
{
    EDDY_AUTO(eddy_thread_future) *future = NULL;
    long sum = 0;
    short small;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(adds, 1, 2), loop, &future), 0);
    EXPECT_EQ(eddy_thread_future_result(future, FOR_EVER, &sum), 0);
    EXPECT_EQ(sum, 3);
    EXPECT(eddy_thread_future_done(future));
    EXPECT(!eddy_thread_future_cancelled(future));
    EXPECT_EQ(eddy_thread_future_result(future, 0, &small), EDDY_EMISUSE);
    sum = 0;
    EXPECT_EQ(eddy_thread_future_result(future, 0, &sum), 0); // plain data: as often as asked
    EXPECT_EQ(sum, 3);
    EXPECT_EQ(eddy_thread_future_cancel(future), 0);
    return 0;
}

TEST(a_thread_gets_the_result_of_what_it_has_the_loop_run)
{
    EXPECT_EQ(eddy_to_thread(eddy_coro(asks_for_a_sum, eddy_get_running_loop())), 0);
}

EDDY_ASYNC(asks_for_a_thing, (eddy_loop *, loop))
{
    EDDY_AUTO(eddy_thread_future) *future = NULL;
    thing taken = {0};
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 0), loop, &future), 0);
    EXPECT_EQ(eddy_thread_future_result(future, FOR_EVER), 3); // left where it is
    EXPECT_EQ(eddy_thread_future_result(future, FOR_EVER, &taken), 3);
    EXPECT_EQ(taken.number, 6);
    EXPECT_EQ(eddy_thread_future_result(future, FOR_EVER, &taken), EDDY_EINVALIDSTATE);
    return 0;
}

TEST(a_value_with_a_destructor_is_moved_once)
{
    begin();
    EXPECT_EQ(eddy_to_thread(eddy_coro(asks_for_a_thing, eddy_get_running_loop())), 0);
    expect_counts(1, 0, 0);
}

EDDY_ASYNC(lets_a_thing_be, (eddy_loop *, loop))
{
    EDDY_AUTO(eddy_thread_future) *future = NULL;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 0), loop, &future), 0);
    EXPECT_EQ(eddy_thread_future_result(future, FOR_EVER), 3);
    eddy_thread_future *early = NULL;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 5), loop, &early), 0);
    eddy_thread_future_free(early); // it goes on
    return eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 5), loop, NULL);
}

TEST(what_nobody_takes_is_destroyed_once)
{
    begin();
    EXPECT_EQ(eddy_to_thread(eddy_coro(lets_a_thing_be, eddy_get_running_loop())), 0);
    EXPECT_EQ(eddy_sleep(10), 0);
    expect_counts(3, 0, 3);
}

EDDY_ASYNC(asks_for_an_error, (eddy_loop *, loop))
{
    EDDY_AUTO(eddy_thread_future) *future = NULL;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(fails), loop, &future), 0);
    int rc = eddy_thread_future_result(future, FOR_EVER);
    EXPECT_EQ(rc, -EIO);
    const eddy_error *error = eddy_error_get(rc);
    EXPECT_STR(eddy_error_message(error), "from the loop");
    EXPECT(eddy_error_place(error) != NULL);
    EXPECT_STR(eddy_error_message(eddy_error_cause(error)), "no file");
    return 0;
}

TEST(an_error_arrives_with_its_words)
{
    EXPECT_EQ(eddy_to_thread(eddy_coro(asks_for_an_error, eddy_get_running_loop())), 0);
}

EDDY_ASYNC(asks_for_nothing, (eddy_loop *, loop))
{
    return eddy_run_coroutine_threadsafe(eddy_coro(fails), loop, NULL);
}

TEST(an_error_that_nobody_waits_for_is_reported)
{
    expect_report(EDDY_REPORT_NEVER_RETRIEVED);
    EXPECT_EQ(eddy_to_thread(eddy_coro(asks_for_nothing, eddy_get_running_loop())), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(last_report_name(), "fails");
}

EDDY_CONTEXT_VAR(int, number, 7);

EDDY_ASYNC_TO(int, sees_number)
{
    *result = eddy_context_var_get(&number);
    return eddy_context_var_set(&number, 1);
}

EDDY_ASYNC(sets_then_asks, (eddy_loop *, loop))
{
    EDDY_AUTO(eddy_thread_future) *future = NULL;
    int seen = 0;
    EXPECT_EQ(eddy_context_var_get(&number), 8);
    EDDY_TRY(eddy_context_var_set(&number, 9));
    EDDY_TRY(eddy_run_coroutine_threadsafe(eddy_coro(sees_number), loop, &future));
    EXPECT_EQ(eddy_thread_future_result(future, FOR_EVER, &seen), 0);
    EXPECT_EQ(seen, 9);
    EXPECT_EQ(eddy_context_var_get(&number), 9);
    return 0;
}

TEST(the_task_inherits_the_threads_variables)
{
    EXPECT_EQ(eddy_context_var_set(&number, 8), 0);
    EXPECT_EQ(eddy_to_thread(eddy_coro(sets_then_asks, eddy_get_running_loop())), 0);
    EXPECT_EQ(eddy_context_var_get(&number), 8);
}

/* ---- cancellation ----------------------------------------------------------------------------*/

EDDY_ASYNC(says_nothing)
{
    return 0;
}

EDDY_ASYNC(cancels_what_it_asked_for, (eddy_loop *, loop))
{
    EDDY_AUTO(eddy_thread_future) *future = NULL;
    EDDY_AUTO(eddy_thread_future) *second = NULL;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(waits_for_its_end), loop, &future), 0);
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(says_nothing), loop, &second), 0);
    EXPECT_EQ(eddy_thread_future_result(second, FOR_EVER), 0); // so the first has begun
    EXPECT(atomic_load(&has_begun));
    EXPECT_EQ(eddy_thread_future_result(future, 0), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_thread_future_result(future, 1e-6), EDDY_TIMEDOUT);
    EXPECT(!eddy_thread_future_done(future));
    EXPECT_EQ(eddy_thread_future_cancel(future), 1);
    EXPECT(eddy_thread_future_cancelled(future));
    EXPECT_EQ(eddy_thread_future_cancel(future), 0);
    EXPECT_EQ(eddy_thread_future_result(future, FOR_EVER), EDDY_CANCELLED);
    return 0;
}

TEST(a_cancellation_is_seen_at_once_and_reaches_the_task)
{
    atomic_store(&seen_status, 0);
    atomic_store(&has_begun, false);
    EXPECT_EQ(eddy_to_thread(eddy_coro(cancels_what_it_asked_for, eddy_get_running_loop())), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(atomic_load(&seen_status), EDDY_CANCELLED);
    EXPECT_EQ(eddy_all_tasks(NULL, 0), 1);
}

static void *asks_and_cancels(void *loop)
{
    eddy_thread_future *future = NULL;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 1), loop, &future), 0);
    EXPECT_EQ(eddy_thread_future_cancel(future), 1);
    eddy_thread_future_free(future);
    return NULL;
}

TEST(one_cancelled_before_it_began_never_runs)
{
    pthread_t thread;
    begin();
    REQUIRE(pthread_create(&thread, NULL, asks_and_cancels, eddy_get_running_loop()) == 0);
    pthread_join(thread, NULL); // while the loop can't do anything
    EXPECT_EQ(eddy_sleep(1), 0);
    expect_counts(0, 1, 0);
}

/* ---- rules -----------------------------------------------------------------------------------*/

TEST(on_the_loops_own_thread_it_can_be_asked_for_but_not_waited_for)
{
    EDDY_AUTO(eddy_thread_future) *future = NULL;
    eddy_loop *loop = eddy_get_running_loop();
    thing taken = {0};
    begin();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 1), loop, &future), 0);
    EXPECT_EQ(eddy_thread_future_result(future, 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_thread_future_result(future, 0), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_thread_future_result(future, (double)NAN), EDDY_EVALUE);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(eddy_thread_future_result(future, 1, &taken), 3);
    EXPECT_EQ(taken.number, 6);
    EXPECT_EQ(eddy_run_coroutine_threadsafe(NULL, loop, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 1), NULL, NULL),
              EDDY_EMISUSE);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(says_nothing);
    EXPECT_EQ(eddy_run_coroutine_threadsafe(task, loop, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_thread_future_result(NULL, 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_thread_future_cancel(NULL), 0);
    expect_counts(1, 1, 0);
}

TEST(without_memory_the_coroutine_object_is_dropped)
{
    begin();
    eddy_coroutine *coroutine = eddy_coro(makes, A_THING, 1);
    fail_allocation(0);
    EXPECT_EQ(eddy_run_coroutine_threadsafe(coroutine, eddy_get_running_loop(), NULL), -ENOMEM);
    fail_allocation(-1);
    expect_counts(0, 1, 0);
}

static int asks_while_it_closes(void *loop)
{
    eddy_thread_future *future = NULL;
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 1), loop, &future),
              -ESHUTDOWN);
    EXPECT(future == NULL);
    return 0;
}

EDDY_ASYNC(leaves_a_closer)
{
    return eddy_loop_on_close(asks_while_it_closes, eddy_get_running_loop());
}

TEST_PLAIN(a_loop_that_has_closed_refuses_and_nothing_is_lost)
{
    begin();
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_closer), NULL), 0);
    expect_counts(0, 1, 0);
}

/* ---- a loop that closes meanwhile ------------------------------------------------------------*/

static struct patient {
    eddy_loop *loop;
    eddy_thread_future *future;
    int status;
} patient;

static void *waits_for_ever(void *data)
{
    struct patient *it = data;
    it->status = eddy_thread_future_result(it->future, FOR_EVER);
    return NULL;
}

/* Asks when the run is over and all has ended: too late for anything to begin. */
static void ask_late(eddy_task *main, void *data)
{
    (void)main;
    pthread_t *thread = data;
    patient.loop = eddy_get_running_loop();
    EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 1), patient.loop,
                                            &patient.future),
              0);
    EXPECT_EQ(pthread_create(thread, NULL, waits_for_ever, &patient), 0);
}

TEST_PLAIN(who_waits_while_the_loop_closes_is_told)
{
    pthread_t thread;
    begin();
    EXPECT_EQ(eddy_run(eddy_coro(says_nothing),
                       &(eddy_run_options){.on_closing = ask_late, .hook_data = &thread}),
              0);
    pthread_join(thread, NULL);
    EXPECT_EQ(patient.status, -ESHUTDOWN);
    EXPECT_EQ(eddy_thread_future_cancel(patient.future), 0);
    eddy_thread_future_free(patient.future);
    expect_counts(0, 1, 0);
}

static atomic_int refused;

/* On one of the loop's threads, which the loop waits for as it closes. */
EDDY_ASYNC(asks_until_refused, (eddy_loop *, loop))
{
    int rc = 0;
    while (rc == 0) {
        EDDY_AUTO(eddy_thread_future) *future = NULL;
        rc = eddy_run_coroutine_threadsafe(eddy_coro(makes, A_THING, 0), loop, &future);
        if (rc == 0 && eddy_thread_future_result(future, FOR_EVER) == 3)
            atomic_store(&has_begun, true);
    }
    atomic_store(&refused, rc);
    return 0;
}

/* One that begins as the loop closes may be said to have outlived it. */
static void hear_nothing(const eddy_report *report, void *data)
{
    (void)data;
    EXPECT_EQ(report->kind, EDDY_REPORT_OUTLIVED);
}

EDDY_ASYNC(keeps_a_thread_busy, (eddy_loop *, loop))
{
    return eddy_to_thread(eddy_coro(asks_until_refused, loop));
}

EDDY_ASYNC(leaves_a_busy_thread)
{
    eddy_start(keeps_a_thread_busy, eddy_get_running_loop());
    while (!atomic_load(&has_begun))
        EDDY_TRY(eddy_sleep(0));
    return 0;
}

TEST_PLAIN(a_thread_that_waits_for_the_loop_does_not_keep_it_from_closing)
{
    begin();
    atomic_store(&refused, 0);
    atomic_store(&has_begun, false);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_busy_thread),
                       &(eddy_run_options){.exception_handler = hear_nothing}),
              0);
    EXPECT_EQ(atomic_load(&refused), -ESHUTDOWN);
    EXPECT(atomic_load(&bodies) > 0);
    EXPECT(atomic_load(&result_drops) + atomic_load(&argument_drops) > 0);
}

/* ---- many ------------------------------------------------------------------------------------*/

enum { THREADS = 4, EACH = 50 };
static atomic_long sum;

EDDY_ASYNC(asks_often, (eddy_loop *, loop), (int, first))
{
    eddy_thread_future *futures[EACH];
    for (int i = 0; i < EACH; i++)
        EXPECT_EQ(eddy_run_coroutine_threadsafe(eddy_coro(adds, first, i), loop, &futures[i]), 0);
    for (int i = 0; i < EACH; i++) {
        long one = 0;
        if (i % 7 == 0)
            eddy_thread_future_cancel(futures[i]);
        if (eddy_thread_future_result(futures[i], FOR_EVER, &one) == 0)
            atomic_fetch_add(&sum, one);
        else
            atomic_fetch_add(&sum, first + i); // cancelled in time
        eddy_thread_future_free(futures[i]);
    }
    return 0;
}

EDDY_ASYNC(asks_often_on_a_thread, (int, first))
{
    return eddy_to_thread(eddy_coro(asks_often, eddy_get_running_loop(), first));
}

TEST(many_threads_hand_in_many)
{
    long expected = 0;
    atomic_store(&sum, 0);
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < EACH; k++)
            expected += i * 1000 + k;
    EXPECT_EQ(eddy_gather(eddy_coro(asks_often_on_a_thread, 0),
                          eddy_coro(asks_often_on_a_thread, 1000),
                          eddy_coro(asks_often_on_a_thread, 2000),
                          eddy_coro(asks_often_on_a_thread, 3000)),
              0);
    EXPECT_EQ(atomic_load(&sum), expected);
}

RUN_TESTS(TEST_OF(a_thread_gets_the_result_of_what_it_has_the_loop_run),
          TEST_OF(a_value_with_a_destructor_is_moved_once),
          TEST_OF(what_nobody_takes_is_destroyed_once),
          TEST_OF(an_error_arrives_with_its_words),
          TEST_OF(an_error_that_nobody_waits_for_is_reported),
          TEST_OF(the_task_inherits_the_threads_variables),
          TEST_OF(a_cancellation_is_seen_at_once_and_reaches_the_task),
          TEST_OF(one_cancelled_before_it_began_never_runs),
          TEST_OF(on_the_loops_own_thread_it_can_be_asked_for_but_not_waited_for),
          TEST_OF(without_memory_the_coroutine_object_is_dropped),
          TEST_OF(a_loop_that_has_closed_refuses_and_nothing_is_lost),
          TEST_OF(who_waits_while_the_loop_closes_is_told),
          TEST_OF(a_thread_that_waits_for_the_loop_does_not_keep_it_from_closing),
          TEST_OF(many_threads_hand_in_many))
