/* SPDX-License-Identifier: MIT */
/* Contexts: what is in the files, and what is wrong with them. */
#include "certificates.h"
#include "tls_pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* That a context with these options is refused, and the message names what is wrong. */
static void expect_refused(eddy_tls_context_options options, int expected, const char *message)
{
    eddy_tls_context *context = NULL;
    int rc = eddy_tls_context_new(&options, &context);
    EXPECT_EQ(rc, expected);
    EXPECT(context == NULL);
    const char *said = message_of(rc);
    harness_expect(strstr(said, message) != NULL, __FILE__, __LINE__, "'%s' in '%s'", message,
                   said);
}

TEST(the_defaults_are_enough_for_a_client)
{
    eddy_tls_context *context = NULL;
    EXPECT_EQ(eddy_tls_context_new(NULL, &context), 0);
    EXPECT(!eddy_tls_context_has_certificate(context));
    EXPECT(eddy_tls_context_ref(context) == context);
    eddy_tls_context_free(context);
    eddy_tls_context_free(context);
    eddy_tls_context_free(NULL);
    context = new_context(server_options());
    EXPECT(eddy_tls_context_has_certificate(context));
    eddy_tls_context_free(context);
}

TEST(a_file_that_is_not_there_is_named)
{
    const char *missing = file_path("missing.pem");
    expect_refused((eddy_tls_context_options){.cafile = missing}, -ENOENT, missing);
    expect_refused((eddy_tls_context_options){.certificate = missing}, -ENOENT, missing);
    eddy_tls_context_options options = server_options();
    options.private_key = missing;
    expect_refused(options, -ENOENT, missing);
}

TEST(a_file_that_makes_no_sense_is_named)
{
    const char *nonsense = file_with("nonsense.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
    expect_refused((eddy_tls_context_options){.cafile = nonsense}, EDDY_TLS_FAILED, nonsense);
    expect_refused((eddy_tls_context_options){.certificate = nonsense}, EDDY_TLS_FAILED, nonsense);
    const char *empty = file_with("empty.pem", "");
    expect_refused((eddy_tls_context_options){.cafile = empty}, EDDY_TLS_FAILED, empty);
    expect_refused((eddy_tls_context_options){.certificate = authority_file()}, EDDY_TLS_FAILED,
                   "the private key in");
}

TEST(a_key_must_be_the_certificates)
{
    eddy_tls_context_options options = server_options();
    options.private_key = certificate_for("other.pem", "DNS:other.test", 9);
    expect_refused(options, EDDY_TLS_FAILED, "values mismatch");
}

TEST(a_locked_key_wants_its_password_and_asks_nobody)
{
    eddy_tls_context_options options = server_options();
    options.private_key = locked_key_of(options.certificate, "sesame");
    expect_refused(options, EDDY_TLS_FAILED, "locked.pem");
    options.key_password = "thyme";
    expect_refused(options, EDDY_TLS_FAILED, "locked.pem");
    options.key_password = "sesame";
    eddy_tls_context_free(new_context(options));
}

TEST(names_of_protocols_have_their_size)
{
    char endless[257];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    expect_refused((eddy_tls_context_options){.alpn = (const char *const[]){"h2", "", NULL}},
                   EDDY_EVALUE, "0 bytes");
    expect_refused((eddy_tls_context_options){.alpn = (const char *const[]){endless, NULL}},
                   EDDY_EVALUE, "256 bytes");
    eddy_tls_context_free(
        new_context((eddy_tls_context_options){.alpn = (const char *const[]){NULL}}));
}

TEST(versions_are_those_that_there_are)
{
    expect_refused((eddy_tls_context_options){.minimum_version = 13}, EDDY_EVALUE, "0xd");
    expect_refused((eddy_tls_context_options){.maximum_version = 0x0302}, EDDY_EVALUE, "0x302");
    expect_refused((eddy_tls_context_options){.minimum_version = EDDY_TLS_1_3,
                                              .maximum_version = EDDY_TLS_1_2},
                   EDDY_EVALUE, "0x304");
}

/* How the handshake of a client with this context ends. */
static int status_with(eddy_tls_context *context)
{
    struct pair pair;
    pair_plain(&pair, NULL);
    eddy_tls_context_free(pair.client_context);
    pair.client_context = context;
    pair_shake(&pair, "localhost");
    int status = pair.client_status;
    pair_close(&pair);
    return status;
}

TEST(a_folder_of_certificates_is_looked_into)
{
    char command[512];
    char folder[128];
    snprintf(folder, sizeof folder, "%s", file_path("trusted"));
    EXPECT_EQ(mkdir(folder, 0700), 0);
    EXPECT_EQ(status_with(new_context((eddy_tls_context_options){.capath = folder})),
              EDDY_TLS_CERTIFICATE);
    snprintf(command, sizeof command, "cp %s %s && openssl rehash %s", authority_file(), folder,
             folder);
    EXPECT_EQ(system(command), 0);
    EXPECT_EQ(status_with(new_context((eddy_tls_context_options){.capath = folder})), 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    EXPECT_EQ(system(command), 0);
}

TEST(the_environment_names_the_systems_certificates)
{
    EXPECT_EQ(status_with(new_context((eddy_tls_context_options){0})), EDDY_TLS_CERTIFICATE);
    setenv("SSL_CERT_FILE", authority_file(), 1);
    EXPECT_EQ(status_with(new_context((eddy_tls_context_options){0})), 0);
    unsetenv("SSL_CERT_FILE");
}

TEST(a_connection_outlives_its_context)
{
    struct pair pair;
    eddy_span line;
    pair_open(&pair, NULL);
    eddy_tls_context_free(pair.client_context);
    eddy_tls_context_free(pair.server_context);
    pair.client_context = pair.server_context = NULL;
    EXPECT_EQ(eddy_stream_write(pair.client, "on\n", 3), 0);
    EXPECT_EQ(eddy_stream_readline(pair.server, &line), 0);
    EXPECT_EQ(line.size, 3);
    pair_close(&pair);
}

TEST(errors_have_names)
{
    eddy_tls_context_free(new_context((eddy_tls_context_options){0}));
    EXPECT_STR(eddy_strerror(EDDY_TLS_FAILED), "TLS failed");
    EXPECT_STR(eddy_strerror(EDDY_TLS_CERTIFICATE), "certificate not trusted");
    EXPECT_STR(eddy_strerror(EDDY_TLS_EOF), "ended without saying so");
    EXPECT_STR(eddy_strerror(-5599), "error -5599");
}

RUN_TESTS(TEST_OF(the_defaults_are_enough_for_a_client), TEST_OF(a_file_that_is_not_there_is_named),
          TEST_OF(a_file_that_makes_no_sense_is_named), TEST_OF(a_key_must_be_the_certificates),
          TEST_OF(a_locked_key_wants_its_password_and_asks_nobody),
          TEST_OF(names_of_protocols_have_their_size), TEST_OF(versions_are_those_that_there_are),
          TEST_OF(a_folder_of_certificates_is_looked_into),
          TEST_OF(the_environment_names_the_systems_certificates),
          TEST_OF(a_connection_outlives_its_context), TEST_OF(errors_have_names))
