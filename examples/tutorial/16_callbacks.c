/* SPDX-License-Identifier: MIT */
/* 16_callbacks.c: plain functions that the loop calls: soon, later, or at a time. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static int say(void *data)
{
    printf("%.1f: %s\n", eddy_time() - start, (const char *)data);
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_AUTO(eddy_handle) *never = NULL;
    EDDY_TRY(eddy_call_later(2, say, "two seconds later", NULL));
    EDDY_TRY(eddy_call_at(eddy_time() + 1, say, "at one second", NULL));
    EDDY_TRY(eddy_call_later(1.5, say, "never", &never));
    EDDY_TRY(eddy_call_soon(say, "soon", NULL));
    eddy_handle_cancel(never);

    puts("all are scheduled");
    return eddy_sleep(3);
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
