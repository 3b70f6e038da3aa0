/* SPDX-License-Identifier: MIT */
/*
 * Failing memory: some programs, run again and again, and each time the next allocation fails. Every run
 * ends with a clear status, gives back what it had, and destroys what it owned once.
 */
#include "harness.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* ---- owners: as many are destroyed as are born -----------------------------------------------*/

typedef struct token {
    int number;
} token;

static atomic_int alive;

static token make_token(int number)
{
    atomic_fetch_add(&alive, 1);
    return (token){number};
}

static void drop_token(token *t)
{
    (void)t;
    atomic_fetch_sub(&alive, 1);
}

static void drop_item(void *item)
{
    drop_token(item);
}

EDDY_ASYNC_TO_OWNED(token, drop_token, passes_on, (token, given, drop_token), (double, seconds))
{
    int rc = eddy_sleep(seconds);
    if (rc < 0) {
        drop_token(&given);
        return rc;
    }
    *result = given;
    return 0;
}

/* ---- programs --------------------------------------------------------------------------------*/

EDDY_ASYNC(gathers)
{
    token tokens[3];
    EDDY_TRY(eddy_gather_to(tokens, eddy_coro(passes_on, make_token(1), 1),
                            eddy_coro(passes_on, make_token(2), 2),
                            eddy_coro(passes_on, make_token(3), 0)));
    for (int i = 0; i < 3; i++)
        drop_token(&tokens[i]);
    return 0;
}

EDDY_ASYNC(awaits_and_times_out)
{
    token t;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(passes_on, make_token(1), 1);
    EDDY_AUTO(eddy_task) *slow = eddy_create_task(passes_on, make_token(2), 90);
    EDDY_TRY(eddy_await(task, &t));
    drop_token(&t);
    int rc = eddy_wait_for(slow, 5, &t);
    if (rc != EDDY_TIMEDOUT)
        return rc < 0 ? rc : -EPROTO;
    rc = eddy_wait_for(eddy_coro(passes_on, make_token(3), 90), 5, &t);
    if (rc != EDDY_TIMEDOUT)
        return rc < 0 ? rc : -EPROTO;
    rc = eddy_within(1, eddy_sleep(5));
    return rc == EDDY_TIMEDOUT ? 0 : rc < 0 ? rc : -EPROTO;
}

EDDY_ASYNC(puts_tokens, (eddy_queue *, queue), (int, count))
{
    for (int i = 0; i < count; i++) {
        token t = make_token(i);
        int rc = eddy_queue_put(queue, &t);
        if (rc < 0) {
            drop_token(&t);
            EDDY_IGNORE(eddy_queue_shutdown(queue, false) < 0);
            return rc;
        }
    }
    return eddy_queue_shutdown(queue, false);
}

EDDY_ASYNC(passes_through_queue)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new_owning(token, 0, drop_item);
    EDDY_AUTO(eddy_task) *producer = eddy_create_task(puts_tokens, queue, 20);
    int rc = 0, count = 0;
    token t;
    // What could not be started will never end the queue.
    if (eddy_task_done(producer))
        return eddy_await(producer);
    while ((rc = eddy_queue_get(queue, &t)) == 0) {
        drop_token(&t);
        if (++count == 15)
            break;
    }
    int ended = eddy_await(producer);
    return ended < 0 ? ended : rc == EDDY_QUEUE_SHUTDOWN ? 0 : rc;
}

static int no_op(void *data)
{
    (void)data;
    return 0;
}

static int no_op_done(eddy_future *future, void *data)
{
    (void)future;
    (void)data;
    return 0;
}

EDDY_ASYNC(uses_callbacks)
{
    EDDY_AUTO(eddy_future) *future = eddy_future_new_owning(token, drop_item);
    EDDY_AUTO(eddy_handle) *handle = NULL;
    if (eddy_future_done(future))
        return eddy_future_exception(future);
    EDDY_TRY(eddy_future_add_done_callback(future, no_op_done, NULL));
    EDDY_TRY(eddy_call_soon(no_op, NULL, NULL));
    EDDY_TRY(eddy_call_later(1, no_op, NULL, &handle));
    EDDY_TRY(eddy_loop_on_close(no_op, NULL));
    EDDY_TRY(eddy_call_soon_threadsafe(eddy_get_running_loop(), no_op, NULL));
    token t = make_token(1);
    int rc = eddy_future_set_result(future, &t);
    if (rc < 0) {
        drop_token(&t);
        return rc;
    }
    return eddy_sleep(2);
}

EDDY_ASYNC(cleans_up)
{
    int rc = eddy_sleep(1000);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EDDY_IGNORE(eddy_sleep(1) < 0);
    return rc;
}

EDDY_ASYNC(leaves_tasks)
{
    for (int i = 0; i < 3; i++) {
        eddy_task *task = eddy_create_task(cleans_up);
        int rc = eddy_task_done(task) ? eddy_task_result(task) : 0;
        eddy_task_free(task);
        EDDY_TRY(rc);
    }
    return eddy_sleep(1);
}

/* On a thread it can't sleep: hands on what it was given. */
EDDY_ASYNC_TO_OWNED(token, drop_token, hands_on, (token, given, drop_token))
{
    *result = given;
    return 0;
}

EDDY_ASYNC(works_on_a_thread)
{
    token t;
    EDDY_TRY(eddy_to_thread(eddy_coro(hands_on, make_token(1)), &t));
    drop_token(&t);
    return eddy_to_thread(eddy_coro(hands_on, make_token(2)));
}

EDDY_ASYNC(cancels_with_words)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(cleans_up);
    EDDY_TRY(eddy_sleep(1));
    eddy_task_cancel(task, "words that may be lost");
    int rc = eddy_await(task);
    return rc == EDDY_CANCELLED ? 0 : rc;
}

EDDY_ASYNC(fails_in_words)
{
    eddy_error *kept = eddy_error_take(eddy_fail(-EIO, "first"));
    int rc = eddy_error_raise(kept);
    eddy_error_free(kept);
    rc = eddy_fail_from(-EPERM, rc, "second");
    return rc == -EPERM ? 0 : rc;
}

EDDY_CONTEXT_VAR(int, number, 0);

EDDY_ASYNC(sets_and_leaves_one)
{
    EDDY_TRY(eddy_context_var_set(&number, 2));
    EDDY_TRY(eddy_call_soon(no_op, NULL, NULL));
    eddy_task *task = eddy_create_task(cleans_up);
    int rc = eddy_task_done(task) ? eddy_task_result(task) : eddy_sleep(1);
    eddy_task_free(task);
    return rc;
}

EDDY_ASYNC(sleeps_for, (double, seconds))
{
    return eddy_sleep(seconds);
}

/* In a nested run, where what is handed on to a task that is made needs memory of its own. */
EDDY_ASYNC(sets_and_gathers)
{
    EDDY_TRY(eddy_context_var_set(&number, 4));
    EDDY_TRY(gathers());
    eddy_group group;
    eddy_group_begin(&group);
    for (int i = 0; i < 3; i++)
        (void)eddy_group_create_task(&group, sleeps_for, i);
    int rc = eddy_group_end(&group, 0);
    if (rc < 0)
        return rc == EDDY_EGROUP ? -ENOMEM : rc; // a child could not be made
    EDDY_TRY(eddy_shield(eddy_coro(sleeps_for, 1)));
    return eddy_wait_for(eddy_coro(sleeps_for, 1), 5);
}

EDDY_ASYNC(gathers_with_a_variable)
{
    EDDY_TRY(eddy_context_var_set(&number, 3));
    return eddy_run(eddy_coro(sets_and_gathers), NULL);
}

EDDY_ASYNC(nests_a_run)
{
    EDDY_AUTO(eddy_context) *context = NULL;
    EDDY_AUTO(eddy_context_token) *token = NULL;
    EDDY_TRY(eddy_context_var_set_token(&number, &token, 1));
    EDDY_TRY(eddy_run(eddy_coro(sets_and_leaves_one), NULL));
    EXPECT_EQ(eddy_context_var_get(&number), 1);
    EDDY_TRY(eddy_context_var_reset(&number, token));
    EDDY_TRY(eddy_copy_context(&context));
    EDDY_TRY(eddy_context_run(context, eddy_coro(sets_and_leaves_one)));
    EXPECT_EQ(eddy_context_get(context, &number), 2);
    return 0;
}

/* ---- groups: a child that can't be made has failed -------------------------------------------*/

EDDY_ASYNC_TO(int, returns_number, (int, n))
{
    EDDY_TRY(eddy_sleep(n));
    *result = n;
    return 0;
}

/* The error of a group that lost a child is one of want of memory. */
static int of_group(int rc)
{
    return rc == EDDY_EGROUP ? -ENOMEM : rc;
}

static int check_numbers(eddy_task **tasks, int count)
{
    for (int i = 0; i < count; i++) {
        int number = -1;
        EXPECT_EQ(eddy_task_result(tasks[i], &number), 0);
        EXPECT_EQ(number, i);
    }
    return 0;
}

EDDY_ASYNC(groups)
{
    eddy_task *tasks[3];
    eddy_group group;
    eddy_group_begin(&group);
    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_group_create_task(&group, returns_number, i);
    int rc = eddy_group_end(&group, 0);
    return rc < 0 ? of_group(rc) : check_numbers(tasks, 3);
}

EDDY_ASYNC(groups_eagerly)
{
    eddy_task *tasks[3];
    eddy_group group;
    eddy_group_begin(&group);
    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_group_add(&group, eddy_coro(returns_number, i),
                                  &(eddy_task_options){.eager_start = true, .name = "eager"});
    int rc = eddy_group_end(&group, 0);
    return rc < 0 ? of_group(rc) : check_numbers(tasks, 3);
}

static int started;

EDDY_ASYNC(counts_itself, (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    started++;
    return 0;
}

EDDY_ASYNC(starts_in_a_group)
{
    eddy_group group;
    eddy_group_begin(&group);
    started = 0;
    int refused = 0;
    for (int i = 0; i < 3; i++)
        refused += eddy_group_start(&group, counts_itself, i) < 0;
    int rc = eddy_group_end(&group, 0);
    EXPECT(rc < 0 || (started == 3 && refused == 0));
    return of_group(rc);
}

EDDY_ASYNC(leaves_a_group_open)
{
    eddy_group group;
    eddy_group_begin(&group);
    started = 0;
    for (int i = 0; i < 3; i++)
        eddy_group_create_task(&group, counts_itself, i);
    return 0;
}

EDDY_ASYNC(calls_one_that_leaves_a_group_open)
{
    int rc = leaves_a_group_open();
    EXPECT(rc < 0 || started == 3);
    return of_group(rc);
}

/* The consumer waits for the producer: it must not wait for ever if that could not be made. */
EDDY_ASYNC(consumes, (eddy_queue *, queue))
{
    token t;
    int rc;
    while ((rc = eddy_queue_get(queue, &t)) == 0)
        drop_token(&t);
    return rc == EDDY_QUEUE_SHUTDOWN ? 0 : rc;
}

EDDY_ASYNC(produces_in_a_group)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new_owning(token, 2, drop_item);
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, consumes, queue);
    eddy_group_create_task(&group, puts_tokens, queue, 5);
    return of_group(eddy_group_end(&group, 0));
}

/* ---- the other constructors ------------------------------------------------------------------*/

EDDY_ASYNC(completes_in_order)
{
    eddy_future *numbers[] = {eddy_coro(returns_number, 2), eddy_coro(returns_number, 1)};
    EDDY_AUTO(eddy_as_completed) *order = eddy_as_completed_new(numbers, 2, 9);
    eddy_future *done;
    int rc, count = 0;
    while ((rc = eddy_as_completed_next(order, &done)) > 0) {
        int number = 0;
        EDDY_TRY(eddy_future_result(done, &number));
        EXPECT_EQ(number, ++count);
    }
    EXPECT(rc < 0 || count == 2);
    return rc;
}

EDDY_ASYNC(waits_for_several)
{
    EDDY_AUTO(eddy_task) *one = eddy_create_task(returns_number, 1);
    EDDY_AUTO(eddy_task) *two = eddy_create_task(returns_number, 2);
    EDDY_AUTO(eddy_future) *sleep = eddy_sleep_start(1);
    EDDY_AUTO(eddy_future) *shield = eddy_shield_start(two);
    int rc = eddy_wait((eddy_future *[]){one, sleep, shield}, 3, 9, EDDY_ALL_COMPLETED);
    if (rc < 0)
        return rc;
    EXPECT_EQ(rc, 3);
    EDDY_TRY(eddy_task_result(one));
    EDDY_TRY(eddy_future_result(sleep));
    return eddy_future_result(shield);
}

EDDY_ASYNC(times_out_within)
{
    EDDY_TRY(eddy_timeout_begin(1));
    return eddy_timeout_end(eddy_sleep(5));
}

/* A timeout that could not begin must not end one around it. */
EDDY_ASYNC(nests_timeouts)
{
    eddy_timeout *outer = NULL;
    EDDY_TRY(eddy_timeout_begin(100));
    outer = eddy_timeout_current();
    int rc = times_out_within();
    EXPECT(rc == EDDY_TIMEDOUT || rc == -ENOMEM);
    EXPECT(eddy_timeout_current() == outer);
    rc = eddy_timeout_end(rc == EDDY_TIMEDOUT ? 0 : rc);
    EXPECT(eddy_timeout_current() == NULL);
    return rc;
}

EDDY_GENERATOR(int, counts_up, (int, last))
{
    for (int i = 0; i <= last; i++) {
        EDDY_TRY(eddy_sleep(1));
        EDDY_TRY(eddy_yield(i));
    }
    return 0;
}

EDDY_ASYNC(iterates)
{
    int rc, seen = 0;
    eddy_for (int, i, eddy_generate(counts_up, 3), &rc)
        EXPECT_EQ(i, seen++);
    EXPECT(rc < 0 || seen == 4);
    return rc;
}

EDDY_ASYNC(works_behind_a_future)
{
    token t;
    EDDY_AUTO(eddy_future) *work = eddy_to_thread_start(eddy_coro(hands_on, make_token(1)));
    EDDY_TRY(eddy_await(work, &t));
    drop_token(&t);
    return 0;
}

EDDY_ASYNC(hands_itself_a_coroutine)
{
    EDDY_AUTO(eddy_thread_future) *source = NULL;
    int number = 0;
    EDDY_TRY(eddy_run_coroutine_threadsafe(eddy_coro(returns_number, 3), eddy_get_running_loop(),
                                           &source));
    EDDY_AUTO(eddy_future) *wrapped = eddy_wrap_future(source);
    EDDY_TRY(eddy_await(wrapped, &number));
    EXPECT_EQ(number, 3);
    return 0;
}

EDDY_ASYNC(is_cancelled_for_good)
{
    EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
    EDDY_TRY(eddy_cancel_scope_enter(scope));
    EDDY_TRY(eddy_cancel_scope_cancel(scope, "enough") < 0 ? -EPROTO : 0);
    return eddy_cancel_scope_end(eddy_sleep(5));
}

/* ---- the loop around them --------------------------------------------------------------------*/

static int reports;

static void count_report(const eddy_report *report, void *data)
{
    (void)data;
    EXPECT(report->message != NULL);
    // Without memory a task may fail unseen, but none may be left behind.
    EXPECT(report->kind != EDDY_REPORT_OUTLIVED && report->kind != EDDY_REPORT_DEADLOCK);
    reports++;
}

EDDY_ASYNC(nothing)
{
    return 0;
}

/* Fails allocation 0, 1, 2, ... until a run makes none of that number. */
static void run_with_failures(eddy_coroutine *(*make)(void), const char *name)
{
    enum { RUNS_MAX = 2000 };
    for (long n = 0; n < RUNS_MAX; n++) {
        atomic_store(&alive, 0);
        long before = harness_blocks_held();
        fail_allocation(n);
        int status = eddy_run(make(), &(eddy_run_options){.virtual_clock = true,
                                                          .threads_max = 2,
                                                          .exception_handler = count_report});
        bool was_reached = allocation_count() > n;
        fail_allocation(-1);
        EDDY_IGNORE(eddy_run(eddy_coro(nothing), NULL) < 0); // drops the last error
        bool is_clear = was_reached ? status == 0 || status == -ENOMEM : status == 0;
        if (!harness_expect(is_clear, __FILE__, __LINE__, "%s to end clearly, not with %d (%ld)",
                            name, status, n) ||
            !harness_expect(atomic_load(&alive) == 0, __FILE__, __LINE__,
                            "%s to leave no owner behind, not %d (%ld)", name, alive, n) ||
            !harness_expect(harness_blocks_held() == before, __FILE__, __LINE__,
                            "%s to leave no memory behind (%ld)", name, n) ||
            !was_reached)
            return;
    }
    harness_expect(false, __FILE__, __LINE__, "%s to get through", name);
}

#define FAULT_TEST(coroutine)                                     \
    static eddy_coroutine *coroutine##__make(void)                \
    {                                                             \
        return eddy_coro(coroutine);                              \
    }                                                             \
    TEST_PLAIN(coroutine##_with_failing_memory_ends_cleanly)      \
    {                                                             \
        run_with_failures(coroutine##__make, #coroutine);         \
    }

FAULT_TEST(gathers)
FAULT_TEST(awaits_and_times_out)
FAULT_TEST(passes_through_queue)
FAULT_TEST(uses_callbacks)
FAULT_TEST(leaves_tasks)
FAULT_TEST(works_on_a_thread)
FAULT_TEST(cancels_with_words)
FAULT_TEST(fails_in_words)
FAULT_TEST(nests_a_run)
FAULT_TEST(gathers_with_a_variable)
FAULT_TEST(groups)
FAULT_TEST(groups_eagerly)
FAULT_TEST(starts_in_a_group)
FAULT_TEST(calls_one_that_leaves_a_group_open)
FAULT_TEST(produces_in_a_group)
FAULT_TEST(completes_in_order)
FAULT_TEST(waits_for_several)
FAULT_TEST(nests_timeouts)
FAULT_TEST(iterates)
FAULT_TEST(works_behind_a_future)
FAULT_TEST(hands_itself_a_coroutine)
FAULT_TEST(is_cancelled_for_good)

RUN_TESTS(TEST_OF(gathers_with_failing_memory_ends_cleanly),
          TEST_OF(awaits_and_times_out_with_failing_memory_ends_cleanly),
          TEST_OF(passes_through_queue_with_failing_memory_ends_cleanly),
          TEST_OF(uses_callbacks_with_failing_memory_ends_cleanly),
          TEST_OF(leaves_tasks_with_failing_memory_ends_cleanly),
          TEST_OF(works_on_a_thread_with_failing_memory_ends_cleanly),
          TEST_OF(cancels_with_words_with_failing_memory_ends_cleanly),
          TEST_OF(fails_in_words_with_failing_memory_ends_cleanly),
          TEST_OF(nests_a_run_with_failing_memory_ends_cleanly),
          TEST_OF(gathers_with_a_variable_with_failing_memory_ends_cleanly),
          TEST_OF(groups_with_failing_memory_ends_cleanly),
          TEST_OF(groups_eagerly_with_failing_memory_ends_cleanly),
          TEST_OF(starts_in_a_group_with_failing_memory_ends_cleanly),
          TEST_OF(calls_one_that_leaves_a_group_open_with_failing_memory_ends_cleanly),
          TEST_OF(produces_in_a_group_with_failing_memory_ends_cleanly),
          TEST_OF(completes_in_order_with_failing_memory_ends_cleanly),
          TEST_OF(waits_for_several_with_failing_memory_ends_cleanly),
          TEST_OF(nests_timeouts_with_failing_memory_ends_cleanly),
          TEST_OF(iterates_with_failing_memory_ends_cleanly),
          TEST_OF(works_behind_a_future_with_failing_memory_ends_cleanly),
          TEST_OF(hands_itself_a_coroutine_with_failing_memory_ends_cleanly),
          TEST_OF(is_cancelled_for_good_with_failing_memory_ends_cleanly))
