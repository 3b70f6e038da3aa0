/* SPDX-License-Identifier: MIT */
/* 13_wait_for.c: a limit on the time of one awaitable; what is too late is cancelled. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC_TO(int, slow, (double, seconds))
{
    int rc = eddy_sleep(seconds);
    if (rc == EDDY_CANCELLED)
        puts("slow: cancelled");
    *result = 42;
    return rc;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    int answer;
    int rc = eddy_wait_for(eddy_coro(slow, 1), 2.0, &answer);
    printf("%.1f: %d\n", eddy_time() - start, rc < 0 ? rc : answer);

    rc = eddy_wait_for(eddy_coro(slow, 10), 2.0, &answer);
    if (rc == EDDY_TIMEDOUT)
        printf("%.1f: too late\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
