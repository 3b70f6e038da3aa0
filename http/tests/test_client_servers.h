/* SPDX-License-Identifier: MIT */
/*
 * test_client_servers.h: starts servers.py, and the small words that the client's tests share.
 */
#ifndef EDDY_HTTP_TEST_CLIENT_SERVERS_H
#define EDDY_HTTP_TEST_CLIENT_SERVERS_H

#include "harness.h"

#include <eddy/http_client.h>

/*
 * Starts servers.py, which ends with this process; with TLS if `certificate`. Ends the test if not.
 */
void start_servers(bool with_tls);

/*
 * A session with these options. Each test runs over both transports and over TLS: with
 * EDDY_HTTP_TEST_LIBCURL in the environment it leaves everything to libcurl, with
 * EDDY_HTTP_TEST_TLS the servers below are those with TLS, and it trusts them.
 */
eddy_http_session *new_session(const eddy_http_session_options *options);
bool is_over_libcurl(void);
bool is_over_tls(void);

/* "http://127.0.0.1:PORT" and `path`; of the second server; of one with TLS. Static, a few. */
const char *at(const char *path);
const char *at_second(const char *path);
const char *at_tls(const char *path);
const char *certificate_file(void);    // of the TLS servers, as PEM
const char *key_file(void);
int server_port(void);    // of at()
int plain_port(void);     // of the first without TLS

/* The status of a GET, or its error; the body must be `body`, unless that is NULL. */
int get(eddy_http_session *session, const char *path, const char *body);

/* Whether the message that came with `status`, the last error, holds `text`. */
bool message_has(int status, const char *text);

/* That `text` has `part` in it, or has not. */
void expect_part(const char *text, const char *part, bool is_expected, const char *file, int line);
#define EXPECT_HAS(text, part)     expect_part((text), (part), true, __FILE__, __LINE__)
#define EXPECT_HAS_NOT(text, part) expect_part((text), (part), false, __FILE__, __LINE__)

/*
 * connections, requests and active_max of both servers, as one number each; and setting them to 0.
 */
typedef struct server_state {
    int connections, requests, active_max;
} server_state;
server_state ask_state(eddy_http_session *session);
void forget_state(eddy_http_session *session);

/* RUN_TESTS with the servers running. */
#define RUN_CLIENT_TESTS(with_tls, ...)                   \
    int main(void)                                        \
    {                                                     \
        const struct CMUnitTest tests[] = {__VA_ARGS__};  \
        harness_begin();                                  \
        start_servers(with_tls);                          \
        return cmocka_run_group_tests(tests, NULL, NULL); \
    }

#endif
