/* SPDX-License-Identifier: MIT */
/*
 * 32_cpu_bound_that_yields.c: a long computation blocks all other tasks, unless it yields now and
 * then. It gains no time by that: this one is too slow for its timeout.
 */
#include <eddy.h>

#include <stdio.h>
#include <unistd.h>

EDDY_ASYNC(func1)
{
    puts("func1() begins...");
    for (int i = 0; i < 10000; i++) {
        if (i % 100 == 0)
            EDDY_TRY(eddy_sleep(0)); // lets the loop run
        usleep(250);                 // the computing: 2.5 s in all
    }
    puts("func1(): OK");
    return 0;
}

EDDY_ASYNC(func2)
{
    puts("func2() begins...");
    EDDY_TRY(eddy_sleep(1));
    puts("func2(): OK");
    return 0;
}

EDDY_ASYNC(run_f1_f2)
{
    double start_time = eddy_time();
    EDDY_TRY(eddy_within(2, eddy_gather(eddy_coro(func1), eddy_coro(func2))));
    printf("Time taken (async): %.2f s\n", eddy_time() - start_time);
    return 0;
}

EDDY_ASYNC(app)
{
    int rc = run_f1_f2();
    if (rc == EDDY_TIMEDOUT)
        puts("TimeoutError");
    return rc == EDDY_TIMEDOUT ? 0 : rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
