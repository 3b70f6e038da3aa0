/* SPDX-License-Identifier: MIT */
/*
 * backoff.h: how long to wait before a failed request is tried again.
 *
 * Exponential: about 1 second before the first retry, then 3, 9, 27, 30, 30, ... The three pauses
 * of the default take 11 to 15 seconds: longer than a server restart of ten. At random, each pause
 * is up to 15 % shorter or longer, so that requests that failed together aren't retried together.
 * A pause that a server requests with Retry-After is never shortened.
 */
#ifndef EDDY_TOOLS_BACKOFF_H
#define EDDY_TOOLS_BACKOFF_H

#include <stdint.h>

/* One for a whole job: all requests share the generator; the caller counts the tries. */
struct backoff {
    uint64_t state;    // of the generator, splitmix64
};

/* The same seed gives the same pauses. */
void backoff_init(struct backoff *backoff, uint64_t seed);

/*
 * Returns the pause before retry number `retry` (from 0), in seconds. `retry_after` is the pause
 * that the server requested, in seconds; below zero or NaN: none. The result is never less than it.
 */
double backoff_delay(struct backoff *backoff, unsigned retry, double retry_after);

/* A number from 0 up to, not including, 1. */
double backoff_random(struct backoff *backoff);

#endif
