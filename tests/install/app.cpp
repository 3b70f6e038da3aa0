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

EDDY_ASYNC(app)
{
    int values[2];
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
