/* SPDX-License-Identifier: MIT */
/*
 * wire_connect.c: opens connections, trying several addresses ("happy eyeballs", RFC 8305).
 *
 *     first address --0.25 s--> second --0.25 s--> third ...      the first to connect is used
 *
 * A host often has unreachable addresses, mostly IPv6 ones, and the kernel notices only after
 * minutes. So the next address is tried when the previous one has failed, or has not answered for a
 * moment, and the attempts run concurrently, each in a small task. A single address, the usual
 * case, needs no task.
 *
 * Invariant: the attempts don't refer to the caller's frame, so that they may outlive it. A
 * connection made by a cancelled attempt is freed with the attempt.
 */
#include "wire.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <eddy/task.h>
#include <eddy/timeout.h>
#include <eddy/wait.h>

#define NEXT_AFTER 0.25    // seconds without an answer

enum { ATTEMPTS_MAX = 16, HOST_SIZE = 256, LIST_SIZE = ATTEMPTS_MAX * 64 };

typedef struct target {
    char host[HOST_SIZE];    // an address without brackets
    char port[8];
} target;

static const eddy_stream_options stream_options = {.write_high = 256 * 1024};

/* --- Addresses -------------------------------------------------------------------------------- */

static bool is_localhost(const char *host)
{
    size_t size = strlen(host);
    return strcasecmp(host, "localhost") == 0 ||
           (size > 10 && strcasecmp(host + size - 10, ".localhost") == 0);
}

/* A list as in origin->addresses: "192.0.2.1,[2001:db8::1]"; or a bare address. */
static const char *addresses_of(const struct http_origin *origin)
{
    if (origin->name)
        return origin->addresses;
    if (is_localhost(origin->authority.host))
        return "[::1],127.0.0.1";    // it is never looked up (RFC 6761)
    return origin->authority.host;
}

/* Removes the first address from `*inout_list`. */
static target next_target(const char **inout_list, int port)
{
    target result;
    const char *from = *inout_list;
    size_t size = strcspn(from, ",");
    *inout_list = from + size + (from[size] == ',');
    if (size >= 2 && from[0] == '[') {
        from++;
        size -= 2;
    }
    snprintf(result.host, sizeof result.host, "%.*s", (int)size, from);
    snprintf(result.port, sizeof result.port, "%d", port);
    return result;
}

/* --- Attempts --------------------------------------------------------------------------------- */

static void drop_stream(eddy_stream **stream)
{
    eddy_stream_free(*stream);
}

EDDY_ASYNC_TO_OWNED(eddy_stream *, drop_stream, attempt, (target, to))
{
    return eddy_open_connection(to.host, to.port, &stream_options, result);
}

struct race {
    eddy_task *attempts[ATTEMPTS_MAX];
    size_t count;
    size_t failed_count;    // they come before those that have not failed
    int error;              // of the last that failed
    eddy_stream *winner;
};

/* Skips the attempts that have failed. Returns whether one has connected. */
static bool look(struct race *race)
{
    for (size_t i = race->failed_count; i < race->count; i++) {
        if (!eddy_task_done(race->attempts[i]))
            continue;
        eddy_stream *stream = NULL;
        int rc = eddy_await(race->attempts[i], &stream);
        if (rc >= 0) {
            race->winner = stream;
            return true;
        }
        race->error = rc;
        eddy_task *failed = race->attempts[i];
        race->attempts[i] = race->attempts[race->failed_count];
        race->attempts[race->failed_count++] = failed;
    }
    return false;
}

static int run(struct race *race, const char *list, int port)
{
    for (;;) {
        bool has_more = list[0] != '\0' && race->count < ATTEMPTS_MAX;
        if (has_more)
            race->attempts[race->count++] = eddy_create_task(attempt, next_target(&list, port));
        has_more = list[0] != '\0' && race->count < ATTEMPTS_MAX;
        size_t under_way = race->count - race->failed_count;
        if (under_way == 0)
            return race->error;
        EDDY_TRY(eddy_wait(race->attempts + race->failed_count, under_way,
                           has_more ? NEXT_AFTER : EDDY_NO_TIMEOUT, EDDY_FIRST_COMPLETED));
        if (look(race))
            return 0;
    }
}

static int race_to(const char *list, int port, eddy_stream **out_stream)
{
    struct race race = {.count = 0};
    int rc = run(&race, list, port);
    for (size_t i = 0; i < race.count; i++) {
        eddy_task_cancel(race.attempts[i]);
        eddy_task_free(race.attempts[i]);
    }
    if (rc < 0)
        return rc;
    *out_stream = race.winner;
    return 0;
}

static int connect_to(const char *list, int port, eddy_stream **out_stream)
{
    if (strchr(list, ','))
        return race_to(list, port, out_stream);
    target only = next_target(&list, port);
    return eddy_open_connection(only.host, only.port, &stream_options, out_stream);
}

/* --- Entry point ------------------------------------------------------------------------------ */

static bool is_short_of_descriptors(int rc)
{
    return rc == -EMFILE || rc == -ENFILE;
}

static int connect_plain(const struct http_origin *origin, double limit, eddy_stream **out_stream)
{
    char list[LIST_SIZE];    // a copy: another lookup may replace them during the wait
    snprintf(list, sizeof list, "%s", addresses_of(origin));
    int rc = eddy_within(limit, connect_to(list, origin->port, out_stream));
    if (rc >= 0 || rc == EDDY_CANCELLED || rc == -ENOMEM || rc == EDDY_EMISUSE ||
        rc == EDDY_TIMEDOUT || is_short_of_descriptors(rc))
        return rc;
    const char *message = eddy_error_message(eddy_error_get(rc));
    char text[400];
    snprintf(text, sizeof text, "%s", message ? message : eddy_strerror(rc));
    return eddy_fail(EDDY_HTTP_CONNECT, "%s", text);
}

static int connect_and_secure(struct wire_client *client, struct http_origin *origin, double limit,
                              eddy_stream **out_stream)
{
    double since = eddy_time();
    eddy_stream *stream;
    EDDY_TRY(connect_plain(origin, limit, &stream));
    int rc = 0;
    if (origin->is_tls) {
        double left = fmax(limit - (eddy_time() - since), 0.001);
        rc = eddy__wire_start_tls(client, origin, left, stream);
    }
    if (rc == 0)
        *out_stream = stream;
    else
        eddy_stream_free(stream);
    return rc;
}

int eddy__wire_connect(struct wire_client *client, struct http_origin *origin, double limit,
                       eddy_stream **out_stream)
{
    int rc = connect_and_secure(client, origin, limit, out_stream);
    // Idle connections hold descriptors that can be freed.
    while (is_short_of_descriptors(rc) && eddy__wire_pool_drop(client))
        rc = connect_and_secure(client, origin, limit, out_stream);
    return rc == EDDY_TIMEDOUT ? eddy_fail(rc, "no connection within %g s", limit) : rc;
}
