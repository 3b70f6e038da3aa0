/* SPDX-License-Identifier: MIT */
/* A layer that scrambles bytes: what a stream asks of it, when, and what it makes of the answers. */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Turns every byte around; its greeting is one byte, "g", to which the peer must answer the same. */
typedef struct mirror {
    eddy_stream *stream;
    bool has_greeted;
    int begin_error, read_error, write_error; // what it is to answer; 0: nothing special
    int end_count, free_count;
} mirror;

static void turn(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)~bytes[i];
}

static int mirror_begin(void *data)
{
    mirror *it = data;
    char byte;
    if (!it->has_greeted)
        EDDY_TRY(eddy_stream_send_below(it->stream, "g", 1));
    it->has_greeted = true;
    if (it->begin_error < 0)
        return it->begin_error;
    ssize_t n = eddy_stream_receive_below(it->stream, &byte, 1);
    if (n <= 0)
        return n < 0 ? (int)n : EDDY_INCOMPLETE;
    return byte == 'g' ? 0 : EDDY_EVALUE;
}

/* "?" is for the layer itself, which answers. */
static ssize_t mirror_read(void *data, void *buf, size_t size)
{
    const mirror *it = data;
    if (it->read_error < 0)
        return it->read_error;
    ssize_t n = eddy_stream_receive_below(it->stream, buf, size);
    if (n == 1 && *(char *)buf == '?') {
        EDDY_TRY(eddy_stream_send_below(it->stream, "!", 1));
        return -EAGAIN;
    }
    if (n > 0)
        turn(buf, (size_t)n);
    return n;
}

static int mirror_write(void *data, const void *bytes, size_t size)
{
    const mirror *it = data;
    if (it->write_error < 0)
        return it->write_error;
    char *turned = malloc(size + 1);
    memcpy(turned, bytes, size);
    turn(turned, size);
    int err = eddy_stream_send_below(it->stream, turned, size);
    free(turned);
    return err;
}

static void mirror_end(void *data)
{
    mirror *it = data;
    it->end_count++;
    EDDY_IGNORE(eddy_stream_send_below(it->stream, ".", 1));
}

static void mirror_free(void *data)
{
    mirror *it = data;
    it->free_count++;
}

static const eddy_stream_layer layer = {
    .call = "add a mirror",
    .begin = mirror_begin,
    .read = mirror_read,
    .write = mirror_write,
    .end = mirror_end,
    .free = mirror_free,
};

/* A stream that gets a mirror, and the raw end of the other side. */
struct ends {
    eddy_stream *near, *far;
    mirror mirror;
};

static void ends_begin(struct ends *ends, const char *greeting)
{
    *ends = (struct ends){0};
    EXPECT_EQ(eddy_stream_pair(NULL, &ends->near, &ends->far), 0);
    ends->mirror.stream = ends->near;
    if (greeting)
        EXPECT_EQ(eddy_stream_write(ends->far, greeting, strlen(greeting)), 0);
}

static int add(struct ends *ends)
{
    return eddy_stream_add_layer(ends->near, &layer, &ends->mirror);
}

static void ends_open(struct ends *ends)
{
    char byte;
    ends_begin(ends, "g");
    EXPECT_EQ(add(ends), 0);
    EXPECT_EQ(eddy_stream_read(ends->far, &byte, 1), 1);
    EXPECT_EQ(byte, 'g');
}

static void ends_close(struct ends *ends)
{
    eddy_stream_free(ends->near);
    eddy_stream_free(ends->far);
    EXPECT_EQ(ends->mirror.free_count, 1);
}

static bool is_mirrored(char *got, const char *text)
{
    turn(got, strlen(text));
    return memcmp(got, text, strlen(text)) == 0;
}

EDDY_ASYNC(add_one, (struct ends *, ends))
{
    return add(ends);
}

/* ---- beginning -------------------------------------------------------------------------------*/

TEST(bytes_pass_the_layer_both_ways)
{
    struct ends ends;
    char buf[16];
    ends_open(&ends);
    EXPECT_EQ(eddy_stream_write(ends.near, "hello", 5), 0);
    EXPECT_EQ(eddy_stream_read(ends.far, buf, sizeof buf), 5);
    EXPECT(is_mirrored(buf, "hello"));
    char turned[] = "you";
    turn(turned, 3);
    EXPECT_EQ(eddy_stream_write(ends.far, turned, 3), 0);
    EXPECT_EQ(eddy_stream_read(ends.near, buf, sizeof buf), 3);
    EXPECT(memcmp(buf, "you", 3) == 0);
    static const eddy_stream_layer other;
    EXPECT(eddy_stream_layer_data(ends.near, &layer) == &ends.mirror);
    EXPECT(eddy_stream_layer_data(ends.near, &other) == NULL);
    EXPECT(eddy_stream_layer_data(ends.far, &layer) == NULL);
    ends_close(&ends);
}

TEST(what_was_read_ahead_is_the_layers)
{
    struct ends ends;
    eddy_span line;
    char buf[8];
    char secret[] = "abc";
    turn(secret, 3);
    ends_begin(&ends, "in the clear\ng");
    EXPECT_EQ(eddy_stream_write(ends.far, secret, 3), 0);
    EXPECT_EQ(eddy_stream_readline(ends.near, &line), 0);
    EXPECT_EQ(add(&ends), 0);
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 2), 2);
    EXPECT(memcmp(buf, "ab", 2) == 0);
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 2), 1);
    EXPECT_EQ(buf[0], 'c');
    ends_close(&ends);
}

TEST(what_was_written_before_goes_first)
{
    struct ends ends;
    char buf[64];
    ends_begin(&ends, "g");
    EXPECT_EQ(eddy_stream_write(ends.near, "before ", 7), 0);
    EXPECT_EQ(add(&ends), 0);
    EXPECT_EQ(eddy_stream_read_exactly(ends.far, buf, 8), 0);
    EXPECT(memcmp(buf, "before g", 8) == 0);
    ends_close(&ends);
}

TEST(beginning_waits_and_others_are_told)
{
    struct ends ends;
    char buf[8];
    ends_begin(&ends, NULL);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(add_one, &ends);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(!eddy_task_done(task));
    EXPECT_EQ(eddy_stream_write(ends.near, "x", 1), -EBUSY);
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 1), -EBUSY);
    EXPECT_EQ(eddy_stream_write(ends.far, "g", 1), 0);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_stream_write(ends.near, "x", 1), 0);
    ends_close(&ends);
}

TEST(a_beginning_that_fails_closes_the_stream_but_says_its_word)
{
    struct ends ends;
    char buf[8];
    ends_begin(&ends, "never read");
    ends.mirror.begin_error = -EPROTO;
    EXPECT_EQ(add(&ends), -EPROTO);
    EXPECT(eddy_stream_is_closing(ends.near));
    EXPECT_EQ(eddy_stream_read(ends.far, buf, sizeof buf), 1);
    EXPECT_EQ(eddy_stream_read(ends.far, buf, sizeof buf), 0);
    EXPECT_EQ(ends.mirror.end_count, 0);
    EXPECT_EQ(ends.mirror.free_count, 0); // with the stream
    ends_close(&ends);
}

TEST(a_cancelled_beginning_aborts_the_stream)
{
    struct ends ends;
    ends_begin(&ends, NULL);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(add_one, &ends);
    EXPECT_EQ(eddy_sleep(1), 0);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(eddy_stream_fd(ends.near), -1);
    ends_close(&ends);
}

TEST(one_that_cannot_be_added_is_freed_at_once)
{
    struct ends ends;
    ends_open(&ends);
    mirror second = {.stream = ends.near};
    EXPECT_EQ(eddy_stream_add_layer(ends.near, &layer, &second), EDDY_EMISUSE);
    EXPECT_EQ(second.free_count, 1);
    EXPECT_EQ(eddy_stream_write(ends.near, "fine", 4), 0);
    EXPECT_EQ(eddy_stream_close(ends.near), 0);
    EXPECT_EQ(eddy_stream_add_layer(ends.near, &layer, &second), -EBADF);
    EXPECT_EQ(second.free_count, 2);
    ends_close(&ends);

    ends_begin(&ends, "g");
    EXPECT_EQ(eddy_stream_shutdown(ends.near), 0);
    EXPECT_EQ(add(&ends), -EBADF);
    EXPECT(!eddy_stream_is_closing(ends.near));
    ends_close(&ends);
}

EDDY_ASYNC_TO(ssize_t, read_one, (eddy_stream *, stream))
{
    char byte;
    *result = eddy_stream_read(stream, &byte, 1);
    return *result < 0 ? (int)*result : 0;
}

TEST(a_layer_may_answer_while_it_reads)
{
    struct ends ends;
    char byte = 0;
    ends_open(&ends);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_one, ends.near);
    EXPECT_EQ(eddy_stream_write(ends.far, "?", 1), 0);
    EXPECT_EQ(eddy_within(1, eddy_stream_read(ends.far, &byte, 1)), 1);
    EXPECT_EQ(byte, '!');
    EXPECT(!eddy_task_done(reader));
    EXPECT_EQ(eddy_stream_write(ends.far, "x", 1), 0);
    EXPECT_EQ(eddy_await(reader), 0);
    ends_close(&ends);
}

/* ---- errors and ends -------------------------------------------------------------------------*/

TEST(an_error_of_reading_stays)
{
    struct ends ends;
    char buf[8];
    ends_open(&ends);
    EXPECT_EQ(eddy_stream_write(ends.far, "x", 1), 0);
    ends.mirror.read_error = EDDY_EVALUE;
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 1), EDDY_EVALUE);
    ends.mirror.read_error = 0;
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 1), EDDY_EVALUE);
    EXPECT_EQ(eddy_stream_write(ends.near, "x", 1), EDDY_EVALUE);
    EXPECT(!eddy_stream_at_eof(ends.near));
    ends_close(&ends);
}

TEST(no_memory_for_reading_is_no_end)
{
    struct ends ends;
    char buf[8];
    ends_open(&ends);
    EXPECT_EQ(eddy_stream_write(ends.far, "x", 1), 0);
    ends.mirror.read_error = -ENOMEM;
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 1), -ENOMEM);
    ends.mirror.read_error = 0;
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 1), 1);
    ends_close(&ends);
}

TEST(an_error_of_writing_ends_that_direction_alone)
{
    struct ends ends;
    char buf[8];
    ends_open(&ends);
    ends.mirror.write_error = EDDY_EVALUE;
    EXPECT_EQ(eddy_stream_write(ends.near, "x", 1), EDDY_EVALUE);
    ends.mirror.write_error = 0;
    EXPECT_EQ(eddy_stream_write(ends.near, "x", 1), EDDY_EVALUE);
    EXPECT_EQ(eddy_stream_write(ends.far, "y", 1), 0);
    EXPECT_EQ(eddy_stream_read(ends.near, buf, 1), 1);
    ends_close(&ends);
}

TEST(the_layer_has_the_last_word_once)
{
    struct ends ends;
    char buf[8];
    ends_open(&ends);
    EXPECT_EQ(eddy_stream_shutdown(ends.near), 0);
    EXPECT_EQ(eddy_stream_read(ends.far, buf, sizeof buf), 1);
    EXPECT_EQ(buf[0], '.');
    EXPECT_EQ(eddy_stream_read(ends.far, buf, sizeof buf), 0);
    char turned[] = "?";
    turn(turned, 1);
    EXPECT_EQ(eddy_stream_write(ends.far, turned, 1), 0);
    EXPECT_EQ(eddy_stream_read(ends.near, buf, sizeof buf), 1); // the other direction goes on
    EXPECT_EQ(buf[0], '?');
    EXPECT_EQ(eddy_stream_close(ends.near), 0);
    EXPECT_EQ(ends.mirror.end_count, 1);
    ends_close(&ends);

    ends_open(&ends);
    EXPECT_EQ(eddy_stream_abort(ends.near), 0);
    EXPECT_EQ(ends.mirror.end_count, 0);
    ends_close(&ends);
}

/* More than the kernel takes is waited for, also through a layer; the close sends it all. */
TEST(much_is_sent_though_the_stream_is_freed)
{
    enum { SIZE = 700000 };
    struct ends ends;
    char *all = calloc(1, SIZE + 1);
    ends_open(&ends);
    EXPECT_EQ(eddy_within(1, eddy_stream_write(ends.near, all, SIZE)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_stream_close(ends.near), 0);
    eddy_stream_free(ends.near);
    ends.near = NULL;
    EXPECT_EQ(ends.mirror.free_count, 0);
    EXPECT_EQ(eddy_stream_read_exactly(ends.far, all, SIZE + 1), 0);
    EXPECT_EQ(all[SIZE], '.');
    turn(all, SIZE);
    EXPECT_EQ(all[0], 0);
    EXPECT(memcmp(all, all + 1, SIZE - 1) == 0);
    ends_close(&ends);
    free(all);
}

/* What arrived unread, and is perhaps the layer's own, makes no reset of an end that was announced. */
TEST(a_close_leaves_nothing_unread_in_the_kernel)
{
    struct ends ends;
    char buf[8];
    ends_open(&ends);
    EXPECT_EQ(eddy_stream_write(ends.far, "unread", 6), 0);
    EXPECT_EQ(eddy_stream_close(ends.near), 0);
    EXPECT_EQ(eddy_stream_read(ends.far, buf, sizeof buf), 1);
    EXPECT_EQ(eddy_stream_read(ends.far, buf, sizeof buf), 0);
    ends_close(&ends);
}

/* Swallows what comes, and sends a kilobyte for each '?'. */
static ssize_t chatter_read(void *data, void *buf, size_t size)
{
    static const char answer[1024];
    const mirror *it = data;
    for (;;) {
        ssize_t n = eddy_stream_receive_below(it->stream, buf, size < 8 ? size : 8);
        if (n <= 0)
            return n;
        for (ssize_t i = 0; i < n; i++)
            if (((char *)buf)[i] == '?')
                EDDY_TRY(eddy_stream_send_below(it->stream, answer, sizeof answer));
    }
}

static const eddy_stream_layer chatter = {
    .call = "add a chatterbox",
    .begin = mirror_begin,
    .read = chatter_read,
    .write = mirror_write,
    .end = mirror_end,
    .free = mirror_free,
};

EDDY_ASYNC(read_byte, (eddy_stream *, stream))
{
    char byte;
    return (int)eddy_stream_read(stream, &byte, 1);
}

TEST(a_peer_that_provokes_answers_and_takes_none_loses_the_connection)
{
    const int small = 2048;
    struct ends ends;
    ends_begin(&ends, "g");
    EXPECT_EQ(setsockopt(eddy_stream_fd(ends.near), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    EXPECT_EQ(eddy_stream_add_layer(ends.near, &chatter, &ends.mirror), 0);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_byte, ends.near);
    size_t most = 0;
    int count = 0;
    while (!eddy_task_done(reader) && count < 1000) {
        count++;
        EDDY_IGNORE(eddy_stream_write(ends.far, "?", 1));
        EXPECT_EQ(eddy_sleep(1), 0);
        size_t size = eddy_stream_get_write_buffer_size(ends.near);
        most = size > most ? size : most;
    }
    EXPECT_EQ(eddy_await(reader), EDDY_LIMIT);
    EXPECT(most <= 16 * 1024);
    EXPECT(count < 1000);
    EXPECT(eddy_stream_is_closing(ends.near));
    ends_close(&ends);
}

TEST(answers_that_are_taken_are_not_bounded)
{
    struct ends ends;
    static char answer[1024];
    ends_begin(&ends, "g");
    EXPECT_EQ(eddy_stream_add_layer(ends.near, &chatter, &ends.mirror), 0);
    EXPECT_EQ(eddy_stream_read(ends.far, answer, 1), 1);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_byte, ends.near);
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(eddy_stream_write(ends.far, "?", 1), 0);
        EXPECT_EQ(eddy_stream_read_exactly(ends.far, answer, sizeof answer), 0);
    }
    EXPECT(!eddy_task_done(reader));
    eddy_stream_free(ends.far);
    ends.far = NULL;
    EXPECT_EQ(eddy_await(reader), 0);
    ends_close(&ends);
}

EDDY_ASYNC(count_turns, (int *, count))
{
    for (;; ++*count)
        EDDY_TRY(eddy_sleep(0));
}

TEST(a_peer_that_sends_what_the_layer_swallows_does_not_keep_others_from_running)
{
    enum { SIZE = 16000 }; // a layer that takes eight bytes at a time receives 2,000 times
    struct ends ends;
    int count = 0;
    char *much = calloc(SIZE, 1);
    ends_begin(&ends, "g");
    EXPECT_EQ(eddy_stream_add_layer(ends.near, &chatter, &ends.mirror), 0);
    EXPECT_EQ(eddy_stream_read(ends.far, much, 1), 1);
    EXPECT_EQ(eddy_stream_write(ends.far, memset(much, 0, SIZE), SIZE), 0);
    EXPECT_EQ(eddy_stream_close(ends.far), 0);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(count_turns, &count);
    EXPECT_EQ(read_byte(ends.near), 0);
    EXPECT(count > 2000 / 32 / 2);
    eddy_task_cancel(other);
    EXPECT_EQ(eddy_await(other), EDDY_CANCELLED);
    free(much);
    ends_close(&ends);
}

TEST(no_memory_at_any_point)
{
    long count = 1;
    for (long n = -1; n < count; n++) {
        struct ends ends;
        eddy_span line;
        char buf[64];
        ends_begin(&ends, "line\ng");
        fail_allocation(n);
        int rc = eddy_stream_readline(ends.near, &line);
        if (rc == 0)
            rc = add(&ends);
        else
            mirror_free(&ends.mirror);
        if (rc == 0)
            rc = eddy_stream_write(ends.near, "hello", 5);
        if (rc == 0)
            rc = eddy_stream_close(ends.near);
        if (n < 0)
            count = allocation_count();
        fail_allocation(-1);
        if (rc == 0 && n < 0)
            EXPECT_EQ(eddy_stream_read_exactly(ends.far, buf, 7), 0);
        EXPECT(rc == 0 || rc == -ENOMEM);
        ends_close(&ends);
    }
    EXPECT(count > 1);
}

RUN_TESTS(TEST_OF(bytes_pass_the_layer_both_ways), TEST_OF(what_was_read_ahead_is_the_layers),
          TEST_OF(what_was_written_before_goes_first),
          TEST_OF(beginning_waits_and_others_are_told),
          TEST_OF(a_beginning_that_fails_closes_the_stream_but_says_its_word),
          TEST_OF(a_cancelled_beginning_aborts_the_stream),
          TEST_OF(one_that_cannot_be_added_is_freed_at_once),
          TEST_OF(a_layer_may_answer_while_it_reads), TEST_OF(an_error_of_reading_stays),
          TEST_OF(no_memory_for_reading_is_no_end),
          TEST_OF(an_error_of_writing_ends_that_direction_alone),
          TEST_OF(the_layer_has_the_last_word_once),
          TEST_OF(much_is_sent_though_the_stream_is_freed),
          TEST_OF(a_peer_that_provokes_answers_and_takes_none_loses_the_connection),
          TEST_OF(answers_that_are_taken_are_not_bounded),
          TEST_OF(a_peer_that_sends_what_the_layer_swallows_does_not_keep_others_from_running),
          TEST_OF(a_close_leaves_nothing_unread_in_the_kernel), TEST_OF(no_memory_at_any_point))
