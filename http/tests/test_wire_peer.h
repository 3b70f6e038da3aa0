/* SPDX-License-Identifier: MIT */
/*
 * test_wire_peer.h: a server in the same loop that answers by a script, for tests of the transport
 * of our own under the virtual clock.
 */
#ifndef EDDY_HTTP_TEST_WIRE_PEER_H
#define EDDY_HTTP_TEST_WIRE_PEER_H

#include "harness.h"

#include <eddy/http_client.h>

#include <stdlib.h>
#include <string.h>

/* What is done with one request, whichever connection it comes over. */
struct step {
    const char *answer;    // bytes as they are; NULL: none
    size_t piece;          // sent so many at a time, a yield in between; 0: at once
    bool then_close;       // the connection, after the answer
    bool skips_body;       // of the request: it is never read, and nothing after it
    double delay;          // seconds before the answer
    const char *surplus;   // sent a second after the answer
};

struct peer {
    eddy_listener *listener;
    eddy_task *acceptor;
    const struct step *steps;
    size_t step_count, request_count;
    size_t connection_count, ended_count;
    char requests[32][700];    // their heads, cut
    size_t body_size;          // of the last that had one
};

static inline size_t length_in(const char *head)
{
    const char *at = strcasestr(head, "\r\ncontent-length:");
    return at ? strtoul(at + 17, NULL, 10) : 0;
}

static inline int skip_body(struct peer *peer, eddy_stream *stream, size_t size)
{
    static char buf[65536];
    peer->body_size = size > 0 ? 0 : peer->body_size;
    while (size > 0) {
        ssize_t n = eddy_stream_read(stream, buf, size < sizeof buf ? size : sizeof buf);
        if (n <= 0)
            return n < 0 ? (int)n : EDDY_INCOMPLETE;
        size -= (size_t)n;
        peer->body_size += (size_t)n;
    }
    return 0;
}

static inline int send_answer(eddy_stream *stream, const struct step *step)
{
    size_t size = strlen(step->answer);
    size_t piece = step->piece > 0 ? step->piece : size + 1;
    for (size_t at = 0; at < size; at += piece) {
        EDDY_TRY(
            eddy_stream_write(stream, step->answer + at, size - at < piece ? size - at : piece));
        if (step->piece > 0)
            EDDY_TRY(eddy_sleep(0));
    }
    return 0;
}

/* One request. Less than 0: the connection ends. */
static inline int serve_one(struct peer *peer, eddy_stream *stream)
{
    static const struct step none = {.then_close = true};
    eddy_span head;
    EDDY_TRY(eddy_stream_read_until(stream, "\r\n\r\n", 4, &head));
    size_t number = peer->request_count++;
    char *text = peer->requests[number % 32];
    snprintf(text, sizeof peer->requests[0], "%.*s", (int)head.size, head.data);
    const struct step *step = number < peer->step_count ? &peer->steps[number] : &none;
    if (!step->skips_body)
        EDDY_TRY(skip_body(peer, stream, length_in(text)));
    if (step->delay > 0)
        EDDY_TRY(eddy_sleep(step->delay));
    if (step->answer)
        EDDY_TRY(send_answer(stream, step));
    if (step->surplus) {
        EDDY_TRY(eddy_sleep(1));
        EDDY_TRY(eddy_stream_write(stream, step->surplus, strlen(step->surplus)));
    }
    if (step->skips_body)
        EDDY_TRY(eddy_sleep(EDDY_NO_TIMEOUT));
    return step->then_close ? EDDY_INCOMPLETE : 0;
}

static inline void drop_peer_stream(eddy_stream **stream)
{
    eddy_stream_free(*stream);
}

EDDY_ASYNC(serve_peer, (struct peer *, peer), (eddy_stream *, stream, drop_peer_stream))
{
    int rc;
    do
        rc = serve_one(peer, stream);
    while (rc >= 0);
    peer->ended_count++;
    eddy_stream_close(stream);
    eddy_stream_free(stream);
    return rc == EDDY_CANCELLED ? rc : 0;
}

EDDY_ASYNC(accept_peers, (struct peer *, peer))
{
    for (;;) {
        eddy_stream *stream;
        EDDY_TRY(eddy_listener_accept(peer->listener, &stream));
        peer->connection_count++;
        eddy_start(serve_peer, peer, stream);
    }
}

/* Starts the peer on `host`; false if that can't be. */
static inline bool peer_begin_at(struct peer *peer, const char *host, const struct step *steps,
                                 size_t step_count)
{
    memset(peer, 0, sizeof *peer);
    peer->steps = steps;
    peer->step_count = step_count;
    if (eddy_listen(host, "0", NULL, &peer->listener) < 0)
        return false;
    peer->acceptor = eddy_create_task(accept_peers, peer);
    return true;
}

#define PEER(name, ...)                                      \
    static const struct step name##_steps[] = {__VA_ARGS__}; \
    static struct peer name;                                 \
    REQUIRE(peer_begin_at(&name, "127.0.0.1", name##_steps,  \
                          sizeof name##_steps / sizeof name##_steps[0]))

static inline void peer_end(struct peer *peer)
{
    eddy_task_cancel(peer->acceptor);
    EDDY_IGNORE(eddy_await(peer->acceptor));
    eddy_task_free(peer->acceptor);
    eddy_listener_free(peer->listener);
}

/* A URL of the peer's. Static, a few. */
static inline const char *peer_url(const struct peer *peer, const char *path)
{
    static char urls[4][200];
    static unsigned next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", eddy_listener_port(peer->listener),
             path);
    return url;
}

#endif
