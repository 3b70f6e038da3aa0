/* SPDX-License-Identifier: MIT */
/*
 * sink_file.c: opens a file of rows, and prepares a file of an earlier run for resuming.
 *
 * Three modes:
 *
 *     plain       the file must be empty; rows are appended
 *     --resume    the file is read once: answered URLs are noted, and a torn last row is cut off.
 *                 If some rows failed or are duplicates, the others are copied to a new file in
 *                 the same folder, which replaces it; so a URL tried again has one row at the end
 *     --replace   unchanged until the first batch, which is written to a new file in the same
 *                 folder that replaces it; so the old rows are lost only when there are new ones
 *
 * Invariants:
 *   - The name always leads to a whole file, the old or the new one: rename(2) is atomic.
 *   - A file that we didn't write is refused, never cut or copied.
 *   - The file is locked (target_file.c), and so is the new one before it is renamed.
 *
 * Everything runs on a thread and may block. Called by sink_text.c.
 */
#include "sink_text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complaint.h"
#include "fetch_options.h"
#include "record_reader.h"
#include "seen.h"
#include "url_source.h"

enum { READ_SIZE = 256 << 10 };

/* The results of reading a file through. */
struct survey {
    uint64_t row_count;
    uint64_t useless_count;    // rows to be tried again, or with a URL that an earlier row has
    uint64_t whole_size;
    uint64_t torn_size;
    bool has_header;
};

/* Copies a row's bytes to the new file. */
static int copy_row(struct text_sink *sink, const struct landed_row *row, int to)
{
    char block[8192];
    for (uint64_t at = row->start; at < row->end;) {
        size_t size = row->end - at < sizeof block ? (size_t)(row->end - at) : sizeof block;
        ssize_t n = pread(sink->file.fd, block, size, (off_t)at);
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        errno = ENOSPC;    // the likely reason of a short write
        if (write(to, block, (size_t)n) != n)
            return -errno;
        at += (uint64_t)n;
    }
    return 0;
}

/* Takes the rows that the reader has: counts them, and notes and copies those that are kept. */
static int take_rows(struct text_sink *sink, struct record_reader *reader, struct seen *answered,
                     int to, struct survey *survey)
{
    struct landed_row row;
    int rc;
    while ((rc = record_reader_next(reader, &row, &sink->complaint)) > 0) {
        survey->row_count++;
        bool is_kept = row.was_answered && fetch_options_keeps(sink->options, row.status);
        int is_new = is_kept ? seen_put(answered, row.url, row.url_size) : 0;
        if (is_new < 0)
            return is_new;
        survey->useless_count += is_new == 0;
        int err = is_new && to >= 0 ? copy_row(sink, &row, to) : 0;
        if (err < 0)
            return err;
    }
    return rc;
}

/* Reads the whole file. `to`: descriptor to which answered rows are copied, or -1. */
static int read_through(struct text_sink *sink, struct seen *answered, int to,
                        struct survey *survey)
{
    *survey = (struct survey){0};
    struct record_reader *reader = record_reader_new(sink->is_csv ? RECORD_CSV : RECORD_NDJSON);
    char *block = malloc(READ_SIZE);
    int rc = reader != NULL && block != NULL ? 0 : -ENOMEM;
    for (off_t at = 0; rc == 0;) {
        ssize_t n = pread(sink->file.fd, block, READ_SIZE, at);
        if (n <= 0) {
            rc = n < 0 ? -errno : 1;
            break;
        }
        at += n;
        record_reader_feed(reader, block, (size_t)n);
        rc = take_rows(sink, reader, answered, to, survey);
    }
    if (rc > 0) {
        survey->whole_size = record_reader_whole_size(reader);
        survey->torn_size = record_reader_torn_size(reader);
        survey->has_header = record_reader_has_header(reader);
        rc = 0;
    }
    free(block);
    record_reader_free(reader);
    return rc;
}

/* --- A file beside it ------------------------------------------------------------------------- */

/* Creates "people.csv.XXXXXX" in the file's folder, locked, with the same permissions. */
static int open_beside(const struct text_sink *sink, char **out_name)
{
    struct stat status;
    char *name;
    if (fstat(sink->file.fd, &status) < 0)
        return -errno;
    if (asprintf(&name, "%s.XXXXXX", sink->file.path) < 0)
        return -ENOMEM;
    int fd = mkostemp(name, O_APPEND | O_CLOEXEC);
    int err = fd < 0 ? -errno : target_file_lock_beside(fd);
    if (err == 0) {
        // If the same permissions can't be set, the file stays private to its owner.
        if (fchmod(fd, status.st_mode & 07777) < 0)
            errno = 0;
        *out_name = name;
        return fd;
    }
    if (fd >= 0) {
        unlink(name);
        close(fd);
    }
    free(name);
    return err;
}

/* Renames the new file over the old one, or removes it after an error. Frees `name`. */
static int settle_beside(struct text_sink *sink, int fd, char *name, int err)
{
    if (err == 0 && fsync(fd) < 0)
        err = -errno;
    if (err == 0)
        err = target_file_check(&sink->file);
    if (err == 0 && rename(name, sink->file.path) < 0)
        err = -errno;
    if (err < 0) {
        unlink(name);
        close(fd);
    }
    free(name);
    return err < 0 ? err : target_file_take_place(&sink->file, fd);
}

int text_file_replace(struct text_sink *sink)
{
    if (!sink->file.is_regular) {
        sink->is_replacing = false;
        return text_write_all(sink, sink->file.fd, sink->text.data, sink->text.size);
    }
    char *name;
    int fd = open_beside(sink, &name);
    if (fd < 0)
        return fd;
    uint64_t old_size = sink->size;
    sink->size = 0;
    int err = text_write_all(sink, fd, sink->text.data, sink->text.size);
    err = settle_beside(sink, fd, name, err);
    if (err == 0)
        sink->is_replacing = false;
    else
        sink->size = old_size;
    return err;
}

/* Copies the answered rows, each URL once, to a new file and continues with that file. */
static int drop_useless(struct text_sink *sink)
{
    struct seen answered;
    struct survey survey;
    char *name;
    int fd = open_beside(sink, &name);
    if (fd < 0)
        return fd;
    seen_init(&answered, sink->known->key);
    int err = 0;
    if (sink->is_csv && write(fd, record_csv_header, strlen(record_csv_header)) < 0)
        err = -errno;
    if (err == 0)
        err = read_through(sink, &answered, fd, &survey);
    seen_fini(&answered);
    off_t size = lseek(fd, 0, SEEK_END);
    err = settle_beside(sink, fd, name, err);
    if (err == 0)
        sink->size = size > 0 ? (uint64_t)size : 0;
    return err;
}

/* --- Going on --------------------------------------------------------------------------------- */

/* Returns the largest size of a row. More bytes without its end mean an open quote, no torn row. */
static uint64_t torn_size_max(const struct fetch_options *options)
{
    uint64_t body_max =
        options->max_size > UINT64_C(64) << 20 ? options->max_size : UINT64_C(64) << 20;
    return (body_max + URL_MAX) * 6 + 65536;
}

static int go_on(struct text_sink *sink)
{
    struct survey survey;
    int err = read_through(sink, sink->known, -1, &survey);
    const char *path = sink->options->target.path;
    if (err == -EBADMSG) {
        char reason[200];
        snprintf(reason, sizeof reason, "%.199s", sink->complaint.text);
        return complain(&sink->complaint, err, 0, "%.200s can't be gone on with: %s", path, reason);
    }
    if (err < 0)
        return err;
    if (survey.torn_size > torn_size_max(sink->options))
        return complain(&sink->complaint, -EBADMSG, 0,
                        "%.200s can't be gone on with: its last row, from byte %" PRIu64
                        " on, never ends; name another file with --into",
                        path, survey.whole_size);
    sink->has_header = survey.has_header;
    sink->size = sink->is_csv && !survey.has_header ? 0 : survey.whole_size;
    if (survey.useless_count > 0)
        return drop_useless(sink);
    return ftruncate(sink->file.fd, (off_t)sink->size) < 0 ? -errno : 0;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static int prepare(struct text_sink *sink)
{
    const struct fetch_options *options = sink->options;
    sink->size = sink->file.size;
    if (!sink->file.is_regular || sink->size == 0)
        return 0;
    if (options->is_resuming)
        return go_on(sink);
    sink->is_replacing = options->is_replacing;
    return options->is_replacing ? 0
                                 : sink_complain_full(options->target.path, NULL, &sink->complaint);
}

int text_file_open(struct text_sink *sink)
{
    sink->complaint.text[0] = '\0';
    int err = target_file_open(&sink->file, sink->options->target.path, NULL);
    if (err == 0)
        err = prepare(sink);
    if (err < 0 && err != -EPIPE && sink->complaint.text[0] == '\0')
        return sink_complain(err, sink->options->target.path, &sink->complaint);
    return err;
}
