/* SPDX-License-Identifier: MIT */
/*
 * sql.h: databases: SQLite, through an interface that PostgreSQL can have just as well.
 *
 *     EDDY_AUTO(eddy_sql) *db = NULL;
 *     EDDY_TRY(eddy_sql_open("sqlite:people.db", NULL, &db));
 *     EDDY_TRY(eddy_sql_run(db, "INSERT INTO person VALUES ($1, $2)", eddy_sql_int(1),
 *                           eddy_sql_text("Leia")));
 *
 *     int rc;
 *     eddy_for (const eddy_sql_value *, row,
 *               eddy_sql_each(db, "SELECT name FROM person WHERE id > $1", eddy_sql_int(0)), &rc)
 *         puts(row[0].bytes.data);
 *
 * A connection belongs to the loop that opened it, and executes what its tasks ask for in order. A
 * task that has begun a transaction, or has a cursor with rows left to fetch, has the connection
 * to itself until that ends, by its hand or with the task; what others ask for waits in a row,
 * options.wait_max at most. Placeholders are $1, $2, ...; SQLite also takes its own, in order.
 *
 * Suspending calls return EDDY_CANCELLED, then: what had not begun never runs; what runs is
 * interrupted, and may have been done or not, a single statement as a whole. All of them may also
 * return EDDY_EMISUSE (outside a task, on another thread or loop), EDDY_SQL_CLOSED, EDDY_TIMEDOUT
 * (wait_max), -ENOMEM, and the codes below, with the database's own message attached.
 */
#ifndef EDDY_SQL_H
#define EDDY_SQL_H

#include <eddy/future.h>
#include <eddy/iterator.h>
#include <eddy/stream.h>
#include <string.h>

EDDY_BEGIN_DECLS

/* What a database reports; eddy_strerror() names them. */
enum {
    EDDY_SQL_ERROR = EDDY_ERROR_SQL,           /* any other error of the database */
    EDDY_SQL_SYNTAX = EDDY_ERROR_SQL - 1,      /* not understood; no such table or column */
    EDDY_SQL_CONSTRAINT = EDDY_ERROR_SQL - 2,  /* unique, not null, foreign key, check */
    EDDY_SQL_MISMATCH = EDDY_ERROR_SQL - 3,    /* a value, column or count of the wrong kind */
    EDDY_SQL_BUSY = EDDY_ERROR_SQL - 4,        /* locked by another connection for too long */
    EDDY_SQL_READONLY = EDDY_ERROR_SQL - 5,    /* it can only be read */
    EDDY_SQL_FULL = EDDY_ERROR_SQL - 6,        /* no room left on the disk */
    EDDY_SQL_CORRUPT = EDDY_ERROR_SQL - 7,     /* damaged, or not a database at all */
    EDDY_SQL_CANTOPEN = EDDY_ERROR_SQL - 8,    /* no such file, no permission, no server */
    EDDY_SQL_IO = EDDY_ERROR_SQL - 9,          /* reading or writing failed */
    EDDY_SQL_DENIED = EDDY_ERROR_SQL - 10,     /* not allowed to this user */
    EDDY_SQL_TOOBIG = EDDY_ERROR_SQL - 11,     /* a value or statement beyond the limits */
    EDDY_SQL_INTERRUPTED = EDDY_ERROR_SQL - 12, /* stopped; a cursor whose fetch was cancelled */
    EDDY_SQL_ABORTED = EDDY_ERROR_SQL - 13,    /* the transaction has been rolled back already */
    EDDY_SQL_CLOSED = EDDY_ERROR_SQL - 14,     /* the connection or cursor has been closed */
};

/* --- Values ---------------------------------------------------------------------------------- */

/* The kinds of values. */
typedef enum eddy_sql_type {
    EDDY_SQL_NULL,
    EDDY_SQL_INT,
    EDDY_SQL_DOUBLE,
    EDDY_SQL_TEXT,
    EDDY_SQL_BLOB,
} eddy_sql_type;

/* A value on its way in or out. Bytes are lent; on the way out a zero stands after them. */
typedef struct eddy_sql_value {
    eddy_sql_type type;
    union {
        int64_t integer;  /* EDDY_SQL_INT */
        double real;      /* EDDY_SQL_DOUBLE; NaN goes in as null */
        eddy_span bytes;  /* EDDY_SQL_TEXT (UTF-8), EDDY_SQL_BLOB */
    };
} eddy_sql_value;

/* Make a value: a null, an int, a double (a NaN goes in as null). */
static inline eddy_sql_value eddy_sql_null(void)
{
    eddy_sql_value value;
    memset(&value, 0, sizeof value);
    return value;
}
static inline eddy_sql_value eddy_sql_int(int64_t integer)
{
    eddy_sql_value value = eddy_sql_null();
    value.type = EDDY_SQL_INT;
    value.integer = integer;
    return value;
}
static inline eddy_sql_value eddy_sql_double(double real)
{
    eddy_sql_value value = eddy_sql_null();
    value.type = EDDY_SQL_DOUBLE;
    value.real = real;
    return value;
}

/* Text of a given length, in UTF-8. The bytes are lent. */
static inline eddy_sql_value eddy_sql_text_span(eddy_span text)
{
    eddy_sql_value value = eddy_sql_null();
    value.type = EDDY_SQL_TEXT;
    value.bytes = text;
    return value;
}

/* Text up to its zero; a NULL pointer is a null. */
static inline eddy_sql_value eddy_sql_text(const char *text)
{
    eddy_span span = {text, text != NULL ? strlen(text) : 0};
    return text != NULL ? eddy_sql_text_span(span) : eddy_sql_null();
}

/* Bytes of any kind, `size` of them, lent. */
static inline eddy_sql_value eddy_sql_blob(const void *data, size_t size)
{
    eddy_span span = {(const char *)data, size};
    eddy_sql_value value = eddy_sql_text_span(span);
    value.type = EDDY_SQL_BLOB;
    return value;
}

/* A list of values as two arguments, `values, count`: EDDY_SQL_VALUES(eddy_sql_int(7)). */
#ifndef __cplusplus
#define EDDY_SQL_VALUES(...)                     \
    ((eddy_sql_value[]){__VA_ARGS__ __VA_OPT__(,) {EDDY_SQL_NULL, {0}}}), \
        (sizeof((eddy_sql_value[]){__VA_ARGS__ __VA_OPT__(,) {EDDY_SQL_NULL, {0}}}) / \
             sizeof(eddy_sql_value) - 1)
#else
#define EDDY_SQL_VALUES(...) \
    eddy__sql_list(__VA_ARGS__).data(), eddy__sql_count(__VA_ARGS__)
#endif

/* --- Connections ----------------------------------------------------------------------------- */

typedef struct eddy_sql eddy_sql;
typedef struct eddy_sql_statement eddy_sql_statement;
typedef struct eddy_sql_cursor eddy_sql_cursor;

/* Zero means the default. */
typedef struct eddy_sql_options {
    bool read_only;           /* every attempt to write is EDDY_SQL_READONLY */
    bool must_exist;          /* SQLite: don't create the file */
    double busy_timeout;      /* seconds to wait for other connections' locks; 5; < 0: none */
    double wait_max;          /* seconds to wait for another task's transaction or cursor; 60 */
    double close_timeout;     /* seconds that closing gives to what is under way; 5 */
    const char *journal_mode; /* SQLite: "wal" where possible, for files; "delete", ... */
    const char *synchronous;  /* SQLite: "full"; "normal" may lose the last ones in a power cut */
    int statement_cache;      /* prepared statements kept, 64; -1: none */
    size_t batch_rows;        /* rows a cursor fetches at once, 256 ... */
    size_t batch_bytes;       /* ... or fewer, once they take so many bytes, 256 KiB */
} eddy_sql_options;

/*
 * Opens the database at `url`: "sqlite:people.db" (the path as it is, relative or not) or
 * "sqlite::memory:". Files get a write-ahead log; foreign keys are enforced.
 *
 * Returns 0 and the connection, to be given back with eddy_sql_free(); EDDY_EVALUE for a URL or
 * option that makes no sense; EDDY_SQL_CANTOPEN, _READONLY (a file that can't be written, without
 * read_only), _CORRUPT (not a database), _BUSY; -EAGAIN when no thread can be made. Suspends.
 * Cancelled, it leaves nothing behind.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_open(const char *url, const eddy_sql_options *options,
                                         eddy_sql **out_connection);

/*
 * Closes the connection, once what was asked for before has been done; an open transaction is
 * rolled back. What is not done after options.close_timeout is interrupted (EDDY_TIMEDOUT), and so
 * it is when the task is cancelled: the connection is closed in every case. Closing it again is 0.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_close(eddy_sql *connection);

/*
 * Gives the connection back, closing it without waiting for what is under way: that is interrupted,
 * and whoever waits for it gets EDDY_SQL_CLOSED. Never suspends; blocks while a thread in the
 * middle of a read or write comes back. Its cursors and statements may be freed before or after.
 * The end of the loop closes what was not.
 */
EDDY_API void eddy_sql_free(eddy_sql *connection);

/* --- Statements ------------------------------------------------------------------------------ */

/*
 * Executes `sql`, and returns the number of rows that it inserted, changed or deleted. Rows that it
 * answers with are dropped. Without values it may hold several statements, separated by semicolons,
 * executed up to the first that fails. It must not begin a transaction and leave it open.
 *
 *     ssize_t n = eddy_sql_run(db, "DELETE FROM person WHERE id = $1", eddy_sql_int(7));
 *
 * Values and text are copied. EDDY_SQL_MISMATCH unless there is one value for each placeholder.
 */
#define eddy_sql_run(connection, sql, ...) \
    eddy_sql_execute((connection), (sql), EDDY_SQL_VALUES(__VA_ARGS__))
EDDY_API EDDY_SUSPENDS ssize_t eddy_sql_execute(eddy_sql *connection, const char *sql,
                                                const eddy_sql_value *values, size_t count);

/*
 * Executes one statement for each of `row_count` rows of `column_count` values, which lie in
 * `values` row after row, in one go. All of it happens or nothing: outside a transaction it is one
 * of its own. Returns the number of rows changed; the message of an error says which row failed.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_sql_execute_many(eddy_sql *connection, const char *sql,
                                                     const eddy_sql_value *values,
                                                     size_t column_count, size_t row_count);

/*
 * Prepares one statement, to be given back with eddy_sql_statement_free(). Worth it for its early
 * errors; speed comes by itself, for a connection remembers what it prepared for the calls above
 * and below (options.statement_cache).
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_prepare(eddy_sql *connection, const char *sql,
                                            eddy_sql_statement **out_statement);
EDDY_API void eddy_sql_statement_free(eddy_sql_statement *statement);
EDDY_API size_t eddy_sql_statement_parameter_count(const eddy_sql_statement *statement);
EDDY_API EDDY_SUSPENDS ssize_t eddy_sql_statement_execute(eddy_sql_statement *statement,
                                                          const eddy_sql_value *values,
                                                          size_t count);
EDDY_API EDDY_SUSPENDS ssize_t eddy_sql_statement_execute_many(eddy_sql_statement *statement,
                                                               const eddy_sql_value *values,
                                                               size_t column_count,
                                                               size_t row_count);
EDDY_API EDDY_SUSPENDS int eddy_sql_statement_query(eddy_sql_statement *statement,
                                                    const eddy_sql_value *values, size_t count,
                                                    eddy_sql_cursor **out_cursor);

/* --- Rows ------------------------------------------------------------------------------------ */

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

/* --- Transactions ---------------------------------------------------------------------------- */

/*
 * Begin a transaction of the current task; eddy_sql_begin_read() one that only looks, always at the
 * same state. SQLite takes its write lock at once, so that the wait for it is here and not halfway.
 * EDDY_EMISUSE if the task has one open. One that is open when its task ends is rolled back.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_begin(eddy_sql *connection);
EDDY_API EDDY_SUSPENDS int eddy_sql_begin_read(eddy_sql *connection);

/*
 * End it. 0; EDDY_EMISUSE when the task has none; EDDY_SQL_ABORTED from a commit when an earlier error
 * has ended it; or why the database could not. A commit that fails has rolled back. One that is cancelled before it starts has too; once
 * it is at work its outcome is waited for, unless the task is cancelled again. Then EDDY_CANCELLED
 * comes back, with a message that says what happened.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_commit(eddy_sql *connection);
EDDY_API EDDY_SUSPENDS int eddy_sql_rollback(eddy_sql *connection);

/* What became of a transaction. */
typedef enum eddy_sql_outcome {
    EDDY_SQL_NO_TRANSACTION,  /* there was none */
    EDDY_SQL_COMMITTED,       /* it is in the database */
    EDDY_SQL_ROLLED_BACK,     /* nothing of it is */
    EDDY_SQL_OUTCOME_UNKNOWN, /* still at work, and not waited for; or the connection was lost */
} eddy_sql_outcome;

/* Commits and returns as above, and tells what happened: *out_outcome is set in every case. */
EDDY_API EDDY_SUSPENDS int eddy_sql_commit_to(eddy_sql *connection, eddy_sql_outcome *out_outcome);

/*
 * Ends the transaction with the status of its body: commits if that is 0 or more, else rolls back.
 * Returns `status`, or why the commit failed.
 *
 *     EDDY_TRY(eddy_sql_begin(db));
 *     EDDY_TRY(eddy_sql_end(db, insert_all(db, people)));
 *
 *     EDDY_TRY(eddy_sql_transaction(db, insert_all(db, people)));     // the same
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_end(eddy_sql *connection, int status);
#define eddy_sql_transaction(connection, call)                                       \
    __extension__({                                                                  \
        eddy_sql *eddy_sql_in_ = (connection);                                       \
        int eddy_sql_begun_ = eddy_sql_begin(eddy_sql_in_);                          \
        eddy_sql_begun_ < 0 ? eddy_sql_begun_ : eddy_sql_end(eddy_sql_in_, (call));  \
    })

/* Whether the current task has a transaction open here. */
EDDY_API bool eddy_sql_in_transaction(const eddy_sql *connection);

EDDY_AUTO_FOR(eddy_sql, eddy_sql_free)
EDDY_AUTO_FOR(eddy_sql_statement, eddy_sql_statement_free)
EDDY_AUTO_FOR(eddy_sql_cursor, eddy_sql_cursor_free)

EDDY_END_DECLS

#ifdef __cplusplus
/* C++ has no addresses of compound literals: the list lives in a temporary. */
template <size_t Count> struct eddy__sql_values {
    eddy_sql_value items[Count + 1];
    const eddy_sql_value *data() const { return items; }
};
template <typename... Values>
static inline eddy__sql_values<sizeof...(Values)> eddy__sql_list(Values... values)
{
    return {{values..., eddy_sql_null()}};
}
template <typename... Values> static inline size_t eddy__sql_count(const Values &...)
{
    return sizeof...(Values);
}
#endif

#endif
