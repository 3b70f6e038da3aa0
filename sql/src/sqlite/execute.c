/* SPDX-License-Identifier: MIT */
/*
 * execute.c: statements that answer with a number, batches of them, and transactions.
 *
 * What always holds:
 *   - A transaction is begun and ended by its commands alone. Text that begins one and leaves it
 *     open is undone and refused: nobody would know whose it is.
 *   - A batch is all or nothing: a transaction of its own, or a savepoint inside the task's.
 *   - After a failed commit nothing is open.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

static bool is_in_transaction(const struct engine *engine)
{
    return !sqlite3_get_autocommit(engine->db);
}

int eddy__sqlite_simple(struct engine *engine, const char *sql)
{
    int code = sqlite3_exec(engine->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : eddy__sqlite_status(engine, code);
}

/* Steps a bound statement to its end; the rows that it inserted, changed or deleted. */
static ssize_t step_through(struct engine *engine, sqlite3_stmt *statement)
{
    int64_t before = sqlite3_total_changes64(engine->db);
    int code;
    do
        code = eddy__sqlite_is_cancelled(engine) ? SQLITE_INTERRUPT : sqlite3_step(statement);
    while (code == SQLITE_ROW);
    if (code != SQLITE_DONE)
        return eddy__sqlite_status(engine, code);
    // sqlite3_changes() speaks of the last statement that changed rows, which may be an earlier
    // one.
    bool has_changed = sqlite3_total_changes64(engine->db) != before;
    return has_changed ? (ssize_t)sqlite3_changes64(engine->db) : 0;
}

/* Statement after statement of a text without values. */
static ssize_t run_script(struct engine *engine, const char *sql)
{
    ssize_t sum = 0;
    while (sql != NULL) {
        struct prepared *prepared;
        EDDY_TRY(eddy__sqlite_prepare(engine, sql, &sql, &prepared));
        prepared->is_doomed = true;
        ssize_t n = eddy__sqlite_bind(engine, prepared, NULL, 0);
        if (n >= 0)
            n = prepared->statement != NULL ? step_through(engine, prepared->statement) : 0;
        eddy__sqlite_put(engine, prepared);
        if (n < 0)
            return n;
        sum += n;
    }
    return sum;
}

static ssize_t run_once(struct engine *engine, struct command *command)
{
    struct prepared *prepared;
    const char *rest;
    EDDY_TRY(eddy__sqlite_get(engine, command, &rest, &prepared));
    ssize_t n;
    if (rest != NULL && command->column_count > 0)
        n = eddy__sqlite_say(command, EDDY_EMISUSE, "values go with one statement; more follow: "
                                                    "\"%.40s\"", rest);
    else
        n = eddy__sqlite_bind(engine, prepared, command->values, command->column_count);
    if (n >= 0)
        n = prepared->statement != NULL ? step_through(engine, prepared->statement) : 0;
    eddy__sqlite_put(engine, prepared);
    if (n < 0 || rest == NULL)
        return n;
    ssize_t more = run_script(engine, rest);
    return more < 0 ? more : n + more;
}

ssize_t eddy__sqlite_execute(struct engine *engine, struct command *command)
{
    bool was_in_transaction = is_in_transaction(engine);
    ssize_t n = run_once(engine, command);
    if (was_in_transaction || !is_in_transaction(engine))
        return n;
    sqlite3_exec(engine->db, "ROLLBACK", NULL, NULL, NULL);
    if (n < 0)
        return n;
    return eddy__sqlite_say(command, EDDY_EMISUSE, "eddy_sql_execute: the text began a transaction "
                                                   "and left it open; it has been rolled back: use "
                                                   "eddy_sql_begin()");
}

/* Adds to a message which row it is about. */
static void name_row(struct command *command, size_t row)
{
    char text[COMMAND_MESSAGE_MAX];
    memcpy(text, command->message, sizeof text);
    snprintf(command->message, sizeof command->message, "row %zu: %.480s", row + 1, text);
}

static ssize_t run_rows(struct engine *engine, struct command *command, struct prepared *prepared)
{
    const eddy_sql_value *values = command->values;
    ssize_t sum = 0;
    for (size_t row = 0; row < command->row_count; row++, values += command->column_count) {
        ssize_t n = eddy__sqlite_bind(engine, prepared, values, command->column_count);
        if (n >= 0)
            n = step_through(engine, prepared->statement);
        sqlite3_reset(prepared->statement);
        if (n < 0) {
            if (command->row_count > 1)
                name_row(command, row);
            return n;
        }
        sum += n;
    }
    return sum;
}

/* Takes the batch back; its own error is the one to tell, so this one's message is not kept. */
static void undo_batch(struct engine *engine, bool is_savepoint)
{
    if (!is_in_transaction(engine))
        return;                         // SQLite has done it already
    const char *sql = is_savepoint ? "ROLLBACK TO eddy_batch; RELEASE eddy_batch" : "ROLLBACK";
    sqlite3_exec(engine->db, sql, NULL, NULL, NULL);
}

ssize_t eddy__sqlite_execute_many(struct engine *engine, struct command *command)
{
    struct prepared *prepared;
    bool is_savepoint = is_in_transaction(engine);
    EDDY_TRY(eddy__sqlite_get(engine, command, NULL, &prepared));
    ssize_t n = prepared->statement != NULL
                    ? eddy__sqlite_simple(engine, is_savepoint ? "SAVEPOINT eddy_batch"
                                                               : "BEGIN IMMEDIATE")
                    : eddy__sqlite_say(command, EDDY_SQL_SYNTAX, "the text holds no statement");
    if (n >= 0) {
        n = run_rows(engine, command, prepared);
        const char *sql = is_savepoint ? "RELEASE eddy_batch" : "COMMIT";
        int end = n < 0 ? 0 : eddy__sqlite_simple(engine, sql);
        n = end < 0 ? end : n;
        if (n < 0)
            undo_batch(engine, is_savepoint);
    }
    eddy__sqlite_put(engine, prepared);
    return n;
}

int eddy__sqlite_begin(struct engine *engine, struct command *command)
{
    bool reads_only = command->kind == COMMAND_BEGIN_READ || engine->options->read_only;
    EDDY_TRY(eddy__sqlite_simple(engine, reads_only ? "BEGIN" : "BEGIN IMMEDIATE"));
    if (command->kind != COMMAND_BEGIN_READ)
        return 0;
    int status = eddy__sqlite_simple(engine, "PRAGMA query_only = 1");
    engine->is_query_only = status >= 0;
    if (status < 0)
        eddy__sqlite_rollback(engine);
    return status;
}

static void allow_writing(struct engine *engine)
{
    if (engine->is_query_only)
        sqlite3_exec(engine->db, "PRAGMA query_only = 0", NULL, NULL, NULL);
    engine->is_query_only = false;
}

int eddy__sqlite_commit(struct engine *engine)
{
    int status = eddy__sqlite_simple(engine, "COMMIT");
    if (is_in_transaction(engine))
        sqlite3_exec(engine->db, "ROLLBACK", NULL, NULL, NULL);
    allow_writing(engine);
    return status;
}

int eddy__sqlite_rollback(struct engine *engine)
{
    int status = is_in_transaction(engine) ? eddy__sqlite_simple(engine, "ROLLBACK") : 0;
    allow_writing(engine);
    return status;
}
