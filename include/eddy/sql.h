/* SPDX-License-Identifier: MIT */
/*
 * sql.h: databases: SQLite, through an interface that fits PostgreSQL as well.
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
 * A connection belongs to the loop that opened it, and executes the statements of its tasks in order.
 * A task that has begun a transaction, or has a cursor with rows left to fetch, has the connection to
 * itself until it ends that, or until the task ends; statements of other tasks queue, for
 * options.wait_max at most. Parameters are $1, $2, ...; SQLite also takes its own, in order.
 *
 * Success means done: a statement that writes has been run to its end, with its constraints checked,
 * and outside a transaction it has been committed, before a call returns 0 or more. An error means not
 * done, except these, after which a single statement is done as a whole or not at all: EDDY_CANCELLED
 * (a statement that had not begun never runs, one that runs is interrupted) and EDDY_SQL_CLOSED.
 *
 * All suspending calls may also return EDDY_EMISUSE (outside a task, on another thread or loop, NULL
 * where an object is required), EDDY_SQL_CLOSED, EDDY_TIMEDOUT (wait_max), -ENOMEM, and the codes
 * below, with the database's own message attached.
 */
#ifndef EDDY_SQL_H
#define EDDY_SQL_H

#include <eddy/error.h>
#include <eddy/sql_cursor.h>
#include <eddy/sql_transaction.h>
#include <eddy/sql_value.h>

EDDY_BEGIN_DECLS

/* The errors of databases; eddy_strerror() names them. */
enum {
    EDDY_SQL_ERROR = EDDY_ERROR_SQL,           /* any other error of the database */
    EDDY_SQL_SYNTAX = EDDY_ERROR_SQL - 1,      /* not understood; no such table or column */
    EDDY_SQL_CONSTRAINT = EDDY_ERROR_SQL - 2,  /* unique, not null, foreign key, check */
    EDDY_SQL_MISMATCH = EDDY_ERROR_SQL - 3,    /* a value, column or count of the wrong kind */
    EDDY_SQL_BUSY = EDDY_ERROR_SQL - 4,        /* locked by another connection for too long */
    EDDY_SQL_READONLY = EDDY_ERROR_SQL - 5,    /* it can only be read */
    EDDY_SQL_FULL = EDDY_ERROR_SQL - 6,        /* the disk is full */
    EDDY_SQL_CORRUPT = EDDY_ERROR_SQL - 7,     /* damaged, or not a database at all */
    EDDY_SQL_CANTOPEN = EDDY_ERROR_SQL - 8,    /* no such file, no permission, no server */
    EDDY_SQL_IO = EDDY_ERROR_SQL - 9,          /* reading or writing failed */
    EDDY_SQL_DENIED = EDDY_ERROR_SQL - 10,     /* not allowed to this user */
    EDDY_SQL_TOOBIG = EDDY_ERROR_SQL - 11,     /* a value or statement beyond the limits */
    EDDY_SQL_INTERRUPTED = EDDY_ERROR_SQL - 12, /* stopped; a cursor whose fetch was cancelled */
    EDDY_SQL_ABORTED = EDDY_ERROR_SQL - 13,    /* the transaction has been rolled back */
    EDDY_SQL_CLOSED = EDDY_ERROR_SQL - 14,     /* the connection or cursor has been closed */
};

/* --- Connections ----------------------------------------------------------------------------- */

/* Zero means the default. */
typedef struct eddy_sql_options {
    bool read_only;           /* every attempt to write is EDDY_SQL_READONLY */
    bool must_exist;          /* SQLite: don't create the file */
    double busy_timeout;      /* seconds to wait for other connections' locks; 5; < 0: none */
    double wait_max;          /* seconds to wait for another task's transaction or cursor; 60 */
    double close_timeout;     /* seconds that closing waits for what is under way; 5 */
    const char *journal_mode; /* SQLite: "wal" where possible, for files; "delete", ... */
    const char *synchronous;  /* SQLite: "full"; "normal": a power cut may undo the last commits */
    int statement_cache;      /* prepared statements kept, 64; -1: none */
    size_t batch_rows;        /* rows a cursor fetches at once, 256 ... */
    size_t batch_bytes;       /* ... or fewer, once they take so many bytes, 256 KiB */
} eddy_sql_options;

/*
 * Opens the database at `url`: "sqlite:people.db" (the path as it is, relative or not) or
 * "sqlite::memory:". Files get a write-ahead log; foreign keys are enforced.
 *
 * Returns 0 and the connection, to be freed with eddy_sql_free(); EDDY_EVALUE for a URL or option that
 * is not valid; EDDY_SQL_CANTOPEN, _READONLY (a file that can't be written, without read_only), _CORRUPT
 * (not a database), _BUSY; -EAGAIN when no thread can be made; or EDDY_EMISUSE for a NULL. Suspends.
 * Cancellation: nothing is left open.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_open(const char *url, const eddy_sql_options *options,
                                         eddy_sql **out_connection);

/*
 * Closes the connection once all earlier statements are done, and sees to it that all that was
 * committed is on disk. The connection is closed in every case, also after an error.
 *
 * Returns 0, also if it was closed already;
 *   EDDY_SQL_ABORTED   a write transaction was open, of this or another task: it has been rolled back,
 *   EDDY_TIMEDOUT      statements were not done after options.close_timeout: they were interrupted, and
 *                      their tasks get EDDY_SQL_CLOSED,
 *   EDDY_SQL_IO, EDDY_SQL_FULL  the log could not be synced, now or earlier: what was committed last may
 *                      be lost in a power cut (with synchronous "normal"),
 *   EDDY_CANCELLED     as after EDDY_TIMEDOUT.
 *
 * Suspends. It does not wait for a thread that is in a long call of SQLite; the end of the loop does,
 * for 5 s at most.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_close(eddy_sql *connection);

/*
 * Frees the connection. If it is open, it is closed first without waiting for what is under way: that
 * is interrupted, and its tasks get EDDY_SQL_CLOSED; an open transaction is rolled back. Nobody is told
 * of an error then: to learn whether all is on disk, call eddy_sql_close() before. Its cursors and
 * statements may be freed before or after. NULL is fine.
 *
 * Never suspends; blocks until the thread has interrupted what it does, 5 s at most. On the thread of
 * another loop it ends the program. The end of a loop closes the connections that are still open.
 */
EDDY_API void eddy_sql_free(eddy_sql *connection);

/* --- Statements ------------------------------------------------------------------------------ */

/*
 * Executes `sql`, and returns the number of rows that it inserted, changed or deleted. Rows that it
 * answers with are dropped. Without values it may hold several statements, separated by semicolons,
 * executed up to the first that fails.
 *
 *     ssize_t n = eddy_sql_run(db, "DELETE FROM person WHERE id = $1", eddy_sql_int(7));
 *
 * Transactions belong to eddy_sql_begin(): text that begins one and leaves it open is rolled back, and
 * text that would end one of eddy_sql_begin() is not executed; both are EDDY_EMISUSE, here and in all
 * calls that take text. SAVEPOINT, RELEASE and ROLLBACK TO may be used inside a transaction.
 *
 * Values and text are copied. EDDY_SQL_MISMATCH unless there is one value for each parameter.
 */
#define eddy_sql_run(connection, sql, ...) \
    eddy_sql_execute((connection), (sql), EDDY_SQL_VALUES(__VA_ARGS__))
EDDY_API EDDY_SUSPENDS ssize_t eddy_sql_execute(eddy_sql *connection, const char *sql,
                                                const eddy_sql_value *values, size_t count);

/*
 * Executes one statement for each of `row_count` rows of `column_count` values, stored in `values` row
 * after row. All of it is done or nothing: outside a transaction it is one of its own. Returns the
 * number of rows changed; the message of an error says which row failed.
 */
EDDY_API EDDY_SUSPENDS ssize_t eddy_sql_execute_many(eddy_sql *connection, const char *sql,
                                                     const eddy_sql_value *values,
                                                     size_t column_count, size_t row_count);

/*
 * Prepares one statement, to be freed with eddy_sql_statement_free() on the loop's thread (NULL is
 * fine), and executes it as the functions of the same names do. Its use is that errors in the text are
 * found early; it is not faster, because the connection caches what it prepares for all calls
 * (options.statement_cache). The number of parameters of NULL is 0.
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

EDDY_AUTO_FOR(eddy_sql, eddy_sql_free)
EDDY_AUTO_FOR(eddy_sql_statement, eddy_sql_statement_free)

EDDY_END_DECLS

#endif
