/* SPDX-License-Identifier: MIT */
/*
 * wire_pool.c: the pool of idle connections.
 *
 * An idle connection is in two lists: its origin's, most recent first, because that one is most
 * likely still open; and its client's by age, oldest first, from which connections that idled too
 * long, or are too many, are closed. One timer serves all, and runs only while there are any. Busy
 * connections are in a list too, so that they are found when the loop ends.
 *
 * An idle connection is not watched. It is checked when it is leased, immediately before the
 * request is sent: if the peer has closed it or sent anything, it is dropped. Bytes that arrive
 * while no request is outstanding are no response (RFC 9112, 6.3 and 9.2), whatever they contain.
 *
 * Invariants:
 *   - An idle connection has nothing unread in its stream and nothing unsent.
 *   - Closing never suspends.
 */
#include <eddy/alloc.h>

#include "wire.h"

#include <errno.h>

/* Seconds. Servers close after 5 (Node), 60 (Apache: 5, nginx: 75); aiohttp keeps for 15. */
#define IDLE_MAX 15.0

enum { FIELDS_MAX = 10000 };

static const struct http_limits limits = {
    .line_max = HTTP_HEAD_MAX,
    .header_max = HTTP_HEAD_MAX,
    .field_max = FIELDS_MAX,
    .body_max = HTTP_NO_LIMIT,    // the response counts the decoded bytes
};

/* --- Lists ------------------------------------------------------------------------------------ */

static void enter(struct wire_row *row, struct wire_connection *connection)
{
    connection->older = row->youngest;
    connection->younger = NULL;
    if (row->youngest)
        row->youngest->younger = connection;
    else
        row->oldest = connection;
    row->youngest = connection;
    row->count++;
}

static void leave(struct wire_row *row, struct wire_connection *connection)
{
    if (connection->older)
        connection->older->younger = connection->younger;
    else
        row->oldest = connection->younger;
    if (connection->younger)
        connection->younger->older = connection->older;
    else
        row->youngest = connection->older;
    row->count--;
}

/* Removes an idle connection from its origin's list, and makes it busy. */
static void wake(struct wire_client *client, struct wire_connection *connection)
{
    struct wire_connection **place = &connection->origin->idle;
    while (*place != connection)
        place = &(*place)->next_idle;
    *place = connection->next_idle;
    connection->next_idle = NULL;
    leave(&client->idle, connection);
    enter(&client->busy, connection);
}

/* --- Connections ------------------------------------------------------------------------------ */

struct wire_connection *eddy__wire_connection_new(struct wire_client *client,
                                                  struct http_origin *origin, eddy_stream *stream)
{
    struct wire_connection *connection = eddy_calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    if (eddy__http_parser_init(&connection->parser, HTTP_MODE_RESPONSE, &limits) < 0) {
        eddy_free(connection);
        return NULL;
    }
    connection->stream = stream;
    connection->origin = origin;
    origin->refs++;
    enter(&client->busy, connection);
    return connection;
}

void eddy__wire_connection_free(struct wire_client *client, struct wire_connection *connection)
{
    leave(&client->busy, connection);
    eddy__wire_upload_stop(connection);
    if (connection->stream != NULL)
        eddy_stream_abort(connection->stream); // its requests have been answered, or have failed
    eddy_stream_free(connection->stream);
    eddy__http_parser_fini(&connection->parser);
    eddy__http_origin_unref(connection->origin);
    eddy_free(connection);
}

static void drop_oldest(struct wire_client *client)
{
    struct wire_connection *oldest = client->idle.oldest;
    wake(client, oldest);
    EDDY_IGNORE(eddy_stream_close(oldest->stream));    // with a close_notify over TLS
    eddy__wire_connection_free(client, oldest);
}

bool eddy__wire_pool_drop(struct wire_client *client)
{
    if (!client->idle.oldest)
        return false;
    drop_oldest(client);
    return true;
}

/* --- Sweeping --------------------------------------------------------------------------------- */

static int sweep(void *data);

static void arm_sweeper(struct wire_client *client)
{
    if (client->sweeper || !client->idle.oldest)
        return;
    // Without memory for a timer they idle longer; leasing one checks its age as well.
    EDDY_IGNORE(
        eddy_call_at(client->idle.oldest->idle_since + IDLE_MAX, sweep, client, &client->sweeper));
}

static int sweep(void *data)
{
    struct wire_client *client = data;
    eddy_handle_free(client->sweeper);
    client->sweeper = NULL;
    double now = eddy_time();
    while (client->idle.oldest && client->idle.oldest->idle_since + IDLE_MAX <= now)
        drop_oldest(client);
    arm_sweeper(client);
    return 0;
}

/* --- Leasing and returning -------------------------------------------------------------------- */

/*
 * Whether it is open and nothing has arrived since the last response. TLS tickets are processed and
 * don't count; a part of a record does.
 */
static bool is_quiet(const struct wire_connection *connection)
{
    eddy_span bytes;
    return eddy_stream_peek_nowait(connection->stream, &bytes) == -EAGAIN;
}

struct wire_connection *eddy__wire_pool_take(struct wire_client *client, struct http_origin *origin)
{
    while (origin->idle) {
        struct wire_connection *connection = origin->idle;
        wake(client, connection);
        bool is_old = connection->idle_since + IDLE_MAX <= eddy_time();
        if (!is_old && is_quiet(connection)) {
            connection->is_reused = true;
            return connection;
        }
        eddy__wire_connection_free(client, connection);
    }
    return NULL;
}

void eddy__wire_pool_put(struct wire_client *client, struct wire_connection *connection)
{
    connection->response = NULL;
    connection->idle_since = eddy_time();
    eddy__http_parser_reset(&connection->parser);
    leave(&client->busy, connection);
    enter(&client->idle, connection);
    connection->next_idle = connection->origin->idle;
    connection->origin->idle = connection;
    if (client->idle.count > client->session->connections_max)
        drop_oldest(client);
    arm_sweeper(client);
}

void eddy__wire_pool_close(struct wire_client *client)
{
    while (client->idle.oldest)
        drop_oldest(client);
    for (struct wire_connection *at = client->busy.oldest; at; at = at->younger) {
        eddy__wire_upload_stop(at);
        eddy_stream_abort(at->stream); // its request fails
        eddy_stream_free(at->stream);
        at->stream = NULL;
    }
    if (client->sweeper) {
        eddy_handle_cancel(client->sweeper);
        eddy_handle_free(client->sweeper);
        client->sweeper = NULL;
    }
}
