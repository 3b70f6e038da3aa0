/* SPDX-License-Identifier: MIT */
/* 22_async_generator.c: a function that yields items and may await between them. */
#include <eddy.h>

#include <stdio.h>

static double start; // when the program began, by the clock of the loop

EDDY_GENERATOR(int, positive_integers, (int, until))
{
    for (int integer = 1; integer < until; integer++) {
        EDDY_TRY(eddy_sleep(integer));
        EDDY_TRY(eddy_yield(integer));
    }
    return 0;
}

EDDY_ASYNC(app)
{
    start = eddy_time();
    int rc;
    eddy_for (int, number, eddy_generate(positive_integers, 5), &rc)
        printf("%.0f: got number %d\n", eddy_time() - start, number);
    EDDY_TRY(rc); // 0 at the end, or the error that ended it

    // The same without eddy_for, and left early.
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(positive_integers, 1000);
    int first;
    EDDY_TRY(eddy_generator_next(generator, &first));
    printf("%.0f: the first is %d\n", eddy_time() - start, first);
    return eddy_generator_close(generator);
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
