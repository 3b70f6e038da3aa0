/* SPDX-License-Identifier: MIT */
/* 24_future_awaited.c: one task awaits a future, another sets its value a second later. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

static void give_back(eddy_future **future)
{
    eddy_future_free(*future);
}

EDDY_ASYNC(set_future_value, (eddy_future *, future, give_back)) // its own, also if it never runs
{
    EDDY_AUTO(eddy_future) *mine = future;
    EDDY_TRY(eddy_sleep(1));
    return eddy_future_set_result(mine, int, 42);
}

/* Returns a future at once; the answer comes later. */
static eddy_future *make_request(void)
{
    eddy_future *future = eddy_future_new(int);
    eddy_start(set_future_value, eddy_future_ref(future));
    return future;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    EDDY_AUTO(eddy_future) *future = make_request();
    printf("Is the future done? %s\n", eddy_future_done(future) ? "True" : "False");
    int value;
    EDDY_TRY(eddy_await(future, &value));
    printf("Is the future done? %s\n", eddy_future_done(future) ? "True" : "False");
    printf("%d after %.0f s\n", value, eddy_time() - start);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
