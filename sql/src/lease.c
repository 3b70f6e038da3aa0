/* SPDX-License-Identifier: MIT */
/*
 * lease.c: gives one task exclusive use of a connection.
 *
 * Single statements of several tasks may follow each other in any order. Between BEGIN and COMMIT,
 * or between two fetches of a cursor, one task must have the connection to itself: it holds the
 * lease. Other tasks wait here, on the loop's thread, where a wait can be cancelled and have a
 * timeout, and where tasks that wait for each other in a cycle are detected as a deadlock.
 *
 * Invariants:
 *   - A waiter stays in the wait queue until it has run, so no waiter overtakes another. A task
 *     that leaves the queue wakes the first of the rest, so a waiter that is cancelled after its
 *     wake passes the wake on.
 *   - A lease ends with its task at the latest, or when the task's BEGIN or COMMIT is settled: a
 *     done callback watches the task.
 *
 * Owns the wait queue; each turn belongs to the stack frame of the waiting task.
 */
#include <errno.h>

#include <eddy/task.h>
#include <eddy/timeout.h>

#include "command.h"
#include "connection.h"

bool eddy__sql_lease_is_mine(const struct eddy_sql *connection)
{
    return connection->lease.owner != NULL && connection->lease.owner == eddy_current_task();
}

static void wake_first(struct lease *lease)
{
    if (lease->owner != NULL || lease->first == NULL || eddy_future_done(lease->first->come))
        return;
    EDDY_IGNORE(eddy_future_set_result(lease->first->come));
}

static void leave_queue(struct lease *lease, struct turn *turn)
{
    if (turn->before != NULL)
        turn->before->next = turn->next;
    else
        lease->first = turn->next;
    if (turn->next != NULL)
        turn->next->before = turn->before;
    else
        lease->last = turn->before;
}

static void join_queue(struct lease *lease, struct turn *turn)
{
    turn->before = lease->last;
    if (lease->last != NULL)
        lease->last->next = turn;
    else
        lease->first = turn;
    lease->last = turn;
}

/* Waits until this task is first in the queue and no task has the lease. */
static int wait_turn(struct eddy_sql *connection)
{
    struct lease *lease = &connection->lease;
    struct turn turn = {.come = NULL};
    int rc = 0;
    join_queue(lease, &turn);
    while (rc >= 0 && !connection->is_closed && (lease->owner != NULL || lease->first != &turn)) {
        turn.come = eddy_future_new(void);
        rc = eddy_await(turn.come);
        eddy_future_free(turn.come);
        turn.come = NULL;
    }
    leave_queue(lease, &turn);
    return rc;
}

static int wait_for_lease(struct eddy_sql *connection)
{
    struct lease *lease = &connection->lease;
    eddy_sql *held = eddy__sql_ref(connection);
    int rc = eddy_within(connection->options.wait_max, wait_turn(held));
    if (rc == EDDY_TIMEDOUT)
        rc = eddy_fail(rc, "the connection was not free for %g s: task %s has a transaction or "
                           "cursor open",
                       connection->options.wait_max,
                       lease->owner != NULL ? eddy_task_get_name(lease->owner) : "-");
    else if (rc >= 0 && connection->is_closed)
        rc = eddy_fail(EDDY_SQL_CLOSED, "the connection has been closed");
    return rc;
}

/* Wakes the next waiter. Waiters are woken one by one: each wakes the next, also when cancelled. */
static int pass_on(struct eddy_sql *connection, int rc)
{
    wake_first(&connection->lease);
    eddy__sql_unref(connection);
    return rc;
}

int eddy__sql_enter(struct eddy_sql *connection, const char *function)
{
    EDDY_TRY(eddy__sql_check(connection, function));
    EDDY_TRY(eddy__sql_wait_boundary(connection));
    struct lease *lease = &connection->lease;
    if (eddy__sql_lease_is_mine(connection) || (lease->owner == NULL && lease->first == NULL))
        return 0;
    return pass_on(connection, wait_for_lease(connection));
}

bool eddy__sql_lease_loses(const struct eddy_sql *connection)
{
    const struct lease *lease = &connection->lease;
    // An unsettled COMMIT reports its own result; after an unsettled BEGIN nothing is written.
    return lease->in_transaction && !lease->reads_only && !lease->is_aborted &&
           connection->boundary == NULL;
}

/* Reports lost writes, only if the task succeeded: a task that failed has an error already. */
static void report_loss(eddy_task *task)
{
    if (eddy_future_get_state(task) != EDDY_STATE_FINISHED)
        return;
    eddy_call_exception_handler(&(eddy_report){
        .kind = EDDY_REPORT_SCOPE,
        .message = "a task ended with an SQL transaction open; it has been rolled back",
        .status = EDDY_SQL_ABORTED,
        .task = task,
        .name = eddy_task_get_name(task),
    });
}

/* The done callback of the owner, which has ended with its transaction or cursors open. */
static int owner_ended(eddy_future *task, void *data)
{
    struct eddy_sql *connection = data;
    if (connection->lease.owner == task) {
        if (eddy__sql_lease_loses(connection))
            report_loss(task);
        eddy__sql_cursors_abandon(connection);
        eddy__sql_undo(connection);
    }
    eddy__sql_unref(connection);
    return 0;
}

int eddy__sql_lease_take(struct eddy_sql *connection)
{
    struct lease *lease = &connection->lease;
    if (lease->owner != NULL)
        return 0;
    eddy_task *task = eddy_current_task();
    int rc = eddy_future_add_done_callback(task, owner_ended, connection);
    if (rc < 0)
        return rc;
    eddy__sql_ref(connection);          // for the callback
    lease->owner = eddy_task_ref(task);
    return 0;
}

static void drop_owner(struct eddy_sql *connection)
{
    eddy_task *owner = connection->lease.owner;
    if (owner == NULL)
        return;
    connection->lease.owner = NULL;
    // If the callback is queued already, it will see another owner and release its reference.
    if (eddy_future_remove_done_callback(owner, owner_ended, connection) > 0)
        eddy__sql_unref(connection);
    eddy_task_free(owner);
}

void eddy__sql_lease_give(struct eddy_sql *connection)
{
    struct lease *lease = &connection->lease;
    if (lease->in_transaction || lease->cursor_count > 0)
        return;
    eddy__sql_ref(connection);          // dropping the owner may drop the last reference
    drop_owner(connection);
    wake_first(lease);
    eddy__sql_unref(connection);
}

void eddy__sql_lease_close(struct eddy_sql *connection)
{
    struct lease *lease = &connection->lease;
    lease->in_transaction = false;
    lease->is_aborted = false;
    for (struct turn *turn = lease->first; turn != NULL; turn = turn->next)
        if (!eddy_future_done(turn->come))
            EDDY_IGNORE(eddy_future_set_result(turn->come));
    eddy__sql_ref(connection);
    drop_owner(connection);
    eddy__sql_unref(connection);
}
