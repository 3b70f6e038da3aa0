/* SPDX-License-Identifier: MIT */
/*
 * fuzz_tls.c: whatever an attacker in the middle does to a TLS connection, neither side reads a
 * false byte or a false end.
 *
 * Two sides shake hands, send each other a message and end. The input chooses the lengths of the
 * messages, the pieces in which their records travel, and what happens to bytes on the way:
 * changed, dropped, doubled, or cut off, at offsets from the beginning. Checked, under the virtual
 * clock:
 *   - the run ends by itself, and the loop reports nothing;
 *   - what a side reads is a prefix of what the other wrote;
 *   - a side that reads a regular end has read all of it;
 *   - without interference, everything arrives.
 */
#include <stdlib.h>
#include <string.h>

#include <eddy.h>
#include <eddy/tls.h>

#include "certificates.h"

enum { MESSAGE_MAX = 20000, PIECE_MAX = 8192, CHANGES_MAX = 8, SECONDS_MAX = 600 };

/* A change of the byte at offset `at` of one direction. */
struct change {
    size_t at;
    enum { FLIP, DROP, DOUBLE, CUT } kind;
};

/* One direction: the relay's two ends, and the changes it makes. */
struct way {
    eddy_stream *from, *to;
    size_t piece, passed;
    struct change changes[CHANGES_MAX];
    size_t change_count;
};

/* One side of the connection. */
struct side {
    eddy_stream *stream;
    eddy_tls_context *context;
    bool is_server;
    size_t to_send, to_receive;
    size_t received;
    int handshake, end;    // statuses; `end` is 0 if the other side ended regularly
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* --- The middle ------------------------------------------------------------------------------- */

/* Applies the changes to a byte; writes 0 to 2 bytes to `out`, returns how many; -1: the end. */
static int change_byte(const struct way *way, char byte, char *out)
{
    int count = 1;
    out[0] = byte;
    for (size_t i = 0; i < way->change_count; i++) {
        if (way->changes[i].at != way->passed)
            continue;
        switch (way->changes[i].kind) {
        case FLIP: out[0] ^= 0x20; break;
        case DROP: count = 0; break;
        case DOUBLE: out[count++ % 2] = out[0]; break;
        case CUT: return -1;
        }
    }
    return count < 2 ? count : 2;
}

/* Forwards a piece. Returns 0, or the reason why there will be no more. */
static int pass_on(struct way *way, const char *data, size_t size)
{
    char out[2 * PIECE_MAX];
    size_t sum = 0;
    int count = 0;
    for (size_t i = 0; i < size && count >= 0; i++) {
        count = change_byte(way, data[i], out + sum);
        sum += count > 0 ? (size_t)count : 0;
        way->passed++;
    }
    int rc = eddy_stream_write(way->to, out, sum);
    return rc == 0 && count < 0 ? EDDY_STOPITERATION : rc;
}

EDDY_ASYNC(relay, (struct way *, way))
{
    char buf[PIECE_MAX];
    int rc = 0;
    while (rc == 0) {
        ssize_t n = eddy_stream_read(way->from, buf, way->piece);
        rc = n > 0 ? pass_on(way, buf, (size_t)n) : n < 0 ? (int)n : EDDY_STOPITERATION;
        if (rc == 0)
            rc = eddy_sleep(0);
    }
    eddy_stream_shutdown(way->to);
    return rc == EDDY_CANCELLED ? rc : 0;
}

/* --- The sides -------------------------------------------------------------------------------- */

static char byte_at(const struct side *side, bool is_sent, size_t i)
{
    bool is_servers = side->is_server == is_sent;
    return (char)(i * (is_servers ? 31 : 17) % 251);
}

static int send_message(struct side *side)
{
    char *message = malloc(side->to_send + 1);
    for (size_t i = 0; i < side->to_send; i++)
        message[i] = byte_at(side, true, i);
    int rc = eddy_stream_write(side->stream, message, side->to_send);
    free(message);
    return rc < 0 ? rc : eddy_stream_shutdown(side->stream);
}

static int receive_message(struct side *side)
{
    char buf[3000];
    for (;;) {
        ssize_t n = eddy_stream_read(side->stream, buf, sizeof buf);
        if (n <= 0)
            return (int)n;
        must(side->received + (size_t)n <= side->to_receive);
        for (ssize_t i = 0; i < n; i++)
            must(buf[i] == byte_at(side, false, side->received + (size_t)i));
        side->received += (size_t)n;
    }
}

static int converse(struct side *side)
{
    side->handshake =
        eddy_stream_start_tls(side->stream, side->context,
                              &(eddy_tls_options){.server_side = side->is_server,
                                                  .server_hostname = "localhost"});
    EDDY_TRY(side->handshake);
    int rc = send_message(side);
    if (rc == EDDY_CANCELLED)
        return rc;
    return receive_message(side);
}

EDDY_ASYNC(play, (struct side *, side))
{
    side->end = eddy_within(SECONDS_MAX, converse(side));
    must(side->end != 0 || side->received == side->to_receive);
    eddy_stream_close(side->stream);
    return 0;
}

/* --- The whole -------------------------------------------------------------------------------- */

struct play_of_two {
    struct side sides[2];
    struct way ways[2];
};

EDDY_ASYNC(play_both, (struct play_of_two *, all))
{
    eddy_stream *ends[4];
    EDDY_TRY(eddy_stream_pair(NULL, &ends[0], &ends[1]));
    EDDY_TRY(eddy_stream_pair(NULL, &ends[2], &ends[3]));
    all->sides[0].stream = ends[0];
    all->sides[1].stream = ends[3];
    all->ways[0].from = all->ways[1].to = ends[1];
    all->ways[0].to = all->ways[1].from = ends[2];
    eddy_task *relays[] = {eddy_create_task(relay, &all->ways[0]),
                           eddy_create_task(relay, &all->ways[1])};
    int rc = eddy_gather(eddy_coro(play, &all->sides[0]), eddy_coro(play, &all->sides[1]));
    for (int i = 0; i < 2; i++) {
        eddy_task_cancel(relays[i]);
        EDDY_IGNORE(eddy_await(relays[i]));
        eddy_task_free(relays[i]);
    }
    for (int i = 0; i < 4; i++)
        eddy_stream_free(ends[i]);
    return rc;
}

static eddy_tls_context *new_context(eddy_tls_context_options options)
{
    eddy_tls_context *context = NULL;
    must(eddy_tls_context_new(&options, &context) == 0);
    return context;
}

static void forbid(const eddy_report *report, void *data)
{
    (void)data;
    eddy_default_exception_handler(report);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static eddy_tls_context *servers, *clients[2];    // never freed
    static struct play_of_two all;
    if (!servers) {
        servers = new_context((eddy_tls_context_options){
            .certificate = certificate_for("localhost.pem", "DNS:localhost", 9)});
        for (int i = 0; i < 2; i++)
            clients[i] = new_context((eddy_tls_context_options){
                .cafile = authority_file(), .maximum_version = EDDY_TLS_1_2 + i});
    }
    if (size < 4)
        return 0;
    all = (struct play_of_two){0};
    bool is_untouched = true;
    for (int i = 0; i < 2; i++) {
        all.sides[i].to_send = data[i] * 131u % MESSAGE_MAX;
        all.sides[1 - i].to_receive = all.sides[i].to_send;
        all.ways[i].piece = data[2] >= 128 ? PIECE_MAX : data[2] * 7u + 1;
    }
    all.sides[0].context = clients[data[3] & 1];
    all.sides[1].context = servers;
    all.sides[1].is_server = true;
    for (size_t at = 4; at + 2 <= size; at += 2) {
        struct way *way = &all.ways[data[at] >> 7];
        if (way->change_count == CHANGES_MAX)
            break;
        way->changes[way->change_count++] = (struct change){
            .at = (data[at] & 0x1fu) << 8 | data[at + 1], .kind = data[at] >> 5 & 3};
        is_untouched = false;
    }
    int rc = eddy_run(eddy_coro(play_both, &all),
                      &(eddy_run_options){.virtual_clock = true, .exception_handler = forbid});
    must(rc == 0);
    for (int i = 0; i < 2; i++)
        must(!is_untouched || (all.sides[i].handshake == 0 && all.sides[i].end == 0));
    return 0;
}
