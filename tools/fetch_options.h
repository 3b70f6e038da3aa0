/* SPDX-License-Identifier: MIT */
/*
 * fetch_options.h: the options of `eddy fetch`.
 *
 * The command line is checked as a whole: when fetch_options_parse() returns 0, each value is
 * within its bounds, the options don't contradict each other, and there is at least one source of
 * URLs. Nothing has been opened yet.
 */
#ifndef EDDY_TOOLS_FETCH_OPTIONS_H
#define EDDY_TOOLS_FETCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "options.h"

struct complaint;

enum target_kind { TARGET_SQLITE, TARGET_NDJSON, TARGET_CSV };

/* Where the documents are stored. */
struct target {
    enum target_kind kind;
    const char *path;    // "-" with is_stdout
    bool is_stdout;
};

enum { STATUS_END = 600 };

/* A set of HTTP statuses, 100 to 599. */
struct status_set {
    bool has[STATUS_END];
};

struct fetch_options {
    struct text_list patterns;    // URL patterns, checked when they are added to a url_source
    const char *into;             // as it was written
    struct target target;         // `into`, parsed
    const char *urls;             // a file with URLs; "-" is standard input; NULL: none
    const char *cacert;           // a file with certificates; NULL: the system's
    const char *table;            // "documents" unless given
    const char *fail_on_text;     // as it was written
    struct status_set fail_on;    // statuses that count as failures
    struct text_list headers;     // "Name: value", each valid
    uint64_t concurrency;
    uint64_t retries;
    uint64_t max_size;    // bytes of one body
    uint64_t batch;       // rows in one transaction
    double rate;          // requests a second; 0: no limit
    double timeout;       // seconds for one request
    double max_wait;      // seconds: the longest pause that a host may request
    bool is_insecure;
    bool is_resuming;
    bool is_replacing;
    bool has_cookies;    // cookies are kept and sent back
    bool keeps_dots;     // dot segments in paths are kept
    bool is_quiet;
    bool is_verbose;
    bool has_json_summary;
};

/*
 * Reads the command line; argv[0] is the word "fetch". Returns 0, OPTIONS_HELP, OPTIONS_VERSION, or
 * a negative errno with a message, for which the exit status is EXIT_USAGE. The texts are borrowed
 * from argv. Call fetch_options_fini() in every case.
 */
int fetch_options_parse(struct fetch_options *options, int argc, char **argv,
                        struct complaint *complaint);
void fetch_options_fini(struct fetch_options *options);

void fetch_options_print_help(FILE *out);

/*
 * Whether --resume skips a URL whose row has this status and no error. It does not if the status is
 * in options->fail_on, even if an earlier run accepted it, or if the server refused authorization
 * (401, 403, 407): the user may have a new token now.
 */
bool fetch_options_keeps(const struct fetch_options *options, int status);

/*
 * The single checks. Each returns 0, or -EINVAL with a message.
 */

/* Accepts people.db, sqlite:PATH, x.ndjson, ndjson:PATH, x.csv, csv:PATH, - ; refuses others. */
int target_read(const char *text, struct target *out_target, struct complaint *complaint);

/* Reads "404,5xx": statuses and classes of statuses; "none" is the empty set. */
int status_set_read(const char *text, struct status_set *out_set, struct complaint *complaint);
bool status_set_has(const struct status_set *set, int status);

/* Accepts "Name: value", where the name is a token and not one that frames the message. */
int header_check(const char *text, struct complaint *complaint);

/* Accepts letters, digits and underscores, at most 63, no digit first: safe unquoted in any SQL. */
int table_name_check(const char *text, struct complaint *complaint);

#endif
