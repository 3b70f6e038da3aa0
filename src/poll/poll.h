/* SPDX-License-Identifier: MIT */
/*
 * poll.h: kernel I/O, as a contract that both epoll and io_uring can implement.
 *
 * Callers describe I/O as operations: receive, send, accept, connect, wait until ready. An
 * operation is part of a longer-lived object (a stream, a listener), never of a stack frame,
 * because the kernel may keep a pointer to it after the task that started it is gone.
 *
 *     try      performs it now if that needs no waiting; uses the memory only during the call.
 *              Skips a system call that is known to be useless, and returns -EAGAIN at once.
 *     submit   leaves it with the poller, after a try that returned -EAGAIN (readiness is submitted
 *              without a try). Later eddy__poller_wait() calls `done` once.
 *     cancel   takes it back: true: it is idle at once; false: `done` is still to be called, soon.
 *
 *        idle --submit--> pending --done--> idle
 *                            \--cancel--> idle, or cancelling --done--> idle
 *
 * The result of a submitted operation, in op->result when `done` is called:
 *
 *     POLL_READABLE, POLL_WRITABLE   0; if op->repeats, again for each event until cancelled
 *     POLL_RECEIVE   bytes received, lent in op->memory until eddy__poll_give_back(op); 0 at the
 *                    end of file; or -EAGAIN, which means: try now (epoll reports only that).
 *                    It holds none of the caller's memory, so a waiting connection needs no buffer
 *     POLL_SEND      bytes sent, 1 or more; op->memory or op->parts stay lent until then
 *     POLL_ACCEPT    a descriptor, or -EAGAIN: try now
 *     POLL_CONNECT   0; op->memory, the address, stays lent until then
 *     all of them    or a negative errno; -ECANCELED after a cancel that could not act at once, if
 *                    the operation had not completed by then: check op->result in either case
 *
 * Invariants:
 *   - At most one operation is pending in each direction of a file. POLL_READABLE, POLL_RECEIVE and
 *     POLL_ACCEPT are incoming, the others outgoing.
 *   - Errors and hang-ups wake both directions; the next try then reports them.
 *   - `done` is called in the kernel's order, only by eddy__poller_wait(), after the operation is
 *     idle again. It must not suspend, but may try, submit, cancel and forget anything.
 *   - A file is forgotten before its descriptor is closed, and its operations are idle by then.
 *     Events of a forgotten file are dropped, even if a child process keeps the descriptor open.
 *   - Other code may still close a descriptor and open another with the same number. When a poller
 *     notices, at a submit for that number, the old file is lost: its operations complete with
 *     -EBADF (during the submit, not in eddy__poller_wait()), and later ones fail with it.
 *
 * Knows nothing of tasks. Owns nothing of its callers. One thread, except eddy__poller_wake().
 */
#ifndef EDDY_POLL_POLL_H
#define EDDY_POLL_POLL_H

#include "base/base.h"

#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct poller;
struct poll_op;

enum poll_kind {
    POLL_READABLE,
    POLL_RECEIVE,
    POLL_ACCEPT,
    POLL_WRITABLE, // from here on: the outgoing direction
    POLL_SEND,
    POLL_CONNECT,
};

static inline bool poll_kind_is_outgoing(uint8_t kind)
{
    return kind >= POLL_WRITABLE;
}

/* The kind of a descriptor, which decides the system calls that read and write it. */
enum poll_file_kind {
    POLL_SOCKET,
    POLL_UNIX_SOCKET, // a stream that may carry descriptors, which end a read early
    POLL_PIPE,
    POLL_OTHER,   // a terminal, an eventfd, ...: a short read says nothing about the next
    POLL_FOREIGN, // of other code, which may close it when nothing is submitted for it
};

/* The poller's state of a descriptor: part of the object that owns the descriptor. */
struct poll_file {
    int fd;
    uint8_t kind; // enum poll_file_kind
    // The fields below belong to the poller, and are zero at first.
    uint8_t ready;        // bits, which each poller defines
    bool is_registered;   // the kernel knows it
    bool is_lost;         // other code closed its descriptor: the number is another file's
    uint32_t generation;  // distinguishes it from earlier files with the same descriptor
    struct poll_op *in;   // pending, or NULL
    struct poll_op *out;  // pending, or NULL
};

enum poll_state {
    POLL_IDLE,
    POLL_PENDING,
    POLL_CANCELLING, // `done` is still to be called; lent memory stays lent until then
};

struct poll_op {
    struct poll_file *file;
    void (*done)(struct poll_op *op);
    uint8_t kind;  // enum poll_kind
    uint8_t state; // enum poll_state; written by the poller
    bool repeats;  // POLL_READABLE and POLL_WRITABLE
    bool asks_kernel; // a try always makes its system call, even if known to be useless
    int part_count;
    ssize_t result;
    void *memory; // to receive into (try) or to send from; an address; or lent by the poller
    size_t size;  // bytes
    const struct iovec *parts; // to send from instead of `memory`, if part_count is not 0
};

/* A kind of poller. `struct poller` is the first member of each kind's own struct. */
struct poll_ops {
    const char *name; // "epoll"
    ssize_t (*try)(struct poller *poller, struct poll_op *op);
    int (*submit)(struct poller *poller, struct poll_op *op);
    bool (*cancel)(struct poller *poller, struct poll_op *op);
    void (*give_back)(struct poller *poller, struct poll_op *op);
    void (*forget)(struct poller *poller, struct poll_file *file);
    void (*check)(struct poller *poller, struct poll_file *file);
    int (*wait)(struct poller *poller, int64_t timeout_ns);
    void (*wake)(struct poller *poller);
    void (*close)(struct poller *poller);
};

struct poller {
    const struct poll_ops *ops;
    size_t pending_count;    // operations that are not idle
    size_t cancelling_count; // of these, those in POLL_CANCELLING
    void *above;             // io/'s state of the loop; the poller never reads it
};

int eddy__poll_epoll_open(struct poller **out_poller); // epoll.c

/* ---- what the loop calls ---------------------------------------------------------------------*/

/* Opens the best poller available. 0, or -EMFILE, -ENFILE, -ENOMEM. */
static inline int eddy__poller_open(struct poller **out_poller)
{
    return eddy__poll_epoll_open(out_poller);
}

static inline void eddy__poller_close(struct poller *poller)
{
    if (poller != NULL)
        poller->ops->close(poller);
}

/*
 * Waits until an operation has completed, at most `timeout_ns` (0: only polls; NS_NEVER: no limit),
 * and calls `done` of each that has. Never times out early. Returns how many completed, 0 after the
 * timeout, a wake or a signal, or a negative errno.
 */
static inline int eddy__poller_wait(struct poller *poller, int64_t timeout_ns)
{
    return poller->ops->wait(poller, timeout_ns);
}

/* Makes the current wait, or else the next one, return. Any thread; async-signal-safe. */
static inline void eddy__poller_wake(struct poller *poller)
{
    poller->ops->wake(poller);
}

/* The number of operations that are not idle. At 0, only a wake can end an unlimited wait. */
static inline size_t eddy__poller_pending(const struct poller *poller)
{
    return poller->pending_count;
}

/* ---- what the owners of descriptors call -----------------------------------------------------*/

static inline void eddy__poll_file_init(struct poll_file *file, int fd, enum poll_file_kind kind)
{
    *file = (struct poll_file){.fd = fd, .kind = (uint8_t)kind};
}

/*
 * Performs `op` (idle; its memory or parts set) now. Returns its result, as above, or -EAGAIN if it
 * would have to wait. A connect that has begun is -EINPROGRESS, and submitting it waits for the
 * outcome; its -EAGAIN is the kernel's (the backlog of a Unix socket is full).
 */
static inline ssize_t eddy__poll_try(struct poller *poller, struct poll_op *op)
{
    return poller->ops->try(poller, op);
}

/*
 * Submits `op`, which is idle. Returns 0, or an error, and then it is still idle: -EPERM for a
 * plain file, -EBUSY for a descriptor that another file has, -ENOMEM.
 */
static inline int eddy__poll_submit(struct poller *poller, struct poll_op *op)
{
    return poller->ops->submit(poller, op);
}

/* Cancels `op`. True: it is idle, and `done` won't be called. False: `done` will be called. */
static inline bool eddy__poll_cancel(struct poller *poller, struct poll_op *op)
{
    if (op->state != POLL_PENDING)
        return op->state == POLL_IDLE;
    return poller->ops->cancel(poller, op);
}

/* Returns the memory that a completed POLL_RECEIVE lent. Does nothing if it lent none. */
static inline void eddy__poll_give_back(struct poller *poller, struct poll_op *op)
{
    if (op->memory != NULL)
        poller->ops->give_back(poller, op);
}

/* Called before the file's descriptor is closed or handed on. Its operations are idle. */
static inline void eddy__poll_forget(struct poller *poller, struct poll_file *file)
{
    poller->ops->forget(poller, file);
}

/*
 * For a file with pending operations: if other code has closed its descriptor meanwhile, they
 * complete with -EBADF. A file of kind POLL_FOREIGN can be used again then.
 */
static inline void eddy__poll_check(struct poller *poller, struct poll_file *file)
{
    poller->ops->check(poller, file);
}

/* Forgets the file and closes its descriptor, unless other code has closed that. */
static inline void eddy__poll_close(struct poller *poller, struct poll_file *file)
{
    eddy__poll_forget(poller, file);
    if (!file->is_lost)
        close(file->fd);
    file->fd = -1;
}

#endif
