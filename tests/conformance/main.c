/* SPDX-License-Identifier: MIT */
/*
 * main.c: the command line.
 *
 *     run FILE...               checks every program of these corpora, .jsonl or .jsonl.gz
 *       --name PATTERN          only those whose name matches (`group*`, `r1*-small`)
 *       --jobs N                in N processes, which survive a crash of the library
 *       --only-supported        skips programs with operations that the API doesn't have yet
 *       --trace                 prints each program with its trace instead of comparing it
 *       --help                  says so
 *
 * Of a program that fails it prints name and text, and the first event that differs, with the lines
 * around it.
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
    {"name", required_argument, NULL, 'n'},     {"jobs", required_argument, NULL, 'j'},
    {"only-supported", no_argument, NULL, 's'}, {"trace", no_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},           {0},
};

static const char usage[] =
    "usage: run [OPTION]... FILE...\n"
    "checks that the programs of these corpora (.jsonl, .jsonl.gz) leave the traces they should\n"
    "\n"
    "  --name PATTERN    only those whose name matches: 'group*', 'r1*-small'\n"
    "  --jobs N          in N processes (1 to 64), which survive a crash of the library\n"
    "  --only-supported  skips programs with operations that the API doesn't have\n"
    "  --trace           prints each program with its trace instead of comparing it\n"
    "  --help            prints this\n";

/* Reads the options; the number of jobs, 0 if only help is asked for, or -1 for a wrong one. */
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
        case 'h': return 0;
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
    if (jobs <= 0) {
        fputs(usage, jobs < 0 ? stderr : stdout);
        return jobs < 0 ? 2 : 0;
    }
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
