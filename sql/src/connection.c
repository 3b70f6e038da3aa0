/* SPDX-License-Identifier: MIT */
/*
 * connection.c: opens, closes and frees connections; the URL selects the driver.
 *
 *     new --OPEN--> open --close or free--> closed --last reference--> freed
 *
 * Invariants:
 *   - A closed connection stays closed. It is marked closed before the driver stops; commands
 *     submitted after that are settled as lost at once.
 *   - Cursors, statements and commands hold references, so that they and the connection may be
 *     freed in any order.
 *   - If close ends a write transaction, it returns an error.
 */
#include <errno.h>
#include <math.h>
#include <eddy/alloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <eddy/task.h>
#include <eddy/timeout.h>

#include "command.h"
#include "connection.h"
#include "error.h"

static const struct driver *const drivers[] = {&eddy__sql_sqlite};

enum { DRIVER_COUNT = sizeof drivers / sizeof drivers[0] };

struct eddy_sql *eddy__sql_ref(struct eddy_sql *connection)
{
    connection->references++;
    return connection;
}

void eddy__sql_unref(struct eddy_sql *connection)
{
    if (--connection->references > 0)
        return;
    if (connection->remote != NULL)
        connection->driver->free(connection->remote);
    eddy_free(connection);
}

int eddy__sql_check(const struct eddy_sql *connection, const char *function)
{
    if (connection == NULL)
        return eddy_fail(EDDY_EMISUSE, "%s: there is no connection", function);
    if (!pthread_equal(connection->thread, pthread_self()))
        return eddy_fail(EDDY_EMISUSE, "%s: the connection belongs to the loop of another thread",
                         function);
    if (eddy_current_task() == NULL)
        return eddy_fail(EDDY_EMISUSE, "%s: called outside a task", function);
    if (eddy_get_running_loop() != connection->loop || connection->process != getpid())
        return eddy_fail(EDDY_EMISUSE, "%s: the connection belongs to another loop", function);
    if (connection->is_closed || connection->driver->is_stopped(connection->remote))
        return eddy_fail(EDDY_SQL_CLOSED, "%s: the connection has been closed", function);
    return 0;
}

bool eddy__sql_may_free(const struct eddy_sql *connection, const char *function)
{
    char sentence[128];
    if (connection->process != getpid())
        return false;
    if (connection->remote == NULL || pthread_equal(connection->thread, pthread_self()) ||
        connection->driver->is_stopped(connection->remote))
        return true;
    snprintf(sentence, sizeof sentence, "%s: the connection belongs to the loop of another thread",
             function);
    eddy__sql_die(sentence);
}

struct command *eddy__sql_command_of(struct eddy_sql *connection, int kind, const char *sql,
                                     const eddy_sql_value *values, size_t column_count,
                                     size_t row_count)
{
    struct command *command = eddy__sql_command_new(connection, (enum command_kind)kind, sql,
                                                    values, column_count, row_count);
    if (command != NULL && connection->lease.in_transaction && eddy__sql_lease_is_mine(connection))
        command->transaction = connection->lease.transaction;
    return command;
}

static int find_driver(const char *url, const struct driver **out_driver, const char **out_where)
{
    if (url == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_open: there is no URL");
    for (size_t i = 0; i < DRIVER_COUNT; i++) {
        size_t n = strlen(drivers[i]->scheme);
        if (strncmp(url, drivers[i]->scheme, n) != 0)
            continue;
        *out_driver = drivers[i];
        *out_where = url + n;
        return 0;
    }
    // The text after the scheme may contain a password, so only the scheme is quoted.
    const char *colon = strchr(url, ':');
    if (colon == NULL)
        return eddy_fail(EDDY_EVALUE, "eddy_sql_open: \"%s\" has no scheme; a file is opened with "
                                      "\"sqlite:%s\"", url, url);
    return eddy_fail(EDDY_EVALUE, "eddy_sql_open: \"%.*s:\" is not a database that this build "
                                  "knows; it knows \"sqlite:\"", (int)(colon - url), url);
}

static int fill_in(eddy_sql_options *options, const eddy_sql_options *given)
{
    *options = given != NULL ? *given : (eddy_sql_options){0};
    if (isnan(options->busy_timeout) || !(options->wait_max >= 0) ||
        !(options->close_timeout >= 0) || options->statement_cache < -1)
        return eddy_fail(EDDY_EVALUE, "eddy_sql_open: an option is out of range");
    if (options->busy_timeout == 0)
        options->busy_timeout = 5;
    if (options->wait_max == 0)
        options->wait_max = 60;
    if (options->close_timeout == 0)
        options->close_timeout = 5;
    if (options->statement_cache == 0)
        options->statement_cache = 64;
    if (options->batch_rows == 0)
        options->batch_rows = 256;
    if (options->batch_bytes == 0)
        options->batch_bytes = 256 * 1024;
    return 0;
}

static struct eddy_sql *connection_new(const struct driver *driver, const eddy_sql_options *options)
{
    struct eddy_sql *connection = eddy_calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->driver = driver;
    connection->loop = eddy_get_running_loop();
    connection->thread = pthread_self();
    connection->process = getpid();
    connection->references = 1;
    connection->options = *options;
    return connection;
}

/* Starts the driver and makes it open the database. */
static int connect_to(struct eddy_sql *connection, const char *where)
{
    int rc = connection->driver->start(where, &connection->options, &connection->remote);
    if (rc < 0)
        return rc;
    connection->closer = eddy__sql_command_new(connection, COMMAND_CLOSE, NULL, NULL, 0, 0);
    struct command *command =
        connection->closer != NULL
            ? eddy__sql_command_new(connection, COMMAND_OPEN, where, NULL, 0, 0)
            : NULL;
    if (command == NULL)
        return -ENOMEM;
    rc = (int)eddy__sql_perform(command);
    eddy__sql_command_free(command);
    return rc;
}

int eddy_sql_open(const char *url, const eddy_sql_options *options, eddy_sql **out_connection)
{
    const struct driver *driver = NULL;
    const char *where = NULL;
    eddy_sql_options filled;
    if (eddy_current_task() == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_open: called outside a task");
    if (out_connection == NULL)
        return eddy_fail(EDDY_EMISUSE, "eddy_sql_open: there is no place for the connection");
    EDDY_TRY(eddy__sql_error_init());
    EDDY_TRY(find_driver(url, &driver, &where));
    EDDY_TRY(fill_in(&filled, options));
    struct eddy_sql *connection = connection_new(driver, &filled);
    if (connection == NULL)
        return -ENOMEM;
    int rc = connect_to(connection, where);
    // These strings belong to the caller; the driver has copies.
    connection->options.journal_mode = connection->options.synchronous = NULL;
    if (rc < 0) {
        eddy_sql_free(connection);
        return rc;
    }
    connection->open_note = eddy_note_open("an SQL connection");
    *out_connection = connection;
    return 0;
}

/* Marks it closed: all calls, also those waiting for the lease, fail with EDDY_SQL_CLOSED. */
static void shut(struct eddy_sql *connection)
{
    connection->is_closed = true;
    eddy_note_closed(connection->open_note);
    connection->open_note = NULL;
    eddy__sql_lease_close(connection);
    eddy__sql_command_free(connection->undo);
    connection->undo = NULL;
}

static int close_in_order(struct eddy_sql *connection, struct command *command)
{
    return eddy_within(connection->options.close_timeout, (int)eddy__sql_perform(command));
}

static int tell_closing(const struct eddy_sql *connection, int rc, bool has_lost)
{
    if (rc == EDDY_TIMEDOUT)
        return eddy_fail(rc, "eddy_sql_close: what was under way has been interrupted after %g s",
                         connection->options.close_timeout);
    if (rc >= 0 && has_lost)
        return eddy_fail(EDDY_SQL_ABORTED, "eddy_sql_close: a transaction was open; it has been "
                                           "rolled back");
    return rc;
}

int eddy_sql_close(eddy_sql *connection)
{
    int rc = eddy__sql_check(connection, "eddy_sql_close");
    if (rc < 0)
        return rc == EDDY_SQL_CLOSED ? 0 : rc;
    eddy__sql_ref(connection);          // another task may free it during the call
    bool has_lost = eddy__sql_lease_loses(connection);
    shut(connection);
    struct command *command = connection->closer;
    connection->closer = NULL;
    rc = close_in_order(connection, command);
    // The thread is idle, or it is busy and must not block the loop.
    connection->driver->stop(connection->remote, command->has_run ? STOP_AND_WAIT : STOP_NOW);
    eddy__sql_command_free(command);
    rc = tell_closing(connection, rc, has_lost);
    eddy__sql_unref(connection);
    return rc;
}

void eddy_sql_free(eddy_sql *connection)
{
    if (connection != NULL && connection->references == 0)
        eddy__sql_die("eddy_sql_free: the connection has been freed already");
    if (connection == NULL || !eddy__sql_may_free(connection, "eddy_sql_free"))
        return;
    if (connection->remote != NULL) {
        shut(connection);
        connection->driver->stop(connection->remote, STOP_AND_WAIT);
    }
    eddy__sql_command_free(connection->closer);
    connection->closer = NULL;
    eddy__sql_unref(connection);
}
