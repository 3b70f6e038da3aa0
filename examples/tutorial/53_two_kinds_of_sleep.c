/* SPDX-License-Identifier: MIT */
/* 53_two_kinds_of_sleep.c: ten sleeps of a second: 10 s if they block the thread, else 1 s. */
#include <eddy.h>

#include <stdio.h>
#include <unistd.h>

enum { SLEEPERS = 10 };

EDDY_ASYNC(sync_sleep)
{
    sleep(1); // time.sleep(1): nothing else can run
    return 0;
}

EDDY_ASYNC(async_sleep)
{
    return eddy_sleep(1);
}

EDDY_ASYNC(app)
{
    double start = eddy_time();
    eddy_coroutine *sleepers[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++)
        sleepers[i] = eddy_coro(sync_sleep);
    EDDY_TRY(eddy_gather_all(sleepers, SLEEPERS));
    printf("\n==> Total time: %.2f seconds\n", eddy_time() - start);

    for (int i = 0; i < SLEEPERS; i++)
        sleepers[i] = eddy_coro(async_sleep);
    EDDY_TRY(eddy_gather_all(sleepers, SLEEPERS));
    printf("\n==> Total time: %.2f seconds\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
