/* SPDX-License-Identifier: MIT */
/*
 * net.h: what the files of net/ share: addresses in the kernel's form and as text.
 *
 *   address.c    from socket addresses to text, and from paths to Unix addresses
 *   resolve.c    from names to addresses
 *   connect.c    connecting streams
 *   listener.c   a listener's life, and accepting
 *   listen.c     sockets that listen
 */
#ifndef EDDY_NET_NET_H
#define EDDY_NET_NET_H

#include "io/io.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { ADDRESS_TEXT_MAX = 128 }; // bytes, with the terminating zero; a path is 108 at most

/* "127.0.0.1:80", "[::1]:80", a path, "@name", or "". 0; -ENOBUFS, with nothing stored. */
int eddy__address_format(const struct sockaddr *address, size_t size, char *buf, size_t buf_size);

/* A path, or '@' and an abstract name: 0, -ENAMETOOLONG, -EINVAL for an empty one. */
int eddy__address_unix(const char *path, struct sockaddr_un *out_address, socklen_t *out_size);

/*
 * Finds the TCP addresses of `host` (NULL with AI_PASSIVE in `flags`: all of the machine) and
 * `service`. The caller frees them with freeaddrinfo(3). A numeric address is not looked up; a name
 * is, on a thread. EDDY_ERESOLVE with a message. Suspends.
 */
int eddy__resolve(const char *host, const char *service, int flags, struct addrinfo **out_list);

/* ---- listeners -------------------------------------------------------------------------------*/

/* One listening socket of a listener. */
struct listen_socket {
    struct eddy_listener *listener;
    struct poll_file file;
    struct poll_op op;
    int arrived; // a connection that the poller has accepted, not returned yet; or -1
};

struct eddy_listener {
    struct io *io; // NULL once its loop has closed
    struct io_keeper keeper;
    eddy_stream_options stream_options;
    eddy_stream *next_stream; // made before its connection is taken, so that none is lost
    struct wait *acceptor;    // the task that waits; or NULL
    unsigned hold_count;      // tasks in eddy_listener_accept()
    unsigned accepts_in_row;  // accepted without waiting
    bool has_told_shortage;   // the current shortage of descriptors or memory was reported
    void (*on_shortage)(int status, void *data);
    void *shortage_data;
    int port;
    bool is_owned;
    bool is_closed;
    eddy_open_note *open_note; // while it is open, in debug mode; or NULL
    char *path; // to be removed when it closes; or NULL
    dev_t path_device; // of the file made there
    ino_t path_inode;
    size_t turn; // the socket that is tried first
    size_t socket_count;
    struct listen_socket sockets[];
};

/* Makes a listener for up to `socket_max` sockets, with none yet. */
int eddy__listener_new(struct io *io, size_t socket_max, const eddy_listener_options *options,
                       eddy_listener **out_listener);

/* Transfers a listening, non-blocking socket to the listener. */
void eddy__listener_add(eddy_listener *listener, int fd, enum poll_file_kind kind);

#endif
