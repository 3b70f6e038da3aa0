/* SPDX-License-Identifier: MIT */
/*
 * test_client_tls.c: certificates are verified, unless one says otherwise.
 */
#include "test_client_servers.h"

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

RUN_CLIENT_TESTS(true, TEST_OF(an_unknown_certificate_is_refused),
                 TEST_OF(a_trusted_certificate_is_taken), TEST_OF(insecure_takes_any),
                 TEST_OF(what_one_session_trusts_another_does_not),
                 TEST_OF(plain_and_tls_do_not_mix))
