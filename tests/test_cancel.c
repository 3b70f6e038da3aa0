/* SPDX-License-Identifier: MIT */
/* Cancellation: counts, messages, reasons, who asked; long chains, rings; what comes first. */
#include "harness.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

EDDY_ASYNC(sleeps, (double, seconds))
{
    return eddy_sleep(seconds);
}

EDDY_ASYNC(awaits, (eddy_future *, future))
{
    return eddy_await(future);
}

static int body_runs;

EDDY_ASYNC(counts_runs)
{
    body_runs++;
    return 0;
}

TEST(a_task_cancelled_before_its_first_step_never_begins)
{
    body_runs = 0;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(counts_runs);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT(!eddy_task_done(task));
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(eddy_task_cancelled(task));
    EXPECT_EQ(body_runs, 0);
}

TEST(taking_the_request_back_lets_the_task_begin)
{
    body_runs = 0;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(counts_runs);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_task_uncancel(task), 0);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(body_runs, 1);
}

EDDY_ASYNC(catches_and_waits, (double, seconds))
{
    int rc = eddy_sleep(10);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 1);
    EDDY_TRY(eddy_sleep(seconds)); // delivered once: cleaning up may wait
    return 5;
}

TEST(a_cancellation_is_delivered_once_and_can_be_caught)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(catches_and_waits, 2);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), 5);
    EXPECT(eddy_time() == 3);
    EXPECT(!eddy_task_cancelled(task));
    EXPECT_EQ(eddy_task_cancelling(task), 1);
}

TEST(requests_are_counted_and_taken_back_one_by_one)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps, 9);
    EXPECT_EQ(eddy_sleep(0), 0);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_task_cancelling(task), 3);
    EXPECT_EQ(eddy_task_uncancel(task), 2);
    EXPECT_EQ(eddy_task_uncancel(task), 1);
    EXPECT_EQ(eddy_task_uncancel(task), 0);
    EXPECT_EQ(eddy_task_uncancel(task), 0); // not below
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(eddy_task_cancel(task), 0);
    EXPECT_EQ(eddy_task_cancelling(task), 0);
}

EDDY_ASYNC(cancels_itself)
{
    EXPECT_EQ(eddy_task_cancel(eddy_current_task(), "by my own hand"), 1);
    int rc = eddy_sleep(1);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT(eddy_time() == 0);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "by my own hand");
    return rc;
}

TEST(a_running_task_is_cancelled_at_its_next_await)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(cancels_itself);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_cancelled_by(eddy_future_error(task)), "cancels_itself");
}

EDDY_ASYNC_TO(int, returns_cancelled)
{
    eddy_task_cancel(eddy_current_task());
    *result = 1;
    return 0;
}

TEST(a_task_that_returns_with_a_cancellation_undelivered_is_cancelled)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(returns_cancelled);
    int value = 0;
    EXPECT_EQ(eddy_await(task, &value), EDDY_CANCELLED);
    EXPECT_EQ(value, 0);
    EXPECT(eddy_task_cancelled(task));
}

EDDY_ASYNC(takes_its_request_back)
{
    eddy_task_cancel(eddy_current_task());
    EXPECT_EQ(eddy_task_uncancel(eddy_current_task()), 0);
    return eddy_sleep(1);
}

TEST(a_request_taken_back_before_the_await_is_not_delivered)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(takes_its_request_back);
    EXPECT_EQ(eddy_await(task), 0);
}

TEST(a_cancellation_tells_who_asked_where_and_why)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps, 9);
    EXPECT_EQ(eddy_task_set_name(eddy_current_task(), "the boss"), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    int line = __LINE__ + 1;
    EXPECT_EQ(eddy_task_cancel(task, "the user left"), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    const eddy_error *error = eddy_error_get(EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(error), "the user left");
    EXPECT_EQ(eddy_error_cancel_reason(error), EDDY_CANCEL_REQUEST);
    EXPECT_STR(eddy_error_cancelled_by(error), "the boss");
    const eddy_place *place = eddy_error_place(error);
    EXPECT(place != NULL && place->line == line && strstr(place->file, "test_cancel.c") != NULL);
    EXPECT(eddy_future_error(task) == error);
}

TEST(a_message_may_be_left_out)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps, 9);
    EXPECT_EQ(eddy_task_cancel(task, NULL), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(eddy_error_message(eddy_error_get(EDDY_CANCELLED)) == NULL);
}

TEST(the_message_travels_through_the_tasks_on_the_way)
{
    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *inner = eddy_create_task(awaits, gate);
    EDDY_AUTO(eddy_task) *outer = eddy_create_task(awaits, inner);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_task_cancel(outer, "down the line"), 1);
    EXPECT(eddy_future_cancelled(gate));
    EXPECT_EQ(eddy_task_cancelling(inner), 1);
    EXPECT_EQ(eddy_await(outer), EDDY_CANCELLED);
    EXPECT(eddy_task_cancelled(inner));
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "down the line");
    EXPECT_STR(eddy_error_message(eddy_future_error(inner)), "down the line");
}

EDDY_ASYNC(marks_twice)
{
    eddy_task_cancel(eddy_current_task(), "first");
    eddy_task_cancel(eddy_current_task(), "second");
    return eddy_sleep(1);
}

TEST(of_several_requests_that_wait_the_last_message_counts)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(marks_twice);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "second");
}

TEST(of_several_requests_that_of_the_one_that_stopped_the_wait_counts)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps, 9);
    EXPECT_EQ(eddy_sleep(0), 0);
    eddy_task_cancel(task, "first");
    eddy_task_cancel(task, "second");
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "first");
}

EDDY_ASYNC(sleeps_twice, (int *, first), (int *, second))
{
    *first = eddy_sleep(9);
    *second = eddy_sleep(9);
    return 0;
}

TEST(two_requests_in_one_go_are_one_cancellation)
{
    int first = 0, second = 0;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_twice, &first, &second);
    EXPECT_EQ(eddy_sleep(0), 0);
    eddy_task_cancel(task);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(first, EDDY_CANCELLED);
    EXPECT_EQ(second, 0);
}

TEST(a_result_that_meets_a_cancellation_loses)
{
    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(awaits, gate);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_future_set_result(gate), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(eddy_future_result(gate), 0);
}

TEST(an_error_that_meets_a_cancellation_counts_as_looked_at)
{
    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(awaits, gate);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_future_set_exception(gate, -EIO), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
}

TEST(a_cancelled_await_cancels_what_it_awaits_and_not_what_is_done)
{
    EDDY_AUTO(eddy_task) *inner = eddy_create_task(sleeps, 1);
    EDDY_AUTO(eddy_task) *outer = eddy_create_task(awaits, inner);
    EXPECT_EQ(eddy_sleep(1), 0); // the inner one's timer is due before ours ends
    EXPECT_EQ(eddy_task_cancel(outer), 1);
    EXPECT_EQ(eddy_await(outer), EDDY_CANCELLED);
}

EDDY_ASYNC(raises_cancelled)
{
    return EDDY_CANCELLED;
}

TEST(a_task_that_returns_cancelled_is_cancelled_without_a_request)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(raises_cancelled);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(eddy_task_cancelled(task));
    EXPECT_EQ(eddy_task_cancelling(task), 0);
    EXPECT_EQ(eddy_task_cancelling(eddy_current_task()), 0);
}

TEST(a_coroutine_object_cannot_be_cancelled)
{
    eddy_coroutine *coroutine = eddy_coro(counts_runs);
    EXPECT_EQ(eddy_task_cancel(coroutine), EDDY_EMISUSE);
    eddy_coro_free(coroutine);
}

/* ---- chains and rings ------------------------------------------------------------------------*/

enum { CHAIN = 100000 };
static eddy_task *chain[CHAIN];

/* Guards that split mappings need two for each stack, and the kernel has a limit. */
static bool are_guards_cheap(void)
{
    enum { GUARD_INSTALL = 102 };
    long page = sysconf(_SC_PAGESIZE);
    void *base = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return false;
    int err = madvise(base, (size_t)page, GUARD_INSTALL);
    munmap(base, (size_t)page);
    return err == 0;
}

static int chain_length(void)
{
    return is_watched() ? 2000 : are_guards_cheap() ? CHAIN : 20000;
}

EDDY_ASYNC(awaits_next, (int, i), (int, n))
{
    if (i + 1 == n)
        return eddy_sleep(1e6);
    return eddy_await(chain[i + 1]);
}

static void make_chain(int n)
{
    for (int i = n - 1; i >= 0; i--)
        chain[i] = eddy_create_task(awaits_next, i, n);
    EXPECT_EQ(eddy_sleep(0), 0);
}

static void free_chain(int n)
{
    for (int i = 0; i < n; i++)
        eddy_task_free(chain[i]);
}

TEST(a_long_chain_is_cancelled_from_its_far_end)
{
    int n = chain_length();
    make_chain(n);
    EXPECT_EQ(eddy_task_cancel(chain[0], "all"), 1);
    EXPECT_EQ(eddy_await(chain[0]), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "all");
    int cancelled = 0;
    for (int i = 0; i < n; i++)
        cancelled += eddy_task_cancelled(chain[i]);
    EXPECT_EQ(cancelled, n);
    EXPECT(eddy_time() == 0);
    free_chain(n);
}

TEST(a_long_chain_is_cancelled_from_its_near_end)
{
    int n = chain_length();
    make_chain(n);
    EXPECT_EQ(eddy_task_cancel(chain[n - 1]), 1);
    EXPECT_EQ(eddy_await(chain[0]), EDDY_CANCELLED);
    EXPECT_EQ(eddy_task_cancelling(chain[0]), 0);
    free_chain(n);
}

TEST(a_chain_asked_link_by_link_ends_all_the_same)
{
    int n = 300;
    make_chain(n);
    for (int i = 0; i < n; i++)
        EXPECT_EQ(eddy_task_cancel(chain[i]), 1);
    EXPECT_EQ(eddy_await(chain[0]), EDDY_CANCELLED);
    EXPECT_EQ(eddy_task_cancelling(chain[n - 1]), n);
    free_chain(n);
}

EDDY_ASYNC(awaits_round, (int, i), (int, n))
{
    return eddy_await(chain[(i + 1) % n]);
}

static void make_ring(int n)
{
    for (int i = 0; i < n; i++)
        chain[i] = eddy_create_task(awaits_round, i, n);
    EXPECT_EQ(eddy_sleep(0), 0);
}

TEST(a_ring_of_tasks_that_await_each_other_ends_when_one_is_cancelled)
{
    for (int n = 2; n < 6; n++) {
        make_ring(n);
        EXPECT_EQ(eddy_task_cancel(chain[1], "break it"), 1);
        for (int i = 0; i < n; i++) {
            EXPECT_EQ(eddy_await(chain[i]), EDDY_CANCELLED);
            EXPECT_STR(eddy_error_message(eddy_error_get(EDDY_CANCELLED)), "break it");
        }
        free_chain(n);
    }
}

TEST(a_ring_cancelled_twice_or_everywhere_ends_too)
{
    make_ring(4);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 4; i++)
            EXPECT_EQ(eddy_task_cancel(chain[i]), 1);
    for (int i = 0; i < 4; i++)
        EXPECT_EQ(eddy_await(chain[i]), EDDY_CANCELLED);
    free_chain(4);
}

EDDY_ASYNC(gathers_chain, (int, n))
{
    return eddy_gather_all(chain + 1, (size_t)n - 1);
}

EDDY_ASYNC(awaits_first)
{
    return eddy_await(chain[0]);
}

TEST(a_ring_through_a_gather_ends_when_it_is_cancelled)
{
    enum { MEMBERS = 40 }; // many ways round: the walk must not try them all
    chain[0] = eddy_create_task(gathers_chain, MEMBERS);
    for (int i = 1; i < MEMBERS; i++)
        chain[i] = eddy_create_task(awaits_first);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_task_cancel(chain[0]), 1);
    for (int i = 0; i < MEMBERS; i++)
        EXPECT_EQ(eddy_await(chain[i]), EDDY_CANCELLED);
    free_chain(MEMBERS);
}

static eddy_task *ring_left_over[2];

EDDY_ASYNC(awaits_the_other, (int, i))
{
    return eddy_await(ring_left_over[1 - i]);
}

EDDY_ASYNC(leaves_a_ring)
{
    ring_left_over[0] = eddy_create_task(awaits_the_other, 0);
    ring_left_over[1] = eddy_create_task(awaits_the_other, 1);
    return eddy_sleep(0);
}

TEST_PLAIN(the_end_of_a_run_cancels_a_ring)
{
    EXPECT_EQ(eddy_run(eddy_coro(leaves_a_ring),
                       &(eddy_run_options){.virtual_clock = true, .exception_handler = note_report}),
              0);
    for (int i = 0; i < 2; i++) {
        EXPECT(eddy_task_cancelled(ring_left_over[i]));
        eddy_task_free(ring_left_over[i]);
    }
}

/* ---- in a crowd ------------------------------------------------------------------------------*/

enum { CROWD = 3000, CALLS = 16, ROUNDS = 4 }; // a crowd's queue is looked ahead in: core/run.c

static eddy_handle *handles[CALLS];

static int must_not_be_called(void *data)
{
    (void)data;
    EXPECT(false);
    return 0;
}

EDDY_ASYNC(yields_often)
{
    for (int i = 0; i < ROUNDS; i++)
        EDDY_TRY(eddy_sleep(0));
    return 0;
}

/* Its turn comes just before the calls would be made. */
EDDY_ASYNC(cancels_calls)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CALLS; i++) {
            EXPECT_EQ(eddy_handle_cancel(handles[i]), 1);
            eddy_handle_free(handles[i]);
        }
        EDDY_TRY(eddy_sleep(0));
    }
    return 0;
}

TEST(what_is_taken_out_of_a_crowded_queue_is_not_looked_ahead_to)
{
    for (int i = 0; i < CROWD; i++)
        eddy_start(yields_often);
    EDDY_AUTO(eddy_task) *canceller = eddy_create_task(cancels_calls);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CALLS; i++)
            EXPECT_EQ(eddy_call_soon(must_not_be_called, NULL, &handles[i]), 0);
        EXPECT_EQ(eddy_sleep(0), 0);
    }
    EXPECT_EQ(eddy_await(canceller), 0);
}

RUN_TESTS(TEST_OF(what_is_taken_out_of_a_crowded_queue_is_not_looked_ahead_to),
          TEST_OF(a_task_cancelled_before_its_first_step_never_begins),
          TEST_OF(taking_the_request_back_lets_the_task_begin),
          TEST_OF(a_cancellation_is_delivered_once_and_can_be_caught),
          TEST_OF(requests_are_counted_and_taken_back_one_by_one),
          TEST_OF(a_running_task_is_cancelled_at_its_next_await),
          TEST_OF(a_task_that_returns_with_a_cancellation_undelivered_is_cancelled),
          TEST_OF(a_request_taken_back_before_the_await_is_not_delivered),
          TEST_OF(a_cancellation_tells_who_asked_where_and_why),
          TEST_OF(a_message_may_be_left_out),
          TEST_OF(the_message_travels_through_the_tasks_on_the_way),
          TEST_OF(of_several_requests_that_wait_the_last_message_counts),
          TEST_OF(of_several_requests_that_of_the_one_that_stopped_the_wait_counts),
          TEST_OF(two_requests_in_one_go_are_one_cancellation),
          TEST_OF(a_result_that_meets_a_cancellation_loses),
          TEST_OF(an_error_that_meets_a_cancellation_counts_as_looked_at),
          TEST_OF(a_cancelled_await_cancels_what_it_awaits_and_not_what_is_done),
          TEST_OF(a_task_that_returns_cancelled_is_cancelled_without_a_request),
          TEST_OF(a_coroutine_object_cannot_be_cancelled),
          TEST_OF(a_long_chain_is_cancelled_from_its_far_end),
          TEST_OF(a_long_chain_is_cancelled_from_its_near_end),
          TEST_OF(a_chain_asked_link_by_link_ends_all_the_same),
          TEST_OF(a_ring_of_tasks_that_await_each_other_ends_when_one_is_cancelled),
          TEST_OF(a_ring_cancelled_twice_or_everywhere_ends_too),
          TEST_OF(a_ring_through_a_gather_ends_when_it_is_cancelled),
          TEST_OF(the_end_of_a_run_cancels_a_ring))
