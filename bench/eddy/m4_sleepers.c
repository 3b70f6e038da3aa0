/* SPDX-License-Identifier: MIT */
/* M4: N sleep at once for SECONDS, as tasks, each with a stack, or as futures without one; by how
   much the last one is late, processor time, and memory for each.
   usage: m4_sleepers N SECONDS tasks|futures */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC(nap, (double, seconds))
{
    return eddy_sleep(seconds);
}

EDDY_ASYNC(app, (long, n), (double, seconds), (bool, with_tasks))
{
    long before_kb = status_kb("VmRSS:");
    eddy_future **sleepers = calloc((size_t)n, sizeof *sleepers);
    struct watch watch = watch_start();
    for (long i = 0; i < n; i++)
        sleepers[i] = with_tasks ? eddy_coro(nap, seconds) : eddy_sleep_start(seconds);
    EDDY_TRY(eddy_gather_all(sleepers, (size_t)n));
    struct watch took = watch_read(watch);
    long most_kb = status_kb("VmHWM:");
    printf("over_s=%.3f cpu_s=%.3f b_per_task=%.0f rss_kb=%ld\n", took.wall - seconds, took.cpu,
           (double)(most_kb - before_kb) * 1024 / (double)n, most_kb);
    for (long i = 0; i < n && !with_tasks; i++)
        eddy_future_free(sleepers[i]);
    free(sleepers);
    return 0;
}

int main(int argc, char **argv)
{
    bool with_tasks = argc <= 3 || strcmp(argv[3], "futures") != 0;
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 1000000),
                               (double)argument(argc, argv, 2, 5), with_tasks));
}
