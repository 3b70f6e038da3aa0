/* SPDX-License-Identifier: MIT */
/* A program that uses eddy-tls, without a connection. Also compiled as C++. */
#include <eddy.h>
#include <eddy/tls.h>
#include <stdio.h>

EDDY_ASYNC(app)
{
    eddy_tls_context *context = NULL;
    EDDY_TRY(eddy_tls_context_new(NULL, &context));
    eddy_tls_context_free(context);
    printf("%d\n", 42);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
