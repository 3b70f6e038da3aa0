/* SPDX-License-Identifier: MIT */
/*
 * workers.h: a corpus checked, in this process or shared among several.
 */
#ifndef CONFORMANCE_WORKERS_H
#define CONFORMANCE_WORKERS_H

#include <stddef.h>

enum { WORKERS_MAX = 64 };

struct checker;
struct corpus;

struct totals {
    size_t passed;
    size_t failed;
    size_t skipped;
};

/* Checks every line in this process, and prints what there is to say about each. */
void check_all(struct checker *checker, const struct corpus *corpus, struct totals *totals);

/*
 * The same by `worker_count` processes, WORKERS_MAX at most, which take the lines in turn; what
 * they say is printed one after the other. One that crashes or hangs has failed at the program it was at, and another
 * goes on behind it. 0, or a negative errno value.
 */
int check_in_workers(struct checker *checker, const struct corpus *corpus, size_t worker_count,
                     struct totals *totals);

#endif
