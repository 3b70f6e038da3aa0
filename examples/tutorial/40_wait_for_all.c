/* SPDX-License-Identifier: MIT */
/* 40_wait_for_all.c: wait in its mode ALL_COMPLETED does much the same as gather. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static const int delays[] = {4, 1, 2, 3, 5};

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
    eddy_group group; // owns the tasks, so that they need not be freed
    eddy_group_begin(&group);
    eddy_task *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = eddy_group_create_task(&group, some_sleep, i + 1);
    int done = eddy_wait(tasks, 5, EDDY_NO_TIMEOUT, EDDY_ALL_COMPLETED);
    printf("%d done after %.0f s\n", done, eddy_time() - start);
    return eddy_group_end(&group, done);
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
