/* SPDX-License-Identifier: MIT */
/* What becomes of bytes that are queued when a stream is given up, or when the run ends. */
#include "fake_poll.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Lets everything that can happen happen: nobody is ready when the clock jumps. */
static void settle(void)
{
    EXPECT_EQ(eddy_sleep(1), 0);
}

static bool was_said(const char *words)
{
    return EXPECT(strstr(last_report_message(), words) != NULL);
}

/* A stream of whose six bytes the kernel took three. */
static eddy_stream *stuck_stream(int *out_fd)
{
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, out_fd);
    fake_room(*out_fd, 3);
    EXPECT_EQ(eddy_stream_write(stream, "abcdef", 6), 0);
    return stream;
}

/* ---- while the loop runs ---------------------------------------------------------------------*/

TEST(what_a_stream_drops_that_is_freed_without_close_is_reported)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    expect_report(EDDY_REPORT_UNSENT);
    eddy_stream_free(stream);
    was_said("dropped 3 bytes");
    was_said("freed without eddy_stream_close()");
    was_said("test_stream_end+"); // where it was opened
    fake_poll_end();
}

TEST(abort_drops_on_request)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    EXPECT_EQ(eddy_stream_abort(stream), 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_stream_with_nothing_queued_is_freed_in_silence)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EXPECT_EQ(eddy_stream_write(stream, "abc", 3), 0);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_reset_during_the_last_flush_is_reported_when_nobody_can_ask)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    eddy_stream_free(stream);
    expect_report(EDDY_REPORT_UNSENT);
    fake_fail(fd, FAKE_OUT, -ECONNRESET);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_EQ(report_count(EDDY_REPORT_UNSENT), 1);
    was_said("dropped 3 bytes");
    fake_poll_end();
}

TEST(a_reset_during_the_last_flush_is_told_to_who_waits)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    fake_fail(fd, FAKE_OUT, -ECONNRESET);
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_stream_wait_closed(stream), -ECONNRESET);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_reset_during_the_last_flush_is_told_to_who_asks_later)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    fake_fail(fd, FAKE_OUT, -ECONNRESET);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_EQ(eddy_stream_wait_closed(stream), -ECONNRESET);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_lost_queue_is_told_to_the_next_write)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    fake_fail(fd, FAKE_OUT, -EPIPE);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_EQ(eddy_stream_write(stream, "x", 1), -EPIPE);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_lost_queue_is_told_to_who_drains)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    fake_fail(fd, FAKE_OUT, -EPIPE);
    fake_event(fd, FAKE_OUT);
    EXPECT_EQ(eddy_stream_drain(stream), -EPIPE);
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_lost_queue_that_no_call_told_of_is_reported_at_the_free)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    fake_fail(fd, FAKE_OUT, -EPIPE);
    fake_event(fd, FAKE_OUT);
    settle();
    EXPECT_EQ(report_count(EDDY_REPORT_UNSENT), 0);
    expect_report(EDDY_REPORT_UNSENT);
    EXPECT_EQ(eddy_stream_close(stream), 0);
    eddy_stream_free(stream);
    EXPECT_EQ(report_count(EDDY_REPORT_UNSENT), 1);
    fake_poll_end();
}

TEST(without_memory_for_the_note_the_report_comes_at_once)
{
    int fd;
    eddy_stream *stream = stuck_stream(&fd);
    expect_report(EDDY_REPORT_UNSENT);
    fail_allocation(0);
    eddy_stream_free(stream);
    fail_allocation(-1);
    EXPECT_EQ(report_count(EDDY_REPORT_UNSENT), 1);
    fake_poll_end();
}

/* ---- the end of the run, scripted ------------------------------------------------------------*/

enum end { CLOSED_AND_FREED, CLOSED, LEFT_OPEN };

static eddy_stream *kept;

/* Ends with three bytes queued, of which the kernel then takes `room`. */
EDDY_ASYNC(ends_with_a_queue, (enum end, how), (size_t, room), (int *, out_fd))
{
    kept = stuck_stream(out_fd);
    if (how != LEFT_OPEN)
        EXPECT_EQ(eddy_stream_close(kept), 0);
    if (how == CLOSED_AND_FREED) {
        eddy_stream_free(kept);
        kept = NULL;
    }
    fake_room(*out_fd, room);
    fake_event(*out_fd, FAKE_OUT);
    fake_poll_end();
    return 0;
}

static int run_virtual(eddy_coroutine *main, double flush_timeout)
{
    return eddy_run(main, &(eddy_run_options){.virtual_clock = true,
                                              .flush_timeout = flush_timeout,
                                              .exception_handler = note_report});
}

TEST_PLAIN(the_end_of_the_run_waits_until_streams_have_sent)
{
    for (int how = CLOSED_AND_FREED; how <= LEFT_OPEN; how++) {
        int fd = -1;
        EXPECT_EQ(run_virtual(eddy_coro(ends_with_a_queue, (enum end)how, 3, &fd), 0), 0);
        EXPECT_EQ(fake_sent_size(fd), 6);
        eddy_stream_free(kept);
        kept = NULL;
    }
}

TEST_PLAIN(what_streams_have_not_sent_in_time_is_reported)
{
    for (int how = CLOSED_AND_FREED; how <= LEFT_OPEN; how++) {
        int fd = -1;
        expect_report(EDDY_REPORT_UNSENT);
        EXPECT_EQ(run_virtual(eddy_coro(ends_with_a_queue, (enum end)how, 1, &fd), 0), 0);
        EXPECT_EQ(fake_sent_size(fd), 4);
        was_said("dropped 2 bytes");
        was_said("flush_timeout");
        eddy_stream_free(kept);
        kept = NULL;
    }
}

TEST_PLAIN(with_a_negative_timeout_the_end_of_the_run_only_reports)
{
    int fd = -1;
    expect_report(EDDY_REPORT_UNSENT);
    EXPECT_EQ(run_virtual(eddy_coro(ends_with_a_queue, CLOSED_AND_FREED, 3, &fd), -1), 0);
    EXPECT_EQ(fake_sent_size(fd), 3);
    was_said("dropped 3 bytes");
}

TEST_PLAIN(the_timeout_must_be_a_number)
{
    int fd = -1;
    eddy_coroutine *main = eddy_coro(ends_with_a_queue, CLOSED, 3, &fd);
    EXPECT_EQ(run_virtual(main, 0.0 / 0.0), EDDY_EMISUSE);
}

EDDY_ASYNC(aborts_and_ends)
{
    int fd;
    kept = stuck_stream(&fd);
    EXPECT_EQ(eddy_stream_abort(kept), 0);
    fake_poll_end();
    return 0;
}

TEST_PLAIN(an_aborted_stream_holds_no_run_up)
{
    EXPECT_EQ(run_virtual(eddy_coro(aborts_and_ends), EDDY_NO_TIMEOUT), 0);
    eddy_stream_free(kept);
}

/* ---- the end of the run, with the kernel -----------------------------------------------------*/

enum { MUCH = 4 * 1024 * 1024 }; // bytes, more than any socket's buffers take

/* Reads a descriptor to its end, on a thread of its own. */
struct peer {
    pthread_t thread;
    int fd;
    size_t size;
};

static void *read_all(void *argument)
{
    struct peer *peer = argument;
    char buf[65536];
    ssize_t n;
    while ((n = read(peer->fd, buf, sizeof buf)) > 0)
        peer->size += (size_t)n;
    close(peer->fd);
    return NULL;
}

static int make_unix(int *out_ends)
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out_ends);
}

static int make_pipe(int *out_ends)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    out_ends[0] = ends[1];
    out_ends[1] = ends[0];
    return 0;
}

static int make_tcp(int *out_ends)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    out_ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listening, (struct sockaddr *)&address, size) < 0 || listen(listening, 1) < 0 ||
        getsockname(listening, (struct sockaddr *)&address, &size) < 0 ||
        connect(out_ends[0], (struct sockaddr *)&address, size) < 0)
        return -1;
    out_ends[1] = accept(listening, NULL, NULL);
    close(listening);
    return out_ends[1] < 0 ? -1 : 0;
}

/* A Unix socket whose peer has ended its own direction. */
static int make_half_closed(int *out_ends)
{
    return make_unix(out_ends) < 0 ? -1 : shutdown(out_ends[1], SHUT_WR);
}

EDDY_ASYNC(writes_much_and_ends, (int, fd), (enum end, how))
{
    char *much = calloc(1, MUCH);
    EDDY_TRY(eddy_stream_from_fd(fd, &(eddy_stream_options){.write_high = MUCH}, &kept));
    EXPECT_EQ(eddy_stream_write(kept, much, MUCH), 0);
    free(much);
    if (how != LEFT_OPEN)
        EXPECT_EQ(eddy_stream_close(kept), 0);
    if (how == CLOSED_AND_FREED) {
        eddy_stream_free(kept);
        kept = NULL;
    }
    return 0;
}

static int run_real(eddy_coroutine *main, double flush_timeout)
{
    return eddy_run(main, &(eddy_run_options){.flush_timeout = flush_timeout,
                                              .exception_handler = note_report});
}

static void expect_all_to_arrive(int (*make)(int *out_ends), enum end how)
{
    int ends[2];
    REQUIRE(make(ends) == 0);
    struct peer peer = {.fd = ends[1]};
    eddy_coroutine *main = eddy_coro(writes_much_and_ends, ends[0], how);
    REQUIRE(pthread_create(&peer.thread, NULL, read_all, &peer) == 0);
    EXPECT_EQ(run_real(main, EDDY_NO_TIMEOUT), 0);
    pthread_join(peer.thread, NULL);
    EXPECT_EQ(peer.size, MUCH);
    eddy_stream_free(kept);
    kept = NULL;
}

TEST_PLAIN(all_that_was_written_arrives_however_the_run_ends)
{
    int (*const makers[])(int *out_ends) = {make_unix, make_pipe, make_tcp, make_half_closed};
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        for (int how = CLOSED_AND_FREED; how <= LEFT_OPEN; how++)
            expect_all_to_arrive(makers[i], (enum end)how);
}

TEST_PLAIN(a_peer_that_never_reads_holds_the_run_up_for_the_timeout_alone)
{
    int ends[2];
    REQUIRE(make_unix(ends) == 0);
    expect_report(EDDY_REPORT_UNSENT);
    eddy_coroutine *main = eddy_coro(writes_much_and_ends, ends[0], CLOSED_AND_FREED);
    EXPECT_EQ(run_real(main, 1e-9), 0);
    was_said("flush_timeout");
    close(ends[1]);
}

/* Both ends belong to the loop: nobody will ever read what one of them has queued. */
EDDY_ASYNC(writes_to_itself)
{
    EDDY_AUTO(eddy_stream) *here = NULL;
    char *much = calloc(1, MUCH);
    EDDY_TRY(eddy_stream_pair(&(eddy_stream_options){.write_high = MUCH}, &here, &kept));
    EXPECT_EQ(eddy_stream_write(here, much, MUCH), 0);
    free(much);
    return eddy_stream_close(here);
}

TEST_PLAIN(a_peer_on_the_same_loop_is_not_waited_for)
{
    expect_report(EDDY_REPORT_UNSENT);
    EXPECT_EQ(run_real(eddy_coro(writes_to_itself), EDDY_NO_TIMEOUT), 0);
    eddy_stream_free(kept);
    kept = NULL;
}

RUN_TESTS(
    TEST_OF(what_a_stream_drops_that_is_freed_without_close_is_reported),
    TEST_OF(abort_drops_on_request),
    TEST_OF(a_stream_with_nothing_queued_is_freed_in_silence),
    TEST_OF(a_reset_during_the_last_flush_is_reported_when_nobody_can_ask),
    TEST_OF(a_reset_during_the_last_flush_is_told_to_who_waits),
    TEST_OF(a_reset_during_the_last_flush_is_told_to_who_asks_later),
    TEST_OF(a_lost_queue_is_told_to_the_next_write),
    TEST_OF(a_lost_queue_is_told_to_who_drains),
    TEST_OF(a_lost_queue_that_no_call_told_of_is_reported_at_the_free),
    TEST_OF(without_memory_for_the_note_the_report_comes_at_once),
    TEST_OF(the_end_of_the_run_waits_until_streams_have_sent),
    TEST_OF(what_streams_have_not_sent_in_time_is_reported),
    TEST_OF(with_a_negative_timeout_the_end_of_the_run_only_reports),
    TEST_OF(the_timeout_must_be_a_number),
    TEST_OF(an_aborted_stream_holds_no_run_up),
    TEST_OF(all_that_was_written_arrives_however_the_run_ends),
    TEST_OF(a_peer_that_never_reads_holds_the_run_up_for_the_timeout_alone),
    TEST_OF(a_peer_on_the_same_loop_is_not_waited_for), )
