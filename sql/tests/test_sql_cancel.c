/* SPDX-License-Identifier: MIT */
/* test_sql_cancel.c: cancellation in every state of a command. */
#include "sql_test.h"

#include <eddy/timeout.h>

#include <sched.h>
#include <semaphore.h>
#include <sqlite3.h>

EDDY_ASYNC(count_for_ever, (eddy_sql *, db))
{
    int64_t n;
    return eddy_sql_fetch_int(db, ENDLESS, NONE, &n);
}

EDDY_ASYNC(insert, (eddy_sql *, db), (int, id))
{
    return (int)eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(id));
}

/* Posted by the worker when it begins an endless statement. */
static sem_t endless_has_begun;

static int note_statement(unsigned kind, void *data, void *statement, void *sql)
{
    (void)kind, (void)data, (void)statement;
    if (strcmp(sql, ENDLESS) == 0)
        sem_post(&endless_has_begun);
    return 0;
}

/* Called by SQLite for each connection that is opened. */
static int watch_connection(sqlite3 *db, char **out_message, const struct sqlite3_api_routines *api)
{
    (void)out_message, (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note_statement, NULL);
}

static void watch_statements(void)
{
    sem_init(&endless_has_begun, 0, 0);
    sqlite3_auto_extension((void (*)(void))watch_connection);
}

static void forget_statements(void)
{
    sqlite3_cancel_auto_extension((void (*)(void))watch_connection);
    sem_destroy(&endless_has_begun);
}

static void wait_until_endless_has_begun(void)
{
    while (sem_wait(&endless_has_begun) < 0)
        continue;
}

/* Gives the processor away for a while, so that cancellations meet workers in other places too. */
static void let_threads_run(void)
{
    for (int i = 0; i < 200; i++)
        sched_yield();
}

TEST(a_running_statement_is_interrupted)
{
    watch_statements();
    EDDY_AUTO(eddy_sql) *db = open_people();
    EDDY_AUTO(eddy_task) *task = eddy_create_task(count_for_ever, db);
    EXPECT_EQ(eddy_sleep(0), 0);
    wait_until_endless_has_begun();
    eddy_task_cancel(task);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    EXPECT_EQ(count_people(db), 0);
    forget_statements();
}

TEST(a_queued_statement_never_runs)
{
    watch_statements();
    EDDY_AUTO(eddy_sql) *db = open_people();
    EDDY_AUTO(eddy_task) *first = eddy_create_task(count_for_ever, db);
    EDDY_AUTO(eddy_task) *second = eddy_create_task(insert, db, 1);
    EDDY_AUTO(eddy_task) *third = eddy_create_task(insert, db, 2);
    EXPECT_EQ(eddy_sleep(0), 0);
    wait_until_endless_has_begun();
    eddy_task_cancel(second);
    EXPECT_EQ(eddy_await(second), EDDY_CANCELLED);
    eddy_task_cancel(first);
    EXPECT_EQ(eddy_await(first), EDDY_CANCELLED);
    EXPECT_EQ(eddy_await(third), 1);
    int64_t id = 0;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT group_concat(id) + 0 FROM person", NONE, &id), 1);
    EXPECT_EQ(id, 2);
    forget_statements();
}

TEST_REAL(a_time_limit_reaches_the_database)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    int64_t n;
    EXPECT_EQ(eddy_within(0.03, eddy_sql_fetch_int(db, ENDLESS, NONE, &n)), EDDY_TIMEDOUT);
    EXPECT_EQ(count_people(db), 0);
}

/* A row at once, then none for a very long time. */
#define SLOW                                                                                      \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000000) "     \
    "SELECT i FROM n WHERE i <= 300 OR i = 100000000000"

TEST_REAL(rows_come_before_the_batch_is_full_when_they_are_slow)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    REQUIRE(eddy_sql_query(db, SLOW, NONE, &rows) == 0);
    for (int i = 0; i < 256; i++)
        EXPECT_EQ(eddy_sql_next(rows), 1);
    EXPECT_EQ(eddy_within(0.03, eddy_sql_next(rows)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_sql_next(rows), EDDY_SQL_INTERRUPTED);
    EXPECT_EQ(count_people(db), 0);
}

TEST_REAL(a_cursor_may_be_freed_while_its_fetch_is_being_stopped)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    for (int i = 0; i < 20; i++) {
        eddy_sql_cursor *rows = NULL;
        REQUIRE(eddy_sql_query(db, SLOW, NONE, &rows) == 0);
        for (int n = 0; n < 256; n++)
            EXPECT_EQ(eddy_sql_next(rows), 1);
        EXPECT_EQ(eddy_within(0.001, eddy_sql_next(rows)), EDDY_TIMEDOUT);
        eddy_sql_cursor_free(rows);
    }
    EXPECT_EQ(count_people(db), 0);
}

EDDY_ASYNC(walk, (eddy_sql *, db), (int *, out_rows))
{
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EDDY_TRY(eddy_sql_query(db, "SELECT * FROM person", NONE, &rows));
    int rc, cancellations = 0;
    while ((rc = eddy_sql_next(rows)) > 0 || rc == EDDY_CANCELLED) {
        *out_rows += rc > 0;
        cancellations += rc < 0;
    }
    EXPECT(rc == 0 || rc == EDDY_SQL_INTERRUPTED);
    EXPECT(rc == EDDY_SQL_INTERRUPTED || *out_rows == 2000);
    return cancellations;
}

TEST(a_cancelled_next_loses_no_rows)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 2000);
    for (int turns = 0; turns < 12; turns++) {
        int rows = 0;
        EDDY_AUTO(eddy_task) *task = eddy_create_task(walk, db, &rows);
        for (int i = 0; i < turns && rows == 0; i++)
            EXPECT_EQ(eddy_sleep(0), 0);
        while (rows == 0 && !eddy_task_done(task))
            EXPECT_EQ(eddy_sleep(0), 0);
        let_threads_run();
        eddy_task_cancel(task);
        EXPECT(eddy_await(task) >= 0);
    }
    EXPECT_EQ(count_people(db), 2000);
}

EDDY_ASYNC(transact, (eddy_sql *, db), (int, id), (eddy_sql_outcome *, out_outcome))
{
    EDDY_TRY(eddy_sql_begin(db));
    EDDY_TRY(eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(id)));
    return eddy_sql_commit_to(db, out_outcome);
}

static int committed, rolled_back;

/* Cancels the transaction after so many turns; whether the row is there is what was said. */
static void cancel_transaction_after(eddy_sql *db, int turns, bool slowly)
{
    eddy_sql_outcome outcome = EDDY_SQL_NO_TRANSACTION;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(transact, db, turns, &outcome);
    for (int i = 0; i < turns; i++) {
        EXPECT_EQ(eddy_sleep(0), 0);
        if (slowly)
            let_threads_run();
    }
    int was_asked = eddy_task_cancel(task);
    int rc = eddy_await(task);
    int64_t found = -1;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT count(*) FROM person WHERE id = $1",
                                 EDDY_SQL_VALUES(eddy_sql_int(turns)), &found),
              1);
    if (rc >= 0) {
        EXPECT(!was_asked && found == 1);
        return;
    }
    EXPECT_EQ(rc, EDDY_CANCELLED);
    EXPECT(outcome != EDDY_SQL_OUTCOME_UNKNOWN);
    EXPECT_EQ(found, outcome == EDDY_SQL_COMMITTED);
    if (outcome == EDDY_SQL_COMMITTED)
        committed++;
    rolled_back += outcome == EDDY_SQL_ROLLED_BACK;
}

TEST(a_cancelled_transaction_says_how_it_ended)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    committed = rolled_back = 0;
    for (int turns = 0; turns < 24; turns++) {
        cancel_transaction_after(db, turns, false);
        EXPECT(eddy_sql_run(db, "DELETE FROM person") >= 0);
        cancel_transaction_after(db, turns, true);
        EXPECT(eddy_sql_run(db, "DELETE FROM person") >= 0);
    }
}

EDDY_ASYNC(begin, (eddy_sql *, db))
{
    return eddy_sql_begin(db);
}

TEST_REAL(a_wait_for_a_lock_is_interrupted)
{
    struct folder folder = make_folder();
    eddy_sql *db = NULL, *other = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    REQUIRE(eddy_sql_open(folder.url, &(eddy_sql_options){.busy_timeout = 3600}, &other) == 0);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EXPECT_EQ(eddy_within(0.03, eddy_sql_begin(other)), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_sql_rollback(db), 0);
    EXPECT_EQ(eddy_sql_begin(other), 0);
    EXPECT_EQ(eddy_sql_rollback(other), 0);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EDDY_AUTO(eddy_task) *waiting = eddy_create_task(begin, other);
    EXPECT_EQ(eddy_sleep(0.01), 0);
    eddy_sql_free(other);                       // doesn't wait for an hour either
    EXPECT_EQ(eddy_await(waiting), EDDY_SQL_CLOSED);
    eddy_sql_free(db);
    remove_folder(&folder);
}

TEST(an_interrupted_insert_aborts_its_transaction)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_begin(db), 0);
    add_people(db, 3);
    eddy_timeout_begin(EDDY_NO_TIMEOUT);
    EXPECT_EQ(eddy_timeout_reschedule(eddy_timeout_current(), eddy_time() - 1), 0);
    ssize_t rc = eddy_sql_run(db, "INSERT INTO person WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL "
                                  "SELECT i + 1 FROM n) SELECT i, '' FROM n");
    EXPECT_EQ(eddy_timeout_end((int)rc), EDDY_TIMEDOUT);
    rc = eddy_sql_run(db, "INSERT INTO person VALUES (99, '')");
    EXPECT(rc == EDDY_SQL_ABORTED || rc == 1);  // 1: the cancellation came before it had begun
    EXPECT_EQ(eddy_sql_end(db, -EIO), -EIO);
    EXPECT_EQ(count_people(db), 0);
}

TEST(what_follows_a_cancelled_begin_is_not_part_of_it)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    for (int turns = 0; turns < 8; turns++) {
        eddy_timeout_begin(EDDY_NO_TIMEOUT);
        EXPECT_EQ(eddy_timeout_reschedule(eddy_timeout_current(), eddy_time() - 1), 0);
        EXPECT_EQ(eddy_timeout_end(eddy_sql_begin(db)), EDDY_TIMEDOUT);
        EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(turns)), 1);
        EXPECT_EQ(eddy_sql_begin(db), 0);
        EXPECT_EQ(eddy_sql_rollback(db), 0);
    }
    EXPECT_EQ(count_people(db), 8);
}

EDDY_ASYNC(prepare_and_free, (eddy_sql *, db))
{
    EDDY_AUTO(eddy_sql_statement) *statement = NULL;
    return eddy_sql_prepare(db, "SELECT 1 FROM person", &statement);
}

TEST(a_cancelled_prepare_or_query_keeps_nothing_open)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 2000);
    for (int i = 0; i < 40; i++) {
        int rows = 0;
        EDDY_AUTO(eddy_task) *task = i % 2 ? eddy_create_task(prepare_and_free, db)
                                           : eddy_create_task(walk, db, &rows);
        for (int turns = 0; turns < i / 8; turns++)
            EXPECT_EQ(eddy_sleep(0), 0);
        if (i % 8 > 4)
            let_threads_run();
        eddy_task_cancel(task);
        EDDY_IGNORE(eddy_await(task) < 0);
    }
    EXPECT_EQ(eddy_sql_run(db, "DROP TABLE person"), 0);        // nobody reads it any more
}

RUN_TESTS(TEST_OF(a_running_statement_is_interrupted), TEST_OF(a_queued_statement_never_runs),
          TEST_OF(a_time_limit_reaches_the_database),
          TEST_OF(rows_come_before_the_batch_is_full_when_they_are_slow),
          TEST_OF(a_cursor_may_be_freed_while_its_fetch_is_being_stopped),
          TEST_OF(a_cancelled_next_loses_no_rows),
          TEST_OF(a_cancelled_transaction_says_how_it_ended),
          TEST_OF(a_wait_for_a_lock_is_interrupted),
          TEST_OF(an_interrupted_insert_aborts_its_transaction),
          TEST_OF(what_follows_a_cancelled_begin_is_not_part_of_it),
          TEST_OF(a_cancelled_prepare_or_query_keeps_nothing_open))
