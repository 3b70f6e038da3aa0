/* SPDX-License-Identifier: MIT */
/*
 * backoff.h: how long to wait before a request is tried again.
 *
 * Exponential with full jitter: before try n the pause is random between 0 and base * 2^n, at most
 * the cap. The randomness is what keeps a thousand requests that failed together from coming back
 * together. When the server said Retry-After, that is waited for in full, up to a limit, and the
 * random part (of one base) is added behind it, for the same reason.
 */
#ifndef EDDY_TOOLS_BACKOFF_H
#define EDDY_TOOLS_BACKOFF_H

#include <stdint.h>

/* Seconds; zero means the default. */
struct backoff_options {
    double base;               // 0.5
    double cap;                // 30
    double retry_after_max;    // 300: a longer Retry-After is cut to this
};

/* One for a whole job: the generator is shared, the number of the try is the caller's. */
struct backoff {
    struct backoff_options options;
    uint64_t state;    // of the generator, splitmix64
};

/* The same seed gives the same pauses. `options` may be NULL. */
void backoff_init(struct backoff *backoff, uint64_t seed, const struct backoff_options *options);

/*
 * The pause before retry number `retry` (from 0), in seconds. `retry_after` is what the server
 * asked for in seconds; below zero or NaN: nothing. Never below a Retry-After within the limit.
 */
double backoff_delay(struct backoff *backoff, unsigned retry, double retry_after);

/* A number from 0 up to, not including, 1. */
double backoff_random(struct backoff *backoff);

#endif
