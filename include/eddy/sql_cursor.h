/* SPDX-License-Identifier: MIT */
/*
 * sql_cursor.h: the rows that a statement answers with, one after the other, a batch at a time.
 *
 *     int rc;
 *     eddy_for (const eddy_sql_value *, row,
 *               eddy_sql_each(db, "SELECT name FROM person WHERE id > $1", eddy_sql_int(0)), &rc)
 *         puts(row[0].bytes.data);
 *     EDDY_TRY(rc);
 *
 * A cursor belongs to the task that opened it, and while it has rows left to fetch, so does the
 * connection. Included by sql.h, which says what all suspending calls may return.
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
 * Executes one statement and lends its rows one after the other: a batch is fetched at once
 * (options.batch_rows), the next when it has been read. Returns 0 and the cursor, to be given back
 * with eddy_sql_cursor_free() by the task that opened it. Suspends.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_query(eddy_sql *connection, const char *sql,
                                          const eddy_sql_value *values, size_t count,
                                          eddy_sql_cursor **out_cursor);

/*
 * Executes one statement as the source of an eddy_for over its rows, which uses it up; the item is
 * the values of a row, lent until the next. What eddy_sql_query() reports comes out of the loop.
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

/* Stops a statement that has rows left. Never suspends. */
EDDY_API void eddy_sql_cursor_free(eddy_sql_cursor *cursor);

/*
 * Goes to the next row: 1; 0 after the last; or an error, from then on. Suspends when a batch has
 * to be fetched. Cancelled meanwhile, it loses no row that has arrived, but a fetch that was under
 * way is interrupted: EDDY_SQL_INTERRUPTED from then on.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_next(eddy_sql_cursor *cursor);

/* The columns; the values of the current row, lent until eddy_sql_next(), NULL without a row. */
EDDY_API int eddy_sql_column_count(const eddy_sql_cursor *cursor);
EDDY_API const char *eddy_sql_column_name(const eddy_sql_cursor *cursor, int column);
EDDY_API const eddy_sql_value *eddy_sql_row(const eddy_sql_cursor *cursor);

/* The number of the first column of that name, from 0; EDDY_SQL_MISMATCH if there is none. */
EDDY_API EDDY_CHECKED int eddy_sql_column(const eddy_sql_cursor *cursor, const char *name);

/*
 * Read one value of the current row, lent until eddy_sql_next(); `column` is a number or, as an
 * error goes through, a name:
 *
 *     EDDY_TRY(eddy_sql_get_int(rows, eddy_sql_column(rows, "age"), &age));
 *
 * 0, or EDDY_SQL_MISMATCH: it is null or of another type (a double may be asked for where an int
 * is, a blob where text is), there is no such column, or no row.
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
 * Queries one row: 1 and a cursor that stands on it, free of its statement; 0 (NULL) if there is
 * none. The other two take its first value: an int, or text that the caller gives to free(3).
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
