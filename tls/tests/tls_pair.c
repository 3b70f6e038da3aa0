/* SPDX-License-Identifier: MIT */
/* tls_pair.c: see tls_pair.h. */
#include "tls_pair.h"

#include "certificates.h"

#include <stdio.h>

eddy_tls_context_options client_options(void)
{
    return (eddy_tls_context_options){.cafile = authority_file()};
}

eddy_tls_context_options server_options(void)
{
    static const char *file;
    if (!file)
        file = certificate_for("localhost.pem", "DNS:localhost,IP:127.0.0.1", 30);
    return (eddy_tls_context_options){.certificate = file_path("localhost.pem")};
}

eddy_tls_context *new_context(eddy_tls_context_options options)
{
    eddy_tls_context *context = NULL;
    EXPECT_EQ(eddy_tls_context_new(&options, &context), 0);
    return context;
}

void pair_plain(struct pair *pair, const eddy_stream_options *options)
{
    *pair = (struct pair){.client_context = new_context(client_options()),
                          .server_context = new_context(server_options())};
    EXPECT_EQ(eddy_stream_pair(options, &pair->client, &pair->server), 0);
}

const char *message_of(int status)
{
    const char *message = eddy_error_message(eddy_error_get(status));
    return message ? message : "";
}

EDDY_ASYNC(serve, (struct pair *, pair))
{
    pair->server_status = eddy_stream_start_tls(pair->server, pair->server_context,
                                                &(eddy_tls_options){.server_side = true});
    return pair->server_status;
}

void pair_shake(struct pair *pair, const char *host)
{
    EDDY_AUTO(eddy_task) *server = eddy_create_task(serve, pair);
    pair->client_status = eddy_stream_start_tls(pair->client, pair->client_context,
                                                &(eddy_tls_options){.server_hostname = host});
    snprintf(pair->client_message, sizeof pair->client_message, "%s",
             message_of(pair->client_status));
    EDDY_IGNORE(eddy_await(server));
}

void pair_open(struct pair *pair, const eddy_stream_options *options)
{
    pair_plain(pair, options);
    pair_shake(pair, "localhost");
    EXPECT_EQ(pair->client_status, 0);
    EXPECT_EQ(pair->server_status, 0);
}

void pair_open_at(struct pair *pair, int version, const eddy_stream_options *options)
{
    pair_plain(pair, options);
    eddy_tls_context_options of_client = client_options();
    of_client.maximum_version = version;
    eddy_tls_context_free(pair->client_context);
    pair->client_context = new_context(of_client);
    pair_shake(pair, "localhost");
    EXPECT_EQ(pair->client_status, 0);
    EXPECT_EQ(pair->server_status, 0);
}

void pair_close(struct pair *pair)
{
    eddy_stream_free(pair->client);
    eddy_stream_free(pair->server);
    eddy_tls_context_free(pair->client_context);
    eddy_tls_context_free(pair->server_context);
}

ssize_t read_all(eddy_stream *stream, char *buf, size_t size)
{
    size_t sum = 0;
    for (;;) {
        ssize_t n = eddy_stream_read(stream, buf + sum, size - sum);
        if (n <= 0)
            return n < 0 ? n : (ssize_t)sum;
        sum += (size_t)n;
    }
}
