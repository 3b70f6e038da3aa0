/* SPDX-License-Identifier: MIT */
/* Context variables: who inherits them, whom changes reach, tokens, contexts as objects. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

typedef struct point {
    int x, y;
} point;

static int drops;

static void drop_text(char **text)
{
    free(*text);
    drops++;
}

EDDY_CONTEXT_VAR(int, number, 7);
EDDY_CONTEXT_VAR(point, origin, {1, 2});
EDDY_CONTEXT_VAR(const char *, language);
EDDY_CONTEXT_VAR_OWNED(char *, drop_text, text, NULL);

/* As a header and one of the files that include it have them. */
EDDY_CONTEXT_VAR_DECLARE(double, shared);
EDDY_CONTEXT_VAR_DEFINE(double, shared, 0.5);

#define NUMBER eddy_context_var_get(&number)
#define SET_NUMBER(value) EXPECT_EQ(eddy_context_var_set(&number, value), 0)

TEST(a_variable_has_its_default_until_it_is_set)
{
    EXPECT_EQ(NUMBER, 7);
    EXPECT_EQ(eddy_context_var_get(&origin).y, 2);
    EXPECT(eddy_context_var_get(&language) == NULL);
    EXPECT(eddy_context_var_get(&shared) == 0.5);
    SET_NUMBER(8);
    EXPECT_EQ(eddy_context_var_set(&origin, (point){3, 4}), 0);
    EXPECT_EQ(eddy_context_var_set(&language, "fi"), 0);
    EXPECT_EQ(eddy_context_var_set(&shared, 1), 0); // converted
    EXPECT_EQ(NUMBER, 8);
    EXPECT_EQ(eddy_context_var_get(&origin).x, 3);
    EXPECT_EQ(eddy_context_var_get(&origin).y, 4);
    EXPECT_STR(eddy_context_var_get(&language), "fi");
    EXPECT(eddy_context_var_get(&shared) == 1);
}

enum { MANY = 100 };
static struct number__context_var many[MANY];

TEST(many_variables_are_kept_apart)
{
    for (int i = 0; i < MANY; i++)
        many[i] = (struct number__context_var){
            .var = number.var, .fallback = -i};
    for (int i = 0; i < MANY; i++)
        EXPECT_EQ(eddy_context_var_set(&many[i * 37 % MANY], i * 37 % MANY), 0);
    for (int i = 0; i < MANY; i++)
        EXPECT_EQ(eddy_context_var_get(&many[i]), i);
    EDDY_AUTO(eddy_context) *empty = NULL;
    REQUIRE(eddy_context_new(&empty) == 0);
    for (int i = 0; i < MANY; i++)
        EXPECT_EQ(eddy_context_get(empty, &many[i]), -i);
}

/* ---- who inherits ----------------------------------------------------------------------------*/

EDDY_ASYNC_TO(int, sees_then_sets, (int, value))
{
    *result = NUMBER;
    SET_NUMBER(value);
    EDDY_TRY(eddy_sleep(1));
    EXPECT_EQ(NUMBER, value);
    return 0;
}

TEST(a_task_sees_what_its_maker_had_set_and_sets_for_itself_alone)
{
    int seen[2] = {0};
    SET_NUMBER(1);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(sees_then_sets, 10);
    SET_NUMBER(2);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(sees_then_sets, 20);
    SET_NUMBER(3);
    EXPECT_EQ(eddy_await(first, &seen[0]), 0);
    EXPECT_EQ(eddy_await(second, &seen[1]), 0);
    EXPECT_EQ(seen[0], 1);
    EXPECT_EQ(seen[1], 2);
    EXPECT_EQ(NUMBER, 3);
}

TEST(an_eager_task_begins_with_its_makers_variables_and_leaves_them_alone)
{
    SET_NUMBER(4);
    int seen = 0;
    EDDY_AUTO(eddy_task) *task = eddy_task_create(eddy_coro(sees_then_sets, 40),
                                                  &(eddy_task_options){.eager_start = true});
    EXPECT_EQ(NUMBER, 4);
    EXPECT_EQ(eddy_await(task, &seen), 0);
    EXPECT_EQ(seen, 4);
    EXPECT_EQ(NUMBER, 4);
}

TEST(what_is_gathered_has_a_copy_and_what_is_awaited_inline_shares)
{
    int seen[2];
    SET_NUMBER(5);
    EXPECT_EQ(eddy_gather_to(seen, eddy_coro(sees_then_sets, 50), eddy_coro(sees_then_sets, 51)), 0);
    EXPECT_EQ(seen[0], 5);
    EXPECT_EQ(seen[1], 5);
    EXPECT_EQ(NUMBER, 5);
    EXPECT_EQ(sees_then_sets(&seen[0], 52), 0);
    EXPECT_EQ(NUMBER, 52);
    EXPECT_EQ(eddy_await(eddy_coro(sees_then_sets, 53), &seen[0]), 0);
    EXPECT_EQ(seen[0], 52);
    EXPECT_EQ(NUMBER, 53);
}

EDDY_ASYNC_TO(int, grandchild)
{
    *result = NUMBER;
    return 0;
}

EDDY_ASYNC_TO(int, child)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(grandchild);
    return eddy_await(task, result);
}

TEST(a_chain_of_tasks_that_set_nothing_hands_it_on)
{
    int seen = 0;
    SET_NUMBER(6);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(child);
    SET_NUMBER(60);
    EXPECT_EQ(eddy_await(task, &seen), 0);
    EXPECT_EQ(seen, 6);
}

static int seen_in_callbacks[8];
static int callback_count;

static int notes_number(void *data)
{
    (void)data;
    seen_in_callbacks[callback_count++] = NUMBER;
    SET_NUMBER(99);
    EXPECT_EQ(NUMBER, 99);
    return 0;
}

static int notes_when_done(eddy_future *future, void *data)
{
    (void)future;
    return notes_number(data);
}

TEST(callbacks_have_what_was_set_when_they_were_registered)
{
    callback_count = 0;
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    SET_NUMBER(1);
    EXPECT_EQ(eddy_call_soon(notes_number, NULL, NULL), 0);
    SET_NUMBER(2);
    EXPECT_EQ(eddy_future_add_done_callback(future, notes_when_done, NULL), 0);
    SET_NUMBER(3);
    EXPECT_EQ(eddy_call_later(1, notes_number, NULL, NULL), 0);
    SET_NUMBER(4);
    EXPECT_EQ(eddy_call_soon_threadsafe(eddy_get_running_loop(), notes_number, NULL), 0);
    SET_NUMBER(5);
    EXPECT_EQ(eddy_add_signal_handler(SIGUSR1, notes_number, NULL), 0);
    SET_NUMBER(6);
    EXPECT_EQ(eddy_future_set_result(future), 0);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_EQ(callback_count, 4);
    EXPECT_EQ(seen_in_callbacks[0], 1);
    EXPECT_EQ(seen_in_callbacks[1] + seen_in_callbacks[2], 2 + 4);
    EXPECT_EQ(seen_in_callbacks[3], 3);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(raise(SIGUSR1), 0);
        EXPECT_EQ(eddy_sleep(1), 0);
        EXPECT_EQ(callback_count, 5 + i);
        EXPECT_EQ(seen_in_callbacks[4 + i], 5);
    }
    EXPECT_EQ(eddy_remove_signal_handler(SIGUSR1), 1);
    EXPECT_EQ(NUMBER, 6);
}

static int seen_in_task;

EDDY_ASYNC(notes_in_task)
{
    seen_in_task = NUMBER;
    return 0;
}

static int starts_a_task(void *data)
{
    (void)data;
    SET_NUMBER(31);
    eddy_start(notes_in_task);
    return 0;
}

TEST(a_task_made_in_a_callback_has_the_callbacks_variables)
{
    SET_NUMBER(30);
    EXPECT_EQ(eddy_call_soon(starts_a_task, NULL, NULL), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(seen_in_task, 31);
    EXPECT_EQ(NUMBER, 30);
}

EDDY_GENERATOR(int, numbers)
{
    for (int i = 0; i < 2; i++) {
        SET_NUMBER(NUMBER * 10);
        EDDY_TRY(eddy_yield(NUMBER));
    }
    return 0;
}

TEST(a_generators_body_shares_the_variables_of_who_asks)
{
    int rc;
    SET_NUMBER(2);
    eddy_for (int, n, eddy_generate(numbers), &rc) {
        EXPECT_EQ(n, NUMBER);
        SET_NUMBER(NUMBER + 1);
    }
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(NUMBER, 211);
}

EDDY_ASYNC_TO(int, on_thread)
{
    *result = NUMBER;
    SET_NUMBER(-1);
    EXPECT_EQ(NUMBER, -1);
    EXPECT_EQ(eddy_context_var_set(&text, strdup("made on the thread")), 0);
    return 0;
}

TEST(a_function_on_a_thread_has_a_copy)
{
    int seen = 0;
    drops = 0;
    SET_NUMBER(12);
    EXPECT_EQ(eddy_to_thread(eddy_coro(on_thread), &seen), 0);
    EXPECT_EQ(seen, 12);
    EXPECT_EQ(NUMBER, 12);
    EXPECT_EQ(drops, 1);
    EXPECT(eddy_context_var_get(&text) == NULL);
}

static void *on_its_own(void *data)
{
    (void)data;
    EXPECT_EQ(NUMBER, 7);
    SET_NUMBER(1);
    EXPECT_EQ(NUMBER, 1);
    int seen = 0;
    EXPECT_EQ(eddy_run_to(&seen, eddy_coro(sees_then_sets, 2), &(eddy_run_options){.virtual_clock = true}),
              0);
    EXPECT_EQ(seen, 1); // a run begins with a copy of the thread's
    EXPECT_EQ(NUMBER, 1);
    return NULL; // and what the thread has set is given back
}

TEST(threads_have_variables_of_their_own)
{
    pthread_t thread;
    SET_NUMBER(13);
    REQUIRE(pthread_create(&thread, NULL, on_its_own, NULL) == 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(NUMBER, 13);
}

/* ---- tokens ----------------------------------------------------------------------------------*/

TEST(a_token_puts_back_what_was_there)
{
    EDDY_AUTO(eddy_context_token) *outer = NULL;
    EDDY_AUTO(eddy_context_token) *inner = NULL;
    EXPECT_EQ(eddy_context_var_set_token(&number, &outer, 1), 0);
    EXPECT_EQ(eddy_context_var_set_token(&number, &inner, 2), 0);
    SET_NUMBER(3);
    EXPECT_EQ(eddy_context_var_reset(&number, inner), 0);
    EXPECT_EQ(NUMBER, 1);
    EXPECT_EQ(eddy_context_var_reset(&number, outer), 0);
    EXPECT_EQ(NUMBER, 7);
    EXPECT(!eddy_context_has(eddy_task_get_context(eddy_current_task()), &number));
}

EDDY_ASYNC(resets, (eddy_context_token *, token))
{
    SET_NUMBER(9);
    int rc = eddy_context_var_reset(&number, token);
    EXPECT_EQ(rc, EDDY_EVALUE);
    EXPECT(strstr(eddy_error_message(eddy_error_get(rc)), "another context") != NULL);
    EXPECT_EQ(NUMBER, 9);
    return 0;
}

TEST(a_token_works_once_for_its_variable_and_in_its_context)
{
    EDDY_AUTO(eddy_context_token) *token = NULL;
    EXPECT_EQ(eddy_context_var_set_token(&number, &token, 1), 0);
    EXPECT_EQ(eddy_context_var_reset(&origin, token), EDDY_EVALUE);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(resets, token);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_context_var_reset(&number, NULL), EDDY_EMISUSE);
    EXPECT_EQ(NUMBER, 1);
    EXPECT_EQ(eddy_context_var_reset(&number, token), 0);
    EXPECT_EQ(eddy_context_var_reset(&number, token), EDDY_EMISUSE);
    EXPECT_EQ(NUMBER, 7);
}

/* ---- contexts --------------------------------------------------------------------------------*/

TEST(a_copied_context_keeps_what_was_set_then)
{
    SET_NUMBER(1);
    EDDY_AUTO(eddy_context) *copy = NULL;
    EDDY_AUTO(eddy_context) *second = NULL;
    REQUIRE(eddy_copy_context(&copy) == 0);
    SET_NUMBER(2);
    EXPECT_EQ(eddy_context_get(copy, &number), 1);
    EXPECT_EQ(eddy_context_get(copy, &origin).x, 1);
    EXPECT(eddy_context_has(copy, &number));
    EXPECT(!eddy_context_has(copy, &origin));
    REQUIRE(eddy_context_copy(copy, &second) == 0);
    EXPECT_EQ(eddy_context_get(second, &number), 1);
}

TEST(tasks_made_in_a_context_share_it)
{
    EDDY_AUTO(eddy_context) *context = NULL;
    SET_NUMBER(1);
    REQUIRE(eddy_copy_context(&context) == 0);
    SET_NUMBER(2);
    eddy_task_options options = {.context = context};
    int seen[2] = {0};
    EDDY_AUTO(eddy_task) *first = eddy_task_create(eddy_coro(sees_then_sets, 10), &options);
    EXPECT(eddy_task_get_context(first) == context);
    EXPECT_EQ(eddy_await(first, &seen[0]), 0);
    EDDY_AUTO(eddy_task) *second = eddy_task_create(eddy_coro(sees_then_sets, 11), &options);
    EXPECT_EQ(eddy_await(second, &seen[1]), 0);
    EXPECT_EQ(seen[0], 1);
    EXPECT_EQ(seen[1], 10);
    EXPECT_EQ(eddy_context_get(context, &number), 11);
    EXPECT_EQ(NUMBER, 2);
}

EDDY_ASYNC_TO(int, waits_in_context, (eddy_context *, context))
{
    EDDY_TRY(sees_then_sets(result, 21));
    EXPECT(eddy_task_get_context(eddy_current_task()) == context);
    EXPECT_EQ(eddy_context_run(context, eddy_coro(notes_in_task)), EDDY_EMISUSE);
    return 3;
}

EDDY_ASYNC(enters, (eddy_context *, context))
{
    return eddy_context_run(context, eddy_coro(notes_in_task));
}

TEST(a_function_run_in_a_context_changes_that_alone)
{
    EDDY_AUTO(eddy_context) *context = NULL;
    SET_NUMBER(20);
    REQUIRE(eddy_copy_context(&context) == 0);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(enters, context);
    int seen = 0;
    // It waits meanwhile, and the other task finds the context entered.
    EXPECT_EQ(eddy_context_run(context, eddy_coro(waits_in_context, context), &seen), 3);
    EXPECT_EQ(seen, 20);
    EXPECT_EQ(NUMBER, 20);
    EXPECT_EQ(eddy_context_get(context, &number), 21);
    EXPECT_EQ(eddy_await(other), EDDY_EMISUSE);
    EXPECT_EQ(eddy_context_run(context, eddy_coro(notes_in_task)), 0);
    EXPECT_EQ(seen_in_task, 21);
    EXPECT_EQ(eddy_context_run(eddy_task_get_context(eddy_current_task()), eddy_coro(notes_in_task)),
              EDDY_EMISUSE);
}

TEST_PLAIN(a_context_works_without_a_loop)
{
    EDDY_AUTO(eddy_context) *context = NULL;
    REQUIRE(eddy_context_new(&context) == 0);
    EXPECT_EQ(eddy_context_run(context, eddy_coro(notes_in_task)), 0);
    EXPECT_EQ(seen_in_task, 7);
    int seen = 0;
    short small;
    EXPECT_EQ(eddy_context_run(context, eddy_coro(grandchild), &seen), 0);
    EXPECT_EQ(eddy_context_run(context, eddy_coro(grandchild), &small), EDDY_EMISUSE);
    EXPECT_EQ(eddy_context_run(NULL, eddy_coro(grandchild)), EDDY_EMISUSE);
    EXPECT_EQ(seen, 7);
    EXPECT(eddy_task_get_context(NULL) == NULL);
}

/* ---- who owns values -------------------------------------------------------------------------*/

EDDY_ASYNC(reads_text_later)
{
    EDDY_TRY(eddy_sleep(1));
    EXPECT_STR(eddy_context_var_get(&text), "first");
    return 0;
}

EDDY_ASYNC(sets_texts)
{
    EDDY_TRY(eddy_context_var_set(&text, strdup("first")));
    eddy_task *reader = eddy_create_task(reads_text_later);
    EDDY_TRY(eddy_context_var_set(&text, strdup("second")));
    EXPECT_EQ(drops, 0); // the reader has it still
    EDDY_TRY(eddy_context_var_set(&text, strdup("third")));
    EXPECT_EQ(drops, 1);
    EDDY_TRY(eddy_await(reader));
    eddy_task_free(reader);
    EXPECT_EQ(drops, 2);
    return 0;
}

TEST(a_value_is_destroyed_once_when_the_last_context_lets_go)
{
    drops = 0;
    eddy_task *task = eddy_create_task(sets_texts);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(drops, 3);
    EXPECT(eddy_task_get_context(task) == NULL);
    eddy_task_free(task);
    EXPECT_EQ(drops, 3);
}

TEST(a_value_that_could_not_be_set_stays_the_callers)
{
    // What is needed on the way fails in turn: the task's context, the value, the token, the bindings.
    drops = 0;
    for (int step = 0; step < 4; step++) {
        char *mine = strdup("mine");
        eddy_context_token *token = NULL;
        if (step > 0) // else it has none yet, and is to fail at that
            EXPECT(eddy_task_get_context(eddy_current_task()) != NULL);
        fail_allocation(step > 0 ? step - 1 : 0);
        EXPECT_EQ(eddy_context_var_set_token(&text, &token, mine), -ENOMEM);
        fail_allocation(-1);
        EXPECT(token == NULL);
        EXPECT_EQ(drops, 0);
        EXPECT(eddy_context_var_get(&text) == NULL);
        free(mine);
    }
}

EDDY_ASYNC(never_runs)
{
    return 0;
}

TEST(what_was_inherited_is_given_back_also_by_what_never_ran)
{
    drops = 0;
    EXPECT_EQ(eddy_context_var_set(&text, strdup("kept")), 0);
    eddy_task *task = eddy_create_task(never_runs);
    eddy_task_cancel(task);
    eddy_handle *handle = NULL;
    EXPECT_EQ(eddy_call_soon(notes_number, NULL, &handle), 0);
    EXPECT_EQ(eddy_handle_cancel(handle), 1);
    eddy_handle_free(handle);
    eddy_future *future = eddy_future_new(void);
    EXPECT_EQ(eddy_future_add_done_callback(future, notes_when_done, NULL), 0);
    EXPECT_EQ(eddy_future_add_done_callback(future, notes_when_done, future), 0);
    EXPECT_EQ(eddy_future_remove_done_callback(future, notes_when_done, future), 1);
    eddy_future_free(future);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    eddy_task_free(task);
    EXPECT_EQ(drops, 0);
    EXPECT_EQ(eddy_context_var_set(&text, NULL), 0);
    EXPECT_EQ(drops, 1);
}

TEST(a_program_that_sets_nothing_allocates_nothing_for_it)
{
    EDDY_AUTO(eddy_task) *warm = eddy_create_task(never_runs);
    EXPECT_EQ(eddy_await(warm), 0);
    fail_allocation(-1);
    long before = allocation_count();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(never_runs);
    long one = allocation_count() - before;
    SET_NUMBER(1);
    before = allocation_count();
    EDDY_AUTO(eddy_task) *rich = eddy_create_task(never_runs);
    EXPECT_EQ(allocation_count() - before, one); // inheriting takes a reference, and no more
    EXPECT_EQ(eddy_await(task) + eddy_await(rich), 0);
}

RUN_TESTS(TEST_OF(a_variable_has_its_default_until_it_is_set),
          TEST_OF(many_variables_are_kept_apart),
          TEST_OF(a_task_sees_what_its_maker_had_set_and_sets_for_itself_alone),
          TEST_OF(an_eager_task_begins_with_its_makers_variables_and_leaves_them_alone),
          TEST_OF(what_is_gathered_has_a_copy_and_what_is_awaited_inline_shares),
          TEST_OF(a_chain_of_tasks_that_set_nothing_hands_it_on),
          TEST_OF(callbacks_have_what_was_set_when_they_were_registered),
          TEST_OF(a_task_made_in_a_callback_has_the_callbacks_variables),
          TEST_OF(a_generators_body_shares_the_variables_of_who_asks),
          TEST_OF(a_function_on_a_thread_has_a_copy),
          TEST_OF(threads_have_variables_of_their_own),
          TEST_OF(a_token_puts_back_what_was_there),
          TEST_OF(a_token_works_once_for_its_variable_and_in_its_context),
          TEST_OF(a_copied_context_keeps_what_was_set_then),
          TEST_OF(tasks_made_in_a_context_share_it),
          TEST_OF(a_function_run_in_a_context_changes_that_alone),
          TEST_OF(a_context_works_without_a_loop),
          TEST_OF(a_value_is_destroyed_once_when_the_last_context_lets_go),
          TEST_OF(a_value_that_could_not_be_set_stays_the_callers),
          TEST_OF(what_was_inherited_is_given_back_also_by_what_never_ran),
          TEST_OF(a_program_that_sets_nothing_allocates_nothing_for_it))
