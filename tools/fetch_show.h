/* SPDX-License-Identifier: MIT */
/*
 * fetch_show.h: what `eddy fetch` says on standard error while it runs.
 *
 * On a terminal a bar that is drawn anew ten times a second, as long as the program is in the
 * foreground; elsewhere a line every few seconds; nothing with --quiet. What progress.h has formatted is brought to the descriptor here, by a timer
 * of the loop.
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
    uint64_t done, failed;        // URLs dealt with, by whoever deals with them
    uint64_t spared;              // URLs that need no dealing with: there already, or repeated
    const struct hosts *hosts;    // lent: which of them are paused
    bool is_bar;
    bool is_quiet;
    bool is_drawn;    // the bar stands on the terminal's last line
    eddy_handle *timer;
};

/* Begins to show, in a loop. `total` counts only when has_total. `hosts` lives as long as it. */
void show_begin(struct show *show, const struct hosts *hosts, bool is_quiet, bool has_total,
                uint64_t total);

/* Draws the last state and stops. */
void show_end(struct show *show);

/* Takes the bar off the terminal, before something else is printed there. */
void show_clear(struct show *show);

/* Prints "eddy fetch: " and a sentence on a line of its own; also with --quiet. */
void show_say(struct show *show, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
