/* SPDX-License-Identifier: MIT */
/* Reading streams from a scripted kernel: what comes in pieces, late, never, or with an error. */
#include "fake_poll.h"
#include "harness.h"

#include "io/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lets everything that can happen happen: nobody is ready when the clock jumps. */
static void settle(void)
{
    EXPECT_EQ(eddy_sleep(1), 0);
}

static bool is_text(eddy_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
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

EDDY_ASYNC_TO(words, read_line, (eddy_stream *, stream))
{
    eddy_span line;
    EDDY_TRY(eddy_stream_readline(stream, &line));
    snprintf(result->text, sizeof result->text, "%.*s", (int)line.size, line.data);
    return (int)line.size;
}

/* ---- reading ---------------------------------------------------------------------------------*/

TEST(a_read_takes_what_has_arrived_without_waiting)
{
    int fd;
    fake_poll_begin();
    EDDY_AUTO(eddy_stream) *stream = fake_stream(NULL, &fd);
    fake_bytes(fd, "hello");
    words got;
    EXPECT_EQ(read_some(&got, stream, 3), 3);
    EXPECT_STR(got.text, "hel");
    EXPECT_EQ(read_some(&got, stream, 60), 2);
    EXPECT_STR(got.text, "lo");
    EXPECT_EQ(read_some(&got, stream, 0), 0);
    fake_end(fd);
    EXPECT_EQ(read_some(&got, stream, 60), 0);
    EXPECT_EQ(fake_try_count(fd), 3);
    EXPECT_EQ(read_some(&got, stream, 60), 0); // asks nobody
    EXPECT_EQ(fake_try_count(fd), 3);
    EXPECT(eddy_stream_at_eof(stream));
    eddy_stream_free(stream);
    stream = NULL;
    fake_poll_end();
}

TEST(a_read_waits_until_there_is_something)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_some, stream, 60);
    settle();
    EXPECT(!eddy_task_done(task));
    for (int i = 0; i < 10; i++) { // news that isn't: nothing there after all
        fake_event(fd, FAKE_IN);
        settle();
        EXPECT(!eddy_task_done(task));
    }
    fake_bytes(fd, "at last");
    fake_event(fd, FAKE_IN);
    words got;
    EXPECT_EQ(eddy_await(task, &got), 7);
    EXPECT_STR(got.text, "at last");
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_cancelled_read_leaves_the_bytes_for_the_next_one)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_some, stream, 60);
    settle();
    fake_bytes(fd, "kept");
    fake_event(fd, FAKE_IN);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT(!fake_is_pending(fd, FAKE_IN));
    words got;
    EXPECT_EQ(read_some(&got, stream, 60), 4);
    EXPECT_STR(got.text, "kept");
    eddy_stream_free(stream);
    fake_poll_end();
}

/* Cancels `task` in the iteration in which it would have gone on with what arrived. */
EDDY_ASYNC(cancel_after_news, (eddy_stream *, stream), (eddy_task *, task))
{
    while (stream->reader == NULL || stream->reader->state == WAIT_PENDING)
        EDDY_TRY(eddy_sleep(0));
    eddy_task_cancel(task);
    return 0;
}

TEST(bytes_that_meet_a_cancellation_stay_in_the_stream)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_some, stream, 60);
    settle();
    // The poller brings the bytes by itself; the task is cancelled when it has been woken already.
    fake_complete(fd, FAKE_IN, 6, "lent 1");
    EDDY_AUTO(eddy_task) *enemy = eddy_create_task(cancel_after_news, stream, task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(enemy), 0);
    EXPECT_EQ(fake_lent_count(), 1);
    words got;
    EXPECT_EQ(read_some(&got, stream, 4), 4);
    EXPECT_STR(got.text, "lent");
    EXPECT_EQ(read_some(&got, stream, 60), 2);
    EXPECT_STR(got.text, " 1");
    EXPECT_EQ(fake_lent_count(), 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_cancellation_that_comes_too_late_loses_nothing)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_some, stream, 60);
    settle();
    fake_cancel_late(fd, 4, "late");
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    words got;
    EXPECT_EQ(read_some(&got, stream, 60), 4); // parks on the operation that is on its way out
    EXPECT_STR(got.text, "late");
    EXPECT_EQ(fake_lent_count(), 0);

    EDDY_AUTO(eddy_task) *second = eddy_create_task(read_some, stream, 60);
    settle();
    fake_cancel_late(fd, -ECANCELED, NULL);
    eddy_task_cancel(second);
    EXPECT_EQ(eddy_await(second), EDDY_CANCELLED);
    EDDY_AUTO(eddy_task) *third = eddy_create_task(read_some, stream, 60);
    settle();
    fake_bytes(fd, "more");
    fake_event(fd, FAKE_IN);
    EXPECT_EQ(eddy_await(third, &got), 4);
    eddy_stream_free(stream);
    settle();
    fake_poll_end();
}

TEST(a_stream_freed_with_an_operation_under_way_waits_for_it)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_some, stream, 60);
    settle();
    fake_cancel_late(fd, 3, "for");
    eddy_stream_free(stream);
    EXPECT_EQ(eddy_await(task), -EBADF);
    settle();
    EXPECT_EQ(fake_lent_count(), 0);
    EXPECT(!fake_is_pending(fd, FAKE_IN));
    fake_poll_end();
}

TEST(one_task_reads_at_a_time)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_some, stream, 60);
    settle();
    words got;
    eddy_span span;
    EXPECT_EQ(read_some(&got, stream, 60), -EBUSY);
    EXPECT_EQ(eddy_stream_readline(stream, &span), -EBUSY);
    EXPECT_EQ(eddy_stream_peek(stream, 1, &span), -EBUSY);
    EXPECT_EQ(eddy_stream_write(stream, "x", 1), 0); // writing is another matter
    fake_bytes(fd, "mine");
    fake_event(fd, FAKE_IN);
    EXPECT_EQ(eddy_await(task, &got), 4);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(an_error_comes_after_the_bytes_before_it_and_stays)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_bytes(fd, "part of a line");
    fake_fail(fd, FAKE_IN, -ECONNRESET);
    eddy_span line;
    words got;
    EXPECT_EQ(eddy_stream_readline(stream, &line), -ECONNRESET);
    EXPECT_EQ(read_some(&got, stream, 60), 14);
    EXPECT_STR(got.text, "part of a line");
    EXPECT_EQ(read_some(&got, stream, 60), -ECONNRESET);
    EXPECT_EQ(read_some(&got, stream, 60), -ECONNRESET);
    EXPECT_EQ(eddy_stream_write(stream, "x", 1), -ECONNRESET);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    EXPECT_EQ(eddy_stream_wait_closed(stream), -ECONNRESET);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_want_of_memory_in_the_kernel_is_no_end)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_fail(fd, FAKE_IN, -ENOBUFS);
    fake_bytes(fd, "goes on");
    words got;
    EXPECT_EQ(read_some(&got, stream, 60), -ENOBUFS);
    EXPECT_EQ(read_some(&got, stream, 60), 7);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(lines_are_put_together_and_taken_apart)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_bytes(fd, "one\ntwo\nthr");
    eddy_span line;
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT(is_text(line, "one\n"));
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT(is_text(line, "two\n"));
    EXPECT_EQ(fake_try_count(fd), 1);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_line, stream);
    settle();
    fake_bytes(fd, "ee\n\nla");
    fake_event(fd, FAKE_IN);
    words got;
    EXPECT_EQ(eddy_await(task, &got), 6);
    EXPECT_STR(got.text, "three\n");
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT(is_text(line, "\n"));
    fake_bytes(fd, "st");
    fake_end(fd);
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT(is_text(line, "last"));
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT_EQ(line.size, 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_separator_may_arrive_in_two_parts)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_bytes(fd, "head\r\n\r");
    fake_bytes(fd, "\nbody");
    eddy_span head;
    EXPECT_EQ(eddy_stream_read_until(stream, "\r\n\r\n", 4, &head), 0);
    EXPECT(is_text(head, "head\r\n\r\n"));
    fake_end(fd);
    EXPECT_EQ(eddy_stream_read_until(stream, "\r\n", 2, &head), EDDY_INCOMPLETE);
    words got;
    EXPECT_EQ(read_some(&got, stream, 60), 4);
    EXPECT_STR(got.text, "body");
    EXPECT_EQ(eddy_stream_read_until(stream, "", 0, &head), EDDY_EVALUE);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_line_may_be_as_long_as_the_limit)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.limit = 100000}, &fd);
    fake_block(fd, "a", 100000);
    fake_bytes(fd, "\n");
    eddy_span line;
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT_EQ(line.size, 100001);
    fake_block(fd, "b", 100001);
    fake_bytes(fd, "\nnext\n");
    EXPECT_EQ(eddy_stream_readline(stream, &line), EDDY_LIMIT);
    char *all = malloc(100002);
    EXPECT_EQ(eddy_stream_read_exactly(stream, all, 100002), 0); // nothing of it is lost
    EXPECT(all[0] == 'b' && all[100000] == 'b' && all[100001] == '\n');
    free(all);
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT(is_text(line, "next\n"));
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(peek_lends_and_consume_takes)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.limit = 50}, &fd);
    fake_bytes(fd, "ab");
    fake_bytes(fd, "cde");
    eddy_span span;
    EXPECT_EQ(eddy_stream_peek(stream, 0, &span), 0);
    EXPECT_EQ(span.size, 0);
    EXPECT_EQ(eddy_stream_peek(stream, 3, &span), 0);
    EXPECT(is_text(span, "abcde"));
    EXPECT_EQ(eddy_stream_consume(stream, 4), 0);
    EXPECT_EQ(eddy_stream_consume(stream, 2), EDDY_EVALUE);
    EXPECT_EQ(eddy_stream_peek(stream, 1, &span), 0);
    EXPECT(is_text(span, "e"));
    EXPECT_EQ(eddy_stream_peek(stream, 51, &span), EDDY_LIMIT);
    fake_end(fd);
    EXPECT_EQ(eddy_stream_peek(stream, 10, &span), 0);
    EXPECT(is_text(span, "e"));
    EXPECT_EQ(eddy_stream_consume(stream, 1), 0);
    EXPECT_EQ(eddy_stream_peek(stream, 1, &span), 0);
    EXPECT_EQ(span.size, 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(peek_nowait_sees_what_the_loop_has_not_been_told_yet)
{
    eddy_stream *near, *far;
    eddy_span span;
    REQUIRE(eddy_stream_pair(NULL, &near, &far) == 0);
    EXPECT_EQ(eddy_stream_peek_nowait(near, &span), -EAGAIN);
    EXPECT_EQ(eddy_stream_write(far, "ab", 2), 0);
    EXPECT_EQ(eddy_stream_peek_nowait(near, &span), 0); // no iteration in between
    EXPECT(is_text(span, "ab"));
    EXPECT_EQ(eddy_stream_peek_nowait(near, &span), 0);
    EXPECT(is_text(span, "ab"));
    EXPECT_EQ(eddy_stream_consume(near, 2), 0);
    EXPECT_EQ(eddy_stream_peek_nowait(near, &span), -EAGAIN);
    eddy_stream_free(far);
    EXPECT_EQ(eddy_stream_peek_nowait(near, &span), 0);
    EXPECT_EQ(span.size, 0);
    EXPECT_EQ(eddy_stream_close(near), 0);
    EXPECT_EQ(eddy_stream_peek_nowait(near, &span), -EBADF);
    eddy_stream_free(near);
}

TEST(the_size_of_the_write_buffer_is_what_the_kernel_has_not_taken)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_room(fd, 3);
    EXPECT_EQ(eddy_stream_get_write_buffer_size(stream), 0);
    EXPECT_EQ(eddy_stream_write(stream, "abcde", 5), 0);
    EXPECT_EQ(eddy_stream_get_write_buffer_size(stream), 2);
    EXPECT_EQ(eddy_stream_abort(stream), 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

EDDY_ASYNC(read_record, (eddy_stream *, stream), (char *, buf), (int, size))
{
    return eddy_stream_read_exactly(stream, buf, (size_t)size);
}

/* A record of `size` bytes, cut short by a cancellation and by the end: nothing of it is lost. */
static void cut_a_record_short(int size)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(&(eddy_stream_options){.limit = 1 << 20}, &fd);
    char *buf = malloc((size_t)size);
    fake_block(fd, "x", (size_t)size - 1);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_record, stream, buf, size);
    settle();
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    fake_bytes(fd, "yz");
    fake_end(fd);
    fake_event(fd, FAKE_IN);
    EXPECT_EQ(eddy_stream_read_exactly(stream, buf, (size_t)size), 0);
    EXPECT(buf[0] == 'x' && buf[size - 2] == 'x' && buf[size - 1] == 'y');
    EXPECT_EQ(eddy_stream_read_exactly(stream, buf, (size_t)size), EDDY_INCOMPLETE);
    EXPECT_EQ(eddy_stream_read(stream, buf, (size_t)size), 1);
    EXPECT_EQ(buf[0], 'z');
    EXPECT_EQ(eddy_stream_read_exactly(stream, buf, 0), 0);
    free(buf);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_small_record_is_whole_or_left)
{
    cut_a_record_short(20);
}

TEST(a_large_record_is_whole_or_left)
{
    cut_a_record_short(300000);
}

TEST(an_idle_stream_holds_no_buffer)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_bytes(fd, "line\n");
    eddy_span line;
    EXPECT_EQ(eddy_stream_readline(stream, &line), 0);
    EXPECT(stream->in != NULL); // lent to us
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_line, stream);
    settle();
    EXPECT(stream->in == NULL);
    fake_bytes(fd, "ha");
    fake_event(fd, FAKE_IN);
    settle();
    EXPECT(stream->in != NULL); // half a line
    fake_bytes(fd, "lf\n");
    fake_event(fd, FAKE_IN);
    EXPECT_EQ(eddy_await(task), 5);
    eddy_stream_free(stream);
    fake_poll_end();
}

EDDY_ASYNC(count_turns, (int *, count))
{
    for (;; ++*count)
        EDDY_TRY(eddy_sleep(0));
}

TEST(a_fast_peer_does_not_keep_others_from_running)
{
    int fd;
    int count = 0;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    fake_block(fd, "f", 1000);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(count_turns, &count);
    char byte;
    for (int i = 0; i < 1000; i++)
        EXPECT_EQ(eddy_stream_read(stream, &byte, 1), 1);
    EXPECT(count >= 1000 / IO_RECEIVES_MAX - 2);
    eddy_task_cancel(other);
    EXPECT_EQ(eddy_await(other), EDDY_CANCELLED);
    eddy_stream_free(stream);
    fake_poll_end();
}

RUN_TESTS(TEST_OF(a_read_takes_what_has_arrived_without_waiting),
          TEST_OF(a_read_waits_until_there_is_something),
          TEST_OF(a_cancelled_read_leaves_the_bytes_for_the_next_one),
          TEST_OF(bytes_that_meet_a_cancellation_stay_in_the_stream),
          TEST_OF(a_cancellation_that_comes_too_late_loses_nothing),
          TEST_OF(a_stream_freed_with_an_operation_under_way_waits_for_it),
          TEST_OF(one_task_reads_at_a_time),
          TEST_OF(an_error_comes_after_the_bytes_before_it_and_stays),
          TEST_OF(a_want_of_memory_in_the_kernel_is_no_end),
          TEST_OF(lines_are_put_together_and_taken_apart),
          TEST_OF(a_separator_may_arrive_in_two_parts),
          TEST_OF(a_line_may_be_as_long_as_the_limit),
          TEST_OF(peek_lends_and_consume_takes),
          TEST_OF(peek_nowait_sees_what_the_loop_has_not_been_told_yet),
          TEST_OF(the_size_of_the_write_buffer_is_what_the_kernel_has_not_taken),
          TEST_OF(a_small_record_is_whole_or_left),
          TEST_OF(a_large_record_is_whole_or_left),
          TEST_OF(an_idle_stream_holds_no_buffer),
          TEST_OF(a_fast_peer_does_not_keep_others_from_running))
