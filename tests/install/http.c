/* SPDX-License-Identifier: MIT */
/* A program that uses eddy-http, without a network. Also compiled as C++. */
#include <eddy.h>
#include <eddy/http_client.h>
#include <eddy/http_mock.h>
#include <stdio.h>

EDDY_ASYNC(app)
{
    eddy_http_session *session = NULL;
    EDDY_TRY(eddy_http_session_new(NULL, &session));
    eddy_http_session_free(session);
    printf("%d\n", 42);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
