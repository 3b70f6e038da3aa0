/* SPDX-License-Identifier: MIT */
/* Freeing twice is the caller's fault: the program stops, and says whose. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <eddy/alloc.h>

EDDY_ASYNC(returns)
{
    return 0;
}

EDDY_ASYNC(frees_a_task_twice)
{
    eddy_task *task = eddy_create_task(returns);
    int rc = eddy_await(task);
    eddy_task_free(task);
    eddy_task_free(task);
    return rc;
}

EDDY_ASYNC(frees_a_future_twice)
{
    eddy_future *future = eddy_future_new(int);
    eddy_future_free(future);
    eddy_future_free(future);
    return 0;
}

EDDY_ASYNC(awaits_what_it_has_freed)
{
    eddy_future *future = eddy_future_new(int);
    eddy_future_free(future);
    return eddy_await(future);
}

EDDY_ASYNC(frees_a_stream_twice)
{
    eddy_stream *ours, *theirs;
    EDDY_TRY(eddy_stream_pair(NULL, &ours, &theirs));
    eddy_stream_free(ours);
    eddy_stream_free(ours);
    return 0;
}

EDDY_ASYNC(frees_a_queue_twice)
{
    eddy_queue *queue = eddy_queue_new(int, 1);
    eddy_queue_free(queue);
    eddy_queue_free(queue);
    return 0;
}

static eddy_coroutine *make_stream_twice(void)
{
    return eddy_coro(frees_a_stream_twice);
}

static eddy_coroutine *make_queue_twice(void)
{
    return eddy_coro(frees_a_queue_twice);
}

static eddy_coroutine *make_task_twice(void)
{
    return eddy_coro(frees_a_task_twice);
}

static eddy_coroutine *make_future_twice(void)
{
    return eddy_coro(frees_a_future_twice);
}

static eddy_coroutine *make_await_freed(void)
{
    return eddy_coro(awaits_what_it_has_freed);
}

static const struct {
    const char *name;
    eddy_coroutine *(*make)(void);
} programs[] = {
    {"task twice", make_task_twice},
    {"future twice", make_future_twice},
    {"await freed", make_await_freed},
    {"stream twice", make_stream_twice},
    {"queue twice", make_queue_twice},
};

/* Frees nothing. */
static void *resize_or_keep(void *data, void *memory, size_t size)
{
    (void)data;
    return size > 0 ? realloc(memory, size) : NULL;
}

int harness_child(const char *name)
{
    // The harness's allocator, and some of the system's, overwrite what is freed, and with it the marks.
    if (eddy_set_allocator(&(eddy_allocator){.resize = resize_or_keep}) < 0)
        return 1;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (strcmp(programs[i].name, name) == 0)
            return eddy_main(programs[i].make());
    return 1;
}

static void expect_stop(const char *name, const char *sentence)
{
    char output[4096];
    int status = is_watched() ? -1 : run_child(name, output, sizeof output); // they stop it before us
    if (status == -1)
        return;
    EXPECT(WIFSIGNALED(status));
    EXPECT(strstr(output, sentence) != NULL);
    EXPECT(strstr(output, "internal error") == NULL);
}

TEST_PLAIN(a_task_that_is_freed_twice_stops_the_program)
{
    expect_stop("task twice", "eddy: misuse: eddy_future_free: the future has been freed already");
}

TEST_PLAIN(a_future_that_is_freed_twice_stops_the_program)
{
    expect_stop("future twice", "eddy: misuse: eddy_future_free: the future has been freed already");
}

TEST_PLAIN(a_future_that_is_used_after_it_was_freed_stops_the_program)
{
    expect_stop("await freed", "eddy: misuse: a future is used that has been freed already");
}

TEST_PLAIN(a_stream_or_queue_that_is_freed_twice_stops_the_program)
{
    expect_stop("stream twice", "eddy: misuse: eddy_stream_free: the stream has been freed already");
    expect_stop("queue twice", "eddy: misuse: eddy_queue_free: the queue has been freed already");
}

RUN_TESTS(TEST_OF(a_task_that_is_freed_twice_stops_the_program),
          TEST_OF(a_future_that_is_freed_twice_stops_the_program),
          TEST_OF(a_future_that_is_used_after_it_was_freed_stops_the_program),
          TEST_OF(a_stream_or_queue_that_is_freed_twice_stops_the_program))
