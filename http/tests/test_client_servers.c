/* SPDX-License-Identifier: MIT */
/*
 * test_client_servers.c: see test_client_servers.h.
 *
 * The servers run until their standard input ends; its other end is held by this process, so they
 * go with it, also when it crashes.
 */
#include "test_client_servers.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"

static int ports[4];    // plain, plain, TLS, TLS
static char folder[] = "/tmp/eddy-http-test-XXXXXX";
static char certificate[64], key[64];
static int servers_input = -1;
static pid_t servers_pid;

static void remove_certificate(void)
{
    unlink(certificate);
    unlink(key);
    rmdir(folder);
}

static void make_certificate(void)
{
    char command[512];
    if (!mkdtemp(folder))
        abort();
    snprintf(certificate, sizeof certificate, "%s/certificate.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    atexit(remove_certificate);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
             "-addext subjectAltName=IP:127.0.0.1,DNS:host.test -keyout %s -out %s 2>/dev/null",
             key, certificate);
    if (system(command) != 0)
        abort();
}

static void stop_servers(void)
{
    close(servers_input);
    waitpid(servers_pid, NULL, 0);
}

static void run_servers(const int *input, const int *output, bool with_tls)
{
    dup2(input[0], 0);
    dup2(output[1], 1);
    close(input[1]);
    close(output[0]);
    const char *script = getenv("EDDY_HTTP_SERVERS");
    execlp("python3", "python3", script ? script : "servers.py", with_tls ? certificate : NULL, key,
           NULL);
    _exit(127);
}

void start_servers(bool with_tls)
{
    // Registered for good at the first use: here, so that no test seems to leave it behind.
    eddy__http_errors_register();
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    with_tls |= is_over_tls();
    if (with_tls)
        make_certificate();
    int input[2], output[2];
    if (pipe(input) < 0 || pipe(output) < 0)
        abort();
    servers_pid = fork();
    if (servers_pid == 0)
        run_servers(input, output, with_tls);
    close(input[0]);
    close(output[1]);
    servers_input = input[1];
    atexit(stop_servers);
    FILE *lines = fdopen(output[0], "r");
    if (!lines || fscanf(lines, "%d %d", &ports[0], &ports[1]) != 2 ||
        (with_tls && fscanf(lines, "%d %d", &ports[2], &ports[3]) != 2)) {
        fprintf(stderr, "# servers.py did not start\n");
        exit(1);
    }
    fclose(lines);
}

bool is_over_libcurl(void)
{
    return getenv("EDDY_HTTP_TEST_LIBCURL") != NULL;
}

bool is_over_tls(void)
{
    return getenv("EDDY_HTTP_TEST_TLS") != NULL;
}

eddy_http_session *new_session(const eddy_http_session_options *options)
{
    eddy_http_session_options chosen = options ? *options : (eddy_http_session_options){0};
    eddy_http_session *session = NULL;
    chosen.libcurl |= is_over_libcurl();
    if (is_over_tls() && !chosen.cacert)
        chosen.cacert = certificate;
    EXPECT_EQ(eddy_http_session_new(&chosen, &session), 0);
    return session;
}

static const char *url_of(const char *scheme, int port, const char *path)
{
    static char urls[8][256];
    static unsigned next;
    char *url = urls[next++ % 8];
    snprintf(url, sizeof urls[0], "%s://127.0.0.1:%d%s", scheme, port, path);
    return url;
}

const char *at(const char *path)
{
    return is_over_tls() ? at_tls(path) : url_of("http", ports[0], path);
}

const char *at_second(const char *path)
{
    return is_over_tls() ? url_of("https", ports[3], path) : url_of("http", ports[1], path);
}

const char *at_tls(const char *path)
{
    return url_of("https", ports[2], path);
}

const char *certificate_file(void)
{
    return certificate;
}

const char *key_file(void)
{
    return key;
}

int plain_port(void)
{
    return ports[0];
}

int server_port(void)
{
    return ports[is_over_tls() ? 2 : 0];
}

int get(eddy_http_session *session, const char *path, const char *body)
{
    EDDY_AUTO(eddy_http_response) *response = NULL;
    EDDY_TRY(
        eddy_http_session_get(session, strstr(path, "://") ? path : at(path), NULL, &response));
    if (body)
        EXPECT_STR(eddy_http_response_body(response).data, body);
    return eddy_http_response_status(response);
}

void expect_part(const char *text, const char *part, bool is_expected, const char *file, int line)
{
    if ((strstr(text, part) != NULL) != is_expected)
        harness_expect(false, file, line, "%s \"%s\" in\n%s", is_expected ? "" : "no", part, text);
}

bool message_has(int status, const char *text)
{
    const char *message = eddy_error_message(eddy_error_get(status));
    if (message && strstr(message, text))
        return true;
    fprintf(stderr, "# the message is \"%s\"\n", message ? message : "(null)");
    return false;
}

server_state ask_state(eddy_http_session *session)
{
    server_state state = {0};
    EDDY_AUTO(eddy_http_response) *response = NULL;
    if (EXPECT_EQ(eddy_http_session_get(session, at("/state"), NULL, &response), 0))
        sscanf(eddy_http_response_body(response).data, "%d %d %d", &state.connections,
               &state.requests, &state.active_max);
    return state;
}

void forget_state(eddy_http_session *session)
{
    EXPECT_EQ(get(session, "/forget", NULL), 200);
}
