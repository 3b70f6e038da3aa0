/* SPDX-License-Identifier: MIT */
/*
 * sink_sqlite.c: rows in a table of an SQLite database.
 *
 * The URL is the primary key, so a row can't be there twice whatever happens: a URL that is tried
 * again updates its row. A batch is one transaction, executed on the connection's own thread.
 *
 *     text and JSON bodies are TEXT, other bodies BLOB, and encoding says which: json, text, blob;
 *     status is null when nobody answered, error is null when the URL counts as answered
 *
 * What always holds:
 *   - A database that is there already is first looked at through a connection that can't write.
 *     Only one whose table fits is opened for writing, which changes the journal's mode.
 *   - What --replace throws away goes in the transaction that brings the first batch, so that until
 *     then the old rows are there, and from then on the new ones.
 *
 * Owns the connection. Called through sink.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <eddy/sql.h>
#include <eddy/thread.h>

#include "complaint.h"
#include "fetch_options.h"
#include "json_check.h"
#include "record.h"
#include "seen.h"
#include "sink.h"

static const char *const columns[] = {"url",          "status", "attempts", "elapsed", "fetched_at",
                                      "content_type", "error",  "encoding", "body"};
enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns,
    TIME_SIZE = 32,
    SQL_SIZE = 1024,
    PATH_SIZE = 4096 + 16,
};

struct sqlite_sink {
    struct sink sink;
    const struct fetch_options *options;
    eddy_sql *db;
    bool is_replacing;    // the old rows are still there
    bool was_created;     // the file is ours, and nothing has landed in it yet
    char insert[SQL_SIZE];
    eddy_sql_value *values;    // of a batch, COLUMN_COUNT for each row
    char (*times)[TIME_SIZE];
    size_t row_max;    // that both have room for
};

static struct sqlite_sink *sqlite_of(struct sink *sink)
{
    return (struct sqlite_sink *)((char *)sink - offsetof(struct sqlite_sink, sink));
}

/* --- What is said when it fails --------------------------------------------------------------- */

static const char *advice_for(int status)
{
    switch (status) {
    case EDDY_SQL_FULL:
        return "; what has landed so far is whole: make room, then the same command with --resume "
               "goes on";
    case EDDY_SQL_BUSY:
        return "; another program holds the database: end it, then the same command with --resume "
               "goes on";
    case EDDY_SQL_READONLY:
    case EDDY_SQL_DENIED:
    case EDDY_SQL_CANTOPEN:
        return "; see that the folder exists and may be written, or name another file with --into";
    case EDDY_SQL_CORRUPT: return "; name another file with --into, or move this one away";
    case EDDY_SQL_IO:    // also a quota, which SQLite doesn't tell from a broken disk
        return "; what has landed so far is whole: see that there is room and the disk is sound, "
               "then the same command with --resume goes on";
    default: return "";
    }
}

static int complain_of(const struct sqlite_sink *sqlite, int status, struct complaint *complaint)
{
    if (status == EDDY_CANCELLED)
        return status;
    const char *path = sqlite->options->target.path;
    const char *message = eddy_error_message(eddy_error_get(status));
    if (message == NULL)
        message = eddy_strerror(status);
    bool names_path = strstr(message, path) != NULL;
    return complain(complaint, status, 0, "%.200s%s%.240s%s", names_path ? "" : path,
                    names_path ? "" : ": ", message, advice_for(status));
}

/* --- Looking at what is there ----------------------------------------------------------------- */

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (strcmp(columns[i], name) == 0)
            return true;
    return false;
}

/* Reads the columns of the table. 0: there is none; 1: it fits; else an error with a sentence. */
static int check_shape(struct sqlite_sink *sqlite, struct complaint *complaint)
{
    const struct fetch_options *options = sqlite->options;
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EDDY_TRY(eddy_sql_query(sqlite->db, "SELECT name, pk FROM pragma_table_info($1)",
                            EDDY_SQL_VALUES(eddy_sql_text(options->table)), &rows));
    size_t known_count = 0, count = 0;
    bool has_key = false;
    int rc;
    while ((rc = eddy_sql_next(rows)) > 0) {
        const eddy_sql_value *row = eddy_sql_row(rows);
        const char *name = row[0].bytes.data;
        count++;
        known_count += is_ours(name);
        if (row[1].integer > 0)
            has_key = strcmp(name, "url") == 0 && row[1].integer == 1;
    }
    if (rc < 0 || count == 0)
        return rc;
    if (known_count == COLUMN_COUNT && count == COLUMN_COUNT && has_key)
        return 1;
    return complain(complaint, -EMEDIUMTYPE, 0,
                    "the table %s of %.200s has another shape than eddy fetch writes (%s); choose "
                    "another name with --table, or another file with --into",
                    options->table, options->target.path,
                    known_count < COLUMN_COUNT ? "columns are missing"
                    : count > COLUMN_COUNT     ? "it has columns of its own"
                                               : "url is not its primary key");
}

/* Puts the URLs whose rows are kept into `known`; the others are tried again. */
static int read_known(struct sqlite_sink *sqlite, struct seen *known)
{
    char sql[SQL_SIZE];
    snprintf(sql, sizeof sql, "SELECT url, status FROM \"%s\" WHERE error IS NULL AND status > 0",
             sqlite->options->table);
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EDDY_TRY(eddy_sql_query(sqlite->db, sql, NULL, 0, &rows));
    int rc;
    while ((rc = eddy_sql_next(rows)) > 0) {
        const eddy_sql_value *row = eddy_sql_row(rows);
        if (row[0].type != EDDY_SQL_TEXT || row[1].type != EDDY_SQL_INT ||
            !fetch_options_keeps(sqlite->options, (int)row[1].integer))
            continue;
        EDDY_TRY(seen_put(known, row->bytes.data, row->bytes.size));
    }
    return rc;
}

static int look_at_rows(struct sqlite_sink *sqlite, struct seen *known, struct complaint *complaint)
{
    if (sqlite->options->is_resuming)
        return read_known(sqlite, known);
    if (sqlite->options->is_replacing)
        return 0;
    char sql[SQL_SIZE];
    int64_t has_rows = 0;
    snprintf(sql, sizeof sql, "SELECT EXISTS (SELECT 1 FROM \"%s\")", sqlite->options->table);
    EDDY_TRY(eddy_sql_fetch_int(sqlite->db, sql, NULL, 0, &has_rows));
    if (has_rows)
        return sink_complain_full(sqlite->options->target.path, sqlite->options->table, complaint);
    return 0;
}

static int open_connection(struct sqlite_sink *sqlite, const eddy_sql_options *options)
{
    char url[PATH_SIZE];
    int n = snprintf(url, sizeof url, "sqlite:%s", sqlite->options->target.path);
    if (n < 0 || (size_t)n >= sizeof url)
        return -ENAMETOOLONG;
    return eddy_sql_open(url, options, &sqlite->db);
}

static int look(struct sqlite_sink *sqlite, struct seen *known, struct complaint *complaint)
{
    struct stat status;
    bool is_there = stat(sqlite->options->target.path, &status) == 0;
    sqlite->was_created = !is_there;
    if (is_there && S_ISDIR(status.st_mode))
        return sink_complain(-EISDIR, sqlite->options->target.path, complaint);
    if (!is_there || status.st_size == 0)
        return 0;
    EDDY_TRY(open_connection(sqlite, &(eddy_sql_options){.read_only = true, .must_exist = true}));
    int rc = check_shape(sqlite, complaint);
    if (rc > 0)
        rc = look_at_rows(sqlite, known, complaint);
    eddy_sql_free(sqlite->db);
    sqlite->db = NULL;
    return rc;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static int create_table(struct sqlite_sink *sqlite)
{
    char sql[SQL_SIZE];
    snprintf(sql, sizeof sql,
             "CREATE TABLE IF NOT EXISTS \"%s\" (url TEXT PRIMARY KEY NOT NULL, status INTEGER, "
             "attempts INTEGER NOT NULL, elapsed REAL NOT NULL, fetched_at TEXT NOT NULL, "
             "content_type TEXT, error TEXT, encoding TEXT, body)",
             sqlite->options->table);
    EDDY_TRY(eddy_sql_run(sqlite->db, sql));
    return 0;
}

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
 * Telling JSON from text costs a look at every byte, which the loop has no time for, unless they
 * are so few that going to a thread and back takes longer.
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

static int sqlite_write(struct sink *sink, struct record *records, size_t count,
                        struct complaint *complaint)
{
    struct sqlite_sink *sqlite = sqlite_of(sink);
    int rc = write_rows(sqlite, records, count);
    if (rc < 0)
        return complain_of(sqlite, rc, complaint);
    sqlite->was_created = false;
    return 0;
}

/* --- Life ------------------------------------------------------------------------------------- */

static int sqlite_finish(struct sink *sink, bool is_complete, struct complaint *complaint)
{
    struct sqlite_sink *sqlite = sqlite_of(sink);
    int rc = 0;
    if (is_complete && sqlite->is_replacing)
        rc = eddy_sql_transaction(sqlite->db, replace(sqlite, 0));
    if (rc >= 0)
        rc = eddy_sql_close(sqlite->db);
    if (rc < 0)
        return complain_of(sqlite, rc, complaint);
    sqlite->was_created = sqlite->was_created && !is_complete;
    return 0;
}

/* A database that we made and that holds nothing: as if it had never been. */
static void remove_files(const char *path)
{
    static const char *const endings[] = {"-wal", "-shm", "-journal", ""};
    char name[PATH_SIZE];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

static void sqlite_free(struct sink *sink)
{
    struct sqlite_sink *sqlite = sqlite_of(sink);
    eddy_sql_free(sqlite->db);
    if (sqlite->was_created)
        remove_files(sqlite->options->target.path);
    free(sqlite->values);
    free(sqlite->times);
    free(sqlite);
}

static const struct sink_ops sqlite_ops = {sqlite_write, sqlite_finish, sqlite_free};

static int open_for_writing(struct sqlite_sink *sqlite)
{
    // In a power cut the latest rows may be lost, and are fetched again; at the end all is on disk.
    EDDY_TRY(open_connection(sqlite, &(eddy_sql_options){.synchronous = "normal"}));
    return create_table(sqlite);
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
    complaint->text[0] = '\0';
    write_insert(sqlite);
    int rc = look(sqlite, known, complaint);
    if (rc >= 0)
        rc = open_for_writing(sqlite);
    if (rc < 0) {
        if (complaint->text[0] == '\0')
            rc = complain_of(sqlite, rc, complaint);
        sqlite_free(&sqlite->sink);
        return rc;
    }
    *out_sink = &sqlite->sink;
    return 0;
}
