/* SPDX-License-Identifier: MIT */
/* A user's first program: two tasks that sleep at once. */
#include <eddy.h>
#include <stdio.h>
#include <string.h>

EDDY_ASYNC_TO(int, answer, (int, value), (double, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = value;
    return 0;
}

EDDY_GENERATOR(int, numbers, (int, n))
{
    for (int i = 0; i < n; i++)
        EDDY_TRY(eddy_yield(i));
    return 0;
}

/* With -DITEM=long it must not compile. */
#ifndef ITEM
#define ITEM int
#endif

EDDY_ASYNC(loop)
{
    int rc, sum = 0;
    eddy_for (ITEM, i, eddy_generate(numbers, 3), &rc)
        sum += (int)i;
    EDDY_TRY(rc);
    return sum == 3 ? 0 : EDDY_EVALUE;
}

EDDY_ASYNC(app)
{
    int values[2];
    EDDY_TRY(loop());
    EDDY_AUTO(eddy_task) *task = eddy_create_task(answer, 40, 0.02);
    EDDY_TRY(eddy_gather_to(values, task, eddy_coro_with(answer, .value = 2)));
    EDDY_TRY(eddy_within(1, eddy_sleep(0.001)));
    printf("%d\n", values[0] + values[1]);
    return 0;
}

int main(void)
{
    return strcmp(eddy_version(), EDDY_VERSION) != 0 ? 2 : eddy_main(eddy_coro(app));
}
