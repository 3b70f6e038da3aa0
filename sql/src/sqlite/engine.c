/* SPDX-License-Identifier: MIT */
/*
 * engine.c: dispatches commands to the functions that execute them, and closes the database.
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

static int flush_and_close(struct engine *engine)
{
    int status = engine->db != NULL ? eddy__sqlite_log_flush(engine) : 0;
    eddy__sqlite_close(engine);
    return status;
}

static ssize_t dispatch(struct engine *engine, struct command *command)
{
    switch (command->kind) {
    case COMMAND_OPEN: return eddy__sqlite_open(engine, command);
    case COMMAND_CLOSE: return flush_and_close(engine);
    case COMMAND_EXECUTE: return eddy__sqlite_execute(engine, command);
    case COMMAND_EXECUTE_MANY: return eddy__sqlite_execute_many(engine, command);
    case COMMAND_QUERY: return eddy__sqlite_query(engine, command);
    case COMMAND_FETCH: return eddy__sqlite_fetch(engine, command);
    case COMMAND_CLOSE_CURSOR:
        eddy__sqlite_close_cursor(engine, command->remote_cursor);
        return 0;
    case COMMAND_PREPARE: return eddy__sqlite_pin(engine, command);
    case COMMAND_UNPREPARE: eddy__sqlite_unpin(command->remote_statement); return 0;
    case COMMAND_BEGIN:
    case COMMAND_BEGIN_READ: return eddy__sqlite_begin(engine, command);
    case COMMAND_COMMIT: return eddy__sqlite_commit(engine);
    case COMMAND_ROLLBACK: return eddy__sqlite_rollback(engine, command->transaction);
    }
    return EDDY_SQL_ERROR;
}

static bool needs_database(const struct command *command)
{
    return command->kind != COMMAND_OPEN && command->kind != COMMAND_CLOSE;
}

void eddy__sqlite_run(struct engine *engine, struct command *command)
{
    engine->command = command;
    if (engine->db == NULL && needs_database(command))
        command->status = eddy__sqlite_say(command, EDDY_SQL_CLOSED, "the connection is not open");
    else
        command->status = eddy__sqlite_may_run(engine, command);
    if (command->status >= 0)
        command->status = dispatch(engine, command);
    if (engine->db != NULL)
        command->status = eddy__sqlite_must_be_closed(engine, command, command->status);
    command->transaction_is_open = engine->transaction != 0 && !engine->is_doomed &&
                                   eddy__sqlite_in_transaction(engine);
    engine->command = NULL;
}

void eddy__sqlite_close(struct engine *engine)
{
    while (engine->cursors != NULL)
        eddy__sqlite_close_cursor(engine, engine->cursors);
    eddy__sqlite_forget_all(engine);
    sqlite3_close_v2(engine->db);       // rolls back an open transaction
    engine->db = NULL;
    engine->transaction = 0;
    eddy_free(engine->path);
    engine->path = NULL;
}
