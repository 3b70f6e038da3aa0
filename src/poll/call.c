/* SPDX-License-Identifier: MIT */
/*
 * call.c: the system calls behind the operations.
 *
 * Sockets are read and written with recv and send, everything else with read and write. How to
 * handle SIGPIPE is the application's decision, so Eddy never raises it: a socket is told not to,
 * and around a write to a pipe the signal is blocked on this thread and, if raised, consumed.
 *
 * Owns nothing. Called by the pollers.
 */
#include "poll/call.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool is_socket(const struct poll_file *file)
{
    return file->kind == POLL_SOCKET || file->kind == POLL_UNIX_SOCKET;
}

/* ---- receiving -------------------------------------------------------------------------------*/

/* The kernel ends a read of a Unix socket at attached descriptors; only recvmsg reports it. */
static ssize_t receive_unix(int fd, void *memory, size_t size, bool *inout_is_cut)
{
    struct iovec part = {memory, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n = recvmsg(fd, &message, 0);
    if (n >= 0 && (message.msg_flags & MSG_CTRUNC))
        *inout_is_cut = true;
    return n;
}

static ssize_t receive_once(const struct poll_file *file, void *memory, size_t size,
                            bool *inout_is_cut)
{
    if (file->kind == POLL_SOCKET)
        return recv(file->fd, memory, size, 0);
    if (file->kind == POLL_UNIX_SOCKET)
        return receive_unix(file->fd, memory, size, inout_is_cut);
    return read(file->fd, memory, size);
}

ssize_t eddy__call_receive(const struct poll_file *file, void *memory, size_t size,
                           bool *inout_is_cut)
{
    for (;;) {
        ssize_t n = receive_once(file, memory, size, inout_is_cut);
        if (n >= 0)
            return n;
        if (errno != EINTR)
            return -errno;
    }
}

/* ---- sending ---------------------------------------------------------------------------------*/

static ssize_t write_without_signal(int fd, const struct iovec *parts, int count)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    ssize_t n = writev(fd, parts, count);
    int err = errno;
    // The SIGPIPE that we raised is consumed; one that was pending before isn't ours.
    if (n < 0 && err == EPIPE && !sigismember(&pending, SIGPIPE)) {
        const struct timespec at_once = {0, 0};
        while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR)
            continue;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = err;
    return n;
}

static ssize_t send_once(const struct poll_file *file, const struct poll_op *op)
{
    if (is_socket(file) && op->part_count == 0)
        return send(file->fd, op->memory, op->size, MSG_NOSIGNAL);

    struct iovec whole = {op->memory, op->size};
    const struct iovec *parts = op->part_count > 0 ? op->parts : &whole;
    int count = op->part_count > 0 ? op->part_count : 1;
    if (!is_socket(file))
        return write_without_signal(file->fd, parts, count);
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    return sendmsg(file->fd, &message, MSG_NOSIGNAL);
}

ssize_t eddy__call_send(const struct poll_file *file, const struct poll_op *op)
{
    for (;;) {
        ssize_t n = send_once(file, op);
        if (n >= 0)
            return n;
        if (errno != EINTR)
            return -errno;
    }
}

size_t eddy__call_send_size(const struct poll_op *op)
{
    if (op->part_count == 0)
        return op->size;
    size_t size = 0;
    for (int i = 0; i < op->part_count; i++)
        size += op->parts[i].iov_len;
    return size;
}

/* ---- connecting ------------------------------------------------------------------------------*/

/* Errors of accept(2) about a connection that died in the queue, not the listening socket. */
static bool is_of_the_peer(int err)
{
    switch (err) {
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH: return true;
    default: return false;
    }
}

ssize_t eddy__call_accept(const struct poll_file *file)
{
    for (;;) {
        int fd = accept4(file->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            return fd;
        if (errno != EINTR && !is_of_the_peer(errno))
            return -errno;
    }
}

ssize_t eddy__call_connect(const struct poll_file *file, const struct poll_op *op)
{
    if (connect(file->fd, op->memory, (socklen_t)op->size) == 0)
        return 0;
    return errno == EINTR ? -EINPROGRESS : -errno; // after an interrupt the connect continues
}

ssize_t eddy__call_connect_outcome(const struct poll_file *file)
{
    int err = 0;
    socklen_t size = sizeof err;
    if (getsockopt(file->fd, SOL_SOCKET, SO_ERROR, &err, &size) < 0)
        return -errno;
    return -err;
}
