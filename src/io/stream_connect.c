/* SPDX-License-Identifier: MIT */
/*
 * stream_connect.c: connecting a socket that becomes a stream.
 *
 * The connect is the stream's outgoing operation until it is done. The address is copied, because a
 * poller may still point to it after the connecting task is gone.
 */
#include "io/io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void forget_address(eddy_stream *stream)
{
    eddy__free(stream->address);
    stream->address = NULL;
    stream->send.kind = POLL_SEND;
    stream->send.done = eddy__stream_sent;
}

static void connected(struct poll_op *op)
{
    eddy_stream *stream = container_of(op, struct eddy_stream, send);
    forget_address(stream);
    if (stream->connector != NULL)
        eddy__wait_finish(stream->connector, (int)op->result);
    else
        eddy__stream_flushed(stream); // no task waits: it was aborted
}

static int wait_until_connected(eddy_stream *stream)
{
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_open_connection");
    if (err == 0)
        err = eddy__poll_submit(stream->io->poller, &stream->send);
    if (err < 0) {
        forget_address(stream);
        return err;
    }
    stream->connector = &wait;
    err = eddy__wait_park(&wait);
    stream->connector = NULL;
    if (err == EDDY_CANCELLED && eddy__poll_cancel(stream->io->poller, &stream->send))
        forget_address(stream);
    return err;
}

int eddy__stream_connect(eddy_stream *stream, const struct sockaddr *address, size_t size)
{
    stream->address = eddy__malloc(size);
    if (stream->address == NULL)
        return -ENOMEM;
    memcpy(stream->address, address, size);
    struct poll_op *op = &stream->send;
    op->kind = POLL_CONNECT;
    op->done = connected;
    op->memory = stream->address;
    op->size = size;
    ssize_t outcome = eddy__poll_try(stream->io->poller, op);
    if (outcome == -EINPROGRESS)
        return wait_until_connected(stream);
    forget_address(stream);
    return (int)outcome;
}

void eddy__stream_detach(eddy_stream *stream)
{
    EDDY_ASSERT(stream->send.state == POLL_IDLE && stream->receive.state == POLL_IDLE);
    eddy__poll_close(stream->io->poller, &stream->file);
    eddy_note_closed(stream->open_note);
    stream->open_note = NULL;
}
