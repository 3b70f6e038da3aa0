/* SPDX-License-Identifier: MIT */
/*
 * fd.c: descriptors that other code owns: waiting for them, and watching them.
 *
 * A descriptor has one record until the loop closes, found by its number, because the kernel may
 * point to it. Each of its two directions has either a task that waits once or a callback that is
 * called repeatedly. As in asyncio, the callback does not run in the event itself: the event queues
 * a handle. Until that has run, further events are ignored.
 */
#include "io/io.h"

#include <eddy/fd.h>

#include <errno.h>
#include <fcntl.h>

/* One direction of a descriptor. */
struct side {
    struct poll_op op;
    struct wait *waiter;     // a task; or NULL
    eddy_callback *callback; // or NULL
    void *data;
    struct handle handle; // queued to call the callback
};

struct watch {
    struct poll_file file;
    struct poller *poller;
    struct side in;
    struct side out;
};

static void call_back(struct handle *handle)
{
    struct side *side = container_of(handle, struct side, handle);
    if (side->callback == NULL)
        return;
    int status = side->callback(side->data);
    if (status < 0)
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_CALLBACK, .message = "a callback failed", .status = status});
}

/* Handles that the descriptor was closed while the callback watched it. */
static void lose_callback(struct side *side)
{
    side->callback = NULL;
    eddy__handle_cancel(&side->handle);
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_CALLBACK,
        .message = "a descriptor was closed while a callback watched it, which is removed; "
                   "eddy_remove_reader() and eddy_remove_writer() come before close()",
        .status = -EBADF,
    });
}

static void happened(struct poll_op *op)
{
    struct side *side = container_of(op, struct side, op);
    struct wait *waiter = side->waiter;
    side->waiter = NULL; // another task may wait from now on
    if (waiter != NULL)
        eddy__wait_finish(waiter, (int)op->result);
    else if (side->callback != NULL && op->result == -EBADF)
        lose_callback(side);
    else if (side->callback != NULL && !link_is_linked(&side->handle.link))
        eddy__loop_ready(eddy__loop_current(), &side->handle);
}

/* ---- records ---------------------------------------------------------------------------------*/

static void init_side(struct side *side, struct watch *watch, enum poll_kind kind)
{
    side->op = (struct poll_op){.file = &watch->file, .kind = (uint8_t)kind, .done = happened};
    side->handle.run = call_back;
}

static int make_room(struct io *io, int fd)
{
    size_t count = io->watch_count > 0 ? io->watch_count : 64;
    while (count <= (size_t)fd)
        count *= 2;
    if (count == io->watch_count)
        return 0;
    struct watch **watches = eddy__realloc(io->watches, count * sizeof *watches);
    if (watches == NULL)
        return -ENOMEM;
    for (size_t i = io->watch_count; i < count; i++)
        watches[i] = NULL;
    io->watches = watches;
    io->watch_count = count;
    return 0;
}

static struct watch *find(const struct io *io, int fd)
{
    return fd >= 0 && (size_t)fd < io->watch_count ? io->watches[fd] : NULL;
}

static int find_or_make(struct io *io, int fd, struct watch **out_watch)
{
    *out_watch = find(io, fd);
    // Checked first, so that a wrong number can't make the table grow.
    if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
        if (*out_watch != NULL)
            eddy__poll_check(io->poller, &(*out_watch)->file);
        return -EBADF;
    }
    if (*out_watch != NULL)
        return 0;
    int err = make_room(io, fd);
    if (err < 0)
        return err;
    struct watch *watch = eddy__zalloc(sizeof *watch);
    if (watch == NULL)
        return -ENOMEM;
    eddy__poll_file_init(&watch->file, fd, POLL_FOREIGN);
    watch->poller = io->poller;
    init_side(&watch->in, watch, POLL_READABLE);
    init_side(&watch->out, watch, POLL_WRITABLE);
    *out_watch = io->watches[fd] = watch;
    return 0;
}

static struct side *side_of(struct watch *watch, enum poll_kind kind)
{
    return kind == POLL_READABLE ? &watch->in : &watch->out;
}

static bool is_busy(const struct side *side)
{
    return side->waiter != NULL || side->callback != NULL || side->op.state != POLL_IDLE;
}

/* ---- one wait --------------------------------------------------------------------------------*/

static int wait_once(int fd, enum poll_kind kind, const char *what)
{
    struct io *io;
    struct watch *watch;
    int err = eddy__io_of_loop(what, &io);
    if (err == 0)
        err = find_or_make(io, fd, &watch);
    if (err < 0)
        return err;
    struct side *side = side_of(watch, kind);
    if (is_busy(side))
        eddy__poll_check(watch->poller, &watch->file); // with a wait for an earlier descriptor?
    if (is_busy(side))
        return -EBUSY;
    struct wait wait;
    err = eddy__wait_init(&wait, what);
    if (err < 0)
        return err;
    side->op.repeats = false;
    err = eddy__poll_submit(watch->poller, &side->op);
    if (err < 0)
        return err;
    side->waiter = &wait;
    err = eddy__wait_park(&wait);
    if (side->waiter != &wait)
        return err;
    side->waiter = NULL;
    (void)eddy__poll_cancel(watch->poller, &side->op);
    return err;
}

static int wait_until_ready(int fd, enum poll_kind kind, const char *what)
{
    int err = wait_once(fd, kind, what);
    return err == 0 ? 0 : (int)eddy__io_end_call(err);
}

int eddy_wait_readable(int fd)
{
    return wait_until_ready(fd, POLL_READABLE, "eddy_wait_readable");
}

int eddy_wait_writable(int fd)
{
    return wait_until_ready(fd, POLL_WRITABLE, "eddy_wait_writable");
}

/* ---- callbacks -------------------------------------------------------------------------------*/

static int add(int fd, enum poll_kind kind, eddy_callback *callback, void *data, const char *what)
{
    struct io *io;
    struct watch *watch;
    int err = eddy__io_of_loop(what, &io);
    if (err < 0)
        return err;
    if (callback == NULL)
        return EDDY_EVALUE;
    err = find_or_make(io, fd, &watch);
    if (err < 0)
        return err;
    struct side *side = side_of(watch, kind);
    if (side->waiter != NULL)
        eddy__poll_check(watch->poller, &watch->file);
    if (side->waiter != NULL)
        return -EBUSY;
    // The number may belong to another descriptor by now: register again.
    if (!eddy__poll_cancel(watch->poller, &side->op))
        return -EBUSY;
    eddy__handle_cancel(&side->handle);
    side->op.repeats = true;
    side->callback = NULL;
    err = eddy__poll_submit(watch->poller, &side->op);
    if (err < 0)
        return err;
    side->callback = callback;
    side->data = data;
    return 0;
}

static int remove_callback(int fd, enum poll_kind kind)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct io *io = loop != NULL ? loop->poller->above : NULL;
    struct watch *watch = io != NULL ? find(io, fd) : NULL;
    if (watch == NULL)
        return 0;
    struct side *side = side_of(watch, kind);
    if (side->callback == NULL)
        return 0;
    side->callback = NULL;
    eddy__handle_cancel(&side->handle);
    (void)eddy__poll_cancel(watch->poller, &side->op);
    return 1;
}

int eddy_add_reader(int fd, eddy_callback *callback, void *data)
{
    return add(fd, POLL_READABLE, callback, data, "eddy_add_reader");
}

int eddy_add_writer(int fd, eddy_callback *callback, void *data)
{
    return add(fd, POLL_WRITABLE, callback, data, "eddy_add_writer");
}

int eddy_remove_reader(int fd)
{
    return remove_callback(fd, POLL_READABLE);
}

int eddy_remove_writer(int fd)
{
    return remove_callback(fd, POLL_WRITABLE);
}

/* ---- the end of the loop ---------------------------------------------------------------------*/

static void forget_users(struct side *side)
{
    side->callback = NULL;
    side->waiter = NULL;
    eddy__handle_cancel(&side->handle);
}

void eddy__io_cancel_watches(struct io *io)
{
    for (size_t i = 0; i < io->watch_count; i++) {
        struct watch *watch = io->watches[i];
        if (watch == NULL)
            continue;
        forget_users(&watch->in);
        forget_users(&watch->out);
        (void)eddy__poll_cancel(watch->poller, &watch->in.op);
        (void)eddy__poll_cancel(watch->poller, &watch->out.op);
    }
}

void eddy__io_drop_watches(struct io *io)
{
    for (size_t i = 0; i < io->watch_count; i++) {
        struct watch *watch = io->watches[i];
        if (watch == NULL)
            continue;
        eddy__poll_forget(watch->poller, &watch->file);
        eddy__free(watch);
    }
    eddy__free(io->watches);
}
