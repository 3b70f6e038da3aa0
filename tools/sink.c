/* SPDX-License-Identifier: MIT */
/*
 * sink.c: selects the kind of sink for a target, and has the messages that all kinds share.
 *
 * Owns nothing. Called by the landing of the fetch command.
 */
#include "sink.h"

#include <errno.h>
#include <string.h>

#include "complaint.h"
#include "fetch_options.h"

int sink_open(const struct fetch_options *options, struct seen *known, struct sink **out_sink,
              struct complaint *complaint)
{
    if (options->target.kind == TARGET_SQLITE)
        return sink_open_sqlite(options, known, out_sink, complaint);
    return sink_open_text(options, known, out_sink, complaint);
}

int sink_write(struct sink *sink, struct record *records, size_t count, struct complaint *complaint)
{
    return sink->ops->write(sink, records, count, complaint);
}

int sink_finish(struct sink *sink, bool is_complete, struct complaint *complaint)
{
    return sink->ops->finish(sink, is_complete, complaint);
}

void sink_free(struct sink *sink)
{
    if (sink != NULL)
        sink->ops->free(sink);
}

int sink_complain(int err, const char *path, struct complaint *complaint)
{
    switch (-err) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return complain(complaint, err, 0,
                        "%.200s: there is no room left (%s); what has landed so far is whole: make "
                        "room, then the same command with --resume goes on",
                        path, strerror(-err));
    case ENOENT:
    case ENOTDIR:
        return complain(complaint, err, 0,
                        "%.200s can't be opened: %s; make the folder, or name another file with "
                        "--into",
                        path, strerror(-err));
    case EACCES:
    case EPERM:
    case EROFS:
        return complain(complaint, err, 0,
                        "%.200s can't be written: %s; change who may write there, or name another "
                        "file with --into",
                        path, strerror(-err));
    case EISDIR:
        return complain(complaint, err, 0, "%.200s is a folder; name a file in it with --into",
                        path);
    case ESTALE:
        return complain(complaint, err, 0,
                        "%.200s was moved, removed or replaced while it was being written; what "
                        "had landed went with it",
                        path);
    case ENOLCK:
        return complain(complaint, err, 0,
                        "%.200s can't be locked against other runs (%s); name a file on another "
                        "file system with --into",
                        path, strerror(-err));
    case EAGAIN:
        return complain(complaint, err, 0,
                        "%.200s can't be written: no thread can be started for it (%s); raise the "
                        "limit on processes, or free memory",
                        path, strerror(-err));
    case EBUSY:
        return complain(complaint, err, 0,
                        "%.200s is being written by another eddy fetch; wait for it, or name "
                        "another file with --into",
                        path);
    default:
        return complain(complaint, err, 0, "%.200s can't be written: %s", path, strerror(-err));
    }
}

int sink_complain_full(const char *path, const char *table, struct complaint *complaint)
{
    return complain(complaint, -EEXIST, 0,
                    "%s%.63s%s%.200s holds documents already; --resume goes on with them, "
                    "--replace throws them away",
                    table != NULL ? "the table " : "", table != NULL ? table : "",
                    table != NULL ? " of " : "", path);
}
