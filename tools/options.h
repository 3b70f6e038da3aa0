/* SPDX-License-Identifier: MIT */
/*
 * options.h: a command line is a table.
 *
 * Each command describes its options once, in rows of `struct option_spec`; from them come the
 * parsing, the sentences for what is wrong, and the text of --help.
 *
 *     static const struct option_spec options[] = {
 *         {"concurrency", 'c', "N", OPTION_COUNT, offsetof(struct job, concurrency),
 *          .min = 1, .max = 10000, .group = "How fast", .help = "Requests at a time (10)."},
 *         ...
 *     };
 *
 * Understood: --name value, --name=value, --no-name for a flag, -n value, -nvalue, -ab for two
 * flags; options and arguments in any order; `--` ends the options; `-` alone is an argument. Names
 * are not abbreviated, so a script keeps its meaning when an option is added. Of an option given
 * twice the last counts, unless it is a list or `is_single`.
 */
#ifndef EDDY_TOOLS_OPTIONS_H
#define EDDY_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct complaint;

enum option_kind {
    OPTION_FLAG,        // bool
    OPTION_TEXT,        // const char *, lent from argv
    OPTION_LIST,        // struct text_list; may be repeated
    OPTION_COUNT,       // uint64_t
    OPTION_DURATION,    // double, seconds:     30, 1.5, 500ms, 2m, 1h, 1d
    OPTION_SIZE,        // uint64_t, bytes:     512, 16M, 1GiB, 1.5k
    OPTION_RATE,        // double, a second:    10, 10/s, 600/m, 3600/h
    OPTION_SHARE,       // double, 0 to 1:      0.1, 10%
    OPTION_HELP,        // no value; ends the parsing with OPTIONS_HELP
    OPTION_VERSION,     // no value; ends the parsing with OPTIONS_VERSION
};

struct text_list {
    const char **items;    // the texts are lent, the array is ours
    size_t count;
};

struct option_spec {
    const char *name;        // without the dashes
    char letter;             // '\0': no short form
    const char *argument;    // as --help names the value; NULL for what takes none
    enum option_kind kind;
    size_t offset;    // of the field in the struct that is filled
    const char *help;
    const char *group;    // a heading of --help; NULL continues the group above
    double min, max;      // bounds of a number, if max isn't 0
    bool is_single;       // twice is a mistake
    int (*check)(const char *value, struct complaint *complaint);    // of a text; 0 or negative
};

/* An option of another program, and what to do here instead. */
struct option_hint {
    const char *name;    // without the dashes; one letter: the short form
    const char *advice;
};

struct command {
    const char *name;           // "eddy fetch"
    const char *usage;          // "[OPTION...] URL..."
    const char *description;    // paragraphs, one a line; wrapped when shown
    const struct option_spec *options;
    size_t option_count;
    const struct option_hint *hints;    // the last has no name; or NULL
    const char *examples;               // shown as they are
};

enum { OPTIONS_HELP = 1, OPTIONS_VERSION = 2 };
enum { EXIT_USAGE = 2 };    // the exit status for a command line that can't be understood

/*
 * Fills the fields of `target` from argv[1] on (argv[0] is the command's own name), and
 * `arguments` with what is no option. The caller has put the defaults into `target` before.
 *
 * Returns 0, OPTIONS_HELP or OPTIONS_VERSION (the rest has not been looked at), or -EINVAL,
 * -ENOMEM with a sentence in `complaint`. The lists are the caller's to fini in every case.
 */
int options_parse(const struct command *command, int argc, char **argv, void *target,
                  struct text_list *arguments, struct complaint *complaint);

/* Prints the text of --help, at most 80 columns wide. */
void options_print_help(const struct command *command, FILE *out);

/* Appends to a list. Returns 0 or -ENOMEM. */
int text_list_put(struct text_list *list, const char *text);
void text_list_fini(struct text_list *list);

/*
 * The values by themselves. Each reads the whole of `text` and returns 0, or -EINVAL and leaves
 * *out alone. The decimal point is a point in every locale. K, M, G, T and KiB, MiB, ... count in
 * 1024s; kB, MB, ... in 1000s; case doesn't matter.
 */
int option_read_count(const char *text, uint64_t *out_count);
int option_read_duration(const char *text, double *out_seconds);
int option_read_size(const char *text, uint64_t *out_bytes);
int option_read_rate(const char *text, double *out_per_second);
int option_read_share(const char *text, double *out_share);

#endif
