/* SPDX-License-Identifier: MIT */
/*
 * wire_tls.c: TLS for Eddy's own transport, and the choice between it and libcurl.
 *
 *     connection --> handshake --> the server chooses "http/1.1", or nothing    this transport
 *                                  the server chooses "h2"                      libcurl
 *
 * The client offers both, so the first handshake shows which protocol the server prefers. If it
 * chooses HTTP/2, libcurl carries its requests from then on; that first connection is closed.
 */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <eddy/tls.h>

/* --- The context ------------------------------------------------------------------------------ */

static int failed(int rc)
{
    if (rc >= 0 || rc == EDDY_CANCELLED || rc == -ENOMEM || rc == EDDY_EMISUSE)
        return rc;
    const char *message = eddy_error_message(eddy_error_get(rc));
    char text[400];
    snprintf(text, sizeof text, "%s", message ? message : eddy_strerror(rc));
    return eddy_fail(EDDY_HTTP_TLS, "%s", text);
}

/* The TLS context that the session's connections share, created for the first of them. */
static int context_of(struct wire_client *client, eddy_tls_context **out_context)
{
    static const char *const both[] = {"h2", "http/1.1", NULL};
    static const char *const old[] = {"http/1.1", NULL};
    const eddy_http_session *session = client->session;
    const eddy_tls_context_options options = {
        .cafile = session->cacert,
        .insecure = session->is_insecure,
        .alpn = session->refuses_http2 ? old : both,
    };
    if (!client->tls)
        EDDY_TRY(failed(eddy_tls_context_new(&options, &client->tls)));
    *out_context = client->tls;
    return 0;
}

/* --- One connection --------------------------------------------------------------------------- */

int eddy__wire_start_tls(struct wire_client *client, struct http_origin *origin, double limit,
                         eddy_stream *stream)
{
    eddy_tls_context *context;
    eddy_tls_info info;
    EDDY_TRY(context_of(client, &context));
    int rc = eddy_stream_start_tls(
        stream, context,
        &(eddy_tls_options){.server_hostname = origin->tls_name, .handshake_timeout = limit});
    if (rc == EDDY_TIMEDOUT)
        return rc;
    EDDY_TRY(failed(rc));
    EDDY_TRY(failed(eddy_stream_tls_info(stream, &info)));
    if (strcmp(info.alpn, "h2") == 0) {
        origin->needs_libcurl = true;
        return HTTP_ELSEWHERE;
    }
    origin->is_met = true;
    return 0;
}

int eddy__wire_tls_failed(void)
{
    return failed(EDDY_TLS_FAILED);
}
