/* SPDX-License-Identifier: MIT */
/* M7: TASKS tasks take turns on one lock, and let the others run while they hold it; the cost of a
   turn with the lock.
   usage: m7_lock TASKS TURNS      TURNS in all, by all tasks together */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC(take_turns, (eddy_lock *, lock), (long, turns))
{
    while (turns-- > 0)
        EDDY_TRY(eddy_locked(lock, eddy_sleep(0)));
    return 0;
}

EDDY_ASYNC(app, (long, tasks), (long, turns))
{
    eddy_lock lock = EDDY_LOCK;
    eddy_coroutine **workers = calloc((size_t)tasks, sizeof *workers);
    struct watch watch = watch_start();
    for (long i = 0; i < tasks; i++)
        workers[i] = eddy_coro(take_turns, &lock, turns / tasks);
    EDDY_TRY(eddy_gather_all(workers, (size_t)tasks));
    report_each(turns, watch);
    free(workers);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 100), argument(argc, argv, 2, 5000000)));
}
