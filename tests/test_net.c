/* SPDX-License-Identifier: MIT */
/* Streams and listeners on the real kernel: TCP over IPv4 and IPv6, Unix sockets, pipes. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

EDDY_ASYNC(echo, (eddy_stream *, client, EDDY_OWNED(eddy_stream)))
{
    EDDY_AUTO(eddy_stream) *stream = client;
    char buf[1024];
    ssize_t n;
    while ((n = eddy_stream_read(stream, buf, sizeof buf)) > 0)
        EDDY_TRY(eddy_stream_write(stream, buf, (size_t)n));
    return (int)n;
}

EDDY_ASYNC(echo_all, (eddy_listener *, listener))
{
    for (;;) {
        eddy_stream *stream;
        EDDY_TRY(eddy_listener_accept(listener, &stream));
        eddy_start(echo, stream);
    }
}

EDDY_ASYNC(accept_one, (eddy_listener *, listener))
{
    EDDY_AUTO(eddy_stream) *stream = NULL;
    return eddy_listener_accept(listener, &stream);
}

/* Says something, ends its side, and hears the same until the end. */
static void talk(eddy_stream *stream, size_t size)
{
    char *text = malloc(size);
    char *heard = malloc(size);
    memset(text, 'e', size);
    EXPECT_EQ(eddy_stream_write(stream, text, size), 0);
    EXPECT_EQ(eddy_stream_read_exactly(stream, heard, size), 0);
    EXPECT(memcmp(text, heard, size) == 0);
    EXPECT_EQ(eddy_stream_shutdown(stream), 0);
    EXPECT_EQ(eddy_stream_read(stream, heard, size), 0);
    EXPECT(eddy_stream_at_eof(stream));
    EXPECT_EQ(eddy_stream_close(stream), 0);
    EXPECT_EQ(eddy_stream_wait_closed(stream), 0);
    free(heard);
    free(text);
}

static const char *service_of(const eddy_listener *listener)
{
    static char service[16];
    snprintf(service, sizeof service, "%d", eddy_listener_port(listener));
    return service;
}

static void echo_over(const char *listen_host, const char *host, const char *peer_prefix)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen(listen_host, "0", NULL, &listener), 0);
    EXPECT(eddy_listener_port(listener) > 0);
    EDDY_AUTO(eddy_task) *server = eddy_create_task(echo_all, listener);
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EXPECT_EQ(eddy_open_connection(host, service_of(listener), NULL, &stream), 0);
    char name[128];
    char expected[128];
    snprintf(expected, sizeof expected, "%s:%s", peer_prefix, service_of(listener));
    EXPECT_EQ(eddy_stream_peername(stream, name, sizeof name), 0);
    EXPECT_STR(name, expected);
    EXPECT_EQ(eddy_stream_sockname(stream, name, sizeof name), 0);
    EXPECT(strncmp(name, peer_prefix, strlen(peer_prefix)) == 0);
    EXPECT_EQ(eddy_stream_peername(stream, name, 3), -ENOBUFS);
    talk(stream, 10000);
    eddy_task_cancel(server);
    EXPECT_EQ(eddy_await(server), EDDY_CANCELLED);
}

static bool has_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bool has = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return has;
}

TEST(an_echo_comes_back_over_ipv4)
{
    echo_over("127.0.0.1", "127.0.0.1", "127.0.0.1");
}

TEST(an_echo_comes_back_over_ipv6)
{
    if (has_ipv6())
        echo_over("::1", "::1", "[::1]");
}

TEST(a_listener_on_all_addresses_has_one_port)
{
    echo_over(NULL, "127.0.0.1", "127.0.0.1");
    if (has_ipv6())
        echo_over(NULL, "::1", "[::1]");
}

TEST_REAL(a_name_is_looked_up)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", NULL, &listener), 0);
    EDDY_AUTO(eddy_task) *server = eddy_create_task(echo_all, listener);
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EXPECT_EQ(eddy_open_connection("localhost", service_of(listener), NULL, &stream), 0);
    talk(stream, 100000);
    eddy_task_cancel(server);
    EXPECT_EQ(eddy_await(server), EDDY_CANCELLED);
}

TEST(a_port_is_a_number_up_to_65535)
{
    static const char *const wrong[] = {"65536", "99999", "4294967376", "99999999999999999999",
                                        "-1",    "+80",   " 80",        "", "80x80"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        eddy_stream *stream = NULL;
        eddy_listener *listener = NULL;
        EXPECT_EQ(eddy_open_connection("127.0.0.1", wrong[i], NULL, &stream), EDDY_ERESOLVE);
        EXPECT_EQ(eddy_listen("127.0.0.1", wrong[i], NULL, &listener), EDDY_ERESOLVE);
    }
    eddy_listener *listener = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", "99999", NULL, &listener), EDDY_ERESOLVE);
    const char *message = eddy_error_message(eddy_error_get(EDDY_ERESOLVE));
    EXPECT(message != NULL && strstr(message, "\"99999\" is no port") != NULL);
    EXPECT_EQ(eddy_listen("127.0.0.1", NULL, NULL, &listener), EDDY_EMISUSE);
    EXPECT_EQ(eddy_listen("127.0.0.1", "000000", NULL, &listener), 0);
    eddy_listener_free(listener);
}

TEST(what_is_refused_says_where)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", NULL, &listener), 0);
    char service[16];
    snprintf(service, sizeof service, "%s", service_of(listener));
    eddy_listener *second = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", service, NULL, &second), -EADDRINUSE);
    EXPECT_EQ(eddy_listener_close(listener), 0);
    eddy_stream *stream = NULL;
    int rc = eddy_open_connection("127.0.0.1", service, NULL, &stream);
    EXPECT_EQ(rc, -ECONNREFUSED);
    char expected[128];
    snprintf(expected, sizeof expected,
             "can't connect to 127.0.0.1:%s (127.0.0.1:%s: Connection refused)", service, service);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), expected);
    EXPECT(stream == NULL);
}

TEST_REAL(a_name_that_nobody_has_is_not_resolved)
{
    eddy_stream *stream = NULL;
    int rc = eddy_open_connection("no-such-host.invalid", "80", NULL, &stream);
    EXPECT_EQ(rc, EDDY_ERESOLVE);
    EXPECT(strstr(eddy_error_message(eddy_error_get(rc)), "no-such-host.invalid") != NULL);
}

TEST(accept_is_for_one_task_and_ends_with_the_listener)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", NULL, &listener), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(accept_one, listener);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(accept_one(listener), -EBUSY);
    eddy_listener_free(listener); // while the task is inside
    listener = NULL;
    EXPECT_EQ(eddy_await(task), -EBADF);
}

/* A connection that is there before anybody else gets to run. */
static int connect_plainly(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

TEST(a_cancelled_accept_leaves_the_connection_for_the_next)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", NULL, &listener), 0);
    EXPECT_EQ(eddy_within(1, accept_one(listener)), EDDY_TIMEDOUT);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(accept_one, listener);
    EXPECT_EQ(eddy_sleep(1), 0);
    int fd = connect_plainly(eddy_listener_port(listener));
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(accept_one(listener), 0);
    close(fd);
    EXPECT_EQ(eddy_listener_close(listener), 0);
    EXPECT_EQ(accept_one(listener), -EBADF);
}

EDDY_ASYNC(accept_and_close, (eddy_listener *, listener))
{
    return accept_one(listener);
}

static int shortage_count;

static void count_shortage(int status, void *data)
{
    EXPECT_EQ(status, -EMFILE);
    ++*(int *)data;
}

/*
 * Takes the descriptors away until the returned limit is set again. Not under Valgrind, which accepts
 * the connection, closes it, and says EMFILE then: nothing is left for the next try.
 */
static struct rlimit take_descriptors(void)
{
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    return before;
}

/* A listener at which one connection waits. */
static eddy_listener *listen_to_one(eddy_stream **out_stream)
{
    eddy_listener *listener = NULL;
    shortage_count = 0;
    eddy_listener_options options = {.on_shortage = count_shortage,
                                     .shortage_data = &shortage_count};
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", &options, &listener), 0);
    EXPECT_EQ(eddy_open_connection("127.0.0.1", service_of(listener), NULL, out_stream), 0);
    return listener;
}

TEST(without_descriptors_accept_says_so_once_and_goes_on_later)
{
    if (is_watched())
        return;
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EDDY_AUTO(eddy_listener) *listener = listen_to_one(&stream);
    struct rlimit before = take_descriptors();
    expect_report(EDDY_REPORT_SHORTAGE);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(accept_and_close, listener);
    EXPECT_EQ(eddy_sleep(0.95), 0); // others go on
    EXPECT_EQ(shortage_count, 10);
    EXPECT(!eddy_task_done(task));
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT(eddy_time() == 1.0);
}

TEST(accepting_without_descriptors_can_be_given_up)
{
    if (is_watched())
        return;
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EDDY_AUTO(eddy_listener) *listener = listen_to_one(&stream);
    struct rlimit before = take_descriptors();
    expect_report(EDDY_REPORT_SHORTAGE);
    EXPECT_EQ(eddy_within(1, accept_one(listener)), EDDY_TIMEDOUT);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(accept_and_close, listener);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(accept_one(listener), -EBUSY);
    EXPECT_EQ(eddy_listener_close(listener), 0);
    EXPECT_EQ(eddy_await(task), -EBADF);
    setrlimit(RLIMIT_NOFILE, &before);
}

TEST(without_descriptors_a_connect_fails)
{
    if (is_watched())
        return;
    struct rlimit before = take_descriptors();
    eddy_stream *refused = NULL;
    EXPECT_EQ(eddy_open_connection("127.0.0.1", "9", NULL, &refused), -EMFILE);
    setrlimit(RLIMIT_NOFILE, &before);
}

TEST(many_connections_at_once)
{
    enum { COUNT = 200 };
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", NULL, &listener), 0);
    EDDY_AUTO(eddy_task) *server = eddy_create_task(echo_all, listener);
    eddy_stream *streams[COUNT] = {NULL};
    for (int i = 0; i < COUNT; i++)
        EXPECT_EQ(eddy_open_connection("127.0.0.1", service_of(listener), NULL, &streams[i]), 0);
    for (int i = 0; i < COUNT; i++)
        talk(streams[i], 100);
    for (int i = 0; i < COUNT; i++)
        eddy_stream_free(streams[i]);
    eddy_task_cancel(server);
    EXPECT_EQ(eddy_await(server), EDDY_CANCELLED);
}

/* ---- Unix sockets ----------------------------------------------------------------------------*/

static char path[64];

static void make_path(void)
{
    strcpy(path, "/tmp/eddy-test-XXXXXX");
    EXPECT(mkdtemp(path) != NULL);
    strcat(path, "/s");
}

static void remove_folder(void)
{
    *strrchr(path, '/') = '\0';
    EXPECT_EQ(rmdir(path), 0);
}

static void echo_over_unix(const char *name)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen_unix(name, NULL, &listener), 0);
    EXPECT_EQ(eddy_listener_port(listener), 0);
    eddy_listener *second = NULL;
    EXPECT_EQ(eddy_listen_unix(name, NULL, &second), -EADDRINUSE); // somebody listens
    EDDY_AUTO(eddy_task) *server = eddy_create_task(echo_all, listener);
    EDDY_AUTO(eddy_stream) *stream = NULL;
    EXPECT_EQ(eddy_open_unix_connection(name, NULL, &stream), 0);
    char peer[128];
    EXPECT_EQ(eddy_stream_peername(stream, peer, sizeof peer), 0);
    EXPECT_STR(peer, name);
    EXPECT_EQ(eddy_stream_sockname(stream, peer, sizeof peer), 0);
    EXPECT_STR(peer, "");
    talk(stream, 100000);
    eddy_task_cancel(server);
    EXPECT_EQ(eddy_await(server), EDDY_CANCELLED);
}

TEST(an_echo_comes_back_over_a_path)
{
    make_path();
    echo_over_unix(path);
    EXPECT(access(path, F_OK) < 0); // removed with the listener
    remove_folder();
}

TEST(an_echo_comes_back_over_an_abstract_name)
{
    char name[64];
    snprintf(name, sizeof name, "@eddy-test-%d", (int)getpid());
    echo_over_unix(name);
}

TEST(a_file_that_nobody_listens_on_is_replaced)
{
    make_path();
    eddy_listener *listener = NULL;
    EXPECT_EQ(eddy_listen_unix(path, &(eddy_listener_options){.keep_path = true}, &listener), 0);
    eddy_listener_free(listener);
    EXPECT_EQ(access(path, F_OK), 0);
    eddy_stream *stream = NULL;
    EXPECT_EQ(eddy_open_unix_connection(path, NULL, &stream), -ECONNREFUSED);
    EXPECT_EQ(eddy_listen_unix(path, NULL, &listener), 0);

    // A file that another has put in its place is not ours to remove.
    unlink(path);
    int other = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    close(other);
    eddy_listener_free(listener);
    EXPECT_EQ(access(path, F_OK), 0);
    EXPECT_EQ(eddy_listen_unix(path, NULL, &listener), -EADDRINUSE); // and no socket
    unlink(path);
    remove_folder();
    EXPECT_EQ(eddy_listen_unix("/no/such/folder/s", NULL, &listener), -ENOENT);
    char longest[200];
    memset(longest, 'l', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    EXPECT_EQ(eddy_listen_unix(longest, NULL, &listener), -ENAMETOOLONG);
    EXPECT_EQ(eddy_open_unix_connection("", NULL, &stream), -EINVAL);
}

EDDY_ASYNC(connect_unix, (const char *, name))
{
    EDDY_AUTO(eddy_stream) *stream = NULL;
    return eddy_open_unix_connection(name, NULL, &stream);
}

TEST(a_full_backlog_is_waited_for)
{
    make_path();
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen_unix(path, &(eddy_listener_options){.backlog = 1}, &listener), 0);
    EXPECT_EQ(connect_unix(path), 0);
    EXPECT_EQ(connect_unix(path), 0);
    EDDY_AUTO(eddy_task) *third = eddy_create_task(connect_unix, path);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT(!eddy_task_done(third));
    EXPECT_EQ(accept_one(listener), 0);
    EXPECT_EQ(eddy_await(third), 0);
    eddy_listener_free(listener);
    listener = NULL;
    remove_folder();
}

/* ---- what the kernel can send ----------------------------------------------------------------*/

TEST(a_peer_that_ends_one_side_still_hears_the_other)
{
    eddy_stream *first;
    eddy_stream *second;
    char buf[16];
    EXPECT_EQ(eddy_stream_pair(NULL, &first, &second), 0);
    EXPECT_EQ(eddy_stream_write(first, "question", 8), 0);
    EXPECT_EQ(eddy_stream_shutdown(first), 0);
    EXPECT_EQ(eddy_stream_read(second, buf, sizeof buf), 8);
    EXPECT_EQ(eddy_stream_read(second, buf, sizeof buf), 0);
    EXPECT_EQ(eddy_stream_write(second, "answer", 6), 0);
    EXPECT_EQ(eddy_stream_read(first, buf, sizeof buf), 6);
    eddy_stream_free(second);
    EXPECT_EQ(eddy_stream_read(first, buf, sizeof buf), 0);
    eddy_stream_free(first);
}

EDDY_ASYNC(read_byte, (eddy_stream *, stream))
{
    char byte;
    return (int)eddy_stream_read(stream, &byte, 1);
}

TEST(a_reset_alone_wakes_the_reader)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EXPECT_EQ(eddy_listen("127.0.0.1", "0", NULL, &listener), 0);
    EDDY_AUTO(eddy_stream) *client = NULL;
    EDDY_AUTO(eddy_stream) *server = NULL;
    EXPECT_EQ(eddy_open_connection("127.0.0.1", service_of(listener), NULL, &client), 0);
    EXPECT_EQ(eddy_listener_accept(listener, &server), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_byte, client);
    EXPECT_EQ(eddy_sleep(1), 0);
    struct linger none = {.l_onoff = 1};
    setsockopt(eddy_stream_fd(server), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    EXPECT_EQ(eddy_stream_abort(server), 0);
    EXPECT_EQ(eddy_await(task), -ECONNRESET);
    EXPECT_EQ(eddy_stream_write(client, "x", 1), -ECONNRESET);
}

TEST(an_unread_peer_that_goes_away_ends_the_writer)
{
    eddy_stream *first;
    eddy_stream *second;
    EXPECT_EQ(eddy_stream_pair(NULL, &first, &second), 0);
    static char block[1 << 20];
    EXPECT_EQ(eddy_within(1, eddy_stream_write(first, block, sizeof block)), EDDY_TIMEDOUT);
    eddy_stream_free(second);
    int rc = eddy_stream_drain(first);
    EXPECT(rc == -EPIPE || rc == -ECONNRESET);
    eddy_stream_free(first);
}

TEST(pipes_are_streams_too)
{
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    eddy_stream *reader;
    eddy_stream *writer;
    EXPECT_EQ(eddy_stream_from_fd(ends[0], NULL, &reader), 0);
    EXPECT_EQ(eddy_stream_from_fd(ends[1], NULL, &writer), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(read_byte, reader);
    EXPECT_EQ(eddy_sleep(1), 0);
    EXPECT_EQ(eddy_stream_write(writer, "1", 1), 0);
    EXPECT_EQ(eddy_await(task), 1);
    EXPECT_EQ(eddy_stream_shutdown(writer), -ENOTSOCK);
    char name[8] = "x";
    EXPECT_EQ(eddy_stream_peername(reader, name, sizeof name), 0);
    EXPECT_STR(name, "");
    eddy_stream_free(reader);
    EXPECT_EQ(eddy_stream_write(writer, "1", 1), -EPIPE); // and no signal
    eddy_stream_free(writer);
    int plain = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(eddy_stream_from_fd(plain, NULL, &reader), -EPERM);
    close(plain);
    EXPECT_EQ(eddy_stream_from_fd(plain, NULL, &reader), -EBADF);
}

TEST(a_message_costs_no_allocation)
{
    eddy_stream *client;
    eddy_stream *server;
    EXPECT_EQ(eddy_stream_pair(NULL, &client, &server), 0);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(echo, server);
    char buf[100] = "";
    long before = 0;
    for (int i = 0; i < 100; i++) {
        if (i == 10)
            before = allocation_count();
        EXPECT_EQ(eddy_stream_write(client, buf, sizeof buf), 0);
        EXPECT_EQ(eddy_stream_read_exactly(client, buf, sizeof buf), 0);
    }
    EXPECT_EQ(allocation_count() - before, 0);
    eddy_stream_free(client);
    EXPECT_EQ(eddy_await(task), 0);
}

static eddy_stream *left[2];

EDDY_ASYNC(leave_behind)
{
    EDDY_TRY(eddy_stream_pair(NULL, &left[0], &left[1]));
    EDDY_TRY(eddy_stream_write(left[0], "line\n", 5));
    eddy_span line;
    return eddy_stream_readline(left[1], &line);
}

TEST_PLAIN(a_stream_may_outlive_its_loop)
{
    EXPECT_EQ(eddy_run(eddy_coro(leave_behind), NULL), 0);
    char byte;
    EXPECT_EQ(eddy_stream_read(left[1], &byte, 1), -EBADF);
    EXPECT_EQ(eddy_stream_fd(left[0]), -1);
    EXPECT_EQ(eddy_stream_close(left[0]), 0);
    eddy_stream_free(left[0]);
    eddy_stream_free(left[1]);
}

/* A whole conversation, with one allocation that fails: an error, and nothing left behind. */
static int converse(void)
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EDDY_TRY(eddy_listen("127.0.0.1", "0", NULL, &listener));
    EDDY_AUTO(eddy_stream) *client = NULL;
    EDDY_AUTO(eddy_stream) *server = NULL;
    EDDY_TRY(eddy_open_connection("127.0.0.1", service_of(listener), NULL, &client));
    EDDY_TRY(eddy_listener_accept(listener, &server));
    static char block[8 << 20];
    static char heard[8 << 20];
    EDDY_TRY(eddy_within(1, eddy_stream_write(client, block, sizeof block)) == EDDY_TIMEDOUT
                 ? 0
                 : -ENOMEM);
    EDDY_TRY(eddy_stream_write(server, "line\n", 5));
    eddy_span line;
    EDDY_TRY(eddy_stream_readline(client, &line));
    EDDY_TRY(eddy_stream_close(client));
    return eddy_stream_read_exactly(server, heard, sizeof heard);
}

/* What accept lacks it waits for. */
static void note_other_reports(const eddy_report *report, void *data)
{
    if (report->kind == EDDY_REPORT_SHORTAGE)
        ++*(int *)data;
    else
        note_report(report, NULL);
}

TEST(every_lack_of_memory_is_an_error)
{
    int shortages = 0;
    EXPECT_EQ(converse(), 0);
    eddy_set_exception_handler(note_other_reports, &shortages);
    for (long n = 0; n < 40; n++) {
        fail_allocation(n);
        int rc = converse();
        bool has_failed = allocation_count() > n;
        fail_allocation(-1);
        EXPECT(rc == 0 || rc == -ENOMEM || rc == EDDY_INCOMPLETE);
        if (!has_failed)
            break;
    }
    EXPECT(shortages > 0);
    eddy_set_exception_handler(note_report, NULL);
}

RUN_TESTS(TEST_OF(an_echo_comes_back_over_ipv4), TEST_OF(an_echo_comes_back_over_ipv6),
          TEST_OF(a_listener_on_all_addresses_has_one_port), TEST_OF(a_name_is_looked_up),
          TEST_OF(a_port_is_a_number_up_to_65535), TEST_OF(what_is_refused_says_where), TEST_OF(a_name_that_nobody_has_is_not_resolved),
          TEST_OF(accept_is_for_one_task_and_ends_with_the_listener),
          TEST_OF(a_cancelled_accept_leaves_the_connection_for_the_next),
          TEST_OF(without_descriptors_accept_says_so_once_and_goes_on_later),
          TEST_OF(accepting_without_descriptors_can_be_given_up),
          TEST_OF(without_descriptors_a_connect_fails),
          TEST_OF(many_connections_at_once), TEST_OF(an_echo_comes_back_over_a_path),
          TEST_OF(an_echo_comes_back_over_an_abstract_name),
          TEST_OF(a_file_that_nobody_listens_on_is_replaced),
          TEST_OF(a_full_backlog_is_waited_for),
          TEST_OF(a_peer_that_ends_one_side_still_hears_the_other),
          TEST_OF(a_reset_alone_wakes_the_reader),
          TEST_OF(an_unread_peer_that_goes_away_ends_the_writer),
          TEST_OF(pipes_are_streams_too), TEST_OF(a_message_costs_no_allocation),
          TEST_OF(a_stream_may_outlive_its_loop),
          TEST_OF(every_lack_of_memory_is_an_error))
