/* SPDX-License-Identifier: MIT */
/*
 * transaction.c: executes transactions, and units within them, on SQLite.
 *
 * A command has the number of its transaction, or 0, and the engine has the number of the open
 * transaction. They must be equal before a command runs. SQLite ends a transaction by itself after
 * some errors, and a rollback can fail; without the check, a command that is already queued would
 * be committed on its own, or be lost with another task's transaction.
 *
 * Invariants:
 *   - Only the transaction commands begin and end a transaction. A statement that would end it is
 *     refused; a text that begins one and leaves it open is rolled back and refused.
 *   - After a failed commit nothing is open.
 *   - If a part of a transaction could not be undone, the transaction is doomed: it takes no more
 *     commands, and its commit rolls back.
 */
#include <stdio.h>

#include "engine.h"

bool eddy__sqlite_in_transaction(const struct engine *engine)
{
    return engine->db != NULL && !sqlite3_get_autocommit(engine->db);
}

/* Rolls back any open transaction. Returns 0 or SQLite's code, and sets no message. */
static int undo_all(struct engine *engine)
{
    if (!eddy__sqlite_in_transaction(engine))
        return 0;
    int code = sqlite3_exec(engine->db, "ROLLBACK", NULL, NULL, NULL);
    return code == SQLITE_OK || !eddy__sqlite_in_transaction(engine) ? 0 : code;
}

static int check_own(struct engine *engine, const struct command *command)
{
    if (engine->transaction == command->transaction && !engine->is_doomed &&
        eddy__sqlite_in_transaction(engine))
        return 0;
    return eddy__sqlite_say(engine->command, EDDY_SQL_ABORTED,
                            "the transaction has ended by an earlier error");
}

int eddy__sqlite_may_run(struct engine *engine, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_OPEN:
    case COMMAND_CLOSE:
    case COMMAND_CLOSE_CURSOR:
    case COMMAND_UNPREPARE:
    case COMMAND_COMMIT:
    case COMMAND_ROLLBACK: return 0;    // valid for any transaction, or they check themselves
    case COMMAND_BEGIN:
    case COMMAND_BEGIN_READ: break;
    default:
        if (command->transaction != 0)
            return check_own(engine, command);
    }
    engine->transaction = 0;
    engine->is_doomed = false;
    int code = undo_all(engine);        // a transaction whose rollback failed
    return code == 0 ? 0 : eddy__sqlite_status(engine, code);
}

ssize_t eddy__sqlite_must_be_closed(struct engine *engine, struct command *command, ssize_t status)
{
    if (engine->transaction != 0 || !eddy__sqlite_in_transaction(engine))
        return status;
    undo_all(engine);                   // if that fails, the next command tries again
    if (status < 0)
        return status;
    return eddy__sqlite_say(command, EDDY_EMISUSE, "the statement began a transaction and left it "
                                                   "open; it has been rolled back: use "
                                                   "eddy_sql_begin()");
}

int eddy__sqlite_may_step(struct engine *engine, const struct prepared *prepared)
{
    if (engine->transaction == 0 || !(prepared->actions & ACTION_TRANSACTION))
        return 0;
    return eddy__sqlite_say(engine->command, EDDY_EMISUSE,
                            "\"%.40s\" inside a transaction of eddy_sql_begin(): it is ended with "
                            "eddy_sql_commit() or eddy_sql_rollback()", prepared->sql);
}

static void allow_writing(struct engine *engine)
{
    if (engine->is_query_only)
        sqlite3_exec(engine->db, "PRAGMA query_only = 0", NULL, NULL, NULL);
    engine->is_query_only = false;
}

int eddy__sqlite_begin(struct engine *engine, struct command *command)
{
    bool reads_only = command->kind == COMMAND_BEGIN_READ || engine->options->read_only;
    int status = eddy__sqlite_simple(engine, reads_only ? "BEGIN" : "BEGIN IMMEDIATE");
    if (status >= 0 && command->kind == COMMAND_BEGIN_READ) {
        status = eddy__sqlite_simple(engine, "PRAGMA query_only = 1");
        engine->is_query_only = status >= 0;
    }
    if (status >= 0)
        engine->transaction = command->transaction;
    return status;                      // left open by an error: must_be_closed() rolls it back
}

/* Ends the transaction, whatever SQLite returns. */
static void end(struct engine *engine)
{
    undo_all(engine);                   // if that fails, the next command tries again
    allow_writing(engine);
    engine->transaction = 0;
    engine->is_doomed = false;
}

int eddy__sqlite_commit(struct engine *engine)
{
    int status = check_own(engine, engine->command);
    if (status >= 0)
        status = eddy__sqlite_simple(engine, "COMMIT");
    end(engine);
    return status;
}

int eddy__sqlite_rollback(struct engine *engine, uint64_t transaction)
{
    if (engine->transaction != transaction)
        return 0;                       // its BEGIN failed, or it has ended already
    int code = undo_all(engine);
    int status = code == 0 ? 0 : eddy__sqlite_status(engine, code);
    end(engine);
    return status;
}

int eddy__sqlite_part_begin(struct engine *engine)
{
    return eddy__sqlite_simple(engine, engine->transaction != 0 ? "SAVEPOINT eddy_part"
                                                                : "BEGIN IMMEDIATE");
}

ssize_t eddy__sqlite_part_end(struct engine *engine, ssize_t status)
{
    bool is_nested = engine->transaction != 0;
    if (status >= 0) {
        int end = eddy__sqlite_simple(engine, is_nested ? "RELEASE eddy_part" : "COMMIT");
        status = end < 0 ? end : status;
    }
    if (status >= 0 || !eddy__sqlite_in_transaction(engine))
        return status;                  // done, or undone by SQLite
    // The unit's error is the one to report, so the message of this one is not kept.
    if (!is_nested)
        undo_all(engine);
    else if (sqlite3_exec(engine->db, "ROLLBACK TO eddy_part; RELEASE eddy_part", NULL, NULL,
                          NULL) != SQLITE_OK)
        engine->is_doomed = true;
    return status;
}
