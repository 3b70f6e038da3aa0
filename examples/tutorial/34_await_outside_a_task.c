/* SPDX-License-Identifier: MIT */
/* 34_await_outside_a_task.c: the compiler can't forbid it, so the call returns an error with a message. */
#include <eddy.h>

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    int rc = eddy_sleep(1);
    printf("%s: %s\n", eddy_strerror(rc), eddy_error_message(eddy_error_get(rc)));
    return rc == EDDY_EMISUSE ? EXIT_SUCCESS : EXIT_FAILURE;
}
