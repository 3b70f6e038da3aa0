/* SPDX-License-Identifier: MIT */
/*
 * 49_requests_on_threads.c: requests that block, each on a thread. There are not many threads: for
 * what can await, tasks do.
 */
#include "tutorial.h"

/* Runs on a thread: it may block there, and must not await. */
EDDY_ASYNC_TO(int, process_request, (int, request))
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    *result = request * request;
    return 0;
}

EDDY_ASYNC_TO(int, on_a_thread, (int, request))
{
    return eddy_to_thread(eddy_coro(process_request, request), result);
}

EDDY_ASYNC(app)
{
    int squares[3];
    EDDY_TRY(eddy_gather_to(squares, eddy_coro(on_a_thread, 1), eddy_coro(on_a_thread, 2),
                            eddy_coro(on_a_thread, 3)));
    printf("%d %d %d\n", squares[0], squares[1], squares[2]);
    return 0;
}

int main(void)
{
    return tutorial_main(eddy_coro(app));
}
