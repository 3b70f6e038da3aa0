/* SPDX-License-Identifier: MIT */
/*
 * test_client_http2.c: the server chooses between HTTP/1.1 and HTTP/2, and requests go the way that
 * it has chosen. It is nginx, on two ports: with both, and with HTTP/1.1 alone.
 */
#include "test_client_servers.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 20 };

static char folder[] = "/tmp/eddy-http2-test-XXXXXX";
static int new_port, old_port;
static pid_t nginx_pid;

/* --- nginx ------------------------------------------------------------------------------------ */

/* A socket of 127.0.0.1 that listens on a free port. */
static int listening_socket(int *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 128) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        abort();
    *out_port = ntohs(address.sin_port);
    return fd;
}

static void write_configuration(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        abort();
    fprintf(file,
            "daemon off; worker_processes 1; pid %1$s/pid; error_log %1$s/log;\n"
            "events { }\n"
            "http {\n"
            "  access_log off; client_body_temp_path %1$s/b; proxy_temp_path %1$s/p;\n"
            "  fastcgi_temp_path %1$s/f; uwsgi_temp_path %1$s/u; scgi_temp_path %1$s/s;\n"
            "  ssl_certificate %2$s; ssl_certificate_key %3$s;\n"
            "  server { listen 127.0.0.1:%4$d ssl http2; return 200 '$connection $request_uri'; }\n"
            "  server { listen 127.0.0.1:%5$d ssl; return 200 '$connection'; }\n"
            "}\n",
            folder, certificate_file(), key_file(), new_port, old_port);
    if (fclose(file) != 0)
        abort();
}

static void stop_nginx(void)
{
    char command[128];
    kill(nginx_pid, SIGTERM);
    waitpid(nginx_pid, NULL, 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command) != 0)
        fprintf(stderr, "# %s stays\n", folder);
}

/* nginx takes over sockets that listen already, as from an earlier one: nobody waits for it. */
static void start_nginx(void)
{
    char path[64], sockets[32];
    if (!mkdtemp(folder))
        abort();
    snprintf(path, sizeof path, "%s/nginx.conf", folder);
    int both[] = {listening_socket(&new_port), listening_socket(&old_port)};
    write_configuration(path);
    snprintf(sockets, sizeof sockets, "%d;%d;", both[0], both[1]);
    nginx_pid = fork();
    if (nginx_pid == 0) {
        setenv("NGINX", sockets, 1);
        execl(getenv("EDDY_HTTP_NGINX"), "nginx", "-p", folder, "-e", "stderr", "-c", path, NULL);
        _exit(127);
    }
    close(both[0]);
    close(both[1]);
    atexit(stop_nginx);
}

static const char *at_port(int port)
{
    static char urls[2][64];
    char *url = urls[port == old_port];
    snprintf(url, sizeof urls[0], "https://127.0.0.1:%d/", port);
    return url;
}

static eddy_http_session *trusting_session(eddy_http_session_options options)
{
    options.cacert = certificate_file();
    return new_session(&options);
}

/* --- Tests ------------------------------------------------------------------------------------ */

/* The version that carried a GET, or its error; and nginx's number of the connection. */
static int version_of(eddy_http_session *session, const char *url, long *out_connection)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(eddy_http_session_get(session, url, NULL, &response));
    EXPECT_EQ(eddy_http_response_status(response), 200);
    *out_connection = atol(eddy_http_response_body(response).data);
    return eddy_http_response_version(response);
}

TEST_REAL(a_server_that_offers_http2_gets_it)
{
    EDDY_AUTO(eddy_http_session) *session = trusting_session((eddy_http_session_options){0});
    long first, next;
    EXPECT_EQ(version_of(session, at_port(new_port), &first), 20);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(version_of(session, at_port(new_port), &next), 20);
        EXPECT_EQ(next, first);
    }
}

TEST_REAL(http2_sends_the_url_as_written)
{
    static const char target[] = "/%2f%3a[a]~%7e//b?c[]=%zz|%2F?";
    EDDY_AUTO(eddy_http_session) *session = trusting_session((eddy_http_session_options){0});
    char url[128];
    snprintf(url, sizeof url, "%s%s#part", at_port(new_port), target + 1);
    for (int i = 0; i < 2; i++) {
        EDDY_AUTO(eddy_http_response) *response = NULL;
        REQUIRE(EXPECT_EQ(eddy_http_session_get(session, url, NULL, &response), 0));
        EXPECT_EQ(eddy_http_response_version(response), 20);
        EXPECT_STR(strchr(eddy_http_response_body(response).data, '/'), target);
    }
}

TEST_REAL(one_that_does_not_is_spoken_to_as_it_wants)
{
    EDDY_AUTO(eddy_http_session) *session = trusting_session((eddy_http_session_options){0});
    long first, next;
    EXPECT_EQ(version_of(session, at_port(old_port), &first), 11);
    EXPECT_EQ(version_of(session, at_port(old_port), &next), 11);
    EXPECT_EQ(next, first);
}

TEST_REAL(http2_can_be_refused)
{
    EDDY_AUTO(eddy_http_session) *session =
        trusting_session((eddy_http_session_options){.no_http2 = true});
    long first, next;
    EXPECT_EQ(version_of(session, at_port(new_port), &first), 11);
    EXPECT_EQ(version_of(session, at_port(new_port), &next), 11);
    EXPECT_EQ(next, first);
}

typedef struct answer {
    int version;
    long connection;
} answer;

EDDY_ASYNC_TO(answer, ask, (eddy_http_session *, session), (int, port))
{
    char url[64];
    snprintf(url, sizeof url, "%s", at_port(port));
    result->version = version_of(session, url, &result->connection);
    return result->version < 0 ? result->version : 0;
}

/* Asks MANY times at once: the version that all have; how many connections, by their numbers. */
static int ask_many(eddy_http_session *session, int port, int *out_version)
{
    eddy_task *tasks[MANY];
    answer answers[MANY];
    int distinct = 0;
    for (int i = 0; i < MANY; i++)
        tasks[i] = eddy_create_task(ask, session, port);
    for (int i = 0; i < MANY; i++) {
        EXPECT_EQ(eddy_await(tasks[i], &answers[i]), 0);
        EXPECT_EQ(answers[i].version, answers[0].version);
        bool is_new = true;
        for (int j = 0; j < i; j++)
            is_new &= answers[j].connection != answers[i].connection;
        distinct += is_new;
        eddy_task_free(tasks[i]);
    }
    *out_version = answers[0].version;
    return distinct;
}

TEST_REAL(requests_that_begin_together_share_what_the_first_finds_out)
{
    EDDY_AUTO(eddy_http_session) *session = trusting_session((eddy_http_session_options){0});
    EDDY_AUTO(eddy_http_session) *other = trusting_session((eddy_http_session_options){0});
    long before, after;
    int version;
    EXPECT_EQ(version_of(other, at_port(old_port), &before), 11);
    EXPECT_EQ(ask_many(session, new_port, &version), 1);
    EXPECT_EQ(version, 20);
    // nginx counts its connections: the one that found out, the one for all, and this.
    EDDY_AUTO(eddy_http_session) *third = trusting_session((eddy_http_session_options){0});
    EXPECT_EQ(version_of(third, at_port(old_port), &after), 11);
    EXPECT(after - before <= 3);
    EXPECT(ask_many(session, old_port, &version) >= 1);
    EXPECT_EQ(version, 11);
}

TEST_REAL(the_first_may_be_cancelled)
{
    EDDY_AUTO(eddy_http_session) *session = trusting_session((eddy_http_session_options){0});
    EDDY_AUTO(eddy_task) *first = eddy_create_task(ask, session, new_port);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(ask, session, new_port);
    answer got;
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(eddy_sleep(0), 0);
    eddy_task_cancel(first);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(second, &got), 0);
    EXPECT_EQ(got.version, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(a_server_that_offers_http2_gets_it),
        TEST_OF(http2_sends_the_url_as_written),
        TEST_OF(one_that_does_not_is_spoken_to_as_it_wants),
        TEST_OF(http2_can_be_refused),
        TEST_OF(requests_that_begin_together_share_what_the_first_finds_out),
        TEST_OF(the_first_may_be_cancelled),
    };
    harness_begin();
    start_servers(true);
    start_nginx();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
