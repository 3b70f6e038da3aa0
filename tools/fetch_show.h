/* SPDX-License-Identifier: MIT */
/*
 * fetch_show.h: the progress that `eddy fetch` shows on standard error while it runs.
 *
 * On a terminal: a bar, redrawn ten times a second while the program is in the foreground.
 * Elsewhere: a line every few seconds. With --quiet: nothing. progress.h formats the text; this
 * module writes it, from a timer of the loop.
 */
#ifndef EDDY_TOOLS_FETCH_SHOW_H
#define EDDY_TOOLS_FETCH_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include <eddy.h>

#include "hosts.h"
#include "progress.h"

struct show {
    struct progress progress;
    struct progress_style style;
    uint64_t total;               // of the URLs as written; counts only with progress.has_total
    uint64_t done, failed;        // URLs finished; updated by the job
    uint64_t spared;              // URLs skipped: present already, or repeated
    const struct hosts *hosts;    // borrowed: tells which hosts are paused
    bool is_bar;
    bool is_quiet;
    bool is_drawn;    // the bar is on the terminal's last line
    eddy_handle *timer;
};

/* Starts showing, in a loop. `total` is valid only if has_total. `hosts` must outlive `show`. */
void show_begin(struct show *show, const struct hosts *hosts, bool is_quiet, bool has_total,
                uint64_t total);

/* Draws the last state and stops. */
void show_end(struct show *show);

/* Erases the bar from the terminal; to be called before something else is printed there. */
void show_clear(struct show *show);

/* Prints "eddy fetch: " and a message on a separate line; also with --quiet. */
void show_say(struct show *show, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
