/* SPDX-License-Identifier: MIT */
/* N2 without a network: a server and its one client, on the two ends of a pair of sockets and on one
   loop, for N requests; their instructions can be counted (bench/count).
   usage: pair_http N */
#include <eddy.h>
#include <eddy/http_server.h>

#include "figures.h"

/* What wrk sends. */
static const char request[] = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

static int hello(eddy_http_request *asked, eddy_http_reply *reply, void *data)
{
    (void)asked, (void)data;
    return eddy_http_reply_send(reply, 200, "text/plain", "Hello, World!", 13);
}

EDDY_ASYNC(app, (long, n))
{
    EDDY_AUTO(eddy_http_server) *server = NULL;
    EDDY_TRY(eddy_http_server_open(&(eddy_http_server_options){.handler = hello}, &server));
    EDDY_AUTO(eddy_stream) *client = NULL;
    eddy_stream *served;
    EDDY_TRY(eddy_stream_pair(NULL, &client, &served));
    EDDY_TRY(eddy_http_server_adopt(server, served));

    struct watch watch = watch_start();
    for (long i = 0; i < n; i++) {
        char answer[1024];
        EDDY_TRY(eddy_stream_write(client, request, sizeof request - 1));
        ssize_t size = eddy_stream_read(client, answer, sizeof answer);
        if (size < 13 || memcmp(answer + size - 13, "Hello, World!", 13) != 0)
            return size < 0 ? (int)size : eddy_fail(EDDY_EVALUE, "not the answer");
    }
    report_each(n, watch);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 100000)));
}
