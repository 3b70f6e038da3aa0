/* SPDX-License-Identifier: MIT */
/*
 * sink.h: where rows land. A database and a text file look alike from here.
 *
 *     struct sink *sink;
 *     EDDY_TRY(sink_open(options, &known, &sink, &complaint));
 *     while (...)
 *         EDDY_TRY(sink_write(sink, records, count, &complaint));
 *     EDDY_TRY(sink_finish(sink, true, &complaint));
 *     sink_free(sink);
 *
 * A batch is written whole or not at all. Everything that may block runs on another thread while
 * the calling task is suspended; that thread is never given anything that lies on a task's stack.
 */
#ifndef EDDY_TOOLS_SINK_H
#define EDDY_TOOLS_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct complaint;
struct fetch_options;
struct record;
struct seen;
struct sink;

/* What each kind of sink does; see the functions below. */
struct sink_ops {
    int (*write)(struct sink *sink, struct record *records, size_t count,
                 struct complaint *complaint);
    int (*finish)(struct sink *sink, bool is_complete, struct complaint *complaint);
    void (*free)(struct sink *sink);
};

struct sink {
    const struct sink_ops *ops;
    double patience;    // seconds that a row may wait for others to fill its batch
};

/*
 * Opens what options->target names, and looks whether it may be written: one that holds something
 * is refused unless the job goes on with it or replaces it. Going on, it puts every URL that was
 * answered into `known`. `options` and `known` must live as long as the sink.
 *
 * Returns 0, EDDY_CANCELLED, or an error with a sentence; then nothing there has changed. *out_sink is
 * to be freed in every case, NULL or not, after the loop has ended: after a cancellation a thread may
 * still be at work on it.
 */
int sink_open(const struct fetch_options *options, struct seen *known, struct sink **out_sink,
              struct complaint *complaint);

/*
 * Writes a batch, and sets the kind of each record by its body. Returns 0, -EPIPE when nobody reads
 * standard output any more, EDDY_CANCELLED, or another error with a sentence. After an error the
 * sink can only be freed; the batch may have landed if the disk failed, or the call was cancelled.
 * After a cancellation a thread may still read the records, until the loop has ended.
 */
int sink_write(struct sink *sink, struct record *records, size_t count,
               struct complaint *complaint);

/*
 * Brings what was written to the disk and closes it. `is_complete`: the job ran to its end, so what
 * was to be replaced goes even if nothing came in its place.
 */
int sink_finish(struct sink *sink, bool is_complete, struct complaint *complaint);

/* Frees the sink, finished or not; NULL is fine. A file that it made for nothing is removed. */
void sink_free(struct sink *sink);

/* The kinds; called by sink_open() alone. */
int sink_open_sqlite(const struct fetch_options *options, struct seen *known,
                     struct sink **out_sink, struct complaint *complaint);
int sink_open_text(const struct fetch_options *options, struct seen *known, struct sink **out_sink,
                   struct complaint *complaint);

/*
 * Says that `path` could not be opened or written, and what to do: `err` is a negative errno.
 * Returns `err`.
 */
int sink_complain(int err, const char *path, struct complaint *complaint);

/* Says that `path` (its table, if not NULL) holds rows already. Returns -EEXIST. */
int sink_complain_full(const char *path, const char *table, struct complaint *complaint);

#endif
