/* SPDX-License-Identifier: MIT */
/*
 * 49_requests_on_threads.c: requests that block, each on a thread. There are not many threads: for
 * what can await, tasks do.
 */
#include <eddy.h>

#include <stdio.h>
#include <time.h>

/* Runs on a thread: it may block there, and must not await. */
EDDY_ASYNC_TO(int, process_request, (int, request))
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    *result = request * request;
    return 0;
}

EDDY_ASYNC(app)
{
    int squares[3];
    eddy_future *threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = eddy_to_thread_start(eddy_coro(process_request, i + 1));
    EDDY_TRY(eddy_gather_all_to(squares, threads, 3));
    for (int i = 0; i < 3; i++)
        eddy_future_free(threads[i]);
    printf("%d %d %d\n", squares[0], squares[1], squares[2]);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
