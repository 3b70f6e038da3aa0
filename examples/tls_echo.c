/* SPDX-License-Identifier: MIT */
/*
 * tls_echo.c: echo.c over TLS. A client that refuses the certificate is dropped without a message.
 *
 *     $ cc tls_echo.c $(pkg-config --cflags --libs eddy-tls) -o tls_echo
 *     $ openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
 *           -addext subjectAltName=DNS:localhost -keyout key.pem -out localhost.pem
 *     $ ./tls_echo 7000 localhost.pem key.pem &
 *     $ openssl s_client -quiet -connect localhost:7000 -CAfile localhost.pem
 */
#include <eddy.h>
#include <eddy/tls.h>

#include <stdio.h>

EDDY_ASYNC(serve, (eddy_stream *, client, EDDY_OWNED(eddy_stream)), (eddy_tls_context *, context))
{
    EDDY_AUTO(eddy_stream) *stream = client;
    char buf[4096];
    ssize_t n;
    if (eddy_stream_start_tls(stream, context, &(eddy_tls_options){.server_side = true}) < 0)
        return 0;
    while ((n = eddy_stream_read(stream, buf, sizeof buf)) > 0)
        if ((n = eddy_stream_write(stream, buf, (size_t)n)) < 0)
            break;
    if (n == 0)
        eddy_stream_close(stream); // signals the end after everything has been sent
    return n == EDDY_CANCELLED ? (int)n : 0; // a lost client is no error
}

EDDY_ASYNC(listen_on, (const char *, port), (const char *, certificate), (const char *, key))
{
    EDDY_AUTO(eddy_tls_context) *context = NULL;
    EDDY_TRY(eddy_tls_context_new(&(eddy_tls_context_options){.certificate = certificate,
                                                              .private_key = key}, &context));
    EDDY_AUTO(eddy_listener) *listener = NULL;
    EDDY_TRY(eddy_listen("127.0.0.1", port, NULL, &listener));
    printf("%d\n", eddy_listener_port(listener));
    fflush(stdout);
    for (;;) {
        eddy_stream *stream;
        EDDY_TRY(eddy_listener_accept(listener, &stream));
        eddy_start(serve, stream, context);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: tls_echo PORT CERTIFICATE [KEY]\n");
        return 2;
    }
    return eddy_main(eddy_coro(listen_on, argv[1], argv[2], argc > 3 ? argv[3] : NULL));
}
