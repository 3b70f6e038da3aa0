/* SPDX-License-Identifier: MIT */
/* 27_coroutine_against_task.c: a coroutine runs when it is awaited, a task in the next iteration of the loop. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC(async_coro)
{
    return 0;
}

static void print_result(int status)
{
    puts(status == 0 ? "None" : eddy_strerror(status)); // no value: the status is all there is
}

EDDY_ASYNC(app)
{
    eddy_coroutine *coro = eddy_coro(async_coro);
    print_result(eddy_await(coro)); // here, in this task; async_coro() would do the same

    EDDY_AUTO(eddy_task) *task = eddy_create_task(async_coro);
    EDDY_TRY(eddy_sleep(0)); // lets it run
    print_result(eddy_task_result(task));
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
