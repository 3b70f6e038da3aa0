/* SPDX-License-Identifier: MIT */
/* 19_semaphore.c: six requests, two at a time. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static eddy_semaphore slots = EDDY_SEMAPHORE(2);

EDDY_ASYNC(request, (int, number))
{
    EDDY_TRY(eddy_semaphore_acquire(&slots));
    printf("%.0f: request %d begins\n", eddy_time() - start, number);
    int rc = eddy_sleep(1);
    eddy_semaphore_release(&slots);
    return rc;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    eddy_coroutine *requests[6];
    for (int i = 0; i < 6; i++)
        requests[i] = eddy_coro(request, i + 1);
    EDDY_TRY(eddy_gather_all(requests, 6));
    printf("%.0f: all done\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
