/* SPDX-License-Identifier: MIT */
/*
 * connection.h: the internal interface of a connection, and the interface of drivers.
 *
 * The code common to all databases is in this folder and runs on the loop's thread: the lease of a
 * connection, transactions, statements, cursors. A driver (sqlite/) executes commands in order. It
 * knows nothing of tasks.
 */
#ifndef EDDY_SQL_CONNECTION_H
#define EDDY_SQL_CONNECTION_H

#include <eddy/loop.h>
#include <eddy/sql.h>
#include <pthread.h>

struct command;

enum stop_mode { STOP_AND_WAIT, STOP_NOW };

struct driver {
    const char *scheme;                 // the start of its URLs: "sqlite:"

    /* Prepares for commands, the first of which is COMMAND_OPEN, for `where`. */
    int (*start)(const char *where, const eddy_sql_options *options, void **out_remote);

    /* Takes over a reference; settles the command later, or at once (SETTLE_LOST) if stopped. */
    void (*submit)(void *remote, struct command *command);

    /* Stops a submitted command: settled at once if it has not begun, else as soon as possible. */
    void (*cancel)(void *remote, struct command *command);

    /*
     * Interrupts the running command, settles all commands as lost, closes. Waits for that for
     * some seconds at most; with STOP_NOW not at all: the end of the loop waits.
     */
    void (*stop)(void *remote, enum stop_mode mode);
    bool (*is_stopped)(const void *remote);     // by stop or the end of the loop

    void (*free)(void *remote);         // after stop
};

extern const struct driver eddy__sql_sqlite;        // sqlite/worker.c

/* A task that waits for the lease; stored in the task's stack frame. */
struct turn {
    struct turn *next, *before;
    eddy_future *come;                  // done when the task should check again
};

/* The task that has the connection to itself. */
struct lease {
    eddy_task *owner;                   // a reference; NULL: none, commands of all tasks may mix
    bool in_transaction;                // from the submit of BEGIN until its end is certain
    bool reads_only;                    // begun by eddy_sql_begin_read()
    uint64_t transaction;               // the number of the last transaction, from 1
    bool is_aborted;                    // ... but the database has ended it by itself
    size_t cursor_count;                // cursors with rows left to fetch
    struct turn *first, *last;          // the waiting tasks, in order
};

struct eddy_sql {
    const struct driver *driver;
    void *remote;                       // the driver's
    eddy_loop *loop;                    // compared, never used after its end
    pthread_t thread;                   // the loop's
    pid_t process;                      // a child of fork must not use it
    unsigned references;                // of the user, commands, cursors and statements
    bool is_closed;                     // takes no more commands
    eddy_open_note *open_note;          // until it is closed, in debug mode; or NULL
    eddy_sql_options options;           // defaults filled in
    struct lease lease;
    struct eddy_sql_cursor *cursors;    // those with rows left, all of the owner
    struct command *boundary;           // an unsettled BEGIN or COMMIT, borrowed; NULL: none
    struct command *undo;               // a ROLLBACK for a task that ends without one
    struct command *closer;             // CLOSE, made by open
};

struct eddy_sql *eddy__sql_ref(struct eddy_sql *connection);
void eddy__sql_unref(struct eddy_sql *connection);

/* Returns a command of the current task, in its transaction if it has one; NULL if no memory. */
struct command *eddy__sql_command_of(struct eddy_sql *connection, int kind, const char *sql,
                                     const eddy_sql_value *values, size_t column_count,
                                     size_t row_count);

/* Returns 0 if `function` may be called here and now, else EDDY_EMISUSE or EDDY_SQL_CLOSED. */
int eddy__sql_check(const struct eddy_sql *connection, const char *function);

/*
 * Whether `function` may free something of the connection: not in a child of fork, where the
 * connection's thread doesn't exist and its locks may be held. On another thread, ends the program.
 */
bool eddy__sql_may_free(const struct eddy_sql *connection, const char *function);

/*
 * transaction.c: waits until an abandoned BEGIN or COMMIT of this task (the task was cancelled) is
 * settled: the task's next command must not run between it and its rollback.
 */
EDDY_SUSPENDS int eddy__sql_wait_boundary(struct eddy_sql *connection);

/*
 * lease.c. enter: checks, then waits until no other task has the lease. take: gives it to the
 * current task, until give finds neither transaction nor cursor. close: ends it, and wakes the
 * waiters. loses: whether closing now would undo a transaction's writes without its task knowing.
 */
EDDY_SUSPENDS int eddy__sql_enter(struct eddy_sql *connection, const char *function);
int eddy__sql_lease_take(struct eddy_sql *connection);
void eddy__sql_lease_give(struct eddy_sql *connection);
void eddy__sql_lease_close(struct eddy_sql *connection);
bool eddy__sql_lease_is_mine(const struct eddy_sql *connection);
bool eddy__sql_lease_loses(const struct eddy_sql *connection);

/*
 * transaction.c: rolls back without waiting; if a BEGIN or COMMIT is not settled yet, as soon as it
 * is, and the lease is given up only then. cursor.c: closes all open cursors.
 */
void eddy__sql_undo(struct eddy_sql *connection);
void eddy__sql_cursors_abandon(struct eddy_sql *connection);

/* transaction.c: returns EDDY_SQL_ABORTED if the current task's transaction was aborted, else 0. */
int eddy__sql_may_go_on(const struct eddy_sql *connection);

/* transaction.c: updates the transaction's state after a settled command that ran in it. */
void eddy__sql_note_transaction(struct command *command);

#endif
