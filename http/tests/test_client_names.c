/* SPDX-License-Identifier: MIT */
/*
 * test_client_names.c: names are looked up once, off the loop, and a resolver that hangs holds up
 * nobody but those who wait for it.
 *
 * getaddrinfo(3) is this file's own: the program's definition comes before the C library's. Names
 * that begin with "slow" are answered when the test opens the gate: a loop that waited would stand
 * for ever. Addresses in text are no lookups.
 */
#include "test_client_servers.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <eddy/curl.h>

static atomic_int lookups;
static char last_name[256];    // looked up; set on another thread, which is waited for
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_is_open;    // guarded by gate_lock

static void set_gate(bool is_open)
{
    pthread_mutex_lock(&gate_lock);
    gate_is_open = is_open;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate_lock);
}

static void wait_at_gate(void)
{
    pthread_mutex_lock(&gate_lock);
    while (!gate_is_open)
        pthread_cond_wait(&gate_moved, &gate_lock);
    pthread_mutex_unlock(&gate_lock);
}

static struct addrinfo *address_of(uint32_t host, int port)
{
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in));
    struct sockaddr_in *address = (struct sockaddr_in *)(info + 1);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(host);
    address->sin_port = htons((uint16_t)port);
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addr = (struct sockaddr *)address;
    info->ai_addrlen = sizeof *address;
    return info;
}

static struct addrinfo *loopback(int port)
{
    return address_of(INADDR_LOOPBACK, port);
}

/* 127.0.0.2, and then 127.0.0.1. */
static struct addrinfo *first_and_second(int port)
{
    struct addrinfo *first = address_of(INADDR_LOOPBACK + 1, port);
    first->ai_next = loopback(port);
    return first;
}

/* 127.0.0.2 to 127.0.0.17, where nobody listens, and then 127.0.0.1. */
static struct addrinfo *many(int port)
{
    struct addrinfo *list = loopback(port);
    for (uint32_t i = 16; i > 0; i--) {
        struct addrinfo *before = address_of(INADDR_LOOPBACK + i, port);
        before->ai_next = list;
        list = before;
    }
    return list;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out_list)
{
    int port = service ? atoi(service) : 0;
    if (hints && hints->ai_flags & AI_NUMERICHOST) {
        if (strchr(name, ':'))
            return EAI_ADDRFAMILY;    // as on a machine without IPv6
        struct in_addr address;
        if (inet_pton(AF_INET, name, &address) != 1)
            return EAI_NONAME;
        *out_list = address_of(ntohl(address.s_addr), port);
        return 0;
    }
    atomic_fetch_add(&lookups, 1);
    snprintf(last_name, sizeof last_name, "%s", name);
    if (strncmp(name, "slow", 4) == 0)
        wait_at_gate();
    if (strncmp(name, "none", 4) == 0)
        return EAI_NONAME;
    if (strncmp(name, "both", 4) == 0) {
        *out_list = first_and_second(port);
        return 0;
    }
    *out_list = strncmp(name, "many", 4) == 0 ? many(port) : loopback(port);
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    for (struct addrinfo *next; list; list = next) {
        next = list->ai_next;
        free(list);
    }
}

static const char *at_name(const char *name, const char *path)
{
    static char urls[4][128];
    static int next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof urls[0], "http://%s:%d%s", name, server_port(), path);
    return url;
}

EDDY_ASYNC(fetch, (eddy_http_session *, session), (const char *, url))
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(session, url, NULL, &response));
    return eddy_http_response_status(response);
}

TEST_REAL(no_more_than_16_addresses_are_tried)
{
    if (getenv("EDDY_HTTP_TEST_LIBCURL"))
        return;    // how long it tries which of them is its own affair
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(fetch(session, at_name("many.test", "/hello")), EDDY_HTTP_CONNECT);
}

TEST_REAL(a_name_is_looked_up_once)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    atomic_store(&lookups, 0);
    eddy_task *tasks[20];
    const char *url = at_name("host.test", "/hello");
    for (int i = 0; i < 20; i++)
        tasks[i] = eddy_create_task(fetch, session, url);
    for (int i = 0; i < 20; i++) {
        EXPECT_EQ(eddy_await(tasks[i]), 200);
        eddy_task_free(tasks[i]);
    }
    EXPECT_EQ(get(session, at_name("HOST.test", "/hello"), "hello\n"), 200);
    EXPECT_EQ(get(session, at_name("user:word@host.test", "/hello"), "hello\n"), 200);
    EXPECT_EQ(atomic_load(&lookups), 1);
}

TEST_REAL(addresses_and_localhost_need_no_lookup)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    atomic_store(&lookups, 0);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
    EXPECT_EQ(get(session, at_name("localhost", "/hello"), "hello\n"), 200);
    EXPECT_EQ(atomic_load(&lookups), 0);
}

/* Whether the server at `name` reads `host` as the request's Host, without its port. */
static void expect_host(eddy_http_session *session, const char *name, const char *host)
{
    char field[128];
    EDDY_AUTO(eddy_http_response) *response = NULL;
    snprintf(field, sizeof field, "Host: %s:%d\r\n", host, server_port());
    if (EXPECT_EQ(eddy_http_session_get(session, at_name(name, "/echo"), NULL, &response), 0) &&
        !strstr(eddy_http_response_body(response).data, field))
        harness_expect(false, __FILE__, __LINE__, "%s sends no %s", name, field);
}

TEST_REAL(an_international_name_is_looked_up_in_ascii_whatever_the_locale)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    atomic_store(&lookups, 0);
    expect_host(session, "b\303\274cher.test", "xn--bcher-kva.test");
    EXPECT_STR(last_name, "xn--bcher-kva.test");
    expect_host(session,
                "B%C3%9C"
                "CHER.test",
                "xn--bcher-kva.test");
    expect_host(session, "xn--BCHER-kva\343\200\202test", "xn--bcher-kva.test");
    EXPECT_EQ(atomic_load(&lookups), 1);
    expect_host(session, "b\303\274cher.localhost", "xn--bcher-kva.localhost");
    EXPECT_EQ(get(session, at_name("\377.test", "/hello"), NULL), EDDY_HTTP_URL);
}

TEST_REAL(a_name_with_a_dot_at_its_end_is_verified_without_it)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.cacert = certificate_file()});
    char url[128];
    const char *port = strrchr(at_tls(""), ':') + 1;
    snprintf(url, sizeof url, "https://host.test.:%s/hello", port);
    EXPECT_EQ(get(session, url, "hello\n"), 200);
    EXPECT_STR(last_name, "host.test.");
    snprintf(url, sizeof url, "https://other.test.:%s/hello", port);
    EXPECT_EQ(get(session, url, NULL), EDDY_HTTP_TLS);
    expect_host(session, "host.test.", "host.test.");
}

TEST_REAL(a_name_that_is_not_there_says_so)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    int rc = get(session, at_name("none.test", "/hello"), NULL);
    EXPECT_EQ(rc, EDDY_ERESOLVE);
    EXPECT(message_has(rc, "could not resolve none.test"));
}

TEST_REAL(a_slow_lookup_runs_into_the_limits)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    eddy_http_request_options connect = {.timeout.connect = 0.02}, total = {.timeout.total = 0.02};
    EDDY_AUTO(eddy_http_response) *response = NULL;
    set_gate(false);
    int rc = eddy_http_session_get(session, at_name("slow.test", "/hello"), &connect, &response);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT(message_has(rc, "no answer about the name slow.test"));
    rc = eddy_http_session_get(session, at_name("slow.test", "/hello"), &total, &response);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    set_gate(true);
    EXPECT_EQ(get(session, at_name("slow.test", "/hello"), "hello\n"), 200);    // it went on
}

TEST_REAL(one_who_asked_may_be_cancelled_and_the_others_get_the_answer)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    const char *url = at_name("slow.test", "/hello");
    eddy_task *tasks[4];
    set_gate(false);
    for (int i = 0; i < 4; i++)
        tasks[i] = eddy_create_task(fetch, session, url);
    EXPECT_EQ(eddy_sleep(0.02), 0);
    eddy_task_cancel(tasks[0]);
    eddy_task_cancel(tasks[2]);
    EXPECT_EQ(eddy_await(tasks[0]), EDDY_CANCELLED);
    set_gate(true);
    for (int i = 1; i < 4; i++)
        EXPECT_EQ(eddy_await(tasks[i]), i % 2 ? 200 : EDDY_CANCELLED);
    for (int i = 0; i < 4; i++)
        eddy_task_free(tasks[i]);
}

TEST_REAL(the_loop_goes_on_while_a_name_is_looked_up)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    set_gate(false);
    EDDY_AUTO(eddy_task) *task = eddy_create_task(fetch, session, at_name("slow.test", "/hello"));
    for (int i = 0; i < 20; i++)
        EXPECT_EQ(eddy_sleep(0.001), 0);
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
    EXPECT(!eddy_task_done(task));
    set_gate(true);
    EXPECT_EQ(eddy_await(task), 200);
}

TEST_REAL(an_address_that_refuses_is_passed_over)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, at_name("both.test", "/hello"), "hello\n"), 200);
}

/* A listener whose queue is full: it takes no connection, and refuses none. Stores four fillers. */
static int open_black_hole(uint32_t host, int port, int *out_fillers)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(host)};
    EXPECT(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 0) == 0);
    for (int i = 0; i < 4; i++) {
        out_fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        EDDY_IGNORE(connect(out_fillers[i], (struct sockaddr *)&address, sizeof address));
    }
    return fd;
}

TEST_REAL(an_address_that_does_not_answer_holds_up_nobody)
{
    if (is_over_libcurl())
        return;    // it tries addresses beside each other only if their families differ
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    int fillers[4];
    int fd = open_black_hole(INADDR_LOOPBACK + 1, server_port(), fillers);
    EXPECT_EQ(get(session, at_name("both.test", "/hello"), "hello\n"), 200);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(fd);
}

TEST_REAL(a_race_between_addresses_can_be_cancelled)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    int fillers[4];
    int fd = open_black_hole(INADDR_LOOPBACK + 1, server_port(), fillers);
    for (int turns = 0; turns < 12; turns++) {
        EDDY_AUTO(eddy_task) *task =
            eddy_create_task(fetch, session, at_name("both.test", "/hello"));
        for (int i = 0; i < turns; i++)
            EXPECT_EQ(eddy_sleep(0), 0);
        eddy_task_cancel(task);
        EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    }
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(fd);
    EXPECT_EQ(get(session, at_name("both.test", "/hello"), "hello\n"), 200);
}

TEST_REAL(removing_a_transfer_does_not_wait_for_libcurls_resolver)
{
    CURL *easy = curl_easy_init();
    set_gate(false);
    curl_easy_setopt(easy, CURLOPT_URL, at_name("slow.test", "/hello"));
    EXPECT_EQ(eddy_within(0.02, eddy_curl_perform(easy)), EDDY_TIMEDOUT);
    curl_easy_cleanup(easy);
    set_gate(true);
    EXPECT_EQ(eddy_sleep(0.1), 0);    // libcurl's thread ends by itself
}

RUN_CLIENT_TESTS(true, TEST_OF(no_more_than_16_addresses_are_tried),
        TEST_OF(a_name_is_looked_up_once),
                 TEST_OF(an_international_name_is_looked_up_in_ascii_whatever_the_locale),
                 TEST_OF(a_name_with_a_dot_at_its_end_is_verified_without_it),
                 TEST_OF(addresses_and_localhost_need_no_lookup),
                 TEST_OF(a_name_that_is_not_there_says_so),
                 TEST_OF(a_slow_lookup_runs_into_the_limits),
                 TEST_OF(one_who_asked_may_be_cancelled_and_the_others_get_the_answer),
                 TEST_OF(the_loop_goes_on_while_a_name_is_looked_up),
                 TEST_OF(an_address_that_refuses_is_passed_over),
                 TEST_OF(an_address_that_does_not_answer_holds_up_nobody),
                 TEST_OF(a_race_between_addresses_can_be_cancelled),
                 TEST_OF(removing_a_transfer_does_not_wait_for_libcurls_resolver))
