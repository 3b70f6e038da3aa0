/* SPDX-License-Identifier: MIT */
/*
 * test_sql_late.c: commands that are still at work when their task has stopped waiting.
 *
 * A statement whose text begins with `held` stops at a gate on the connection's thread, so a test can
 * cancel its task, end it, and let others queue, before the statement goes on.
 */
#include "sql_test.h"

#include <eddy/timeout.h>

#include <sqlite3.h>

#include "gate.h"
#include "scratch.h"

static _Atomic(const char *) held;

static int stop_at_gate(unsigned kind, void *data, void *statement, void *sql)
{
    (void)kind, (void)data, (void)statement;
    const char *prefix = held;
    if (prefix != NULL && strncmp(sql, prefix, strlen(prefix)) == 0)
        gate_pass();
    return 0;
}

static int watch_connection(sqlite3 *db, char **out_message, const struct sqlite3_api_routines *api)
{
    (void)out_message, (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, stop_at_gate, NULL);
}

static eddy_sql *open_held(void)
{
    gate_close();
    held = NULL;
    sqlite3_auto_extension((void (*)(void))watch_connection);
    eddy_sql *db = open_people();
    sqlite3_cancel_auto_extension((void (*)(void))watch_connection);
    return db;
}

static void let_go(void)
{
    held = NULL;
    gate_open();
}

static void turn(int count)
{
    for (int i = 0; i < count; i++)
        EXPECT_EQ(eddy_sleep(0), 0);
}

EDDY_ASYNC(begin_only, (eddy_sql *, db))
{
    return eddy_sql_begin(db);
}

EDDY_ASYNC(transact, (eddy_sql *, db), (int, id), (int, count))
{
    EDDY_TRY(eddy_sql_begin(db));
    for (int i = 0; i < count; i++) {
        EXPECT(eddy_sql_in_transaction(db));
        EDDY_TRY(eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(id + i)));
        EDDY_TRY(eddy_sleep(0));
    }
    return eddy_sql_commit(db);
}

EDDY_ASYNC(transact_and_undo, (eddy_sql *, db), (int, id))
{
    EDDY_TRY(eddy_sql_begin(db));
    EXPECT(eddy_sql_in_transaction(db));
    EDDY_TRY(eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(id)));
    EXPECT(eddy_sql_in_transaction(db));
    return eddy_sql_rollback(db);
}

TEST(a_cancelled_begin_keeps_the_lease_until_it_is_settled)
{
    eddy_sql *db = open_held();
    held = "BEGIN";
    EDDY_AUTO(eddy_task) *first = eddy_create_task(begin_only, db);
    turn(1);
    gate_await(1);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(transact_and_undo, db, 1);
    EDDY_AUTO(eddy_task) *third = eddy_create_task(transact, db, 10, 3);
    turn(3);
    eddy_task_cancel(first);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    turn(5);
    let_go();
    EXPECT_EQ(eddy_await(second), 0);
    EXPECT_EQ(eddy_await(third), 0);
    EXPECT_EQ(count_people(db), 3);
    EXPECT_EQ(eddy_sql_close(db), 0);
    eddy_sql_free(db);
}

TEST(a_commit_given_up_keeps_the_lease_until_it_is_settled)
{
    eddy_sql *db = open_held();
    held = "COMMIT";
    EDDY_AUTO(eddy_task) *first = eddy_create_task(transact, db, 1, 2);
    while (gate_inside() == 0)
        turn(1);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(transact_and_undo, db, 5);
    EDDY_AUTO(eddy_task) *third = eddy_create_task(transact, db, 10, 3);
    turn(1);
    eddy_task_cancel(first);
    turn(1);
    EXPECT(!eddy_task_done(first));
    eddy_task_cancel(first);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    turn(5);
    let_go();
    EXPECT_EQ(eddy_await(second), 0);
    EXPECT_EQ(eddy_await(third), 0);
    EXPECT_EQ(count_people(db), 5);
    EXPECT_EQ(eddy_sql_close(db), 0);
    eddy_sql_free(db);
}

TEST(a_rollback_given_up_rolls_back)
{
    eddy_sql *db = open_held();
    held = "ROLLBACK";
    EDDY_AUTO(eddy_task) *first = eddy_create_task(transact_and_undo, db, 1);
    while (gate_inside() == 0)
        turn(1);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(transact, db, 10, 3);
    eddy_task_cancel(first);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    turn(2);
    let_go();
    EXPECT_EQ(eddy_await(second), 0);
    EXPECT_EQ(count_people(db), 3);
    EXPECT_EQ(eddy_sql_close(db), 0);
    eddy_sql_free(db);
}

/* The cancellation meets the fetch before, while and after it runs; the cursor stays open. */
TEST(a_late_cancellation_stops_no_other_statement)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    eddy_sql_options options = {.batch_rows = 1};
    REQUIRE(eddy_sql_open("sqlite::memory:", &options, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    add_people(db, 50);
    for (int i = 0; i < 300; i++) {
        eddy_sql_cursor *rows = NULL;
        REQUIRE(eddy_sql_query(db, "SELECT a.id FROM person a, person b", NONE, &rows) == 0);
        EXPECT_EQ(eddy_sql_next(rows), 1);
        eddy_timeout_begin(EDDY_NO_TIMEOUT);
        EXPECT_EQ(eddy_timeout_reschedule(eddy_timeout_current(), eddy_time() - 1), 0);
        int rc = eddy_timeout_end(eddy_sql_next(rows));
        EXPECT(rc == 1 || rc == EDDY_TIMEDOUT);
        EXPECT_EQ(eddy_sql_run(db, "UPDATE person SET name = $1 WHERE id = 1", eddy_sql_int(i)), 1);
        eddy_sql_cursor_free(rows);
    }
}

EDDY_ASYNC(insert_scratch, (eddy_sql *, db))
{
    char *sql = scratch("INSERT INTO person VALUES ($1, $2)"), *name = scratch("a name");
    eddy_sql_value values[] = {eddy_sql_int(1), eddy_sql_text(name)};
    return (int)eddy_sql_execute(db, sql, values, 2);
}

TEST(text_and_values_are_copied)
{
    eddy_sql *db = open_held();
    held = "INSERT";
    EDDY_AUTO(eddy_task) *task = eddy_create_task(insert_scratch, db);
    while (gate_inside() == 0)
        turn(1);
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    scratch_spoil();                            // while the statement is at work
    let_go();
    char *name = NULL;
    int found = eddy_sql_fetch_text(db, "SELECT name FROM person", NONE, &name);
    if (found == 1)                             // the cancellation may have come in time
        EXPECT_STR(name, "a name");
    eddy_free(name);                            // with the tests' allocator, free(3) would crash
    eddy_sql_free(db);
}

TEST(options_and_names_are_copied)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    eddy_sql_options options = {.journal_mode = scratch("memory"), .synchronous = scratch("off")};
    EXPECT_EQ(eddy_sql_open(scratch("sqlite::memory:"), &options, &db), 0);
    scratch_spoil();
    EDDY_AUTO(eddy_sql_statement) *statement = NULL;
    EXPECT_EQ(eddy_sql_prepare(db, scratch("SELECT $1 AS it"), &statement), 0);
    scratch_spoil();
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    eddy_sql_value value = eddy_sql_text(scratch("lent"));
    EXPECT_EQ(eddy_sql_statement_query(statement, &value, 1, &rows), 0);
    scratch_spoil();
    EXPECT_EQ(eddy_sql_next(rows), 1);
    EXPECT_STR(eddy_sql_column_name(rows, 0), "it");
    EXPECT_STR(eddy_sql_row(rows)[0].bytes.data, "lent");
    eddy_sql_free(db);                          // before its cursor and statement, which keep theirs
    db = NULL;
    EXPECT_STR(eddy_sql_row(rows)[0].bytes.data, "lent");
}

EDDY_ASYNC(close_it, (eddy_sql *, db))
{
    return eddy_sql_close(db);
}

/* A statement that can't be interrupted: the thread stands at the gate. */
TEST(closing_does_not_wait_for_a_thread_at_work)
{
    eddy_sql *db = open_held();
    held = "INSERT";
    EDDY_AUTO(eddy_task) *insert = eddy_create_task(transact, db, 1, 1);
    while (gate_inside() == 0)
        turn(1);
    EDDY_AUTO(eddy_task) *closing = eddy_create_task(close_it, db);
    turn(2);
    eddy_task_cancel(closing);
    EXPECT_EQ(eddy_await(closing), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(insert), EDDY_SQL_CLOSED);
    EXPECT_EQ(eddy_sql_close(db), 0);
    EXPECT_EQ(gate_inside(), 1);
    eddy_sql_free(db);                          // frees nothing that the thread uses
    let_go();
    db = open_people();                         // joins threads that have ended
    eddy_sql_free(db);
}

TEST_REAL(closing_ends_after_its_time_limit)
{
    gate_close();
    sqlite3_auto_extension((void (*)(void))watch_connection);
    eddy_sql *db = NULL;
    eddy_sql_options options = {.close_timeout = 0.001};
    REQUIRE(eddy_sql_open("sqlite::memory:", &options, &db) == 0);
    sqlite3_cancel_auto_extension((void (*)(void))watch_connection);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    held = "INSERT";
    EDDY_AUTO(eddy_task) *insert = eddy_create_task(transact, db, 1, 1);
    while (gate_inside() == 0)
        turn(1);
    EXPECT_EQ(eddy_sql_close(db), EDDY_TIMEDOUT);
    message_has(EDDY_TIMEDOUT, "has been interrupted after 0.001 s");
    EXPECT_EQ(eddy_await(insert), EDDY_SQL_CLOSED);
    eddy_sql_free(db);
    let_go();                                   // the end of the loop waits for the thread
}

RUN_TESTS(TEST_OF(a_cancelled_begin_keeps_the_lease_until_it_is_settled),
          TEST_OF(a_commit_given_up_keeps_the_lease_until_it_is_settled),
          TEST_OF(a_rollback_given_up_rolls_back),
          TEST_OF(a_late_cancellation_stops_no_other_statement),
          TEST_OF(text_and_values_are_copied), TEST_OF(options_and_names_are_copied),
          TEST_OF(closing_does_not_wait_for_a_thread_at_work),
          TEST_OF(closing_ends_after_its_time_limit))
