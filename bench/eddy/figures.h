/* SPDX-License-Identifier: MIT */
/*
 * figures.h: the stopwatch of the benchmark programs, and the line of figures that each prints.
 *
 *     struct watch watch = watch_start();
 *     ...
 *     report_each(n, watch);                  // ns=5.91 cpu_ns=5.90 rss_kb=1824
 *
 * `ns` is time that passed and `cpu_ns` processor time; on a quiet machine they are equal.
 */
#ifndef FIGURES_H
#define FIGURES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct watch {
    double wall; /* seconds, from an arbitrary start */
    double cpu;  /* seconds of processor time since the program began */
};

static inline double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline struct watch watch_start(void)
{
    return (struct watch){seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
}

/* What has passed since. */
static inline struct watch watch_read(struct watch since)
{
    struct watch now = watch_start();
    return (struct watch){now.wall - since.wall, now.cpu - since.cpu};
}

/* A line of /proc/self/status in KiB: "VmRSS:" is the memory in use, "VmHWM:" the most there was. */
static inline long status_kb(const char *key)
{
    char line[256];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            kb = atol(line + strlen(key));
    if (file)
        fclose(file);
    return kb;
}

/* What each of `n` operations has cost. */
static inline void report_each(long n, struct watch since)
{
    struct watch took = watch_read(since);
    printf("ns=%.2f cpu_ns=%.2f rss_kb=%ld\n", took.wall * 1e9 / (double)n,
           took.cpu * 1e9 / (double)n, status_kb("VmHWM:"));
}

/* The number in argument `i` of the command line, or `other` where there is none. */
static inline long argument(int argc, char **argv, int i, long other)
{
    return argc > i ? atol(argv[i]) : other;
}

#endif
