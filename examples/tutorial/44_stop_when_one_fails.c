/* SPDX-License-Identifier: MIT */
/* 44_stop_when_one_fails.c: one worker fails; the others are cancelled and waited for. */
#include <eddy.h>

#include <errno.h>
#include <stdio.h>

enum { WORKERS = 4, EBROKEN = EDDY_ERROR_USER };

EDDY_ASYNC(worker, (int, idx))
{
    int rc;
    do
        printf("worker %d new iter\n", idx);
    while ((rc = eddy_sleep(1)) == 0);
    if (rc == EDDY_CANCELLED)
        puts("worker was cancelled");
    puts("worker was correctly cancelled");
    return 0;
}

EDDY_ASYNC(worker_with_exception, (int, idx))
{
    EDDY_TRY(eddy_sleep(1));
    printf("worker %d Exception\n", idx);
    return EBROKEN;
}

EDDY_ASYNC(app)
{
    eddy_task *tasks[WORKERS], *pending[WORKERS];
    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_create_task(worker, i + 1);
    tasks[3] = eddy_create_task(worker_with_exception, 4);

    int done = eddy_wait(tasks, WORKERS, EDDY_NO_TIMEOUT, EDDY_FIRST_EXCEPTION);
    printf("done(%d) pending(%d)\n", done, WORKERS - done);

    size_t count = 0;
    for (int i = 0; i < WORKERS; i++) {
        if (!eddy_task_done(tasks[i]))
            eddy_task_cancel(pending[count++] = tasks[i]);
        else if (eddy_task_result(tasks[i]) == EBROKEN)
            printf("worker %d is broken\n", i + 1); // now its error has been looked at
    }
    int rc = eddy_gather_all(pending, count);
    for (int i = 0; i < WORKERS; i++)
        eddy_task_free(tasks[i]);
    return rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
