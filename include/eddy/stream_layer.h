/* SPDX-License-Identifier: MIT */
/*
 * stream_layer.h: what stands between a stream's users and its descriptor, and changes the bytes on
 * their way. TLS is one (<eddy/tls.h>); this header is for libraries that make others.
 *
 *     users    eddy_stream_read()           eddy_stream_write()
 *                     ^                             |
 *     layer         read()                        write()
 *                     ^                             v
 *     kernel   eddy_stream_receive_below()  eddy_stream_send_below()
 *
 * The functions of a layer never suspend, whoever calls the stream: where bytes are missing they
 * say so with -EAGAIN, and the stream waits, and asks again. So a layer may call libraries in which
 * no task may stop, and the rules of <eddy/stream.h> hold with it as without: what a cancelled read
 * leaves is there for the next, and a write is accepted whole.
 */
#ifndef EDDY_STREAM_LAYER_H
#define EDDY_STREAM_LAYER_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* What a layer does. None of it suspends, frees the stream, or calls it but with the two below. */
typedef struct eddy_stream_layer {
    const char *call; /* the function that adds it, which reports name while it waits */

    /* Comes to terms with the peer. 0: done; -EAGAIN: something must arrive first; or why not. */
    int (*begin)(void *data);

    /*
     * Bytes for the stream's user, at least one and at most `size`; 0 when the peer has ended;
     * -EAGAIN when more must arrive first; -ENOMEM for the moment. Any other error ends the stream
     * in both directions.
     */
    ssize_t (*read)(void *data, void *buf, size_t size);

    /* Whether part of something has arrived that read() can't return yet. NULL: never. */
    bool (*has_pending)(void *data);

    /* Takes all of the user's bytes. 0, or an error that ends the outgoing direction. */
    int (*write)(void *data, const void *bytes, size_t size);

    /* The user will write no more: the last chance to tell the peer. */
    void (*end)(void *data);

    /* The stream is going. */
    void (*free)(void *data);
} eddy_stream_layer;

/*
 * Puts a layer on `stream`, and waits until its begin() is through. What has been received and not
 * read goes to the layer, what has been written before goes out before it. `layer` is borrowed for
 * as long as the stream lives; `data` is handed over, also when this fails.
 *
 * Returns 0; what begin() returns: the stream is then closed, and sends what the layer had to say
 * about it; EDDY_CANCELLED: the stream is aborted; -EBUSY while another task reads; EDDY_EMISUSE if
 * there is a layer already; -EBADF once closed or shut down; -ENOMEM. Suspends.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_add_layer(eddy_stream *stream,
                                                 const eddy_stream_layer *layer, void *data);

/* The `data` that was handed over with `layer`; NULL if the stream has no such layer. Lent. */
EDDY_API void *eddy_stream_layer_data(const eddy_stream *stream, const eddy_stream_layer *layer);

/*
 * For the functions of a layer: what has arrived, at most `size` bytes of it. Returns how many; 0
 * when the peer will send no more; -EAGAIN when there is nothing yet; or what ended the connection.
 */
EDDY_API EDDY_CHECKED ssize_t eddy_stream_receive_below(eddy_stream *stream, void *buf,
                                                        size_t size);

/*
 * For the functions of a layer: copies bytes that are to be sent when the function has returned.
 * Returns 0; -ENOMEM, after which the stream sends no more; EDDY_LIMIT in read(), when the peer has
 * provoked more than 16 KiB of these bytes without taking them: read() must return an error, and
 * the stream is aborted. Of a stream that sends no more they are dropped: why, its writers are
 * told.
 */
EDDY_API EDDY_CHECKED int eddy_stream_send_below(eddy_stream *stream, const void *bytes,
                                                 size_t size);

EDDY_END_DECLS

#endif
