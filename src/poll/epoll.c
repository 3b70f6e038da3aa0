/* SPDX-License-Identifier: MIT */
/*
 * epoll.c: the poller that every Linux has.
 *
 * A descriptor is registered once, for both directions, edge-triggered, when something first has to
 * wait for it. After that, epoll_wait() is the only call besides the I/O itself. This requires
 * remembering what the kernel reported: `ready` says for each direction that there is nothing to
 * transfer (after EAGAIN, or a short transfer), until an event clears that. After a hang-up or an
 * error a short transfer proves nothing, because no further event will come.
 *
 * Descriptors of other code (POLL_FOREIGN) are different. What was read from them isn't known, so
 * they are level-triggered. They may also be closed without notice when nothing is submitted, so
 * each submit registers with the kernel again, and a single wait uses EPOLLONESHOT, which leaves
 * nothing armed. A descriptor that was closed too early is noticed when its number is used again:
 * the kernel accepts another registration for it, or no longer knows it.
 *
 * Invariants:
 *   - An event carries descriptor and generation. files[fd] is the file that was registered last
 *     for `fd`; an event of another generation belongs to a file that is gone, and is dropped.
 *   - After each `done` the file is looked up again: it may have been forgotten and freed.
 *   - The eventfd is edge-triggered and never read: each wake is an edge.
 *
 * Owns the epoll descriptor and the eventfd. Files and operations belong to their callers.
 */
#include "poll/poll.h"
#include "poll/call.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 512 }; // in one call; the next call returns the rest

/* The bits of poll_file.ready. */
enum {
    IN_WAITS = 1,  // a try is useless until the next event
    OUT_WAITS = 2,
    IN_ENDED = 4,  // hang-up or error: no event will come, only a try tells
    OUT_ENDED = 8,
    IN_UNSURE = 16, // urgent data is queued, which cuts a read short
    LOST = 32,      // the descriptor belongs to another file: poll_file.is_lost
};

enum {
    IN_EVENTS = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR,
    OUT_EVENTS = EPOLLOUT | EPOLLHUP | EPOLLERR,
};

struct epoll_poller {
    struct poller base; // first
    int epoll_fd;
    int wake_fd;
    bool has_no_pwait2; // on an old kernel: timeouts in whole milliseconds, rounded up
    uint32_t generation; // of the file registered last; 0 is the eventfd's
    size_t file_count;  // length of `files`
    struct poll_file **files; // by descriptor
    struct epoll_event events[EVENTS_MAX];
};

static struct epoll_poller *of(struct poller *poller)
{
    return container_of(poller, struct epoll_poller, base);
}

/* ---- the table of files ----------------------------------------------------------------------*/

static struct poll_file *file_at(const struct epoll_poller *poller, int fd)
{
    return (size_t)fd < poller->file_count ? poller->files[fd] : NULL;
}

static int make_room(struct epoll_poller *poller, int fd)
{
    size_t count = poller->file_count > 0 ? poller->file_count : 64;
    while (count <= (size_t)fd)
        count *= 2;
    if (count == poller->file_count)
        return 0;
    struct poll_file **files = eddy__realloc(poller->files, count * sizeof *files);
    if (files == NULL)
        return -ENOMEM;
    for (size_t i = poller->file_count; i < count; i++)
        files[i] = NULL;
    poller->files = files;
    poller->file_count = count;
    return 0;
}

static bool is_registered(const struct epoll_poller *poller, const struct poll_file *file)
{
    return file->is_registered && file_at(poller, file->fd) == file;
}

static int control(struct epoll_poller *poller, int what, struct poll_file *file, uint32_t events)
{
    struct epoll_event event = {
        .events = events,
        .data.u64 = (uint64_t)file->generation << 32 | (uint32_t)file->fd,
    };
    return epoll_ctl(poller->epoll_fd, what, file->fd, &event) < 0 ? -errno : 0;
}

static bool is_in_use(const struct poll_file *file)
{
    return file != NULL && (file->kind != POLL_FOREIGN || file->in != NULL || file->out != NULL);
}

static struct poll_op **slot_of(const struct poll_op *op)
{
    return poll_kind_is_outgoing(op->kind) ? &op->file->out : &op->file->in;
}

static void make_idle(struct epoll_poller *poller, struct poll_op *op)
{
    *slot_of(op) = NULL;
    op->state = POLL_IDLE;
    poller->base.pending_count--;
}

static void lose_op(struct epoll_poller *poller, struct poll_op *op)
{
    if (op == NULL)
        return;
    make_idle(poller, op);
    op->result = -EBADF;
    op->done(op);
}

/* Marks as lost a file whose descriptor was closed by other code. */
static void lose(struct epoll_poller *poller, struct poll_file *file)
{
    file->is_registered = false;
    if (file->kind != POLL_FOREIGN) {
        file->is_lost = true;
        file->ready |= LOST;
    }
    if (file_at(poller, file->fd) == file)
        poller->files[file->fd] = NULL;
    struct poll_op *in = file->in;
    struct poll_op *out = file->out;
    lose_op(poller, in); // doesn't free the file: while both are pending it is in use
    lose_op(poller, out);
}

static int add(struct epoll_poller *poller, struct poll_file *file, uint32_t events)
{
    int err = make_room(poller, file->fd);
    if (err < 0)
        return err;
    if (++poller->generation == 0)
        poller->generation = 1;
    file->generation = poller->generation;
    err = control(poller, EPOLL_CTL_ADD, file, events);
    if (err == -EEXIST) {
        // Left registered, disarmed, by a wait for other code's descriptor; or in use.
        if (is_in_use(file_at(poller, file->fd)))
            return -EBUSY;
        err = control(poller, EPOLL_CTL_MOD, file, events);
    }
    if (err < 0)
        return err;
    struct poll_file *old = file_at(poller, file->fd);
    if (old != file && is_in_use(old))
        lose(poller, old); // the number was reused
    poller->files[file->fd] = file;
    file->is_registered = true;
    return 0;
}

/* The events that the pending operations of a POLL_FOREIGN file wait for. */
static uint32_t events_of(const struct poll_file *file)
{
    uint32_t events = 0;
    bool repeats = false;
    if (file->in != NULL) {
        events |= EPOLLIN;
        repeats |= file->in->repeats;
    }
    if (file->out != NULL) {
        events |= EPOLLOUT;
        repeats |= file->out->repeats;
    }
    return repeats ? events : events | EPOLLONESHOT;
}

/*
 * Registers those events with the kernel. If it doesn't know the descriptor any more, other code
 * has closed it and perhaps opened another with the same number: then the waiting operations are
 * lost, except `fresh`, which is being submitted, or NULL.
 */
static int arm_foreign(struct epoll_poller *poller, struct poll_file *file, struct poll_op *fresh)
{
    int err = -ENOENT;
    if (is_registered(poller, file))
        err = control(poller, EPOLL_CTL_MOD, file, events_of(file));
    if (err != -ENOENT && err != -EBADF)
        return err;
    lose_op(poller, file->in != fresh ? file->in : NULL);
    lose_op(poller, file->out != fresh ? file->out : NULL);
    file->is_registered = false;
    return fresh != NULL ? add(poller, file, events_of(file)) : 0;
}

static void disarm_foreign(struct epoll_poller *poller, struct poll_file *file)
{
    if (is_registered(poller, file))
        (void)control(poller, EPOLL_CTL_DEL, file, 0); // it may be closed already
    file->is_registered = false;
}

/* ---- tries -----------------------------------------------------------------------------------*/

static ssize_t try_receive(struct poll_file *file, const struct poll_op *op)
{
    bool is_cut = file->kind == POLL_OTHER || (file->ready & (IN_ENDED | IN_UNSURE)) != 0;
    ssize_t n = eddy__call_receive(file, op->memory, op->size, &is_cut);
    if (n == -EAGAIN) {
        file->ready |= IN_WAITS;
        file->ready &= (uint8_t)~IN_ENDED;
    } else if (n > 0 && (size_t)n < op->size && !is_cut) {
        file->ready |= IN_WAITS;
    }
    return n;
}

static ssize_t try_send(struct poll_file *file, const struct poll_op *op)
{
    ssize_t n = eddy__call_send(file, op);
    if (n == -EAGAIN) {
        file->ready |= OUT_WAITS;
        file->ready &= (uint8_t)~OUT_ENDED;
    } else if (n >= 0 && file->kind != POLL_OTHER && !(file->ready & OUT_ENDED) &&
               (size_t)n < eddy__call_send_size(op)) {
        file->ready |= OUT_WAITS;
    }
    return n;
}

static ssize_t epoll_try(struct poller *base, struct poll_op *op)
{
    (void)base;
    struct poll_file *file = op->file;
    if (file->ready & (LOST | (poll_kind_is_outgoing(op->kind) ? OUT_WAITS : IN_WAITS))) {
        if (file->ready & LOST)
            return -EBADF;
        if (!op->asks_kernel)
            return -EAGAIN;
    }
    ssize_t result = -EAGAIN;
    switch (op->kind) {
    case POLL_RECEIVE: return try_receive(file, op);
    case POLL_SEND: return try_send(file, op);
    case POLL_ACCEPT:
        result = eddy__call_accept(file);
        if (result == -EAGAIN)
            file->ready |= IN_WAITS;
        break;
    case POLL_CONNECT:
        result = eddy__call_connect(file, op);
        if (result == -EINPROGRESS)
            file->ready |= OUT_WAITS;
        break;
    default: break;
    }
    return result;
}

/* ---- operations ------------------------------------------------------------------------------*/

static int epoll_submit(struct poller *base, struct poll_op *op)
{
    struct epoll_poller *poller = of(base);
    struct poll_file *file = op->file;
    struct poll_op **slot = slot_of(op);
    EDDY_ASSERT(op->state == POLL_IDLE && *slot == NULL);
    if (EDDY__UNLIKELY(file->ready & LOST))
        return -EBADF;

    *slot = op;
    int err = 0;
    if (file->kind == POLL_FOREIGN)
        err = arm_foreign(poller, file, op);
    else if (!file->is_registered)
        err = add(poller, file, EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET);
    if (err < 0) {
        *slot = NULL;
        return err;
    }
    if (op->kind == POLL_RECEIVE)
        op->memory = NULL;
    op->state = POLL_PENDING;
    base->pending_count++;
    return 0;
}

static bool epoll_cancel(struct poller *base, struct poll_op *op)
{
    struct epoll_poller *poller = of(base);
    struct poll_file *file = op->file;
    make_idle(poller, op);
    if (file->kind == POLL_FOREIGN) {
        if (file->in == NULL && file->out == NULL)
            disarm_foreign(poller, file);
        else
            (void)arm_foreign(poller, file, NULL);
    }
    return true;
}

static void epoll_check(struct poller *base, struct poll_file *file)
{
    if (file->kind == POLL_FOREIGN && (file->in != NULL || file->out != NULL))
        (void)arm_foreign(of(base), file, NULL);
}

static void epoll_give_back(struct poller *base, struct poll_op *op)
{
    (void)base;
    op->memory = NULL; // epoll lends nothing
}

static void epoll_forget(struct poller *base, struct poll_file *file)
{
    struct epoll_poller *poller = of(base);
    EDDY_ASSERT(file->in == NULL && file->out == NULL);
    if (file->kind == POLL_FOREIGN)
        disarm_foreign(poller, file);
    // Closing our descriptor unregisters it. If a child keeps it open, its events are dropped.
    if (file_at(poller, file->fd) == file)
        poller->files[file->fd] = NULL;
    file->is_registered = false;
}

/* ---- events ----------------------------------------------------------------------------------*/

/* Handles an event for the operation that waited for it: 1 if that has completed, else 0. */
static int fulfil(struct epoll_poller *poller, struct poll_op *op)
{
    if (op == NULL)
        return 0;
    switch (op->kind) {
    case POLL_SEND:
        op->result = try_send(op->file, op);
        if (op->result == -EAGAIN)
            return 0;
        break;
    case POLL_CONNECT: op->result = eddy__call_connect_outcome(op->file); break;
    case POLL_RECEIVE:
    case POLL_ACCEPT: op->result = -EAGAIN; break;
    default: op->result = 0; break;
    }
    if (!op->repeats)
        make_idle(poller, op);
    op->done(op);
    return 1;
}

/* The file of an event; NULL if it is gone. */
static struct poll_file *file_of(const struct epoll_poller *poller, uint64_t data)
{
    struct poll_file *file = file_at(poller, (int)(uint32_t)data);
    return file != NULL && file->generation == (uint32_t)(data >> 32) ? file : NULL;
}

static void note(struct poll_file *file, uint32_t events)
{
    if (events & IN_EVENTS)
        file->ready &= (uint8_t)~IN_WAITS;
    if (events & OUT_EVENTS)
        file->ready &= (uint8_t)~OUT_WAITS;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        file->ready |= IN_ENDED;
    if (events & (EPOLLHUP | EPOLLERR))
        file->ready |= OUT_ENDED;
    if (events & EPOLLPRI)
        file->ready |= IN_UNSURE;
}

/* After one direction of a POLL_FOREIGN file has completed, keeps only the other one armed. */
static void narrow(struct epoll_poller *poller, uint64_t data, bool had_both)
{
    struct poll_file *file = file_of(poller, data);
    if (had_both && file != NULL && (file->in != NULL) != (file->out != NULL))
        (void)arm_foreign(poller, file, NULL);
}

static int dispatch(struct epoll_poller *poller, uint32_t events, uint64_t data)
{
    struct poll_file *file = file_of(poller, data);
    if (file == NULL)
        return 0;
    note(file, events);

    bool is_foreign = file->kind == POLL_FOREIGN;
    bool had_both = file->in != NULL && file->out != NULL;
    int count = 0;
    if (events & IN_EVENTS)
        count += fulfil(poller, file->in);
    file = file_of(poller, data);
    if (file != NULL && (events & OUT_EVENTS))
        count += fulfil(poller, file->out);
    if (is_foreign)
        narrow(poller, data, had_both);
    return count;
}

static int wait_in_kernel(struct epoll_poller *poller, int64_t timeout_ns)
{
    if (timeout_ns <= 0 || timeout_ns == NS_NEVER)
        return epoll_wait(poller->epoll_fd, poller->events, EVENTS_MAX, timeout_ns <= 0 ? 0 : -1);
    if (!poller->has_no_pwait2) {
        struct timespec timeout = {timeout_ns / NS_PER_S, timeout_ns % NS_PER_S};
        int n = epoll_pwait2(poller->epoll_fd, poller->events, EVENTS_MAX, &timeout, NULL);
        if (n >= 0 || (errno != ENOSYS && errno != EPERM))
            return n;
        poller->has_no_pwait2 = true;
    }
    int64_t timeout_ms = (timeout_ns - 1) / 1000000 + 1;
    return epoll_wait(poller->epoll_fd, poller->events, EVENTS_MAX,
                      timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
}

static int epoll_wait_ops(struct poller *base, int64_t timeout_ns)
{
    struct epoll_poller *poller = of(base);
    int n = wait_in_kernel(poller, timeout_ns);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    int count = 0;
    for (int i = 0; i < n; i++)
        count += dispatch(poller, poller->events[i].events, poller->events[i].data.u64);
    return count;
}

static void epoll_wake(struct poller *base)
{
    struct epoll_poller *poller = of(base);
    int before = errno; // we may be in a signal handler
    const uint64_t one = 1;
    uint64_t drained;
    // The counter is full after 2^64 wakes; the first write after draining it is an edge again.
    while (write(poller->wake_fd, &one, sizeof one) < 0)
        if (errno == EAGAIN)
            (void)!read(poller->wake_fd, &drained, sizeof drained);
        else if (errno != EINTR)
            break;
    errno = before;
}

/* ---- opening and closing ---------------------------------------------------------------------*/

static void epoll_close(struct poller *base)
{
    struct epoll_poller *poller = of(base);
    close(poller->wake_fd);
    close(poller->epoll_fd);
    eddy__free(poller->files);
    eddy__free(poller);
}

static const struct poll_ops epoll_ops = {
    .name = "epoll",
    .try = epoll_try,
    .submit = epoll_submit,
    .cancel = epoll_cancel,
    .give_back = epoll_give_back,
    .forget = epoll_forget,
    .check = epoll_check,
    .wait = epoll_wait_ops,
    .wake = epoll_wake,
    .close = epoll_close,
};

int eddy__poll_epoll_open(struct poller **out_poller)
{
    struct epoll_poller *poller = eddy__zalloc(sizeof *poller);
    if (poller == NULL)
        return -ENOMEM;
    poller->base.ops = &epoll_ops;
    int err = 0;
    poller->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll_fd < 0) {
        err = -errno;
        goto free_poller;
    }
    poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (poller->wake_fd < 0) {
        err = -errno;
        goto close_epoll;
    }
    // No file has generation 0, so the event of a wake is dropped.
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = (uint32_t)poller->wake_fd};
    if (epoll_ctl(poller->epoll_fd, EPOLL_CTL_ADD, poller->wake_fd, &event) < 0) {
        err = -errno;
        goto close_wake;
    }
    *out_poller = &poller->base;
    return 0;

close_wake:
    close(poller->wake_fd);
close_epoll:
    close(poller->epoll_fd);
free_poller:
    eddy__free(poller);
    return err;
}
