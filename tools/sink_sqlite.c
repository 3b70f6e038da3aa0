/* SPDX-License-Identifier: MIT */
/*
 * sink_sqlite.c: rows in a table of an SQLite database.
 *
 * The URL is the primary key, so duplicate rows are impossible: a URL that is tried again updates
 * its row. A batch is one transaction, executed on the connection's own thread.
 *
 *     text and JSON bodies are TEXT, other bodies BLOB, and encoding says which: json, text, blob;
 *     status is null if there was no answer, error is null if the URL counts as answered
 *
 * Invariants:
 *   - The table is locked against other runs from opening to end (target_file.c); runs that write
 *     other tables of the same database may run at the same time.
 *   - An empty file stays empty until the first batch, which creates the table. So a run that ends
 *     without a row leaves nothing that must be removed from a database.
 *   - --replace deletes the old rows in the transaction that writes the first batch, so that until
 *     then the old rows are there, and from then on the new ones.
 *   - SQLite checkpoints its log silently when a transaction or the connection ends, and hides disk
 *     errors. So checkpoints are made here, by a statement that returns a status.
 *
 * Owns the connection and the file. Called through sink.c.
 */
#include "sink_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eddy/thread.h>

#include "complaint.h"
#include "fetch_options.h"
#include "json_check.h"
#include "record.h"
#include "seen.h"

enum {
    COLUMN_COUNT = SQLITE_COLUMN_COUNT,
    TIME_SIZE = SQLITE_TIME_SIZE,
    SQL_SIZE = SQLITE_TEXT_SIZE,
    LOG_SIZE_MAX = 4 << 20,    // bytes of rows between two checkpoints
};

static struct sqlite_sink *sqlite_of(struct sink *sink)
{
    return (struct sqlite_sink *)((char *)sink - offsetof(struct sqlite_sink, sink));
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void write_insert(struct sqlite_sink *sqlite)
{
    snprintf(sqlite->insert, sizeof sqlite->insert,
             "INSERT INTO \"%s\" (url, status, attempts, elapsed, fetched_at, content_type, error, "
             "encoding, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (url) DO "
             "UPDATE SET status = excluded.status, attempts = excluded.attempts, elapsed = "
             "excluded.elapsed, fetched_at = excluded.fetched_at, content_type = "
             "excluded.content_type, error = excluded.error, encoding = excluded.encoding, "
             "body = excluded.body",
             sqlite->options->table);
}

static void tell_kinds_here(struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        records[i].kind = record_kind_of(records[i].body, records[i].body_size);
}

EDDY_ASYNC(tell_kinds, (struct record *, records), (size_t, count))
{
    tell_kinds_here(records, count);
    return 0;
}

/*
 * Finds out which bodies are JSON, text or blobs. That reads every byte, which would block the
 * loop, so it runs on a thread, unless there are so few bytes that the switch takes longer.
 */
static int find_kinds(struct record *records, size_t count)
{
    enum { HERE_MAX = 16 << 10 };    // bytes
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += records[i].body_size;
    if (size > HERE_MAX)
        return eddy_to_thread(eddy_coro(tell_kinds, records, count));
    tell_kinds_here(records, count);
    return 0;
}

static eddy_sql_value body_of(const struct record *record)
{
    switch (record->kind) {
    case RECORD_EMPTY: return eddy_sql_null();
    case RECORD_BLOB: return eddy_sql_blob(record->body, record->body_size);
    default: return eddy_sql_text_span((eddy_span){record->body, record->body_size});
    }
}

static void fill_row(eddy_sql_value *values, char *time, const struct record *record)
{
    record_format_time(record->fetched_at_ms, time, TIME_SIZE);
    const char *encoding = record->kind == RECORD_BLOB ? "blob" : record_encoding(record->kind);
    values[0] = eddy_sql_text(record->url);
    values[1] = record->status > 0 ? eddy_sql_int(record->status) : eddy_sql_null();
    values[2] = eddy_sql_int(record->attempts);
    values[3] = eddy_sql_double(record->elapsed);
    values[4] = eddy_sql_text(time);
    values[5] = eddy_sql_text(record->content_type);
    values[6] = eddy_sql_text(record->error);
    values[7] = eddy_sql_text(encoding);
    values[8] = body_of(record);
}

static int make_room(struct sqlite_sink *sqlite, size_t count)
{
    if (count <= sqlite->row_max)
        return 0;
    void *values = realloc(sqlite->values, count * COLUMN_COUNT * sizeof *sqlite->values);
    if (values == NULL)
        return -ENOMEM;
    sqlite->values = values;
    void *times = realloc(sqlite->times, count * sizeof *sqlite->times);
    if (times == NULL)
        return -ENOMEM;
    sqlite->times = times;
    sqlite->row_max = count;
    return 0;
}

static int empty_table(struct sqlite_sink *sqlite)
{
    char sql[SQL_SIZE];
    snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", sqlite->options->table);
    EDDY_TRY(eddy_sql_run(sqlite->db, sql));
    return 0;
}

static int insert(struct sqlite_sink *sqlite, size_t count)
{
    EDDY_TRY(
        eddy_sql_execute_many(sqlite->db, sqlite->insert, sqlite->values, COLUMN_COUNT, count));
    return 0;
}

static int replace(struct sqlite_sink *sqlite, size_t count)
{
    EDDY_TRY(empty_table(sqlite));
    return count > 0 ? insert(sqlite, count) : 0;
}

static int write_rows(struct sqlite_sink *sqlite, struct record *records, size_t count)
{
    EDDY_TRY(make_room(sqlite, count));
    EDDY_TRY(find_kinds(records, count));
    for (size_t i = 0; i < count; i++)
        fill_row(sqlite->values + i * COLUMN_COUNT, sqlite->times[i], &records[i]);
    if (!sqlite->is_replacing)
        return insert(sqlite, count);
    EDDY_TRY(eddy_sql_transaction(sqlite->db, replace(sqlite, count)));
    sqlite->is_replacing = false;
    return 0;
}

/* --- To the disk ------------------------------------------------------------------------------ */

/*
 * Moves the log's rows into the database. Rows that a reader or another checkpoint blocks are left
 * to the next checkpoint; a disk error is returned.
 */
static int checkpoint(struct sqlite_sink *sqlite)
{
    EDDY_TRY(eddy_sql_run(sqlite->db, "PRAGMA wal_checkpoint(PASSIVE)"));
    return 0;
}

/* Keeps the log from growing without bound. */
static int checkpoint_if_due(struct sqlite_sink *sqlite, const struct record *records, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sqlite->log_size += records[i].body_size;
    if (sqlite->log_size < LOG_SIZE_MAX)
        return 0;
    sqlite->log_size = 0;
    return checkpoint(sqlite);
}

/* Writes the first page unchanged: the smallest possible transaction. */
static int touch(struct sqlite_sink *sqlite)
{
    char sql[64];
    int64_t version = 0;
    EDDY_TRY(eddy_sql_fetch_int(sqlite->db, "PRAGMA user_version", NULL, 0, &version));
    snprintf(sql, sizeof sql, "PRAGMA user_version = %lld", (long long)version);
    EDDY_TRY(eddy_sql_run(sqlite->db, sql));
    return 0;
}

/* Syncs all committed rows: a synced commit writes the log to disk up to and including it. */
static int sync_rows(struct sqlite_sink *sqlite)
{
    EDDY_TRY(eddy_sql_run(sqlite->db, "PRAGMA synchronous = full"));
    EDDY_TRY(eddy_sql_transaction(sqlite->db, touch(sqlite)));
    return checkpoint(sqlite);
}

/* --- Life ------------------------------------------------------------------------------------- */

static int land(struct sqlite_sink *sqlite, struct record *records, size_t count,
                struct complaint *complaint)
{
    EDDY_TRY(sqlite_open_for_writing(sqlite, complaint));
    EDDY_TRY(target_file_check(&sqlite->file));
    EDDY_TRY(write_rows(sqlite, records, count));
    return checkpoint_if_due(sqlite, records, count);
}

static int sqlite_write(struct sink *sink, struct record *records, size_t count,
                        struct complaint *complaint)
{
    struct sqlite_sink *sqlite = sqlite_of(sink);
    int rc = land(sqlite, records, count, complaint);
    return rc < 0 ? sqlite_complain(sqlite, rc, complaint) : 0;
}

static int finish(struct sqlite_sink *sqlite, bool is_complete, struct complaint *complaint)
{
    if (is_complete)
        EDDY_TRY(sqlite_open_for_writing(sqlite, complaint));
    if (is_complete && sqlite->is_replacing)
        EDDY_TRY(eddy_sql_transaction(sqlite->db, replace(sqlite, 0)));
    if (sqlite->db == NULL)
        return 0;
    EDDY_TRY(sync_rows(sqlite));
    EDDY_TRY(target_file_check(&sqlite->file));
    EDDY_TRY(eddy_sql_close(sqlite->db));
    return target_file_sync_folder(&sqlite->file);
}

static int sqlite_finish(struct sink *sink, bool is_complete, struct complaint *complaint)
{
    struct sqlite_sink *sqlite = sqlite_of(sink);
    int rc = finish(sqlite, is_complete, complaint);
    if (rc < 0)
        return sqlite_complain(sqlite, rc, complaint);
    if (is_complete)
        target_file_keep(&sqlite->file);
    return 0;
}

static void sqlite_free(struct sink *sink)
{
    struct sqlite_sink *sqlite = sqlite_of(sink);
    sqlite_close_connection(sqlite);
    target_file_close(&sqlite->file);
    free(sqlite->values);
    free(sqlite->times);
    free(sqlite);
}

static const struct sink_ops sqlite_ops = {sqlite_write, sqlite_finish, sqlite_free};

EDDY_ASYNC(lock_file, (struct sqlite_sink *, sqlite))
{
    const struct fetch_options *options = sqlite->options;
    return target_file_open(&sqlite->file, options->target.path, options->table);
}

static int open_target(struct sqlite_sink *sqlite, struct seen *known, struct complaint *complaint)
{
    const char *path = sqlite->options->target.path;
    int rc = eddy_to_thread(eddy_coro(lock_file, sqlite));
    if (rc < 0)
        return rc == EDDY_CANCELLED ? rc : sink_complain(rc, path, complaint);
    if (!sqlite->file.is_regular)
        return complain(complaint, -ENOTSUP, 0,
                        "%.200s is a device or pipe, which can't hold a database; name a file with "
                        "--into",
                        path);
    if (sqlite->file.size == 0)
        return 0;
    EDDY_TRY(sqlite_look(sqlite, known, complaint));
    return sqlite_open_for_writing(sqlite, complaint);
}

int sink_open_sqlite(const struct fetch_options *options, struct seen *known,
                     struct sink **out_sink, struct complaint *complaint)
{
    struct sqlite_sink *sqlite = calloc(1, sizeof *sqlite);
    if (sqlite == NULL)
        return complain(complaint, -ENOMEM, 0, "there is not enough memory");
    sqlite->sink = (struct sink){&sqlite_ops, .patience = 0.5};
    sqlite->options = options;
    sqlite->is_replacing = options->is_replacing;
    target_file_init(&sqlite->file);
    write_insert(sqlite);
    // Not freed here, also after an error: a cancelled opening continues on its thread.
    *out_sink = &sqlite->sink;
    complaint->text[0] = '\0';
    int rc = open_target(sqlite, known, complaint);
    return rc < 0 ? sqlite_complain(sqlite, rc, complaint) : 0;
}
