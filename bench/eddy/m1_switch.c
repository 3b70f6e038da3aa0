/* SPDX-License-Identifier: MIT */
/* M1: TASKS tasks that do nothing but let the others run; the cost of a turn.
   usage: m1_switch TASKS TURNS      TURNS in all, by all tasks together

   The main task is one of them. Turns go round, so its last is the last of all; the clock runs from
   the moment when each has had its first. */
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
    for (long i = 1; i < tasks; i++)
        eddy_start(spin, 1 + each);
    EDDY_TRY(spin(1));
    struct watch watch = watch_start();
    EDDY_TRY(spin(each));
    report_each(turns, watch);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 2), argument(argc, argv, 2, 50000000)));
}
