/* SPDX-License-Identifier: MIT */
/* N2: an HTTP server that says hello, on one core.
   usage: n2_http PORT */
#include <eddy.h>
#include <eddy/http_server.h>

static int hello(eddy_http_request *request, eddy_http_reply *reply, void *data)
{
    (void)request, (void)data;
    return eddy_http_reply_send(reply, 200, "text/plain", "Hello, World!", 13);
}

EDDY_ASYNC(app, (const char *, port))
{
    EDDY_AUTO(eddy_http_server) *server = NULL;
    EDDY_TRY(eddy_http_server_open(&(eddy_http_server_options){.port = port, .handler = hello},
                                   &server));
    return eddy_sleep(EDDY_NO_TIMEOUT);
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argc > 1 ? argv[1] : "8080"));
}
