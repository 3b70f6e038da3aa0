/* SPDX-License-Identifier: MIT */
/* N2, two loops: as many threads as asked for, each with a loop and a server of its own; the kernel
   shares the connections out between them. Each request computes for MICROSECONDS.
   usage: n2_loops PORT LOOPS MICROSECONDS */
#include <eddy.h>
#include <eddy/http_server.h>

#include <pthread.h>

#include "figures.h"

static const char *port;
static double work; // seconds of processor time that a request takes

static int compute(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request, (void)data;
    if (work > 0) {
        double end = seconds_of(CLOCK_THREAD_CPUTIME_ID) + work;
        while (seconds_of(CLOCK_THREAD_CPUTIME_ID) < end)
            continue;
    }
    return eddy_http_reply_send(reply, 200, "text/plain", "Hello, World!", 13);
}

EDDY_ASYNC(serve)
{
    EDDY_AUTO(eddy_http_server) *server = NULL;
    EDDY_TRY(eddy_http_server_open(&(eddy_http_server_options){
        .port = port,
        .handler = compute,
        .reuse_port = true,
    }, &server));
    return eddy_sleep(EDDY_NO_TIMEOUT);
}

static void *run_loop(void *data)
{
    (void)data;
    EDDY_IGNORE(eddy_run(eddy_coro(serve), NULL));
    return NULL;
}

int main(int argc, char **argv)
{
    port = argc > 1 ? argv[1] : "8080";
    work = (double)argument(argc, argv, 3, 0) * 1e-6;
    for (long more = argument(argc, argv, 2, 2) - 1; more > 0; more--) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run_loop, NULL) != 0)
            return 1;
    }
    return eddy_main(eddy_coro(serve));
}
