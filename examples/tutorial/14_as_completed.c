/* SPDX-License-Identifier: MIT */
/* 14_as_completed.c: each result as soon as it is available, whatever the order of the tasks. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC_TO(int, fetch, (int, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = seconds;
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    eddy_coroutine *coros[] = {eddy_coro(fetch, 3), eddy_coro(fetch, 1), eddy_coro(fetch, 2)};
    int rc;
    eddy_for (eddy_future *, done, eddy_as_completed(coros, 3, EDDY_NO_TIMEOUT), &rc) {
        int seconds;
        EDDY_TRY(eddy_future_result(done, &seconds));
        printf("%.2f: the one of %d s\n", eddy_time() - start, seconds);
    }
    return rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
