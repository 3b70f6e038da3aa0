/* SPDX-License-Identifier: MIT */
/*
 * stream_layer.h: layers, which transform the bytes between a stream's users and its descriptor.
 * TLS is one (<eddy/tls.h>); this header is for libraries that implement others.
 *
 *     users    eddy_stream_read()           eddy_stream_write()
 *                     ^                             |
 *     layer         read()                        write()
 *                     ^                             v
 *     kernel   eddy_stream_receive_below()  eddy_stream_send_below()
 *
 * The functions of a layer never suspend: if bytes are missing they return -EAGAIN, and the stream
 * waits and calls again. So a layer may call libraries in which no task may suspend, and the rules
 * of <eddy/stream.h> still hold: a cancelled read loses no bytes, and a write is accepted as a
 * whole.
 */
#ifndef EDDY_STREAM_LAYER_H
#define EDDY_STREAM_LAYER_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* A layer's functions. They must not suspend, free the stream, or call it except the two below. */
typedef struct eddy_stream_layer {
    const char *call; /* name, for reports, of the function that adds the layer and waits in it */

    /* Negotiates with the peer. 0: done; -EAGAIN: more bytes must arrive first; or an error. */
    int (*begin)(void *data);

    /*
     * Reads bytes for the stream's user, at least one and at most `size`. 0 at the end; -EAGAIN if
     * more must arrive first; -ENOMEM, which is temporary. Any other error ends the stream in both
     * directions.
     */
    ssize_t (*read)(void *data, void *buf, size_t size);

    /* Whether part of a unit has arrived that read() can't return yet. NULL: never. */
    bool (*has_pending)(void *data);

    /* Accepts all of the user's bytes. 0, or an error that ends the outgoing direction. */
    int (*write)(void *data, const void *bytes, size_t size);

    /* The user will write no more: the last chance to send something to the peer. */
    void (*end)(void *data);

    /* Frees `data`: the stream is being freed. */
    void (*free)(void *data);
} eddy_stream_layer;

/*
 * Adds a layer to `stream`, and waits until its begin() is done. Bytes received but not read go to
 * the layer; bytes written earlier are sent without it. `layer` is borrowed while the stream
 * lives; `data` is transferred, even on failure.
 *
 * Returns 0; the error of begin(): the stream is then closed, after sending the bytes that the
 * layer had queued; EDDY_CANCELLED: the stream is aborted; -EBUSY while another task reads;
 * EDDY_EMISUSE if there already is a layer; -EBADF once closed or shut down; -ENOMEM. Suspends.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_add_layer(eddy_stream *stream,
                                                 const eddy_stream_layer *layer, void *data);

/* Returns the `data` passed with `layer`, borrowed; NULL if the stream has no such layer. */
EDDY_API void *eddy_stream_layer_data(const eddy_stream *stream, const eddy_stream_layer *layer);

/*
 * For the functions of a layer: reads at most `size` received bytes. Returns the number of bytes;
 * 0 if the peer will send no more; -EAGAIN if there are none yet; or the error that ended the
 * connection.
 */
EDDY_API EDDY_CHECKED ssize_t eddy_stream_receive_below(eddy_stream *stream, void *buf,
                                                        size_t size);

/*
 * For the functions of a layer: copies bytes to be sent after the function has returned. If the
 * stream sends no more, they are dropped, and its writers get the reason.
 *
 * Returns 0; -ENOMEM, after which the stream sends no more; EDDY_LIMIT in read(), if the peer has
 * caused more than 16 KiB of these bytes without accepting them: read() must return an error, and
 * the stream is aborted.
 */
EDDY_API EDDY_CHECKED int eddy_stream_send_below(eddy_stream *stream, const void *bytes,
                                                 size_t size);

EDDY_END_DECLS

#endif
