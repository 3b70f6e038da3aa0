/* SPDX-License-Identifier: MIT */
/* Callbacks: soon, later and at a time; their order, their handles, and what they may not do. */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

static char order[128];

static int note(void *data)
{
    EXPECT(eddy_current_task() == NULL);
    EXPECT(eddy_get_running_loop() != NULL);
    strncat(order, data, sizeof order - strlen(order) - 1);
    return 0;
}

static int fails(void *data)
{
    (void)data;
    return -EIO;
}

static int calls_on(void *data)
{
    note(data);
    return eddy_call_soon(note, "+", NULL);
}

TEST(callbacks_run_in_the_next_iteration_in_order)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_call_soon(note, "a", NULL), 0);
    EXPECT_EQ(eddy_call_soon(note, "b", NULL), 0);
    EXPECT_STR(order, "");
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "ab");
}

TEST(what_a_callback_schedules_runs_an_iteration_later)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_call_soon(calls_on, "a", NULL), 0);
    EXPECT_EQ(eddy_call_soon(note, "b", NULL), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "ab");
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "ab+");
}

TEST(timed_callbacks_run_by_deadline_and_equal_ones_in_order)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_call_later(2, note, "c", NULL), 0);
    EXPECT_EQ(eddy_call_at(1, note, "a", NULL), 0);
    EXPECT_EQ(eddy_call_later(1, note, "b", NULL), 0);
    EXPECT_EQ(eddy_call_at(2, note, "d", NULL), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(order, "ab");
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(order, "abcd");
}

TEST(a_time_that_has_passed_is_due_in_the_next_iteration)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_sleep(5), 0);
    EXPECT_EQ(eddy_call_at(1, note, "b", NULL), 0);
    EXPECT_EQ(eddy_call_later(-10, note, "a", NULL), 0);
    EXPECT_EQ(eddy_call_soon(note, "s", NULL), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "sab");
    EXPECT(eddy_time() == 5);
}

TEST(a_cancelled_callback_is_not_called)
{
    order[0] = '\0';
    eddy_handle *soon = NULL, *later = NULL;
    EXPECT_EQ(eddy_call_soon(note, "a", &soon), 0);
    EXPECT_EQ(eddy_call_later(1, note, "b", &later), 0);
    EXPECT(!eddy_handle_cancelled(soon));
    EXPECT_EQ(eddy_handle_cancel(soon), 1);
    EXPECT_EQ(eddy_handle_cancel(later), 1);
    EXPECT_EQ(eddy_handle_cancel(later), 0);
    EXPECT(eddy_handle_cancelled(soon) && eddy_handle_cancelled(later));
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_STR(order, "");
    eddy_handle_free(soon);
    eddy_handle_free(later);
    EXPECT_EQ(eddy_handle_cancel(NULL), 0);
    eddy_handle_free(NULL);
}

TEST(a_callback_that_has_run_cant_be_cancelled)
{
    order[0] = '\0';
    eddy_handle *handle = NULL;
    EXPECT_EQ(eddy_call_soon(note, "a", &handle), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_handle_cancel(handle), 0);
    eddy_handle_free(handle);
    EXPECT_STR(order, "a");
}

TEST(a_handle_given_back_lets_the_call_stand)
{
    order[0] = '\0';
    eddy_handle *handle = NULL;
    EXPECT_EQ(eddy_call_later(1, note, "a", &handle), 0);
    eddy_handle_free(handle);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_STR(order, "a");
}

TEST(a_handle_knows_its_time)
{
    EDDY_AUTO(eddy_handle) *soon = NULL;
    EDDY_AUTO(eddy_handle) *later = NULL;
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_call_soon(note, "", &soon), 0);
    EXPECT_EQ(eddy_call_later(2, note, "", &later), 0);
    EXPECT(isnan(eddy_handle_when(soon)));
    EXPECT(eddy_handle_when(later) == 3);
}

static int cancels(void *data)
{
    return eddy_handle_cancel(data) < 0;
}

TEST(a_callback_may_cancel_one_that_is_due_in_the_same_iteration)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_handle) *second = NULL;
    EDDY_AUTO(eddy_handle) *first = NULL;
    EXPECT_EQ(eddy_call_later(1, note, "x", &second), 0);
    EXPECT_EQ(eddy_call_at(0.5, cancels, second, &first), 0);
    EXPECT_EQ(eddy_advance_clock(2), 0); // both are due at once
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_STR(order, "");
    EXPECT(eddy_handle_cancelled(second));
}

TEST(an_error_of_a_callback_is_reported_and_the_others_run)
{
    order[0] = '\0';
    expect_report(EDDY_REPORT_CALLBACK);
    EXPECT_EQ(eddy_call_soon(fails, NULL, NULL), 0);
    EXPECT_EQ(eddy_call_soon(note, "a", NULL), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_CALLBACK), 1);
    EXPECT_STR(order, "a");
}

static int status_seen;

static void see(const eddy_report *report, void *data)
{
    EXPECT_STR(data, "mine");
    EXPECT_EQ(report->kind, EDDY_REPORT_CALLBACK);
    status_seen = report->status;
}

TEST(the_exception_handler_can_be_replaced)
{
    char mine[] = "mine";
    status_seen = 0;
    eddy_set_exception_handler(see, mine);
    EXPECT_EQ(eddy_call_soon(fails, NULL, NULL), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(status_seen, -EIO);
    status_seen = 0;
    eddy_call_exception_handler(&(eddy_report){
        .kind = EDDY_REPORT_CALLBACK, .message = "by hand", .status = -EPERM});
    EXPECT_EQ(status_seen, -EPERM);
    eddy_set_exception_handler(note_report, NULL);
}

static void *cancel_elsewhere(void *data)
{
    EXPECT_EQ(eddy_handle_cancel(data), EDDY_EMISUSE);
    return NULL;
}

TEST(a_wrong_call_is_told)
{
    EXPECT_EQ(eddy_call_later(NAN, note, "", NULL), EDDY_EVALUE);
    EXPECT_EQ(eddy_call_at(NAN, note, "", NULL), EDDY_EVALUE);
    EXPECT_EQ(eddy_call_soon(NULL, "", NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_call_soon_threadsafe(eddy_get_running_loop(), NULL, NULL), EDDY_EMISUSE);
    EDDY_AUTO(eddy_handle) *handle = NULL;
    EXPECT_EQ(eddy_call_later(1, note, "", &handle), 0);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, cancel_elsewhere, handle) == 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(eddy_handle_cancel(handle), 1);
}

TEST(a_callback_without_memory_is_refused)
{
    fail_allocation(0);
    EXPECT_EQ(eddy_call_soon(note, "", NULL), -ENOMEM);
    fail_allocation(0);
    EXPECT_EQ(eddy_call_later(1, note, "", NULL), -ENOMEM);
}

static int remaining;

static int counts(void *data)
{
    (void)data;
    remaining--;
    return 0;
}

TEST(many_timers_fire_once_each)
{
    enum { COUNT = 5000 };
    static eddy_handle *handles[COUNT];
    int count = is_watched() ? 500 : COUNT;
    remaining = count;
    for (int i = 0; i < count; i++)
        EXPECT_EQ(eddy_call_later(1 + (i * 7919) % 1000, counts, NULL, &handles[i]), 0);
    for (int i = 0; i < count; i += 3)
        remaining -= eddy_handle_cancel(handles[i]);
    EXPECT_EQ(eddy_sleep(2000), 0);
    EXPECT_EQ(remaining, 0);
    for (int i = 0; i < count; i++)
        eddy_handle_free(handles[i]);
}

TEST(the_handle_may_be_left_out)
{
    order[0] = '\0';
    EXPECT_EQ(eddy_call_soon(note, "a"), 0);
    EXPECT_EQ(eddy_call_later(2, note, "d"), 0);
    EXPECT_EQ(eddy_call_at(1, note, "c"), 0);
    EXPECT_EQ(eddy_call_soon_threadsafe(eddy_get_running_loop(), note, "b"), 0);
    EXPECT_EQ(eddy_sleep(2), 0);
    EXPECT_STR(order, "abcd");
}

static void *cancels_it(void *handle)
{
    EXPECT(!eddy_handle_cancelled(handle));
    EXPECT_EQ(eddy_handle_cancel(handle), 1);
    EXPECT_EQ(eddy_handle_cancel(handle), 0);
    EXPECT(eddy_handle_cancelled(handle));
    eddy_handle_free(handle);
    return NULL;
}

TEST(a_call_that_crossed_threads_can_be_cancelled_on_any)
{
    pthread_t thread;
    eddy_loop *loop = eddy_get_running_loop();
    EDDY_AUTO(eddy_handle) *kept = NULL;
    eddy_handle *cancelled = NULL;
    order[0] = '\0';
    EXPECT_EQ(eddy_call_soon_threadsafe(loop, note, "x", &cancelled), 0);
    EXPECT_EQ(eddy_call_soon_threadsafe(loop, note, "a", &kept), 0);
    REQUIRE(pthread_create(&thread, NULL, cancels_it, cancelled) == 0);
    pthread_join(thread, NULL);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_STR(order, "a");
    EXPECT(isnan(eddy_handle_when(kept)));
    EXPECT_EQ(eddy_handle_cancel(kept), 0); // called already
}

RUN_TESTS(TEST_OF(callbacks_run_in_the_next_iteration_in_order),
          TEST_OF(what_a_callback_schedules_runs_an_iteration_later),
          TEST_OF(timed_callbacks_run_by_deadline_and_equal_ones_in_order),
          TEST_OF(a_time_that_has_passed_is_due_in_the_next_iteration),
          TEST_OF(a_cancelled_callback_is_not_called),
          TEST_OF(a_callback_that_has_run_cant_be_cancelled),
          TEST_OF(a_handle_given_back_lets_the_call_stand),
          TEST_OF(a_handle_knows_its_time),
          TEST_OF(a_callback_may_cancel_one_that_is_due_in_the_same_iteration),
          TEST_OF(an_error_of_a_callback_is_reported_and_the_others_run),
          TEST_OF(the_exception_handler_can_be_replaced),
          TEST_OF(a_wrong_call_is_told),
          TEST_OF(a_callback_without_memory_is_refused),
          TEST_OF(many_timers_fire_once_each),
          TEST_OF(the_handle_may_be_left_out),
          TEST_OF(a_call_that_crossed_threads_can_be_cancelled_on_any))
