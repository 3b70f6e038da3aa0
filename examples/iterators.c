/* SPDX-License-Identifier: MIT */
/*
 * iterators.c: eddy_for over a generator, a queue, a stream, tasks in the order they end, and a
 * user-defined type. In each case `rc` is the result of the loop: 0 at the end, or the error.
 */
#include <eddy.h>
#include <stdio.h>

/* A function that yields. */
EDDY_GENERATOR(int, squares, (int, n))
{
    for (int i = 1; i <= n; i++) {
        EDDY_TRY(eddy_sleep(0.001));
        EDDY_TRY(eddy_yield(i * i));
    }
    return 0;
}

/* A type with a `next` function, which the loop calls for each item. */
typedef struct countdown {
    int left;
} countdown;

EDDY_ITERATOR(int, countdown)
{
    if (self->left == 0)
        return EDDY_STOPITERATION;
    EDDY_TRY(eddy_sleep(0.001));
    *result = self->left--;
    return 0;
}

EDDY_ASYNC(fill, (eddy_queue *, queue))
{
    int rc;
    eddy_for (int, i, countdown_aiter(&(countdown){3}), &rc)
        EDDY_TRY(eddy_queue_put(queue, &i));
    eddy_queue_shutdown(queue, false);
    return rc;
}

EDDY_ASYNC_TO(int, doubled, (int, n))
{
    EDDY_TRY(eddy_sleep(n * 0.01));
    *result = 2 * n;
    return 0;
}

EDDY_ASYNC(lines)
{
    EDDY_AUTO(eddy_stream) *here = NULL;
    EDDY_AUTO(eddy_stream) *there = NULL;
    EDDY_TRY(eddy_stream_pair(NULL, &here, &there));
    EDDY_TRY(eddy_stream_write(there, "first line\nsecond line\n", 23));
    EDDY_TRY(eddy_stream_shutdown(there));
    int rc;
    eddy_for (eddy_span, line, here, &rc)
        fwrite(line.data, 1, line.size, stdout);
    return rc;
}

EDDY_ASYNC(app)
{
    int rc;
    eddy_for (int, square, eddy_generate(squares, 3), &rc)
        printf("a square: %d\n", square);
    EDDY_TRY(rc);

    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 1);
    EDDY_AUTO(eddy_task) *filling = eddy_create_task(fill, queue);
    eddy_for (int, item, queue, &rc)
        printf("an item: %d\n", item);
    EDDY_TRY(rc);
    EDDY_TRY(eddy_await(filling));

    EDDY_TRY(lines());

    eddy_future *coros[] = {eddy_coro(doubled, 2), eddy_coro(doubled, 1)};
    eddy_for (eddy_future *, done, eddy_as_completed(coros, 2, EDDY_NO_TIMEOUT), &rc) {
        int result;
        EDDY_TRY(eddy_await(done, &result));
        printf("a result: %d\n", result);
    }
    return rc;
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
