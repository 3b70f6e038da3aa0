/* SPDX-License-Identifier: MIT */
/* The other file of test_coro.c: functions that are called from there. */
#include "test_coro_other.h"

EDDY_ASYNC_DEFINE(other_waits, (double, seconds))
{
    return eddy_sleep(seconds);
}

EDDY_ASYNC_DEFINE(other_nothing)
{
    return 0;
}

EDDY_ASYNC_DEFINE_TO(long, other_product, (int, a), (long, b))
{
    EDDY_TRY(other_waits(1));
    *result = a * b;
    return 0;
}

EDDY_ASYNC_DEFINE_TO_OWNED(eddy_stream *, EDDY_OWNED(eddy_stream), other_opened,
                           (eddy_stream *, given, EDDY_OWNED(eddy_stream)))
{
    *result = given;
    return 0;
}
