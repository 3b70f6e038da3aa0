/* SPDX-License-Identifier: MIT */
/*
 * engine.c: the table of what a command makes SQLite do, and closing.
 *
 * Before a command runs, it is asked whether the transaction it was meant for is still there:
 * SQLite ends one by itself after some errors, and commands that were on their way already would
 * each become a transaction of their own.
 */
#include "engine.h"

#include <eddy/alloc.h>
#include <time.h>

int64_t eddy__sqlite_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

bool eddy__sqlite_is_cancelled(const struct engine *engine)
{
    return engine->command != NULL &&
           atomic_load_explicit(&engine->command->is_cancelled, memory_order_relaxed);
}

/*
 * Whether sqlite3_interrupt() hits this command and nothing else: it stops all that is under way,
 * also cursors between two fetches. Without it a cancelled command ends a little later, at the next
 * look of the progress handler. An end of a transaction is never interrupted.
 */
bool eddy__sqlite_may_interrupt(const struct engine *engine, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_COMMIT:
    case COMMAND_ROLLBACK:
    case COMMAND_CLOSE: return false;
    default: break;
    }
    for (struct sqlite_cursor *at = engine->cursors; at != NULL; at = at->next)
        if (at != command->remote_cursor)
            return false;
    return true;
}

static ssize_t dispatch(struct engine *engine, struct command *command)
{
    switch (command->kind) {
    case COMMAND_OPEN: return eddy__sqlite_open(engine, command);
    case COMMAND_CLOSE: eddy__sqlite_close(engine); return 0;
    case COMMAND_EXECUTE: return eddy__sqlite_execute(engine, command);
    case COMMAND_EXECUTE_MANY: return eddy__sqlite_execute_many(engine, command);
    case COMMAND_QUERY: return eddy__sqlite_query(engine, command);
    case COMMAND_FETCH: return eddy__sqlite_fetch(engine, command);
    case COMMAND_CLOSE_CURSOR:
        eddy__sqlite_close_cursor(engine, command->remote_cursor);
        return 0;
    case COMMAND_PREPARE: return eddy__sqlite_pin(engine, command);
    case COMMAND_UNPREPARE: eddy__sqlite_unpin(engine, command->remote_statement); return 0;
    case COMMAND_BEGIN:
    case COMMAND_BEGIN_READ: return eddy__sqlite_begin(engine, command);
    case COMMAND_COMMIT: return eddy__sqlite_commit(engine);
    case COMMAND_ROLLBACK: return eddy__sqlite_rollback(engine);
    }
    return EDDY_SQL_ERROR;
}

static bool has_lost_its_transaction(const struct engine *engine, const struct command *command)
{
    return command->transaction != 0 && sqlite3_get_autocommit(engine->db) &&
           command->kind != COMMAND_ROLLBACK;
}

void eddy__sqlite_run(struct engine *engine, struct command *command)
{
    engine->command = command;
    if (engine->db == NULL && command->kind != COMMAND_OPEN && command->kind != COMMAND_CLOSE)
        command->status = eddy__sqlite_say(command, EDDY_SQL_CLOSED, "the connection is not open");
    else if (has_lost_its_transaction(engine, command))
        command->status = eddy__sqlite_say(command, EDDY_SQL_ABORTED,
                                           "the transaction has ended by an earlier error");
    else
        command->status = dispatch(engine, command);
    command->has_run = true;
    command->transaction_is_open = engine->db != NULL && !sqlite3_get_autocommit(engine->db);
    engine->command = NULL;
}

void eddy__sqlite_close(struct engine *engine)
{
    while (engine->cursors != NULL)
        eddy__sqlite_close_cursor(engine, engine->cursors);
    eddy__sqlite_forget_all(engine);
    sqlite3_close_v2(engine->db);       // rolls back what is open
    engine->db = NULL;
    eddy_free(engine->path);
    engine->path = NULL;
}
