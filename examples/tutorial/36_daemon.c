/* SPDX-License-Identifier: MIT */
/* 36_daemon.c: reports the state of the system every minute, until Ctrl-C. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(send_statistic) // to some service
{
    printf("%.2f: stat\n", eddy_time() - start);
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    for (;;) {
        EDDY_TRY(eddy_sleep(60));
        EDDY_TRY(send_statistic());
    }
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
