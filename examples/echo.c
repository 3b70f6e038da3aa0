/* SPDX-License-Identifier: MIT */
/*
 * echo.c: a server that returns the bytes that it receives, to any number of clients at once.
 *
 *     $ cc echo.c $(pkg-config --cflags --libs eddy) -o echo
 *     $ ./echo 7000 &
 *     $ nc 127.0.0.1 7000
 */
#include <eddy.h>

#include <errno.h>

EDDY_ASYNC(serve, (eddy_stream *, client, EDDY_OWNED(eddy_stream)))
{
    EDDY_AUTO(eddy_stream) *stream = client;
    char buf[4096];
    ssize_t n;
    while ((n = eddy_stream_read(stream, buf, sizeof buf)) > 0)
        if ((n = eddy_stream_write(stream, buf, (size_t)n)) < 0)
            break;
    return n == -ECONNRESET || n == -EPIPE ? 0 : (int)n; // a lost client is no error
}

EDDY_ASYNC(listen_on, (const char *, port))
{
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EDDY_TRY(eddy_listen("127.0.0.1", port, NULL, &listener));
    for (;;) {
        eddy_stream *stream;
        EDDY_TRY(eddy_listener_accept(listener, &stream));
        eddy_start(serve, stream);
    }
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(listen_on, argc > 1 ? argv[1] : "7000"));
}
