/* SPDX-License-Identifier: MIT */
/* A run in which nothing can become ready any more: what is said of it, and how it unwinds. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static char order[128];

static void note(const char *text)
{
    strncat(order, text, sizeof order - strlen(order) - 1);
}

static int run(eddy_coroutine *main, eddy_run_options options)
{
    options.exception_handler = note_report;
    return eddy_run(main, &options);
}

#define VIRTUAL (eddy_run_options){.virtual_clock = true}

static eddy_semaphore never = EDDY_SEMAPHORE(0);

EDDY_ASYNC(waits_in_vain)
{
    int rc = eddy_semaphore_acquire(&never);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    note("unwound ");
    return rc;
}

EDDY_ASYNC(waits_for_one_in_vain)
{
    EXPECT_EQ(eddy_task_set_name(eddy_current_task(), "boss"), 0);
    EDDY_AUTO(eddy_task) *task = eddy_task_create(eddy_coro(waits_in_vain),
                                                  &(eddy_task_options){.name = "stuck"});
    return eddy_await(task);
}

TEST_PLAIN(a_deadlock_ends_a_virtual_run_with_a_report_of_who_waits_for_what)
{
    order[0] = '\0';
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(waits_for_one_in_vain), VIRTUAL), -EDEADLK);
    EXPECT_EQ(report_count(EDDY_REPORT_DEADLOCK), 1);
    EXPECT(strstr(last_report_message(), "\"boss\" waits in eddy_await for \"stuck\"") != NULL);
    EXPECT(strstr(last_report_message(), "\"stuck\" waits in eddy_semaphore_acquire") != NULL);
    EXPECT_STR(order, "unwound ");
    EXPECT(never.waiters.first == NULL);
}

static int notes_call(void *data)
{
    note(data);
    return 0;
}

EDDY_ASYNC(sleeps_without_end)
{
    EDDY_TRY(eddy_call_later(EDDY_NO_TIMEOUT, notes_call, NULL, NULL));
    return eddy_sleep(EDDY_NO_TIMEOUT);
}

TEST_PLAIN(what_is_due_at_the_end_of_time_is_a_deadlock)
{
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(sleeps_without_end), VIRTUAL), -EDEADLK);
}

static eddy_task *ring[2];

EDDY_ASYNC(awaits_the_other, (int, i))
{
    return eddy_await(ring[1 - i]);
}

EDDY_ASYNC(makes_a_ring)
{
    ring[0] = eddy_create_task(awaits_the_other, 0);
    ring[1] = eddy_create_task(awaits_the_other, 1);
    return eddy_await(ring[0]);
}

TEST_PLAIN(a_ring_is_a_deadlock_and_unwinds)
{
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(makes_a_ring), VIRTUAL), -EDEADLK);
    for (int i = 0; i < 2; i++) {
        EXPECT(eddy_task_cancelled(ring[i]));
        eddy_task_free(ring[i]);
    }
}

EDDY_ASYNC(waits_again_and_again)
{
    for (int i = 0; i < 5; i++)
        EXPECT_EQ(eddy_semaphore_acquire(&never), EDDY_CANCELLED);
    note("free");
    return 0;
}

TEST_PLAIN(a_task_that_waits_on_after_a_deadlock_is_cancelled_again)
{
    order[0] = '\0';
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(waits_again_and_again), VIRTUAL), -EDEADLK);
    EXPECT_STR(order, "free");
}

static eddy_condition locked_for_good;

static void note_free(void **memory)
{
    note("freed");
    eddy_free(*memory);
}

EDDY_ASYNC(waits_in_condition)
{
    __attribute__((cleanup(note_free))) void *memory = eddy_malloc(100);
    EXPECT(memory != NULL);
    EDDY_TRY(eddy_condition_acquire(&locked_for_good));
    int rc = eddy_condition_wait(&locked_for_good);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    return rc;
}

EDDY_ASYNC(takes_the_lock_for_good)
{
    eddy_start(waits_in_condition);
    EDDY_TRY(eddy_sleep(0));
    EDDY_TRY(eddy_sleep(0));
    EDDY_TRY(eddy_condition_acquire(&locked_for_good));
    return eddy_semaphore_acquire(&never);
}

TEST_PLAIN(a_task_in_a_condition_whose_lock_is_never_released_unwinds_after_a_deadlock)
{
    order[0] = '\0';
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    locked_for_good = (eddy_condition)EDDY_CONDITION;
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(takes_the_lock_for_good), VIRTUAL), -EDEADLK);
    EXPECT_STR(order, "freed");
}

static int release_never(void *data)
{
    return eddy_semaphore_release(data);
}

EDDY_ASYNC(is_saved_by_a_call)
{
    EDDY_TRY(eddy_call_soon_threadsafe(eddy_get_running_loop(), release_never, &never));
    return eddy_semaphore_acquire(&never);
}

TEST_PLAIN(a_call_that_is_on_its_way_prevents_a_deadlock)
{
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    EXPECT_EQ(run(eddy_coro(is_saved_by_a_call), VIRTUAL), 0);
}

RUN_TESTS(TEST_OF(a_deadlock_ends_a_virtual_run_with_a_report_of_who_waits_for_what),
          TEST_OF(what_is_due_at_the_end_of_time_is_a_deadlock),
          TEST_OF(a_ring_is_a_deadlock_and_unwinds),
          TEST_OF(a_task_that_waits_on_after_a_deadlock_is_cancelled_again),
          TEST_OF(a_task_in_a_condition_whose_lock_is_never_released_unwinds_after_a_deadlock),
          TEST_OF(a_call_that_is_on_its_way_prevents_a_deadlock))
