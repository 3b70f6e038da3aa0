/* SPDX-License-Identifier: MIT */
/*
 * stream_write.c: sending bytes to the peer.
 *
 * A write sends at once what the kernel accepts. The rest is copied into the stream's queue, which
 * the loop then sends, independent of the writer. So a cancelled write loses no bytes, a stream
 * that is closed, or freed after that, still sends, and writes of several tasks are not
 * interleaved: while anything is queued, new bytes are appended to the queue.
 *
 *      write --kernel took all--> done
 *        \--rest--> queue --room again--> kernel ... --empty--> drainers, shutdown, close
 *
 * Above write_high a writer is parked until no more than write_low is queued.
 *
 * An error drops the queue. A call that waits, or the next call, returns it; if no call does, the
 * loss is reported: stream_loss.c.
 *
 * Invariants:
 *   - stream->send is with the poller exactly while something is queued.
 *   - A message that was partly sent is completed, or the stream has a write_error.
 */
#include "io/io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    PARTS_MAX = 64,  // of a message, passed to the kernel in one call
    CHUNKS_MAX = 16, // of the queue
};

/* ---- the queue -------------------------------------------------------------------------------*/

static void free_chunk(eddy_stream *stream, struct chunk *chunk)
{
    if (sizeof *chunk + chunk->capacity == IO_BUFFER_SIZE && stream->io != NULL)
        eddy__io_buffer_put(stream->io, chunk);
    else
        eddy__free(chunk);
}

static struct chunk *new_chunk(eddy_stream *stream, size_t size)
{
    struct chunk *chunk;
    if (size <= IO_BUFFER_SIZE - sizeof *chunk) {
        size = IO_BUFFER_SIZE - sizeof *chunk;
        chunk = eddy__io_buffer_take(stream->io);
    } else {
        chunk = eddy__malloc(sizeof *chunk + size);
    }
    if (chunk != NULL)
        *chunk = (struct chunk){.capacity = size};
    return chunk;
}

/* Reserves `size` more bytes: what does not fit into the last chunk gets a new one. */
static int reserve(eddy_stream *stream, size_t size)
{
    struct chunk *last = stream->out_last;
    if (last != NULL && last->capacity - last->end >= size)
        return 0;
    size_t room = last != NULL ? last->capacity - last->end : 0;
    struct chunk *chunk = new_chunk(stream, size - room);
    if (chunk == NULL)
        return -ENOMEM;
    if (last != NULL)
        last->next = chunk;
    else
        stream->out_first = chunk;
    return 0;
}

/* Copies into the reserved bytes. */
static void append(eddy_stream *stream, const char *data, size_t size)
{
    if (stream->out_last == NULL)
        stream->out_last = stream->out_first;
    while (size > 0) {
        struct chunk *last = stream->out_last;
        size_t n = last->capacity - last->end;
        if (n == 0) {
            stream->out_last = last->next;
            continue;
        }
        if (n > size)
            n = size;
        memcpy(last->data + last->end, data, n);
        last->end += n;
        stream->out_size += n;
        data += n;
        size -= n;
    }
}

static void drop_first_chunk(eddy_stream *stream)
{
    struct chunk *chunk = stream->out_first;
    stream->out_first = chunk->next;
    if (stream->out_first == NULL)
        stream->out_last = NULL;
    free_chunk(stream, chunk);
}

void eddy__stream_drop_queue(eddy_stream *stream)
{
    while (stream->out_first != NULL)
        drop_first_chunk(stream);
    stream->out_last = NULL;
    stream->out_size = 0;
}

static void mark_sent(eddy_stream *stream, size_t size)
{
    stream->out_size -= size;
    while (size > 0) {
        struct chunk *first = stream->out_first;
        size_t n = first->end - first->start;
        if (n > size)
            n = size;
        first->start += n;
        size -= n;
        if (first->start == first->end)
            drop_first_chunk(stream);
    }
}

/* ---- sending the queue -----------------------------------------------------------------------*/

void eddy__stream_fail_writing(eddy_stream *stream, int err)
{
    if (stream->write_error == 0)
        stream->write_error = err;
    eddy__stream_note_loss(stream, err, "");
    eddy__stream_drop_queue(stream);
    eddy__stream_wake(&stream->writers, err);
    eddy__stream_wake(&stream->drainers, err);
    eddy__stream_flushed(stream);
}

static void point_at_first(eddy_stream *stream)
{
    struct chunk *first = stream->out_first;
    stream->send.memory = first->data + first->start;
    stream->send.size = first->end - first->start;
    stream->send.part_count = 0;
}

/* Sends as much of the queue as the kernel accepts in one call. */
static ssize_t try_queue(eddy_stream *stream)
{
    struct poll_op *op = &stream->send;
    if (stream->out_first->next == NULL) {
        point_at_first(stream);
        return eddy__poll_try(stream->io->poller, op);
    }
    struct iovec parts[CHUNKS_MAX];
    int count = 0;
    for (struct chunk *at = stream->out_first; at != NULL && count < CHUNKS_MAX; at = at->next)
        parts[count++] = (struct iovec){at->data + at->start, at->end - at->start};
    op->parts = parts;
    op->part_count = count;
    ssize_t n = eddy__poll_try(stream->io->poller, op);
    op->parts = NULL;
    op->part_count = 0;
    return n;
}

static void wake_writers(eddy_stream *stream)
{
    if (stream->out_size <= stream->write_low && stream->writers.first != NULL)
        eddy__stream_wake(&stream->writers, 0);
}

/* Sends as much of the queue as the kernel accepts, and submits the rest to the poller. */
static void send_queue(eddy_stream *stream)
{
    while (stream->out_size > 0) {
        ssize_t n = try_queue(stream);
        if (n == -EAGAIN) {
            point_at_first(stream);
            n = eddy__poll_submit(stream->io->poller, &stream->send);
            if (n == 0)
                break;
        }
        if (n < 0) {
            eddy__stream_fail_writing(stream, (int)n);
            return;
        }
        mark_sent(stream, (size_t)n);
    }
    wake_writers(stream);
    if (stream->out_size == 0)
        eddy__stream_flushed(stream);
}

void eddy__stream_sent(struct poll_op *op)
{
    eddy_stream *stream = container_of(op, struct eddy_stream, send);
    ssize_t n = op->result;
    if (stream->is_aborted) {
        eddy__stream_drop_queue(stream);
        eddy__stream_flushed(stream);
        return;
    }
    if (n < 0) {
        eddy__stream_fail_writing(stream, (int)n);
        return;
    }
    mark_sent(stream, (size_t)n);
    send_queue(stream);
}

void eddy__stream_flush(eddy_stream *stream)
{
    if (stream->out_size > 0 && stream->send.state == POLL_IDLE)
        send_queue(stream);
}

int eddy__stream_queue(eddy_stream *stream, const void *data, size_t size)
{
    int err = reserve(stream, size);
    if (err == 0)
        append(stream, data, size);
    else if (stream->write_error == 0)
        stream->write_error = err; // bytes after a gap would make no sense
    return err;
}

/* ---- writing ---------------------------------------------------------------------------------*/

/* Returns the error that ended the outgoing direction, so the loss is not reported. */
static int tell(eddy_stream *stream, int err)
{
    eddy__stream_forget_loss(stream);
    return err;
}

static int may_write(eddy_stream *stream, const char *function)
{
    int err = eddy__stream_check(stream, function);
    if (EDDY__LIKELY(err == 0)) {
        if (EDDY__UNLIKELY(stream->write_error < 0))
            return tell(stream, stream->write_error);
        if (EDDY__UNLIKELY(stream->is_shut))
            return -EBADF;
    }
    return err;
}

/* Parks in `row`; the stream may be freed when this returns an error. */
static int wait_in(eddy_stream *stream, eddy_waiters *row, const char *what)
{
    struct wait wait;
    int err = eddy__wait_init(&wait, what);
    if (err < 0)
        return err;
    stream->sends_in_row = 0;
    eddy__stream_hold(stream);
    err = eddy__wait_park_in(&wait, row);
    if (err < 0 && err == stream->write_error)
        (void)tell(stream, err);
    eddy__stream_release(stream);
    return err;
}

/* The queued bytes have been accepted; the writer waits if they are too many. */
static int wait_for_room(eddy_stream *stream, const char *what)
{
    if (EDDY__LIKELY(stream->out_size <= stream->write_high))
        return 0;
    return wait_in(stream, &stream->writers, what);
}

/* A position in the parts of a message. */
struct cursor {
    const struct iovec *parts;
    int count;
    size_t offset; // into the first of them
    size_t size;   // of all remaining parts
    bool is_begun; // the kernel has accepted some bytes of it
};

static void advance(struct cursor *cursor, size_t size)
{
    cursor->size -= size;
    cursor->offset += size;
    cursor->is_begun |= size > 0;
    while (cursor->count > 0 && cursor->offset >= cursor->parts->iov_len) {
        cursor->offset -= cursor->parts->iov_len;
        cursor->parts++;
        cursor->count--;
    }
}

/* Stores the next parts, the first one without its sent bytes, and returns their number. */
static int view(const struct cursor *cursor, struct iovec *out_parts)
{
    int count = cursor->count < PARTS_MAX ? cursor->count : PARTS_MAX;
    for (int i = 0; i < count; i++)
        out_parts[i] = cursor->parts[i];
    out_parts[0].iov_base = (char *)out_parts[0].iov_base + cursor->offset;
    out_parts[0].iov_len -= cursor->offset;
    return count;
}

/* Sends as much of the parts as the kernel accepts. */
static int send_parts_now(eddy_stream *stream, struct cursor *cursor)
{
    struct poll_op *op = &stream->send;
    while (stream->out_size == 0 && cursor->size > 0) {
        struct iovec parts[PARTS_MAX];
        op->parts = parts;
        op->part_count = view(cursor, parts);
        ssize_t n = eddy__poll_try(stream->io->poller, op);
        op->parts = NULL;
        op->part_count = 0;
        if (n == -EAGAIN)
            return 0;
        if (n < 0) {
            eddy__stream_fail_writing(stream, (int)n);
            return (int)n;
        }
        advance(cursor, (size_t)n);
    }
    return 0;
}

/* Queues the bytes that the kernel did not accept. */
static int queue_rest(eddy_stream *stream, struct cursor *cursor)
{
    bool was_empty = stream->out_size == 0;
    int err = reserve(stream, cursor->size);
    if (err < 0) {
        // A peer that got half a message must not mistake the next one for the other half.
        if (cursor->is_begun)
            eddy__stream_fail_writing(stream, err);
        return err;
    }
    while (cursor->size > 0) {
        const char *data = (const char *)cursor->parts->iov_base + cursor->offset;
        size_t size = cursor->parts->iov_len - cursor->offset;
        append(stream, data, size);
        advance(cursor, size);
    }
    if (!was_empty)
        return 0;
    point_at_first(stream);
    err = eddy__poll_submit(stream->io->poller, &stream->send);
    if (err == 0)
        return 0;
    eddy__stream_fail_writing(stream, err);
    return tell(stream, err);
}

/* Sends as many of `size` bytes as the kernel accepts: their number, or an error but -EAGAIN. */
static ssize_t send_now(eddy_stream *stream, const char *data, size_t size)
{
    if (EDDY__UNLIKELY(stream->out_size > 0))
        return 0;
    struct poll_op *op = &stream->send;
    size_t done = 0;
    while (done < size) {
        op->memory = (char *)data + done;
        op->size = size - done;
        ssize_t n = eddy__poll_try(stream->io->poller, op);
        if (n == -EAGAIN)
            break;
        if (EDDY__UNLIKELY(n < 0)) {
            eddy__stream_fail_writing(stream, (int)n);
            return n;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Ends a call that has succeeded without waiting: now and then lets other tasks run. */
static int end_write(eddy_stream *stream)
{
    if (EDDY__LIKELY(++stream->sends_in_row < IO_SENDS_MAX))
        return 0;
    stream->sends_in_row = 0;
    return (int)eddy__io_end_call(0);
}

static int write_layered(eddy_stream *stream, const struct iovec *parts, int count,
                         const char *what)
{
    int err = eddy__stream_write_layer(stream, parts, count);
    if (err < 0)
        return err == stream->write_error ? tell(stream, err) : err;
    return stream->out_size > stream->write_high ? wait_for_room(stream, what) : end_write(stream);
}

static int write_whole(eddy_stream *stream, const void *data, size_t size)
{
    const struct iovec whole = {(char *)data, size};
    if (EDDY__UNLIKELY(stream->layer != NULL))
        return write_layered(stream, &whole, 1, "eddy_stream_write");
    ssize_t n = send_now(stream, data, size);
    if (EDDY__LIKELY(n == (ssize_t)size))
        return end_write(stream);
    if (n < 0)
        return (int)n;
    struct cursor cursor = {.parts = &whole, .count = 1, .size = size};
    advance(&cursor, (size_t)n);
    int err = queue_rest(stream, &cursor);
    return err < 0 ? err : wait_for_room(stream, "eddy_stream_write");
}

int eddy_stream_write(eddy_stream *stream, const void *data, size_t size)
{
    int err = may_write(stream, "eddy_stream_write");
    if (EDDY__LIKELY(err == 0))
        err = write_whole(stream, data, size);
    return EDDY__LIKELY(err == 0) ? 0 : (int)eddy__io_end_call(err);
}

static int write_parts(eddy_stream *stream, const struct iovec *parts, int count)
{
    if (count < 0)
        return EDDY_EVALUE;
    if (stream->layer != NULL)
        return write_layered(stream, parts, count, "eddy_stream_writev");
    struct cursor cursor = {.parts = parts, .count = count};
    for (int i = 0; i < count; i++)
        cursor.size += parts[i].iov_len;
    int err = send_parts_now(stream, &cursor);
    if (err < 0)
        return err;
    if (cursor.size == 0)
        return end_write(stream);
    err = queue_rest(stream, &cursor);
    return err < 0 ? err : wait_for_room(stream, "eddy_stream_writev");
}

int eddy_stream_writev(eddy_stream *stream, const struct iovec *parts, int count)
{
    int err = may_write(stream, "eddy_stream_writev");
    if (EDDY__LIKELY(err == 0))
        err = write_parts(stream, parts, count);
    return EDDY__LIKELY(err == 0) ? 0 : (int)eddy__io_end_call(err);
}

static int drain(eddy_stream *stream)
{
    int err = eddy__stream_check(stream, "eddy_stream_drain");
    if (err == 0 && stream->write_error < 0)
        return tell(stream, stream->write_error);
    if (err < 0 || stream->out_size == 0)
        return err;
    return wait_in(stream, &stream->drainers, "eddy_stream_drain");
}

int eddy_stream_drain(eddy_stream *stream)
{
    int err = drain(stream);
    return err == 0 ? 0 : (int)eddy__io_end_call(err);
}

size_t eddy_stream_get_write_buffer_size(const eddy_stream *stream)
{
    return stream != NULL ? stream->out_size : 0;
}

int eddy_stream_shutdown(eddy_stream *stream)
{
    int err = eddy__stream_check(stream, "eddy_stream_shutdown");
    if (err < 0 || stream->is_shut)
        return err;
    if (stream->file.kind != POLL_SOCKET && stream->file.kind != POLL_UNIX_SOCKET)
        return -ENOTSOCK;
    eddy__stream_end_layer(stream);
    stream->is_shut = true;
    if (stream->out_size == 0)
        eddy__stream_flushed(stream);
    return 0;
}
