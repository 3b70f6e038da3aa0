/* SPDX-License-Identifier: MIT */
/*
 * stream.h: bidirectional byte streams over TCP (IPv4 and IPv6) and Unix sockets.
 *
 *     eddy_stream *stream;
 *     EDDY_TRY(eddy_open_connection("example.org", "7", NULL, &stream));
 *     EDDY_TRY(eddy_stream_write(stream, "hello\n", 6));
 *     eddy_span line;
 *     EDDY_TRY(eddy_stream_readline(stream, &line));
 *
 * One task may read a stream while another writes it. Cancelling a read loses no bytes: the next
 * read returns them. If a write is cancelled while it waits for the peer, all its bytes have been
 * accepted: they are sent, or their loss is reported (see eddy_stream_close()).
 *
 * A call that suspends (EDDY_SUSPENDS) lets the other ready tasks run once before it returns an
 * error or the end of a stream, even if it finds that at once. So a loop that retries forever does
 * not starve tasks, timeouts and timers. The same holds for eddy_wait_readable(),
 * eddy_wait_writable() and eddy_to_thread().
 */
#ifndef EDDY_STREAM_H
#define EDDY_STREAM_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

typedef struct eddy_stream eddy_stream;
typedef struct eddy_listener eddy_listener;

/* Borrowed bytes. */
typedef struct eddy_span {
    const char *data;
    size_t size;
} eddy_span;

/* A zero field means its default. */
typedef struct eddy_stream_options {
    size_t limit;       /* bytes that readline and read_until search at most: 64 KiB */
    size_t write_high;  /* a write suspends while more bytes than this are queued: 64 KiB */
    size_t write_low;   /* a suspended write resumes at this many: a quarter of write_high */
    bool delay;         /* leave Nagle's algorithm on (TCP); off by default, as in asyncio */
} eddy_stream_options;

/* --- Connecting and listening ------------------------------------------------------------------ */

/*
 * Connects to `host` (a name, or an address as text) and `service` (a port number or name), trying
 * each address in turn, in the order of getaddrinfo(3).
 *
 * Returns 0 and the stream, to be freed with eddy_stream_free(); EDDY_ERESOLVE if the name can't be
 * resolved; the error of the last address (-ECONNREFUSED, ...), with all errors in the message;
 * EDDY_CANCELLED; -ENOMEM, -EMFILE. Suspends. A cancelled call leaves nothing open.
 */
EDDY_API EDDY_SUSPENDS int eddy_open_connection(const char *host, const char *service,
                                                const eddy_stream_options *options,
                                                eddy_stream **out_stream);

/* The same, for a Unix socket. A path that begins with '@' is an abstract name. */
EDDY_API EDDY_SUSPENDS int eddy_open_unix_connection(const char *path,
                                                     const eddy_stream_options *options,
                                                     eddy_stream **out_stream);

/* Makes a stream of a connected or other pollable descriptor, and takes ownership of it. */
EDDY_API EDDY_CHECKED int eddy_stream_from_fd(int fd, const eddy_stream_options *options,
                                              eddy_stream **out_stream);

/* Creates two streams that are connected to each other. */
EDDY_API EDDY_CHECKED int eddy_stream_pair(const eddy_stream_options *options,
                                           eddy_stream **out_first, eddy_stream **out_second);

/* A zero field means its default. */
typedef struct eddy_listener_options {
    int backlog;         /* 1024 */
    bool reuse_port;     /* several processes share the port */
    bool keep_path;      /* Unix: don't remove the socket file when the listener is closed */
    eddy_stream_options stream; /* for the accepted streams */

    /* Called, if set, with the error whenever a connection can't be accepted because descriptors or
       memory have run out, so that it can free some. It must not suspend. */
    void (*on_shortage)(int status, void *data);
    void *shortage_data;
} eddy_listener_options;

/*
 * Listens on every address of `host` (NULL: all local addresses) and `service` ("0": the system
 * chooses a port). Returns 0, or errors as for connecting; -EADDRINUSE. Suspends while the name is
 * looked up.
 */
EDDY_API EDDY_SUSPENDS int eddy_listen(const char *host, const char *service,
                                       const eddy_listener_options *options,
                                       eddy_listener **out_listener);

/* Listens on a Unix socket, replacing a socket file without a listener. Does not suspend. */
EDDY_API EDDY_CHECKED int eddy_listen_unix(const char *path, const eddy_listener_options *options,
                                           eddy_listener **out_listener);

/*
 * Accepts the next connection. Returns 0, EDDY_CANCELLED (a connection that arrived is kept for
 * the next call), -EBADF once closed, -EBUSY if another task is accepting. Suspends if there is
 * none.
 *
 * If descriptors or memory run out (-EMFILE, -ENFILE, -ENOBUFS, -ENOMEM), it reports that once
 * (EDDY_REPORT_SHORTAGE) and retries every 0.1 s; connections wait meanwhile.
 */
EDDY_API EDDY_SUSPENDS int eddy_listener_accept(eddy_listener *listener, eddy_stream **out_stream);

/*
 * The same without waiting: returns -EAGAIN if no connection has arrived. Allowed while a task
 * waits in eddy_listener_accept(). It always asks the kernel, so that no connection is missed: the
 * kernel resets those not accepted before the listener is closed. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_listener_accept_nowait(eddy_listener *listener,
                                                      eddy_stream **out_stream);

/* Returns the port of a TCP listener, 0 for a Unix one. */
EDDY_API int eddy_listener_port(const eddy_listener *listener);

/* Stops listening: a task in accept gets -EBADF. free also closes, and accepts NULL. */
EDDY_API int eddy_listener_close(eddy_listener *listener);
EDDY_API void eddy_listener_free(eddy_listener *listener);

/* --- Reading ----------------------------------------------------------------------------------- */

/*
 * Reads available bytes from `stream`, waiting until there is at least one.
 *
 *     char buf[4096];
 *     ssize_t n;
 *     while ((n = eddy_stream_read(stream, buf, sizeof buf)) > 0)
 *         consume(buf, (size_t)n);
 *
 * Stores at most `size` bytes in `buf`; short reads are normal. `buf` is borrowed until the call
 * returns, and is unchanged unless the result is positive. One task may read while another writes.
 *
 * Returns the number of bytes stored, or 0 at the end of the stream (or if `size` is 0), or
 *   EDDY_CANCELLED  the task was cancelled while it waited,
 *   -EBUSY          another task is already reading this stream,
 *   -EBADF          the stream has been closed,
 *   or the negated errno of read(2): -ECONNRESET, -ETIMEDOUT, ...
 *
 * Suspends if no bytes are available. Cancellation loses no bytes: the next read returns them.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_stream_read(eddy_stream *stream, void *buf, size_t size);

/*
 * Lends the buffered bytes without consuming them, waiting until there are at least `least`:
 * *out_bytes is valid until the stream is read, peeked or freed. eddy_stream_consume() removes
 * bytes from the front. At the end of the stream it returns 0 and the remaining bytes, possibly
 * none. Returns EDDY_LIMIT if `least` is above the stream's limit; other errors as for read.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_peek(eddy_stream *stream, size_t least,
                                            eddy_span *out_bytes);

/*
 * Lends the available bytes as eddy_stream_peek() does, without waiting. It always asks the
 * kernel, so it can check an idle connection before it is reused.
 *
 * Returns 0 and at least one byte, or 0 and an empty span at the end of the stream; -EAGAIN if
 * nothing has arrived; -EINPROGRESS if only part of a unit has (a TLS record); other errors as for
 * read. Never suspends. Any task or callback of the loop may call it.
 */
EDDY_API EDDY_CHECKED int eddy_stream_peek_nowait(eddy_stream *stream, eddy_span *out_bytes);
EDDY_API EDDY_CHECKED int eddy_stream_consume(eddy_stream *stream, size_t size);

/*
 * Reads exactly `size` bytes. Returns 0, or EDDY_INCOMPLETE if the stream ends before that; other
 * errors as for read. After any error the bytes received stay buffered for the next read.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_read_exactly(eddy_stream *stream, void *buf, size_t size);

/*
 * Reads up to and including `separator`, which must not be empty (EDDY_EVALUE). Returns 0, with
 * *out_bytes lent until the stream is next read or freed; EDDY_LIMIT if the separator is not
 * within the stream's limit, EDDY_INCOMPLETE if the stream ends before it (both leave the bytes
 * buffered); or errors as read.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_read_until(eddy_stream *stream, const void *separator,
                                                  size_t separator_size, eddy_span *out_bytes);

/*
 * Reads a line with its '\n'. Returns 0, with *out_line lent as above; EDDY_LIMIT and other errors
 * as above. The last line may lack the '\n'; an empty span means the end of the stream.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_readline(eddy_stream *stream, eddy_span *out_line);

/* Whether the peer has closed its side and everything has been read. */
EDDY_API bool eddy_stream_at_eof(const eddy_stream *stream);

/* --- Writing ----------------------------------------------------------------------------------- */

/*
 * Sends `size` bytes. Bytes that the kernel does not accept are copied, queued, and sent by the
 * loop. Suspends if more than write_high bytes are queued, until at most write_low are
 * (backpressure).
 *
 * Returns 0; EDDY_CANCELLED (the bytes have been accepted and are still sent); -EPIPE, or the
 * error that ended the connection, even an earlier one; -EBADF once closed or after
 * eddy_stream_shutdown(); -ENOMEM. Several tasks may write; the bytes of each write stay together.
 *
 * A callback may write too. 0 means that the bytes have been sent or queued. EDDY_EMISUSE means
 * that they have been queued as well, but that more than write_high bytes are queued now, and a
 * callback can't wait. It should not write again until fewer are queued.
 */
EDDY_API EDDY_SUSPENDS int eddy_stream_write(eddy_stream *stream, const void *data, size_t size);

struct iovec;

/* The same for `count` consecutive pieces, as one write. EDDY_EVALUE for a negative count. */
EDDY_API EDDY_SUSPENDS int eddy_stream_writev(eddy_stream *stream, const struct iovec *parts,
                                              int count);

/* Waits until all queued bytes have been handed to the kernel. Returns 0, or errors as write. */
EDDY_API EDDY_SUSPENDS int eddy_stream_drain(eddy_stream *stream);

/* Returns the number of queued bytes: written, but not yet handed to the kernel. */
EDDY_API size_t eddy_stream_get_write_buffer_size(const eddy_stream *stream);

/* Ends the outgoing direction once all queued bytes are sent; reading still works. 0 or -EBADF. */
EDDY_API int eddy_stream_shutdown(eddy_stream *stream);

/* --- The end ----------------------------------------------------------------------------------- */

/*
 * Closes the stream once all queued bytes are sent; readers and writers get -EBADF. Never suspends;
 * eddy_stream_wait_closed() waits for it, and returns 0 or the error that ended the connection.
 * abort drops the queued bytes. free accepts NULL and aborts unless the stream is closed; a closed
 * stream continues to send its queued bytes after it has been freed.
 *
 * The end of the run waits until all streams, closed or not, have sent their queued bytes, for
 * eddy_run_options.flush_timeout at most. If queued bytes are dropped, except by abort, and no
 * call on the stream returns the reason, that is reported (EDDY_REPORT_UNSENT): how many bytes,
 * for which peer, and where the stream was opened.
 */
EDDY_API int eddy_stream_close(eddy_stream *stream);
EDDY_API EDDY_SUSPENDS int eddy_stream_wait_closed(eddy_stream *stream);
EDDY_API int eddy_stream_abort(eddy_stream *stream);
EDDY_API void eddy_stream_free(eddy_stream *stream);

/* Return whether it has been closed or aborted; and its descriptor, borrowed, -1 once closed. */
EDDY_API bool eddy_stream_is_closing(const eddy_stream *stream);
EDDY_API int eddy_stream_fd(const eddy_stream *stream);

/*
 * Write the address of the peer, or of this side, as text: "127.0.0.1:8080", "[::1]:8080", a path,
 * or "". At most `size` bytes with the terminating zero. Return 0 or a negative errno.
 */
EDDY_API int eddy_stream_peername(const eddy_stream *stream, char *buf, size_t size);
EDDY_API int eddy_stream_sockname(const eddy_stream *stream, char *buf, size_t size);

EDDY_AUTO_FOR(eddy_stream, eddy_stream_free)
EDDY_AUTO_FOR(eddy_listener, eddy_listener_free)

EDDY_END_DECLS

#endif
