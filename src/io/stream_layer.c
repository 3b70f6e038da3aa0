/* SPDX-License-Identifier: MIT */
/*
 * stream_layer.c: a layer between a stream's users and its descriptor.
 *
 *      read  <-- layer <-- receive_below <-- early bytes, then the kernel
 *      write --> layer --> send_below --> queue --flush--> kernel
 *
 * The bytes that a layer sends are queued while its function runs, and flushed when it returns, so
 * many small pieces take one system call. The rules of the queue then apply: stream_write.c.
 *
 * Invariants:
 *   - Of a layer, no function is called before its begin() has succeeded, and none but free() after
 *     the stream has been closed.
 *   - A peer can't fill the queue: the bytes that a layer sends while it reads are bounded, and a
 *     peer that provokes more without reading them loses the connection. Written bytes are bounded
 *     by the writer, which waits above write_high.
 *   - A peer that sends bytes which the layer discards does not keep the loop busy: after
 *     IO_RECEIVES_MAX pieces a reading layer lets other tasks run.
 */
#include "io/io.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum {
    ANSWERS_MAX = 16 * 1024, // bytes sent in answer to the peer that it has not taken
    STEP_MAX = 64 * 1024,    // bytes written before the layer's output is flushed
    JOIN_MAX = 4 * 1024,     // bytes; messages up to this size are joined into one piece
};

/* ---- what a layer calls ----------------------------------------------------------------------*/

static size_t take_early(eddy_stream *stream, void *buf, size_t size)
{
    struct chunk *early = stream->early;
    size_t left = early->end - early->start;
    if (size > left)
        size = left;
    memcpy(buf, early->data + early->start, size);
    early->start += size;
    if (early->start == early->end) {
        stream->early = NULL;
        eddy__free(early);
    }
    return size;
}

ssize_t eddy_stream_receive_below(eddy_stream *stream, void *buf, size_t size)
{
    if (EDDY__UNLIKELY(stream->early != NULL))
        return (ssize_t)take_early(stream, buf, size);
    if (EDDY__UNLIKELY(stream->receives_in_row >= IO_RECEIVES_MAX))
        return -EAGAIN; // eddy__stream_wait_for_bytes() yields, and tries again
    return eddy__stream_receive_raw(stream, buf, size);
}

/* Counts the bytes sent while the layer reads, since the queue was last empty. */
static int count_answer(eddy_stream *stream, size_t size)
{
    if (stream->out_size == 0)
        stream->answer_size = 0;
    stream->answer_size += size;
    return stream->answer_size > ANSWERS_MAX ? EDDY_LIMIT : 0;
}

int eddy_stream_send_below(eddy_stream *stream, const void *bytes, size_t size)
{
    if (stream->write_error < 0 || stream->is_shut)
        return 0;
    if (stream->is_layer_reading)
        EDDY_TRY(count_answer(stream, size));
    return eddy__stream_queue(stream, bytes, size);
}

/* ---- through the layer -----------------------------------------------------------------------*/

ssize_t eddy__stream_read_layer(eddy_stream *stream, void *buf, size_t size)
{
    if (stream->read_error < 0)
        return stream->read_error;
    if (stream->is_eof)
        return 0;
    stream->is_layer_reading = true;
    ssize_t n = stream->layer->read(stream->layer_data, buf, size);
    stream->is_layer_reading = false;
    eddy__stream_flush(stream);
    if (stream->answer_size > ANSWERS_MAX)
        (void)eddy_stream_abort(stream); // the queue would stay as long as the peer does
    if (n == 0)
        stream->is_eof = true;
    return n;
}

bool eddy__stream_layer_has_pending(const eddy_stream *stream)
{
    return stream->layer != NULL && stream->layer->has_pending != NULL &&
           stream->layer->has_pending(stream->layer_data);
}

static int write_step(eddy_stream *stream, const char *data, size_t size)
{
    int err = stream->layer->write(stream->layer_data, data, size);
    if (err < 0 && stream->write_error == 0)
        stream->write_error = err;
    eddy__stream_flush(stream);
    return stream->write_error;
}

static int write_part(eddy_stream *stream, const char *data, size_t size)
{
    while (size > 0) {
        size_t step = size < STEP_MAX ? size : STEP_MAX;
        int err = write_step(stream, data, step);
        if (err < 0)
            return err;
        data += step;
        size -= step;
    }
    return 0;
}

static int write_joined(eddy_stream *stream, const struct iovec *parts, int count)
{
    char all[JOIN_MAX];
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len > 0)
            memcpy(all + size, parts[i].iov_base, parts[i].iov_len);
        size += parts[i].iov_len;
    }
    return write_part(stream, all, size);
}

int eddy__stream_write_layer(eddy_stream *stream, const struct iovec *parts, int count)
{
    if (!stream->is_layer_up)
        return -EBUSY;
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    if (count > 1 && size <= JOIN_MAX)
        return write_joined(stream, parts, count);
    int err = 0;
    for (int i = 0; i < count && err == 0; i++)
        err = write_part(stream, parts[i].iov_base, parts[i].iov_len);
    return err;
}

void eddy__stream_end_layer(eddy_stream *stream)
{
    if (!stream->is_layer_up || stream->is_shut || stream->write_error < 0)
        return;
    size_t before = stream->out_size;
    stream->layer->end(stream->layer_data);
    stream->end_size = stream->out_size - before;
    eddy__stream_flush(stream);
}

void eddy__stream_free_layer(eddy_stream *stream)
{
    eddy__free(stream->early);
    if (stream->layer != NULL)
        stream->layer->free(stream->layer_data);
}

/* ---- adding a layer --------------------------------------------------------------------------*/

static int may_add(const eddy_stream *stream)
{
    int err = eddy__stream_check(stream, "eddy_stream_add_layer");
    if (err < 0)
        return err;
    if (stream->layer != NULL)
        return eddy__io_misuse("eddy_stream_add_layer", "the stream has a layer already");
    if (stream->is_shut)
        return -EBADF;
    return stream->reader != NULL ? -EBUSY : stream->write_error;
}

/* Moves the bytes in the stream's buffer to `early`, from which the layer receives them. */
static int keep_early(eddy_stream *stream)
{
    size_t size = stream->in_end - stream->in_start;
    if (size > 0) {
        struct chunk *early = eddy__malloc(sizeof *early + size);
        if (early == NULL)
            return -ENOMEM;
        *early = (struct chunk){.end = size, .capacity = size};
        memcpy(early->data, stream->in + stream->in_start, size);
        stream->early = early;
    }
    eddy__stream_drop_input(stream);
    return 0;
}

static int begin(eddy_stream *stream)
{
    for (;;) {
        int err = stream->layer->begin(stream->layer_data);
        eddy__stream_flush(stream);
        if (err != -EAGAIN)
            return err;
        err = eddy__stream_wait_for_bytes(stream, stream->layer->call);
        if (err < 0)
            return err;
    }
}

int eddy_stream_add_layer(eddy_stream *stream, const eddy_stream_layer *layer, void *data)
{
    int err = may_add(stream);
    if (err == 0)
        err = keep_early(stream);
    if (err < 0) {
        layer->free(data);
        return (int)eddy__io_end_call(err);
    }
    stream->layer = layer;
    stream->layer_data = data;
    eddy__stream_hold(stream);
    err = begin(stream);
    stream->is_layer_up = err == 0;
    if (err == EDDY_CANCELLED)
        (void)eddy_stream_abort(stream);
    else if (err < 0)
        (void)eddy_stream_close(stream);
    eddy__stream_release(stream);
    return err == 0 ? 0 : (int)eddy__io_end_call(err);
}

void *eddy_stream_layer_data(const eddy_stream *stream, const eddy_stream_layer *layer)
{
    return stream != NULL && stream->layer == layer ? stream->layer_data : NULL;
}
