/* SPDX-License-Identifier: MIT */
/*
 * server_work.c: a pool of request state (struct http_work), shared by the connections of a server.
 *
 * Parser, request, reply and their buffers take about three kilobytes. Most connections are idle
 * most of the time, so they don't own these: the server keeps a stack of them, and a connection
 * with a request takes the one returned last, which is still in the processor's cache.
 *
 * Invariant:
 *   - A spare struct is clean: no bytes, no spans, and its parser expects a first byte.
 *
 * Owns the spare structs. Called by server_connection.c and server.c.
 */
#include <errno.h>

#include <eddy/alloc.h>

#include "server.h"

enum {
    SPARE_MAX = 64,               // structs kept
    TEXT_KEPT_MAX = 32 * 1024,    // bytes that each buffer of a spare struct may have
};

static void free_work(struct http_work *work)
{
    eddy__http_parser_fini(&work->parser);
    eddy_free(work->out.data);
    eddy_free(work->request.body.data);
    eddy_free(work->reply.fields.data);
    eddy_free(work);
}

static struct http_work *new_work(const eddy_http_server *server)
{
    struct http_work *work = eddy_calloc(1, sizeof *work);
    if (work == NULL)
        return NULL;
    if (eddy__http_parser_init(&work->parser, HTTP_MODE_REQUEST, &server->limits) < 0) {
        eddy_free(work);
        return NULL;
    }
    work->request.is_complete = true;
    return work;
}

int eddy__http_work_take(struct http_connection *connection)
{
    eddy_http_server *server = connection->server;
    if (connection->work != NULL)
        return 0;
    struct http_work *work = server->spare_works;
    if (work != NULL) {
        server->spare_works = work->next;
        server->spare_work_count--;
    } else {
        work = new_work(server);
        if (work == NULL)
            return -ENOMEM;
    }
    work->request.connection = work->reply.connection = connection;
    connection->work = work;
    return 0;
}

void eddy__http_work_clear(struct http_work *work)
{
    eddy__http_parser_reset(&work->parser);
    eddy__http_request_reset(&work->request);
    eddy__http_reply_reset(&work->reply);
}

void eddy__http_work_give(struct http_connection *connection)
{
    eddy_http_server *server = connection->server;
    struct http_work *work = connection->work;
    connection->work = NULL;
    if (work == NULL)
        return;
    if (server->spare_work_count == SPARE_MAX) {
        free_work(work);
        return;
    }
    eddy__http_text_trim(&work->out, TEXT_KEPT_MAX);
    eddy__http_work_clear(work);
    work->next = server->spare_works;
    server->spare_works = work;
    server->spare_work_count++;
}

void eddy__http_works_fini(eddy_http_server *server)
{
    while (server->spare_works != NULL) {
        struct http_work *work = server->spare_works;
        server->spare_works = work->next;
        free_work(work);
    }
}
