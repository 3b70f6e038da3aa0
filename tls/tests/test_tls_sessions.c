/* SPDX-License-Identifier: MIT */
/* Sessions that a client resumes: of the same server, verified in the same way, a bounded number. */
#include "tls_pair.h"

#include "certificates.h"

#include <stdio.h>

/* A client and a server that goes through one connection after the other. */
struct hosts {
    eddy_tls_context *client, *server;
};

EDDY_ASYNC(greet, (eddy_stream *, stream), (eddy_tls_context *, context))
{
    EDDY_TRY(eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_side = true}));
    return eddy_stream_write(stream, "hello", 5);
}

/* Connects to `host`. 1: the session was resumed, 0: it was not; or the error. */
static int connect_to(const struct hosts *hosts, const char *host)
{
    EDDY_AUTO(eddy_stream) *near = NULL;
    EDDY_AUTO(eddy_stream) *far = NULL;
    char buf[5];
    EXPECT_EQ(eddy_stream_pair(NULL, &near, &far), 0);
    EDDY_AUTO(eddy_task) *server = eddy_create_task(greet, far, hosts->server);
    int rc = eddy_stream_start_tls(near, hosts->client, &(eddy_tls_options){.server_hostname = host});
    if (rc == 0)    // TLS 1.3 brings tickets with the first bytes
        rc = eddy_stream_read_exactly(near, buf, sizeof buf);
    EDDY_IGNORE(eddy_await(server));
    eddy_tls_info info;
    if (rc == 0 && EXPECT_EQ(eddy_stream_tls_info(near, &info), 0))
        rc = info.session_reused;
    return rc;
}

static void hosts_begin(struct hosts *hosts, const char *names, int version)
{
    const char *file = certificate_for("hosts.pem", names, 30);
    hosts->server = new_context((eddy_tls_context_options){.certificate = file});
    hosts->client = new_context(
        (eddy_tls_context_options){.cafile = authority_file(), .maximum_version = version});
}

static void hosts_end(struct hosts *hosts)
{
    eddy_tls_context_free(hosts->client);
    eddy_tls_context_free(hosts->server);
}

TEST(a_client_resumes_the_session_of_the_same_name)
{
    static const int versions[] = {EDDY_TLS_1_2, EDDY_TLS_1_3};
    for (int i = 0; i < 2; i++) {
        struct hosts hosts;
        hosts_begin(&hosts, "DNS:a.test,DNS:b.test", versions[i]);
        EXPECT_EQ(connect_to(&hosts, "a.test"), 0);
        EXPECT_EQ(connect_to(&hosts, "a.test"), 1);
        EXPECT_EQ(connect_to(&hosts, "A.test"), 1);
        EXPECT_EQ(connect_to(&hosts, "b.test"), 0);
        EXPECT_EQ(connect_to(&hosts, "b.test"), 1);
        EXPECT_EQ(connect_to(&hosts, "c.test"), EDDY_TLS_CERTIFICATE);
        EXPECT_EQ(connect_to(&hosts, "a.test"), 1);
        hosts_end(&hosts);
    }
}

TEST(a_session_stays_with_its_context)
{
    struct hosts lax, strict;
    hosts_begin(&lax, "DNS:a.test", 0);
    strict = lax;
    lax.client = new_context((eddy_tls_context_options){.insecure = true});
    EXPECT_EQ(connect_to(&lax, "wrong.test"), 0);
    EXPECT_EQ(connect_to(&lax, "wrong.test"), 1);
    EXPECT_EQ(connect_to(&strict, "wrong.test"), EDDY_TLS_CERTIFICATE);
    EXPECT_EQ(connect_to(&strict, "a.test"), 0);
    eddy_tls_context_free(lax.client);
    hosts_end(&strict);
}

TEST(a_server_that_forgot_the_session_is_connected_to_all_the_same)
{
    struct hosts hosts;
    hosts_begin(&hosts, "DNS:a.test", 0);
    EXPECT_EQ(connect_to(&hosts, "a.test"), 0);
    eddy_tls_context_free(hosts.server);    // and its ticket keys
    hosts.server = new_context((eddy_tls_context_options){.certificate = file_path("hosts.pem")});
    EXPECT_EQ(connect_to(&hosts, "a.test"), 0);
    EXPECT_EQ(connect_to(&hosts, "a.test"), 1);
    hosts_end(&hosts);
}

TEST(no_more_than_64_sessions_are_kept)
{
    enum { KEPT = 64 };
    struct hosts hosts;
    char name[32];
    hosts_begin(&hosts, "DNS:*.many.test", 0);
    for (int i = 0; i <= KEPT; i++) {
        snprintf(name, sizeof name, "h%d.many.test", i);
        EXPECT_EQ(connect_to(&hosts, name), 0);
    }
    EXPECT_EQ(connect_to(&hosts, "h1.many.test"), 1);
    EXPECT_EQ(connect_to(&hosts, "h64.many.test"), 1);
    EXPECT_EQ(connect_to(&hosts, "h0.many.test"), 0);    // made room, and takes the place of the next
    EXPECT_EQ(connect_to(&hosts, "h2.many.test"), 0);
    hosts_end(&hosts);
}

TEST(the_subject_of_a_certificate_names_no_host)
{
    struct hosts hosts;
    const char *file = certificate_for("cn.test", "IP:192.0.2.1", 30);    // its common name, too
    hosts.server = new_context((eddy_tls_context_options){.certificate = file});
    hosts.client = new_context(client_options());
    EXPECT_EQ(connect_to(&hosts, "cn.test"), EDDY_TLS_CERTIFICATE);
    EXPECT_EQ(connect_to(&hosts, "192.0.2.1"), 0);
    hosts_end(&hosts);
}

RUN_TESTS(TEST_OF(a_client_resumes_the_session_of_the_same_name),
          TEST_OF(a_session_stays_with_its_context),
          TEST_OF(a_server_that_forgot_the_session_is_connected_to_all_the_same),
          TEST_OF(no_more_than_64_sessions_are_kept),
          TEST_OF(the_subject_of_a_certificate_names_no_host))
