/* SPDX-License-Identifier: MIT */
/*
 * sink_text.c: writes rows as lines of NDJSON or CSV, to a file or to standard output.
 *
 * A batch is formatted and written on a thread. If a file can't take the whole batch, it is cut
 * back to its size before, so it has whole rows only; on a pipe that is impossible.
 *
 * Invariants:
 *   - One thread at a time works on a sink, while the calling task waits. If a call is cancelled,
 *     its thread keeps running; no other call follows, and the job outlives its threads. So no lock
 *     is needed here.
 *   - Standard output may be a non-blocking pipe or terminal: then the thread waits in poll(2).
 *
 * Owns the descriptor (except standard output) and the buffer. Called through sink.c.
 */
#include "sink_text.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <eddy/task.h>
#include <eddy/thread.h>

#include "fetch_options.h"

/* Bytes of the buffer that are kept between batches, at most. */
enum { TEXT_KEPT_MAX = 4 << 20 };

static const double pipe_pause = 0.02;    // seconds between checks whether a pipe has a reader

static struct text_sink *text_of(struct sink *sink)
{
    return (struct text_sink *)((char *)sink - offsetof(struct text_sink, sink));
}

static int wait_writable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    return poll(&wanted, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int write_out(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        int err = n < 0 ? -errno : 0;
        if (err == -EAGAIN)
            err = wait_writable(fd);
        else if (err == -EINTR)
            err = 0;
        else if (n == 0)
            err = -EIO;
        if (err < 0)
            return err;
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

int text_write_all(struct text_sink *sink, int fd, const void *data, size_t size)
{
    int err = write_out(fd, data, size);
    if (err < 0 && sink->file.is_regular && ftruncate(fd, (off_t)sink->size) < 0)
        return -errno;
    if (err == 0)
        sink->size += size;
    return err;
}

static int make_text(struct text_sink *sink, struct record *records, size_t count)
{
    sink->text.size = 0;
    if (sink->is_csv && (!sink->has_header || sink->is_replacing))
        bytes_put_text(&sink->text, record_csv_header);
    for (size_t i = 0; i < count; i++) {
        struct record *record = &records[i];
        record->kind = record_kind_of(record->body, record->body_size);
        int err = sink->is_csv ? record_write_csv(record, &sink->text)
                               : record_write_ndjson(record, &sink->text);
        if (err < 0)
            return err;
    }
    return sink->text.err;
}

EDDY_ASYNC(write_batch, (struct text_sink *, sink), (struct record *, records), (size_t, count))
{
    int err = make_text(sink, records, count);
    if (err == 0)
        err = target_file_check(&sink->file);
    if (err < 0)
        return err;
    err = sink->is_replacing ? text_file_replace(sink)
                             : text_write_all(sink, sink->file.fd, sink->text.data, sink->text.size);
    if (err == 0)
        sink->has_header = true;
    if (sink->text.capacity > TEXT_KEPT_MAX)
        bytes_fini(&sink->text);
    return err;
}

static int complain_of(const struct text_sink *sink, int err, struct complaint *complaint)
{
    if (err == EDDY_CANCELLED || err == -EPIPE)
        return err;
    if (sink->file.path == NULL)    // don't advise --resume: its last row may be torn
        return complain(complaint, err, 0, "standard output can't be written: %s", strerror(-err));
    return sink_complain(err, sink->options->target.path, complaint);
}

static int text_write(struct sink *base, struct record *records, size_t count,
                      struct complaint *complaint)
{
    struct text_sink *sink = text_of(base);
    int err = eddy_to_thread(eddy_coro(write_batch, sink, records, count));
    return err < 0 ? complain_of(sink, err, complaint) : 0;
}

/* Syncs the rows to disk. A pipe or device has nothing to sync. */
static int sync_file(struct text_sink *sink)
{
    if (!sink->file.is_regular)
        return 0;
    if (fsync(sink->file.fd) < 0)
        return -errno;
    int err = target_file_check(&sink->file);
    return err < 0 ? err : target_file_sync_folder(&sink->file);
}

EDDY_ASYNC(finish_file, (struct text_sink *, sink), (bool, is_complete))
{
    bool has_more = is_complete && (sink->is_replacing || (sink->is_csv && !sink->has_header));
    int err = has_more ? write_batch(sink, NULL, 0) : 0;
    return err < 0 ? err : sync_file(sink);
}

static int text_finish(struct sink *base, bool is_complete, struct complaint *complaint)
{
    struct text_sink *sink = text_of(base);
    int err = eddy_to_thread(eddy_coro(finish_file, sink, is_complete));
    if (err < 0)
        return complain_of(sink, err, complaint);
    if (is_complete)
        target_file_keep(&sink->file);
    return 0;
}

static void text_free(struct sink *base)
{
    struct text_sink *sink = text_of(base);
    target_file_close(&sink->file);
    bytes_fini(&sink->text);
    free(sink);
}

static const struct sink_ops text_ops = {text_write, text_finish, text_free};

EDDY_ASYNC(open_file, (struct text_sink *, sink))
{
    return text_file_open(sink);
}

int sink_open_text(const struct fetch_options *options, struct seen *known, struct sink **out_sink,
                   struct complaint *complaint)
{
    struct text_sink *sink = malloc(sizeof *sink);
    if (sink == NULL)
        return complain(complaint, -ENOMEM, 0, "there is not enough memory");
    *sink = (struct text_sink){
        // The reader of a pipe waits for each row; the reader of a file doesn't.
        .sink = {&text_ops, .patience = options->target.is_stdout ? 0.05 : 0.5},
        .options = options,
        .known = known,
        .is_csv = options->target.kind == TARGET_CSV,
    };
    target_file_init(&sink->file);
    // A cancelled opening continues on its thread; the end of the job waits for it.
    *out_sink = &sink->sink;
    if (options->target.is_stdout) {
        sink->file.fd = STDOUT_FILENO;
        return 0;
    }
    int err = eddy_to_thread(eddy_coro(open_file, sink));
    while (err == -EPIPE) {    // wait for the reader of a named pipe, as a shell's redirection does
        EDDY_TRY(eddy_sleep(pipe_pause));
        err = eddy_to_thread(eddy_coro(open_file, sink));
    }
    if (err == EDDY_CANCELLED)
        return err;
    if (err < 0 && sink->complaint.text[0] == '\0')
        return sink_complain(err, options->target.path, complaint);
    *complaint = sink->complaint;
    return err;
}
