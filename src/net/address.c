/* SPDX-License-Identifier: MIT */
/*
 * address.c: socket addresses as text, and paths as socket addresses.
 */
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static int checked(int length, size_t buf_size)
{
    return length < 0 || (size_t)length >= buf_size ? -ENOBUFS : 0;
}

static int format_ipv4(const struct sockaddr_in *address, char *buf, size_t buf_size)
{
    char host[INET_ADDRSTRLEN];
    if (inet_ntop(AF_INET, &address->sin_addr, host, sizeof host) == NULL)
        return -errno;
    return checked(snprintf(buf, buf_size, "%s:%d", host, ntohs(address->sin_port)), buf_size);
}

static int format_ipv6(const struct sockaddr_in6 *address, char *buf, size_t buf_size)
{
    char host[INET6_ADDRSTRLEN];
    if (inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof host) == NULL)
        return -errno;
    int port = ntohs(address->sin6_port);
    if (address->sin6_scope_id == 0)
        return checked(snprintf(buf, buf_size, "[%s]:%d", host, port), buf_size);
    return checked(snprintf(buf, buf_size, "[%s%%%u]:%d", host, address->sin6_scope_id, port),
                   buf_size);
}

/* The path ends at a zero or at the end of the address; an abstract name may hold zeros. */
static int format_unix(const struct sockaddr_un *address, size_t size, char *buf, size_t buf_size)
{
    size_t length = size - offsetof(struct sockaddr_un, sun_path);
    const char *path = address->sun_path;
    if (size <= offsetof(struct sockaddr_un, sun_path))
        return checked(snprintf(buf, buf_size, "%s", ""), buf_size);
    if (path[0] == '\0')
        return checked(snprintf(buf, buf_size, "@%.*s", (int)length - 1, path + 1), buf_size);
    return checked(snprintf(buf, buf_size, "%.*s", (int)length, path), buf_size);
}

int eddy__address_format(const struct sockaddr *address, size_t size, char *buf, size_t buf_size)
{
    char text[ADDRESS_TEXT_MAX] = "";
    int err = 0;
    switch (address->sa_family) {
    case AF_INET:
        err = format_ipv4((const struct sockaddr_in *)(const void *)address, text, sizeof text);
        break;
    case AF_INET6:
        err = format_ipv6((const struct sockaddr_in6 *)(const void *)address, text, sizeof text);
        break;
    case AF_UNIX:
        err = format_unix((const struct sockaddr_un *)(const void *)address, size, text,
                          sizeof text);
        break;
    default: break;
    }
    size_t length = strlen(text);
    if (err == 0 && length >= buf_size)
        err = -ENOBUFS;
    if (err == 0)
        memcpy(buf, text, length + 1);
    return err;
}

int eddy__address_unix(const char *path, struct sockaddr_un *out_address, socklen_t *out_size)
{
    if (path == NULL)
        return eddy__misuse("the path of a Unix socket is NULL");
    size_t length = strlen(path);
    if (length == 0)
        return -EINVAL;
    if (length >= sizeof out_address->sun_path)
        return -ENAMETOOLONG;
    *out_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(out_address->sun_path, path, length);
    *out_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    if (path[0] == '@') {
        // An abstract name begins with a zero, and is ended by its length.
        out_address->sun_path[0] = '\0';
        *out_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    }
    return 0;
}

/* ---- a stream's addresses --------------------------------------------------------------------*/

typedef int get_name(int fd, struct sockaddr *address, socklen_t *size);

static int name_of(const eddy_stream *stream, get_name *get, char *buf, size_t size)
{
    if (stream == NULL)
        return eddy__misuse("eddy_stream_peername, eddy_stream_sockname: the stream is NULL");
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t address_size = sizeof address;
    if (stream->io != NULL && eddy__loop_is_elsewhere(stream->io->loop->id))
        return eddy__misuse("eddy_stream_peername, eddy_stream_sockname: the stream belongs to the loop of "
                            "another thread");
    int fd = stream->file.fd; // a closed stream that still sends has a peer
    if (fd < 0 || stream->file.is_lost)
        return -EBADF;
    if (get(fd, (struct sockaddr *)&address, &address_size) < 0) {
        if (errno != ENOTSOCK)
            return -errno;
        address_size = 0; // a pipe has no address
    }
    return eddy__address_format((const struct sockaddr *)&address, address_size, buf, size);
}

static int get_peer(int fd, struct sockaddr *address, socklen_t *size)
{
    return getpeername(fd, address, size);
}

static int get_own(int fd, struct sockaddr *address, socklen_t *size)
{
    return getsockname(fd, address, size);
}

int eddy_stream_peername(const eddy_stream *stream, char *buf, size_t size)
{
    return name_of(stream, get_peer, buf, size);
}

int eddy_stream_sockname(const eddy_stream *stream, char *buf, size_t size)
{
    return name_of(stream, get_own, buf, size);
}
