/* SPDX-License-Identifier: MIT */
/*
 * sink_text.h: shared by the two files of the sink for NDJSON and CSV: sink_text.c, which writes,
 * and sink_file.c, which opens a file and prepares it for resuming.
 *
 * Everything here may block, and runs on a thread.
 */
#ifndef EDDY_TOOLS_SINK_TEXT_H
#define EDDY_TOOLS_SINK_TEXT_H

#include <stdint.h>

#include "complaint.h"
#include "record.h"
#include "sink.h"
#include "target_file.h"

struct text_sink {
    struct sink sink;
    const struct fetch_options *options;
    struct seen *known;             // borrowed; filled while opening
    struct target_file file;        // its path is NULL for standard output
    bool is_csv;
    bool has_header;                // the header line of CSV has been written
    bool is_replacing;              // the file is still the old one, with its content
    uint64_t size;                  // bytes of whole rows in the file
    struct bytes text;              // the batch being written
    struct complaint complaint;     // the thread's complaint about the opening
};

/*
 * Opens the file of the options and checks its content. When resuming, it notes the answered URLs,
 * cuts off a torn last row and removes the failed rows. Returns 0, or an error with a message in
 * sink->complaint; then the file is unchanged. Returns -EPIPE, without a message, if a named pipe
 * has no reader yet.
 */
int text_file_open(struct text_sink *sink);

/* Writes all of sink->text, and cuts the file back to what it was if that fails. 0 or an error. */
int text_write_all(struct text_sink *sink, int fd, const void *data, size_t size);

/* Replaces the old file by a new one with the content of sink->text. Returns 0 or an error. */
int text_file_replace(struct text_sink *sink);

#endif
