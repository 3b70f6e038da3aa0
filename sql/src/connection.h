/* SPDX-License-Identifier: MIT */
/*
 * connection.h: a connection as the other files of this library see it, and the interface of drivers.
 *
 * The code that is common to all databases is in this folder and runs on the loop's thread: the lease
 * of a connection, transactions, statements, cursors. A driver (sqlite/) executes commands in order. It
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
    const char *scheme;                 // "sqlite:", what a URL begins with

    /* Makes ready to take commands, the first of which is COMMAND_OPEN, for `where`. */
    int (*start)(const char *where, const eddy_sql_options *options, void **out_remote);

    /* Takes over a reference; settles it later, or at once (SETTLE_LOST) once it has stopped. */
    void (*submit)(void *remote, struct command *command);

    /* Stops a submitted command: settled at once if it has not begun, else as soon as possible. */
    void (*cancel)(void *remote, struct command *command);

    /*
     * Interrupts what runs, settles all commands as lost, closes. Waits for that some seconds at
     * most; with STOP_NOW not at all: the end of the loop does.
     */
    void (*stop)(void *remote, enum stop_mode mode);
    bool (*is_stopped)(const void *remote);     // by stop, or by the end of the loop

    void (*free)(void *remote);         // after stop
};

extern const struct driver eddy__sql_sqlite;        // sqlite/worker.c

/* A task that waits for the lease; in its own frame. */
struct turn {
    struct turn *next, *before;
    eddy_future *come;                  // done when the task should check again
};

/* The task that has the connection to itself. */
struct lease {
    eddy_task *owner;                   // a reference; NULL: none, requests of all tasks may mix
    bool in_transaction;                // from the submit of BEGIN until its end is certain
    bool reads_only;                    // begun by eddy_sql_begin_read()
    uint64_t transaction;               // the number of the last one, from 1
    bool is_aborted;                    // ... but the database has ended it by itself
    size_t cursor_count;                // with rows left to fetch
    struct turn *first, *last;          // the tasks that wait, in order
};

struct eddy_sql {
    const struct driver *driver;
    void *remote;                       // the driver's
    eddy_loop *loop;                    // compared, never used after its end
    pthread_t thread;                   // the loop's
    pid_t process;                      // a child of fork must leave it alone
    unsigned references;                // the user's, commands', cursors', statements'
    bool is_closed;                     // takes no more commands
    eddy_open_note *open_note;          // until it is closed, in debug mode; or NULL
    eddy_sql_options options;           // defaults filled in
    struct lease lease;
    struct eddy_sql_cursor *cursors;    // those with rows left, all the owner's
    struct command *boundary;           // a BEGIN or COMMIT that is not settled, lent; NULL: none
    struct command *undo;               // a ROLLBACK for a task that ends without one
    struct command *closer;             // CLOSE, made by open
};

struct eddy_sql *eddy__sql_ref(struct eddy_sql *connection);
void eddy__sql_unref(struct eddy_sql *connection);

/* A command of the current task, inside its transaction if it has one. NULL without memory. */
struct command *eddy__sql_command_of(struct eddy_sql *connection, int kind, const char *sql,
                                     const eddy_sql_value *values, size_t column_count,
                                     size_t row_count);

/* 0 if `function` may be called here and now, else EDDY_EMISUSE or EDDY_SQL_CLOSED. */
int eddy__sql_check(const struct eddy_sql *connection, const char *function);

/*
 * Whether `function` may free something of the connection: not in a child of fork, where the
 * connection's thread does not exist and its locks may be held. On another thread it ends the program.
 */
bool eddy__sql_may_free(const struct eddy_sql *connection, const char *function);

/*
 * transaction.c: waits for an abandoned BEGIN or COMMIT of this task (the task was cancelled) to be
 * settled: the task's next command must not come between it and its rollback.
 */
EDDY_SUSPENDS int eddy__sql_wait_boundary(struct eddy_sql *connection);

/*
 * lease.c. enter: checks, then waits until no other task has the lease. take: the current task has it
 * from now on, until give finds neither transaction nor cursor. close: ends it, and wakes the waiters.
 * loses: whether closing now would undo what a transaction has written, unknown to its task.
 */
EDDY_SUSPENDS int eddy__sql_enter(struct eddy_sql *connection, const char *function);
int eddy__sql_lease_take(struct eddy_sql *connection);
void eddy__sql_lease_give(struct eddy_sql *connection);
void eddy__sql_lease_close(struct eddy_sql *connection);
bool eddy__sql_lease_is_mine(const struct eddy_sql *connection);
bool eddy__sql_lease_loses(const struct eddy_sql *connection);

/*
 * transaction.c: rolls back without waiting; if a BEGIN or COMMIT is not settled yet, as soon as it
 * is, and only then is the lease given up. cursor.c: closes all open cursors.
 */
void eddy__sql_undo(struct eddy_sql *connection);
void eddy__sql_cursors_abandon(struct eddy_sql *connection);

/* transaction.c: 0 unless the current task's transaction has been aborted: EDDY_SQL_ABORTED. */
int eddy__sql_may_go_on(const struct eddy_sql *connection);

/* transaction.c: notes what the command, now settled, left of the transaction it ran in. */
void eddy__sql_note_transaction(struct command *command);

#endif
