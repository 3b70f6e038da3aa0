/* SPDX-License-Identifier: MIT */
/*
 * command.c: creating, submitting, settling and awaiting commands. The invariants are in command.h.
 *
 * Everything a command changes (the lease, a cursor's rows) is updated by on_settled, which is
 * called whether or not a task still waits. So a cancelled task returns at once, and the state is
 * still correct.
 *
 * Owns the blocks. Called by connection.c, statement.c, cursor.c, transaction.c and the drivers.
 */
#include "command.h"

#include <errno.h>
#include <eddy/alloc.h>
#include <string.h>

#include "connection.h"

static bool has_bytes(const eddy_sql_value *value)
{
    return value->type == EDDY_SQL_TEXT || value->type == EDDY_SQL_BLOB;
}

/* Returns the size of the block; 0 if it overflows. */
static size_t block_size(size_t sql_size, const eddy_sql_value *values, size_t count)
{
    size_t size;
    if (__builtin_mul_overflow(count, sizeof *values, &size) ||
        __builtin_add_overflow(size, sizeof(struct command) + sql_size, &size))
        return 0;
    for (size_t i = 0; i < count; i++)
        if (has_bytes(&values[i]) && __builtin_add_overflow(size, values[i].bytes.size, &size))
            return 0;
    return size;
}

/* Copies the values behind the struct, and their bytes behind them; returns the end of the copy. */
static char *copy_values(struct command *command, const eddy_sql_value *values, size_t count)
{
    eddy_sql_value *copy = (eddy_sql_value *)(command + 1);
    char *bytes = (char *)(copy + count);
    command->values = copy;
    for (size_t i = 0; i < count; i++) {
        copy[i] = values[i];
        if (!has_bytes(&values[i]))
            continue;
        if (values[i].bytes.size > 0)
            memcpy(bytes, values[i].bytes.data, values[i].bytes.size);
        copy[i].bytes.data = bytes;
        bytes += values[i].bytes.size;
    }
    return bytes;
}

struct command *eddy__sql_command_new(struct eddy_sql *connection, enum command_kind kind,
                                      const char *sql, const eddy_sql_value *values,
                                      size_t column_count, size_t row_count)
{
    size_t sql_size = sql != NULL ? strlen(sql) + 1 : 0;
    size_t count;
    if (__builtin_mul_overflow(column_count, row_count, &count))
        return NULL;
    size_t size = block_size(sql_size, values, count);
    struct command *command = size > 0 ? eddy_malloc(size) : NULL;
    if (command == NULL)
        return NULL;
    memset(command, 0, offsetof(struct command, message) + 1);
    memset(&command->references, 0,
           sizeof *command - offsetof(struct command, references));
    command->kind = kind;
    command->connection = eddy__sql_ref(connection);
    command->column_count = column_count;
    command->row_count = row_count;
    atomic_init(&command->references, 1);
    atomic_init(&command->is_cancelled, false);
    char *end = copy_values(command, values, count);
    if (sql != NULL)
        command->sql = memcpy(end, sql, sql_size);
    return command;
}

struct command *eddy__sql_command_ref(struct command *command)
{
    atomic_fetch_add_explicit(&command->references, 1, memory_order_relaxed);
    return command;
}

void eddy__sql_command_free(struct command *command)
{
    if (command == NULL ||
        atomic_fetch_sub_explicit(&command->references, 1, memory_order_acq_rel) > 1)
        return;
    // References to a connection are counted on the loop's thread. If the connection's thread was
    // left running, this may run on that thread; settle has released the reference before.
    if (command->connection != NULL)
        eddy__sql_unref(command->connection);
    eddy__sql_rows_free(command->rows);
    eddy_free(command);
}

void eddy__sql_submit(struct command *command)
{
    struct eddy_sql *connection = command->connection;
    eddy__sql_command_ref(command);
    connection->driver->submit(connection->remote, command);
}

void eddy__sql_settle(struct command *command, enum settlement how)
{
    switch (how) {
    case SETTLE_FINISHED: command->verdict = command->status; break;
    case SETTLE_LOST: command->verdict = EDDY_SQL_CLOSED; break;
    case SETTLE_CANCELLED: command->verdict = EDDY_CANCELLED; break;
    case SETTLE_REFUSED: command->verdict = -ENOMEM; break;
    }
    command->has_run = how == SETTLE_FINISHED;
    command->is_settled = true;
    if (command->on_settled != NULL)
        command->on_settled(command);
    if (command->done != NULL && !eddy_future_done(command->done))
        EDDY_IGNORE(eddy_future_set_result(command->done));
    if (how == SETTLE_LOST) {
        struct eddy_sql *connection = command->connection;
        command->connection = NULL;
        eddy__sql_unref(connection);
    }
    eddy__sql_command_free(command);
}

int eddy__sql_arm(struct command *command)
{
    if (command->done != NULL)
        return 0;
    eddy_future *done = eddy_future_new(void);
    if (eddy_future_done(done))             // it could not be created
        return -ENOMEM;
    command->done = done;
    return 0;
}

int eddy__sql_wait(struct command *command)
{
    if (command->is_settled)
        return 0;
    int rc = eddy__sql_arm(command);
    if (rc >= 0)
        rc = eddy_await(command->done);
    eddy_future_free(command->done);
    command->done = NULL;
    return rc;
}

ssize_t eddy__sql_verdict(const struct command *command)
{
    if (command->verdict >= 0)
        return command->verdict;
    int status = (int)command->verdict;
    if (status == EDDY_SQL_CLOSED)
        return eddy_fail(status, "the connection has been closed");
    return command->message[0] != '\0' ? eddy_fail(status, "%s", command->message) : status;
}

ssize_t eddy__sql_perform(struct command *command)
{
    int rc = eddy__sql_arm(command);
    if (rc < 0) {
        eddy__sql_command_ref(command);     // the driver's, which settle releases
        eddy__sql_settle(command, SETTLE_REFUSED);
        return rc;
    }
    eddy__sql_submit(command);
    rc = eddy__sql_wait(command);
    if (rc >= 0)
        return eddy__sql_verdict(command);
    if (!command->is_settled) {
        command->is_abandoned = true;
        if (command->connection != NULL)
            command->connection->driver->cancel(command->connection->remote, command);
    }
    return rc;
}

void eddy__sql_rows_free(struct rows *rows)
{
    if (rows == NULL)
        return;
    eddy_free(rows->values);
    eddy_free(rows->bytes);
    eddy_free(rows->names);
    eddy_free(rows);
}
