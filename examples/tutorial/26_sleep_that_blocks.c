/* SPDX-License-Identifier: MIT */
/* 26_sleep_that_blocks.c: while one task sleeps with sleep(3), no other task runs. */
#include <eddy.h>

#include <stdio.h>
#include <unistd.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(blocking, (int, number))
{
    printf("%.0f: task %d begins\n", eddy_time() - start, number);
    sleep(2); // time.sleep(2)
    printf("%.0f: task %d ends\n", eddy_time() - start, number);
    return 0;
}

EDDY_ASYNC(non_blocking, (int, number))
{
    printf("%.0f: task %d begins\n", eddy_time() - start, number);
    EDDY_TRY(eddy_sleep(2));
    printf("%.0f: task %d ends\n", eddy_time() - start, number);
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_TRY(eddy_gather(eddy_coro(blocking, 1), eddy_coro(blocking, 2)));
    EDDY_TRY(eddy_gather(eddy_coro(non_blocking, 3), eddy_coro(non_blocking, 4)));
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
