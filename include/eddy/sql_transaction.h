/* SPDX-License-Identifier: MIT */
/*
 * sql_transaction.h: statements that are done as one unit, or not at all.
 *
 *     EDDY_TRY(eddy_sql_begin(db));
 *     EDDY_TRY(eddy_sql_end(db, insert_all(db, people)));
 *
 * Included by sql.h, which says what all suspending calls may return.
 */
#ifndef EDDY_SQL_TRANSACTION_H
#define EDDY_SQL_TRANSACTION_H

#include <eddy/api.h>

EDDY_BEGIN_DECLS

typedef struct eddy_sql eddy_sql;

/*
 * Begin a transaction of the current task; eddy_sql_begin_read() one that only reads, always the same
 * state. SQLite takes its write lock at once, so that the wait for it is here and not halfway.
 *
 * Return 0, EDDY_EMISUSE if the task has one open, or an error; suspend. After an error, also after a
 * cancellation, none is open. A transaction that is open when its task ends is rolled back, and if the
 * task succeeded, the exception handler is told (EDDY_REPORT_SCOPE).
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_begin(eddy_sql *connection);
EDDY_API EDDY_SUSPENDS int eddy_sql_begin_read(eddy_sql *connection);

/*
 * End the transaction. Return 0; EDDY_EMISUSE when the task has none; EDDY_SQL_ABORTED from a commit
 * when an earlier error has ended it; or why the database could not commit: then it has rolled back.
 *
 * Cancellation: a commit that has not started never does, and the transaction is rolled back. One that
 * is under way is waited for, unless the task is cancelled again. Then EDDY_CANCELLED is returned, with
 * a message that says what happened. A rollback is always carried out.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_commit(eddy_sql *connection);
EDDY_API EDDY_SUSPENDS int eddy_sql_rollback(eddy_sql *connection);

/* What became of a transaction. */
typedef enum eddy_sql_outcome {
    EDDY_SQL_NO_TRANSACTION,  /* there was none */
    EDDY_SQL_COMMITTED,       /* it is in the database */
    EDDY_SQL_ROLLED_BACK,     /* nothing of it is */
    EDDY_SQL_OUTCOME_UNKNOWN, /* still under way, and not waited for; or the connection was lost */
} eddy_sql_outcome;

/* The same as eddy_sql_commit(), and sets *out_outcome in every case. NULL is EDDY_EMISUSE. */
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
    eddy__status(__extension__({                                                     \
        eddy_sql *eddy_sql_in_ = (connection);                                       \
        int eddy_sql_begun_ = eddy_sql_begin(eddy_sql_in_);                          \
        eddy_sql_begun_ < 0 ? eddy_sql_begun_ : eddy_sql_end(eddy_sql_in_, (call));  \
    }))

/* Whether the current task has a transaction open here. */
EDDY_API bool eddy_sql_in_transaction(const eddy_sql *connection);

EDDY_END_DECLS

#endif
