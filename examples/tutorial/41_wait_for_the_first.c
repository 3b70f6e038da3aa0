/* SPDX-License-Identifier: MIT */
/* 41_wait_for_the_first.c: several sources of the same thing; the fastest is good enough. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static const int delays[] = {4, 2, 3, 1, 5};

EDDY_ASYNC(some_sleep, (int, i))
{
    printf("%d: start sleep\n", i);
    EDDY_TRY(eddy_sleep(delays[i - 1]));
    printf("%d: end sleep\n", i);
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    eddy_task *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = eddy_create_task(some_sleep, i + 1);
    int done = eddy_wait(tasks, 5, EDDY_NO_TIMEOUT, EDDY_FIRST_COMPLETED);
    printf("%d done after %.0f s\n", done, eddy_time() - start);
    for (int i = 0; i < 5; i++)
        eddy_task_free(tasks[i]); // those that are pending are cancelled when the run ends
    return done;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
