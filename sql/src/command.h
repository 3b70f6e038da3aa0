/* SPDX-License-Identifier: MIT */
/*
 * command.h: one thing that a connection is asked to do, and the rows it may answer with.
 *
 * A command is a block on the heap that outlives the wait for it: the task that asks lays its
 * statement and values down in it, the driver (maybe on another thread) works on it, and the loop
 * settles it, whether or not somebody still waits.
 *
 *     new --submit--> queued --> running --> finished --settle--> settled, then on_settled()
 *                        \__cancel: never runs________________/
 *
 * What always holds:
 *   - From submit to settle the driver holds a reference; the last reference frees the block.
 *   - Between submit and settle only the driver writes to the answer; the loop reads it after.
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

/* A batch of rows; made by the driver, then the cursor's. The values point into `bytes`. */
struct rows {
    size_t row_count, column_count;
    eddy_sql_value *values;             // row after row
    char *bytes;
    char *names;                        // of the columns, each with its zero; first batch only
    bool is_last;                       // the statement has no more, and has been let go
};

struct command {
    // The question: written before submit, constant after.
    enum command_kind kind;
    const char *sql;                    // in this block; NULL when `remote_statement` says it
    const eddy_sql_value *values;       // in this block, as are their bytes
    size_t column_count, row_count;
    size_t row_max;                     // rows to fetch at most; 0: the connection's batch
    bool only_first;                    // let the statement go after this batch
    uint64_t transaction;               // the number of the one it belongs to; 0: none
    void *remote_statement;             // the driver's; PREPARE answers with it
    void *remote_cursor;                // the driver's; QUERY answers with it

    // The answer: the driver's until the command is settled.
    ssize_t status;
    bool has_run;                       // false: the rest of the answer says nothing
    size_t parameter_count;             // PREPARE
    bool transaction_is_open;           // after the command
    struct rows *rows;
    char message[COMMAND_MESSAGE_MAX];  // empty: none

    // Between the two sides.
    atomic_int references;
    atomic_bool is_cancelled;           // the driver should give up
    struct command *next;               // in one of the driver's queues

    // The loop's thread alone.
    struct eddy_sql *connection;        // a reference
    eddy_future *done;                  // who waits; NULL: nobody (any more)
    ssize_t verdict;                    // the status, once settled
    bool is_settled;
    bool is_abandoned;                  // nobody will look at the verdict
    void (*on_settled)(struct command *command);
    void *context;                      // for on_settled
};

/*
 * A command that carries a copy of `sql` (may be NULL) and of the values, row_count rows of
 * column_count. NULL without memory. One reference is the caller's.
 */
struct command *eddy__sql_command_new(struct eddy_sql *connection, enum command_kind kind,
                                      const char *sql, const eddy_sql_value *values,
                                      size_t column_count, size_t row_count);
struct command *eddy__sql_command_ref(struct command *command);
void eddy__sql_command_free(struct command *command);     // one reference; on any thread

/* Hands it to the driver; it will be settled. For commands that nobody waits for. */
void eddy__sql_submit(struct command *command);

/*
 * Submits and waits; the status of the command, with its message attached, or EDDY_CANCELLED. Then
 * it has been given up unless it is settled: the driver stops it, and on_settled follows.
 */
EDDY_SUSPENDS ssize_t eddy__sql_perform(struct command *command);

/* Waits for a submitted command: 0 once it is settled, else EDDY_CANCELLED, -ENOMEM. */
EDDY_SUSPENDS int eddy__sql_wait(struct command *command);

/* The status of a settled command, with its message attached for the current task. */
ssize_t eddy__sql_verdict(const struct command *command);

/*
 * For drivers, on the loop's thread: the command is finished, or lost with its connection, or
 * cancelled before it ran. Gives the driver's reference back.
 */
enum settlement { SETTLE_FINISHED, SETTLE_LOST, SETTLE_CANCELLED };
void eddy__sql_settle(struct command *command, enum settlement how);

void eddy__sql_rows_free(struct rows *rows);

#endif
