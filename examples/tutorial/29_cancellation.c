/* SPDX-License-Identifier: MIT */
/* 29_cancellation.c: a task that never ends by itself is cancelled, and says so when awaited. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC(some_task, (double, seconds))
{
    for (;;) {
        EDDY_TRY(eddy_sleep(seconds));
        puts("task is running...");
    }
}

EDDY_ASYNC(app)
{
    EDDY_AUTO(eddy_task) *task0 = eddy_create_task(some_task, 1);
    EDDY_TRY(eddy_sleep(3));
    eddy_task_cancel(task0);
    int rc = eddy_await(task0);
    if (rc == EDDY_CANCELLED)
        puts("task is cancelled");
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
