/* SPDX-License-Identifier: MIT */
/* 20_event.c: several tasks wait for a signal that another gives. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static eddy_event is_open = EDDY_EVENT;

EDDY_ASYNC(visitor, (int, number))
{
    printf("%.0f: visitor %d waits\n", eddy_time() - start, number);
    EDDY_TRY(eddy_event_wait(&is_open));
    printf("%.0f: visitor %d goes in\n", eddy_time() - start, number);
    return 0;
}

EDDY_ASYNC(doorkeeper)
{
    EDDY_TRY(eddy_sleep(3));
    printf("%.0f: the door opens\n", eddy_time() - start);
    eddy_event_set(&is_open);
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    return eddy_gather(eddy_coro(visitor, 1), eddy_coro(visitor, 2), eddy_coro(doorkeeper));
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
