/* SPDX-License-Identifier: MIT */
/*
 * serve_options.h: the options of `eddy serve`.
 */
#ifndef EDDY_TOOLS_SERVE_OPTIONS_H
#define EDDY_TOOLS_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct complaint;

struct serve_options {
    const char *path;    // a file (a map of path to document) or a folder
    const char *host;
    uint64_t port;              // 0: any that is free
    const char *certificate;    // PEM; NULL: plain HTTP
    const char *key;            // PEM; NULL: in the certificate's file
    uint64_t seed;              // of the generator behind jitter and failures
    double delay;               // seconds before each answer
    double jitter;              // seconds; a random part of this is added to each delay
    double fail_rate;           // fraction of the answers that fail, 0 to 1
    bool is_quiet;
};

/*
 * Reads the command line; argv[0] is the word "serve". Returns 0, OPTIONS_HELP, OPTIONS_VERSION
 * (options.h), or a negative errno with a message, for which the exit status is EXIT_USAGE. The
 * texts are borrowed from argv; there is nothing to free.
 */
int serve_options_parse(struct serve_options *options, int argc, char **argv,
                        struct complaint *complaint);

void serve_options_print_help(FILE *out);

#endif
