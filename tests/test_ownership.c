/* SPDX-License-Identifier: MIT */
/*
 * test_ownership.c: what the core's headers say about who owns what. The harness' allocator aborts if
 * its memory is freed by anything but eddy_free(), twice, or not at all.
 */
#include "harness.h"
#include "scratch.h"

#include <errno.h>

EDDY_ASYNC(wait_long)
{
    return eddy_sleep(1000);
}

TEST(memory_that_is_handed_over_goes_to_eddy_free)
{
    char *text = NULL;
    EXPECT_EQ(eddy_format_call_graph(NULL, &text), 0);
    EXPECT(text != NULL && strlen(text) > 0);
    eddy_free(text);
    text = eddy_strdup(scratch("a text"));
    scratch_spoil();
    EXPECT_STR(text, "a text");
    text = eddy_realloc(text, 100);
    EXPECT_STR(text, "a text");
    eddy_free(text);
    eddy_free(eddy_malloc(0));
    char *zeros = eddy_calloc(3, 3);
    for (int i = 0; i < 9; i++)
        EXPECT_EQ(zeros[i], 0);
    eddy_free(zeros);
    eddy_free(NULL);
}

TEST(an_array_of_tasks_is_freed_with_its_references)
{
    EDDY_AUTO(eddy_task) *other = eddy_create_task(wait_long);
    eddy_task **tasks = NULL;
    ssize_t count = eddy_all_tasks_new(&tasks);
    EXPECT_EQ(count, 2);
    EXPECT(tasks[1] == other);
    eddy_tasks_free(tasks, (size_t)count);
    eddy_task *few[2] = {NULL, NULL};
    EXPECT_EQ(eddy_all_tasks(few, 2), 2);
    eddy_task_free(few[0]);
    eddy_task_free(few[1]);
}

TEST(names_and_messages_are_copied)
{
    EDDY_AUTO(eddy_task) *task = eddy_task_create(
        eddy_coro(wait_long), &(eddy_task_options){.name = scratch("of the options")});
    scratch_spoil();
    EXPECT_STR(eddy_task_get_name(task), "of the options");
    EXPECT_EQ(eddy_task_set_name(task, scratch("set")), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_task_cancel(task, scratch("no longer wanted")), 1);
    scratch_spoil();
    EXPECT_STR(eddy_task_get_name(task), "set");
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_STR(eddy_error_message(eddy_future_error(task)), "no longer wanted");
    EXPECT_EQ(eddy_fail(-EIO, "%s", scratch("of an error")), -EIO);
    scratch_spoil();
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "of an error");
}

TEST(an_error_that_is_taken_is_the_callers)
{
    EXPECT_EQ(eddy_fail(-EIO, "kept"), -EIO);
    eddy_error *error = eddy_error_take(-EIO);
    EXPECT(eddy_error_get(-EIO) == NULL);
    EXPECT_STR(eddy_error_message(error), "kept");
    EXPECT_EQ(eddy_error_raise(error), -EIO);
    eddy_error_free(error);
    EXPECT_STR(eddy_error_message(eddy_error_get(-EIO)), "kept"); // raising took a reference
    eddy_error_free(NULL);
}

TEST(items_and_values_are_copied)
{
    eddy_queue *queue = eddy_queue_new(int, 2);
    int item = 7, got = 0;
    EXPECT_EQ(eddy_queue_put_nowait(queue, &item), 0);
    item = 8;
    EXPECT_EQ(eddy_queue_get_nowait(queue, &got), 0);
    EXPECT_EQ(got, 7);
    eddy_queue_free(queue);
    EDDY_AUTO(eddy_future) *future = eddy_future_new(int);
    EXPECT_EQ(eddy_future_set_result(future, &item), 0);
    item = 9;
    EXPECT_EQ(eddy_await(future, &got), 0);
    EXPECT_EQ(got, 8);
    EXPECT_EQ(*(const int *)eddy_future_value(future), 8); // lent, still there
}

TEST(what_a_stream_is_given_to_write_is_borrowed_for_the_call)
{
    EDDY_AUTO(eddy_stream) *near = NULL, *far = NULL;
    EXPECT_EQ(eddy_stream_pair(NULL, &near, &far), 0);
    EXPECT(eddy_stream_write(near, scratch("sent"), 4) >= 0);
    scratch_spoil();
    char got[8] = "";
    EXPECT_EQ(eddy_stream_read(far, got, sizeof got - 1), 4);
    EXPECT_STR(got, "sent");
}

RUN_TESTS(TEST_OF(memory_that_is_handed_over_goes_to_eddy_free),
          TEST_OF(an_array_of_tasks_is_freed_with_its_references),
          TEST_OF(names_and_messages_are_copied), TEST_OF(an_error_that_is_taken_is_the_callers),
          TEST_OF(items_and_values_are_copied),
          TEST_OF(what_a_stream_is_given_to_write_is_borrowed_for_the_call))
