/* SPDX-License-Identifier: MIT */
/* M2: create a task that does nothing and await it, one after another; the cost of a task.
   usage: m2_spawn N */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC_TO(long, one)
{
    *result = 1;
    return 0;
}

EDDY_ASYNC(app, (long, n))
{
    long sum = 0;
    struct watch watch = watch_start();
    for (long i = 0; i < n; i++) {
        EDDY_AUTO(eddy_task) *task = eddy_create_task(one);
        long value;
        EDDY_TRY(eddy_await(task, &value));
        sum += value;
    }
    report_each(n, watch);
    return sum == n ? 0 : eddy_fail(EDDY_EVALUE, "%ld tasks of %ld", sum, n);
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 5000000)));
}
