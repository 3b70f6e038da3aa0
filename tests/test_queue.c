/* SPDX-License-Identifier: MIT */
/* Queues: order, waiting on both sides, cancellation that loses nothing, shutdown, destructors. */
#include "harness.h"

#include <errno.h>
#include <string.h>

static char order[256];

static void note(int value)
{
    size_t n = strlen(order);
    snprintf(order + n, sizeof order - n, "%d ", value);
}

EDDY_ASYNC(gets, (eddy_queue *, queue))
{
    int item;
    EDDY_TRY(eddy_queue_get(queue, &item));
    note(item);
    return item;
}

EDDY_ASYNC(puts_item, (eddy_queue *, queue), (int, item))
{
    EDDY_TRY(eddy_queue_put(queue, &item));
    note(-item);
    return 0;
}

EDDY_ASYNC(joins, (eddy_queue *, queue))
{
    return eddy_queue_join(queue);
}

TEST(items_leave_in_the_order_in_which_they_came)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    int item = -1;
    EXPECT(eddy_queue_empty(queue));
    int next = 0;
    for (int i = 0; i < 1000; i++) { // the ring wraps and grows meanwhile
        EXPECT_EQ(eddy_queue_put_nowait(queue, &i), 0);
        if (i % 3 == 0) {
            EXPECT_EQ(eddy_queue_get_nowait(queue, &item), 0);
            EXPECT_EQ(item, next++);
        }
    }
    EXPECT_EQ(eddy_queue_qsize(queue), (size_t)(1000 - next));
    while (eddy_queue_get_nowait(queue, &item) == 0)
        EXPECT_EQ(item, next++);
    EXPECT_EQ(next, 1000);
    EXPECT_EQ(eddy_queue_get_nowait(queue, &item), EDDY_QUEUE_EMPTY);
    EXPECT(!eddy_queue_full(queue));
}

TEST(a_full_queue_takes_no_more)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 2);
    EXPECT_EQ(eddy_queue_maxsize(queue), 2);
    EXPECT_EQ(eddy_queue_put(queue, &(int){1}), 0);
    EXPECT_EQ(eddy_queue_put(queue, &(int){2}), 0);
    EXPECT(eddy_queue_full(queue));
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){3}), EDDY_QUEUE_FULL);
    EXPECT_EQ(eddy_within(1, eddy_queue_put(queue, &(int){3})), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_queue_qsize(queue), 2);
}

TEST(getters_are_served_first_come_first_served)
{
    order[0] = '\0';
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    EDDY_AUTO(eddy_task) *a = eddy_create_task(gets, queue);
    EDDY_AUTO(eddy_task) *b = eddy_create_task(gets, queue);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){1}), 0);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){2}), 0);
    EXPECT_EQ(eddy_await(a), 1);
    EXPECT_EQ(eddy_await(b), 2);
    EXPECT_STR(order, "1 2 ");
}

TEST(putters_are_served_first_come_first_served)
{
    order[0] = '\0';
    int item = 0;
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 1);
    for (int i = 1; i <= 3; i++)
        eddy_start(puts_item, queue, i);
    EXPECT_EQ(eddy_sleep(0), 0);
    for (int i = 1; i <= 3; i++) {
        EXPECT_EQ(eddy_queue_get(queue, &item), 0);
        EXPECT_EQ(item, i);
        EXPECT_EQ(eddy_sleep(1), 0);
    }
    EXPECT_STR(order, "-1 -2 -3 ");
}

TEST(a_cancelled_get_leaves_the_item_for_the_next_one)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(gets, queue);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(gets, queue);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){7}), 0); // wakes the first
    eddy_task_cancel(first);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(second), 7);
}

TEST(a_cancelled_put_gives_its_room_to_the_next_one)
{
    order[0] = '\0';
    int item = 0;
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 1);
    EXPECT_EQ(eddy_queue_put(queue, &(int){1}), 0);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(puts_item, queue, 2);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(puts_item, queue, 3);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_queue_get_nowait(queue, &item), 0); // wakes the first
    eddy_task_cancel(first);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(second), 0);
    EXPECT_EQ(eddy_queue_get(queue, &item), 0);
    EXPECT_EQ(item, 3);
}

TEST(waiters_cancelled_while_they_wait_are_passed_over)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    eddy_task *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = eddy_create_task(gets, queue);
    EXPECT_EQ(eddy_sleep(0), 0);
    for (int i = 0; i < 4; i++)
        eddy_task_cancel(tasks[i]);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){5}), 0);
    EXPECT_EQ(eddy_await(tasks[4]), 5);
    for (int i = 0; i < 5; i++) {
        EXPECT(i == 4 || eddy_task_cancelled(tasks[i]));
        eddy_task_free(tasks[i]);
    }
}

TEST(join_waits_until_every_item_is_done)
{
    int item;
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    EXPECT_EQ(eddy_queue_join(queue), 0);
    EXPECT_EQ(eddy_queue_task_done(queue), EDDY_EVALUE);
    for (int i = 0; i < 2; i++)
        EXPECT_EQ(eddy_queue_put_nowait(queue, &i), 0);
    EDDY_AUTO(eddy_task) *a = eddy_create_task(joins, queue);
    EDDY_AUTO(eddy_task) *b = eddy_create_task(joins, queue);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_queue_get(queue, &item), 0);
    EXPECT_EQ(eddy_queue_get(queue, &item), 0);
    EXPECT_EQ(eddy_queue_task_done(queue), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(!eddy_task_done(a));
    EXPECT_EQ(eddy_queue_task_done(queue), 0);
    EXPECT_EQ(eddy_await(a), 0);
    EXPECT_EQ(eddy_await(b), 0);
    EXPECT_EQ(eddy_queue_task_done(queue), EDDY_EVALUE);
}

TEST(a_shut_down_queue_is_emptied_and_then_says_so)
{
    int item = 0;
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    EXPECT_EQ(eddy_queue_put(queue, &(int){1}), 0);
    EXPECT_EQ(eddy_queue_shutdown(queue, false), 0);
    EXPECT_EQ(eddy_queue_put(queue, &(int){2}), EDDY_QUEUE_SHUTDOWN);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){2}), EDDY_QUEUE_SHUTDOWN);
    EXPECT_EQ(eddy_queue_get(queue, &item), 0);
    EXPECT_EQ(item, 1);
    EXPECT_EQ(eddy_queue_get(queue, &item), EDDY_QUEUE_SHUTDOWN);
    EXPECT_EQ(eddy_queue_get_nowait(queue, &item), EDDY_QUEUE_SHUTDOWN);
    EXPECT_EQ(item, 1);
    EXPECT_EQ(eddy_queue_task_done(queue), 0);
    EXPECT_EQ(eddy_queue_join(queue), 0);
}

TEST(a_shutdown_wakes_all_who_wait)
{
    EDDY_AUTO(eddy_queue) *empty = eddy_queue_new(int, 0);
    EDDY_AUTO(eddy_queue) *full = eddy_queue_new(int, 1);
    EXPECT_EQ(eddy_queue_put(full, &(int){1}), 0);
    eddy_task *tasks[] = {eddy_create_task(gets, empty), eddy_create_task(gets, empty),
                          eddy_create_task(puts_item, full, 2),
                          eddy_create_task(puts_item, full, 3), eddy_create_task(joins, full)};
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_queue_shutdown(empty, false), 0);
    EXPECT_EQ(eddy_queue_shutdown(full, true), 0);
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(eddy_await(tasks[i]), i < 4 ? EDDY_QUEUE_SHUTDOWN : 0);
        eddy_task_free(tasks[i]);
    }
    EXPECT(eddy_queue_empty(full));
}

/* ---- items that own something ----------------------------------------------------------------*/

static int drops;

static void drop_item(void *item)
{
    EXPECT(*(int *)item > 0);
    drops++;
}

TEST(items_left_in_a_queue_are_destroyed_with_it)
{
    drops = 0;
    int item = 0;
    eddy_queue *queue = eddy_queue_new_owning(int, 2, drop_item);
    EXPECT_EQ(eddy_queue_put(queue, &(int){1}), 0);
    EXPECT_EQ(eddy_queue_put(queue, &(int){2}), 0);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){3}), EDDY_QUEUE_FULL); // still ours
    EXPECT_EQ(eddy_queue_get(queue, &item), 0);                          // ours again
    EXPECT_EQ(drops, 0);
    eddy_queue_free(queue);
    EXPECT_EQ(drops, 1);
}

TEST(items_dropped_by_a_shutdown_are_destroyed)
{
    drops = 0;
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new_owning(int, 0, drop_item);
    for (int i = 1; i <= 3; i++)
        EXPECT_EQ(eddy_queue_put(queue, &i), 0);
    EXPECT_EQ(eddy_queue_shutdown(queue, false), 0);
    EXPECT_EQ(drops, 0);
    EXPECT_EQ(eddy_queue_shutdown(queue, true), 0);
    EXPECT_EQ(drops, 3);
    EXPECT_EQ(eddy_queue_join(queue), 0);
}

TEST(a_put_that_fails_has_taken_nothing)
{
    drops = 0;
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new_owning(int, 0, drop_item);
    fail_allocation(0);
    EXPECT_EQ(eddy_queue_put(queue, &(int){1}), -ENOMEM);
    EXPECT_EQ(eddy_queue_qsize(queue), 0);
    EXPECT_EQ(eddy_queue_join(queue), 0);
    EXPECT_EQ(eddy_queue_put(queue, &(int){1}), 0);
    EXPECT_EQ(drops, 0);
}

TEST(a_cancelled_get_destroys_nothing)
{
    drops = 0;
    int item = 0;
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new_owning(int, 0, drop_item);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(gets, queue);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){8}), 0);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(eddy_queue_get_nowait(queue, &item), 0);
    EXPECT_EQ(item, 8);
    EXPECT_EQ(drops, 0);
}

/* ---- misuse ----------------------------------------------------------------------------------*/

TEST(an_item_of_another_size_is_misuse)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    long wide = 1;
    EXPECT_EQ(eddy_queue_put(queue, &wide), EDDY_EMISUSE);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &wide), EDDY_EMISUSE);
    EXPECT_EQ(eddy_queue_get(queue, &wide), EDDY_EMISUSE);
    EXPECT_EQ(eddy_queue_get_nowait(queue, &wide), EDDY_EMISUSE);
}

TEST(no_queue_is_no_memory)
{
    int item = 0;
    fail_allocation(0);
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    EXPECT(queue == NULL);
    EXPECT_EQ(eddy_queue_put(queue, &item), -ENOMEM);
    EXPECT_EQ(eddy_queue_get(queue, &item), -ENOMEM);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &item), -ENOMEM);
    EXPECT_EQ(eddy_queue_get_nowait(queue, &item), -ENOMEM);
    EXPECT_EQ(eddy_queue_task_done(queue), -ENOMEM);
    EXPECT_EQ(eddy_queue_join(queue), -ENOMEM);
    EXPECT_EQ(eddy_queue_shutdown(queue, true), -ENOMEM);
    EXPECT_EQ(eddy_queue_qsize(queue), 0);
    EXPECT_EQ(eddy_queue_maxsize(queue), 0);
    EXPECT(eddy_queue_empty(queue) && !eddy_queue_full(queue));
}

TEST(a_queue_with_waiters_is_not_freed_under_them)
{
    eddy_queue *queue = eddy_queue_new(int, 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(gets, queue);
    EXPECT_EQ(eddy_sleep(0), 0);
    expect_report(EDDY_REPORT_MISUSE);
    eddy_queue_free(queue);
    EXPECT_EQ(eddy_queue_shutdown(queue, false), 0);
    expect_report(EDDY_REPORT_MISUSE);
    eddy_queue_free(queue); // woken, but it has not run yet
    EXPECT_EQ(report_count(EDDY_REPORT_MISUSE), 2);
    EXPECT_EQ(eddy_await(task), EDDY_QUEUE_SHUTDOWN);
    eddy_queue_free(queue);
}

TEST_PLAIN(waiting_outside_a_task_is_misuse)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 1);
    int item = 3;
    EXPECT_EQ(eddy_queue_get(queue, &item), EDDY_EMISUSE);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &item), 0);
    EXPECT_EQ(eddy_queue_put(queue, &item), EDDY_EMISUSE);
    EXPECT_EQ(eddy_queue_join(queue), EDDY_EMISUSE);
    EXPECT_EQ(eddy_queue_get_nowait(queue, &item), 0);
}

struct job {
    int priority;
    char name;
};

static int compare_jobs(const void *a, const void *b)
{
    return ((const struct job *)a)->priority - ((const struct job *)b)->priority;
}

TEST(a_priority_queue_hands_out_the_smallest_and_equals_in_order)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_priority_queue_new(struct job, 0, compare_jobs);
    const struct job jobs[] = {{2, 'c'}, {1, 'a'}, {3, 'e'}, {2, 'd'}, {1, 'b'}};
    for (size_t i = 0; i < 5; i++)
        EXPECT_EQ(eddy_queue_put_nowait(queue, &jobs[i]), 0);
    for (char expected = 'a'; expected <= 'e'; expected++) {
        struct job job = {0, 0};
        EXPECT_EQ(eddy_queue_get(queue, &job), 0);
        EXPECT_EQ(job.name, expected);
    }
}

TEST(a_lifo_queue_hands_out_the_newest)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_lifo_queue_new(int, 0);
    for (int i = 1; i <= 3; i++)
        EXPECT_EQ(eddy_queue_put_nowait(queue, &i), 0);
    for (int expected = 3; expected >= 1; expected--) {
        int item = 0;
        EXPECT_EQ(eddy_queue_get_nowait(queue, &item), 0);
        EXPECT_EQ(item, expected);
    }
}

static eddy_queue *outliving;

EDDY_ASYNC(refuses_to_end)
{
    int item;
    while (eddy_queue_get(outliving, &item) < 0)
        continue;
    return 0;
}

EDDY_ASYNC(leaves_one_that_refuses)
{
    eddy_start(refuses_to_end);
    return eddy_sleep(0);
}

TEST_PLAIN(a_queue_whose_waiter_outlived_the_loop_can_be_freed)
{
    outliving = eddy_queue_new(int, 0);
    expect_report(EDDY_REPORT_DEADLOCK);
    expect_report(EDDY_REPORT_OUTLIVED);
    EXPECT_EQ(eddy_run(eddy_coro(leaves_one_that_refuses),
                       &(eddy_run_options){.virtual_clock = true,
                                           .exception_handler = note_report}),
              -EDEADLK);
    eddy_queue_free(outliving);
}

static void drop_job(void *item)
{
    struct job *job = item;
    EXPECT(job->name != '-');
    job->name = '-';
    drops++;
}

TEST(items_of_every_order_are_destroyed_once)
{
    drops = 0;
    eddy_queue *queues[] = {
        eddy_queue_new_owning(struct job, 0, drop_job),
        eddy_lifo_queue_new_owning(struct job, 0, drop_job),
        eddy_priority_queue_new_owning(struct job, 0, compare_jobs, drop_job),
    };
    for (size_t i = 0; i < 3; i++) {
        struct job job = {0, 0};
        for (int priority = 5; priority > 0; priority--)
            EXPECT_EQ(eddy_queue_put(queues[i], &((struct job){priority, 'x'})), 0);
        EXPECT_EQ(eddy_queue_get(queues[i], &job), 0);
        EXPECT_EQ(job.priority, i == 0 ? 5 : 1);
        EXPECT_EQ(drops, 0);
        if (i != 1)
            EXPECT_EQ(eddy_queue_shutdown(queues[i], true), 0);
        eddy_queue_free(queues[i]);
        EXPECT_EQ(drops, 4);
        drops = 0;
    }
}

RUN_TESTS(TEST_OF(a_queue_whose_waiter_outlived_the_loop_can_be_freed),
          TEST_OF(items_of_every_order_are_destroyed_once),
          TEST_OF(a_priority_queue_hands_out_the_smallest_and_equals_in_order),
          TEST_OF(a_lifo_queue_hands_out_the_newest),
          TEST_OF(items_leave_in_the_order_in_which_they_came),
          TEST_OF(a_full_queue_takes_no_more),
          TEST_OF(getters_are_served_first_come_first_served),
          TEST_OF(putters_are_served_first_come_first_served),
          TEST_OF(a_cancelled_get_leaves_the_item_for_the_next_one),
          TEST_OF(a_cancelled_put_gives_its_room_to_the_next_one),
          TEST_OF(waiters_cancelled_while_they_wait_are_passed_over),
          TEST_OF(join_waits_until_every_item_is_done),
          TEST_OF(a_shut_down_queue_is_emptied_and_then_says_so),
          TEST_OF(a_shutdown_wakes_all_who_wait),
          TEST_OF(items_left_in_a_queue_are_destroyed_with_it),
          TEST_OF(items_dropped_by_a_shutdown_are_destroyed),
          TEST_OF(a_put_that_fails_has_taken_nothing),
          TEST_OF(a_cancelled_get_destroys_nothing),
          TEST_OF(an_item_of_another_size_is_misuse),
          TEST_OF(no_queue_is_no_memory),
          TEST_OF(a_queue_with_waiters_is_not_freed_under_them),
          TEST_OF(waiting_outside_a_task_is_misuse))
