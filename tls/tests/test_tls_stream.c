/* SPDX-License-Identifier: MIT */
/* Streams over TLS are streams: bytes in pieces, ends of all kinds, cancellation, no memory. */
#include "tls_pair.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* ---- a peer in the middle --------------------------------------------------------------------*/

/* Hands on what comes, in pieces, and spoils one byte of it. */
typedef struct relay {
    eddy_stream *from, *to;
    size_t piece;
    size_t spoil_at;    // from the beginning; 0: nowhere
} relay;

EDDY_ASYNC(hand_on, (relay *, it))
{
    char buf[4096];
    size_t sum = 0;
    for (;;) {
        ssize_t n = eddy_stream_read(it->from, buf, it->piece);
        if (n <= 0)
            return n < 0 ? (int)n : eddy_stream_shutdown(it->to);
        size_t size = (size_t)n;
        if (it->spoil_at >= sum && it->spoil_at < sum + size && it->spoil_at > 0)
            buf[it->spoil_at - sum] ^= 0x40;
        sum += size;
        EDDY_TRY(eddy_stream_write(it->to, buf, size));
        EDDY_TRY(eddy_sleep(0));
    }
}

struct middle {
    eddy_stream *ends[2];
    relay relays[2];
    eddy_task *tasks[2];
};

/* Puts relays between the two ends, which have no TLS yet. */
static void middle_begin(struct middle *middle, struct pair *pair, size_t piece)
{
    eddy_stream *far[2];
    pair_plain(pair, NULL);
    far[0] = pair->client;
    far[1] = pair->server;
    EXPECT_EQ(eddy_stream_pair(NULL, &pair->client, &middle->ends[0]), 0);
    pair->server = far[1];
    middle->ends[1] = far[0];
    for (int i = 0; i < 2; i++) {
        middle->relays[i] = (relay){middle->ends[i], middle->ends[1 - i], piece, 0};
        middle->tasks[i] = eddy_create_task(hand_on, &middle->relays[i]);
    }
}

static void middle_end(struct middle *middle)
{
    for (int i = 0; i < 2; i++) {
        eddy_task_cancel(middle->tasks[i]);
        EDDY_IGNORE(eddy_await(middle->tasks[i]));
        eddy_task_free(middle->tasks[i]);
        eddy_stream_free(middle->ends[i]);
    }
}

/* ---- bytes -----------------------------------------------------------------------------------*/

enum { MUCH = 1 << 20 };

static char byte_at(size_t i)
{
    return (char)(i * 7 % 251);
}

EDDY_ASYNC(send_much, (eddy_stream *, stream), (size_t, size))
{
    char *data = malloc(size);
    for (size_t i = 0; i < size; i++)
        data[i] = byte_at(i);
    int rc = eddy_stream_write(stream, data, size);
    free(data);
    return rc < 0 ? rc : eddy_stream_shutdown(stream);
}

EDDY_ASYNC_TO(size_t, receive_much, (eddy_stream *, stream))
{
    char buf[10000];
    *result = 0;
    for (;;) {
        ssize_t n = eddy_stream_read(stream, buf, sizeof buf);
        if (n <= 0)
            return (int)n;
        for (ssize_t i = 0; i < n; i++)
            if (buf[i] != byte_at(*result + (size_t)i))
                return EDDY_EVALUE;
        *result += (size_t)n;
    }
}

static void send_both_ways(struct pair *pair, size_t size)
{
    size_t sizes[2];
    eddy_task *senders[] = {eddy_create_task(send_much, pair->client, size),
                            eddy_create_task(send_much, pair->server, size)};
    eddy_task *receivers[] = {eddy_create_task(receive_much, pair->client),
                              eddy_create_task(receive_much, pair->server)};
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(eddy_await(receivers[i], &sizes[i]), 0);
        EXPECT_EQ(sizes[i], size);
        EXPECT_EQ(eddy_await(senders[i]), 0);
        eddy_task_free(receivers[i]);
        eddy_task_free(senders[i]);
    }
}

TEST(much_goes_both_ways_at_once)
{
    for (int version = EDDY_TLS_1_2; version <= EDDY_TLS_1_3; version++) {
        struct pair pair;
        pair_open_at(&pair, version, NULL);
        send_both_ways(&pair, is_watched() ? MUCH / 8 : MUCH);
        pair_close(&pair);
    }
}

TEST(records_may_come_in_any_pieces)
{
    static const size_t pieces[] = {1, 5, 4096};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct pair pair;
        struct middle middle;
        middle_begin(&middle, &pair, pieces[i]);
        pair_shake(&pair, "localhost");
        EXPECT_EQ(pair.client_status, 0);
        EXPECT_EQ(pair.server_status, 0);
        send_both_ways(&pair, is_watched() ? 300 : 20000);
        middle_end(&middle);
        pair_close(&pair);
    }
}

TEST(a_byte_that_was_changed_on_the_way_is_noticed)
{
    struct pair pair;
    struct middle middle;
    char buf[64];
    middle_begin(&middle, &pair, 4096);
    pair_shake(&pair, "localhost");
    EXPECT_EQ(eddy_stream_write(pair.client, "as it was", 9), 0);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 9);
    // A new relay: it counts from what it takes next.
    eddy_task_cancel(middle.tasks[0]);
    EXPECT_EQ(eddy_await(middle.tasks[0]), EDDY_CANCELLED);
    eddy_task_free(middle.tasks[0]);
    middle.relays[0].spoil_at = 10;
    middle.tasks[0] = eddy_create_task(hand_on, &middle.relays[0]);
    EXPECT_EQ(eddy_stream_write(pair.client, "as it was", 9), 0);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), EDDY_TLS_FAILED);
    EXPECT(strstr(message_of(EDDY_TLS_FAILED), "bad record mac") != NULL);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), EDDY_TLS_FAILED);
    EXPECT_EQ(eddy_stream_write(pair.server, "x", 1), EDDY_TLS_FAILED);
    EXPECT_EQ(eddy_stream_read(pair.client, buf, sizeof buf), EDDY_TLS_FAILED);    // it is told
    middle_end(&middle);
    pair_close(&pair);
}

TEST(all_ways_of_reading_work)
{
    struct pair pair;
    eddy_span span;
    char buf[64];
    pair_open(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.client, "abcdef;ghi;jkl", 14), 0);
    EXPECT_EQ(eddy_stream_peek(pair.server, 3, &span), 0);
    EXPECT(span.size >= 3 && memcmp(span.data, "abc", 3) == 0);
    EXPECT_EQ(eddy_stream_consume(pair.server, 3), 0);
    EXPECT_EQ(eddy_stream_read_until(pair.server, ";", 1, &span), 0);
    EXPECT(span.size == 4 && memcmp(span.data, "def;", 4) == 0);
    EXPECT_EQ(eddy_stream_read_exactly(pair.server, buf, 4), 0);
    EXPECT(memcmp(buf, "ghi;", 4) == 0);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(eddy_stream_read_exactly(pair.server, buf, 4), EDDY_INCOMPLETE);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 3);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 0);
    pair_close(&pair);
}

TEST(a_message_in_parts_is_one_write)
{
    struct pair pair;
    char *big = malloc(100000);
    memset(big, 'b', 100000);
    pair_open(&pair, NULL);
    const struct iovec small[] = {{"head ", 5}, {NULL, 0}, {"body", 4}};
    const struct iovec large[] = {{"head ", 5}, {big, 100000}};
    char buf[16];
    EXPECT_EQ(eddy_stream_writev(pair.client, small, 3), 0);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 9);    // in one record
    EXPECT(memcmp(buf, "head body", 9) == 0);
    EXPECT_EQ(eddy_stream_writev(pair.client, large, 2), 0);
    EXPECT_EQ(eddy_stream_read_exactly(pair.server, buf, 6), 0);
    EXPECT(memcmp(buf, "head b", 6) == 0);
    EXPECT_EQ(eddy_stream_read_exactly(pair.server, big, 99999), 0);
    EXPECT_EQ(big[0], 'b');
    EXPECT_EQ(big[99998], 'b');
    EXPECT_EQ(eddy_stream_writev(pair.client, small, -1), EDDY_EVALUE);
    EXPECT_EQ(eddy_stream_write(pair.client, "", 0), 0);
    pair_close(&pair);
    free(big);
}

/* ---- waiting ---------------------------------------------------------------------------------*/

EDDY_ASYNC_TO(ssize_t, read_some, (eddy_stream *, stream))
{
    char buf[64];
    *result = eddy_stream_read(stream, buf, sizeof buf);
    return *result < 0 ? (int)*result : 0;
}

TEST(a_cancelled_read_loses_nothing)
{
    struct pair pair;
    ssize_t n;
    pair_open(&pair, NULL);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_some, pair.server);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_stream_write(pair.client, "kept", 4), 0);
    eddy_task_cancel(reader);
    EXPECT_EQ(eddy_await(reader), EDDY_CANCELLED);
    EXPECT_EQ(read_some(&n, pair.server), 0);
    EXPECT_EQ(n, 4);
    pair_close(&pair);
}

EDDY_ASYNC(write_much, (eddy_stream *, stream), (size_t, size))
{
    char *data = calloc(1, size);
    int rc = eddy_stream_write(stream, data, size);
    free(data);
    return rc;
}

TEST(a_write_waits_for_a_slow_reader_and_a_cancelled_one_is_sent)
{
    struct pair pair;
    char *all = malloc(4 * MUCH);
    pair_open(&pair, NULL);
    EDDY_AUTO(eddy_task) *writer = eddy_create_task(write_much, pair.client, 2 * MUCH);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(!eddy_task_done(writer));    // more than the kernel and write_high take
    eddy_task_cancel(writer);
    EXPECT_EQ(eddy_await(writer), EDDY_CANCELLED);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(read_all(pair.server, all, 4 * MUCH), 2 * MUCH);
    EXPECT_EQ(eddy_stream_wait_closed(pair.client), 0);
    pair_close(&pair);
    free(all);
}

TEST(one_task_reads_while_another_writes)
{
    struct pair pair;
    ssize_t n;
    pair_open(&pair, NULL);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_some, pair.client);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_stream_write(pair.client, "ping", 4), 0);
    EXPECT_EQ(read_some(&n, pair.server), 0);
    EXPECT_EQ(n, 4);
    EXPECT_EQ(eddy_stream_write(pair.server, "pong!", 5), 0);
    EXPECT_EQ(eddy_await(reader, &n), 0);
    EXPECT_EQ(n, 5);
    pair_close(&pair);
}

/* ---- ends ------------------------------------------------------------------------------------*/

TEST(a_close_tells_the_peer)
{
    struct pair pair;
    char buf[8];
    pair_open(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.client, "end", 3), 0);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 3);
    EXPECT(!eddy_stream_at_eof(pair.server));
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 0);
    EXPECT(eddy_stream_at_eof(pair.server));
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 0);
    pair_close(&pair);
}

TEST(a_close_is_no_reset_though_tickets_were_never_read)
{
    struct pair pair;
    char buf[8];
    pair_open(&pair, NULL);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 0);
    EXPECT_EQ(recv(eddy_stream_fd(pair.server), buf, sizeof buf, MSG_DONTWAIT), 0);
    pair_close(&pair);
}

TEST(an_end_without_a_word_is_an_error)
{
    struct pair pair;
    char buf[8];
    pair_open(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.server, "go", 2), 0);
    EXPECT_EQ(eddy_stream_read(pair.client, buf, sizeof buf), 2);    // nothing is left unread
    EXPECT_EQ(eddy_stream_write(pair.client, "end", 3), 0);
    EXPECT_EQ(eddy_stream_abort(pair.client), 0);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), 3);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), EDDY_TLS_EOF);
    EXPECT_EQ(eddy_stream_read(pair.server, buf, sizeof buf), EDDY_TLS_EOF);
    EXPECT(!eddy_stream_at_eof(pair.server));
    pair_close(&pair);
}

TEST(one_direction_can_end_alone)
{
    struct pair pair;
    char buf[8];
    pair_open(&pair, NULL);
    EXPECT_EQ(eddy_stream_write(pair.client, "ask", 3), 0);
    EXPECT_EQ(eddy_stream_shutdown(pair.client), 0);
    EXPECT_EQ(eddy_stream_shutdown(pair.client), 0);
    EXPECT_EQ(eddy_stream_write(pair.client, "more", 4), -EBADF);
    EXPECT_EQ(read_all(pair.server, buf, sizeof buf), 3);
    EXPECT_EQ(eddy_stream_write(pair.server, "answer", 6), 0);
    EXPECT_EQ(eddy_stream_close(pair.server), 0);
    EXPECT_EQ(read_all(pair.client, buf, sizeof buf), 6);
    pair_close(&pair);
}

TEST(a_reader_is_woken_by_a_close)
{
    struct pair pair;
    pair_open(&pair, NULL);
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_some, pair.client);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(eddy_await(reader), -EBADF);
    pair_close(&pair);
}

TEST(a_peer_that_is_gone_fails_the_write)
{
    struct pair pair;
    pair_open(&pair, NULL);
    EXPECT_EQ(eddy_stream_abort(pair.server), 0);
    EXPECT_EQ(eddy_stream_write(pair.client, "x", 1), -EPIPE);
    EXPECT_EQ(eddy_stream_write(pair.client, "x", 1), -EPIPE);
    EXPECT_EQ(eddy_stream_close(pair.client), 0);
    EXPECT_EQ(eddy_stream_wait_closed(pair.client), -EPIPE);
    pair_close(&pair);
}

/* A loop that ends with a connection open: its owner frees what is left. */
static struct pair left;

EDDY_ASYNC(leave_open)
{
    pair_open(&left, NULL);
    return eddy_stream_write(left.client, "unread", 6);
}

TEST_PLAIN(a_stream_outlives_its_loop)
{
    EXPECT_EQ(eddy_run(eddy_coro(leave_open), NULL), 0);
    EXPECT_EQ(eddy_stream_write(left.client, "x", 1), -EBADF);
    pair_close(&left);
}

/* ---- memory ----------------------------------------------------------------------------------*/

/* A conversation in which an allocation may fail: how it ended, the first error first. */
static int converse(struct pair *pair)
{
    char buf[16];
    eddy_span line;
    pair_shake(pair, "localhost");
    if (pair->client_status < 0 || pair->server_status < 0)
        return pair->client_status < 0 ? pair->client_status : pair->server_status;
    EDDY_TRY(eddy_stream_write(pair->client, "question\n", 9));
    EDDY_TRY(eddy_stream_readline(pair->server, &line));
    EDDY_TRY(eddy_stream_write(pair->server, "answer", 6));
    EDDY_TRY(eddy_stream_read_exactly(pair->client, buf, 6));
    eddy_tls_info info;
    EDDY_TRY(eddy_stream_tls_info(pair->client, &info));
    EDDY_TRY(eddy_stream_close(pair->client));
    return eddy_stream_read(pair->server, buf, sizeof buf) == 0 ? 0 : -EIO;
}

TEST(no_memory_at_any_point_is_an_error_and_no_more)
{
    long count = 1;
    for (long n = -1; n < count; n++) {
        struct pair pair;
        pair_plain(&pair, NULL);
        fail_allocation(n);
        int rc = converse(&pair);
        if (n < 0)
            count = allocation_count();
        fail_allocation(-1);
        harness_expect(n < 0 ? rc == 0 : true, __FILE__, __LINE__, "allocation %ld: %d", n, rc);
        pair_close(&pair);
    }
    EXPECT(count > 5);
}

/* ---- the end of the run ----------------------------------------------------------------------*/

/* A server on a thread and a loop of its own, which reads until the client's end. */
struct far_server {
    pthread_t thread;
    int fd;
    ssize_t size; // bytes that came, or why it ended otherwise
};

EDDY_ASYNC(read_far, (struct far_server *, server))
{
    EDDY_AUTO(eddy_tls_context) *context = new_context(server_options());
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EDDY_TRY(eddy_stream_from_fd(server->fd, NULL, &stream));
    EDDY_TRY(eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_side = true}));
    char *data = malloc(MUCH + 1);
    server->size = read_all(stream, data, MUCH + 1);
    free(data);
    return eddy_stream_close(stream);
}

static void *run_far(void *argument)
{
    struct far_server *server = argument;
    EXPECT_EQ(eddy_run(eddy_coro(read_far, server), NULL), 0);
    return NULL;
}

EDDY_ASYNC(send_and_end, (int, fd))
{
    EDDY_AUTO(eddy_tls_context) *context = new_context(client_options());
    EDDY_AUTO(eddy_stream) *stream = NULL;
    eddy_stream_options options = {.write_high = 2 * MUCH};
    EDDY_TRY(eddy_stream_from_fd(fd, &options, &stream));
    EDDY_TRY(eddy_stream_start_tls(stream, context,
                                   &(eddy_tls_options){.server_hostname = "localhost"}));
    char *data = calloc(1, MUCH);
    EXPECT_EQ(eddy_stream_write(stream, data, MUCH), 0);
    free(data);
    return eddy_stream_close(stream);
}

TEST_PLAIN(all_that_was_written_and_the_end_arrive_after_main_has_ended)
{
    int ends[2];
    struct far_server server = {.size = 0};
    (void)server_options(); // makes the certificate, before there are threads
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    server.fd = ends[1];
    REQUIRE(pthread_create(&server.thread, NULL, run_far, &server) == 0);
    EXPECT_EQ(eddy_run(eddy_coro(send_and_end, ends[0]),
                       &(eddy_run_options){.flush_timeout = EDDY_NO_TIMEOUT,
                                           .exception_handler = note_report}),
              0);
    pthread_join(server.thread, NULL);
    EXPECT_EQ(server.size, MUCH);
}

RUN_TESTS(TEST_OF(much_goes_both_ways_at_once), TEST_OF(records_may_come_in_any_pieces),
          TEST_OF(a_byte_that_was_changed_on_the_way_is_noticed), TEST_OF(all_ways_of_reading_work),
          TEST_OF(a_message_in_parts_is_one_write), TEST_OF(a_cancelled_read_loses_nothing),
          TEST_OF(a_write_waits_for_a_slow_reader_and_a_cancelled_one_is_sent),
          TEST_OF(one_task_reads_while_another_writes), TEST_OF(a_close_tells_the_peer),
          TEST_OF(a_close_is_no_reset_though_tickets_were_never_read),
          TEST_OF(an_end_without_a_word_is_an_error), TEST_OF(one_direction_can_end_alone),
          TEST_OF(a_reader_is_woken_by_a_close), TEST_OF(a_peer_that_is_gone_fails_the_write),
          TEST_OF(a_stream_outlives_its_loop),
          TEST_OF(no_memory_at_any_point_is_an_error_and_no_more),
          TEST_OF(all_that_was_written_and_the_end_arrive_after_main_has_ended))
