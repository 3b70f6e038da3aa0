/* SPDX-License-Identifier: MIT */
/*
 * progress.h: formats the progress of a job as one line, and its summary at the end.
 *
 *      46% ▕█████████▎          ▏  42/90  12/s  1 failed  0:04 left      on a terminal
 *     42 of 90 (46 %), 12/s, 1 failed, 0:04 left                         in a log
 *
 * These functions format and don't print: the caller writes the line, puts a carriage return before
 * it and clears the rest of the old one. Time is a parameter, in seconds of any clock that doesn't
 * run backwards.
 */
#ifndef EDDY_TOOLS_PROGRESS_H
#define EDDY_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;
struct reasons;

enum { PROGRESS_LINE_MAX = 1024 };    // bytes; enough for a line of 200 columns

/* Two moving averages of one count: a quick one to display, a slow one to predict the end. */
struct progress {
    double started, marked;    // times: of the start, of the last step of the averages
    uint64_t total;
    bool has_total;
    uint64_t done, failed;
    uint64_t marked_done;    // what `done` was at `marked`
    double quick, quick_weight, slow, slow_weight;
    double last_line;    // time of the last plain line
    char pause[64];      // what delays the job: "example.org paused 0:12"; empty: nothing
};

struct progress_style {
    unsigned width;     // columns of the terminal; 0: unknown, 80 is assumed
    bool is_utf8;       // the bar uses eighth blocks; else # and -
    bool has_colour;    // false under NO_COLOR
};

/* `total` is valid only if has_total: the length of a list that is still being read is unknown. */
void progress_init(struct progress *progress, double now, bool has_total, uint64_t total);

/* Sets the counts so far. Cheap; call it as often as convenient. */
void progress_update(struct progress *progress, double now, uint64_t done, uint64_t failed);

/* Returns the recent rate in URLs a second; 0 before anything is known. */
double progress_rate(const struct progress *progress);

/* Returns the seconds left; below 0 if unknown. */
double progress_time_left(const struct progress *progress);

/*
 * Write the bar, never wider than style->width columns, or the plain line; without a line end. On a
 * narrow terminal, parts are left out in this order: the bar, the rate, the time, the failures, the
 * pause.
 * Return the bytes written. A `size` of PROGRESS_LINE_MAX always fits.
 */
size_t progress_bar(const struct progress *progress, double now, const struct progress_style *style,
                    char *out_line, size_t size);
size_t progress_line(const struct progress *progress, double now, char *out_line, size_t size);

/* Returns true if the next plain line is due: `every` seconds after the one before. */
bool progress_is_line_due(struct progress *progress, double now, double every);

/* The results of a job. loaded + not_found + refused + failed is the number of finished URLs. */
struct summary {
    uint64_t loaded;       // answered 2xx
    uint64_t not_found;    // answered 404 or 410
    uint64_t refused;      // answered with another status
    uint64_t failed;       // no answer, or a status of --fail-on
    uint64_t skipped;      // present already (--resume)
    uint64_t repeated;     // given more than once
    uint64_t retries;
    uint64_t body_size;               // bytes of all bodies
    double elapsed;                   // seconds
    const char *into;                 // --into as written
    const struct reasons *reasons;    // why URLs weren't loaded; for programs; NULL: left out
    bool was_interrupted;
};

/*
 * Append the summary to `out`: for people, one or two lines; for programs, one JSON object on one
 * line. Both end with a newline.
 *
 *     82 loaded, 8 not found, 0 failed: 90 URLs in 1.9 s (47/s), 62.4 KiB into people.db
 */
void summary_write(const struct summary *summary, struct bytes *out);
void summary_write_json(const struct summary *summary, struct bytes *out);

#endif
