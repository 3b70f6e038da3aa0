/* SPDX-License-Identifier: MIT */
/*
 * transaction.c: begin, commit, rollback, and the end of transactions that their task leaves open.
 *
 *     none --BEGIN--> beginning --settled--> open --COMMIT--> committing --settled--> none
 *                                              |--ROLLBACK--> none
 *                                              `--the database ends it--> aborted --ROLLBACK--> none
 *
 * A database may end a transaction by itself (the disk is full, an insert was interrupted). Later
 * statements must not run as separate transactions, so the transaction becomes aborted, and every
 * command fails until its task ends it. The driver detects this first, and refuses the commands
 * that are already queued.
 *
 * Invariants:
 *   - While a transaction is open, the command that rolls it back exists (`undo`): rolling back
 *     needs no memory, so it can't fail for lack of it.
 *   - The lease outlasts `boundary`, an unsettled BEGIN or COMMIT: its task keeps the connection
 *     until then, even if it was cancelled or has ended, so `boundary` affects no other task's
 *     transaction.
 *   - A submitted rollback always runs, whatever is cancelled, and commands run in order, so the
 *     lease is given up at submit.
 */
#include <errno.h>

#include <eddy/task.h>

#include "command.h"
#include "connection.h"

void eddy__sql_note_transaction(struct command *command)
{
    struct eddy_sql *connection = command->connection;
    struct lease *lease = &connection->lease;
    if (command->has_run && lease->in_transaction && command->transaction == lease->transaction &&
        !command->transaction_is_open)
        lease->is_aborted = true;
}

int eddy__sql_may_go_on(const struct eddy_sql *connection)
{
    if (!connection->lease.is_aborted || !eddy__sql_lease_is_mine(connection))
        return 0;
    return eddy_fail(EDDY_SQL_ABORTED,
                     "the transaction has ended by an earlier error or statement; roll it back");
}

bool eddy_sql_in_transaction(const eddy_sql *connection)
{
    return connection != NULL && connection->lease.in_transaction && connection->boundary == NULL &&
           eddy__sql_lease_is_mine(connection);
}

static void end_lease(struct eddy_sql *connection)
{
    connection->lease.in_transaction = false;
    connection->lease.is_aborted = false;
    eddy__sql_lease_give(connection);
}

void eddy__sql_undo(struct eddy_sql *connection)
{
    struct command *undo = connection->undo;
    if (!connection->lease.in_transaction || undo == NULL)
        return;
    if (connection->boundary != NULL) {     // settling it will roll back if necessary
        connection->boundary->is_abandoned = true;
        connection->driver->cancel(connection->remote, connection->boundary);
        return;
    }
    connection->undo = NULL;
    eddy__sql_submit(undo);
    end_lease(connection);
    eddy__sql_command_free(undo);
}

int eddy__sql_wait_boundary(struct eddy_sql *connection)
{
    int rc = 0;
    eddy__sql_ref(connection);
    while (rc >= 0 && connection->boundary != NULL && eddy__sql_lease_is_mine(connection)) {
        struct command *command = eddy__sql_command_ref(connection->boundary);
        rc = eddy__sql_wait(command);
        eddy__sql_command_free(command);
    }
    if (rc >= 0 && connection->is_closed)
        rc = eddy_fail(EDDY_SQL_CLOSED, "the connection has been closed");
    eddy__sql_unref(connection);
    return rc;
}

static void begin_settled(struct command *command)
{
    struct eddy_sql *connection = command->connection;
    connection->boundary = NULL;
    if (command->verdict < 0) {
        eddy__sql_command_free(connection->undo);
        connection->undo = NULL;
        end_lease(connection);
    } else if (command->is_abandoned) {
        eddy__sql_undo(connection);
    }
}

/* Takes the lease for the current task, and numbers the transaction that is about to begin. */
static int take_connection(struct eddy_sql *connection, struct command *command)
{
    struct command *undo = eddy__sql_command_new(connection, COMMAND_ROLLBACK, NULL, NULL, 0, 0);
    if (undo == NULL)
        return -ENOMEM;
    int rc = eddy__sql_lease_take(connection);
    if (rc < 0) {
        eddy__sql_command_free(undo);
        return rc;
    }
    connection->undo = undo;
    struct lease *lease = &connection->lease;
    lease->in_transaction = true;
    lease->reads_only = command->kind == COMMAND_BEGIN_READ;
    lease->is_aborted = false;
    lease->transaction++;
    undo->transaction = command->transaction = lease->transaction;
    return 0;
}

static int begin(struct eddy_sql *connection, enum command_kind kind, const char *function)
{
    EDDY_TRY(eddy__sql_enter(connection, function));
    if (eddy_sql_in_transaction(connection))
        return eddy_fail(EDDY_EMISUSE, "%s: this task has a transaction open already", function);
    struct command *command = eddy__sql_command_new(connection, kind, NULL, NULL, 0, 0);
    int rc = command != NULL ? take_connection(connection, command) : -ENOMEM;
    if (rc >= 0) {
        command->on_settled = begin_settled;
        connection->boundary = command;
        rc = (int)eddy__sql_perform(command);
        // The task was cancelled just after the transaction had begun.
        if (rc < 0 && command->is_settled && command->verdict >= 0)
            eddy__sql_undo(connection);
    }
    eddy__sql_command_free(command);
    return rc;
}

int eddy_sql_begin(eddy_sql *connection)
{
    return begin(connection, COMMAND_BEGIN, "eddy_sql_begin");
}

int eddy_sql_begin_read(eddy_sql *connection)
{
    return begin(connection, COMMAND_BEGIN_READ, "eddy_sql_begin_read");
}

static int check_open(struct eddy_sql *connection, const char *function)
{
    EDDY_TRY(eddy__sql_check(connection, function));
    EDDY_TRY(eddy__sql_wait_boundary(connection));
    if (!eddy_sql_in_transaction(connection))
        return eddy_fail(EDDY_EMISUSE, "%s: this task has no transaction open", function);
    return 0;
}

int eddy_sql_rollback(eddy_sql *connection)
{
    EDDY_TRY(check_open(connection, "eddy_sql_rollback"));
    struct command *undo = eddy__sql_command_ref(connection->undo);
    int rc = eddy__sql_arm(undo);
    eddy__sql_undo(connection);
    if (rc >= 0)
        rc = eddy__sql_wait(undo);
    rc = rc < 0 ? rc : (int)eddy__sql_verdict(undo);
    eddy__sql_command_free(undo);
    return rc;
}

static void commit_settled(struct command *command)
{
    struct eddy_sql *connection = command->connection;
    connection->boundary = NULL;
    if (command->verdict == EDDY_CANCELLED && !command->has_run) {
        eddy__sql_undo(connection);
        return;
    }
    eddy__sql_command_free(connection->undo);
    connection->undo = NULL;
    end_lease(connection);
}

static eddy_sql_outcome outcome_of(const struct command *command)
{
    if (!command->is_settled || command->verdict == EDDY_SQL_CLOSED)
        return EDDY_SQL_OUTCOME_UNKNOWN;
    return command->verdict >= 0 ? EDDY_SQL_COMMITTED : EDDY_SQL_ROLLED_BACK;
}

static const char *tell(eddy_sql_outcome outcome)
{
    switch (outcome) {
    case EDDY_SQL_COMMITTED: return "the transaction has been committed";
    case EDDY_SQL_ROLLED_BACK: return "the transaction has been rolled back";
    default: return "the commit is still running; its outcome is not known";
    }
}

/*
 * Waits until a commit has ended. The first cancellation stops it if it has not begun, and ends its
 * wait for locks; then only a disk write remains. The second cancellation ends the wait.
 */
static int wait_for_commit(struct command *command)
{
    int rc = eddy__sql_wait(command);
    if (rc >= 0)
        return (int)eddy__sql_verdict(command);
    if (!command->is_settled) {
        command->connection->driver->cancel(command->connection->remote, command);
        EDDY_IGNORE(eddy__sql_wait(command));
    }
    command->is_abandoned = !command->is_settled;
    return eddy_fail(rc, "cancelled while it committed: %s", tell(outcome_of(command)));
}

int eddy_sql_commit_to(eddy_sql *connection, eddy_sql_outcome *out_outcome)
{
    if (out_outcome == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_commit_to: there is no place for the outcome");
    *out_outcome = EDDY_SQL_NO_TRANSACTION;
    EDDY_TRY(check_open(connection, "eddy_sql_commit"));
    *out_outcome = EDDY_SQL_ROLLED_BACK;
    if (connection->lease.is_aborted) {
        EDDY_TRY(eddy_sql_rollback(connection));
        return eddy_fail(EDDY_SQL_ABORTED,
                         "nothing to commit: the transaction had ended by an earlier error");
    }
    struct command *command = eddy__sql_command_of(connection, COMMAND_COMMIT, NULL, NULL, 0, 0);
    if (command == NULL || eddy__sql_arm(command) < 0) {
        eddy__sql_command_free(command);
        eddy__sql_undo(connection);
        return -ENOMEM;
    }
    command->on_settled = commit_settled;
    connection->boundary = command;
    eddy__sql_submit(command);
    int rc = wait_for_commit(command);
    *out_outcome = outcome_of(command);
    eddy__sql_command_free(command);
    return rc;
}

int eddy_sql_commit(eddy_sql *connection)
{
    eddy_sql_outcome ignored;
    return eddy_sql_commit_to(connection, &ignored);
}

int eddy_sql_end(eddy_sql *connection, int status)
{
    if (status >= 0) {
        EDDY_TRY(eddy_sql_commit(connection));
        return status;
    }
    // The rollback suspends, and the details of the body's error must survive that.
    eddy_error *error = eddy_error_take(status);
    int rc = eddy_sql_rollback(connection);
    if (rc == EDDY_CANCELLED || error == NULL)
        status = rc == EDDY_CANCELLED ? rc : status;
    else
        status = eddy_error_raise(error);
    eddy_error_free(error);
    return status;
}
