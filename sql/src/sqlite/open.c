/* SPDX-License-Identifier: MIT */
/*
 * open.c: opens a database and configures it: waiting for locks, write-ahead log, foreign keys.
 *
 * SQLite opens lazily: if a file is not a database or can't be written, the first statement that
 * needs it fails. Callers expect the error from open, so open checks.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <eddy/alloc.h>
#include <string.h>

#include "engine.h"

enum { OPCODES_BETWEEN_CHECKS = 1000 };     // some tens of microseconds

/* The busy handler: 1 to try again. SQLite's own timeout can't be cancelled. */
static int wait_for_lock(void *data, int tries)
{
    struct engine *engine = data;
    double limit_s = engine->options->busy_timeout;
    int64_t now = eddy__sqlite_now_ns();
    if (tries == 0)
        engine->busy_since_ns = now;
    double left_ns = limit_s * 1e9 - (double)(now - engine->busy_since_ns);
    if (!(left_ns > 0) || eddy__sqlite_is_cancelled(engine))
        return 0;
    int64_t pause_ns = INT64_C(1000000) << (tries < 6 ? tries : 6);     // 1 to 64 ms
    if ((double)pause_ns > left_ns)
        pause_ns = (int64_t)left_ns;
    return engine->pause(engine->pause_data, pause_ns);
}

/* The progress handler: 1 to interrupt. */
static int stop_if_cancelled(void *data)
{
    struct engine *engine = data;
    switch (engine->command != NULL ? engine->command->kind : COMMAND_CLOSE) {
    case COMMAND_COMMIT:
    case COMMAND_ROLLBACK:
    case COMMAND_CLOSE: return 0;
    default: return eddy__sqlite_is_cancelled(engine);
    }
}

/* SQLite's authorizer: allows everything, and notes the actions of the statement. */
static int note_action(void *data, int action, const char *first, const char *second,
                       const char *database, const char *trigger)
{
    (void)first, (void)second, (void)database, (void)trigger;
    struct engine *engine = data;
    switch (action) {
    case SQLITE_TRANSACTION: engine->actions |= ACTION_TRANSACTION; break;
    case SQLITE_SAVEPOINT: engine->actions |= ACTION_SAVEPOINT; break;
    case SQLITE_PRAGMA: engine->actions |= ACTION_PRAGMA; break;
    default: break;
    }
    return SQLITE_OK;
}

/* Returns a path that SQLite takes for a file, even if `where` looks like a special name. */
static char *plain_path(const char *where)
{
    bool is_special = strcmp(where, ":memory:") != 0 &&
                      (where[0] == ':' || strncmp(where, "file:", 5) == 0);
    char *path = eddy_malloc(strlen(where) + 3);
    if (path != NULL)
        sprintf(path, "%s%s", is_special ? "./" : "", where);
    return path;
}

static bool is_word(const char *text)
{
    for (; *text != '\0'; text++)
        if (!isalpha((unsigned char)*text))
            return false;
    return true;
}

/* Executes PRAGMA name = value; stores its result, if any, in `answer`. */
static int set(struct engine *engine, const char *name, const char *value, char *answer,
               size_t size)
{
    char sql[96];
    if (!is_word(value) || strlen(value) > 32)
        return eddy__sqlite_say(engine->command, EDDY_EVALUE, "\"%s\" is no %s", value, name);
    snprintf(sql, sizeof sql, "PRAGMA %s = %s", name, value);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(engine->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    const char *text =
        code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    snprintf(answer, size, "%s", text != NULL ? text : "");
    int status =
        code == SQLITE_ROW || code == SQLITE_DONE ? 0 : eddy__sqlite_status(engine, code);
    sqlite3_finalize(statement);
    return status;
}

static int set_journal_mode(struct engine *engine, bool is_file)
{
    const char *wanted = engine->options->journal_mode;
    if (engine->options->read_only || (!is_file && wanted == NULL))
        return 0;
    char got[32];
    EDDY_TRY(set(engine, "journal_mode", wanted != NULL ? wanted : "wal", got, sizeof got));
    // Without shared memory (some network file systems) there is no log; that is an error only if
    // a log was requested.
    if (wanted != NULL && strcasecmp(wanted, got) != 0)
        return eddy__sqlite_say(engine->command, EDDY_SQL_ERROR,
                                "%s: journal_mode \"%s\" is not possible here; it is \"%s\"",
                                engine->path, wanted, got);
    return 0;
}

/* Reads the header of the file, and checks that it can be written. */
static int check_file(struct engine *engine)
{
    int code = sqlite3_exec(engine->db, "PRAGMA schema_version", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return eddy__sqlite_status(engine, code);
    if (!engine->options->read_only && sqlite3_db_readonly(engine->db, "main") == 1)
        return eddy__sqlite_say(engine->command, EDDY_SQL_READONLY,
                                "%s: the file can only be read; open it read_only, or make it "
                                "writable", engine->path);
    return 0;
}

static int prepare_connection(struct engine *engine)
{
    sqlite3_extended_result_codes(engine->db, 1);
    sqlite3_busy_handler(engine->db, wait_for_lock, engine);
    sqlite3_progress_handler(engine->db, OPCODES_BETWEEN_CHECKS, stop_if_cancelled, engine);
    sqlite3_db_config(engine->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_set_authorizer(engine->db, note_action, engine);
    EDDY_TRY(check_file(engine));
    EDDY_TRY(set_journal_mode(engine, strcmp(engine->path, ":memory:") != 0));
    eddy__sqlite_log_watch(engine);
    char ignored[32];
    if (engine->options->synchronous != NULL)
        return set(engine, "synchronous", engine->options->synchronous, ignored, sizeof ignored);
    return 0;
}

int eddy__sqlite_open(struct engine *engine, struct command *command)
{
    const char *where = command->sql;
    if (where[0] == '\0' || strncmp(where, "//", 2) == 0)
        return eddy__sqlite_say(command, EDDY_EVALUE,
                                "\"sqlite:%s\": what follows \"sqlite:\" is the path as it is, "
                                "or :memory:", where);
    engine->path = plain_path(where);
    if (engine->path == NULL)
        return -ENOMEM;
    int flags = SQLITE_OPEN_NOMUTEX;
    if (engine->options->read_only)
        flags |= SQLITE_OPEN_READONLY;
    else
        flags |= SQLITE_OPEN_READWRITE | (engine->options->must_exist ? 0 : SQLITE_OPEN_CREATE);
    int code = sqlite3_open_v2(engine->path, &engine->db, flags, NULL);
    int status = code == SQLITE_OK ? prepare_connection(engine) : eddy__sqlite_status(engine, code);
    if (status < 0)
        eddy__sqlite_close(engine);
    return status;
}
