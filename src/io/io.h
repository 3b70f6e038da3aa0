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
    IO_RECEIVES_MAX = 32,       // in a row without waiting, before other tasks run
    IO_SENDS_MAX = 32,          // the same
};

/* What io/ keeps for a loop. */
struct io {
    struct eddy_loop *loop;
    struct poller *poller;
    struct list keepers;    // streams and listeners, which let go when the loop closes
    struct watch **watches; // of other code's descriptors, by descriptor; fd.c
    size_t watch_count;     // room in `watches`
    size_t spare_count;
    void *spares[IO_SPARE_MAX];
};

/* Something that holds descriptors of this loop, and what it does when the loop closes. */
struct io_keeper {
    struct link link;
    void (*let_go)(struct io_keeper *keeper); // cancels all, forgets tasks; may free itself
    void (*leave)(struct io_keeper *keeper);  // then: nothing is with the poller; unlinks itself
    bool (*is_sending)(struct io_keeper *keeper); // has bytes to send, and can; NULL: never has
};

/* What is kept for the running loop, made at the first call. -ENOMEM, or misuse for `function`. */
int eddy__io_of_loop(const char *function, struct io **out_io);

/* The same for a function that stores its result in *place. */
int eddy__io_for_result(const char *function, const void *place, struct io **out_io);

/*
 * Ends a call that failed, or that found the end of a stream: returns `result`, after the other
 * ready tasks have run once, or EDDY_CANCELLED. So a loop around a call that fails at once starves
 * nobody. Outside a task it only returns `result`.
 */
ssize_t eddy__io_end_call(ssize_t result);

/* EDDY_EMISUSE with the sentence "function: what". */
int eddy__io_misuse(const char *function, const char *what);

/* IO_BUFFER_SIZE bytes, or NULL; and back. */
void *eddy__io_buffer_take(struct io *io);
void eddy__io_buffer_put(struct io *io, void *buffer);

/* When the loop closes: takes back all operations on descriptors of other code; frees; fd.c. */
void eddy__io_cancel_watches(struct io *io);
void eddy__io_drop_watches(struct io *io);

/* ---- streams ---------------------------------------------------------------------------------*/

/* A part of what waits to be sent. Its bytes don't move: the kernel may be reading them. */
struct chunk {
    struct chunk *next;
    size_t start;    // of what has not been sent
    size_t end;      // of what is filled
    size_t capacity; // bytes of data
    char data[];
};

/* What every message touches stands first, on a few cache lines. */
struct eddy_stream {
    struct io *io;         // NULL once its loop has closed
    struct wait *reader;   // the task that waits for bytes; or NULL
    struct poll_file file; // its descriptor; -1 once closed
    bool is_owned;         // eddy_stream_free() has not been called
    bool is_closed;        // eddy_stream_close() or abort has been called
    bool is_aborted;       // and what is queued is not to be sent
    bool is_shut;          // nothing more may be written
    bool is_eof;           // there is no more to read
    bool is_drained;       // nor has the kernel more: what a layer has may come still
    bool is_layer_up;      // the layer is ready to be used
    bool is_layer_reading; // the layer's read() runs
    bool has_delay;        // Nagle's algorithm stays on
    bool has_news; // `receive` has completed, and nobody has looked at what it brought
    uint8_t receives_in_row; // without waiting
    uint8_t sends_in_row;    // the same
    int read_error;          // what ended the incoming direction; or 0
    int write_error;         // what ended the outgoing one; or 0
    unsigned hold_count;     // tasks in one of its functions

    // What has been received and not read: in[in_start .. in_end). NULL when idle.
    size_t in_start;
    size_t in_end;
    char *in;
    size_t in_capacity;
    struct poll_op receive;
    struct poll_op send; // or connect, before anything is sent

    // What has been written and not sent.
    size_t out_size; // bytes
    size_t end_size; // the last of these, with which the layer ends the stream
    struct chunk *out_first;
    struct chunk *out_last;
    size_t write_high;
    size_t write_low;
    eddy_waiters writers;  // until no more than write_low is queued
    eddy_waiters drainers; // until nothing is
    eddy_waiters closers;  // until the descriptor has been closed

    // What the bytes pass on their way; or NULL.
    const eddy_stream_layer *layer;
    void *layer_data;
    size_t answer_size;  // sent by the layer's read() since the queue was last empty: bytes
    struct chunk *early; // received before there was a layer, which has not taken it

    size_t limit;
    size_t lent_taken;      // of what the poller lent: bytes that were taken already
    void *address;          // lent to the poller while connecting
    struct wait *connector; // the task that waits for that
    struct io_keeper keeper;
    eddy_open_note *open_note; // while it is open, in debug mode; or NULL
    const void *opened_by;     // the return address of the call that opened it
    struct stream_loss *loss;  // bytes dropped, and no call has returned why; or NULL
};

/* A stream without a descriptor. */
int eddy__stream_new(struct io *io, const eddy_stream_options *options, eddy_stream **out_stream);

/* Gives `fd`, which is set to non-blocking, to a stream without a descriptor. */
void eddy__stream_attach(eddy_stream *stream, int fd, enum poll_file_kind kind);

/* Connects a stream that has been given a socket. 0, EDDY_CANCELLED, or why not. Suspends. */
int eddy__stream_connect(eddy_stream *stream, const struct sockaddr *address, size_t size);

/* Takes the descriptor away again, after a connect that failed, for the next attempt. */
void eddy__stream_detach(eddy_stream *stream);

/* 0, or what speaks against using the stream here and now; stream.c. */
int eddy__stream_check(const eddy_stream *stream, const char *function);

/* Between these two the stream's memory stays, whoever frees it meanwhile. */
static inline void eddy__stream_hold(eddy_stream *stream)
{
    stream->hold_count++;
}
void eddy__stream_release(eddy_stream *stream);

/* Copies bytes behind what is queued; sends what is queued, unless that is under way. */
int eddy__stream_queue(eddy_stream *stream, const void *data, size_t size); // 0 or -ENOMEM
void eddy__stream_flush(eddy_stream *stream);

/* As the kernel has it: bytes, 0 at the end, -EAGAIN, an error; and waiting for the next. */
ssize_t eddy__stream_receive_raw(eddy_stream *stream, void *buf, size_t size);
int eddy__stream_wait_for_bytes(eddy_stream *stream, const char *what);

/* The same through the layer, which is there; all of a message; its end; stream_layer.c. */
ssize_t eddy__stream_read_layer(eddy_stream *stream, void *buf, size_t size);
int eddy__stream_write_layer(eddy_stream *stream, const struct iovec *parts, int count);
void eddy__stream_end_layer(eddy_stream *stream); // also without one
bool eddy__stream_layer_has_pending(const eddy_stream *stream); // the same
void eddy__stream_free_layer(eddy_stream *stream);

/* What happens when the queue is empty, or is given up: shut down, close; stream.c. */
void eddy__stream_flushed(eddy_stream *stream);

/* Sends what is queued as far as that goes; gives the queue up, with the reason; stream_write.c. */
void eddy__stream_sent(struct poll_op *op); // `done` of stream->send
void eddy__stream_drop_queue(eddy_stream *stream);
void eddy__stream_fail_writing(eddy_stream *stream, int err);

/*
 * Notes that the queue is about to be dropped: `status` is the error or 0, `why` ends the sentence
 * of the report. Then either a call returns the error, or none will any more; stream_loss.c.
 */
void eddy__stream_note_loss(eddy_stream *stream, int status, const char *why);
void eddy__stream_forget_loss(eddy_stream *stream);
void eddy__stream_report_loss(eddy_stream *stream);

void eddy__stream_received(struct poll_op *op); // `done` of stream->receive
void eddy__stream_drop_news(eddy_stream *stream);  // what the poller has lent goes back to it
void eddy__stream_drop_input(eddy_stream *stream); // the buffer with all that is in it

/* Finishes every wait of the row. */
void eddy__stream_wake(eddy_waiters *row, int result);

#endif
