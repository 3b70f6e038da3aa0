/* SPDX-License-Identifier: MIT */
/* 33_cpu_bound_on_a_thread.c: the same on a thread: the loop runs on although it never yields. */
#include <eddy.h>

#include <stdio.h>

/* Runs on a thread, so it must not await. */
EDDY_ASYNC_TO(int, count_primes, (int, below))
{
    int count = 0;
    for (int n = 2; n < below; n++) {
        int divisor = 2;
        while (divisor * divisor <= n && n % divisor != 0)
            divisor++;
        count += divisor * divisor > n;
    }
    *result = count;
    return 0;
}

EDDY_ASYNC(func1)
{
    puts("func1() begins...");
    int count;
    EDDY_TRY(eddy_to_thread(eddy_coro(count_primes, 100000), &count));
    printf("func1(): %d primes\n", count);
    return 0;
}

EDDY_ASYNC(func2)
{
    puts("func2() begins...");
    EDDY_TRY(eddy_sleep(1));
    puts("func2(): OK");
    return 0;
}

EDDY_ASYNC(app)
{
    double start_time = eddy_time();
    EDDY_TRY(eddy_within(2, eddy_gather(eddy_coro(func1), eddy_coro(func2))));
    printf("Time taken (async): %.2f s\n", eddy_time() - start_time);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
