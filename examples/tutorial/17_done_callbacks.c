/* SPDX-License-Identifier: MIT */
/* 17_done_callbacks.c: a function that is called when a task is done, with its result at hand. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC_TO(int, download, (int, size))
{
    EDDY_TRY(eddy_sleep(1));
    *result = size;
    return 0;
}

static int announce(eddy_future *task, void *data)
{
    int size;
    int rc = eddy_future_result(task, &size);
    if (rc < 0)
        printf("%s: %s\n", (const char *)data, eddy_strerror(rc));
    else
        printf("%s: %d bytes\n", (const char *)data, size);
    return 0;
}

EDDY_ASYNC(app)
{
    EDDY_AUTO(eddy_task) *first = eddy_create_task(download, 100);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(download, 200);
    EDDY_TRY(eddy_future_add_done_callback(first, announce, "first"));
    EDDY_TRY(eddy_future_add_done_callback(second, announce, "second"));
    EDDY_TRY(eddy_sleep(0.5));
    eddy_task_cancel(second, "not needed any more");
    return eddy_sleep(1);
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
