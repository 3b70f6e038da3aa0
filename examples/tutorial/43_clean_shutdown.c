/* SPDX-License-Identifier: MIT */
/* 43_clean_shutdown.c: a cancelled operation has time to end well: its cleanup may await. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(db_operation)
{
    puts("operation start");
    int rc;
    do
        puts("operation new round");
    while ((rc = eddy_sleep(1)) == 0);
    if (rc == EDDY_CANCELLED) {
        puts("operation was cancelled");
        EDDY_TRY(eddy_sleep(1));
    }
    puts("operation done");
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(db_operation);
    EDDY_TRY(eddy_sleep(5));
    eddy_task_cancel(task); // it gets EDDY_CANCELLED from its sleep, as soon as it runs
    EDDY_TRY(eddy_await(task));
    printf("after %.1f s\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
