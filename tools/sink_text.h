/* SPDX-License-Identifier: MIT */
/*
 * sink_text.h: what the two halves of the sink for NDJSON and CSV share: sink_text.c, which writes,
 * and sink_file.c, which opens a file and makes it ready to be gone on with.
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
    struct seen *known;             // lent; filled while opening
    struct target_file file;        // its path is NULL for standard output
    bool is_csv;
    bool has_header;                // the header line of CSV has been written
    bool is_replacing;              // the file is the old one, and its content is still there
    uint64_t size;                  // of what is whole in the file
    struct bytes text;              // the batch being written
    struct complaint complaint;     // what the thread has to say about the opening
};

/*
 * Opens the file that the options name, and looks what it holds; going on, it reads which URLs are
 * answered, cuts off a torn last row and takes out the rows that failed. Returns 0, or an error
 * with a sentence in sink->complaint; then the file is as it was. -EPIPE, without one: a named pipe
 * has no reader yet.
 */
int text_file_open(struct text_sink *sink);

/* Writes all of sink->text, and cuts the file back to what it was if that fails. 0 or an error. */
int text_write_all(struct text_sink *sink, int fd, const void *data, size_t size);

/* Puts a new file with the content of sink->text in the place of the old one. 0 or an error. */
int text_file_replace(struct text_sink *sink);

#endif
