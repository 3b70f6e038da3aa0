/* SPDX-License-Identifier: MIT */
/* 04_gather_of_four.c: four coroutines at once; the results come in the order of the arguments. */
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
    eddy_coroutine *coro_1 = eddy_coro(get_person, 1);
    eddy_coroutine *coro_2 = eddy_coro(get_person, 2);
    eddy_coroutine *coro_3 = eddy_coro(get_person, 3);
    eddy_coroutine *coro_4 = eddy_coro(get_person, 4);

    int results[4];
    EDDY_TRY(eddy_gather_to(results, coro_1, coro_2, coro_3, coro_4));
    printf("[%d, %d, %d, %d]\n", results[0], results[1], results[2], results[3]);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
