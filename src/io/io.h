/* SPDX-License-Identifier: MIT */
/*
 * io.h: the interface of io/: what a loop keeps for its descriptors, and the internals of streams.
 *
 *   stream_loop.c      io/'s state of each loop, and read buffers lent to streams
 *   stream.c           a stream's life: creation, options, closing, freeing
 *   stream_read.c      receiving: into the reader's memory, or into the stream's buffer
 *   stream_write.c     sending at once, the queue of unsent bytes, waiting for it
 *   stream_loss.c      reports of bytes that were accepted and not sent
 *   stream_layer.c     a layer between stream and descriptor: TLS
 *   stream_connect.c   connecting a socket that becomes a stream
 *   fd.c               descriptors of other code
 *
 * Invariants:
 *   - Everything that the kernel may point to is part of a stream, or owned by one. A stream's
 *     memory is freed only when it has no owner, no task is in one of its functions, and no
 *     operation is with the poller.
 *   - Bytes that were received and not yet read stay in the stream.
 */
#ifndef EDDY_IO_IO_H
#define EDDY_IO_IO_H

#include "core/core.h"
#include "poll/poll.h"

#include <eddy/stream_layer.h>

struct iovec;
struct sockaddr;

enum {
    IO_BUFFER_SIZE = 16 * 1024, // bytes that a stream borrows at a time
    IO_SPARE_MAX = 64,          // buffers kept for the next one
    IO_RECEIVES_MAX = 32,       // without waiting, before other tasks run
    IO_SENDS_MAX = 32,          // the same
};

/* io/'s state of a loop. */
struct io {
    struct eddy_loop *loop;
    struct poller *poller;
    struct list keepers;    // streams and listeners, to be closed when the loop closes
    struct watch **watches; // of other code's descriptors, by descriptor; fd.c
    size_t watch_count;     // length of `watches`
    size_t spare_count;
    void *spares[IO_SPARE_MAX];
};

/* An object that holds descriptors of this loop, and what it does when the loop closes. */
struct io_keeper {
    struct link link;
    void (*let_go)(struct io_keeper *keeper); // cancels all, forgets tasks; may free itself
    void (*leave)(struct io_keeper *keeper);  // later: no operation is pending; unlinks itself
    bool (*is_sending)(struct io_keeper *keeper); // has bytes to send, and can; NULL: never has
};

/* The running loop's struct io, made at the first call. -ENOMEM, or misuse for `function`. */
int eddy__io_of_loop(const char *function, struct io **out_io);

/* The same for a function that stores its result in *place. */
int eddy__io_for_result(const char *function, const void *place, struct io **out_io);

/*
 * Ends a call that failed or reached the end of a stream: lets the other ready tasks run once, then
 * returns `result`, or EDDY_CANCELLED. So a loop around a call that fails at once does not starve
 * other tasks. Outside a task it only returns `result`.
 */
ssize_t eddy__io_end_call(ssize_t result);

/* EDDY_EMISUSE with the message "function: what". */
int eddy__io_misuse(const char *function, const char *what);

/* Takes a buffer of IO_BUFFER_SIZE bytes, or NULL; returns it. */
void *eddy__io_buffer_take(struct io *io);
void eddy__io_buffer_put(struct io *io, void *buffer);

/* When the loop closes: cancels all operations on descriptors of other code; frees; fd.c. */
void eddy__io_cancel_watches(struct io *io);
void eddy__io_drop_watches(struct io *io);

/* ---- streams ---------------------------------------------------------------------------------*/

/* A part of the queue of unsent bytes. They don't move: the kernel may be reading them. */
struct chunk {
    struct chunk *next;
    size_t start;    // of the unsent bytes
    size_t end;      // of the filled bytes
    size_t capacity; // bytes of data
    char data[];
};

/* The fields that every message touches come first, on a few cache lines. */
struct eddy_stream {
    struct io *io;         // NULL once its loop has closed
    struct wait *reader;   // the task that waits for bytes; or NULL
    struct poll_file file; // its descriptor; -1 once closed
    bool is_owned;         // eddy_stream_free() has not been called
    bool is_closed;        // eddy_stream_close() or abort has been called
    bool is_aborted;       // queued bytes are not to be sent
    bool is_shut;          // nothing more may be written
    bool is_eof;           // there are no more bytes to read
    bool is_drained;       // the kernel has no more bytes; a layer may still have some
    bool is_layer_up;      // the layer is ready to be used
    bool is_layer_reading; // the layer's read() runs
    bool has_delay;        // Nagle's algorithm stays on
    bool has_news; // `receive` has completed, and its result was not used yet
    uint8_t receives_in_row; // without waiting
    uint8_t sends_in_row;    // the same
    int read_error;          // that ended the incoming direction; or 0
    int write_error;         // that ended the outgoing direction; or 0
    unsigned hold_count;     // tasks in one of its functions

    // Bytes received and not read: in[in_start .. in_end). NULL when idle.
    size_t in_start;
    size_t in_end;
    char *in;
    size_t in_capacity;
    struct poll_op receive;
    struct poll_op send; // or connect, before anything is sent

    // Bytes written and not sent.
    size_t out_size; // bytes
    size_t end_size; // the last of these, with which the layer ends the stream; bytes
    struct chunk *out_first;
    struct chunk *out_last;
    size_t write_high;
    size_t write_low;
    eddy_waiters writers;  // until no more than write_low is queued
    eddy_waiters drainers; // until nothing is queued
    eddy_waiters closers;  // until the descriptor has been closed

    // The layer that bytes pass through; or NULL.
    const eddy_stream_layer *layer;
    void *layer_data;
    size_t answer_size;  // sent by the layer's read() since the queue was last empty: bytes
    struct chunk *early; // received before the layer was added, and not taken by it yet

    size_t limit;
    size_t lent_taken;      // of the bytes that the poller lent, how many were taken
    void *address;          // lent to the poller while connecting
    struct wait *connector; // the task that waits for the connect
    struct io_keeper keeper;
    eddy_open_note *open_note; // while it is open, in debug mode; or NULL
    const void *opened_by;     // the return address of the call that opened it
    struct stream_loss *loss;  // dropped bytes whose error no call has returned; or NULL
};

/* Makes a stream without a descriptor. */
int eddy__stream_new(struct io *io, const eddy_stream_options *options, eddy_stream **out_stream);

/* Gives `fd`, which is set to non-blocking, to a stream without a descriptor. */
void eddy__stream_attach(eddy_stream *stream, int fd, enum poll_file_kind kind);

/* Connects a stream that has a socket. 0, EDDY_CANCELLED, or another error. Suspends. */
int eddy__stream_connect(eddy_stream *stream, const struct sockaddr *address, size_t size);

/* Removes the descriptor after a failed connect, for the next attempt. */
void eddy__stream_detach(eddy_stream *stream);

/* 0, or the error why the stream can't be used here and now; stream.c. */
int eddy__stream_check(const eddy_stream *stream, const char *function);

/* Between these two calls the stream's memory stays, even if the stream is freed meanwhile. */
static inline void eddy__stream_hold(eddy_stream *stream)
{
    stream->hold_count++;
}
void eddy__stream_release(eddy_stream *stream);

/* Appends bytes to the queue, by copying; sends the queue, unless it is being sent already. */
int eddy__stream_queue(eddy_stream *stream, const void *data, size_t size); // 0 or -ENOMEM
void eddy__stream_flush(eddy_stream *stream);

/* Receives from the kernel: bytes, 0 at the end, -EAGAIN, an error; waits for the next bytes. */
ssize_t eddy__stream_receive_raw(eddy_stream *stream, void *buf, size_t size);
int eddy__stream_wait_for_bytes(eddy_stream *stream, const char *what);

/* Through the stream's layer: reads; writes a whole message; ends the layer; stream_layer.c. */
ssize_t eddy__stream_read_layer(eddy_stream *stream, void *buf, size_t size);
int eddy__stream_write_layer(eddy_stream *stream, const struct iovec *parts, int count);
void eddy__stream_end_layer(eddy_stream *stream); // also without one
bool eddy__stream_layer_has_pending(const eddy_stream *stream); // the same
void eddy__stream_free_layer(eddy_stream *stream);

/* Called when the queue is empty or dropped: shuts down or closes, if requested; stream.c. */
void eddy__stream_flushed(eddy_stream *stream);

/* Sends as much of the queue as possible; drops it; drops it with an error; stream_write.c. */
void eddy__stream_sent(struct poll_op *op); // `done` of stream->send
void eddy__stream_drop_queue(eddy_stream *stream);
void eddy__stream_fail_writing(eddy_stream *stream, int err);

/*
 * Notes that the queue is about to be dropped: `status` is the error or 0, `why` ends the report.
 * Then either a call returns the error (forget), or none will (report); stream_loss.c.
 */
void eddy__stream_note_loss(eddy_stream *stream, int status, const char *why);
void eddy__stream_forget_loss(eddy_stream *stream);
void eddy__stream_report_loss(eddy_stream *stream);

void eddy__stream_received(struct poll_op *op); // `done` of stream->receive
void eddy__stream_drop_news(eddy_stream *stream);  // returns memory that the poller lent
void eddy__stream_drop_input(eddy_stream *stream); // the buffer and its contents

/* Finishes every wait in `row`. */
void eddy__stream_wake(eddy_waiters *row, int result);

#endif
