/* SPDX-License-Identifier: MIT */
/* A gate that threads wait at until a test opens it: they meet there, never by waiting for a while. */
#ifndef EDDY_TESTS_GATE_H
#define EDDY_TESTS_GATE_H

#include <pthread.h>
#include <stdbool.h>

static struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open;
    int inside; // threads that wait at it, or have gone through
    int inside_max;
    int running;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline void gate_close(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_open = false;
    gate.inside = gate.running = gate.inside_max = 0;
    pthread_mutex_unlock(&gate.lock);
}

static inline void gate_open(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.is_open = true;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static inline void gate_pass(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.inside++;
    if (++gate.running > gate.inside_max)
        gate.inside_max = gate.running;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.is_open)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.running--;
    pthread_mutex_unlock(&gate.lock);
}

/* Blocks, also a loop, until so many have come. */
static inline void gate_await(int count)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.inside < count)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static inline int gate_inside(void)
{
    pthread_mutex_lock(&gate.lock);
    int n = gate.inside;
    pthread_mutex_unlock(&gate.lock);
    return n;
}

#endif
