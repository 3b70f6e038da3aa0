/* SPDX-License-Identifier: MIT */
/*
 * Coroutine functions and objects: the forms of writing them, arguments by position and by name, objects
 * that nobody takes, and what owns something: each is destroyed once, on every way out.
 */
#include "harness.h"
#include "test_coro_other.h"

#include <errno.h>
#include <string.h>

/* ---- forms -----------------------------------------------------------------------------------*/

typedef struct point {
    int x, y;
} point;

EDDY_ASYNC(plain)
{
    return 7;
}

EDDY_ASYNC_TO(point, makes_point, (int, x), (int, y))
{
    EDDY_TRY(eddy_sleep(1));
    *result = (point){x, y};
    return 0;
}

EDDY_ASYNC_TO(int, sums_twelve, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f),
              (int, g), (int, h), (int, i), (int, j), (int, k), (int, l))
{
    *result = a + b + c + d + e + f + g + h + i + j + k + l;
    return 0;
}

EDDY_ASYNC_TO(double, no_parameters)
{
    *result = 2.5;
    return 0;
}

EDDY_ASYNC_TO(size_t, lengths, (const char *, text), (point, place), (char, c))
{
    *result = strlen(text) + (size_t)(place.x + place.y) + (size_t)(c - 'a');
    return 0;
}

TEST(a_coroutine_function_is_an_ordinary_function)
{
    point p = {0, 0};
    EXPECT_EQ(plain(), 7);
    EXPECT_EQ(makes_point(&p, 1, 2), 0);
    EXPECT_EQ(p.x + p.y, 3);
    EXPECT(eddy_time() == 1);
    double d = 0;
    EXPECT_EQ(no_parameters(&d), 0);
    EXPECT(d == 2.5);
}

TEST(a_coroutine_object_runs_when_it_is_awaited)
{
    point p = {0, 0};
    eddy_coroutine *coroutine = eddy_coro(makes_point, 3, 4);
    EXPECT_EQ(eddy_sleep(5), 0);
    EXPECT_EQ(eddy_await(coroutine, &p), 0);
    EXPECT(eddy_time() == 6);
    EXPECT_EQ(p.x * p.y, 12);
    EXPECT_EQ(eddy_await(eddy_coro(plain)), 7);
    EXPECT_EQ(eddy_await(eddy_coro(makes_point, 3, 4)), 0);
}

TEST(arguments_by_name_are_zero_when_left_out)
{
    point p = {9, 9};
    EXPECT_EQ(eddy_await(eddy_coro_with(makes_point, .y = 5), &p), 0);
    EXPECT_EQ(p.x, 0);
    EXPECT_EQ(p.y, 5);
    EDDY_AUTO(eddy_task) *task = eddy_create_task_with(makes_point, .x = 1);
    EXPECT_EQ(eddy_await(task, &p), 0);
    EXPECT_EQ(p.x, 1);
    EXPECT_EQ(p.y, 0);
}

TEST(there_may_be_twelve_parameters_of_any_type)
{
    int sum = 0;
    size_t length = 0;
    EXPECT_EQ(eddy_await(eddy_coro(sums_twelve, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), &sum), 0);
    EXPECT_EQ(sum, 78);
    EXPECT_EQ(eddy_await(eddy_coro(lengths, "four", ((point){1, 2}), 'b'), &length), 0);
    EXPECT_EQ(length, 8);
}

TEST(arguments_are_converted_as_in_a_call)
{
    point p;
    double three = 3.9;
    EXPECT_EQ(eddy_await(eddy_coro(makes_point, three, 'A'), &p), 0);
    EXPECT_EQ(p.x, 3);
    EXPECT_EQ(p.y, 'A');
}

/* Sizes of which some are multiples of 16, which are aligned to it. */
EDDY_ASYNC_TO(long double, adds_wide, (long double, a), (char, b))
{
    EXPECT((uintptr_t)result % _Alignof(long double) == 0);
    *result = a + b;
    return 0;
}

typedef struct three {
    char bytes[3];
} three;

EDDY_ASYNC_TO(three, shifts, (three, in))
{
    EDDY_TRY(eddy_sleep(0));
    *result = (three){{in.bytes[1], in.bytes[2], in.bytes[0]}};
    return 0;
}

EDDY_ASYNC_TO(long double, widens, (three, in))
{
    EXPECT((uintptr_t)result % _Alignof(long double) == 0);
    EDDY_TRY(eddy_sleep(0));
    *result = in.bytes[0] + in.bytes[1] + in.bytes[2];
    return 0;
}

TEST(arguments_and_results_of_any_size_lie_where_they_must)
{
    long double wide = 0;
    three turned;
    EDDY_AUTO(eddy_task) *add = eddy_create_task(adds_wide, 1.5L, 2);
    EDDY_AUTO(eddy_task) *shift = eddy_create_task(shifts, (three){{1, 2, 3}});
    EXPECT_EQ(eddy_await(add, &wide), 0);
    EXPECT(wide == 3.5L);
    EXPECT_EQ(eddy_await(shift, &turned), 0);
    EXPECT(turned.bytes[0] == 2 && turned.bytes[1] == 3 && turned.bytes[2] == 1);
    EXPECT_EQ(eddy_await(eddy_coro(widens, turned), &wide), 0);
    EXPECT(wide == 6);
}

TEST(functions_of_other_files_are_used_alike)
{
    long product = 0;
    EXPECT_EQ(other_waits(1), 0);
    EXPECT_EQ(other_product(&product, 2, 3), 0);
    EXPECT_EQ(product, 6);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(other_product, 4, 5);
    EXPECT_EQ(eddy_await(task, &product), 0);
    EXPECT_EQ(product, 20);
    EXPECT_STR(eddy_task_coroutine_name(task), "other_product");
    EXPECT_EQ(eddy_await(eddy_coro(other_nothing)), 0);
    EXPECT(eddy_time() == 3);
}

/* ---- objects that nobody takes ---------------------------------------------------------------*/

EDDY_ASYNC(forgets_one)
{
    EXPECT(eddy_coro(plain) != NULL);
    return 0;
}

TEST(an_object_nobody_took_is_reported_when_its_maker_ends)
{
    expect_report(EDDY_REPORT_NEVER_AWAITED);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(forgets_one);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_AWAITED), 1);
    EXPECT_STR(last_report_name(), "plain");
    const eddy_place *place = last_report_place();
    EXPECT(place != NULL && strstr(place->file, "test_coro.c") != NULL && place->line > 0);
}

TEST(an_object_dropped_on_purpose_is_not_reported)
{
    eddy_coro_free(eddy_coro(plain));
    eddy_coro_free(NULL);
}

static int forgets_in_callback(void *data)
{
    (void)data;
    EXPECT(eddy_coro(plain) != NULL);
    return 0;
}

EDDY_ASYNC(calls_back)
{
    EDDY_TRY(eddy_call_soon(forgets_in_callback, NULL, NULL));
    return eddy_sleep(1);
}

TEST_PLAIN(an_object_made_in_a_callback_is_reported_when_the_loop_closes)
{
    expect_report(EDDY_REPORT_NEVER_AWAITED);
    EXPECT_EQ(eddy_run(eddy_coro(calls_back),
                       &(eddy_run_options){.virtual_clock = true, .exception_handler = note_report}),
              0);
    EXPECT_EQ(report_count(EDDY_REPORT_NEVER_AWAITED), 1);
}

EDDY_ASYNC(hands_over, (eddy_coroutine **, out))
{
    *out = eddy_coro(plain);
    return eddy_sleep(1);
}

TEST(an_object_may_be_taken_by_another_task_while_its_maker_lives)
{
    eddy_coroutine *coroutine = NULL;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(hands_over, &coroutine);
    EXPECT_EQ(eddy_sleep(0), 0);
    REQUIRE(coroutine != NULL);
    EXPECT_EQ(eddy_await(coroutine), 7);
    EXPECT_EQ(eddy_await(task), 0);
}

static eddy_coroutine *shared;

EDDY_ASYNC(slow)
{
    return eddy_sleep(1);
}

EDDY_ASYNC(awaits_shared)
{
    return eddy_await(shared);
}

TEST(an_object_that_is_being_awaited_cant_be_used_again)
{
    shared = eddy_coro(slow);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(awaits_shared);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_await(shared), EDDY_EMISUSE);
    EXPECT(eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL);
    EXPECT_EQ(eddy_task_cancel(shared), EDDY_EMISUSE);
    EDDY_AUTO(eddy_task) *again = eddy_task_create(shared, NULL);
    EXPECT_EQ(eddy_await(again), EDDY_EMISUSE);
    EXPECT_EQ(eddy_await(first), 0);
}

TEST(an_object_that_became_a_task_is_that_task)
{
    eddy_coroutine *coroutine = eddy_coro(slow);
    EDDY_AUTO(eddy_task) *task = eddy_task_create(coroutine, NULL);
    EXPECT(task == coroutine);
    EDDY_AUTO(eddy_task) *again = eddy_task_create(coroutine, NULL);
    EXPECT(again != task);
    EXPECT_EQ(eddy_await(again), EDDY_EMISUSE);
    EXPECT_EQ(eddy_await(task), 0);
}

TEST(what_is_no_coroutine_object_cant_be_made_a_task)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *task = eddy_task_create(future, NULL);
    EXPECT(task != future);
    EXPECT_EQ(eddy_future_exception(task), EDDY_EMISUSE);
    EDDY_AUTO(eddy_task) *none = eddy_task_create(NULL, NULL);
    EXPECT_EQ(eddy_await(none), EDDY_EMISUSE);
}

/* ---- owners ----------------------------------------------------------------------------------*/

typedef struct thing {
    int number;
} thing;

static int argument_drops, result_drops, bodies;

static void drop_argument(thing *t)
{
    EXPECT_EQ(t->number, 5);
    argument_drops++;
}

static void drop_result(thing *t)
{
    EXPECT_EQ(t->number, 6);
    result_drops++;
}

static void begin(void)
{
    argument_drops = result_drops = bodies = 0;
}

/* How often each was destroyed: what a body was given is its own. */
static void expect_drops(int arguments, int results, int runs)
{
    EXPECT_EQ(argument_drops, arguments);
    EXPECT_EQ(result_drops, results);
    EXPECT_EQ(bodies, runs);
}

EDDY_ASYNC_TO_OWNED(thing, drop_result, makes, (thing, given, drop_argument), (double, seconds))
{
    EXPECT_EQ(given.number, 5);
    bodies++;
    EDDY_TRY(eddy_sleep(seconds));
    result->number = 6;
    return 0;
}

#define FIVE ((thing){5})

TEST(arguments_are_destroyed_when_the_object_is_dropped)
{
    begin();
    eddy_coro_free(eddy_coro(makes, FIVE, 0));
    expect_drops(1, 0, 0);
}

EDDY_ASYNC(forgets_owner)
{
    EXPECT(eddy_coro(makes, FIVE, 0) != NULL);
    return 0;
}

TEST(arguments_are_destroyed_when_nobody_takes_the_object)
{
    begin();
    expect_report(EDDY_REPORT_NEVER_AWAITED);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(forgets_owner);
    EXPECT_EQ(eddy_await(task), 0);
    expect_drops(1, 0, 0);
}

TEST(arguments_are_destroyed_when_the_task_never_begins)
{
    begin();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(makes, FIVE, 0);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    expect_drops(1, 0, 0);
}

TEST(arguments_are_destroyed_when_the_object_cant_be_made)
{
    begin();
    fail_allocation(0);
    EXPECT_EQ(eddy_await(eddy_coro(makes, FIVE, 0)), -ENOMEM);
    expect_drops(1, 0, 0);
    fail_allocation(0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(makes, FIVE, 0);
    EXPECT_EQ(eddy_await(task), -ENOMEM);
    expect_drops(2, 0, 0);
}

TEST(arguments_are_destroyed_when_the_stack_cant_be_had)
{
    begin();
    EDDY_AUTO(eddy_task) *task = eddy_task_create(
        eddy_coro(makes, FIVE, 0), &(eddy_task_options){.stack_size = SIZE_MAX / 2});
    EXPECT_EQ(eddy_await(task), -ENOMEM);
    const char *message = eddy_error_message(eddy_error_get(-ENOMEM));
    EXPECT(message != NULL && strstr(message, "no stack of") != NULL);
    expect_drops(1, 0, 0);
    EDDY_AUTO(eddy_task) *eager = eddy_task_create(
        eddy_coro(makes, FIVE, 0),
        &(eddy_task_options){.stack_size = SIZE_MAX / 2, .eager_start = true});
    EXPECT_EQ(eddy_await(eager), -ENOMEM);
    expect_drops(2, 0, 0);
}

TEST(arguments_are_destroyed_when_an_await_is_refused)
{
    begin();
    char small;
    EXPECT_EQ(eddy_await(eddy_coro(makes, FIVE, 0), &small), EDDY_EMISUSE);
    expect_drops(1, 0, 0);
    EXPECT_EQ(eddy_wait_for(eddy_coro(makes, FIVE, 0), __builtin_nan("")), EDDY_EVALUE);
    expect_drops(2, 0, 0);
    EXPECT_EQ(eddy_wait_for(eddy_coro(makes, FIVE, 0), 0), EDDY_TIMEDOUT);
    expect_drops(3, 0, 0);
    thing room[1];
    EXPECT_EQ(eddy_gather_to(room, eddy_coro(makes, FIVE, 0), eddy_coro(makes, FIVE, 0)),
              EDDY_EMISUSE);
    expect_drops(5, 0, 0);
    EXPECT_EQ(eddy_run(eddy_coro(makes, FIVE, 0), &(eddy_run_options){.debug = true}),
              EDDY_EMISUSE);
    expect_drops(6, 0, 0);
    EXPECT_EQ(eddy_to_thread(eddy_coro(makes, FIVE, 0), &small), EDDY_EMISUSE);
    expect_drops(7, 0, 0);
}

TEST_PLAIN(arguments_are_destroyed_outside_a_loop_too)
{
    begin();
    EXPECT_EQ(eddy_await(eddy_coro(makes, FIVE, 0)), EDDY_EMISUSE);
    expect_drops(1, 0, 0);
    eddy_task *task = eddy_create_task(makes, FIVE, 0);
    EXPECT_EQ(eddy_future_exception(task), EDDY_EMISUSE);
    eddy_task_free(task);
    expect_drops(2, 0, 0);
    EXPECT_EQ(eddy_gather(eddy_coro(makes, FIVE, 0)), EDDY_EMISUSE);
    EXPECT_EQ(eddy_wait_for(eddy_coro(makes, FIVE, 0), 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_to_thread(eddy_coro(makes, FIVE, 0)), EDDY_EMISUSE);
    expect_drops(5, 0, 0);
    EXPECT_EQ(eddy_run(eddy_coro(makes, FIVE, 0),
                       &(eddy_run_options){.stack_size = SIZE_MAX / 2}),
              EDDY_EMISUSE);
    expect_drops(6, 0, 0);
    char small;
    EXPECT_EQ(eddy_run_to(&small, eddy_coro(makes, FIVE, 0), NULL), EDDY_EMISUSE);
    expect_drops(7, 0, 0);
    thing taken = {0};
    EXPECT_EQ(eddy_run_to(&taken, eddy_coro(makes, FIVE, 0), NULL), 0);
    EXPECT_EQ(taken.number, 6);
    expect_drops(7, 0, 1);
    EXPECT_EQ(eddy_run(eddy_coro(makes, FIVE, 0), NULL), 0);
    expect_drops(7, 1, 2);
}

TEST(a_result_nobody_takes_is_destroyed_with_the_last_reference)
{
    begin();
    eddy_task *task = eddy_create_task(makes, FIVE, 1);
    EXPECT_EQ(eddy_await(task), 0);
    expect_drops(0, 0, 1);
    eddy_task_free(task);
    expect_drops(0, 1, 1);
    eddy_start(makes, FIVE, 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    expect_drops(0, 2, 2);
    EXPECT_EQ(eddy_await(eddy_coro(makes, FIVE, 0)), 0);
    expect_drops(0, 3, 3);
}

TEST(a_result_is_taken_once)
{
    begin();
    thing t = {0};
    eddy_task *task = eddy_create_task(makes, FIVE, 1);
    EXPECT_EQ(eddy_await(task, &t), 0);
    EXPECT_EQ(t.number, 6);
    EXPECT_EQ(eddy_await(task, &t), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_task_result(task, &t), EDDY_EINVALIDSTATE);
    EXPECT_EQ(eddy_await(task), 0);
    eddy_task_free(task);
    expect_drops(0, 0, 1);
    EXPECT_EQ(eddy_await(eddy_coro(makes, FIVE, 0), &t), 0);
    expect_drops(0, 0, 2);
}

TEST(a_result_is_taken_by_gather_wait_for_and_thread_alike)
{
    begin();
    thing two[2] = {{0}, {0}};
    EXPECT_EQ(eddy_gather_to(two, eddy_coro(makes, FIVE, 1), eddy_coro(makes, FIVE, 2)), 0);
    EXPECT_EQ(two[0].number + two[1].number, 12);
    expect_drops(0, 0, 2);
    EXPECT_EQ(eddy_wait_for(eddy_coro(makes, FIVE, 1), 2, &two[0]), 0);
    expect_drops(0, 0, 3);
    EXPECT_EQ(eddy_gather(eddy_coro(makes, FIVE, 1), eddy_coro(makes, FIVE, 2)), 0);
    expect_drops(0, 2, 5);
    EXPECT_EQ(eddy_wait_for(eddy_coro(makes, FIVE, 1), 2), 0);
    expect_drops(0, 3, 6);
}

EDDY_ASYNC(fails_later)
{
    EDDY_TRY(eddy_sleep(3));
    return -EIO;
}

TEST(results_of_a_gather_that_fails_are_destroyed)
{
    begin();
    thing three[3];
    EXPECT_EQ(eddy_gather_to(three, eddy_coro(makes, FIVE, 1), eddy_coro(fails_later),
                             eddy_coro(makes, FIVE, 9)),
              -EIO);
    EXPECT_EQ(eddy_sleep(9), 0);
    expect_drops(0, 2, 2);
}

TEST(a_body_that_began_owns_its_arguments)
{
    begin();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(makes, FIVE, 9);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(eddy_wait_for(eddy_coro(makes, FIVE, 9), 1), EDDY_TIMEDOUT);
    expect_drops(0, 0, 2);
}

EDDY_ASYNC_TO_OWNED(thing, drop_result, makes_and_is_cancelled)
{
    bodies++;
    result->number = 6;
    eddy_task_cancel(eddy_current_task());
    return 0;
}

TEST(a_result_returned_with_a_cancellation_pending_is_destroyed)
{
    begin();
    thing t;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(makes_and_is_cancelled);
    EXPECT_EQ(eddy_await(task, &t), EDDY_CANCELLED);
    expect_drops(0, 1, 1);
}

TEST(an_eager_tasks_result_is_destroyed_or_taken)
{
    begin();
    eddy_task *task =
        eddy_task_create(eddy_coro(makes, FIVE, 1), &(eddy_task_options){.eager_start = true});
    EXPECT_EQ(bodies, 1);
    thing t = {0};
    EXPECT_EQ(eddy_await(task, &t), 0);
    eddy_task_free(task);
    expect_drops(0, 0, 1);
    eddy_task_free(
        eddy_task_create(eddy_coro(makes, FIVE, 1), &(eddy_task_options){.eager_start = true}));
    EXPECT_EQ(eddy_sleep(2), 0);
    expect_drops(0, 1, 2);
}

EDDY_ASYNC(awaits_owned, (eddy_task *, task))
{
    thing t;
    return eddy_await(task, &t);
}

TEST(a_waiter_that_is_cancelled_with_the_task_destroys_nothing_twice)
{
    begin();
    eddy_task *task = eddy_create_task(makes, FIVE, 1);
    EDDY_AUTO(eddy_task) *waiter = eddy_create_task(awaits_owned, task);
    EXPECT_EQ(eddy_sleep(1), 0);
    while (!eddy_task_done(task))
        EXPECT_EQ(eddy_sleep(0), 0);
    eddy_task_cancel(waiter);
    int status = eddy_await(waiter);
    EXPECT(status == EDDY_CANCELLED || status == 0);
    eddy_task_free(task);
    EXPECT_EQ(result_drops, status == EDDY_CANCELLED);
}

RUN_TESTS(TEST_OF(a_coroutine_function_is_an_ordinary_function),
          TEST_OF(a_coroutine_object_runs_when_it_is_awaited),
          TEST_OF(arguments_by_name_are_zero_when_left_out),
          TEST_OF(there_may_be_twelve_parameters_of_any_type),
          TEST_OF(arguments_are_converted_as_in_a_call),
          TEST_OF(arguments_and_results_of_any_size_lie_where_they_must),
          TEST_OF(functions_of_other_files_are_used_alike),
          TEST_OF(an_object_nobody_took_is_reported_when_its_maker_ends),
          TEST_OF(an_object_dropped_on_purpose_is_not_reported),
          TEST_OF(an_object_made_in_a_callback_is_reported_when_the_loop_closes),
          TEST_OF(an_object_may_be_taken_by_another_task_while_its_maker_lives),
          TEST_OF(an_object_that_is_being_awaited_cant_be_used_again),
          TEST_OF(an_object_that_became_a_task_is_that_task),
          TEST_OF(what_is_no_coroutine_object_cant_be_made_a_task),
          TEST_OF(arguments_are_destroyed_when_the_object_is_dropped),
          TEST_OF(arguments_are_destroyed_when_nobody_takes_the_object),
          TEST_OF(arguments_are_destroyed_when_the_task_never_begins),
          TEST_OF(arguments_are_destroyed_when_the_object_cant_be_made),
          TEST_OF(arguments_are_destroyed_when_the_stack_cant_be_had),
          TEST_OF(arguments_are_destroyed_when_an_await_is_refused),
          TEST_OF(arguments_are_destroyed_outside_a_loop_too),
          TEST_OF(a_result_nobody_takes_is_destroyed_with_the_last_reference),
          TEST_OF(a_result_is_taken_once),
          TEST_OF(a_result_is_taken_by_gather_wait_for_and_thread_alike),
          TEST_OF(results_of_a_gather_that_fails_are_destroyed),
          TEST_OF(a_body_that_began_owns_its_arguments),
          TEST_OF(a_result_returned_with_a_cancellation_pending_is_destroyed),
          TEST_OF(an_eager_tasks_result_is_destroyed_or_taken),
          TEST_OF(a_waiter_that_is_cancelled_with_the_task_destroys_nothing_twice))
