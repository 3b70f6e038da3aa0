/* SPDX-License-Identifier: MIT */
/* 11_gather_errors_too.c: gather with return_exceptions waits for all, and keeps each error. */
#include <eddy.h>

#include <errno.h>
#include <stdio.h>

EDDY_ASYNC_TO(int, divide, (int, dividend), (int, divisor))
{
    EDDY_TRY(eddy_sleep(1));
    if (divisor == 0)
        return eddy_fail(-EDOM, "%d can't be divided by zero", dividend);
    *result = dividend / divisor;
    return 0;
}

EDDY_ASYNC(app)
{
    int quotients[3], statuses[3];
    eddy_gather_options options = {.return_exceptions = true, .statuses = statuses};
    EDDY_TRY(eddy_gather_to_with(quotients, &options, eddy_coro(divide, 10, 2),
                                 eddy_coro(divide, 10, 0), eddy_coro(divide, 10, 5)));
    for (int i = 0; i < 3; i++) {
        if (statuses[i] < 0)
            printf("error: %s\n", eddy_strerror(statuses[i]));
        else
            printf("%d\n", quotients[i]);
    }

    // Without it the first error comes out, and the others run on.
    int rc = eddy_gather(eddy_coro(divide, 1, 1), eddy_coro(divide, 1, 0));
    printf("gather: %s\n", eddy_error_message(eddy_error_get(rc)));
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
