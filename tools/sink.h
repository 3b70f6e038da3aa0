/* SPDX-License-Identifier: MIT */
/*
 * sink.h: writes rows to a target: one interface for databases and text files.
 *
 *     struct sink *sink;
 *     EDDY_TRY(sink_open(options, &known, &sink, &complaint));
 *     while (...)
 *         EDDY_TRY(sink_write(sink, records, count, &complaint));
 *     EDDY_TRY(sink_finish(sink, true, &complaint));
 *     sink_free(sink);
 *
 * A batch is written whole or not at all. Everything that may block runs on another thread while
 * the calling task is suspended; that thread never gets a pointer into a task's stack.
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

/* The operations of a kind of sink; see the functions below. */
struct sink_ops {
    int (*write)(struct sink *sink, struct record *records, size_t count,
                 struct complaint *complaint);
    int (*finish)(struct sink *sink, bool is_complete, struct complaint *complaint);
    void (*free)(struct sink *sink);
};

struct sink {
    const struct sink_ops *ops;
    double patience;    // seconds that a row may wait for its batch to fill
};

/*
 * Opens options->target, and checks whether it may be written: a target with content is refused
 * unless the job resumes or replaces it. When resuming, it adds every answered URL to `known`.
 * `options` and `known` must outlive the sink.
 *
 * Returns 0, EDDY_CANCELLED, or an error with a message; then the target is unchanged. *out_sink
 * must be freed in every case, NULL or not, after the loop has closed: after a cancellation a
 * thread may still use it.
 */
int sink_open(const struct fetch_options *options, struct seen *known, struct sink **out_sink,
              struct complaint *complaint);

/*
 * Writes a batch, and sets the kind of each record by its body. Returns 0, -EPIPE if standard
 * output has no reader any more, EDDY_CANCELLED, or another error with a message. After an error
 * the sink can only be freed; the batch may have landed if the disk failed or the call was
 * cancelled. After a cancellation a thread may still read the records, until the loop has closed.
 */
int sink_write(struct sink *sink, struct record *records, size_t count,
               struct complaint *complaint);

/*
 * Syncs the written rows to disk and closes the sink. `is_complete`: the job ran to its end, so the
 * old content that was to be replaced is removed even if there are no new rows.
 */
int sink_finish(struct sink *sink, bool is_complete, struct complaint *complaint);

/* Frees the sink, finished or not; NULL is fine. Removes a file that it created and left empty. */
void sink_free(struct sink *sink);

/* The kinds of sinks; called only by sink_open(). */
int sink_open_sqlite(const struct fetch_options *options, struct seen *known,
                     struct sink **out_sink, struct complaint *complaint);
int sink_open_text(const struct fetch_options *options, struct seen *known, struct sink **out_sink,
                   struct complaint *complaint);

/*
 * Complains that `path` could not be opened or written, and says what to do. `err` is a negative
 * errno. Returns `err`.
 */
int sink_complain(int err, const char *path, struct complaint *complaint);

/* Complains that `path` (or its table, if not NULL) already has rows. Returns -EEXIST. */
int sink_complain_full(const char *path, const char *table, struct complaint *complaint);

#endif
