/* SPDX-License-Identifier: MIT */
/*
 * 25_shield_with_a_timeout.c: after five seconds the user is told that it takes longer, but the
 * task goes on: the shield keeps the timeout's cancellation from it.
 */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC_TO(int, delay, (int, seconds))
{
    printf("sleeping for %d s\n", seconds);
    EDDY_TRY(eddy_sleep(seconds));
    printf("finished sleeping for %d s\n", seconds);
    *result = seconds;
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(delay, 10);
    int result;
    int rc = eddy_within(5, eddy_shield(task, &result));
    if (rc == EDDY_TIMEDOUT) {
        printf("%.0f: the task took longer than five seconds, it will finish soon!\n",
               eddy_time() - start);
        rc = eddy_await(task, &result);
    }
    EDDY_TRY(rc);
    printf("%.0f: %d\n", eddy_time() - start, result);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
