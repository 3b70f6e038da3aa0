/* SPDX-License-Identifier: MIT */
/* 28_sequential_against_concurrent.c: fetching for 1, 2 and 3 s takes 6 s in a row, 3 s at once. */
#include <eddy.h>

#include <stdio.h>
#include <unistd.h>

typedef struct reply {
    char text[16];
} reply;

EDDY_ASYNC_TO(reply, aget_data, (int, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    snprintf(result->text, sizeof result->text, "%d s.", seconds);
    return 0;
}

EDDY_ASYNC(get_sync_data)
{
    double start_time = eddy_time();
    for (int seconds = 1; seconds < 4; seconds++)
        sleep((unsigned)seconds);
    printf("Time taken (sync): %.2f s\n", eddy_time() - start_time);
    return 0;
}

EDDY_ASYNC(get_async_data)
{
    double start_time = eddy_time();
    reply data[3];
    EDDY_TRY(eddy_gather_to(data, eddy_coro(aget_data, 1), eddy_coro(aget_data, 2),
                            eddy_coro_with(aget_data, .seconds = 3)));
    printf("Time taken (async): %.2f s\n", eddy_time() - start_time);
    printf("['%s', '%s', '%s']\n", data[0].text, data[1].text, data[2].text);
    return 0;
}

EDDY_ASYNC(app)
{
    EDDY_TRY(get_sync_data());
    return get_async_data();
}

int main(void)
{
    return eddy_main(eddy_coro(app));
}
