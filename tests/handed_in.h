/* SPDX-License-Identifier: MIT */
/* Coroutines for threads to hand to a loop, and how often their things were destroyed. */
#ifndef EDDY_TESTS_HANDED_IN_H
#define EDDY_TESTS_HANDED_IN_H

#include "harness.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

typedef struct thing {
    int number;
} thing;

static atomic_int argument_drops, result_drops, bodies;

static void drop_argument(thing *it)
{
    (void)it;
    atomic_fetch_add(&argument_drops, 1);
}

static void drop_result(thing *it)
{
    (void)it;
    atomic_fetch_add(&result_drops, 1);
}

static inline void begin(void)
{
    atomic_store(&argument_drops, 0);
    atomic_store(&result_drops, 0);
    atomic_store(&bodies, 0);
}

static inline void expect_counts(int body_count, int arguments, int results)
{
    EXPECT_EQ(atomic_load(&bodies), body_count);
    EXPECT_EQ(atomic_load(&argument_drops), arguments);
    EXPECT_EQ(atomic_load(&result_drops), results);
}

#define A_THING ((thing){5})
#define FOR_EVER EDDY_NO_TIMEOUT

EDDY_ASYNC_TO_OWNED(thing, drop_result, makes, (thing, given, drop_argument), (double, seconds))
{
    atomic_fetch_add(&bodies, 1);
    EXPECT(eddy_current_task() != NULL);
    EDDY_TRY(eddy_sleep(seconds));
    result->number = given.number + 1;
    return 3;
}

EDDY_ASYNC_TO(long, adds, (long, a), (long, b))
{
    EDDY_TRY(eddy_sleep(0)); // the clock stands still while a thread works for the loop
    *result = a + b;
    return 0;
}

EDDY_ASYNC(fails)
{
    EDDY_TRY(eddy_sleep(0));
    return eddy_fail_from(-EIO, eddy_fail(-ENOENT, "no file"), "from the loop");
}

static atomic_int seen_status;
static atomic_bool has_begun;

EDDY_ASYNC(waits_for_its_end)
{
    atomic_store(&has_begun, true);
    int rc = eddy_sleep(FOR_EVER);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "cancelled by another thread");
    atomic_store(&seen_status, rc);
    return rc;
}

#endif
