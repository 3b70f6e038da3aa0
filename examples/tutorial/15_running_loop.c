/* SPDX-License-Identifier: MIT */
/* 15_running_loop.c: a loop exists while a program runs, not before and not after. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC(app)
{
    printf("inside: %s\n", eddy_get_running_loop() != NULL ? "a loop" : "none");
    double before = eddy_time();
    EDDY_TRY(eddy_sleep(0.5));
    printf("its clock went on by %.1f s\n", eddy_time() - before);
    return 0;
}

int main(void)
{
    printf("before: %s\n", eddy_get_running_loop() != NULL ? "a loop" : "none");
    int exit_status = eddy_main(eddy_coro(app));
    printf("after: %s\n", eddy_get_running_loop() != NULL ? "a loop" : "none");
    return exit_status;
}
