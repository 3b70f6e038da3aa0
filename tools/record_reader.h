/* SPDX-License-Identifier: MIT */
/*
 * record_reader.h: reads the rows of an NDJSON or CSV file of an earlier run.
 *
 * Used before a job is resumed (--resume): each whole row gives its URL and whether it was
 * answered. The end of the last whole row is known too: a torn row behind it is to be cut off
 * there. Bodies are skipped and not stored, so memory use is bounded for any file.
 *
 *     struct record_reader *reader = record_reader_new(RECORD_NDJSON);
 *     while ((n = read(fd, block, sizeof block)) > 0) {
 *         record_reader_feed(reader, block, n);
 *         while ((outcome = record_reader_next(reader, &row, &complaint)) != 0)
 *             if (outcome > 0 && row.was_answered)
 *                 seen_put(&seen, row.url, row.url_size);
 *     }
 *     ftruncate(fd, record_reader_whole_size(reader));
 *
 * A row is whole if it has its line end; in CSV a line end inside quotes doesn't count. A failed
 * row is still in the file when its URL is fetched again, so a caller that wants one row for each
 * URL copies the rows to be kept, which `start` and `end` delimit.
 */
#ifndef EDDY_TOOLS_RECORD_READER_H
#define EDDY_TOOLS_RECORD_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct complaint;
struct record_reader;

enum record_format { RECORD_NDJSON, RECORD_CSV };

struct landed_row {
    const char *url;    // zero-terminated, borrowed until the next call on the reader
    size_t url_size;
    int status;           // 0: there was no answer
    bool was_answered;    // it has a status and no error
    uint64_t start;       // offset in the file of its first byte
    uint64_t end;         // offset in the file behind its line end
};

/* Returns NULL if there is no memory. */
struct record_reader *record_reader_new(enum record_format format);
void record_reader_free(struct record_reader *reader);

/* Feeds the next bytes of the file, borrowed until record_reader_next() has returned 0. */
void record_reader_feed(struct record_reader *reader, const void *bytes, size_t size);

/*
 * Reads the next whole row. Returns 1 with *out_row set, 0 if all bytes are used up, or -EBADMSG if
 * a line is not one of our rows; `complaint` says which. Then the file isn't ours or is damaged,
 * and nothing should be cut off. The next call continues behind that line.
 */
int record_reader_next(struct record_reader *reader, struct landed_row *out_row,
                       struct complaint *complaint);

/*
 * Return the offset behind the last whole row, or the header, and how many bytes follow it. Those
 * are at most one torn row; many more than a row can have mean an open quote: don't cut that off.
 */
uint64_t record_reader_whole_size(const struct record_reader *reader);
uint64_t record_reader_torn_size(const struct record_reader *reader);

/* Returns false until a CSV file's header line has been read: such a file is started anew. */
bool record_reader_has_header(const struct record_reader *reader);

#endif
