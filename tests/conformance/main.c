/* SPDX-License-Identifier: MIT */
/*
 * main.c: the command line.
 *
 *     run FILE...               checks every program of these corpora, .jsonl or .jsonl.gz
 *       --name PATTERN          only those whose name matches (`group*`, `r1*-small`)
 *       --jobs N                in N processes, which survive a crash of the library
 *       --only-supported        skips programs with operations that the API doesn't have yet
 *       --trace                 prints each program with its trace instead of comparing it
 *
 * The last line is "N passed, N failed[, N skipped]". Exit status: 0 if something was checked and
 * nothing failed, 1 if not, 2 for a wrong command line.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "corpus.h"
#include "workers.h"

static const struct option long_options[] = {
    {"name", required_argument, NULL, 'n'},
    {"jobs", required_argument, NULL, 'j'},
    {"only-supported", no_argument, NULL, 's'},
    {"trace", no_argument, NULL, 't'},
    {0},
};

static int complain(const char *program)
{
    fprintf(stderr, "usage: %s [--name PATTERN] [--jobs N] [--only-supported] [--trace] FILE...\n",
            program);
    return 2;
}

/* Reads the options; the number of jobs, or -1 for a wrong one. */
static long read_options(int argc, char **argv, struct checker *checker)
{
    long jobs = 1;
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        switch (option) {
        case 'n': checker->name_pattern = optarg; break;
        case 'j': jobs = strtol(optarg, NULL, 10); break;
        case 's': checker->only_supported = true; break;
        case 't': checker->shows_traces = true; break;
        default: return -1;
        }
    }
    return jobs >= 1 && jobs <= WORKERS_MAX && optind < argc ? jobs : -1;
}

static int check_corpus(struct checker *checker, const struct corpus *corpus, size_t jobs)
{
    struct totals totals = {0};
    if (jobs == 1) {
        check_all(checker, corpus, &totals);
    } else {
        int err = check_in_workers(checker, corpus, jobs, &totals);
        if (err < 0) {
            fprintf(stderr, "run: the workers failed: %s\n", strerror(-err));
            return 1;
        }
    }
    if (!checker->shows_traces) {
        printf("%zu passed, %zu failed", totals.passed, totals.failed);
        if (totals.skipped > 0)
            printf(", %zu skipped", totals.skipped);
        printf("\n");
    }
    return totals.failed > 0 || totals.passed == 0;
}

int main(int argc, char **argv)
{
    struct checker checker = {0};
    struct corpus corpus = {0};
    long jobs = read_options(argc, argv, &checker);
    if (jobs < 0)
        return complain(argv[0]);
    for (int i = optind; i < argc; i++) {
        int err = corpus_read(&corpus, argv[i]);
        if (err < 0) {
            fprintf(stderr, "run: %s: %s\n", argv[i], strerror(-err));
            return 1;
        }
    }
    int status = check_corpus(&checker, &corpus, (size_t)jobs);
    checker_fini(&checker);
    corpus_fini(&corpus);
    fflush(stdout);    // a leak that a sanitizer finds at the exit must not take it away
    return status;
}
