/* SPDX-License-Identifier: MIT */
/* 42_optional_data.c: the map is sent also without the traffic jams, if they take too long. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(request_traffic_jams)
{
    return eddy_sleep(10);
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    int rc = eddy_wait_for(eddy_coro(request_traffic_jams), 1.0);
    if (rc == EDDY_TIMEDOUT)
        puts("Problems with traffic_jams service");
    printf("the map, after %.1f s\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
