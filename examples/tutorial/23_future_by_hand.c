/* SPDX-License-Identifier: MIT */
/* 23_future_by_hand.c: a future stands for a value that is set later. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC(app)
{
    EDDY_AUTO(eddy_future) *my_future = eddy_future_new(int);
    printf("Is my_future done? %s\n", eddy_future_done(my_future) ? "True" : "False");

    EDDY_TRY(eddy_future_set_result(my_future, int, 42));
    printf("Is my_future done? %s\n", eddy_future_done(my_future) ? "True" : "False");

    int result;
    EDDY_TRY(eddy_future_result(my_future, &result));
    printf("What is the result of my_future? %d\n", result);

    // Once only.
    int rc = eddy_future_set_result(my_future, int, 43);
    printf("Setting it again: %s\n", eddy_strerror(rc));
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
