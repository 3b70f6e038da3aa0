/* SPDX-License-Identifier: MIT */
/*
 * record_reader.h: what an NDJSON or CSV file of an earlier run holds already.
 *
 * Read before a job goes on (--resume): each whole row tells its URL and whether it was answered,
 * and the end of the last whole row is known, where a torn one is to be cut off. Bodies are passed
 * over without being kept, so memory stays flat whatever lies in the file.
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
 * A row is whole when its line end has come; in CSV a line end inside quotes is none. A row that
 * failed still stands in the file when its URL is fetched anew, so whoever wants one row for each
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
    const char *url;    // zero-terminated, lent until the next call on the reader
    size_t url_size;
    int status;           // 0: there was no answer
    bool was_answered;    // it has a status and no error
    uint64_t start;       // offsets in the file: of its first byte,
    uint64_t end;         // and behind its line end
};

/* NULL when there is no memory. */
struct record_reader *record_reader_new(enum record_format format);
void record_reader_free(struct record_reader *reader);

/* Gives the next bytes of the file, lent until record_reader_next() has returned 0. */
void record_reader_feed(struct record_reader *reader, const void *bytes, size_t size);

/*
 * The next whole row. Returns 1 with *out_row set, 0 when the bytes given are used up, or -EBADMSG
 * when a line is no row of ours; `complaint` says which. Then the file is somebody else's or was
 * damaged: nothing in it should be cut off. Calling again goes on behind that line.
 */
int record_reader_next(struct record_reader *reader, struct landed_row *out_row,
                       struct complaint *complaint);

/*
 * The offset behind the last whole row, or the header, and how many bytes lie behind it. The latter
 * are at most one row, torn; far more than a row can have means an open quote: don't cut that.
 */
uint64_t record_reader_whole_size(const struct record_reader *reader);
uint64_t record_reader_torn_size(const struct record_reader *reader);

/* False as long as a CSV file's header line hasn't been read: such a file is begun anew. */
bool record_reader_has_header(const struct record_reader *reader);

#endif
