/* SPDX-License-Identifier: MIT */
/*
 * stream.c: a stream's life, from its descriptor to its end.
 *
 *      new --attach--> open --shutdown--> open, to be read --close--> sending what is left
 *                        \------------------close, abort------------\--> closed --free--> gone
 *
 * A stream is closed in two steps. After the first it can't be used any more. The second closes its
 * descriptor, when nothing is queued and no operation is with the poller. Its memory is freed when
 * it also has no owner and no task is in one of its functions: a task that was parked in one may
 * find, when it resumes, that another task has closed and freed the stream.
 *
 * Owns the descriptor. Called by net/ for sockets, and by stream_write.c when the queue is empty.
 */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_DEFAULT = 64 * 1024 };

void eddy__stream_wake(eddy_waiters *row, int result)
{
    for (struct wait *wait = row->first; wait != NULL; wait = wait->next)
        eddy__wait_finish(wait, result);
}

int eddy__stream_check(const eddy_stream *stream, const char *function)
{
    if (EDDY__UNLIKELY(stream == NULL))
        return eddy__io_misuse(function, "the stream is NULL");
    if (EDDY__UNLIKELY(stream->io == NULL))
        return -EBADF;
    if (EDDY__UNLIKELY(stream->io->loop != eddy__loop_current()))
        return eddy__io_misuse(function, "the stream belongs to another loop");
    return EDDY__UNLIKELY(stream->is_closed) ? -EBADF : 0;
}

/* ---- the end ---------------------------------------------------------------------------------*/

static void free_memory(eddy_stream *stream)
{
    eddy__stream_report_loss(stream);
    eddy__stream_drop_input(stream);
    eddy__stream_free_layer(stream);
    if (stream->io != NULL)
        link_remove(&stream->keeper.link);
    eddy__free(stream);
}

static void free_if_deserted(eddy_stream *stream)
{
    if (!stream->is_owned && stream->hold_count == 0 && stream->file.fd < 0)
        free_memory(stream);
}

void eddy__stream_release(eddy_stream *stream)
{
    EDDY_ASSERT(stream->hold_count > 0);
    stream->hold_count--;
    free_if_deserted(stream);
}

static int error_of(const eddy_stream *stream)
{
    return stream->write_error < 0 ? stream->write_error : stream->read_error;
}

/*
 * Discards received bytes that will never be read. Left in the kernel they would turn the end that
 * the layer announced into a reset. They may be the layer's own: TLS servers send tickets.
 */
static void drain_kernel(const eddy_stream *stream)
{
    char scratch[4096];
    for (int i = 0; i < IO_RECEIVES_MAX; i++)
        if (recv(stream->file.fd, scratch, sizeof scratch, MSG_DONTWAIT) <= 0)
            break;
}

/* The second step of closing, once it is possible. The stream may be freed by this. */
static void finish_close(eddy_stream *stream)
{
    if (stream->receive.state != POLL_IDLE || stream->send.state != POLL_IDLE)
        return;
    eddy__stream_drop_queue(stream);
    eddy__stream_drop_news(stream);
    if (stream->file.fd >= 0) {
        if (stream->layer != NULL && !stream->is_aborted && !stream->file.is_lost)
            drain_kernel(stream);
        eddy__poll_close(stream->io->poller, &stream->file);
    }
    eddy__stream_wake(&stream->closers, error_of(stream));
    free_if_deserted(stream);
}

void eddy__stream_flushed(eddy_stream *stream)
{
    eddy__stream_wake(&stream->drainers, 0);
    if (stream->is_closed)
        finish_close(stream);
    else if (stream->is_shut && !stream->file.is_lost)
        (void)shutdown(stream->file.fd, SHUT_WR); // fails only on a connection that is gone
}

/* The first step of closing: no more reads or writes. */
static void begin_close(eddy_stream *stream)
{
    eddy_note_closed(stream->open_note);
    stream->open_note = NULL;
    stream->is_closed = stream->is_shut = true;
    (void)eddy__poll_cancel(stream->io->poller, &stream->receive);
    if (stream->reader != NULL)
        eddy__wait_finish(stream->reader, -EBADF);
    eddy__stream_wake(&stream->writers, -EBADF);
    eddy__stream_wake(&stream->drainers, -EBADF);
}

int eddy_stream_close(eddy_stream *stream)
{
    int err = eddy__stream_check(stream, "eddy_stream_close");
    if (err < 0)
        return err == -EBADF ? 0 : err;
    eddy__stream_end_layer(stream);
    begin_close(stream);
    if (stream->out_size == 0)
        finish_close(stream);
    return 0;
}

/* Closes the descriptor without sending the queue. */
static void do_abort(eddy_stream *stream)
{
    if (!stream->is_closed)
        begin_close(stream);
    stream->is_aborted = true;
    (void)eddy__poll_cancel(stream->io->poller, &stream->send);
    finish_close(stream);
}

int eddy_stream_abort(eddy_stream *stream)
{
    if (stream == NULL)
        return eddy__io_misuse("eddy_stream_abort", "the stream is NULL");
    if (stream->io != NULL && stream->io->loop != eddy__loop_current())
        return eddy__io_misuse("eddy_stream_abort", "the stream belongs to another loop");
    eddy__stream_forget_loss(stream); // the caller wants to drop the queue
    if (stream->io != NULL && stream->file.fd >= 0)
        do_abort(stream);
    return 0;
}

void eddy_stream_free(eddy_stream *stream)
{
    if (stream == NULL)
        return;
    if (!stream->is_owned) // first: in a freed stream this may be the only valid field
        eddy__stop_for_misuse("eddy_stream_free: the stream has been freed already");
    if (stream->io != NULL && stream->io->loop != eddy__loop_current()) {
        eddy__report_misuse("eddy_stream_free: the stream belongs to another loop; it is kept");
        return;
    }
    eddy__stream_hold(stream);
    stream->is_owned = false;
    if (!stream->is_closed && stream->io != NULL && stream->file.fd >= 0) {
        eddy__stream_note_loss(stream, 0, " because it was freed without eddy_stream_close()");
        do_abort(stream);
    }
    eddy__stream_release(stream);
}

static int wait_closed(eddy_stream *stream)
{
    if (stream == NULL)
        return eddy__io_misuse("eddy_stream_wait_closed", "the stream is NULL");
    if (stream->io == NULL || stream->file.fd < 0) {
        eddy__stream_forget_loss(stream);
        return error_of(stream);
    }
    if (stream->io->loop != eddy__loop_current())
        return eddy__io_misuse("eddy_stream_wait_closed", "the stream belongs to another loop");
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_stream_wait_closed");
    if (err < 0)
        return err;
    eddy__stream_hold(stream);
    err = eddy__wait_park_in(&wait, &stream->closers);
    if (err != EDDY_CANCELLED)
        eddy__stream_forget_loss(stream);
    eddy__stream_release(stream);
    return err;
}

int eddy_stream_wait_closed(eddy_stream *stream)
{
    int err = wait_closed(stream);
    return err == 0 ? 0 : (int)eddy__io_end_call(err);
}

/* The loop closes: tasks parked in this stream's functions never resume. */
static void forget_tasks(eddy_stream *stream)
{
    stream->reader = stream->connector = NULL;
    stream->writers = stream->drainers = stream->closers = (eddy_waiters)EDDY_NO_WAITERS;
    stream->hold_count = 0;
}

/* Whether the closing loop must wait until queued bytes are sent. */
static bool is_sending(struct io_keeper *keeper)
{
    eddy_stream *stream = container_of(keeper, struct eddy_stream, keeper);
    if (stream->out_size == 0 || stream->is_aborted)
        return false;
    forget_tasks(stream);
    return true;
}

static void let_go(struct io_keeper *keeper)
{
    eddy_stream *stream = container_of(keeper, struct eddy_stream, keeper);
    forget_tasks(stream);
    if (stream->file.fd < 0)
        return;
    if (!stream->is_aborted)
        eddy__stream_note_loss(stream, EDDY_TIMEDOUT,
                               " by the end of the run (eddy_run_options.flush_timeout)");
    do_abort(stream);
}

/* A stream that has an owner is closed, but not freed. */
static void leave(struct io_keeper *keeper)
{
    eddy_stream *stream = container_of(keeper, struct eddy_stream, keeper);
    EDDY_ASSERT(stream->file.fd < 0);
    eddy__stream_report_loss(stream);
    link_remove(&stream->keeper.link);
    stream->is_closed = true;
    stream->io = NULL;
}

/* ---- creation --------------------------------------------------------------------------------*/

static void set_options(eddy_stream *stream, const eddy_stream_options *options)
{
    static const eddy_stream_options defaults;
    if (options == NULL)
        options = &defaults;
    stream->limit = options->limit > 0 ? options->limit : LIMIT_DEFAULT;
    stream->write_high = options->write_high > 0 ? options->write_high : LIMIT_DEFAULT;
    stream->write_low = options->write_low > 0 ? options->write_low : stream->write_high / 4;
    if (stream->write_low > stream->write_high)
        stream->write_low = stream->write_high;
    stream->has_delay = options->delay;
}

int eddy__stream_new(struct io *io, const eddy_stream_options *options, eddy_stream **out_stream)
{
    eddy_stream *stream = eddy__zalloc(sizeof *stream);
    if (stream == NULL)
        return -ENOMEM;
    stream->io = io;
    stream->keeper.let_go = let_go;
    stream->keeper.leave = leave;
    stream->keeper.is_sending = is_sending;
    list_push(&io->keepers, &stream->keeper.link);
    stream->file.fd = -1;
    stream->is_owned = true;
    set_options(stream, options);
    *out_stream = stream;
    return 0;
}

void eddy__stream_attach(eddy_stream *stream, int fd, enum poll_file_kind kind)
{
    eddy__poll_file_init(&stream->file, fd, kind);
    stream->open_note = eddy_note_open("a stream");
    stream->receive = (struct poll_op){
        .file = &stream->file, .kind = POLL_RECEIVE, .done = eddy__stream_received};
    stream->send =
        (struct poll_op){.file = &stream->file, .kind = POLL_SEND, .done = eddy__stream_sent};
    if (kind == POLL_SOCKET && !stream->has_delay) {
        // An error means that it is no TCP socket, and has no delay to turn off.
        const int one = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
}

/* The kind of `fd`; -EPERM if it can't be waited for, or -EBADF. */
static int kind_of(int fd)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return -EPERM;
    if (S_ISFIFO(status.st_mode))
        return POLL_PIPE;
    if (!S_ISSOCK(status.st_mode))
        return POLL_OTHER;
    int type = 0;
    int domain = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return -errno;
    size = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
        return -errno;
    if (type != SOCK_STREAM)
        return -EPROTOTYPE;
    return domain == AF_UNIX ? POLL_UNIX_SOCKET : POLL_SOCKET;
}

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    if ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

int eddy_stream_from_fd(int fd, const eddy_stream_options *options, eddy_stream **out_stream)
{
    struct io *io;
    int err = eddy__io_for_result("eddy_stream_from_fd", out_stream, &io);
    if (err < 0)
        return err;
    int kind = kind_of(fd);
    if (kind < 0)
        return kind;
    err = set_nonblocking(fd);
    if (err < 0)
        return err;
    eddy_stream *stream;
    err = eddy__stream_new(io, options, &stream);
    if (err < 0)
        return err;
    eddy__stream_attach(stream, fd, (enum poll_file_kind)kind);
    stream->opened_by = __builtin_return_address(0);
    *out_stream = stream;
    return 0;
}

int eddy_stream_pair(const eddy_stream_options *options, eddy_stream **out_first,
                     eddy_stream **out_second)
{
    struct io *io;
    eddy_stream *first;
    eddy_stream *second;
    int err = eddy__io_for_result("eddy_stream_pair", out_first != NULL ? out_second : NULL, &io);
    if (err < 0)
        return err;
    err = eddy__stream_new(io, options, &first);
    if (err < 0)
        return err;
    err = eddy__stream_new(io, options, &second);
    if (err < 0)
        goto free_first;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
        err = -errno;
        goto free_second;
    }
    eddy__stream_attach(first, fds[0], POLL_UNIX_SOCKET);
    eddy__stream_attach(second, fds[1], POLL_UNIX_SOCKET);
    first->opened_by = second->opened_by = __builtin_return_address(0);
    *out_first = first;
    *out_second = second;
    return 0;

free_second:
    eddy_stream_free(second);
free_first:
    eddy_stream_free(first);
    return err;
}

/* ---- queries ---------------------------------------------------------------------------------*/

bool eddy_stream_is_closing(const eddy_stream *stream)
{
    return stream != NULL && stream->is_closed;
}

int eddy_stream_fd(const eddy_stream *stream)
{
    return stream == NULL || stream->is_closed || stream->file.is_lost ? -1 : stream->file.fd;
}
