/* SPDX-License-Identifier: MIT */
/*
 * sql_cursor.h: the rows that a statement answers with, one by one, fetched in batches.
 *
 *     int rc;
 *     eddy_for (const eddy_sql_value *, row,
 *               eddy_sql_each(db, "SELECT name FROM person WHERE id > $1", eddy_sql_int(0)), &rc)
 *         puts(row[0].bytes.data);
 *     EDDY_TRY(rc);
 *
 * A cursor belongs to the task that opened it; while it has rows left to fetch, that task has the
 * connection to itself. A statement that writes (INSERT ... RETURNING, PRAGMA) is run to its end before
 * its first row is lent: its rows are kept in memory all at once, and leaving a loop over them early, or
 * freeing the cursor, undoes nothing. Included by sql.h, which says what all suspending calls may return.
 */
#ifndef EDDY_SQL_CURSOR_H
#define EDDY_SQL_CURSOR_H

#include <eddy/iterator.h>
#include <eddy/sql_value.h>

EDDY_BEGIN_DECLS

typedef struct eddy_sql eddy_sql;
typedef struct eddy_sql_statement eddy_sql_statement;
typedef struct eddy_sql_cursor eddy_sql_cursor;

/*
 * Executes one statement and lends its rows one by one. A batch is fetched at once
 * (options.batch_rows), the next when it has been read. Returns 0 and the cursor, to be freed with
 * eddy_sql_cursor_free() by the task that opened it; or why the statement failed. Suspends.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_query(eddy_sql *connection, const char *sql,
                                          const eddy_sql_value *values, size_t count,
                                          eddy_sql_cursor **out_cursor);

/*
 * Executes one statement as the source of an eddy_for over its rows, which frees it; the item is the
 * values of a row, lent until the next. The errors of eddy_sql_query() and eddy_sql_next() are the
 * status of the loop.
 *
 *     eddy_for (const eddy_sql_value *, row, eddy_sql_each(db, "SELECT name FROM person"), &rc)
 *         puts(row[0].bytes.data);
 *
 * eddy_sql_aiter() is the same for a cursor, which it borrows.
 */
#define eddy_sql_each(connection, sql, ...) \
    eddy__sql_each((connection), (sql), EDDY_SQL_VALUES(__VA_ARGS__))
EDDY_ITERATOR_TYPE(eddy_sql_rows, const eddy_sql_value *);
EDDY_API EDDY_SUSPENDS eddy_sql_rows eddy__sql_each(eddy_sql *connection, const char *sql,
                                                    const eddy_sql_value *values, size_t count);
EDDY_API EDDY_CHECKED eddy_sql_rows eddy_sql_aiter(eddy_sql_cursor *cursor);

/*
 * Frees the cursor, and stops a statement that has rows left to read. NULL is fine. Never suspends.
 * While a task waits in eddy_sql_next() for it, or on another thread, it ends the program.
 */
EDDY_API void eddy_sql_cursor_free(eddy_sql_cursor *cursor);

/*
 * Moves to the next row. Returns 1; 0 after the last; or an error, which later calls repeat. Suspends
 * when a batch has to be fetched. Cancellation: no row that has arrived is lost, but a fetch that was
 * under way is interrupted, and later calls return EDDY_SQL_INTERRUPTED.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_next(eddy_sql_cursor *cursor);

/*
 * The number of columns, 0 for NULL; the name of one, NULL if there is none; the values of the current
 * row, lent until eddy_sql_next() or the cursor is freed, NULL without a row.
 */
EDDY_API int eddy_sql_column_count(const eddy_sql_cursor *cursor);
EDDY_API const char *eddy_sql_column_name(const eddy_sql_cursor *cursor, int column);
EDDY_API const eddy_sql_value *eddy_sql_row(const eddy_sql_cursor *cursor);

/*
 * The number of the first column of that name, from 0; EDDY_SQL_MISMATCH if there is none, EDDY_EMISUSE
 * for a NULL.
 */
EDDY_API EDDY_CHECKED int eddy_sql_column(const eddy_sql_cursor *cursor, const char *name);

/*
 * Read one value of the current row; bytes are lent until eddy_sql_next() or the cursor is freed.
 * `column` is a number, or the result of eddy_sql_column(), whose errors are passed on:
 *
 *     EDDY_TRY(eddy_sql_get_int(rows, eddy_sql_column(rows, "age"), &age));
 *
 * Return 0 (eddy_sql_get_type(): the type), EDDY_SQL_MISMATCH (the value is null or of another type, but
 * an int may be read as a double, and text as a blob; there is no such column, or no row), or
 * EDDY_EMISUSE for a NULL.
 */
EDDY_API EDDY_CHECKED int eddy_sql_get_int(const eddy_sql_cursor *cursor, int column,
                                           int64_t *out_integer);
EDDY_API EDDY_CHECKED int eddy_sql_get_double(const eddy_sql_cursor *cursor, int column,
                                              double *out_real);
EDDY_API EDDY_CHECKED int eddy_sql_get_text(const eddy_sql_cursor *cursor, int column,
                                            eddy_span *out_text);
EDDY_API EDDY_CHECKED int eddy_sql_get_blob(const eddy_sql_cursor *cursor, int column,
                                            eddy_span *out_bytes);
EDDY_API EDDY_CHECKED int eddy_sql_get_type(const eddy_sql_cursor *cursor, int column);

/*
 * Queries one row: returns 1 and a cursor on that row, to be freed with eddy_sql_cursor_free(); 0, and
 * *out_row is unchanged, if there is none. A statement that only reads is stopped after its first row;
 * one that writes is run to its end. The other two take the first value of the row: an int, or text
 * with a zero after it, which the caller frees with eddy_free().
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_fetch(eddy_sql *connection, const char *sql,
                                          const eddy_sql_value *values, size_t count,
                                          eddy_sql_cursor **out_row);
EDDY_API EDDY_SUSPENDS int eddy_sql_fetch_int(eddy_sql *connection, const char *sql,
                                              const eddy_sql_value *values, size_t count,
                                              int64_t *out_integer);
EDDY_API EDDY_SUSPENDS int eddy_sql_fetch_text(eddy_sql *connection, const char *sql,
                                               const eddy_sql_value *values, size_t count,
                                               char **out_text);

EDDY_AUTO_FOR(eddy_sql_cursor, eddy_sql_cursor_free)

EDDY_END_DECLS

#endif
