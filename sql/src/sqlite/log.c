/* SPDX-License-Identifier: MIT */
/*
 * log.c: checkpoints and syncs the write-ahead log, and reports their errors.
 *
 * With synchronous = "normal" a commit is on disk only after the next sync of the log, which is
 * part of a checkpoint. SQLite makes checkpoints as the log grows and when the last connection
 * closes, and ignores their errors. The kernel reports a failed sync once and may drop the data, so
 * the error must not be lost: checkpoints are made here, and their errors are returned when the
 * database closes.
 */
#include "engine.h"

enum { LOG_PAGES_MAX = 1000 };          // pages that cause a checkpoint: SQLite's default

/* Whether it is an error. Busy or out of memory is not: the log grows, but no data is at risk. */
static bool is_failure(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT: return false;
    default: return true;
    }
}

/* Called by SQLite after each commit to the log. */
static int note_commit(void *data, sqlite3 *db, const char *name, int page_count)
{
    struct engine *engine = data;
    if (page_count < LOG_PAGES_MAX)
        return SQLITE_OK;
    int code = sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (is_failure(code) && engine->sync_failure == 0)
        engine->sync_failure = code;
    return SQLITE_OK;                   // the commit has happened
}

void eddy__sqlite_log_watch(struct engine *engine)
{
    sqlite3_wal_hook(engine->db, note_commit, engine);
}

/* Syncs the log without a checkpoint; this needs neither a lock nor memory. */
static int sync_log(struct engine *engine)
{
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(engine->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code != SQLITE_OK || log == NULL || log->pMethods == NULL)
        return SQLITE_OK;               // there is no log: nothing has been written
    return log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

int eddy__sqlite_log_flush(struct engine *engine)
{
    int code = engine->sync_failure;
    if (code == 0 && !engine->options->read_only) {   // without a log this does nothing
        code = sqlite3_wal_checkpoint_v2(engine->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        if (code != SQLITE_OK && !is_failure(code))
            code = sync_log(engine);
    }
    if (!is_failure(code))
        return 0;
    int status = eddy__sqlite_status(engine, code);
    return eddy__sqlite_say(engine->command, status,
                            "%s: the log could not be written to disk (%s): what was committed last "
                            "may be lost in a power cut", engine->path, sqlite3_errstr(code));
}
