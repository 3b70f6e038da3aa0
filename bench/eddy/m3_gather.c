/* SPDX-License-Identifier: MIT */
/* M3: gather N coroutines that do nothing but return a number; the cost of one, and the bytes it took
   at the most (the caller's two arrays, 12 bytes a coroutine, included). ROUNDS gathers; the last one
   is measured: with 1 memory is cold, with 2 everything has been there before.
   usage: m3_gather N ROUNDS */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC(itself, (int, i))
{
    return i;
}

EDDY_ASYNC(app, (long, n), (long, rounds))
{
    long before_kb = status_kb("VmRSS:");
    eddy_coroutine **children = calloc((size_t)n, sizeof *children);
    int *numbers = calloc((size_t)n, sizeof *numbers);
    struct watch watch;
    while (rounds-- > 0) {
        watch = watch_start();
        for (long i = 0; i < n; i++)
            children[i] = eddy_coro(itself, (int)i);
        EDDY_TRY(eddy_gather_all(children, (size_t)n, &(eddy_gather_options){.statuses = numbers}));
    }
    long bytes = (status_kb("VmHWM:") - before_kb) * 1024;
    printf("b_per_task=%.0f ", (double)bytes / (double)n);
    report_each(n, watch);
    return numbers[n - 1] == n - 1 ? 0 : EDDY_EVALUE;
}

int main(int argc, char **argv)
{
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 1000000), argument(argc, argv, 2, 1)));
}
