/* SPDX-License-Identifier: MIT */
/* Coroutine functions of test_coro_other.c, declared in a header as users do it. */
#ifndef EDDY_TESTS_TEST_CORO_OTHER_H
#define EDDY_TESTS_TEST_CORO_OTHER_H

#include <eddy.h>

EDDY_ASYNC_DECLARE(other_waits, (double, seconds));
EDDY_ASYNC_DECLARE(other_nothing);
EDDY_ASYNC_DECLARE_TO(long, other_product, (int, a), (long, b));
EDDY_ASYNC_DECLARE_TO(eddy_stream *, other_opened, (eddy_stream *, given, EDDY_OWNED(eddy_stream)));

#endif
