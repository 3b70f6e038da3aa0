/* SPDX-License-Identifier: MIT */
/*
 * stream.h: bytes in both directions, over TCP (IPv4 and IPv6) and Unix sockets.
 *
 *     eddy_stream *stream;
 *     EDDY_TRY(eddy_open_connection("example.org", "7", NULL, &stream));
 *     EDDY_TRY(eddy_stream_write(stream, "hello\n", 6));
 *     eddy_span line;
 *     EDDY_TRY(eddy_stream_readline(stream, &line));
 *
 * One task may read a stream while another writes it. Cancelling a read loses no bytes: they are
 * there for the next one. A write that is cancelled while it waits for the peer has been accepted
 * whole, and will be sent, or its loss reported: see eddy_stream_close().
 *
 * A call that suspends (EDDY_SUSPENDS) lets the other ready tasks run once before it returns an error or
 * the end of a stream, also where it finds that at once. So a loop that tries again and again starves no
 * task, no timeout and no timer. The same holds for eddy_wait_readable(), eddy_wait_writable() and
 * eddy_to_thread().
 */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

typedef struct eddy_stream eddy_stream;
typedef struct eddy_listener eddy_listener;

/* Bytes that somebody else owns. */
typedef struct eddy_span {
    const char *data;
    size_t size;
} eddy_span;

/* Zero means the default. */
typedef struct eddy_stream_options {
    size_t limit;       /* what readline and read_until look through at most, 64 KiB */
    size_t write_high;  /* bytes queued above which a write suspends, 64 KiB */
    size_t write_low;   /* bytes queued at which it goes on, a quarter of write_high */
    bool delay;         /* leave Nagle's algorithm on (TCP); off by default, as in asyncio */
} eddy_stream_options;

/* --- Connecting and listening ------------------------------------------------------------------ */

/*
 * Connects to `host` (a name, or an address in text) and `service` (a port number or name), trying
 * each address in turn, in the order that getaddrinfo(3) gives them.
 *
 * Returns 0 and the stream, to be given back with eddy_stream_free(); EDDY_ERESOLVE when the name is
 * not resolved; the last address' error (-ECONNREFUSED, ...), with all of them in the message;
 * EDDY_CANCELLED; -ENOMEM, -EMFILE. Suspends. Cancelled, it leaves nothing behind.
 */
EDDY_API EDDY_SUSPENDS int eddy_open_connection(const char *host, const char *service,
                                                const eddy_stream_options *options,
                                                eddy_stream **out_stream);

/* The same to a Unix socket. A path that begins with '@' is an abstract name. */
EDDY_API EDDY_SUSPENDS int eddy_open_unix_connection(const char *path,
                                                     const eddy_stream_options *options,
                                                     eddy_stream **out_stream);

/* Takes over a connected, or any pollable, descriptor; it is closed with the stream. */
EDDY_API EDDY_CHECKED int eddy_stream_from_fd(int fd, const eddy_stream_options *options,
                                              eddy_stream **out_stream);

/* Two streams that are connected to each other. */
EDDY_API EDDY_CHECKED int eddy_stream_pair(const eddy_stream_options *options,
                                           eddy_stream **out_first, eddy_stream **out_second);

/* Zero means the default. */
typedef struct eddy_listener_options {
    int backlog;         /* 1024 */
    bool reuse_port;     /* several processes share the port */
    bool keep_path;      /* Unix: leave the socket's file when the listener is closed */
    eddy_stream_options stream; /* of the accepted streams */

    /* Called, if set, whenever a connection can't be accepted for want of descriptors or memory, with
       the error: a chance to give some back. It must not suspend. */
    void (*on_shortage)(int status, void *data);
    void *shortage_data;
} eddy_listener_options;

/*
 * Listens on every address of `host` (NULL: all of the machine) and `service` ("0": a port that the
 * system chooses). Suspends while the name is looked up. Errors as those of connecting; -EADDRINUSE.
 */
EDDY_API EDDY_SUSPENDS int eddy_listen(const char *host, const char *service,
                                       const eddy_listener_options *options,
                                       eddy_listener **out_listener);

/* Listens on a Unix socket, replacing a socket file that nobody listens on. Does not suspend. */
EDDY_API EDDY_CHECKED int eddy_listen_unix(const char *path, const eddy_listener_options *options,
                                           eddy_listener **out_listener);

/*
 * Takes the next connection. 0, EDDY_CANCELLED (a connection that arrived stays for the next call),
 * -EBADF once closed, -EBUSY when another task accepts. Suspends when there is none.
 *
 * When the machine is out of descriptors or memory (-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM), that is reported
 * once (EDDY_REPORT_SHORTAGE), and accepting is tried again every 0.1 s: connections wait meanwhile.
 */
EDDY_API EDDY_SUSPENDS int eddy_listener_accept(eddy_listener *listener, eddy_stream **out_stream);

/*
 * The same without waiting, also while a task waits in eddy_listener_accept(): -EAGAIN when no
 * connection has arrived. The kernel is asked in any case: connections that are not taken before
 * the listener is closed are reset. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_listener_accept_nowait(eddy_listener *listener,
                                                      eddy_stream **out_stream);

/* The port of a TCP listener, 0 of a Unix one. */
EDDY_API int eddy_listener_port(const eddy_listener *listener);

/* Stops listening: a task in accept gets -EBADF. free also closes. NULL is fine for free. */
EDDY_API int eddy_listener_close(eddy_listener *listener);
EDDY_API void eddy_listener_free(eddy_listener *listener);

/* --- Reading ----------------------------------------------------------------------------------- */

/*
 * Reads what has arrived on `stream`, waiting until there is something.
 *
 *     char buf[4096];
 *     ssize_t n;
 *     while ((n = eddy_stream_read(stream, buf, sizeof buf)) > 0)
 *         consume(buf, (size_t)n);
 *
 * Stores at most `size` bytes in `buf`; fewer is normal. `buf` is borrowed until the call returns,
 * and left alone unless the result is positive. One task may read a stream while another writes it.
 *
 * Returns the number of bytes stored, or 0 when the peer will send no more (or `size` is 0), or
 *   EDDY_CANCELLED  the task was cancelled while it waited,
 *   -EBUSY          another task is reading this stream already,
 *   -EBADF          the stream has been closed,
 *   or what read(2) reports, negated: -ECONNRESET, -ETIMEDOUT, ...
 *
 * Suspends when nothing has arrived yet. Cancellation loses no bytes: the next read gets them.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_stream_read(eddy_stream *stream, void *buf, size_t size);

/*
 * Lends what has arrived, at least `least` bytes of it, without taking it: *out_bytes is valid until
 * the stream is read, peeked at or freed. eddy_stream_consume() takes bytes off its front. At the end of
 * the stream it lends what there is: 0, perhaps with an empty span. EDDY_LIMIT if `least` is above the
 * stream's limit; other errors as read.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_peek(eddy_stream *stream, size_t least,
                                            eddy_span *out_bytes);

/*
 * Lends what has arrived until now, as eddy_stream_peek() does, without waiting. The kernel is asked
 * in any case, so that a connection that has been idle can be checked before it is used again.
 *
 * Returns 0 and at least one byte, or 0 and an empty span at the end of the stream; -EAGAIN when
 * nothing has arrived; -EINPROGRESS when part of something has (TLS: of a record); other errors as
 * read. Never suspends. Any task or callback of the loop.
 */
EDDY_API EDDY_CHECKED int eddy_stream_peek_nowait(eddy_stream *stream, eddy_span *out_bytes);
EDDY_API EDDY_CHECKED int eddy_stream_consume(eddy_stream *stream, size_t size);

/*
 * Reads exactly `size` bytes: 0, or EDDY_INCOMPLETE when the peer ends before; what came is left in
 * the stream, where read finds it. Other errors as read, and they too lose nothing.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_read_exactly(eddy_stream *stream, void *buf, size_t size);

/*
 * Reads up to and including `separator`, which is not empty (else EDDY_EVALUE). 0, and *out_bytes is
 * lent until the stream is next read or freed; other errors as read. EDDY_LIMIT if it is not within the stream's limit, and EDDY_INCOMPLETE if the
 * stream ends before it; both leave the bytes in the stream.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_read_until(eddy_stream *stream, const void *separator,
                                                  size_t separator_size, eddy_span *out_bytes);

/*
 * Reads a line with its '\n': 0, and *out_line is lent as above; the last one may have none; an empty
 * span is the end. EDDY_LIMIT and other errors as above.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_readline(eddy_stream *stream, eddy_span *out_line);

/* Whether the peer has ended and everything has been read. */
EDDY_API bool eddy_stream_at_eof(const eddy_stream *stream);

/* --- Writing ----------------------------------------------------------------------------------- */

/*
 * Sends `size` bytes: what the kernel does not take is copied and queued, and sent by the loop. Suspends
 * while more than write_high bytes are queued (backpressure).
 *
 * Returns 0; EDDY_CANCELLED (the bytes have been accepted and are sent nevertheless); -EPIPE, or
 * whatever error ended the connection, also an earlier one; -EBADF once closed or after
 * eddy_stream_shutdown(); -ENOMEM. Several tasks may write; each write stays whole.
 *
 * A callback may write too, for nothing waits before there is too much: 0 says that the bytes have been
 * sent or queued, EDDY_EMISUSE that they have been queued as well, but that more than write_high bytes
 * are waiting now, and a callback can't wait. It should write no more until they are fewer.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_write(eddy_stream *stream, const void *data, size_t size);

struct iovec;

/* The same for `count` pieces, one after the other, as one write. EDDY_EVALUE for a negative count. */
EDDY_API EDDY_SUSPENDS int eddy_stream_writev(eddy_stream *stream, const struct iovec *parts,
                                              int count);

/* Waits until everything queued has been handed to the kernel. Errors as write. */
EDDY_API EDDY_SUSPENDS int eddy_stream_drain(eddy_stream *stream);

/* How many bytes have been written and not been handed to the kernel. */
EDDY_API size_t eddy_stream_get_write_buffer_size(const eddy_stream *stream);

/* Ends the outgoing direction once everything queued has been sent; reading goes on. 0 or -EBADF. */
EDDY_API int eddy_stream_shutdown(eddy_stream *stream);

/* --- The end ----------------------------------------------------------------------------------- */

/*
 * Closes the stream once everything queued has been sent; readers and writers get -EBADF. Never
 * suspends; eddy_stream_wait_closed() waits for it, and returns the error that ended the connection, if any.
 * abort drops what is queued. free aborts unless the stream is closed, and accepts NULL: a closed
 * stream goes on sending after it has been freed.
 *
 * The end of the run waits until all streams, closed or not, have sent what is queued, for
 * eddy_run_options.flush_timeout at most. Queued bytes that are dropped, other than by abort, without
 * a call on the stream returning the reason are reported (EDDY_REPORT_UNSENT): how many, for which
 * peer, and where the stream was opened.
 */
EDDY_API int eddy_stream_close(eddy_stream *stream);
EDDY_API EDDY_SUSPENDS int eddy_stream_wait_closed(eddy_stream *stream);
EDDY_API int eddy_stream_abort(eddy_stream *stream);
EDDY_API void eddy_stream_free(eddy_stream *stream);

/* Whether it has been closed or aborted; and its descriptor, lent, -1 once closed. */
EDDY_API bool eddy_stream_is_closing(const eddy_stream *stream);
EDDY_API int eddy_stream_fd(const eddy_stream *stream);

/*
 * The address of the peer, or of this side, as text: "127.0.0.1:8080", "[::1]:8080", a path, or "".
 * At most `size` bytes with the terminating zero. 0 or a negative errno.
 */
EDDY_API int eddy_stream_peername(const eddy_stream *stream, char *buf, size_t size);
EDDY_API int eddy_stream_sockname(const eddy_stream *stream, char *buf, size_t size);

EDDY_AUTO_FOR(eddy_stream, eddy_stream_free)
EDDY_AUTO_FOR(eddy_listener, eddy_listener_free)

EDDY_END_DECLS

#endif
