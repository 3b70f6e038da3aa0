/* SPDX-License-Identifier: MIT */
/*
 * backoff.c: pauses between tries.
 *
 * The generator is splitmix64: one word of state; any seed works, also 0. It only spreads requests,
 * so its numbers may be predictable.
 *
 * Owns nothing. Called by the fetch command, and by the serve command for its jitter.
 */
#include "backoff.h"

static const double base = 1, factor = 3, cap = 30, spread = 0.15;

void backoff_init(struct backoff *backoff, uint64_t seed)
{
    *backoff = (struct backoff){seed};
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
    double delay = base;
    for (unsigned i = 0; i < retry && delay < cap; i++)
        delay *= factor;
    if (delay > cap)
        delay = cap;
    delay *= 1 - spread + 2 * spread * backoff_random(backoff);
    return retry_after > delay ? retry_after : delay;    // false for NaN
}
