/* SPDX-License-Identifier: MIT */
/* M5: one task puts N items into a queue of SIZE, another takes them out; the cost of an item.
   usage: m5_queue SIZE N */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC(produce, (eddy_queue *, queue), (long, n))
{
    for (long i = 0; i < n; i++)
        EDDY_TRY(eddy_queue_put(queue, &i));
    return 0;
}

EDDY_ASYNC(consume, (eddy_queue *, queue), (long, n))
{
    long sum = 0;
    for (long i = 0; i < n; i++) {
        long item;
        EDDY_TRY(eddy_queue_get(queue, &item));
        sum += item;
    }
    return sum == n * (n - 1) / 2 ? 0 : eddy_fail(EDDY_EVALUE, "items were lost");
}

EDDY_ASYNC(app, (long, size), (long, n))
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(long, (size_t)size);
    struct watch watch = watch_start();
    EDDY_TRY(eddy_gather(eddy_coro(produce, queue, n), eddy_coro(consume, queue, n)));
    report_each(n, watch);
    return 0;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 1), argument(argc, argv, 2, 10000000)));
}
