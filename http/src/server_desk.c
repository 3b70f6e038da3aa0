/* SPDX-License-Identifier: MIT */
/*
 * server_desk.c: a pool of request state (struct http_desk), shared by the connections of a server.
 *
 * Parser, request, reply and their buffers take about three kilobytes. Most connections are idle
 * most of the time, so they don't own these: the server keeps a stack of desks, and a connection
 * with a request takes the one returned last, which is still in the processor's cache.
 *
 * Invariant:
 *   - A spare desk is clean: no bytes, no spans, and its parser expects a first byte.
 *
 * Owns the spare desks. Called by server_connection.c and server.c.
 */
#include <errno.h>

#include <eddy/alloc.h>

#include "server.h"

enum {
    SPARE_MAX = 64,               // desks kept
    TEXT_KEPT_MAX = 32 * 1024,    // bytes that each buffer of a spare desk may have
};

static void free_desk(struct http_desk *desk)
{
    eddy__http_parser_fini(&desk->parser);
    eddy_free(desk->out.data);
    eddy_free(desk->request.body.data);
    eddy_free(desk->reply.fields.data);
    eddy_free(desk);
}

static struct http_desk *new_desk(const eddy_http_server *server)
{
    struct http_desk *desk = eddy_calloc(1, sizeof *desk);
    if (desk == NULL)
        return NULL;
    if (eddy__http_parser_init(&desk->parser, HTTP_MODE_REQUEST, &server->limits) < 0) {
        eddy_free(desk);
        return NULL;
    }
    desk->request.is_complete = true;
    return desk;
}

int eddy__http_desk_take(struct http_connection *connection)
{
    eddy_http_server *server = connection->server;
    if (connection->desk != NULL)
        return 0;
    struct http_desk *desk = server->spare_desks;
    if (desk != NULL) {
        server->spare_desks = desk->next;
        server->spare_desk_count--;
    } else {
        desk = new_desk(server);
        if (desk == NULL)
            return -ENOMEM;
    }
    desk->request.connection = desk->reply.connection = connection;
    connection->desk = desk;
    return 0;
}

void eddy__http_desk_clear(struct http_desk *desk)
{
    eddy__http_parser_reset(&desk->parser);
    eddy__http_request_reset(&desk->request);
    eddy__http_reply_reset(&desk->reply);
}

void eddy__http_desk_give(struct http_connection *connection)
{
    eddy_http_server *server = connection->server;
    struct http_desk *desk = connection->desk;
    connection->desk = NULL;
    if (desk == NULL)
        return;
    if (server->spare_desk_count == SPARE_MAX) {
        free_desk(desk);
        return;
    }
    eddy__http_text_trim(&desk->out, TEXT_KEPT_MAX);
    eddy__http_desk_clear(desk);
    desk->next = server->spare_desks;
    server->spare_desks = desk;
    server->spare_desk_count++;
}

void eddy__http_desks_fini(eddy_http_server *server)
{
    while (server->spare_desks != NULL) {
        struct http_desk *desk = server->spare_desks;
        server->spare_desks = desk->next;
        free_desk(desk);
    }
}
