/* SPDX-License-Identifier: MIT */
/* squares.c: the program of the README. Three tasks sleep at once: three seconds, not six. */
#include <eddy.h>
#include <stdio.h>

EDDY_ASYNC_TO(int, square, (int, n))
{
    EDDY_TRY(eddy_sleep(n)); // other tasks run meanwhile
    *result = n * n;
    return 0;
}

EDDY_ASYNC(app)
{
    int squares[3];
    EDDY_TRY(eddy_gather_to(squares, eddy_coro(square, 1), eddy_coro(square, 2),
                            eddy_coro_with(square, .n = 3)));
    printf("%d %d %d\n", squares[0], squares[1], squares[2]);
    return 0;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
