/* SPDX-License-Identifier: MIT */
/* Writing to streams, and ending them, against a scripted kernel that takes only so much. */
#include "fake_poll.h"
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* Lets everything that can happen happen: nobody is ready when the clock jumps. */
static void settle(void)
{
    EXPECT_EQ(eddy_sleep(1), 0);
}

typedef struct {
    char text[64];
} words;

EDDY_ASYNC_TO(words, read_some, (eddy_stream *, stream), (int, size))
{
    ssize_t n = eddy_stream_read(stream, result->text, (size_t)size);
    if (n >= 0)
        result->text[n] = '\0';
    return (int)n;
}

EDDY_ASYNC(write_text, (eddy_stream *, stream), (const char *, text))
{
    return eddy_stream_write(stream, text, strlen(text));
}

EDDY_ASYNC(drain, (eddy_stream *, stream))
{
    return eddy_stream_drain(stream);
}

EDDY_ASYNC(wait_closed, (eddy_stream *, stream))
{
    return eddy_stream_wait_closed(stream);
}

/* ---- writing ---------------------------------------------------------------------------------*/

TEST(what_the_kernel_does_not_take_is_sent_later)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_room(fd, 3);
    EXPECT_EQ(eddy_stream_write(stream, "abcdef", 6), 0);
    EXPECT_EQ(eddy_stream_write(stream, "ghi", 3), 0); // goes behind it
    EXPECT_STR(fake_sent(fd), "abc");
    EDDY_AUTO(eddy_task) *task = eddy_create_task(drain, stream);
    settle();
    EXPECT(!eddy_task_done(task));
    fake_room(fd, 1);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_STR(fake_sent(fd), "d");
    EXPECT(!eddy_task_done(task));
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_STR(fake_sent(fd), "efghi");
    EXPECT(!fake_is_pending(fd, FAKE_OUT));
    EXPECT_EQ(eddy_stream_drain(stream), 0);
    EXPECT_EQ(eddy_stream_write(stream, "", 0), 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_long_queue_leaves_in_few_calls)
{
    enum { PIECES = 10, SIZE = 20000 };
    int fd;
    char *piece = malloc(SIZE);
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.write_high = PIECES * SIZE}, &fd);
    fake_room(fd, 1);
    for (int i = 0; i < PIECES; i++) {
        memset(piece, 'a' + i, SIZE);
        EXPECT_EQ(eddy_stream_write(stream, piece, SIZE), 0);
    }
    unsigned before = fake_try_count(fd);
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_stream_drain(stream), 0);
    EXPECT(fake_try_count(fd) - before <= 3); // the part that waited, and all the others
    EXPECT_EQ(fake_sent_size(fd), PIECES * SIZE);
    const char *sent = fake_sent(fd);
    for (int i = 0; i < PIECES; i++)
        EXPECT(sent[i * SIZE] == 'a' + i && sent[(i + 1) * SIZE - 1] == 'a' + i);
    eddy_stream_free(stream);
    fake_poll_end();
    free(piece);
}

TEST(a_writer_waits_above_the_mark_and_goes_on_below_the_other)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream =
        fake_stream(&(eddy_stream_options){.write_high = 10, .write_low = 4}, &fd);
    fake_room(fd, 0);
    EXPECT_EQ(eddy_stream_write(stream, "0123456789", 10), 0); // not above it
    EDDY_AUTO(eddy_task) *task = eddy_create_task(write_text, stream, "x");
    settle();
    EXPECT(!eddy_task_done(task));
    fake_room(fd, 6);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT(!eddy_task_done(task)); // 5 left
    fake_room(fd, 1);
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_stream_abort(stream), 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_cancelled_write_is_sent_nevertheless)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.write_high = 1}, &fd);
    fake_room(fd, 2);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(write_text, stream, "accepted");
    settle();
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_STR(fake_sent(fd), "accepted");
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(writes_of_several_tasks_stay_whole)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.write_high = 4}, &fd);
    fake_room(fd, 1);
    EDDY_AUTO(eddy_task) *first = eddy_create_task(write_text, stream, "[first]");
    EDDY_AUTO(eddy_task) *second = eddy_create_task(write_text, stream, "[second]");
    EDDY_AUTO(eddy_task) *third = eddy_create_task(write_text, stream, "[third]");
    for (int i = 0; i < 30; i++) {
        settle();
        fake_room(fd, 1);
        fake_event(fd, FAKE_OUT);
    }
    EXPECT_EQ(eddy_await(first), 0);
    EXPECT_EQ(eddy_await(second), 0);
    EXPECT_EQ(eddy_await(third), 0);
    EXPECT_STR(fake_sent(fd), "[first][second][third]");
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_large_write_passes_through_the_queue_unchanged)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.write_high = 4 << 20}, &fd);
    char *data = malloc(1 << 20);
    for (int i = 0; i < 1 << 20; i++)
        data[i] = (char)('a' + i % 23);
    fake_room(fd, 1000);
    for (int at = 0, size = 1; at < 1 << 20; at += size, size = size * 2 + 1) {
        if (size > (1 << 20) - at)
            size = (1 << 20) - at;
        EXPECT_EQ(eddy_stream_write(stream, data + at, (size_t)size), 0);
    }
    for (int i = 0; i < 20; i++) {
        fake_room(fd, 50000);
        fake_event(fd, FAKE_OUT);
        settle();
    }
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_EQ(fake_sent_size(fd), 1 << 20);
    EXPECT(memcmp(fake_sent(fd), data, 1 << 20) == 0);
    free(data);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(parts_are_sent_as_one_message)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    struct iovec parts[] = {{"one", 3}, {"", 0}, {"two", 3}, {"three", 5}};
    EXPECT_EQ(eddy_stream_writev(stream, parts, 4), 0);
    EXPECT_STR(fake_sent(fd), "onetwothree");
    EXPECT_EQ(fake_try_count(fd), 1);
    fake_room(fd, 4);
    EXPECT_EQ(eddy_stream_writev(stream, parts, 4), 0);
    EXPECT_EQ(eddy_stream_writev(stream, parts, 1), 0);
    EXPECT_EQ(eddy_stream_writev(stream, parts, 0), 0);
    EXPECT_EQ(eddy_stream_writev(stream, parts, -1), EDDY_EVALUE);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_STR(fake_sent(fd), "onetwothreeone");
    struct iovec many[200];
    for (int i = 0; i < 200; i++)
        many[i] = (struct iovec){"m", 1};
    EXPECT_EQ(eddy_stream_writev(stream, many, 200), 0);
    EXPECT_EQ(strlen(fake_sent(fd)), 200);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_broken_connection_wakes_whoever_writes)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.write_high = 1}, &fd);
    fake_room(fd, 1);
    EDDY_AUTO(eddy_task) *writer = eddy_create_task(write_text, stream, "abc");
    EDDY_AUTO(eddy_task) *drainer = eddy_create_task(drain, stream);
    settle();
    fake_fail(fd, FAKE_OUT, -EPIPE);
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_await(writer), -EPIPE);
    EXPECT_EQ(eddy_await(drainer), -EPIPE);
    EXPECT_EQ(eddy_stream_write(stream, "x", 1), -EPIPE);
    EXPECT_EQ(eddy_stream_drain(stream), -EPIPE);
    fake_bytes(fd, "last words"); // what had arrived can still be read
    words got;
    EXPECT_EQ(read_some(&got, stream, 60), 10);
    eddy_stream_free(stream);
    fake_poll_end();
}

/* ---- the end ---------------------------------------------------------------------------------*/

TEST(shutdown_comes_after_what_is_queued)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_room(fd, 1);
    EXPECT_EQ(eddy_stream_write(stream, "bye", 3), 0);
    EXPECT_EQ(eddy_stream_shutdown(stream), 0);
    EXPECT_EQ(eddy_stream_shutdown(stream), 0);
    EXPECT_EQ(eddy_stream_write(stream, "x", 1), -EBADF);
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_stream_drain(stream), 0);
    EXPECT_STR(fake_sent(fd), "bye");
    fake_bytes(fd, "you too");
    words got;
    EXPECT_EQ(read_some(&got, stream, 60), 7);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_closed_stream_sends_what_is_queued_without_its_owner)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_room(fd, 1);
    EXPECT_EQ(eddy_stream_write(stream, "farewell", 8), 0);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    EXPECT(eddy_stream_is_closing(stream));
    EXPECT_EQ(eddy_stream_fd(stream), -1);
    EXPECT_EQ(eddy_stream_write(stream, "x", 1), -EBADF);
    eddy_stream_free(stream);
    settle();
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_STR(fake_sent(fd), "farewell");
    fake_poll_end();
}

TEST(wait_closed_waits_for_the_last_byte)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_room(fd, 1);
    EXPECT_EQ(eddy_stream_write(stream, "abc", 3), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(wait_closed, stream);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    settle();
    EXPECT(!eddy_task_done(task));
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_stream_wait_closed(stream), 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(closing_wakes_everybody)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.write_high = 1}, &fd);
    fake_room(fd, 1);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_some, stream, 60);
    EDDY_AUTO(eddy_task) *writer = eddy_create_task(write_text, stream, "abc");
    EDDY_AUTO(eddy_task) *drainer = eddy_create_task(drain, stream);
    settle();
    EXPECT_EQ(eddy_stream_close(stream), 0);
    eddy_stream_free(stream); // while three tasks are inside it
    EXPECT_EQ(eddy_await(reader), -EBADF);
    EXPECT_EQ(eddy_await(writer), -EBADF);
    EXPECT_EQ(eddy_await(drainer), -EBADF);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_STR(fake_sent(fd), "abc");
    fake_poll_end();
}

TEST(abort_throws_away_what_is_queued)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_room(fd, 1);
    EXPECT_EQ(eddy_stream_write(stream, "abc", 3), 0);
    fake_cancel_late(fd, 2, NULL); // the kernel sends it all the same
    EXPECT_EQ(eddy_stream_abort(stream), 0);
    EXPECT_EQ(eddy_stream_abort(stream), 0);
    EXPECT_EQ(eddy_stream_wait_closed(stream), 0);
    words got;
    EXPECT_EQ(read_some(&got, stream, 60), -EBADF);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_stream_that_its_loop_leaves_behind_is_closed)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_room(fd, 1);
    EXPECT_EQ(eddy_stream_write(stream, "never sent", 10), 0);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    eddy_stream_free(stream);
    expect_report(EDDY_REPORT_UNSENT);
    fake_poll_end(); // the loop's end gives up the descriptor and the memory
}

/* ---- from callbacks --------------------------------------------------------------------------*/

static int callback_status;

static int write_three(void *stream)
{
    callback_status = eddy_stream_write(stream, "abc", 3);
    return 0;
}

TEST(a_callback_may_write_and_is_told_when_it_is_too_much)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.write_high = 4}, &fd);
    EXPECT_EQ(eddy_call_soon(write_three, stream, NULL), 0);
    settle();
    EXPECT_EQ(callback_status, 0);
    EXPECT_STR(fake_sent(fd), "abc");
    fake_room(fd, 0);
    EXPECT_EQ(eddy_call_soon(write_three, stream, NULL), 0);
    settle();
    EXPECT_EQ(callback_status, 0); // queued
    EXPECT_EQ(eddy_call_soon(write_three, stream, NULL), 0);
    settle();
    EXPECT_EQ(callback_status, EDDY_EMISUSE); // queued too, but now it is too much
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_STR(fake_sent(fd), "abcabc");
    eddy_stream_free(stream);
    fake_poll_end();
}

RUN_TESTS(TEST_OF(a_callback_may_write_and_is_told_when_it_is_too_much),
          TEST_OF(what_the_kernel_does_not_take_is_sent_later),
          TEST_OF(a_long_queue_leaves_in_few_calls),
          TEST_OF(a_writer_waits_above_the_mark_and_goes_on_below_the_other),
          TEST_OF(a_cancelled_write_is_sent_nevertheless),
          TEST_OF(writes_of_several_tasks_stay_whole),
          TEST_OF(a_large_write_passes_through_the_queue_unchanged),
          TEST_OF(parts_are_sent_as_one_message),
          TEST_OF(a_broken_connection_wakes_whoever_writes),
          TEST_OF(shutdown_comes_after_what_is_queued),
          TEST_OF(a_closed_stream_sends_what_is_queued_without_its_owner),
          TEST_OF(wait_closed_waits_for_the_last_byte),
          TEST_OF(closing_wakes_everybody),
          TEST_OF(abort_throws_away_what_is_queued),
          TEST_OF(a_stream_that_its_loop_leaves_behind_is_closed))
