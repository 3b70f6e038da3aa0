/* SPDX-License-Identifier: MIT */
/* N1 without a network: the two ends of a pair of sockets send 1 KiB to and fro N times, while IDLE
   other connections wait. One loop runs both ends, so what happens does not depend on how fast the
   other side is, and the instructions of a message can be counted (bench/count).
   usage: pair_echo N IDLE */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC(echo, (eddy_stream *, stream))
{
    char buf[4096];
    ssize_t n;
    while ((n = eddy_stream_read(stream, buf, sizeof buf)) > 0)
        EDDY_TRY(eddy_stream_write(stream, buf, (size_t)n));
    return (int)n;
}

/* Makes a pair, with echo at one end; the other end. */
static int open_echo(eddy_stream **out_near, eddy_stream **out_far)
{
    EDDY_TRY(eddy_stream_pair(NULL, out_near, out_far));
    eddy_start(echo, *out_far);
    return 0;
}

EDDY_ASYNC(app, (long, n), (long, idle_count))
{
    eddy_stream **idle = calloc((size_t)idle_count * 2 + 1, sizeof *idle);
    for (long i = 0; i < idle_count; i++)
        EDDY_TRY(open_echo(&idle[2 * i], &idle[2 * i + 1]));

    eddy_stream *near, *far;
    EDDY_TRY(open_echo(&near, &far));
    char message[1024] = "hello", answer[sizeof message];
    struct watch watch = watch_start();
    for (long i = 0; i < n; i++) {
        EDDY_TRY(eddy_stream_write(near, message, sizeof message));
        EDDY_TRY(eddy_stream_read_exactly(near, answer, sizeof answer));
    }
    report_each(2 * n, watch);
    return memcmp(message, answer, sizeof message) == 0 ? 0 : EDDY_EVALUE;
}

int main(int argc, char **argv)
{
    int status = eddy_main(eddy_coro(app, argument(argc, argv, 1, 100000), argument(argc, argv, 2, 0)));
    return status;
}
