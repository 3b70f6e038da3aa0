/* SPDX-License-Identifier: MIT */
/*
 * stream_read.c: receiving bytes for a reader.
 *
 * Every read takes what the stream holds already; else tries to receive; else parks and tries
 * again. A plain read receives directly into the caller's memory. Reads that may receive more than
 * they return (a line) or must not lose what they have (a record) receive into the stream's buffer.
 * It is borrowed from the loop while it holds anything, and returned before the reader parks.
 *
 * Invariants:
 *   - Only one task reads: `reader` is set from when it parks until it resumes.
 *   - While parked, the operation that the poller holds has no memory of ours. If the task is
 *     cancelled after bytes arrived, they are still in the kernel, or in stream->receive with
 *     has_news set, and the next read starts with them.
 *   - Errors that end the connection are kept, and returned after the bytes received before them.
 */
#include "io/io.h"

#include <eddy/iterator.h>

#include <errno.h>
#include <string.h>

void eddy__stream_received(struct poll_op *op)
{
    eddy_stream *stream = container_of(op, struct eddy_stream, receive);
    if (stream->is_closed) {
        eddy__poll_give_back(stream->io->poller, op);
        if (stream->out_size == 0)
            eddy__stream_flushed(stream); // closing has only waited for this
        return;
    }
    // Without a result there is nothing to wake, but a task that waits by now must submit again.
    stream->has_news = op->result != -EAGAIN && op->result != -ECANCELED;
    stream->lent_taken = 0;
    if (stream->reader != NULL)
        eddy__wait_finish(stream->reader, 0);
}

/* ---- the stream's buffer ---------------------------------------------------------------------*/

static size_t buffered(const eddy_stream *stream)
{
    return stream->in_end - stream->in_start;
}

static void give_buffer_back(eddy_stream *stream)
{
    if (stream->in_capacity == IO_BUFFER_SIZE && stream->io != NULL)
        eddy__io_buffer_put(stream->io, stream->in);
    else
        eddy__free(stream->in);
    stream->in = NULL;
    stream->in_capacity = stream->in_start = stream->in_end = 0;
}

static void give_back_if_empty(eddy_stream *stream)
{
    if (stream->in != NULL && buffered(stream) == 0)
        give_buffer_back(stream);
}

void eddy__stream_drop_news(eddy_stream *stream)
{
    if (stream->has_news)
        eddy__poll_give_back(stream->io->poller, &stream->receive);
    stream->has_news = false;
}

void eddy__stream_drop_input(eddy_stream *stream)
{
    if (stream->in != NULL)
        give_buffer_back(stream);
}

/* Makes the buffer hold `capacity` bytes from in_start on, and always at least one more byte. */
static int reserve(eddy_stream *stream, size_t capacity)
{
    if (stream->in == NULL && capacity <= IO_BUFFER_SIZE) {
        stream->in = eddy__io_buffer_take(stream->io);
        if (stream->in == NULL)
            return -ENOMEM;
        stream->in_capacity = IO_BUFFER_SIZE;
        return 0;
    }
    size_t size = buffered(stream);
    if (size == 0)
        stream->in_start = stream->in_end = 0;
    if (capacity <= size)
        capacity = size + 1;
    if (stream->in_capacity - stream->in_start >= capacity && stream->in_end < stream->in_capacity)
        return 0;
    if (stream->in_capacity >= capacity) {
        memmove(stream->in, stream->in + stream->in_start, size);
    } else {
        char *grown = eddy__malloc(capacity);
        if (grown == NULL)
            return -ENOMEM;
        if (size > 0)
            memcpy(grown, stream->in + stream->in_start, size);
        if (stream->in != NULL)
            give_buffer_back(stream);
        stream->in = grown;
        stream->in_capacity = capacity;
    }
    stream->in_start = 0;
    stream->in_end = size;
    return 0;
}

static size_t take(eddy_stream *stream, void *buf, size_t size)
{
    if (size > buffered(stream))
        size = buffered(stream);
    if (size == 0)
        return 0;
    memcpy(buf, stream->in + stream->in_start, size);
    stream->in_start += size;
    return size;
}

/* ---- receiving -------------------------------------------------------------------------------*/

static bool is_passing(ssize_t err)
{
    return err == -EAGAIN || err == -ENOMEM || err == -ENOBUFS;
}

static ssize_t note_error(eddy_stream *stream, ssize_t n)
{
    if (n < 0 && !is_passing(n)) {
        stream->read_error = (int)n;
        if (stream->write_error == 0)
            stream->write_error = (int)n;
        eddy__stream_forget_loss(stream);
    }
    return n;
}

/* Notes an end or an error. With a layer, the kernel's end is not the reader's end. */
static ssize_t note_end(eddy_stream *stream, ssize_t n)
{
    if (n == 0) {
        stream->is_drained = true;
        stream->is_eof = stream->layer == NULL;
    }
    return note_error(stream, n);
}

/* Takes the result of the completed operation. */
static ssize_t receive_news(eddy_stream *stream, void *buf, size_t size)
{
    struct poll_op *op = &stream->receive;
    if (op->result <= 0) {
        stream->has_news = false;
        return note_end(stream, op->result);
    }
    size_t left = (size_t)op->result - stream->lent_taken;
    size_t n = size < left ? size : left;
    memcpy(buf, (const char *)op->memory + stream->lent_taken, n);
    stream->lent_taken += n;
    if (n == left) {
        stream->has_news = false;
        eddy__poll_give_back(stream->io->poller, op);
    }
    return (ssize_t)n;
}

/* Bytes into `buf`, 0 at the end, -EAGAIN if that needs waiting, or an error. */
static inline ssize_t receive_raw(eddy_stream *stream, void *buf, size_t size)
{
    if (EDDY__UNLIKELY(stream->has_news))
        return receive_news(stream, buf, size);
    if (EDDY__UNLIKELY(stream->is_drained))
        return 0;
    if (EDDY__UNLIKELY(stream->read_error < 0))
        return stream->read_error;
    struct poll_op *op = &stream->receive;
    if (EDDY__UNLIKELY(op->state != POLL_IDLE)) // a cancelled one is not idle yet
        return -EAGAIN;
    op->memory = buf;
    op->size = size;
    ssize_t n = eddy__poll_try(stream->io->poller, op);
    op->memory = NULL;
    if (EDDY__LIKELY(n > 0)) {
        stream->receives_in_row++;
        return n;
    }
    return note_end(stream, n);
}

ssize_t eddy__stream_receive_raw(eddy_stream *stream, void *buf, size_t size)
{
    return receive_raw(stream, buf, size);
}

/* The same, through the layer if there is one. */
static ssize_t receive_now(eddy_stream *stream, void *buf, size_t size)
{
    if (EDDY__UNLIKELY(stream->layer != NULL))
        return note_error(stream, eddy__stream_read_layer(stream, buf, size));
    return receive_raw(stream, buf, size);
}

/* Parks the task until a try may succeed. */
static int wait_for_bytes(eddy_stream *stream, const char *what)
{
    struct wait wait;
    int err = eddy__wait_init(&wait, what);
    if (err < 0)
        return err;
    give_back_if_empty(stream);
    stream->receives_in_row = 0;
    struct poll_op *op = &stream->receive;
    if (op->state == POLL_IDLE) {
        err = eddy__poll_submit(stream->io->poller, op);
        if (err < 0)
            return err;
    }
    stream->reader = &wait;
    err = eddy__wait_park(&wait);
    stream->reader = NULL;
    if (stream->is_closed)
        return err < 0 ? err : -EBADF;
    if (err < 0)
        (void)eddy__poll_cancel(stream->io->poller, op);
    return err;
}

static int may_read(const eddy_stream *stream, const char *what)
{
    int err = eddy__stream_check(stream, what);
    if (err == 0 && EDDY__UNLIKELY(stream->reader != NULL))
        err = -EBUSY;
    return err;
}

/* Lets other tasks run now and then, even if a peer sends faster than we read. */
static int begin_read(eddy_stream *stream, const char *what)
{
    int err = may_read(stream, what);
    if (err < 0 || EDDY__LIKELY(stream->receives_in_row < IO_RECEIVES_MAX))
        return err;
    stream->receives_in_row = 0;
    if (eddy__task_current() == NULL)
        return 0;
    eddy__stream_hold(stream);
    err = eddy__task_yield();
    if (err == 0)
        err = may_read(stream, what);
    eddy__stream_release(stream);
    return err;
}

/* Waits; or lets other tasks run, if a layer has used its IO_RECEIVES_MAX and needs more. */
static int wait_or_yield(eddy_stream *stream, const char *what)
{
    if (stream->layer == NULL || stream->receives_in_row < IO_RECEIVES_MAX)
        return wait_for_bytes(stream, what);
    stream->receives_in_row = 0;
    int err = eddy__task_yield();
    return err < 0 ? err : may_read(stream, what);
}

/* The same; after 0 the stream still exists. */
int eddy__stream_wait_for_bytes(eddy_stream *stream, const char *what)
{
    eddy__stream_hold(stream);
    int err = wait_or_yield(stream, what);
    eddy__stream_release(stream);
    return err;
}

/* Receives into the stream's buffer, of `capacity` bytes; waits if necessary. */
static ssize_t fill(eddy_stream *stream, size_t capacity, const char *what)
{
    for (;;) {
        int err = reserve(stream, capacity);
        if (err < 0)
            return err;
        ssize_t n = receive_now(stream, stream->in + stream->in_end,
                                stream->in_capacity - stream->in_end);
        if (n > 0)
            stream->in_end += (size_t)n;
        if (n != -EAGAIN)
            return n;
        err = eddy__stream_wait_for_bytes(stream, what);
        if (err < 0)
            return err;
    }
}

/* ---- reading ---------------------------------------------------------------------------------*/

ssize_t eddy_stream_read(eddy_stream *stream, void *buf, size_t size)
{
    int err = begin_read(stream, "eddy_stream_read");
    if (EDDY__UNLIKELY(err < 0))
        return eddy__io_end_call(err);
    if (size == 0)
        return 0;
    if (buffered(stream) > 0)
        return (ssize_t)take(stream, buf, size);
    for (;;) {
        ssize_t n = receive_now(stream, buf, size);
        if (n != -EAGAIN)
            return EDDY__LIKELY(n > 0) ? n : eddy__io_end_call(n);
        err = eddy__stream_wait_for_bytes(stream, "eddy_stream_read");
        if (err < 0)
            return eddy__io_end_call(err);
    }
}

static void show_buffer(const eddy_stream *stream, eddy_span *out_bytes)
{
    *out_bytes = (eddy_span){
        .data = buffered(stream) > 0 ? stream->in + stream->in_start : "",
        .size = buffered(stream),
    };
}

static int peek(eddy_stream *stream, size_t least, eddy_span *out_bytes)
{
    int err = begin_read(stream, "eddy_stream_peek");
    if (err < 0)
        return err;
    if (least > stream->limit)
        return EDDY_LIMIT;
    while (buffered(stream) < least) {
        ssize_t n = fill(stream, least, "eddy_stream_peek");
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
    }
    show_buffer(stream, out_bytes);
    return 0;
}

int eddy_stream_peek(eddy_stream *stream, size_t least, eddy_span *out_bytes)
{
    int err = peek(stream, least, out_bytes);
    bool is_short = err < 0 || out_bytes->size < least;
    // Bytes lent at the end of a stream must be lent again: another task may have read them.
    if (is_short)
        err = (int)eddy__io_end_call(err);
    return is_short && err == 0 ? peek(stream, least, out_bytes) : err;
}

/* Receives the bytes that have arrived by now into the stream's buffer, which is empty. */
static ssize_t fill_now(eddy_stream *stream)
{
    if (stream->receive.state != POLL_IDLE)
        return -EINPROGRESS; // a cancelled read, which may have taken something
    int err = reserve(stream, 1);
    if (err < 0)
        return err;
    stream->receives_in_row = 0;
    stream->receive.asks_kernel = true;
    ssize_t n = receive_now(stream, stream->in + stream->in_end,
                            stream->in_capacity - stream->in_end);
    stream->receive.asks_kernel = false;
    if (n > 0)
        stream->in_end += (size_t)n;
    else
        give_back_if_empty(stream);
    bool is_partial = n == -EAGAIN && (stream->receives_in_row >= IO_RECEIVES_MAX ||
                                       eddy__stream_layer_has_pending(stream));
    return is_partial ? -EINPROGRESS : n;
}

int eddy_stream_peek_nowait(eddy_stream *stream, eddy_span *out_bytes)
{
    int err = may_read(stream, "eddy_stream_peek_nowait");
    if (err == 0 && buffered(stream) == 0) {
        ssize_t n = fill_now(stream);
        err = n < 0 ? (int)n : 0;
    }
    if (err == 0)
        show_buffer(stream, out_bytes);
    return err;
}

int eddy_stream_consume(eddy_stream *stream, size_t size)
{
    int err = may_read(stream, "eddy_stream_consume");
    if (err < 0)
        return err;
    if (size > buffered(stream))
        return EDDY_EVALUE;
    stream->in_start += size;
    return 0;
}

/* Puts bytes that were taken back into the buffer, which is empty. */
static int put_back(eddy_stream *stream, const void *data, size_t size)
{
    if (size == 0)
        return 0;
    give_back_if_empty(stream);
    int err = reserve(stream, size);
    if (err < 0) {
        stream->read_error = err; // no read may continue after a gap
        return err;
    }
    memcpy(stream->in, data, size);
    stream->in_end = size;
    return 0;
}

/* A small record: it is received completely into the stream's buffer before any is taken. */
static int read_buffered(eddy_stream *stream, void *buf, size_t size)
{
    while (buffered(stream) < size) {
        ssize_t n = fill(stream, size, "eddy_stream_read_exactly");
        if (n < 0)
            return (int)n;
        if (n == 0)
            return EDDY_INCOMPLETE;
    }
    (void)take(stream, buf, size);
    return 0;
}

/* A large one: directly into the caller's memory, and back into the buffer if incomplete. */
static int read_direct(eddy_stream *stream, char *buf, size_t size)
{
    size_t done = take(stream, buf, size);
    int err = 0;
    eddy__stream_hold(stream);
    while (done < size && err == 0) {
        ssize_t n = receive_now(stream, buf + done, size - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0)
            err = EDDY_INCOMPLETE;
        else
            err = n == -EAGAIN ? wait_or_yield(stream, "eddy_stream_read_exactly") : (int)n;
    }
    if (err < 0 && !stream->is_closed) {
        int lost = put_back(stream, buf, done);
        if (lost < 0)
            err = lost;
    }
    eddy__stream_release(stream);
    return err;
}

int eddy_stream_read_exactly(eddy_stream *stream, void *buf, size_t size)
{
    int err = begin_read(stream, "eddy_stream_read_exactly");
    if (err == 0)
        err = size <= IO_BUFFER_SIZE ? read_buffered(stream, buf, size)
                                     : read_direct(stream, buf, size);
    return EDDY__LIKELY(err == 0) ? 0 : (int)eddy__io_end_call(err);
}

/* ---- reading up to a separator ---------------------------------------------------------------*/

/*
 * Finds the end of the first `separator`, searching only bytes not searched before: from
 * `*inout_seen` on. Returns the number of bytes up to and including it; 0 if it is not there yet.
 */
static size_t find(const eddy_stream *stream, const char *separator, size_t separator_size,
                   size_t *inout_seen)
{
    size_t size = buffered(stream);
    if (size < separator_size)
        return 0;
    const char *start = stream->in + stream->in_start;
    const char *hit = memmem(start + *inout_seen, size - *inout_seen, separator, separator_size);
    if (hit != NULL)
        return (size_t)(hit - start) + separator_size;
    *inout_seen = size - separator_size + 1; // the separator may have begun
    return 0;
}

/* The buffer's capacity, or twice that when it is full, but not above `most`. */
static size_t room_for_more(const eddy_stream *stream, size_t most)
{
    size_t size = buffered(stream);
    if (size < stream->in_capacity || 2 * size <= IO_BUFFER_SIZE)
        return size + 1;
    return 2 * size < most ? 2 * size : most;
}

/* As eddy_stream_read_until(), into *out_size. With any result, the bytes stay in the buffer. */
static int gather_until(eddy_stream *stream, const char *separator, size_t separator_size,
                        size_t *out_size, const char *what)
{
    const size_t most = stream->limit + separator_size;
    size_t seen = 0;
    for (;;) {
        size_t size = find(stream, separator, separator_size, &seen);
        if (size > most || (size == 0 && seen > stream->limit))
            return EDDY_LIMIT;
        if (size > 0) {
            *out_size = size;
            return 0;
        }
        ssize_t n = fill(stream, room_for_more(stream, most + 1), what);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return EDDY_INCOMPLETE;
    }
}

static void lend(eddy_stream *stream, size_t size, eddy_span *out_bytes)
{
    *out_bytes = (eddy_span){
        .data = size > 0 ? stream->in + stream->in_start : "",
        .size = size,
    };
    stream->in_start += size; // the buffer itself stays until the next read
}

int eddy_stream_read_until(eddy_stream *stream, const void *separator, size_t separator_size,
                           eddy_span *out_bytes)
{
    if (separator_size == 0)
        return EDDY_EVALUE;
    int err = begin_read(stream, "eddy_stream_read_until");
    size_t size;
    if (err == 0)
        err = gather_until(stream, separator, separator_size, &size, "eddy_stream_read_until");
    if (EDDY__UNLIKELY(err < 0))
        return (int)eddy__io_end_call(err);
    lend(stream, size, out_bytes);
    return 0;
}

int eddy_stream_readline(eddy_stream *stream, eddy_span *out_line)
{
    int err = begin_read(stream, "eddy_stream_readline");
    size_t size = 0;
    if (err == 0)
        err = gather_until(stream, "\n", 1, &size, "eddy_stream_readline");
    if (err == EDDY_INCOMPLETE) {
        size = buffered(stream);
        err = 0;
    }
    if (err == 0)
        lend(stream, size, out_line);
    return EDDY__LIKELY(err == 0 && size > 0) ? 0 : (int)eddy__io_end_call(err);
}

static int next_line(void *object, void *out_item)
{
    eddy_span *line = out_item;
    int err = eddy_stream_readline(object, line);
    return err < 0 ? err : line->size > 0;
}

eddy_iterator eddy__stream_iterator(struct eddy_stream *stream)
{
    return eddy__iterator_new(next_line, stream, sizeof(eddy_span));
}

bool eddy_stream_at_eof(const eddy_stream *stream)
{
    return stream != NULL && stream->is_eof && buffered(stream) == 0;
}
