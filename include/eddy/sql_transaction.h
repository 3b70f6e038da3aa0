/* SPDX-License-Identifier: MIT */
/*
 * sql_transaction.h: all or nothing.
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
 * Begin a transaction of the current task; eddy_sql_begin_read() one that only looks, always at the
 * same state. SQLite takes its write lock at once, so that the wait for it is here and not halfway.
 * EDDY_EMISUSE if the task has one open. One that is open when its task ends is rolled back.
 */
EDDY_API EDDY_SUSPENDS int eddy_sql_begin(eddy_sql *connection);
EDDY_API EDDY_SUSPENDS int eddy_sql_begin_read(eddy_sql *connection);

/*
 * End it. 0; EDDY_EMISUSE when the task has none; EDDY_SQL_ABORTED from a commit when an earlier
 * error has ended it; or why the database could not. A commit that fails has rolled back. One that is
 * cancelled before it starts has too; once it is at work its outcome is waited for, unless the task is cancelled again. Then EDDY_CANCELLED
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
    eddy__status(__extension__({                                                     \
        eddy_sql *eddy_sql_in_ = (connection);                                       \
        int eddy_sql_begun_ = eddy_sql_begin(eddy_sql_in_);                          \
        eddy_sql_begun_ < 0 ? eddy_sql_begun_ : eddy_sql_end(eddy_sql_in_, (call));  \
    }))

/* Whether the current task has a transaction open here. */
EDDY_API bool eddy_sql_in_transaction(const eddy_sql *connection);

EDDY_END_DECLS

#endif
