/* SPDX-License-Identifier: MIT */
/* 10_create_task.c: a task runs beside the one that created it; two of one second take one. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC_TO(int, fetch, (int, source))
{
    printf("%.2f: source %d asked\n", eddy_time() - start, source);
    EDDY_TRY(eddy_sleep(1));
    printf("%.2f: source %d answered\n", eddy_time() - start, source);
    *result = source * 10;
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    double start = eddy_time();
    EDDY_AUTO(eddy_task) *first = eddy_create_task(fetch, 1);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(fetch, 2);
    puts("both tasks are scheduled; neither has begun");

    int a, b;
    EDDY_TRY(eddy_await(first, &a));
    EDDY_TRY(eddy_await(second, &b));
    printf("%d and %d after %.2f s\n", a, b, eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
