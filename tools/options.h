/* SPDX-License-Identifier: MIT */
/*
 * options.h: parses command lines that are described by tables.
 *
 * Each command describes its options in a table of `struct option_spec`. Parsing, error messages
 * and the text of --help are all derived from the table.
 *
 *     static const struct option_spec options[] = {
 *         {"concurrency", 'c', "N", OPTION_COUNT, offsetof(struct job, concurrency),
 *          .min = 1, .max = 10000, .group = "How fast", .help = "Requests at a time (10)."},
 *         ...
 *     };
 *
 * Accepted: --name value, --name=value, --no-name for a flag, -n value, -nvalue, -ab for two flags;
 * options and arguments in any order; `--` ends the options; `-` alone is an argument. Names can't
 * be abbreviated, so a script keeps its meaning when an option is added. If an option is given
 * twice, the last value is used, unless it is a list or `is_single`.
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
    OPTION_TEXT,        // const char *, borrowed from argv
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
    const char **items;    // the texts are borrowed, the array is owned
    size_t count;
};

struct option_spec {
    const char *name;        // without the dashes
    char letter;             // '\0': no short form
    const char *argument;    // the name of the value in --help; NULL: the option takes none
    enum option_kind kind;
    size_t offset;    // of the field in the struct that is filled
    const char *help;
    const char *group;    // a heading in --help; NULL continues the group above
    double min, max;      // bounds of a number, if max isn't 0
    bool is_single;       // giving it twice is an error
    int (*check)(const char *value, struct complaint *complaint);    // for a text; 0 or negative
};

/* An option of another program, and what to use here instead. */
struct option_hint {
    const char *name;    // without the dashes; one letter: the short form
    const char *advice;
};

struct command {
    const char *name;           // "eddy fetch"
    const char *usage;          // "[OPTION...] URL..."
    const char *description;    // paragraphs, one a line; wrapped for display
    const struct option_spec *options;
    size_t option_count;
    const struct option_hint *hints;    // the last has no name; or NULL
    const char *examples;               // displayed verbatim
};

enum { OPTIONS_HELP = 1, OPTIONS_VERSION = 2 };
enum { EXIT_USAGE = 2 };    // the exit status for a command line that can't be understood

/*
 * Fills the fields of `target` from argv[1] on (argv[0] is the command's own name), and `arguments`
 * with the words that aren't options. The caller stores the defaults in `target` before.
 *
 * Returns 0; OPTIONS_HELP or OPTIONS_VERSION (the rest has not been parsed); or -EINVAL or -ENOMEM
 * with a message in `complaint`. The caller must fini the lists in every case.
 */
int options_parse(const struct command *command, int argc, char **argv, void *target,
                  struct text_list *arguments, struct complaint *complaint);

/* Prints the text of --help, at most 80 columns wide. */
void options_print_help(const struct command *command, FILE *out);

/* Appends to a list. Returns 0 or -ENOMEM. */
int text_list_put(struct text_list *list, const char *text);
void text_list_fini(struct text_list *list);

/*
 * Read single values. Each reads the whole of `text` and returns 0, or -EINVAL with *out unchanged.
 * The decimal point is a point in every locale. K, M, G, T and KiB, MiB, ... are powers of 1024;
 * kB, MB, ... are powers of 1000; case doesn't matter.
 */
int option_read_count(const char *text, uint64_t *out_count);
int option_read_duration(const char *text, double *out_seconds);
int option_read_size(const char *text, uint64_t *out_bytes);
int option_read_rate(const char *text, double *out_per_second);
int option_read_share(const char *text, double *out_share);

#endif
