/* SPDX-License-Identifier: MIT */
/*
 * wire_upload.c: sends a large body in a separate task.
 *
 * A server may answer before it has read the whole body, and then stop reading. So the client must
 * send and receive at the same time. The body is written to the stream in pieces; the stream copies
 * what the kernel does not accept, and then waits for room. Between two pieces no part of the body
 * is in use, so the task can be stopped at any time.
 *
 * Invariants:
 *   - While the upload has a connection, the connection and the body are valid; once it has none,
 *     the task uses neither.
 *   - An upload that fails only ends. The error shows when the answer is read.
 *
 * Shared by the connection and the task; the last of the two frees it.
 */
#include "wire.h"

#include <errno.h>
#include <string.h>

#include <eddy/alloc.h>
#include <eddy/task.h>

enum { PIECE_MAX = 64 * 1024 };

struct wire_upload {
    unsigned refs;
    struct wire_connection *connection;    // NULL: the exchange is over
    eddy_task *task;                       // the connection's reference
    char *copy;                            // owned; NULL: the body is borrowed from the caller
    eddy_span left;
};

static void unref(struct wire_upload **upload)
{
    if (--(*upload)->refs > 0)
        return;
    eddy_free((*upload)->copy);
    eddy_free(*upload);
}

EDDY_ASYNC(send_body, (struct wire_upload *, upload, unref))
{
    int rc = 0;
    while (rc == 0 && upload->connection && upload->left.size > 0) {
        size_t size = upload->left.size < PIECE_MAX ? upload->left.size : PIECE_MAX;
        const char *data = upload->left.data;
        upload->left = (eddy_span){data + size, upload->left.size - size};
        rc = eddy_stream_write(upload->connection->stream, data, size);
        if (upload->connection)
            upload->connection->heard_at = eddy_time();    // the peer has accepted bytes
    }
    unref(&upload);
    return rc == EDDY_CANCELLED ? rc : 0;
}

int eddy__wire_upload_start(struct wire_connection *connection, eddy_span body, bool is_copied)
{
    struct wire_upload *upload = eddy_calloc(1, sizeof *upload);
    if (!upload)
        return -ENOMEM;
    upload->refs = 2;
    upload->connection = connection;
    upload->left = body;
    if (is_copied) {
        upload->copy = eddy_malloc(body.size);
        if (!upload->copy) {
            eddy_free(upload);
            return -ENOMEM;
        }
        upload->left.data = memcpy(upload->copy, body.data, body.size);
    }
    upload->task = eddy_create_task(send_body, upload);
    connection->upload = upload;
    return 0;
}

bool eddy__wire_upload_stop(struct wire_connection *connection)
{
    struct wire_upload *upload = connection->upload;
    if (!upload)
        return true;
    bool is_complete = upload->left.size == 0 && eddy_task_done(upload->task);
    connection->upload = NULL;
    upload->connection = NULL;
    eddy_task_cancel(upload->task);
    eddy_task_free(upload->task);
    unref(&upload);
    return is_complete;
}
