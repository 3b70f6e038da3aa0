/* SPDX-License-Identifier: MIT */
/*
 * command.h: a request to a connection, and its answer.
 *
 * A command is a block on the heap that outlives the wait for it. It carries a copy of the
 * statement and its values; the driver works on it, maybe on another thread; the loop settles it,
 * whether or not a task still waits.
 *
 *     new --submit--> queued --> running --> finished --settle--> settled, then on_settled()
 *                        \__cancel: never runs________________/
 *
 * Invariants:
 *   - From submit to settle the driver holds a reference; the last reference frees the block.
 *   - Until settle only the driver writes the answer. The loop reads it only if `has_run` is set:
 *     the driver may still be at work on a command that was settled as lost.
 *   - Every submitted command is settled exactly once, on the loop's thread.
 */
#ifndef EDDY_SQL_COMMAND_H
#define EDDY_SQL_COMMAND_H

#include <eddy/sql.h>
#include <stdatomic.h>

struct command;

enum command_kind {
    COMMAND_OPEN,
    COMMAND_CLOSE,
    COMMAND_EXECUTE,
    COMMAND_EXECUTE_MANY,
    COMMAND_QUERY,
    COMMAND_FETCH,
    COMMAND_CLOSE_CURSOR,
    COMMAND_PREPARE,
    COMMAND_UNPREPARE,
    COMMAND_BEGIN,
    COMMAND_BEGIN_READ,
    COMMAND_COMMIT,
    COMMAND_ROLLBACK,
};

enum { COMMAND_MESSAGE_MAX = 512 };     // bytes, with the terminating zero; longer ones are cut

/* A batch of rows; the driver makes it, then the cursor owns it. The values point into `bytes`. */
struct rows {
    size_t row_count, column_count;
    eddy_sql_value *values;             // row after row
    char *bytes;
    char *names;                        // column names, each with its zero; first batch only
    bool is_last;                       // the statement has no more, and has been closed
};

struct command {
    // The request: written before submit, constant after.
    enum command_kind kind;
    const char *sql;                    // in this block; NULL if there is a `remote_statement`
    const eddy_sql_value *values;       // in this block, as are their bytes
    size_t column_count, row_count;
    size_t row_max;                     // rows to fetch at most; 0: the connection's batch
    bool only_first;                    // one row is wanted: the statement ends with this batch
    uint64_t transaction;               // number of the one it begins, ends or runs in; 0: none
    void *remote_statement;             // the driver's; PREPARE answers with it
    void *remote_cursor;                // the driver's; QUERY answers with it

    // The answer: written by the driver, read by the loop if has_run.
    ssize_t status;
    size_t parameter_count;             // PREPARE
    bool transaction_is_open;           // after the command
    struct rows *rows;
    char message[COMMAND_MESSAGE_MAX];  // empty: none

    // Shared by the two sides.
    atomic_int references;
    atomic_bool is_cancelled;           // the driver should give up
    struct command *next;               // in one of the driver's queues

    // Used only by the loop's thread.
    struct eddy_sql *connection;        // a reference
    eddy_future *done;                  // a task waits for it, or will; NULL: none does
    ssize_t verdict;                    // the status, once settled
    bool is_settled;
    bool has_run;                       // settled as finished: the answer is valid
    bool is_abandoned;                  // its task has stopped waiting and won't read the verdict
    void (*on_settled)(struct command *command);
    void *context;                      // for on_settled
};

/*
 * Returns a command with a copy of `sql` (may be NULL) and of the values, row_count rows of
 * column_count; NULL if there is no memory. The caller owns one reference.
 */
struct command *eddy__sql_command_new(struct eddy_sql *connection, enum command_kind kind,
                                      const char *sql, const eddy_sql_value *values,
                                      size_t column_count, size_t row_count);
struct command *eddy__sql_command_ref(struct command *command);
void eddy__sql_command_free(struct command *command);     // one reference; on any thread

/*
 * Allocates what the first eddy__sql_wait() needs. Returns 0 or -ENOMEM. Called before submit, so
 * that a wait for a command under way can't fail for lack of memory.
 */
int eddy__sql_arm(struct command *command);

/* Passes the command to the driver, which settles it. */
void eddy__sql_submit(struct command *command);

/*
 * Submits and waits. Returns the status of the command, with its message attached, or
 * EDDY_CANCELLED: then the command is abandoned unless it is settled; the driver stops it, and
 * on_settled follows. Without memory for the wait it is settled as refused, with -ENOMEM, and never
 * runs.
 */
EDDY_SUSPENDS ssize_t eddy__sql_perform(struct command *command);

/* Waits until a submitted command is settled. Returns 0, EDDY_CANCELLED or -ENOMEM. */
EDDY_SUSPENDS int eddy__sql_wait(struct command *command);

/* Returns the status of a settled command, with its message attached for the current task. */
ssize_t eddy__sql_verdict(const struct command *command);

/*
 * For drivers, on the loop's thread: the command is finished, or lost with its connection (it may
 * have run, or run still), or cancelled or refused before it ran. Releases the driver's reference.
 */
enum settlement { SETTLE_FINISHED, SETTLE_LOST, SETTLE_CANCELLED, SETTLE_REFUSED };
void eddy__sql_settle(struct command *command, enum settlement how);

void eddy__sql_rows_free(struct rows *rows);

#endif
