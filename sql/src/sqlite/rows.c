/* SPDX-License-Identifier: MIT */
/*
 * rows.c: executes statements that return rows, a batch at a time.
 *
 * A batch ends at the connection's limit of rows or bytes, or after some milliseconds with the rows
 * found so far: a query that finds a row each second should deliver each second, not every 256.
 *
 * A statement that writes (INSERT ... RETURNING, some pragmas) is run to its end at once, and its
 * rows are one batch. SQLite does all the writing in the first step, but checks deferred
 * constraints and commits after the last row, so the statement has succeeded only then. It is one
 * unit: if its rows don't fit into memory, its writes are undone.
 *
 * Invariants: while a batch grows, its bytes may move, so values hold offsets; they become pointers
 * when the batch is complete. Texts and blobs have a zero after them.
 */
#include <errno.h>
#include <eddy/alloc.h>
#include <string.h>

#include "engine.h"

enum { BATCH_TIME_NS = 10 * 1000 * 1000 };

struct batch {
    struct rows *rows;
    size_t value_room, byte_room;       // allocated
    size_t byte_count;                  // used
};

static int grow(void **memory, size_t *room, size_t needed, size_t item_size)
{
    if (needed <= *room)
        return 0;
    size_t wanted = *room * 2 > needed ? *room * 2 : needed;
    void *moved = eddy_realloc(*memory, wanted * item_size);
    if (moved == NULL)
        return -ENOMEM;
    *memory = moved;
    *room = wanted;
    return 0;
}

static int add_bytes(struct batch *batch, const void *data, size_t size, eddy_span *out_span)
{
    void *bytes = batch->rows->bytes;
    int rc = grow(&bytes, &batch->byte_room, batch->byte_count + size + 1, 1);
    batch->rows->bytes = bytes;
    if (rc < 0)
        return rc;
    if (size > 0)
        memcpy(batch->rows->bytes + batch->byte_count, data, size);
    batch->rows->bytes[batch->byte_count + size] = '\0';
    out_span->data = (const char *)(uintptr_t)batch->byte_count;
    out_span->size = size;
    batch->byte_count += size + 1;
    return 0;
}

static int add_value(struct batch *batch, sqlite3_stmt *statement, int column,
                     eddy_sql_value *out_value)
{
    const void *data;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        *out_value = eddy_sql_int(sqlite3_column_int64(statement, column));
        return 0;
    case SQLITE_FLOAT:
        *out_value = eddy_sql_double(sqlite3_column_double(statement, column));
        return 0;
    case SQLITE_TEXT:
        out_value->type = EDDY_SQL_TEXT;
        data = sqlite3_column_text(statement, column);
        break;
    case SQLITE_BLOB:
        out_value->type = EDDY_SQL_BLOB;
        data = sqlite3_column_blob(statement, column);
        break;
    default:
        *out_value = eddy_sql_null();
        return 0;
    }
    size_t size = (size_t)sqlite3_column_bytes(statement, column);
    if (data == NULL && size > 0)
        return -ENOMEM;
    return add_bytes(batch, data, size, &out_value->bytes);
}

static int add_row(struct batch *batch, sqlite3_stmt *statement)
{
    struct rows *rows = batch->rows;
    size_t used = rows->row_count * rows->column_count;
    void *values = rows->values;
    int rc = grow(&values, &batch->value_room, used + rows->column_count, sizeof *rows->values);
    rows->values = values;
    for (size_t i = 0; rc >= 0 && i < rows->column_count; i++)
        rc = add_value(batch, statement, (int)i, &rows->values[used + i]);
    if (rc >= 0)
        rows->row_count++;
    return rc;
}

static int add_names(struct rows *rows, sqlite3_stmt *statement)
{
    struct rows scratch = {0};
    struct batch batch = {.rows = &scratch};
    eddy_span ignored;
    int rc = 0;
    for (int i = 0; rc >= 0 && i < (int)rows->column_count; i++) {
        const char *name = sqlite3_column_name(statement, i);
        rc = name != NULL ? add_bytes(&batch, name, strlen(name), &ignored) : -ENOMEM;
    }
    rows->names = scratch.bytes;
    return rc;
}

static void set_pointers(struct rows *rows)
{
    size_t count = rows->row_count * rows->column_count;
    for (size_t i = 0; i < count; i++) {
        eddy_sql_value *value = &rows->values[i];
        if (value->type == EDDY_SQL_TEXT || value->type == EDDY_SQL_BLOB)
            value->bytes.data = rows->bytes + (uintptr_t)value->bytes.data;
    }
}

/*
 * Steps, and stores the columns at the first step of a batch. Not before: if the table of a cached
 * statement has changed, its first step prepares it again.
 */
static int step(struct command *command, sqlite3_stmt *statement)
{
    struct rows *rows = command->rows;
    int code = sqlite3_step(statement);
    if ((code != SQLITE_ROW && code != SQLITE_DONE) || rows->row_count > 0)
        return code;
    rows->column_count = (size_t)sqlite3_column_count(statement);
    bool has_names = command->kind != COMMAND_QUERY || add_names(rows, statement) >= 0;
    return has_names ? code : SQLITE_NOMEM;
}

static bool must_finish(const struct prepared *prepared)
{
    return (prepared->actions & (ACTION_WRITE | ACTION_PRAGMA)) != 0;
}

/* Whether a batch is full; used only if it needn't hold the whole answer. */
static bool is_full(const struct engine *engine, const struct command *command,
                    const struct batch *batch, int64_t since_ns)
{
    size_t row_max = command->row_max > 0 ? command->row_max : engine->options->batch_rows;
    return batch->rows->row_count >= row_max ||
           batch->byte_count >= engine->options->batch_bytes ||
           eddy__sqlite_now_ns() - since_ns > BATCH_TIME_NS;
}

/* Steps until the batch is full: 0, or a status. Sets `is_last` if there are no more rows. */
static int fill(struct engine *engine, struct command *command, struct batch *batch,
                const struct prepared *prepared)
{
    int64_t since_ns = eddy__sqlite_now_ns();
    int code = eddy__sqlite_is_cancelled(engine) ? SQLITE_INTERRUPT
                                                 : step(command, prepared->statement);
    while (code == SQLITE_ROW) {
        if (!command->only_first || batch->rows->row_count == 0)
            EDDY_TRY(add_row(batch, prepared->statement));
        if (!must_finish(prepared) && is_full(engine, command, batch, since_ns))
            return 0;
        code = step(command, prepared->statement);
    }
    batch->rows->is_last = code == SQLITE_DONE;
    return code == SQLITE_DONE ? 0 : eddy__sqlite_status(engine, code);
}

static int make_batch(struct engine *engine, struct command *command,
                      const struct prepared *prepared)
{
    struct batch batch = {.rows = eddy_calloc(1, sizeof *batch.rows)};
    if (batch.rows == NULL)
        return -ENOMEM;
    command->rows = batch.rows;         // freed with the command in any case
    EDDY_TRY(fill(engine, command, &batch, prepared));
    set_pointers(batch.rows);
    batch.rows->is_last = batch.rows->is_last || command->only_first;
    return 0;
}

void eddy__sqlite_close_cursor(struct engine *engine, struct sqlite_cursor *cursor)
{
    struct sqlite_cursor **at = &engine->cursors;
    while (*at != cursor)
        at = &(*at)->next;
    *at = cursor->next;
    eddy__sqlite_put(engine, cursor->prepared);
    eddy_free(cursor);
}

int eddy__sqlite_fetch(struct engine *engine, struct command *command)
{
    struct sqlite_cursor *cursor = command->remote_cursor;
    int status = make_batch(engine, command, cursor->prepared);
    if (status < 0 || command->rows->is_last)
        eddy__sqlite_close_cursor(engine, cursor);
    return status;
}

static int query_bound(struct engine *engine, struct command *command, struct prepared *prepared)
{
    struct sqlite_cursor *cursor = eddy_malloc(sizeof *cursor);
    if (cursor == NULL) {
        eddy__sqlite_put(engine, prepared);
        return -ENOMEM;
    }
    cursor->prepared = prepared;
    cursor->next = engine->cursors;
    engine->cursors = cursor;
    command->remote_cursor = cursor;
    return eddy__sqlite_fetch(engine, command);
}

/* Runs a statement that writes to its end. */
static int run_whole(struct engine *engine, struct command *command, struct prepared *prepared)
{
    // Some pragmas fail inside a transaction. A statement without rows needs no unit: only SQLite
    // can fail then.
    bool is_unit = !(prepared->actions & ACTION_PRAGMA) &&
                   sqlite3_column_count(prepared->statement) > 0;
    int status = is_unit ? eddy__sqlite_part_begin(engine) : 0;
    if (status >= 0) {
        status = make_batch(engine, command, prepared);
        sqlite3_reset(prepared->statement);
        if (is_unit)
            status = (int)eddy__sqlite_part_end(engine, status);
    }
    eddy__sqlite_put(engine, prepared);
    return status;
}

int eddy__sqlite_query(struct engine *engine, struct command *command)
{
    struct prepared *prepared;
    EDDY_TRY(eddy__sqlite_get(engine, command, NULL, &prepared));
    int status;
    if (prepared->statement == NULL)
        status = eddy__sqlite_say(command, EDDY_SQL_SYNTAX, "the text holds no statement");
    else
        status = eddy__sqlite_bind(engine, prepared, command->values, command->column_count);
    if (status >= 0)
        status = eddy__sqlite_may_step(engine, prepared);
    if (status < 0) {
        eddy__sqlite_put(engine, prepared);
        return status;
    }
    return must_finish(prepared) ? run_whole(engine, command, prepared)
                                 : query_bound(engine, command, prepared);
}
