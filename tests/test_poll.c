/* SPDX-License-Identifier: MIT */
/* The epoll poller against the real kernel, without a loop above it. */
#include "harness.h"

#include "poll/poll.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An operation that counts its completions, in the order in which they come. */
struct counted {
    struct poll_op op;
    unsigned count;
    unsigned order;
    bool forgets; // its file, when it is done
    struct poller *poller;
};

static unsigned order;

static void count(struct poll_op *op)
{
    struct counted *counted = container_of(op, struct counted, op);
    counted->count++;
    counted->order = ++order;
    if (counted->forgets)
        eddy__poll_forget(counted->poller, op->file);
}

static struct counted counted(struct poll_file *file, enum poll_kind kind)
{
    return (struct counted){.op = {.file = file, .kind = (uint8_t)kind, .done = count}};
}

static struct poller *poller;
static int ends[2];
static struct poll_file file;
static struct counted in;
static struct counted out;
static char buf[64];

static void begin(enum poll_file_kind kind)
{
    EXPECT_EQ(eddy__poller_open(&poller), 0);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    eddy__poll_file_init(&file, ends[0], kind);
    in = counted(&file, POLL_RECEIVE);
    out = counted(&file, POLL_SEND);
}

static void end(void)
{
    (void)eddy__poll_cancel(poller, &in.op);
    (void)eddy__poll_cancel(poller, &out.op);
    EXPECT_EQ(eddy__poller_pending(poller), 0);
    eddy__poll_forget(poller, &file);
    close(ends[0]);
    close(ends[1]);
    eddy__poller_close(poller);
}

static ssize_t receive(size_t size)
{
    in.op.memory = buf;
    in.op.size = size;
    return eddy__poll_try(poller, &in.op);
}

static ssize_t send_text(const char *text)
{
    out.op.memory = (char *)text;
    out.op.size = strlen(text);
    return eddy__poll_try(poller, &out.op);
}

/* Sends until the kernel takes no more. */
static void fill(void)
{
    static char block[65536];
    out.op.memory = block;
    out.op.size = sizeof block;
    while (eddy__poll_try(poller, &out.op) > 0)
        continue;
}

static void say(const char *text)
{
    EXPECT_EQ(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
}

TEST_PLAIN(a_receive_completes_when_there_is_something)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT_EQ(eddy__poller_pending(poller), 1);
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    say("abc");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(in.op.result, -EAGAIN);
    EXPECT_EQ(eddy__poller_pending(poller), 0);
    EXPECT_EQ(receive(10), 3);
    end();
}

TEST_PLAIN(after_a_short_read_nobody_asks_until_there_is_news)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    say("abc");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(receive(2), 2); // full: there may be more
    EXPECT_EQ(receive(2), 1); // short: there isn't
    say("d");
    EXPECT_EQ(receive(2), -EAGAIN); // not asked, though something has come
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(receive(2), 1);
    end();
}

TEST_PLAIN(after_a_hang_up_a_short_read_proves_nothing)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    say("abc");
    shutdown(ends[1], SHUT_WR);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(receive(10), 3);
    EXPECT_EQ(receive(10), 0); // no event would have come for the end
    end();
}

TEST_PLAIN(descriptors_that_come_along_do_not_hide_what_follows)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {"with", 4};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    EXPECT_EQ(sendmsg(ends[1], &message, 0), 4);
    say("after");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(receive(20), 4);
    EXPECT_EQ(receive(20), 5);
    end();
}

TEST_PLAIN(hang_up_wakes_both_sides_the_incoming_one_first)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    fill();
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT_EQ(eddy__poll_submit(poller, &out.op), 0);
    close(ends[1]);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 2);
    EXPECT(in.order < out.order);
    EXPECT_EQ(out.op.result, -EPIPE);
    EXPECT(receive(10) <= 0);
    ends[1] = -1;
    end();
}

TEST_PLAIN(a_send_goes_on_when_there_is_room)
{
    begin(POLL_UNIX_SOCKET);
    fill();
    EXPECT_EQ(send_text("x"), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &out.op), 0);
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    static char sink[1 << 20];
    while (read(ends[1], sink, sizeof sink) > 0)
        continue;
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(out.op.result, 1);
    EXPECT_EQ(read(ends[1], sink, sizeof sink), 1);
    EXPECT_EQ(sink[0], 'x');
    end();
}

TEST_PLAIN(news_of_a_forgotten_file_is_dropped)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT(eddy__poll_cancel(poller, &in.op));
    EXPECT(eddy__poll_cancel(poller, &in.op)); // idle: nothing to take back
    int elsewhere = dup(ends[0]);               // as in a child process
    eddy__poll_forget(poller, &file);
    close(ends[0]);
    say("for nobody");
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);

    // The number is used again, and the old registration still speaks of it.
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    EXPECT_EQ(pair[0], ends[0]);
    eddy__poll_file_init(&file, pair[0], POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    say("for nobody");
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    EXPECT_EQ(in.count, 0);
    EXPECT_EQ(write(pair[1], "x", 1), 1);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    close(elsewhere);
    close(pair[1]);
    end();
}

TEST_PLAIN(a_file_may_be_forgotten_by_what_it_completes)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    in.forgets = true;
    in.poller = poller;
    close(ends[1]); // in and out in one event
    ends[1] = -1;
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    end();
}

/* ---- other code's descriptors ----------------------------------------------------------------*/

TEST_PLAIN(a_single_wait_leaves_nothing_armed)
{
    begin(POLL_FOREIGN);
    in.op.kind = POLL_READABLE;
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    say("x");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(in.op.result, 0);
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0); // still there
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);

    // Other code closes it, and has another one under the same number.
    close(ends[0]);
    close(ends[1]);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    EXPECT_EQ(ends[0], file.fd);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    say("x");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    end();
}

TEST_PLAIN(a_repeated_one_comes_as_long_as_there_is_something)
{
    begin(POLL_FOREIGN);
    in.op.kind = POLL_READABLE;
    in.op.repeats = true;
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    say("x");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(read(ends[0], buf, 1), 1);
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    say("x");
    EXPECT(eddy__poll_cancel(poller, &in.op));
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    end();
}

TEST_PLAIN(a_single_wait_ends_and_the_repeated_one_beside_it_goes_on)
{
    begin(POLL_FOREIGN);
    in.op.kind = POLL_READABLE;
    in.op.repeats = true;
    out.op.kind = POLL_WRITABLE;
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT_EQ(eddy__poll_submit(poller, &out.op), 0);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(out.count, 1);
    EXPECT_EQ(eddy__poller_wait(poller, 0), 0); // writable, and nobody wants to know
    say("x");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(in.count, 1);
    in.op.repeats = false; // from the next submit on
    EXPECT(eddy__poll_cancel(poller, &in.op));
    EXPECT_EQ(eddy__poll_submit(poller, &out.op), 0);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 2);
    end();
}

TEST_PLAIN(what_cannot_be_waited_for_says_so)
{
    begin(POLL_FOREIGN);
    int plain = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct poll_file other;
    eddy__poll_file_init(&other, plain, POLL_FOREIGN);
    struct counted op = counted(&other, POLL_READABLE);
    EXPECT_EQ(eddy__poll_submit(poller, &op.op), -EPERM);
    EXPECT_EQ(op.op.state, POLL_IDLE);
    close(plain);
    EXPECT_EQ(eddy__poll_submit(poller, &op.op), -EBADF);
    EXPECT_EQ(eddy__poller_pending(poller), 0);
    eddy__poll_forget(poller, &other);
    end();
}

TEST_PLAIN(a_descriptor_of_ours_is_not_taken_from_us)
{
    begin(POLL_UNIX_SOCKET);
    EXPECT_EQ(receive(10), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &in.op), 0);
    struct poll_file same;
    eddy__poll_file_init(&same, ends[0], POLL_FOREIGN);
    struct counted op = counted(&same, POLL_READABLE);
    EXPECT_EQ(eddy__poll_submit(poller, &op.op), -EBUSY);
    eddy__poll_forget(poller, &same);
    say("x");
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    EXPECT_EQ(in.count, 1);
    end();
}

/* ---- connections -----------------------------------------------------------------------------*/

TEST_PLAIN(a_connect_and_an_accept_meet)
{
    begin(POLL_SOCKET);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct poll_file door;
    eddy__poll_file_init(&door, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                         POLL_SOCKET);
    EXPECT_EQ(bind(door.fd, (struct sockaddr *)&address, size), 0);
    EXPECT_EQ(listen(door.fd, 1), 0);
    EXPECT_EQ(getsockname(door.fd, (struct sockaddr *)&address, &size), 0);
    struct counted accepting = counted(&door, POLL_ACCEPT);
    EXPECT_EQ(eddy__poll_try(poller, &accepting.op), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &accepting.op), 0);

    struct poll_file client;
    eddy__poll_file_init(&client, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                         POLL_SOCKET);
    struct counted connecting = counted(&client, POLL_CONNECT);
    connecting.op.memory = &address;
    connecting.op.size = size;
    EXPECT_EQ(eddy__poll_try(poller, &connecting.op), -EINPROGRESS);
    EXPECT_EQ(eddy__poll_submit(poller, &connecting.op), 0);
    while (eddy__poller_pending(poller) > 0)
        EXPECT(eddy__poller_wait(poller, NS_NEVER) > 0);
    EXPECT_EQ(connecting.op.result, 0);
    ssize_t fd = eddy__poll_try(poller, &accepting.op);
    EXPECT(fd >= 0);
    EXPECT_EQ(fcntl((int)fd, F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(eddy__poll_try(poller, &accepting.op), -EAGAIN);

    // A reset alone, while both directions wait.
    struct counted reading = counted(&client, POLL_RECEIVE);
    reading.op.memory = buf;
    reading.op.size = 1;
    EXPECT_EQ(eddy__poll_try(poller, &reading.op), -EAGAIN);
    EXPECT_EQ(eddy__poll_submit(poller, &reading.op), 0);
    struct linger none = {.l_onoff = 1};
    setsockopt((int)fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close((int)fd);
    EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 1);
    reading.op.memory = buf;
    EXPECT_EQ(eddy__poll_try(poller, &reading.op), -ECONNRESET);
    eddy__poll_forget(poller, &client);
    eddy__poll_forget(poller, &door);
    close(client.fd);
    close(door.fd);
    end();
}

/* ---- time, wakes and signals -----------------------------------------------------------------*/

TEST_PLAIN(a_wait_is_never_too_short)
{
    begin(POLL_UNIX_SOCKET);
    for (int64_t timeout_ns = 1; timeout_ns < 5000000; timeout_ns = timeout_ns * 3 + 7) {
        int64_t before_ns = eddy__clock_now_ns();
        EXPECT_EQ(eddy__poller_wait(poller, timeout_ns), 0);
        EXPECT(eddy__clock_now_ns() - before_ns >= timeout_ns);
    }
    end();
}

static void *wake_from_elsewhere(void *data)
{
    eddy__poller_wake(data);
    return NULL;
}

TEST_PLAIN(a_wake_ends_the_wait_under_way_or_the_next_one)
{
    begin(POLL_UNIX_SOCKET);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        EXPECT_EQ(pthread_create(&thread, NULL, wake_from_elsewhere, poller), 0);
        EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 0);
        pthread_join(thread, NULL);
        eddy__poller_wake(poller);
        eddy__poller_wake(poller);
        EXPECT_EQ(eddy__poller_wait(poller, NS_NEVER), 0);
        EXPECT_EQ(eddy__poller_wait(poller, 0), 0);
    }
    end();
}

static atomic_bool is_interrupted;
static pthread_t waiting_thread;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&is_interrupted, true);
}

static void *interrupt(void *data)
{
    (void)data;
    while (!atomic_load(&is_interrupted))
        pthread_kill(waiting_thread, SIGUSR1);
    return NULL;
}

TEST_PLAIN(a_signal_ends_a_wait_with_nothing)
{
    begin(POLL_UNIX_SOCKET);
    struct sigaction before;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, &before);
    waiting_thread = pthread_self();
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, interrupt, NULL), 0);
    int64_t limit_ns = 10 * NS_PER_S;
    while (!atomic_load(&is_interrupted))
        EXPECT_EQ(eddy__poller_wait(poller, limit_ns), 0);
    pthread_join(thread, NULL);
    sigaction(SIGUSR1, &before, NULL);
    end();
}

TEST_PLAIN(a_broken_pipe_is_an_error_and_no_signal)
{
    begin(POLL_UNIX_SOCKET);
    int pipe_ends[2];
    EXPECT_EQ(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
    close(pipe_ends[0]);
    struct poll_file tube;
    eddy__poll_file_init(&tube, pipe_ends[1], POLL_PIPE);
    struct counted op = counted(&tube, POLL_SEND);
    op.op.memory = buf;
    op.op.size = 1;
    EXPECT_EQ(eddy__poll_try(poller, &op.op), -EPIPE);
    sigset_t pending;
    sigset_t mask;
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    EXPECT(!sigismember(&pending, SIGPIPE));
    EXPECT(!sigismember(&mask, SIGPIPE));
    close(ends[1]);
    ends[1] = -1;
    EXPECT_EQ(send_text("x"), -EPIPE);
    eddy__poll_forget(poller, &tube);
    close(tube.fd);
    end();
}

RUN_TESTS(TEST_OF(a_receive_completes_when_there_is_something),
          TEST_OF(after_a_short_read_nobody_asks_until_there_is_news),
          TEST_OF(after_a_hang_up_a_short_read_proves_nothing),
          TEST_OF(descriptors_that_come_along_do_not_hide_what_follows),
          TEST_OF(hang_up_wakes_both_sides_the_incoming_one_first),
          TEST_OF(a_send_goes_on_when_there_is_room),
          TEST_OF(news_of_a_forgotten_file_is_dropped),
          TEST_OF(a_file_may_be_forgotten_by_what_it_completes),
          TEST_OF(a_single_wait_leaves_nothing_armed),
          TEST_OF(a_repeated_one_comes_as_long_as_there_is_something),
          TEST_OF(a_single_wait_ends_and_the_repeated_one_beside_it_goes_on),
          TEST_OF(what_cannot_be_waited_for_says_so),
          TEST_OF(a_descriptor_of_ours_is_not_taken_from_us),
          TEST_OF(a_connect_and_an_accept_meet),
          TEST_OF(a_wait_is_never_too_short),
          TEST_OF(a_wake_ends_the_wait_under_way_or_the_next_one),
          TEST_OF(a_signal_ends_a_wait_with_nothing),
          TEST_OF(a_broken_pipe_is_an_error_and_no_signal))
