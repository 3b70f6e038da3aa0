/* SPDX-License-Identifier: MIT */
/*
 * sink_sqlite_open.c: inspects the database of a run, and opens it for writing.
 *
 * Invariants:
 *   - An existing database is first inspected through a read-only connection. It is opened for
 *     writing, which changes the journal's mode, only if its table fits.
 *   - The connection is to the locked file: that is checked before and after each opening.
 *
 * Called by sink_sqlite.c.
 */
#include "sink_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <eddy/loop.h>
#include <eddy/task.h>

#include "complaint.h"
#include "fetch_options.h"
#include "seen.h"

static const char *const columns[] = {"url",          "status", "attempts", "elapsed", "fetched_at",
                                      "content_type", "error",  "encoding", "body"};
enum {
    COLUMN_COUNT = SQLITE_COLUMN_COUNT,
    SQL_SIZE = SQLITE_TEXT_SIZE,
    PATH_SIZE = 4096 + 16,
};
_Static_assert(sizeof columns / sizeof *columns == COLUMN_COUNT, "all columns have a name");

static const double busy_pause = 0.05, busy_patience = 5;    // seconds

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
    case EDDY_SQL_IO:    // also a quota, which SQLite reports like a broken disk
        return "; what has landed so far is whole: see that there is room and the disk is sound, "
               "then the same command with --resume goes on";
    default: return "";
    }
}

int sqlite_complain(const struct sqlite_sink *sqlite, int status, struct complaint *complaint)
{
    if (status == EDDY_CANCELLED || complaint->text[0] != '\0')
        return status;
    if (status > -4096)
        return sink_complain(status, sqlite->options->target.path, complaint);
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

/* Checks the columns of the table. Returns 0: no table; 1: it fits; or an error with a message. */
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

/* Adds the URLs whose rows are kept to `known`; the others will be tried again. */
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

/* Opens a connection. The path is absolute, so SQLite can't take it for a special name. */
static int open_connection(struct sqlite_sink *sqlite, const eddy_sql_options *options)
{
    char url[PATH_SIZE];
    int n = snprintf(url, sizeof url, "sqlite:%s", sqlite->file.path);
    if (n < 0 || (size_t)n >= sizeof url)
        return -ENAMETOOLONG;
    EDDY_TRY(target_file_check(&sqlite->file));
    EDDY_TRY(eddy_sql_open(url, options, &sqlite->db));
    return target_file_check(&sqlite->file);
}

void sqlite_close_connection(struct sqlite_sink *sqlite)
{
    eddy_sql_free(sqlite->db);
    sqlite->db = NULL;
}

int sqlite_look(struct sqlite_sink *sqlite, struct seen *known, struct complaint *complaint)
{
    EDDY_TRY(open_connection(sqlite, &(eddy_sql_options){.read_only = true, .must_exist = true}));
    int rc = check_shape(sqlite, complaint);
    if (rc > 0)
        rc = look_at_rows(sqlite, known, complaint);
    sqlite_close_connection(sqlite);
    return rc;
}

/* --- Opening for writing ---------------------------------------------------------------------- */

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

/* Creates the table, unless it exists and fits. */
static int prepare_table(struct sqlite_sink *sqlite, struct complaint *complaint)
{
    // A power cut may lose the latest rows, which are fetched again; at the end all is synced.
    EDDY_TRY(open_connection(sqlite,
                             &(eddy_sql_options){.must_exist = true, .synchronous = "normal"}));
    EDDY_TRY(eddy_sql_run(sqlite->db, "PRAGMA wal_autocheckpoint = 0"));
    int rc = check_shape(sqlite, complaint);
    return rc == 0 ? create_table(sqlite) : rc;
}

/*
 * Retries while the database is busy: if two runs open a new database at once, both change its
 * journal's mode, and SQLite refuses one of them without waiting.
 */
int sqlite_open_for_writing(struct sqlite_sink *sqlite, struct complaint *complaint)
{
    if (sqlite->db != NULL)
        return 0;
    double until = eddy_time() + busy_patience;
    int rc = prepare_table(sqlite, complaint);
    while (rc == EDDY_SQL_BUSY && eddy_time() < until) {
        sqlite_close_connection(sqlite);
        EDDY_TRY(eddy_sleep(busy_pause));
        rc = prepare_table(sqlite, complaint);
    }
    if (rc < 0)
        sqlite_close_connection(sqlite);
    return rc < 0 ? rc : 0;
}
