/* SPDX-License-Identifier: MIT */
/* 50_requests_as_tasks.c: all requests at once, on one thread. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(process_request, (int, request))
{
    printf("request %d begins\n", request);
    return eddy_sleep(1);
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    eddy_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_create_task(process_request, i + 1);
    int rc = eddy_gather_all(tasks, 3);
    for (int i = 0; i < 3; i++)
        eddy_task_free(tasks[i]);
    printf("after %.0f s\n", eddy_time() - start);
    return rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
