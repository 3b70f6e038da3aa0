/* SPDX-License-Identifier: MIT */
/*
 * backoff.c: pauses between tries.
 *
 * The generator is splitmix64: one word of state, good from any seed, also 0. It is here to spread
 * requests, and not to be unguessable.
 *
 * Owns nothing. Called by the fetch command; the serve command draws its jitter from it too.
 */
#include "backoff.h"

#include <stddef.h>

static double or_default(double value, double fallback)
{
    return value > 0 ? value : fallback;
}

void backoff_init(struct backoff *backoff, uint64_t seed, const struct backoff_options *options)
{
    struct backoff_options given = options != NULL ? *options : (struct backoff_options){0};
    *backoff = (struct backoff){
        .options =
            {
                .base = or_default(given.base, 0.5),
                .cap = or_default(given.cap, 30),
                .retry_after_max = or_default(given.retry_after_max, 300),
            },
        .state = seed,
    };
}

static uint64_t next_word(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

double backoff_random(struct backoff *backoff)
{
    return (double)(next_word(&backoff->state) >> 11) *
           0x1p-53;    // as many bits as a double keeps
}

double backoff_delay(struct backoff *backoff, unsigned retry, double retry_after)
{
    const struct backoff_options *options = &backoff->options;
    if (retry_after >= 0) {    // false for NaN
        double asked =
            retry_after < options->retry_after_max ? retry_after : options->retry_after_max;
        return asked + options->base * backoff_random(backoff);
    }
    double most = options->base;
    for (unsigned i = 0; i < retry && most < options->cap; i++)
        most *= 2;
    if (most > options->cap)
        most = options->cap;
    return most * backoff_random(backoff);
}
