/* SPDX-License-Identifier: MIT */
/* 12_wait.c: wait tells the done from the pending; it raises no error and cancels nothing. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC_TO(double, fetch, (double, delay))
{
    EDDY_TRY(eddy_sleep(delay));
    *result = delay;
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    eddy_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_create_task(fetch, i + 1);

    int done = eddy_wait(tasks, 3, 2.5, EDDY_ALL_COMPLETED);
    printf("after %.1f s: %d done, %d pending\n", eddy_time() - start, done, 3 - done);
    for (int i = 0; i < 3; i++) {
        double delay;
        if (eddy_task_done(tasks[i]) && eddy_task_result(tasks[i], &delay) >= 0)
            printf("task %d: %.0f s\n", i + 1, delay);
        else
            printf("task %d: pending, cancelled: %d\n", i + 1, eddy_task_cancel(tasks[i]));
        eddy_task_free(tasks[i]);
    }
    return done < 0 ? done : 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
