/* SPDX-License-Identifier: MIT */
/* Coroutines that other threads hand to a loop: outcome, cancellation, owners, and a loop that closes. */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

typedef struct thing {
    int number;
} thing;

static atomic_int argument_drops, result_drops, bodies;

static void drop_argument(thing *it)
{
    (void)it;
    atomic_fetch_add(&argument_drops, 1);
}

static void drop_result(thing *it)
{
    (void)it;
    atomic_fetch_add(&result_drops, 1);
}

static void begin(void)
{
    atomic_store(&argument_drops, 0);
    atomic_store(&result_drops, 0);
    atomic_store(&bodies, 0);
}

static void expect_counts(int body_count, int arguments, int results)
{
    EXPECT_EQ(atomic_load(&bodies), body_count);
    EXPECT_EQ(atomic_load(&argument_drops), arguments);
    EXPECT_EQ(atomic_load(&result_drops), results);
}

#define A_THING ((thing){5})
#define FOR_EVER EDDY_NO_TIMEOUT

EDDY_ASYNC_TO_OWNED(thing, drop_result, makes, (thing, given, drop_argument), (double, seconds))
{
    atomic_fetch_add(&bodies, 1);
    EXPECT(eddy_current_task() != NULL);
    EDDY_TRY(eddy_sleep(seconds));
    result->number = given.number + 1;
    return 3;
}

EDDY_ASYNC_TO(long, adds, (long, a), (long, b))
{
    EDDY_TRY(eddy_sleep(0)); // the clock stands still while a thread works for the loop
    *result = a + b;
    return 0;
}

EDDY_ASYNC(fails)
{
    EDDY_TRY(eddy_sleep(0));
    return eddy_fail_from(-EIO, eddy_fail(-ENOENT, "no file"), "from the loop");
}

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

static atomic_int seen_status;
static atomic_bool has_begun;

EDDY_ASYNC(waits_for_its_end)
{
    atomic_store(&has_begun, true);
    int rc = eddy_sleep(FOR_EVER);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "cancelled by another thread");
    atomic_store(&seen_status, rc);
    return rc;
}

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

/* ---- futures of a loop that follow them ------------------------------------------------------*/

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
          TEST_OF(a_wrapped_one_is_a_future_with_the_same_status_and_value),
          TEST_OF(a_wrapped_one_gets_a_value_with_a_destructor_if_it_is_still_there),
          TEST_OF(a_wrapped_one_fails_with_the_same_words),
          TEST_OF(cancelling_either_side_cancels_the_other),
          TEST_OF(a_wrapped_one_cancelled_when_its_source_is_done_stays_cancelled),
          TEST_OF(what_cannot_be_wrapped_has_failed),
          TEST_OF(a_loop_that_waits_for_another_is_not_deadlocked),
          TEST_OF(cancelling_reaches_another_loop),
          TEST_OF(the_loop_that_follows_may_close_first),
          TEST_OF(the_loop_that_is_followed_may_close_first),
          TEST_OF(a_future_has_no_loop_when_that_has_closed),
          TEST_OF(many_threads_hand_in_many))
