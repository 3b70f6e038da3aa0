/* SPDX-License-Identifier: MIT */
/*
 * listen.c: sockets that listen, on TCP addresses and on paths.
 *
 * All sockets of a listener share one port, also when the system chooses it: the first socket gets
 * the port, and if it is in use on another address, all sockets are made again. Addresses that this
 * machine does not have (a kernel without IPv6, say) are left out as long as one is left.
 */
#include "net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BACKLOG_DEFAULT = 1024,
    PORT_ATTEMPTS = 16, // to find a port that is free on every address
};

static int backlog_of(const eddy_listener_options *options)
{
    return options != NULL && options->backlog > 0 ? options->backlog : BACKLOG_DEFAULT;
}

static int set_flag(int fd, int level, int name)
{
    const int one = 1;
    return setsockopt(fd, level, name, &one, sizeof one) < 0 ? -errno : 0;
}

static int open_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

static int bind_and_listen(int fd, const struct sockaddr *address, socklen_t size, int backlog)
{
    if (bind(fd, address, size) < 0 || listen(fd, backlog) < 0)
        return -errno;
    return 0;
}

/* ---- TCP -------------------------------------------------------------------------------------*/

static void set_port(struct sockaddr_storage *address, int port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((uint16_t)port);
    else if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((uint16_t)port);
}

static int port_of(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -errno;
    if (address.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
    return ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
}

static int set_tcp_options(int fd, int family, bool reuse_port)
{
    int err = set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
    if (err == 0 && reuse_port)
        err = set_flag(fd, SOL_SOCKET, SO_REUSEPORT);
    // Each address has its own socket; without this the one for [::] would also take 0.0.0.0.
    if (err == 0 && family == AF_INET6)
        err = set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    return err;
}

/* A socket that listens on `entry`, with `port` in place of its own unless that is 0. */
static int listen_on(const struct addrinfo *entry, int port, const eddy_listener_options *options)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    memcpy(&address, entry->ai_addr, entry->ai_addrlen);
    if (port != 0)
        set_port(&address, port);
    int fd = open_socket(entry->ai_family);
    if (fd < 0)
        return fd;
    int err = set_tcp_options(fd, entry->ai_family, options != NULL && options->reuse_port);
    if (err == 0)
        err = bind_and_listen(fd, (const struct sockaddr *)&address, entry->ai_addrlen,
                              backlog_of(options));
    if (err < 0) {
        close(fd);
        return err;
    }
    return fd;
}

static bool is_missing_here(int err)
{
    return err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL || err == -EPROTONOSUPPORT;
}

static int listen_on_all(const struct addrinfo *list, const eddy_listener_options *options,
                         eddy_listener *listener)
{
    int err = -EADDRNOTAVAIL;
    for (; list != NULL; list = list->ai_next) {
        int fd = listen_on(list, listener->port, options);
        if (fd < 0) {
            err = fd;
            if (is_missing_here(fd))
                continue;
            return fd;
        }
        eddy__listener_add(listener, fd, POLL_SOCKET);
        if (listener->port == 0)
            listener->port = port_of(fd);
    }
    return listener->socket_count > 0 ? 0 : err;
}

static int listen_once(struct io *io, const struct addrinfo *list,
                       const eddy_listener_options *options, eddy_listener **out_listener)
{
    size_t count = 0;
    for (const struct addrinfo *entry = list; entry != NULL; entry = entry->ai_next)
        count++;
    eddy_listener *listener;
    int err = eddy__listener_new(io, count, options, &listener);
    if (err < 0)
        return err;
    err = listen_on_all(list, options, listener);
    if (err < 0) {
        eddy_listener_free(listener);
        return err;
    }
    *out_listener = listener;
    return 0;
}

int eddy_listen(const char *host, const char *service, const eddy_listener_options *options,
                eddy_listener **out_listener)
{
    struct io *io;
    struct addrinfo *list;
    int err = eddy__io_for_result("eddy_listen", out_listener, &io);
    if (err == 0)
        err = eddy__resolve(host, service, AI_PASSIVE, &list);
    if (err < 0)
        return (int)eddy__io_end_call(err);
    bool is_chosen = strcmp(service, "0") == 0;
    for (int i = 0; i < PORT_ATTEMPTS; i++) {
        err = listen_once(io, list, options, out_listener);
        if (err != -EADDRINUSE || !is_chosen)
            break;
    }
    freeaddrinfo(list);
    if (err < 0 && err != -ENOMEM)
        err = eddy_fail(err, "can't listen on %s:%s: %s", host != NULL ? host : "*", service,
                        eddy_strerror(err));
    return err == 0 ? 0 : (int)eddy__io_end_call(err);
}

/* ---- Unix sockets ----------------------------------------------------------------------------*/

/* Whether the socket file at `address` is a leftover: a socket on which no process listens. */
static bool is_stale(const struct sockaddr_un *address, socklen_t size)
{
    struct stat status;
    if (lstat(address->sun_path, &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = open_socket(AF_UNIX);
    if (fd < 0)
        return false;
    bool is_refused = connect(fd, (const struct sockaddr *)address, size) < 0 &&
                      errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

static int open_unix(const struct sockaddr_un *address, socklen_t size, int backlog)
{
    int fd = open_socket(AF_UNIX);
    if (fd < 0)
        return fd;
    int err = bind_and_listen(fd, (const struct sockaddr *)address, size, backlog);
    if (err == -EADDRINUSE && address->sun_path[0] != '\0' && is_stale(address, size) &&
        unlink(address->sun_path) == 0)
        err = bind_and_listen(fd, (const struct sockaddr *)address, size, backlog);
    if (err < 0) {
        close(fd);
        return err;
    }
    return fd;
}

/* Records the file that has just been made, to be removed at the end. */
static int own_path(eddy_listener *listener, const char *path)
{
    struct stat status;
    if (lstat(path, &status) < 0)
        return -errno;
    listener->path = eddy__strdup(path);
    if (listener->path == NULL)
        return -ENOMEM;
    listener->path_device = status.st_dev;
    listener->path_inode = status.st_ino;
    return 0;
}

int eddy_listen_unix(const char *path, const eddy_listener_options *options,
                     eddy_listener **out_listener)
{
    struct sockaddr_un address;
    socklen_t size;
    struct io *io;
    eddy_listener *listener;
    int err = eddy__address_unix(path, &address, &size);
    if (err == 0)
        err = eddy__io_for_result("eddy_listen_unix", out_listener, &io);
    if (err == 0)
        err = eddy__listener_new(io, 1, options, &listener);
    if (err < 0)
        return err;
    int fd = open_unix(&address, size, backlog_of(options));
    if (fd < 0) {
        err = fd;
        goto free_listener;
    }
    eddy__listener_add(listener, fd, POLL_UNIX_SOCKET);
    if (address.sun_path[0] != '\0' && (options == NULL || !options->keep_path)) {
        err = own_path(listener, path);
        if (err < 0) {
            unlink(path);
            goto free_listener;
        }
    }
    *out_listener = listener;
    return 0;

free_listener:
    eddy_listener_free(listener);
    return err;
}
