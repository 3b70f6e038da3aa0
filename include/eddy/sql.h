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
 * options.wait_max at most. Parameters are $1, $2, ...; SQLite also takes its own, in order.
 *
 * Suspending calls return EDDY_CANCELLED, then: what had not begun never runs; what runs is
 * interrupted, and may have been done or not, a single statement as a whole. All of them may also
 * return EDDY_EMISUSE (outside a task, on another thread or loop), EDDY_SQL_CLOSED, EDDY_TIMEDOUT
 * (wait_max), -ENOMEM, and the codes below, with the database's own message attached.
 */
#ifndef EDDY_SQL_H
#define EDDY_SQL_H

#include <eddy/error.h>
#include <eddy/sql_cursor.h>
#include <eddy/sql_transaction.h>
#include <eddy/sql_value.h>

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

/* --- Connections ----------------------------------------------------------------------------- */

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
 * Values and text are copied. EDDY_SQL_MISMATCH unless there is one value for each parameter.
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

EDDY_AUTO_FOR(eddy_sql, eddy_sql_free)
EDDY_AUTO_FOR(eddy_sql_statement, eddy_sql_statement_free)

EDDY_END_DECLS

#endif
