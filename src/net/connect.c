/* SPDX-License-Identifier: MIT */
/*
 * connect.c: connecting streams.
 *
 * One stream tries each address in turn, each time with a new socket, until one succeeds.
 * The errors of all attempts are gathered as text: the last address's error alone often misleads.
 */
#include "net/net.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The errors so far: "127.0.0.1:80: Connection refused; [::1]:80: ...", truncated if too long. */
struct failures {
    char text[384];
    size_t size;
};

static void note_failure(struct failures *failures, const struct sockaddr *address, size_t size,
                         int err)
{
    char where[ADDRESS_TEXT_MAX] = "?";
    (void)eddy__address_format(address, size, where, sizeof where);
    size_t room = sizeof failures->text - failures->size;
    int n = snprintf(failures->text + failures->size, room, "%s%s: %s",
                     failures->size > 0 ? "; " : "", where, eddy_strerror(err));
    if (n > 0)
        failures->size += (size_t)n < room ? (size_t)n : room - 1;
}

/* One attempt: the stream has a connected socket, or, with an error, none. */
static int try_address(eddy_stream *stream, const struct sockaddr *address, size_t size)
{
    bool is_unix = address->sa_family == AF_UNIX;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    eddy__stream_attach(stream, fd, is_unix ? POLL_UNIX_SOCKET : POLL_SOCKET);
    int err = eddy__stream_connect(stream, address, size);
    if (err < 0 && err != EDDY_CANCELLED) // after that the caller drops the whole stream
        eddy__stream_detach(stream);
    return err;
}

/* Errors that don't depend on the address, so that the next one would fail as well. */
static bool is_final(int err)
{
    return err == EDDY_CANCELLED || err == EDDY_EMISUSE || err == -ENOMEM || err == -EMFILE ||
           err == -ENFILE;
}

static int try_each(eddy_stream *stream, const struct addrinfo *list, const char *host,
                    const char *service)
{
    struct failures failures = {.size = 0};
    int err = EDDY_ERESOLVE;
    for (; list != NULL; list = list->ai_next) {
        err = try_address(stream, list->ai_addr, list->ai_addrlen);
        if (err >= 0 || is_final(err))
            return err;
        note_failure(&failures, list->ai_addr, list->ai_addrlen, err);
    }
    return eddy_fail(err, "can't connect to %s:%s (%s)", host != NULL ? host : "localhost", service,
                     failures.text);
}

static int connect_to_list(struct io *io, const struct addrinfo *list, const char *host,
                           const char *service, const eddy_stream_options *options,
                           eddy_stream **out_stream)
{
    eddy_stream *stream;
    int err = eddy__stream_new(io, options, &stream);
    if (err < 0)
        return err;
    err = try_each(stream, list, host, service);
    if (err < 0) {
        eddy_stream_free(stream);
        return err;
    }
    *out_stream = stream;
    return 0;
}

int eddy_open_connection(const char *host, const char *service, const eddy_stream_options *options,
                         eddy_stream **out_stream)
{
    struct io *io;
    struct addrinfo *list;
    int err = eddy__io_for_result("eddy_open_connection", out_stream, &io);
    if (err == 0)
        err = eddy__resolve(host, service, 0, &list);
    if (err < 0)
        return (int)eddy__io_end_call(err);
    err = connect_to_list(io, list, host, service, options, out_stream);
    freeaddrinfo(list);
    if (err < 0)
        return (int)eddy__io_end_call(err);
    (*out_stream)->opened_by = __builtin_return_address(0);
    return 0;
}

/*
 * While the backlog of a Unix socket is full, the kernel does not wait for us, and does not report
 * when there is space again. So this is the one place that retries after a pause.
 */
static int try_unix(eddy_stream *stream, const struct sockaddr_un *address, socklen_t size)
{
    double pause = 0.001; // seconds
    for (;;) {
        int err = try_address(stream, (const struct sockaddr *)address, size);
        if (err != -EAGAIN)
            return err;
        err = eddy_sleep(pause);
        if (err < 0)
            return err;
        if (pause < 0.05)
            pause *= 2;
    }
}

int eddy_open_unix_connection(const char *path, const eddy_stream_options *options,
                              eddy_stream **out_stream)
{
    struct sockaddr_un address;
    socklen_t size;
    struct io *io;
    eddy_stream *stream;
    int err = eddy__address_unix(path, &address, &size);
    if (err == 0)
        err = eddy__io_for_result("eddy_open_unix_connection", out_stream, &io);
    if (err == 0)
        err = eddy__stream_new(io, options, &stream);
    if (err < 0)
        return (int)eddy__io_end_call(err);
    err = try_unix(stream, &address, size);
    if (err < 0) {
        eddy_stream_free(stream);
        if (!is_final(err))
            err = eddy_fail(err, "can't connect to %s: %s", path, eddy_strerror(err));
        return (int)eddy__io_end_call(err);
    }
    stream->opened_by = __builtin_return_address(0);
    *out_stream = stream;
    return 0;
}
