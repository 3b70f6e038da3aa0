/* SPDX-License-Identifier: MIT */
/*
 * statement.c: executes statements that return a number, and prepares statements.
 *
 * A prepared statement is a handle to an object of the driver. The driver also caches statements by
 * their text, so the calls with and without a handle differ only in what they put into the command.
 *
 * Invariant: the command that frees the driver's part is made with the statement, so freeing needs
 * no memory.
 */
#include "statement.h"

#include <errno.h>
#include <eddy/alloc.h>

#include "command.h"
#include "connection.h"

static int check_values(const eddy_sql_value *values, size_t count, const char *function)
{
    if (values == NULL && count > 0)
        return eddy_fail(EDDY_EVALUE, "%s: there are no values", function);
    for (size_t i = 0; i < count; i++) {
        const eddy_sql_value *value = &values[i];
        bool has_bytes = value->type == EDDY_SQL_TEXT || value->type == EDDY_SQL_BLOB;
        if (value->type > EDDY_SQL_BLOB ||
            (has_bytes && value->bytes.data == NULL && value->bytes.size > 0))
            return eddy_fail(EDDY_EVALUE, "%s: value %zu is not valid", function, i + 1);
    }
    return 0;
}

int eddy__sql_question_check(const struct question *question, const char *function)
{
    if (question->sql == NULL && question->statement == NULL)
        return eddy_fail(EDDY_EMISUSE, "%s: there is no statement", function);
    size_t count;
    if (__builtin_mul_overflow(question->column_count, question->row_count, &count))
        return eddy_fail(EDDY_EVALUE, "%s: too many values", function);
    return check_values(question->values, count, function);
}

struct command *eddy__sql_question_command(struct eddy_sql *connection, int kind,
                                           const struct question *question)
{
    struct command *command =
        eddy__sql_command_of(connection, kind, question->sql, question->values,
                             question->column_count, question->row_count);
    if (command != NULL && question->statement != NULL)
        command->remote_statement = question->statement->remote;
    return command;
}

static ssize_t execute(struct eddy_sql *connection, enum command_kind kind,
                       const struct question *question, const char *function)
{
    int rc = eddy__sql_question_check(question, function);
    if (rc < 0)
        return rc;
    rc = eddy__sql_enter(connection, function);
    if (rc < 0)
        return rc;
    rc = eddy__sql_may_go_on(connection);
    if (rc < 0)
        return rc;
    struct command *command = eddy__sql_question_command(connection, kind, question);
    if (command == NULL)
        return -ENOMEM;
    command->on_settled = eddy__sql_note_transaction;
    ssize_t n = eddy__sql_perform(command);
    eddy__sql_command_free(command);
    return n;
}

ssize_t eddy_sql_execute(eddy_sql *connection, const char *sql, const eddy_sql_value *values,
                         size_t count)
{
    struct question question = {sql, NULL, values, count, 1};
    return execute(connection, COMMAND_EXECUTE, &question, "eddy_sql_execute");
}

ssize_t eddy_sql_execute_many(eddy_sql *connection, const char *sql, const eddy_sql_value *values,
                              size_t column_count, size_t row_count)
{
    struct question question = {sql, NULL, values, column_count, row_count};
    return execute(connection, COMMAND_EXECUTE_MANY, &question, "eddy_sql_execute_many");
}

ssize_t eddy_sql_statement_execute(eddy_sql_statement *statement, const eddy_sql_value *values,
                                   size_t count)
{
    struct question question = {NULL, statement, values, count, 1};
    return execute(statement != NULL ? statement->connection : NULL, COMMAND_EXECUTE, &question,
                   "eddy_sql_statement_execute");
}

ssize_t eddy_sql_statement_execute_many(eddy_sql_statement *statement,
                                        const eddy_sql_value *values, size_t column_count,
                                        size_t row_count)
{
    struct question question = {NULL, statement, values, column_count, row_count};
    return execute(statement != NULL ? statement->connection : NULL, COMMAND_EXECUTE_MANY,
                   &question, "eddy_sql_statement_execute_many");
}

static void prepare_settled(struct command *command)
{
    struct eddy_sql_statement *statement = command->context;
    if (command->verdict >= 0) {
        statement->remote = command->remote_statement;
        statement->parameter_count = command->parameter_count;
    }
    if (command->is_abandoned)
        eddy_sql_statement_free(statement);
}

static struct eddy_sql_statement *statement_new(struct eddy_sql *connection)
{
    struct eddy_sql_statement *statement = eddy_calloc(1, sizeof *statement);
    if (statement == NULL)
        return NULL;
    statement->connection = eddy__sql_ref(connection);
    statement->closer = eddy__sql_command_new(connection, COMMAND_UNPREPARE, NULL, NULL, 0, 0);
    if (statement->closer == NULL) {
        eddy_sql_statement_free(statement);
        return NULL;
    }
    return statement;
}

int eddy_sql_prepare(eddy_sql *connection, const char *sql, eddy_sql_statement **out_statement)
{
    struct question question = {sql, NULL, NULL, 0, 0};
    EDDY_TRY(eddy__sql_question_check(&question, "eddy_sql_prepare"));
    if (out_statement == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_prepare: there is no place for the statement");
    EDDY_TRY(eddy__sql_enter(connection, "eddy_sql_prepare"));
    struct eddy_sql_statement *statement = statement_new(connection);
    struct command *command = NULL;
    if (statement != NULL)
        command = eddy__sql_question_command(connection, COMMAND_PREPARE, &question);
    if (command == NULL) {
        eddy_sql_statement_free(statement);
        return -ENOMEM;
    }
    command->on_settled = prepare_settled;
    command->context = statement;
    int rc = (int)eddy__sql_perform(command);
    if (rc >= 0)
        *out_statement = statement;
    else if (!command->is_abandoned)
        eddy_sql_statement_free(statement);
    eddy__sql_command_free(command);
    return rc < 0 ? rc : 0;
}

void eddy_sql_statement_free(eddy_sql_statement *statement)
{
    if (statement == NULL || !eddy__sql_may_free(statement->connection, "eddy_sql_statement_free"))
        return;
    struct command *closer = statement->closer;
    if (statement->remote != NULL) {
        closer->remote_statement = statement->remote;
        eddy__sql_submit(closer);
    }
    eddy__sql_command_free(closer);
    eddy__sql_unref(statement->connection);
    eddy_free(statement);
}

size_t eddy_sql_statement_parameter_count(const eddy_sql_statement *statement)
{
    return statement != NULL ? statement->parameter_count : 0;
}
