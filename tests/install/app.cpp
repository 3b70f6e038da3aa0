/* SPDX-License-Identifier: MIT */
/* The same as app.c, in C++. */
#include <eddy.h>

#include <cstdio>
#include <cstring>
#include <type_traits>

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

struct countdown {
    int left;
};

EDDY_ITERATOR(int, countdown)
{
    if (self->left == 0)
        return EDDY_STOPITERATION;
    *result = self->left--;
    return 0;
}

/* With -DITEM=long it must not compile. */
#ifndef ITEM
#define ITEM int
#endif

EDDY_ASYNC(loop)
{
    int rc, sum = 0, last = 0;
    countdown from_three = {3};
    eddy_queue *queue = eddy_queue_new(int, 0);
    eddy_for (ITEM, i, eddy_generate(numbers, 3), &rc)
        sum += (int)i;
    EDDY_TRY(rc);
    eddy_for (int, i, countdown_aiter(&from_three), &rc)
        EDDY_TRY(eddy_queue_put_nowait(queue, &i));
    EDDY_TRY(rc);
    EDDY_TRY(eddy_queue_shutdown(queue, false));
    eddy_for (int, i, queue, &rc)
        sum += i;
    EDDY_TRY(rc);
    EDDY_TRY(eddy_anext(queue, &last, 1));
    eddy_queue_free(queue);
    return sum + last == 10 ? 0 : EDDY_EVALUE;
}

EDDY_ASYNC(app)
{
    int values[2];
    EDDY_TRY(loop());
    int value = 0;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(answer, 40, 0.02);
    EDDY_TRY(eddy_gather_to(values, task, eddy_coro(answer, 1, 0.01)));
    EDDY_TRY(eddy_wait_for(eddy_coro(answer, 1, 0.001), 1.0, &value));
    EDDY_TRY(eddy_within(1, eddy_sleep(0.001)));
    std::printf("%d\n", values[0] + values[1] + value);
    return 0;
}

int main()
{
    return std::strcmp(eddy_version(), EDDY_VERSION) != 0 ? 2 : eddy_main(eddy_coro(app));
}
