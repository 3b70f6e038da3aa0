/* SPDX-License-Identifier: MIT */
/*
 * 02_never_awaited.c: a coroutine object does nothing until it is awaited. One that never is gets
 * reported, with the place where it was made.
 */
#include <eddy.h>

#include <stdio.h>

EDDY_ASYNC_TO(int, get_person, (int, person_id))
{
    printf("person %d is being fetched\n", person_id); // never printed
    *result = 42;
    return 0;
}

EDDY_ASYNC(app)
{
    eddy_coroutine *response = eddy_coro(get_person, 1);
    printf("<coroutine object %s>\n", eddy_task_coroutine_name(response));
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
