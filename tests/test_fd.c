/* SPDX-License-Identifier: MIT */
/* Descriptors of other code: waiting for them, and being called when they are ready. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];

static void open_pair(void)
{
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

static void close_pair(void)
{
    close(ends[0]);
    close(ends[1]);
}

/* Lets what the kernel has be heard, and what follows from it happen. */
static void settle(void)
{
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_sleep(1), 0);
}

/* The same while a callback is called all the time, which leaves the virtual clock no rest. */
static void turn(void)
{
    for (int i = 0; i < 200; i++)
        EXPECT_EQ(eddy_sleep(0), 0);
}

static void say(void)
{
    EXPECT_EQ(write(ends[1], "x", 1), 1);
}

static void hear(void)
{
    char byte;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
}

EDDY_ASYNC(wait_readable, (int, fd))
{
    return eddy_wait_readable(fd);
}

EDDY_ASYNC(wait_writable, (int, fd))
{
    return eddy_wait_writable(fd);
}

TEST(a_wait_ends_when_there_is_something)
{
    open_pair();
    EXPECT_EQ(eddy_wait_writable(ends[0]), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(wait_readable, ends[0]);
    settle();
    EXPECT(!eddy_task_done(task));
    EXPECT_EQ(eddy_wait_writable(ends[0]), 0); // the other direction goes on
    say();
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_wait_readable(ends[0]), 0); // nobody has read it
    hear();
    close_pair();
}

TEST(a_hang_up_ends_every_wait)
{
    open_pair();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(wait_readable, ends[0]);
    settle();
    close(ends[1]);
    ends[1] = -1;
    EXPECT_EQ(eddy_await(task), 0);
    close_pair();
}

TEST(a_cancelled_wait_leaves_no_trace)
{
    open_pair();
    EXPECT_EQ(eddy_within(1, eddy_wait_readable(ends[0])), EDDY_TIMEDOUT);
    close_pair();
    open_pair(); // the same numbers
    EDDY_AUTO(eddy_task) *task = eddy_create_task(wait_readable, ends[0]);
    settle();
    EXPECT(!eddy_task_done(task));
    say();
    EXPECT_EQ(eddy_await(task), 0);
    close_pair();
}

TEST(what_cannot_be_waited_for_says_so)
{
    open_pair();
    int plain = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(eddy_wait_readable(plain), -EPERM);
    close(plain);
    EXPECT_EQ(eddy_wait_readable(plain), -EBADF);
    EXPECT_EQ(eddy_wait_readable(-1), -EBADF);
    EXPECT_EQ(eddy_wait_readable(1 << 30), -EBADF);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(wait_readable, ends[0]);
    settle();
    EXPECT_EQ(eddy_wait_readable(ends[0]), -EBUSY);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    close_pair();
}

TEST(a_stream_keeps_its_descriptor_for_itself)
{
    eddy_stream *first;
    eddy_stream *second;
    EXPECT_EQ(eddy_stream_pair(NULL, &first, &second), 0);
    char byte;
    EXPECT_EQ(eddy_within(1, (int)eddy_stream_read(first, &byte, 1)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_wait_readable(eddy_stream_fd(first)), -EBUSY);
    EXPECT_EQ(eddy_stream_write(second, "x", 1), 0);
    EXPECT_EQ(eddy_stream_read(first, &byte, 1), 1);
    eddy_stream_free(first);
    eddy_stream_free(second);
}

/* ---- callbacks -------------------------------------------------------------------------------*/

static int call_count;

static int called(void *data)
{
    call_count++;
    if (data != NULL)
        hear();
    return 0;
}

static int called_and_removes(void *data)
{
    (void)data;
    call_count++;
    EXPECT_EQ(eddy_remove_reader(ends[0]), 1);
    return 0;
}

static int fails(void *data)
{
    (void)data;
    hear();
    return -EIO;
}

TEST(a_reader_is_called_as_long_as_there_is_something)
{
    open_pair();
    call_count = 0;
    EXPECT_EQ(eddy_add_reader(ends[0], called, NULL), 0);
    settle();
    EXPECT_EQ(call_count, 0);
    say();
    turn();
    EXPECT(call_count >= 2);
    hear();
    settle();
    call_count = 0;
    settle();
    EXPECT_EQ(call_count, 0);
    EXPECT_EQ(eddy_wait_readable(ends[0]), -EBUSY);
    EXPECT_EQ(eddy_remove_reader(ends[0]), 1);
    EXPECT_EQ(eddy_remove_reader(ends[0]), 0);
    say();
    settle();
    EXPECT_EQ(call_count, 0);
    close_pair();
}

TEST(setting_a_reader_again_replaces_it)
{
    open_pair();
    call_count = 0;
    EXPECT_EQ(eddy_add_reader(ends[0], called, NULL), 0);
    EXPECT_EQ(eddy_add_reader(ends[0], called_and_removes, NULL), 0);
    say();
    settle();
    settle();
    EXPECT_EQ(call_count, 1);
    close_pair();
}

TEST(a_descriptor_has_a_reader_and_a_writer)
{
    open_pair();
    call_count = 0;
    EXPECT_EQ(eddy_add_writer(ends[0], called, NULL), 0);
    EXPECT_EQ(eddy_add_reader(ends[0], called, ends), 0);
    turn();
    EXPECT(call_count >= 1);
    EXPECT_EQ(eddy_remove_writer(ends[0]), 1);
    call_count = 0;
    say();
    settle();
    EXPECT_EQ(call_count, 1);
    EXPECT_EQ(eddy_remove_reader(ends[0]), 1);
    EXPECT_EQ(eddy_add_reader(-1, called, NULL), -EBADF);
    EXPECT_EQ(eddy_add_reader(ends[0], NULL, NULL), EDDY_EVALUE);
    close_pair();
}

TEST(a_removed_descriptor_may_be_closed_and_come_again)
{
    for (int i = 0; i < 3; i++) {
        open_pair();
        call_count = 0;
        EXPECT_EQ(eddy_add_reader(ends[0], called, ends), 0);
        say();
        settle();
        EXPECT_EQ(call_count, 1);
        EXPECT_EQ(eddy_remove_reader(ends[0]), 1);
        close_pair();
    }
}

TEST(a_callback_that_fails_is_reported)
{
    open_pair();
    expect_report(EDDY_REPORT_CALLBACK);
    EXPECT_EQ(eddy_add_reader(ends[0], fails, NULL), 0);
    say();
    settle();
    EXPECT_EQ(eddy_remove_reader(ends[0]), 1);
    close_pair();
}

TEST(what_is_left_is_given_up_with_the_loop)
{
    open_pair();
    EXPECT_EQ(eddy_add_reader(ends[0], called, NULL), 0);
    EXPECT_EQ(eddy_add_writer(ends[0], called, NULL), 0);
    close_pair();
}

EDDY_ASYNC(wait_both, (int, fd))
{
    EDDY_AUTO(eddy_task) *writable = eddy_create_task(wait_writable, fd);
    EDDY_TRY(eddy_wait_readable(fd));
    return eddy_await(writable);
}

TEST(every_lack_of_memory_is_an_error)
{
    for (long n = 0; n < 100; n++) {
        open_pair();
        say();
        fail_allocation(n);
        int rc = wait_both(ends[0]);
        EXPECT(rc == 0 || rc == -ENOMEM);
        fail_allocation(-1);
        close_pair();
    }
}

/* ---- descriptors closed while they are waited for --------------------------------------------*/

/* Closes ends[0] and opens another socket under its number; returns that one's other end. */
static int replace_first_end(void)
{
    int others[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, others), 0);
    close(ends[0]);
    EXPECT_EQ(dup3(others[0], ends[0], O_CLOEXEC), ends[0]);
    close(others[0]);
    return others[1];
}

TEST(who_waits_for_a_descriptor_that_was_closed_and_opened_anew_gets_an_error)
{
    open_pair();
    EDDY_AUTO(eddy_task) *old = eddy_create_task(wait_readable, ends[0]);
    settle();
    int other = replace_first_end();
    EDDY_AUTO(eddy_task) *fresh = eddy_create_task(wait_readable, ends[0]);
    EXPECT_EQ(eddy_await(old), -EBADF);
    EXPECT(!eddy_task_done(fresh));
    EXPECT_EQ(write(other, "x", 1), 1);
    EXPECT_EQ(eddy_await(fresh), 0);
    close(other);
    close_pair();
}

TEST(a_wait_in_the_other_direction_notices_it_too)
{
    open_pair();
    EDDY_AUTO(eddy_task) *old = eddy_create_task(wait_readable, ends[0]);
    settle();
    int other = replace_first_end();
    EXPECT_EQ(eddy_wait_writable(ends[0]), 0);
    EXPECT_EQ(write(other, "x", 1), 1);
    EXPECT_EQ(eddy_await(old), -EBADF); // and not what the new one brings
    close(other);
    close_pair();
}

TEST(a_stream_of_the_same_number_notices_it)
{
    open_pair();
    EDDY_AUTO(eddy_task) *old = eddy_create_task(wait_readable, ends[0]);
    settle();
    int other = replace_first_end();
    eddy_stream *stream = NULL;
    char byte;
    EXPECT_EQ(eddy_stream_from_fd(ends[0], NULL, &stream), 0);
    EXPECT_EQ(eddy_within(1, eddy_stream_read(stream, &byte, 1)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_await(old), -EBADF);
    eddy_stream_free(stream);
    close(other);
    close(ends[1]);
}

TEST(a_number_that_is_not_open_any_more_is_an_error_for_both)
{
    open_pair();
    EDDY_AUTO(eddy_task) *old = eddy_create_task(wait_readable, ends[0]);
    settle();
    close(ends[0]);
    EXPECT_EQ(eddy_wait_writable(ends[0]), -EBADF);
    EXPECT_EQ(eddy_await(old), -EBADF);
    close(ends[1]);
}

static int count_call(void *data)
{
    ++*(int *)data;
    return 0;
}

TEST(a_callback_for_a_closed_descriptor_is_removed_and_reported)
{
    int calls = 0;
    open_pair();
    EXPECT_EQ(eddy_add_reader(ends[0], count_call, &calls), 0);
    int other = replace_first_end();
    expect_report(EDDY_REPORT_CALLBACK);
    EXPECT_EQ(eddy_wait_writable(ends[0]), 0);
    EXPECT_EQ(write(other, "x", 1), 1);
    settle();
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(eddy_remove_reader(ends[0]), 0);
    EXPECT_EQ(eddy_wait_readable(ends[0]), 0);
    close(other);
    close_pair();
}

EDDY_ASYNC(read_one, (eddy_stream *, stream))
{
    char byte;
    return (int)eddy_stream_read(stream, &byte, 1);
}

TEST(a_stream_whose_descriptor_was_closed_behind_its_back_leaves_the_next_alone)
{
    open_pair();
    eddy_stream *old = NULL;
    eddy_stream *fresh = NULL;
    EXPECT_EQ(eddy_stream_from_fd(ends[0], NULL, &old), 0);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_one, old);
    settle();
    int other = replace_first_end();
    EXPECT_EQ(eddy_stream_from_fd(ends[0], NULL, &fresh), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_one, fresh);
    EXPECT_EQ(eddy_await(reader), -EBADF);
    EXPECT_EQ(eddy_stream_write(old, "x", 1), -EBADF);
    EXPECT_EQ(eddy_stream_fd(old), -1);
    eddy_stream_free(old); // doesn't close what is another's
    EXPECT_EQ(write(other, "x", 1), 1);
    EXPECT_EQ(eddy_await(task), 1);
    eddy_stream_free(fresh);
    close(other);
    close(ends[1]);
}

RUN_TESTS(TEST_OF(a_wait_ends_when_there_is_something), TEST_OF(a_hang_up_ends_every_wait),
          TEST_OF(a_cancelled_wait_leaves_no_trace),
          TEST_OF(what_cannot_be_waited_for_says_so),
          TEST_OF(a_stream_keeps_its_descriptor_for_itself),
          TEST_OF(a_reader_is_called_as_long_as_there_is_something),
          TEST_OF(setting_a_reader_again_replaces_it),
          TEST_OF(a_descriptor_has_a_reader_and_a_writer),
          TEST_OF(a_removed_descriptor_may_be_closed_and_come_again),
          TEST_OF(a_callback_that_fails_is_reported),
          TEST_OF(what_is_left_is_given_up_with_the_loop),
          TEST_OF(every_lack_of_memory_is_an_error),
          TEST_OF(who_waits_for_a_descriptor_that_was_closed_and_opened_anew_gets_an_error),
          TEST_OF(a_wait_in_the_other_direction_notices_it_too),
          TEST_OF(a_stream_of_the_same_number_notices_it),
          TEST_OF(a_number_that_is_not_open_any_more_is_an_error_for_both),
          TEST_OF(a_callback_for_a_closed_descriptor_is_removed_and_reported),
          TEST_OF(a_stream_whose_descriptor_was_closed_behind_its_back_leaves_the_next_alone))
