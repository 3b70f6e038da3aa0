/* SPDX-License-Identifier: MIT */
/*
 * listener.c: a listener's life, and accepting.
 *
 * A listener has a socket for each address that it listens on. Accept tries each of them, starting
 * after the one that gave the last connection. If none has a connection, all of them are submitted
 * to the poller and the task parks until the first reports.
 *
 * When the machine is out of descriptors or memory, accept waits a while and tries again. An error
 * returned at once and repeatedly would end servers, or make them starve the tasks that could
 * release resources.
 *
 * Invariants:
 *   - The stream is made before its connection is taken, so a lack of memory loses no connection.
 *   - Operations are with the poller only while a task waits. A connection that an operation has
 *     accepted by itself is in `arrived`, where the next call finds it.
 *
 * Owns the sockets, and the socket file of a Unix listener, if it is still the one that was made.
 */
#include "net/net.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ACCEPTS_MAX = 32,                      // without waiting, before other tasks run
    SHORTAGE_PAUSE_NS = 100 * 1000 * 1000, // before accepting is tried again
};

/* ---- closing sockets -------------------------------------------------------------------------*/

static void free_if_deserted(eddy_listener *listener)
{
    if (listener->is_owned || listener->hold_count > 0)
        return;
    for (size_t i = 0; i < listener->socket_count; i++)
        if (listener->sockets[i].file.fd >= 0)
            return;
    if (listener->io != NULL)
        link_remove(&listener->keeper.link);
    eddy__free(listener);
}

/* Closes the socket of a closed listener, once none of its operations is with the poller. */
static void give_up_socket(struct listen_socket *socket)
{
    struct poller *poller = socket->listener->io->poller;
    if (!eddy__poll_cancel(poller, &socket->op))
        return;
    eddy__poll_close(poller, &socket->file);
    if (socket->arrived >= 0)
        close(socket->arrived);
    socket->arrived = -1;
}

static void arrived(struct poll_op *op)
{
    struct listen_socket *socket = container_of(op, struct listen_socket, op);
    eddy_listener *listener = socket->listener;
    if (op->result >= 0)
        socket->arrived = (int)op->result;
    if (listener->acceptor != NULL)
        eddy__wait_finish(listener->acceptor, 0);
    if (listener->is_closed) {
        give_up_socket(socket);
        free_if_deserted(listener);
    }
}

static void remove_path(eddy_listener *listener)
{
    struct stat status;
    if (listener->path != NULL && lstat(listener->path, &status) == 0 &&
        status.st_dev == listener->path_device && status.st_ino == listener->path_inode)
        unlink(listener->path);
    eddy__free(listener->path);
    listener->path = NULL;
}

static void do_close(eddy_listener *listener)
{
    if (listener->is_closed)
        return;
    listener->is_closed = true;
    eddy_note_closed(listener->open_note);
    listener->open_note = NULL;
    remove_path(listener); // first, so that no client finds a file without a listener
    for (size_t i = 0; i < listener->socket_count; i++)
        give_up_socket(&listener->sockets[i]);
    eddy_stream_free(listener->next_stream);
    listener->next_stream = NULL;
    if (listener->acceptor != NULL)
        eddy__wait_finish(listener->acceptor, -EBADF);
}

static void let_go(struct io_keeper *keeper)
{
    eddy_listener *listener = container_of(keeper, struct eddy_listener, keeper);
    listener->acceptor = NULL;
    listener->hold_count = 0;
    do_close(listener);
    free_if_deserted(listener);
}

static void leave(struct io_keeper *keeper)
{
    eddy_listener *listener = container_of(keeper, struct eddy_listener, keeper);
    link_remove(&listener->keeper.link);
    listener->io = NULL;
}

/* ---- creation --------------------------------------------------------------------------------*/

int eddy__listener_new(struct io *io, size_t socket_max, const eddy_listener_options *options,
                       eddy_listener **out_listener)
{
    eddy_listener *listener =
        eddy__zalloc(sizeof *listener + socket_max * sizeof listener->sockets[0]);
    if (listener == NULL)
        return -ENOMEM;
    listener->io = io;
    listener->is_owned = true;
    listener->open_note = eddy_note_open("a listener");
    listener->keeper.let_go = let_go;
    listener->keeper.leave = leave;
    list_push(&io->keepers, &listener->keeper.link);
    if (options != NULL) {
        listener->stream_options = options->stream;
        listener->on_shortage = options->on_shortage;
        listener->shortage_data = options->shortage_data;
    }
    *out_listener = listener;
    return 0;
}

void eddy__listener_add(eddy_listener *listener, int fd, enum poll_file_kind kind)
{
    struct listen_socket *socket = &listener->sockets[listener->socket_count++];
    socket->listener = listener;
    socket->arrived = -1;
    eddy__poll_file_init(&socket->file, fd, kind);
    socket->op = (struct poll_op){.file = &socket->file, .kind = POLL_ACCEPT, .done = arrived};
}

/* ---- accepting -------------------------------------------------------------------------------*/

static int accept_from(eddy_listener *listener, struct listen_socket *socket)
{
    int fd = socket->arrived;
    socket->arrived = -1;
    if (fd >= 0)
        return fd;
    if (socket->op.state != POLL_IDLE)
        return -EAGAIN;
    return (int)eddy__poll_try(listener->io->poller, &socket->op);
}

/* Accepts a connection from any of the sockets: its stream, -EAGAIN if there is none, an error. */
static int accept_now(eddy_listener *listener, eddy_stream **out_stream)
{
    if (listener->next_stream == NULL) {
        int err = eddy__stream_new(listener->io, &listener->stream_options, &listener->next_stream);
        if (err < 0)
            return err;
    }
    for (size_t i = 0; i < listener->socket_count; i++) {
        struct listen_socket *socket = &listener->sockets[listener->turn];
        if (++listener->turn == listener->socket_count)
            listener->turn = 0;
        int fd = accept_from(listener, socket);
        if (fd == -EAGAIN)
            continue;
        if (fd < 0)
            return fd;
        eddy__stream_attach(listener->next_stream, fd, (enum poll_file_kind)socket->file.kind);
        *out_stream = listener->next_stream;
        listener->next_stream = NULL;
        listener->accepts_in_row++;
        return 0;
    }
    return -EAGAIN;
}

static void cancel_all(eddy_listener *listener)
{
    for (size_t i = 0; i < listener->socket_count; i++)
        (void)eddy__poll_cancel(listener->io->poller, &listener->sockets[i].op);
}

static int submit_all(eddy_listener *listener)
{
    for (size_t i = 0; i < listener->socket_count; i++) {
        struct poll_op *op = &listener->sockets[i].op;
        int err = op->state == POLL_IDLE ? eddy__poll_submit(listener->io->poller, op) : 0;
        if (err < 0) {
            cancel_all(listener);
            return err;
        }
    }
    return 0;
}

static int wait_for_connection(eddy_listener *listener)
{
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_listener_accept");
    if (err == 0)
        err = submit_all(listener);
    if (err < 0)
        return err;
    listener->accepts_in_row = 0;
    listener->acceptor = &wait;
    err = eddy__wait_park(&wait);
    listener->acceptor = NULL;
    if (listener->is_closed)
        return err < 0 ? err : -EBADF;
    if (err < 0)
        cancel_all(listener);
    return err;
}

/* ---- shortages -------------------------------------------------------------------------------*/

/* Errors from a lack of resources that may end soon, not from a fault of the listener. */
static bool is_shortage(int err)
{
    switch (-err) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC: return true; // epoll: fs.epoll.max_user_watches
    default: return false;
    }
}

static void tell_shortage(eddy_listener *listener, int err)
{
    if (listener->on_shortage != NULL)
        listener->on_shortage(err, listener->shortage_data);
    if (listener->has_told_shortage)
        return;
    listener->has_told_shortage = true;
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_SHORTAGE,
        .message = "connections can't be accepted for the moment; they wait, and are tried again",
        .status = err,
    });
}

struct pause {
    struct timer timer;
    struct wait wait;
};

static void end_pause(struct handle *handle)
{
    struct timer *timer = container_of(handle, struct timer, handle);
    eddy__wait_finish(&container_of(timer, struct pause, timer)->wait, 0);
}

/* Lets other tasks run, which may release resources. The listener may be closed meanwhile. */
static int wait_out_shortage(eddy_listener *listener)
{
    struct eddy_loop *loop = listener->io->loop;
    struct pause pause;
    eddy__timer_init(&pause.timer, end_pause);
    int err = eddy__wait_init(&pause.wait, "eddy_listener_accept");
    if (err == 0)
        err = eddy__timer_arm(loop, &pause.timer, eddy__loop_now_ns(loop) + SHORTAGE_PAUSE_NS);
    if (err < 0)
        return err;
    listener->acceptor = &pause.wait;
    err = eddy__wait_park(&pause.wait);
    listener->acceptor = NULL;
    eddy__timer_disarm(loop, &pause.timer);
    if (err == 0 && listener->is_closed)
        err = -EBADF;
    return err;
}

static int check(const eddy_listener *listener)
{
    if (listener->io == NULL || listener->is_closed)
        return -EBADF;
    if (listener->io->loop != eddy__loop_current())
        return eddy__io_misuse("eddy_listener_accept", "the listener belongs to another loop");
    return listener->acceptor != NULL ? -EBUSY : 0;
}

static int check_arguments(const eddy_listener *listener, eddy_stream *const *out_stream)
{
    if (listener == NULL)
        return eddy__io_misuse("eddy_listener_accept", "the listener is NULL");
    if (out_stream == NULL)
        return eddy__io_misuse("eddy_listener_accept", "there is no place for the stream");
    return check(listener);
}

/* Lets other tasks run now and then, even if connections arrive faster than they are accepted. */
static int breathe(eddy_listener *listener)
{
    if (EDDY__LIKELY(listener->accepts_in_row < ACCEPTS_MAX) || eddy__task_current() == NULL)
        return 0;
    listener->accepts_in_row = 0;
    int err = eddy__task_yield();
    return err < 0 ? err : check(listener);
}

/* One attempt: 0; -EAGAIN to wait and try again; or another error. */
static int accept_once(eddy_listener *listener, eddy_stream **out_stream)
{
    int err = accept_now(listener, out_stream);
    if (err == -EAGAIN) {
        listener->has_told_shortage = false; // all queued connections have been accepted
        err = wait_for_connection(listener);
        if (err == 0)
            return -EAGAIN;
    }
    if (!is_shortage(err) || eddy__task_current() == NULL)
        return err;
    tell_shortage(listener, err);
    err = listener->is_closed ? -EBADF : wait_out_shortage(listener);
    return err == 0 ? -EAGAIN : err;
}

int eddy_listener_accept(eddy_listener *listener, eddy_stream **out_stream)
{
    int err = check_arguments(listener, out_stream);
    if (err < 0)
        return (int)eddy__io_end_call(err);
    listener->hold_count++;
    err = breathe(listener);
    if (err == 0)
        do
            err = accept_once(listener, out_stream);
        while (err == -EAGAIN);
    if (err == 0)
        (*out_stream)->opened_by = __builtin_return_address(0);
    listener->hold_count--;
    free_if_deserted(listener);
    return err == 0 ? 0 : (int)eddy__io_end_call(err);
}

static void ask_kernel(eddy_listener *listener, bool asks)
{
    for (size_t i = 0; i < listener->socket_count; i++)
        listener->sockets[i].op.asks_kernel = asks;
}

int eddy_listener_accept_nowait(eddy_listener *listener, eddy_stream **out_stream)
{
    int err = check_arguments(listener, out_stream);
    if (err < 0 && err != -EBUSY)
        return err;
    cancel_all(listener);    // operations of a task in accept, which keeps waiting
    ask_kernel(listener, true);
    err = accept_now(listener, out_stream);
    ask_kernel(listener, false);
    if (err == 0)
        (*out_stream)->opened_by = __builtin_return_address(0);
    int rc = listener->acceptor != NULL ? submit_all(listener) : 0;
    if (rc < 0)
        eddy__wait_finish(listener->acceptor, rc);
    return err;
}

/* ---- the end ---------------------------------------------------------------------------------*/

int eddy_listener_port(const eddy_listener *listener)
{
    return listener != NULL ? listener->port : 0;
}

int eddy_listener_close(eddy_listener *listener)
{
    if (listener == NULL)
        return eddy__io_misuse("eddy_listener_close", "the listener is NULL");
    if (listener->io != NULL && listener->io->loop != eddy__loop_current())
        return eddy__io_misuse("eddy_listener_close", "the listener belongs to another loop");
    do_close(listener);
    return 0;
}

void eddy_listener_free(eddy_listener *listener)
{
    if (listener == NULL)
        return;
    if (!listener->is_owned)
        eddy__stop_for_misuse("eddy_listener_free: the listener has been freed already");
    if (listener->io != NULL && listener->io->loop != eddy__loop_current()) {
        eddy__report_misuse("eddy_listener_free: the listener belongs to another loop; it is kept");
        return;
    }
    do_close(listener);
    listener->is_owned = false;
    free_if_deserted(listener);
}
