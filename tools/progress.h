/* SPDX-License-Identifier: MIT */
/*
 * progress.h: how far the job is, said in one line; and how it went, said at the end.
 *
 *      46% ▕█████████▎          ▏  42/90  12/s  1 failed  0:04 left      on a terminal
 *     42 of 90 (46 %), 12/s, 1 failed, 0:04 left                         in a log
 *
 * Everything here formats and nothing prints: the caller knows where the line goes, puts a carriage
 * return before it and clears what is left of the old one. Time is a parameter, in seconds of any
 * clock that doesn't go backwards.
 */
#ifndef EDDY_TOOLS_PROGRESS_H
#define EDDY_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;
struct reasons;

enum { PROGRESS_LINE_MAX = 1024 };    // bytes of any line that fits a terminal of 200 columns

/* Two moving averages over one count: a quick one to show, a slow one to foretell the end with. */
struct progress {
    double started, marked;    // times: the beginning, the last step of the averages
    uint64_t total;
    bool has_total;
    uint64_t done, failed;
    uint64_t marked_done;    // what `done` was at `marked`
    double quick, quick_weight, slow, slow_weight;
    double last_line;    // time of the last plain line
    char pause[64];      // what holds up the job: "example.org paused 0:12"; empty: nothing
};

struct progress_style {
    unsigned width;     // columns of the terminal; 0: unknown, 80 is taken
    bool is_utf8;       // blocks of an eighth; else # and -
    bool has_colour;    // false under NO_COLOR
};

/* `total` counts only when has_total: a list that is read as it comes has no known end. */
void progress_init(struct progress *progress, double now, bool has_total, uint64_t total);

/* Tells the counts so far. Call it as often as convenient; it is cheap. */
void progress_update(struct progress *progress, double now, uint64_t done, uint64_t failed);

/* URLs a second, lately. 0 before anything is known. */
double progress_rate(const struct progress *progress);

/* Seconds left; below 0 when that can't be told. */
double progress_time_left(const struct progress *progress);

/*
 * Write the bar, never wider than style->width columns, or the plain line; without a line end. What
 * doesn't fit a narrow terminal goes in this order: the bar, the rate, the time, the failures, what
 * is paused.
 * Return the bytes written. `size` of PROGRESS_LINE_MAX always fits.
 */
size_t progress_bar(const struct progress *progress, double now, const struct progress_style *style,
                    char *out_line, size_t size);
size_t progress_line(const struct progress *progress, double now, char *out_line, size_t size);

/* True when a plain line is due again: `every` seconds after the one before. */
bool progress_is_line_due(struct progress *progress, double now, double every);

/* How a job went. loaded + not_found + refused + failed is the number of URLs dealt with. */
struct summary {
    uint64_t loaded;       // answered 2xx
    uint64_t not_found;    // answered 404 or 410
    uint64_t refused;      // answered otherwise
    uint64_t failed;       // no answer, or a status of --fail-on
    uint64_t skipped;      // there already (--resume)
    uint64_t repeated;     // came twice
    uint64_t retries;
    uint64_t body_size;               // bytes, of all bodies
    double elapsed;                   // seconds
    const char *into;                 // --into as written
    const struct reasons *reasons;    // why URLs weren't loaded; for programs; NULL: not told
    bool was_interrupted;
};

/*
 * Append the summary to `out`: for people, one or two lines; for programs, one JSON object on one
 * line. Both end with a line end.
 *
 *     82 loaded, 8 not found, 0 failed: 90 URLs in 1.9 s (47/s), 62.4 KiB into people.db
 */
void summary_write(const struct summary *summary, struct bytes *out);
void summary_write_json(const struct summary *summary, struct bytes *out);

#endif
