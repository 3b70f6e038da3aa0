/* SPDX-License-Identifier: MIT */
/*
 * session_loop.c: tells the sessions of a loop when the loop ends.
 *
 * A session, and responses that are still streamed, may outlive the run in which they were created.
 * They can't be used then, and their connections are closed. The address of the loop can't show
 * that, because the next loop may reuse the memory. So each loop has a list of its sessions; when
 * it closes, the remaining sessions are told, and release what belongs to it.
 */
#include <eddy/alloc.h>

#include "session_loop.h"

#include <errno.h>

struct http_loop {
    eddy_http_session *first;
};

static _Thread_local struct http_loop *loop_here;    // the list of the running loop

static int on_close(void *data)
{
    struct http_loop *row = data;
    for (eddy_http_session *session = row->first, *next; session; session = next) {
        next = session->next_of_loop;
        for (size_t i = 0; i < HTTP_TRANSPORT_COUNT; i++)
            if (session->transports[i] && session->transports[i]->let_go)
                session->transports[i]->let_go(session);
        session->row = NULL;
        session->next_of_loop = NULL;
    }
    eddy_free(row);
    loop_here = NULL;
    return 0;
}

static int make(void)
{
    struct http_loop *row = eddy_calloc(1, sizeof *row);
    int err = row ? eddy_loop_on_close(on_close, row) : -ENOMEM;
    if (err < 0)
        eddy_free(row);
    else
        loop_here = row;
    return err;
}

int eddy__http_loop_enter(eddy_http_session *session)
{
    if (!loop_here)
        EDDY_TRY(make());
    session->row = loop_here;
    session->next_of_loop = loop_here->first;
    loop_here->first = session;
    return 0;
}

void eddy__http_loop_leave(eddy_http_session *session)
{
    if (!session->row)
        return;
    eddy_http_session **place = &session->row->first;
    while (*place != session)
        place = &(*place)->next_of_loop;
    *place = session->next_of_loop;
    session->row = NULL;
}

bool eddy__http_loop_is_of(const eddy_http_session *session)
{
    return session->row && session->row == loop_here && session->loop == eddy_get_running_loop();
}
