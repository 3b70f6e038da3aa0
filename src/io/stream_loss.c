/* SPDX-License-Identifier: MIT */
/*
 * stream_loss.c: reporting bytes that a write accepted and that were never sent.
 *
 * A write that returned 0 has promised to send. When the queue of a stream is dropped, either a
 * call on the stream returns the reason, or the loop's exception handler gets a report:
 *
 *      queue dropped --> loss noted --a call returns the error--> forgotten
 *                             \--the stream is freed, or its loop closes--> reported
 *
 * The peer's address is recorded when the loss is noted, because it is unknown once the descriptor
 * is closed. eddy_stream_abort() drops the queue on request, so that is not reported.
 *
 * Owns stream->loss. Called by the other stream files.
 */
#include "base/symbol.h"
#include "io/io.h"

#include <eddy/loop.h>

#include <stdio.h>

enum { TEXT_MAX = 160, SENTENCE_MAX = 512 }; // bytes, with the terminating zero

struct stream_loss {
    size_t size; // bytes
    int status;
    const char *why;     // the end of the message
    char peer[TEXT_MAX]; // its address; or what identifies it on our side
};

static void name_peer(const eddy_stream *stream, char *buf, size_t size)
{
    char address[128] = "";
    if (eddy_stream_peername(stream, address, sizeof address) == 0 && address[0] != '\0')
        snprintf(buf, size, "%s", address);
    else if (eddy_stream_sockname(stream, address, sizeof address) == 0 && address[0] != '\0')
        snprintf(buf, size, "the peer of %s", address);
    else
        snprintf(buf, size, "descriptor %d", stream->file.fd);
}

static void report(const eddy_stream *stream, const struct stream_loss *loss)
{
    char place[TEXT_MAX];
    char sentence[SENTENCE_MAX];
    struct symbol symbol;
    eddy__symbol_find(stream->opened_by, &symbol);
    eddy__symbol_format(&symbol, place, sizeof place);
    snprintf(sentence, sizeof sentence, "a stream opened in %s dropped %zu bytes to %s%s", place,
             loss->size, loss->peer, loss->why);
    eddy__report(&(eddy_report){
        .kind = EDDY_REPORT_UNSENT, .message = sentence, .status = loss->status});
}

/* Queued bytes that come from a write; a layer's handshake and end are not the user's data. */
static size_t written_size(const eddy_stream *stream)
{
    bool is_handshake = stream->layer != NULL && !stream->is_layer_up;
    if (is_handshake || stream->out_size <= stream->end_size)
        return 0;
    return stream->out_size - stream->end_size;
}

void eddy__stream_note_loss(eddy_stream *stream, int status, const char *why)
{
    struct stream_loss loss = {.size = written_size(stream), .status = status, .why = why};
    // The reader that got the error knows that the connection is gone.
    if (loss.size == 0 || stream->loss != NULL || stream->read_error < 0)
        return;
    name_peer(stream, loss.peer, sizeof loss.peer);
    stream->loss = eddy__malloc(sizeof loss);
    if (stream->loss != NULL)
        *stream->loss = loss;
    else
        report(stream, &loss);
}

void eddy__stream_forget_loss(eddy_stream *stream)
{
    eddy__free(stream->loss);
    stream->loss = NULL;
}

void eddy__stream_report_loss(eddy_stream *stream)
{
    if (stream->loss != NULL)
        report(stream, stream->loss);
    eddy__stream_forget_loss(stream);
}
