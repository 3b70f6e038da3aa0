/* SPDX-License-Identifier: MIT */
/* 38_awaitables.c: what can be awaited: a coroutine, a task, a future. */
#include "tutorial.h"

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
    EDDY_TRY(coro()); // a coroutine, run here
    printf("coroutine: %.0f s\n", tutorial_time());

    EDDY_AUTO(eddy_task) *task = eddy_create_task(coro);
    EDDY_TRY(eddy_await(task)); // a task, which runs by itself
    printf("task: %.0f s\n", tutorial_time());

    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EDDY_TRY(eddy_call_later(5, set_result, future, NULL));
    EDDY_TRY(eddy_await(future)); // a future, which somebody completes
    printf("future: %.0f s\n", tutorial_time());
    return 0;
}

int main(void)
{
    return tutorial_main(eddy_coro(app));
}
