/* SPDX-License-Identifier: MIT */
/* 19_semaphore.c: six requests, two at a time. */
#include "tutorial.h"

static eddy_semaphore slots = EDDY_SEMAPHORE(2);

EDDY_ASYNC(request, (int, number))
{
    EDDY_TRY(eddy_semaphore_acquire(&slots));
    printf("%.0f: request %d begins\n", tutorial_time(), number);
    int rc = eddy_sleep(1);
    eddy_semaphore_release(&slots);
    return rc;
}

EDDY_ASYNC(app)
{
    eddy_coroutine *requests[6];
    for (int i = 0; i < 6; i++)
        requests[i] = eddy_coro(request, i + 1);
    EDDY_TRY(eddy_gather_all(requests, 6));
    printf("%.0f: all done\n", tutorial_time());
    return 0;
}

int main(void)
{
    return tutorial_main(eddy_coro(app));
}
