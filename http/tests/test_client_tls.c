/* SPDX-License-Identifier: MIT */
/*
 * test_client_tls.c: certificates are verified, unless one says otherwise.
 */
#include "test_client_servers.h"

#include <stdlib.h>
#include <string.h>

TEST_REAL(an_unknown_certificate_is_refused)
{
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    int rc = get(session, at_tls("/hello"), NULL);
    EXPECT_EQ(rc, EDDY_HTTP_TLS);
    EXPECT(message_has(rc, "certificate"));
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(a_trusted_certificate_is_taken)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.cacert = certificate_file()});
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(get(session, at_tls("/hello"), "hello\n"), 200);
    EXPECT_EQ(get(session, at_tls("/nothing"), NULL), EDDY_HTTP_DISCONNECTED);
    EXPECT_EQ(get(session, at_tls("/too-short"), NULL), EDDY_HTTP_PARTIAL);
    EXPECT_EQ(get(session, at_tls("/big?1000000"), NULL), 200);
}

TEST_REAL(insecure_takes_any)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.insecure = true});
    EXPECT_EQ(get(session, at_tls("/hello"), "hello\n"), 200);
}

TEST_REAL(what_one_session_trusts_another_does_not)
{
    EDDY_AUTO(eddy_http_session) *careless =
        new_session(&(eddy_http_session_options){.insecure = true});
    EDDY_AUTO(eddy_http_session) *careful = new_session(NULL);
    EXPECT_EQ(get(careless, at_tls("/hello"), "hello\n"), 200);
    EXPECT_EQ(get(careful, at_tls("/hello"), NULL), EDDY_HTTP_TLS);
}

TEST_REAL(plain_and_tls_do_not_mix)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.insecure = true});
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/hello", server_port());
    EXPECT_EQ(get(session, url, NULL), EDDY_HTTP_TLS);
}

TEST_REAL(a_certificate_for_another_name_is_refused)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.cacert = certificate_file()});
    char url[64];
    snprintf(url, sizeof url, "https://localhost:%s/hello", strrchr(at_tls(""), ':') + 1);
    int rc = get(session, url, NULL);
    EXPECT_EQ(rc, EDDY_HTTP_TLS);
    EXPECT(message_has(rc, "localhost"));
}

TEST_REAL(a_file_of_certificates_that_is_not_there_is_named)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.cacert = "/there/is/no.pem"});
    for (int i = 0; i < 2; i++) {
        int rc = get(session, at_tls("/hello"), NULL);
        EXPECT_EQ(rc, EDDY_HTTP_TLS);
        EXPECT(message_has(rc, "/there/is/no.pem"));
    }
    EXPECT_EQ(get(session, "/hello", "hello\n"), 200);
}

TEST_REAL(the_handshake_counts_as_connecting)
{
    EDDY_AUTO(eddy_http_session) *session =
        new_session(&(eddy_http_session_options){.insecure = true, .timeout.connect = 0.1});
    EDDY_AUTO(eddy_listener) *listener = NULL;    // the kernel accepts, and nobody answers
    REQUIRE(eddy_listen("127.0.0.1", "0", NULL, &listener) == 0);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", eddy_listener_port(listener));
    int rc = get(session, url, NULL);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT(message_has(rc, "onnect"));
}

TEST_REAL(who_is_trusted_by_default_the_environment_may_say)
{
    setenv("SSL_CERT_FILE", certificate_file(), 1);
    EDDY_AUTO(eddy_http_session) *session = new_session(NULL);
    EXPECT_EQ(get(session, at_tls("/hello"), "hello\n"), 200);
    unsetenv("SSL_CERT_FILE");
}

RUN_CLIENT_TESTS(true, TEST_OF(an_unknown_certificate_is_refused),
                 TEST_OF(a_trusted_certificate_is_taken), TEST_OF(insecure_takes_any),
                 TEST_OF(what_one_session_trusts_another_does_not),
                 TEST_OF(plain_and_tls_do_not_mix),
                 TEST_OF(a_certificate_for_another_name_is_refused),
                 TEST_OF(a_file_of_certificates_that_is_not_there_is_named),
                 TEST_OF(the_handshake_counts_as_connecting),
                 TEST_OF(who_is_trusted_by_default_the_environment_may_say))
