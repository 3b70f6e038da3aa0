/* SPDX-License-Identifier: MIT */
/*
 * cursor.c: fetches rows, a batch at a time.
 *
 *     query --settled--> open --fetch--> open ... --last batch--> ended
 *                          \--free, or its task ends--> closed
 *
 * A round trip to the driver costs more than reading a row. So the driver answers with batches,
 * limited in rows, bytes and time, and the cursor iterates over them without suspending.
 *
 * Invariants:
 *   - An open cursor counts in its connection's lease, so no other task's statement runs between
 *     two of its fetches; the lease ends when the last batch arrives, not when it is read.
 *   - on_settled stores the rows of a command: a cancelled eddy_sql_next() loses none.
 *   - A cursor is freed by its user, or by on_settled if an abandoned command is under way.
 *   - The command that closes it is made with the cursor, so closing can't fail.
 */
#include "cursor.h"

#include <errno.h>
#include <eddy/alloc.h>

#include "command.h"
#include "connection.h"
#include "error.h"
#include "statement.h"

static void list(struct eddy_sql_cursor *cursor)
{
    struct eddy_sql *connection = cursor->connection;
    cursor->is_open = true;
    cursor->next = connection->cursors;
    connection->cursors = cursor;
    connection->lease.cursor_count++;
}

/* Removes it from the lease. The driver has closed it, or will, before any later command. */
static void leave(struct eddy_sql_cursor *cursor)
{
    if (!cursor->is_open)
        return;
    struct eddy_sql_cursor **at = &cursor->connection->cursors;
    while (*at != cursor)
        at = &(*at)->next;
    *at = cursor->next;
    cursor->is_open = false;
    cursor->connection->lease.cursor_count--;
    eddy__sql_lease_give(cursor->connection);
}

static void let_go(struct eddy_sql_cursor *cursor)
{
    if (cursor->is_open && cursor->closer != NULL) {
        cursor->closer->remote_cursor = cursor->remote;
        eddy__sql_submit(cursor->closer);
        eddy__sql_command_free(cursor->closer);
        cursor->closer = NULL;
    }
    leave(cursor);
}

static void destroy(struct eddy_sql_cursor *cursor)
{
    if (cursor == NULL)
        return;
    eddy__sql_command_free(cursor->closer);
    eddy__sql_rows_free(cursor->rows);
    eddy_free(cursor->names);
    eddy__sql_unref(cursor->connection);
    cursor->is_freed = true;
    eddy_free(cursor);
}

static void put_away(struct eddy_sql_cursor *cursor, struct command *command)
{
    struct rows *rows = command->rows;
    command->rows = NULL;
    if (cursor->names == NULL) {
        cursor->names = rows->names;
        rows->names = NULL;
        cursor->column_count = rows->column_count;
    }
    eddy__sql_rows_free(cursor->rows);
    cursor->rows = rows;
    cursor->position = 0;
    cursor->remote = command->remote_cursor;
    if (rows->is_last)
        leave(cursor);
}

static void settled(struct command *command)
{
    struct eddy_sql_cursor *cursor = command->context;
    cursor->fetching = NULL;
    eddy__sql_note_transaction(command);
    if (command->verdict >= 0) {
        put_away(cursor, command);
    } else if (command->verdict != EDDY_CANCELLED || command->kind == COMMAND_QUERY) {
        cursor->failure = (int)command->verdict;
        leave(cursor);
    }
    bool is_dropped =
        cursor->is_dropped || (command->is_abandoned && command->kind == COMMAND_QUERY);
    if (cursor->is_cut || is_dropped)
        let_go(cursor);
    if (is_dropped)
        destroy(cursor);
}

static struct eddy_sql_cursor *cursor_new(struct eddy_sql *connection)
{
    struct eddy_sql_cursor *cursor = eddy_calloc(1, sizeof *cursor);
    if (cursor == NULL)
        return NULL;
    cursor->connection = eddy__sql_ref(connection);
    cursor->closer = eddy__sql_command_new(connection, COMMAND_CLOSE_CURSOR, NULL, NULL, 0, 0);
    if (cursor->closer == NULL) {
        destroy(cursor);
        return NULL;
    }
    return cursor;
}

/* Performs QUERY or FETCH for the cursor. */
static int fetch(struct eddy_sql_cursor *cursor, struct command *command)
{
    command->on_settled = settled;
    command->context = cursor;
    cursor->fetching = command;
    return (int)eddy__sql_perform(command);
}

/* Sends the query. The task holds the lease from here to the last batch. */
static int send_query(struct eddy_sql *connection, struct command *command,
                      eddy_sql_cursor **out_cursor)
{
    struct eddy_sql_cursor *cursor = cursor_new(connection);
    int rc = cursor != NULL ? eddy__sql_lease_take(connection) : -ENOMEM;
    if (rc < 0) {
        destroy(cursor);
        return rc;
    }
    list(cursor);
    rc = fetch(cursor, command);
    if (rc >= 0)
        *out_cursor = cursor;
    else if (!command->is_abandoned)
        eddy_sql_cursor_free(cursor);
    return rc < 0 ? rc : 0;
}

/* `only_first`: fetch one row. The statement ends with it, or is run to its end if it writes. */
static int query(struct eddy_sql *connection, const struct question *question, bool only_first,
                 const char *function, eddy_sql_cursor **out_cursor)
{
    EDDY_TRY(eddy__sql_question_check(question, function));
    if (out_cursor == NULL)
        return eddy_fail(EDDY_EMISUSE, "%s: there is no place for the cursor", function);
    EDDY_TRY(eddy__sql_enter(connection, function));
    EDDY_TRY(eddy__sql_may_go_on(connection));
    struct command *command = eddy__sql_question_command(connection, COMMAND_QUERY, question);
    if (command == NULL)
        return -ENOMEM;
    command->only_first = only_first;
    command->row_max = only_first ? 1 : 0;
    int rc = send_query(connection, command, out_cursor);
    eddy__sql_command_free(command);
    return rc;
}

int eddy_sql_query(eddy_sql *connection, const char *sql, const eddy_sql_value *values,
                   size_t count, eddy_sql_cursor **out_cursor)
{
    struct question question = {sql, NULL, values, count, 1};
    return query(connection, &question, false, "eddy_sql_query", out_cursor);
}

int eddy_sql_statement_query(eddy_sql_statement *statement, const eddy_sql_value *values,
                             size_t count, eddy_sql_cursor **out_cursor)
{
    struct question question = {NULL, statement, values, count, 1};
    return query(statement != NULL ? statement->connection : NULL, &question, false,
                 "eddy_sql_statement_query", out_cursor);
}

int eddy_sql_fetch(eddy_sql *connection, const char *sql, const eddy_sql_value *values,
                   size_t count, eddy_sql_cursor **out_row)
{
    struct question question = {sql, NULL, values, count, 1};
    eddy_sql_cursor *cursor = NULL;
    if (out_row == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_fetch: there is no place for the row");
    EDDY_TRY(query(connection, &question, true, "eddy_sql_fetch", &cursor));
    int rc = eddy_sql_next(cursor);     // the row has arrived: this doesn't suspend
    if (rc <= 0) {
        eddy_sql_cursor_free(cursor);
        cursor = NULL;
    }
    if (rc >= 0)
        *out_row = cursor;
    return rc;
}

static int fetch_more(struct eddy_sql_cursor *cursor)
{
    struct eddy_sql *connection = cursor->connection;
    EDDY_TRY(eddy__sql_check(connection, "eddy_sql_next"));
    if (!eddy__sql_lease_is_mine(connection))
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_next: the cursor belongs to another task");
    EDDY_TRY(eddy__sql_may_go_on(connection));
    struct command *command =
        eddy__sql_command_of(connection, COMMAND_FETCH, NULL, NULL, 0, 0);
    if (command == NULL)
        return -ENOMEM;
    command->remote_cursor = cursor->remote;
    int rc = fetch(cursor, command);
    eddy__sql_command_free(command);
    return rc;
}

/* An earlier call was cancelled, and its abandoned command is not settled yet. */
static int wait_for_earlier(struct eddy_sql_cursor *cursor)
{
    EDDY_TRY(eddy__sql_check(cursor->connection, "eddy_sql_next"));
    struct command *command = eddy__sql_command_ref(cursor->fetching);
    int rc = eddy__sql_wait(command);
    eddy__sql_command_free(command);
    return rc;
}

int eddy_sql_next(eddy_sql_cursor *cursor)
{
    if (cursor == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_next: there is no cursor");
    if (cursor->fetching != NULL && !cursor->fetching->is_abandoned)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_next: a row of this cursor is being fetched");
    if (cursor->fetching != NULL)
        EDDY_TRY(wait_for_earlier(cursor));
    if (cursor->failure < 0)
        return eddy_fail(cursor->failure, "the cursor has failed, or was closed, before");
    if (cursor->position >= cursor->rows->row_count && cursor->is_open)
        EDDY_TRY(fetch_more(cursor));
    if (cursor->position >= cursor->rows->row_count) {
        cursor->position = cursor->rows->row_count + 1;
        return 0;
    }
    cursor->position++;
    return 1;
}

static int next_row(void *object, void *out_item)
{
    int rc = eddy_sql_next(object);
    if (rc > 0)
        *(const eddy_sql_value **)out_item = eddy_sql_row(object);
    return rc;
}

static void free_cursor(void *object)
{
    eddy_sql_cursor_free(object);
}

eddy_sql_rows eddy_sql_aiter(eddy_sql_cursor *cursor)
{
    return (eddy_sql_rows){{
        .next = next_row, .object = cursor, .item_size = sizeof(const eddy_sql_value *)}};
}

eddy_sql_rows eddy__sql_each(eddy_sql *connection, const char *sql, const eddy_sql_value *values,
                             size_t count)
{
    eddy_sql_cursor *cursor = NULL;
    int rc = eddy_sql_query(connection, sql, values, count, &cursor);
    eddy_sql_rows rows = eddy_sql_aiter(cursor);
    rows.iterator.free = free_cursor;
    rows.iterator.status = rc;
    return rows;
}

void eddy_sql_cursor_free(eddy_sql_cursor *cursor)
{
    if (cursor != NULL && cursor->is_freed)
        eddy__sql_die("eddy_sql_cursor_free: the cursor has been freed already");
    if (cursor == NULL || !eddy__sql_may_free(cursor->connection, "eddy_sql_cursor_free"))
        return;
    if (cursor->fetching != NULL) {
        if (!cursor->fetching->is_abandoned)
            eddy__sql_die("eddy_sql_cursor_free: a task waits for a row of this cursor");
        struct eddy_sql *connection = cursor->connection;
        cursor->is_dropped = true;
        connection->driver->cancel(connection->remote, cursor->fetching);
        return;
    }
    let_go(cursor);
    destroy(cursor);
}

void eddy__sql_cursors_abandon(struct eddy_sql *connection)
{
    struct eddy_sql_cursor *next;
    for (struct eddy_sql_cursor *cursor = connection->cursors; cursor != NULL; cursor = next) {
        next = cursor->next;
        cursor->failure = EDDY_SQL_CLOSED;
        cursor->is_cut = true;
        if (cursor->fetching == NULL)
            let_go(cursor);
    }
}
