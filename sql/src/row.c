/* SPDX-License-Identifier: MIT */
/*
 * row.c: reads the values of a cursor's current row.
 *
 * The database decides a value's type. Reading it as another type is an error: text that looks like
 * a number may not be one. Two conversions are made: int to double, and text to bytes.
 *
 * Owns nothing: the cursor owns the rows.
 */
#include <errno.h>
#include <eddy/alloc.h>
#include <string.h>

#include "command.h"
#include "cursor.h"

static const char *const type_names[] = {"null", "an int", "a double", "text", "a blob"};

int eddy_sql_column_count(const eddy_sql_cursor *cursor)
{
    return cursor != NULL ? (int)cursor->column_count : 0;
}

const char *eddy_sql_column_name(const eddy_sql_cursor *cursor, int column)
{
    if (cursor == NULL || column < 0 || (size_t)column >= cursor->column_count)
        return NULL;
    const char *name = cursor->names;
    while (column-- > 0)
        name += strlen(name) + 1;
    return name;
}

int eddy_sql_column(const eddy_sql_cursor *cursor, const char *name)
{
    if (cursor == NULL || name == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_column: there is no %s",
                         cursor == NULL ? "cursor" : "name");
    const char *at = cursor->names;
    for (int i = 0; i < eddy_sql_column_count(cursor); i++, at += strlen(at) + 1)
        if (strcmp(at, name) == 0)
            return i;
    return eddy_fail(EDDY_SQL_MISMATCH, "there is no column \"%s\"", name);
}

const eddy_sql_value *eddy_sql_row(const eddy_sql_cursor *cursor)
{
    if (cursor == NULL || cursor->rows == NULL || cursor->position == 0 ||
        cursor->position > cursor->rows->row_count)
        return NULL;
    return cursor->rows->values + (cursor->position - 1) * cursor->column_count;
}

/* `out`: where the function stores its result; only compared with NULL. */
static int get(const eddy_sql_cursor *cursor, int column, const void *out,
               const eddy_sql_value **out_value)
{
    if (cursor == NULL)
        return eddy_fail(EDDY_EMISUSE, "a value is asked for: there is no cursor");
    if (out == NULL)
        return eddy_fail(EDDY_EMISUSE, "a value is asked for: there is no place for it");
    if (column == EDDY_SQL_MISMATCH || column == EDDY_EMISUSE)
        return column;                  // the error of eddy_sql_column(), with its message
    const eddy_sql_value *row = eddy_sql_row(cursor);
    if (row == NULL)
        return eddy_fail(EDDY_SQL_MISMATCH, "the cursor is on no row");
    if (column < 0 || (size_t)column >= cursor->column_count)
        return eddy_fail(EDDY_SQL_MISMATCH, "there is no column %d: the row has %zu", column,
                         cursor->column_count);
    *out_value = &row[column];
    return 0;
}

static int mismatch(const eddy_sql_cursor *cursor, int column, const eddy_sql_value *value,
                    eddy_sql_type wanted)
{
    return eddy_fail(EDDY_SQL_MISMATCH, "column %d (%s) is %s, not %s", column,
                     eddy_sql_column_name(cursor, column), type_names[value->type],
                     type_names[wanted]);
}

int eddy_sql_get_type(const eddy_sql_cursor *cursor, int column)
{
    const eddy_sql_value *value = NULL;
    EDDY_TRY(get(cursor, column, &value, &value));
    return (int)value->type;
}

int eddy_sql_get_int(const eddy_sql_cursor *cursor, int column, int64_t *out_integer)
{
    const eddy_sql_value *value = NULL;
    EDDY_TRY(get(cursor, column, out_integer, &value));
    if (value->type != EDDY_SQL_INT)
        return mismatch(cursor, column, value, EDDY_SQL_INT);
    *out_integer = value->integer;
    return 0;
}

int eddy_sql_get_double(const eddy_sql_cursor *cursor, int column, double *out_real)
{
    const eddy_sql_value *value = NULL;
    EDDY_TRY(get(cursor, column, out_real, &value));
    if (value->type != EDDY_SQL_DOUBLE && value->type != EDDY_SQL_INT)
        return mismatch(cursor, column, value, EDDY_SQL_DOUBLE);
    *out_real = value->type == EDDY_SQL_INT ? (double)value->integer : value->real;
    return 0;
}

int eddy_sql_get_text(const eddy_sql_cursor *cursor, int column, eddy_span *out_text)
{
    const eddy_sql_value *value = NULL;
    EDDY_TRY(get(cursor, column, out_text, &value));
    if (value->type != EDDY_SQL_TEXT)
        return mismatch(cursor, column, value, EDDY_SQL_TEXT);
    *out_text = value->bytes;
    return 0;
}

int eddy_sql_get_blob(const eddy_sql_cursor *cursor, int column, eddy_span *out_bytes)
{
    const eddy_sql_value *value = NULL;
    EDDY_TRY(get(cursor, column, out_bytes, &value));
    if (value->type != EDDY_SQL_BLOB && value->type != EDDY_SQL_TEXT)
        return mismatch(cursor, column, value, EDDY_SQL_BLOB);
    *out_bytes = value->bytes;
    return 0;
}

int eddy_sql_fetch_int(eddy_sql *connection, const char *sql, const eddy_sql_value *values,
                       size_t count, int64_t *out_integer)
{
    eddy_sql_cursor *row = NULL;
    if (out_integer == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_fetch_int: there is no place for the int");
    int found = eddy_sql_fetch(connection, sql, values, count, &row);
    if (found <= 0)
        return found;
    int rc = eddy_sql_get_int(row, 0, out_integer);
    eddy_sql_cursor_free(row);
    return rc < 0 ? rc : 1;
}

int eddy_sql_fetch_text(eddy_sql *connection, const char *sql, const eddy_sql_value *values,
                        size_t count, char **out_text)
{
    eddy_sql_cursor *row = NULL;
    if (out_text == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_fetch_text: there is no place for the text");
    int found = eddy_sql_fetch(connection, sql, values, count, &row);
    if (found <= 0)
        return found;
    eddy_span text = {NULL, 0};
    int rc = eddy_sql_get_text(row, 0, &text);
    char *copy = rc >= 0 ? eddy_malloc(text.size + 1) : NULL;
    if (copy != NULL)
        *out_text = memcpy(copy, text.data, text.size + 1);     // with the zero after it
    else if (rc >= 0)
        rc = -ENOMEM;
    eddy_sql_cursor_free(row);
    return rc < 0 ? rc : 1;
}
