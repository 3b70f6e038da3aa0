/* SPDX-License-Identifier: MIT */
/* 48_requests_in_a_row.c: one request after the other; the next waits until the last is done. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(process_request, (int, request))
{
    printf("request %d begins\n", request);
    return eddy_sleep(1);
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    for (int request = 1; request <= 3; request++)
        EDDY_TRY(process_request(request));
    printf("after %.0f s\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
