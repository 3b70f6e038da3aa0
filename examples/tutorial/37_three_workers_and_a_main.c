/* SPDX-License-Identifier: MIT */
/* 37_three_workers_and_a_main.c: tasks without a handle run as long as the program does. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC(worker, (int, idx))
{
    for (;;) {
        printf("worker-%d msg\n", idx);
        EDDY_TRY(eddy_sleep(1));
    }
}

EDDY_ASYNC(app)
{
    for (int i = 0; i < 3; i++)
        eddy_start(worker, i + 1);
    for (;;) {
        puts("main msg");
        EDDY_TRY(eddy_sleep(1)); // lets the workers run
    }
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
