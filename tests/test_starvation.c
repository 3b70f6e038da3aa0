/* SPDX-License-Identifier: MIT */
/* A loop around a call that returns at once, for ever, lets other tasks run. */
#include "fake_poll.h"
#include "harness.h"

#include <eddy/fd.h>
#include <eddy/stream_layer.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CALLS = 200 };

static long ticks;

EDDY_ASYNC(tick)
{
    for (;;) {
        EDDY_TRY(eddy_sleep(0));
        ticks++;
    }
}

/* What the calls are made on. */
static struct subject {
    eddy_stream *ended;  // its peer has gone
    eddy_stream *closed;
    eddy_stream *broken; // a write has failed
    eddy_listener *closed_listener;
    eddy_listener *listener;
    char port[8];      // that nobody listens on
    char used_port[8]; // of `listener`
    int plain_file;
} subject;

static ssize_t read_ended(void)
{
    char byte;
    return eddy_stream_read(subject.ended, &byte, 1);
}

static ssize_t read_line_ended(void)
{
    eddy_span line;
    return eddy_stream_readline(subject.ended, &line);
}

static ssize_t peek_ended(void)
{
    eddy_span bytes;
    return eddy_stream_peek(subject.ended, 1, &bytes);
}

static ssize_t read_exactly_ended(void)
{
    char bytes[4];
    return eddy_stream_read_exactly(subject.ended, bytes, sizeof bytes);
}

static ssize_t read_until_ended(void)
{
    eddy_span bytes;
    return eddy_stream_read_until(subject.ended, "x", 1, &bytes);
}

static ssize_t read_closed(void)
{
    char byte;
    return eddy_stream_read(subject.closed, &byte, 1);
}

static ssize_t write_closed(void)
{
    return eddy_stream_write(subject.closed, "x", 1);
}

static ssize_t writev_closed(void)
{
    return eddy_stream_writev(subject.closed, &(struct iovec){"x", 1}, 1);
}

static ssize_t write_broken(void)
{
    return eddy_stream_write(subject.broken, "x", 1);
}

static ssize_t drain_broken(void)
{
    return eddy_stream_drain(subject.broken);
}

static void free_nothing(void *data)
{
    (void)data;
}

static ssize_t add_layer_closed(void)
{
    static const eddy_stream_layer layer = {.call = "add_layer_closed", .free = free_nothing};
    return eddy_stream_add_layer(subject.closed, &layer, NULL);
}

static ssize_t accept_closed(void)
{
    eddy_stream *stream;
    return eddy_listener_accept(subject.closed_listener, &stream);
}

static ssize_t connect_refused(void)
{
    eddy_stream *stream;
    return eddy_open_connection("127.0.0.1", subject.port, NULL, &stream);
}

static ssize_t connect_unknown(void)
{
    eddy_stream *stream;
    return eddy_open_connection("127.0.0.1", "99999", NULL, &stream);
}

static ssize_t connect_unix_missing(void)
{
    eddy_stream *stream;
    return eddy_open_unix_connection("/nonexistent/socket", NULL, &stream);
}

static ssize_t listen_in_use(void)
{
    eddy_listener *listener;
    return eddy_listen("127.0.0.1", subject.used_port, NULL, &listener);
}

static ssize_t wait_no_descriptor(void)
{
    return eddy_wait_readable(-1);
}

static ssize_t wait_plain_file(void)
{
    return eddy_wait_writable(subject.plain_file);
}

EDDY_ASYNC(nothing)
{
    return 0;
}

static ssize_t start_no_thread(void)
{
    eddy_coroutine *coroutine = eddy_coro(nothing);
    fail_allocation(0);
    int rc = eddy_to_thread(coroutine);
    fail_allocation(-1);
    return rc;
}

static ssize_t sleep_zero(void)
{
    return eddy_sleep(0);
}

static ssize_t sleep_backwards(void)
{
    return eddy_sleep(-1);
}

static const struct {
    const char *name;
    ssize_t (*call)(void);
} calls[] = {
    {"read at the end", read_ended},
    {"readline at the end", read_line_ended},
    {"peek at the end", peek_ended},
    {"read_exactly at the end", read_exactly_ended},
    {"read_until at the end", read_until_ended},
    {"read, closed", read_closed},
    {"write, closed", write_closed},
    {"writev, closed", writev_closed},
    {"write, broken", write_broken},
    {"drain, broken", drain_broken},
    {"add_layer, closed", add_layer_closed},
    {"accept, closed", accept_closed},
    {"connect, refused", connect_refused},
    {"connect, no such port", connect_unknown},
    {"connect, no such path", connect_unix_missing},
    {"listen, in use", listen_in_use},
    {"wait, no descriptor", wait_no_descriptor},
    {"wait, plain file", wait_plain_file},
    {"to_thread, no memory", start_no_thread},
    {"sleep of 0", sleep_zero},
    {"sleep of -1", sleep_backwards},
};

/* A port that is bound, so that nobody else gets it, and refuses connections. */
static int bind_port(char *out_port, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(fd, (struct sockaddr *)&address, address_size), 0);
    EXPECT_EQ(getsockname(fd, (struct sockaddr *)&address, &address_size), 0);
    snprintf(out_port, size, "%d", ntohs(address.sin_port));
    return fd;
}

static int make_subject(void)
{
    eddy_stream *peer;
    EDDY_TRY(eddy_stream_pair(NULL, &subject.ended, &peer));
    eddy_stream_free(peer);
    EDDY_TRY(eddy_stream_pair(NULL, &subject.closed, &peer));
    eddy_stream_free(peer);
    EDDY_TRY(eddy_stream_close(subject.closed));
    EDDY_TRY(eddy_stream_pair(NULL, &subject.broken, &peer));
    eddy_stream_free(peer);
    EXPECT_EQ(eddy_stream_write(subject.broken, "x", 1), -EPIPE);
    EDDY_TRY(eddy_listen("127.0.0.1", "0", NULL, &subject.listener));
    snprintf(subject.used_port, sizeof subject.used_port, "%d",
             eddy_listener_port(subject.listener));
    EDDY_TRY(eddy_listen("127.0.0.1", "0", NULL, &subject.closed_listener));
    EDDY_TRY(eddy_listener_close(subject.closed_listener));
    subject.plain_file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    return subject.plain_file < 0 ? -errno : 0;
}

static void drop_subject(void)
{
    eddy_stream_free(subject.ended);
    eddy_stream_free(subject.closed);
    eddy_stream_free(subject.broken);
    eddy_listener_free(subject.listener);
    eddy_listener_free(subject.closed_listener);
    close(subject.plain_file);
}

TEST_REAL(calls_that_fail_at_once_starve_nobody)
{
    int bound = bind_port(subject.port, sizeof subject.port);
    EXPECT_EQ(make_subject(), 0);
    EDDY_AUTO(eddy_task) *ticker = eddy_create_task(tick);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        ticks = 0;
        for (int n = 0; n < CALLS; n++)
            harness_expect(calls[i].call() <= 0, __FILE__, __LINE__, "%s to fail", calls[i].name);
        harness_expect(ticks >= CALLS - 1, __FILE__, __LINE__, "%s to let others run: %ld ticks",
                       calls[i].name, ticks);
    }
    eddy_task_cancel(ticker);
    EDDY_IGNORE(eddy_await(ticker));
    drop_subject();
    close(bound);
}

TEST(writes_that_never_wait_starve_nobody)
{
    int fd;
    fake_poll_begin();
    eddy_stream *stream = fake_stream(NULL, &fd);
    EDDY_AUTO(eddy_task) *ticker = eddy_create_task(tick);
    ticks = 0;
    for (int i = 0; i < CALLS; i++) {
        EXPECT_EQ(eddy_stream_write(stream, "abc", 3), 0);
        EXPECT_EQ(eddy_stream_writev(stream, &(struct iovec){"abc", 3}, 1), 0);
    }
    EXPECT(ticks >= 2 * CALLS / 32 - 1);
    eddy_task_cancel(ticker);
    EDDY_IGNORE(eddy_await(ticker));
    eddy_stream_free(stream);
    fake_poll_end();
}

TEST(a_cancellation_reaches_a_loop_around_a_failing_call)
{
    EXPECT_EQ(make_subject(), 0);
    int count = 0;
    EXPECT_EQ(eddy_timeout_begin(0), 0);
    int rc;
    do
        rc = (int)accept_closed();
    while (rc == -EBADF && ++count < CALLS);
    EXPECT_EQ(eddy_timeout_end(rc), EDDY_TIMEDOUT);
    EXPECT(count < CALLS);
    drop_subject();
}

RUN_TESTS(TEST_OF(calls_that_fail_at_once_starve_nobody),
          TEST_OF(writes_that_never_wait_starve_nobody),
          TEST_OF(a_cancellation_reaches_a_loop_around_a_failing_call))
