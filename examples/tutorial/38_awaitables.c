/* SPDX-License-Identifier: MIT */
/* 38_awaitables.c: what can be awaited: a coroutine, a task, a future. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_ASYNC(coro)
{
    return eddy_sleep(5);
}

static int set_result(void *future)
{
    return eddy_future_set_result((eddy_future *)future);
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_TRY(coro()); // a coroutine, run here
    printf("coroutine: %.0f s\n", eddy_time() - start);

    EDDY_AUTO(eddy_task) *task = eddy_create_task(coro);
    EDDY_TRY(eddy_await(task)); // a task, which runs by itself
    printf("task: %.0f s\n", eddy_time() - start);

    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EDDY_TRY(eddy_call_later(5, set_result, future, NULL));
    EDDY_TRY(eddy_await(future)); // a future, which somebody completes
    printf("future: %.0f s\n", eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
