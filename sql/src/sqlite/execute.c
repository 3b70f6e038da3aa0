/* SPDX-License-Identifier: MIT */
/*
 * execute.c: executes statements that return a number, and batches of them.
 *
 * Invariant: a batch is one unit: a transaction, or a savepoint inside the task's transaction.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"

int eddy__sqlite_simple(struct engine *engine, const char *sql)
{
    int code = sqlite3_exec(engine->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : eddy__sqlite_status(engine, code);
}

/* Steps a bound statement to its end; returns how many rows it inserted, changed or deleted. */
static ssize_t step_through(struct engine *engine, const struct prepared *prepared)
{
    if (prepared->statement == NULL)
        return 0;                       // the text was empty
    EDDY_TRY(eddy__sqlite_may_step(engine, prepared));
    int64_t before = sqlite3_total_changes64(engine->db);
    int code = eddy__sqlite_is_cancelled(engine) ? SQLITE_INTERRUPT : SQLITE_ROW;
    // Step through all rows, also when cancelled: the first step has done all the writing.
    while (code == SQLITE_ROW)
        code = sqlite3_step(prepared->statement);
    if (code != SQLITE_DONE)
        return eddy__sqlite_status(engine, code);
    // sqlite3_changes() counts for the last statement that changed rows, which may be an earlier
    // one.
    bool has_changed = sqlite3_total_changes64(engine->db) != before;
    return has_changed ? (ssize_t)sqlite3_changes64(engine->db) : 0;
}

/* Executes the statements of a text without values, one after the other. */
static ssize_t run_script(struct engine *engine, const char *sql)
{
    ssize_t sum = 0;
    while (sql != NULL) {
        struct prepared *prepared;
        EDDY_TRY(eddy__sqlite_prepare(engine, sql, &sql, &prepared));
        prepared->is_doomed = true;
        ssize_t n = eddy__sqlite_bind(engine, prepared, NULL, 0);
        if (n >= 0)
            n = step_through(engine, prepared);
        eddy__sqlite_put(engine, prepared);
        if (n < 0)
            return n;
        sum += n;
    }
    return sum;
}

ssize_t eddy__sqlite_execute(struct engine *engine, struct command *command)
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
        n = step_through(engine, prepared);
    eddy__sqlite_put(engine, prepared);
    if (n < 0 || rest == NULL)
        return n;
    ssize_t more = run_script(engine, rest);
    return more < 0 ? more : n + more;
}

/* Adds the number of the failed row to a message. */
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
            n = step_through(engine, prepared);
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

static int check_batch(struct engine *engine, const struct prepared *prepared)
{
    if (prepared->statement == NULL)
        return eddy__sqlite_say(engine->command, EDDY_SQL_SYNTAX, "the text holds no statement");
    if (prepared->actions & (ACTION_TRANSACTION | ACTION_SAVEPOINT))
        return eddy__sqlite_say(engine->command, EDDY_EMISUSE,
                                "eddy_sql_execute_many: a batch is a transaction; its statement can't "
                                "begin or end one");
    return 0;
}

ssize_t eddy__sqlite_execute_many(struct engine *engine, struct command *command)
{
    struct prepared *prepared;
    EDDY_TRY(eddy__sqlite_get(engine, command, NULL, &prepared));
    ssize_t n = check_batch(engine, prepared);
    if (n >= 0)
        n = eddy__sqlite_part_begin(engine);
    if (n >= 0)
        n = eddy__sqlite_part_end(engine, run_rows(engine, command, prepared));
    eddy__sqlite_put(engine, prepared);
    return n;
}
