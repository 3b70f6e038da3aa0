/* SPDX-License-Identifier: MIT */
/*
 * backoff.h: how long to wait before a failed request is tried again.
 *
 * Exponential: about 1 second before the first retry, then 3, 9, 27, 30, 30, ... The three pauses
 * that are the default take 11 to 15 seconds, so they outlast a server's restart of ten. Each pause
 * is up to 15 % shorter or longer, at random, so that requests that failed together don't come back
 * together. What a server asks for with Retry-After is waited for in full.
 */
#ifndef EDDY_TOOLS_BACKOFF_H
#define EDDY_TOOLS_BACKOFF_H

#include <stdint.h>

/* One for a whole job: the generator is shared, the number of the try is the caller's. */
struct backoff {
    uint64_t state;    // of the generator, splitmix64
};

/* The same seed gives the same pauses. */
void backoff_init(struct backoff *backoff, uint64_t seed);

/*
 * The pause before retry number `retry` (from 0), in seconds. `retry_after` is what the server
 * asked for in seconds; below zero or NaN: nothing. The pause is never shorter than that.
 */
double backoff_delay(struct backoff *backoff, unsigned retry, double retry_after);

/* A number from 0 up to, not including, 1. */
double backoff_random(struct backoff *backoff);

#endif
