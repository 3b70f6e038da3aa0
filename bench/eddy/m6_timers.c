/* SPDX-License-Identifier: MIT */
/* M6: a limit of 10 s around what lasts one turn, while PENDING other timers are armed; the cost of
   the limit and the turn. As a scope (asyncio.timeout), or around an awaitable (wait_for).
   usage: m6_timers PENDING N timeout|wait_for */
#include <eddy.h>

#include "figures.h"

EDDY_ASYNC(turn)
{
    return eddy_sleep(0);
}

static int never(void *data)
{
    (void)data;
    return EDDY_EVALUE;
}

EDDY_ASYNC(app, (long, pending), (long, n), (bool, as_scope))
{
    eddy_handle **others = calloc((size_t)pending + 1, sizeof *others);
    for (long i = 0; i < pending; i++)
        EDDY_TRY(eddy_call_later(3600 + (double)(i % 1000), never, NULL, &others[i]));

    struct watch watch = watch_start();
    if (as_scope)
        for (long i = 0; i < n; i++)
            EDDY_TRY(eddy_within(10, eddy_sleep(0)));
    else
        for (long i = 0; i < n; i++)
            EDDY_TRY(eddy_wait_for(eddy_coro(turn), 10));
    report_each(n, watch);

    for (long i = 0; i < pending; i++) {
        eddy_handle_cancel(others[i]);
        eddy_handle_free(others[i]);
    }
    free(others);
    return 0;
}

int main(int argc, char **argv)
{
    bool as_scope = argc <= 3 || strcmp(argv[3], "wait_for") != 0;
    return eddy_main(eddy_coro(app, argument(argc, argv, 1, 0), argument(argc, argv, 2, 5000000),
                               as_scope));
}
