/* SPDX-License-Identifier: MIT */
/* 39_gather_of_five.c: five sleepers begin together, and each ends in its own time. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static const int delays[] = {4, 1, 2, 3, 5};

EDDY_ASYNC(some_sleep, (int, i))
{
    printf("%d: start sleep\n", i);
    EDDY_TRY(eddy_sleep(delays[i - 1]));
    printf("%d: end sleep\n", i);
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_TRY(eddy_gather(eddy_coro(some_sleep, 1), eddy_coro(some_sleep, 2),
                         eddy_coro(some_sleep, 3), eddy_coro(some_sleep, 4),
                         eddy_coro(some_sleep, 5)));
    printf("after %.0f s\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
