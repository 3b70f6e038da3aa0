/* SPDX-License-Identifier: MIT */
/* 36_daemon.c: reports the state of the system every minute, until Ctrl-C. */
#include "tutorial.h"

EDDY_ASYNC(send_statistic) // to some service
{
    printf("%.2f: stat\n", tutorial_time());
    return 0;
}

EDDY_ASYNC(app)
{
    for (;;) {
        EDDY_TRY(eddy_sleep(60));
        EDDY_TRY(send_statistic());
    }
}

int main(void)
{
    return tutorial_main(eddy_coro(app));
}
