/* SPDX-License-Identifier: MIT */
/*
 * Who frees what was handed over: EDDY_OWNED as the destructor of parameters, results, items and
 * values. A stream that is freed twice, or never, is found by the harness; one freed too early by
 * its peer, which reads the end.
 */
#include "harness.h"
#include "test_coro_other.h"

#include <errno.h>

static eddy_stream *peer; // of the stream handed over last

static eddy_stream *a_stream(void)
{
    eddy_stream *stream = NULL;
    peer = NULL;
    EXPECT_EQ(eddy_stream_pair(NULL, &stream, &peer), 0);
    return stream;
}

/* Whether the stream handed over last has been freed; its peer goes now. */
static bool is_freed(void)
{
    char c;
    int rc = (int)eddy_within(1, (int)eddy_stream_read(peer, &c, 1));
    eddy_stream_free(peer);
    return rc == 0;
}

EDDY_ASYNC(takes_stream, (eddy_stream *, given, EDDY_OWNED(eddy_stream)))
{
    EDDY_AUTO(eddy_stream) *stream = given;
    return eddy_stream_fd(stream) >= 0 ? 0 : -EBADF;
}

TEST(a_stream_as_a_parameter_is_freed_by_the_body_or_without_one)
{
    EXPECT_EQ(eddy_await(eddy_coro(takes_stream, a_stream())), 0);
    EXPECT(is_freed());
    eddy_coro_free(eddy_coro(takes_stream, a_stream()));
    EXPECT(is_freed());
    EDDY_AUTO(eddy_task) *task = eddy_create_task(takes_stream, a_stream());
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(is_freed());
}

EDDY_GENERATOR(int, numbers)
{
    return eddy_yield(7);
}

EDDY_ASYNC(takes_both, (eddy_generator *, generator, EDDY_OWNED(eddy_generator)),
           (eddy_task *, task, EDDY_OWNED(eddy_task)))
{
    EDDY_AUTO(eddy_generator) *numbers_ = generator;
    EDDY_AUTO(eddy_task) *task_ = task;
    int item = 0;
    EDDY_TRY(eddy_anext(numbers_, &item));
    EDDY_TRY(eddy_await(task_));
    return item;
}

EDDY_ASYNC(nothing)
{
    return 0;
}

TEST(generators_and_tasks_are_parameters_too)
{
    EXPECT_EQ(eddy_await(eddy_coro(takes_both, eddy_generator_new(numbers),
                                   eddy_create_task(nothing))),
              7);
    eddy_coro_free(eddy_coro(takes_both, eddy_generator_new(numbers), eddy_create_task(nothing)));
}

EDDY_ASYNC_TO_OWNED(eddy_stream *, EDDY_OWNED(eddy_stream), opens)
{
    *result = a_stream();
    return 0;
}

TEST(a_stream_as_a_result_is_moved_or_freed)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(opens);
    eddy_stream *stream = NULL;
    EXPECT_EQ(eddy_await(task, &stream), 0);
    EXPECT(eddy_stream_fd(stream) >= 0);
    eddy_stream_free(stream);
    EXPECT(is_freed());
    eddy_start(opens);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT(is_freed());
}

TEST(a_function_declared_in_a_header_has_owned_results_too)
{
    eddy_stream *stream = NULL;
    EXPECT_EQ(other_opened(&stream, a_stream()), 0);
    eddy_stream_free(stream);
    EXPECT(is_freed());
    EXPECT_EQ(eddy_await(eddy_coro(other_opened, a_stream())), 0);
    EXPECT(is_freed());
}

TEST(streams_left_in_a_queue_are_freed_with_it)
{
    eddy_queue *queue = eddy_queue_new_owning(eddy_stream *, 0, EDDY_OWNED(eddy_stream));
    eddy_stream *stream = a_stream();
    EXPECT_EQ(eddy_queue_put(queue, &stream), 0);
    eddy_queue_free(queue);
    EXPECT(is_freed());
}

RUN_TESTS(TEST_OF(a_stream_as_a_parameter_is_freed_by_the_body_or_without_one),
          TEST_OF(generators_and_tasks_are_parameters_too),
          TEST_OF(a_stream_as_a_result_is_moved_or_freed),
          TEST_OF(a_function_declared_in_a_header_has_owned_results_too),
          TEST_OF(streams_left_in_a_queue_are_freed_with_it))
