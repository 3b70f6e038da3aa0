/* SPDX-License-Identifier: MIT */
/* 03_awaited.c: awaiting a coroutine function is calling it. */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC_TO(int, get_person, (int, person_id))
{
    (void)person_id;
    *result = 42;
    return 0;
}

EDDY_ASYNC(app)
{
    int response;
    EDDY_TRY(get_person(&response, 1)); // response = await get_person(1)
    printf("%d\n", response);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
