/* SPDX-License-Identifier: MIT */
/* 20_event.c: several tasks wait for a signal that another gives. */
#include "tutorial.h"

static eddy_event is_open = EDDY_EVENT;

EDDY_ASYNC(visitor, (int, number))
{
    printf("%.0f: visitor %d waits\n", tutorial_time(), number);
    EDDY_TRY(eddy_event_wait(&is_open));
    printf("%.0f: visitor %d goes in\n", tutorial_time(), number);
    return 0;
}

EDDY_ASYNC(doorkeeper)
{
    EDDY_TRY(eddy_sleep(3));
    printf("%.0f: the door opens\n", tutorial_time());
    eddy_event_set(&is_open);
    return 0;
}

EDDY_ASYNC(app)
{
    return eddy_gather(eddy_coro(visitor, 1), eddy_coro(visitor, 2), eddy_coro(doorkeeper));
}

int main(void)
{
    return tutorial_main(eddy_coro(app));
}
