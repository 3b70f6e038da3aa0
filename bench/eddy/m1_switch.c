/* SPDX-License-Identifier: MIT */
/* M1: TASKS tasks that do nothing but let the others run; the cost of a turn.
   usage: m1_switch TASKS TURNS      TURNS in all, by all tasks together

   The clock runs from the moment when each has begun, until the first is done: turns go round, so the
   others are as far. */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC(spin, (long, turns))
{
    while (turns-- > 0)
        EDDY_TRY(eddy_sleep(0));
    return 0;
}

EDDY_ASYNC(app, (long, tasks), (long, turns))
{
    long each = turns / tasks;
    EDDY_AUTO(eddy_task) *first = eddy_create_task(spin, each);
    for (long i = 1; i < tasks; i++)
        eddy_start(spin, each);
    EDDY_TRY(eddy_sleep(0));
    struct watch watch = watch_start();
    EDDY_TRY(eddy_await(first));
    report_each(turns, watch);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 2), argument(argc, argv, 2, 50000000)));
}
