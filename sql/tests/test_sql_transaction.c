/* SPDX-License-Identifier: MIT */
/* test_sql_transaction.c: begin, commit, roll back, and every way out of a transaction. */
#include "sql_test.h"

#include <eddy/timeout.h>

TEST(commit_keeps_and_rollback_drops)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EXPECT(eddy_sql_in_transaction(db));
    add_people(db, 3);
    EXPECT_EQ(eddy_sql_rollback(db), 0);
    EXPECT(!eddy_sql_in_transaction(db));
    EXPECT_EQ(count_people(db), 0);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    add_people(db, 3);
    eddy_sql_outcome outcome;
    EXPECT_EQ(eddy_sql_commit_to(db, &outcome), 0);
    EXPECT_EQ(outcome, EDDY_SQL_COMMITTED);
    EXPECT_EQ(eddy_sql_commit_to(db, &outcome), EDDY_EMISUSE);
    EXPECT_EQ(outcome, EDDY_SQL_NO_TRANSACTION);
    EXPECT_EQ(count_people(db), 3);
}

TEST(out_of_order_is_misuse)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_commit(db), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_rollback(db), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EXPECT_EQ(eddy_sql_begin(db), EDDY_EMISUSE);
    message_has(EDDY_EMISUSE, "has a transaction open already");
    EXPECT_EQ(eddy_sql_rollback(db), 0);
}

static int fail_after_insert(eddy_sql *db, int status)
{
    add_people(db, 2);
    return status < 0 ? eddy_fail(status, "the body's own words") : status;
}

TEST(the_scope_commits_or_rolls_back)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_transaction(db, fail_after_insert(db, -ENODATA)), -ENODATA);
    message_has(-ENODATA, "the body's own words");
    EXPECT_EQ(count_people(db), 0);
    EXPECT_EQ(eddy_sql_transaction(db, fail_after_insert(db, 7)), 7);
    EXPECT_EQ(count_people(db), 2);
}

TEST(a_reading_transaction_can_not_write)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_begin_read(db), 0);
    EXPECT_EQ(count_people(db), 0);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person"), EDDY_SQL_READONLY);
    EXPECT_EQ(eddy_sql_commit(db), 0);
    add_people(db, 1);
}

TEST(text_that_leaves_a_transaction_open_is_undone)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_run(db, "BEGIN; INSERT INTO person VALUES (1, '')"), EDDY_EMISUSE);
    message_has(EDDY_EMISUSE, "eddy_sql_begin");
    EXPECT_EQ(count_people(db), 0);
    EXPECT_EQ(eddy_sql_run(db, "BEGIN; INSERT INTO person VALUES (1, ''); COMMIT"), 1);
    EXPECT_EQ(count_people(db), 1);
}

TEST(a_transaction_that_the_database_ended_is_not_gone_on_with)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 1);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES (2, '')"), 1);
    EXPECT_EQ(eddy_sql_run(db, "INSERT OR ROLLBACK INTO person VALUES (1, '')"),
              EDDY_SQL_CONSTRAINT);
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES (3, '')"), EDDY_SQL_ABORTED);
    int64_t n;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT 1", NONE, &n), EDDY_SQL_ABORTED);
    EXPECT_EQ(eddy_sql_commit(db), EDDY_SQL_ABORTED);
    EXPECT_EQ(count_people(db), 1);
}

TEST(a_commit_that_fails_has_rolled_back)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE pet (owner REFERENCES person (id) DEFERRABLE "
                               "INITIALLY DEFERRED)"), 0);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO pet VALUES (1)"), 1);
    eddy_sql_outcome outcome;
    EXPECT_EQ(eddy_sql_commit_to(db, &outcome), EDDY_SQL_CONSTRAINT);
    EXPECT_EQ(outcome, EDDY_SQL_ROLLED_BACK);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EXPECT_EQ(eddy_sql_commit(db), 0);
}

EDDY_ASYNC(leave_open, (eddy_sql *, db), (int, status))
{
    EDDY_TRY(eddy_sql_begin(db));
    add_people(db, 2);
    return status;
}

TEST(a_task_that_ends_inside_its_transaction_rolls_back)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EDDY_AUTO(eddy_task) *quiet = eddy_create_task(leave_open, db, 0);
    expect_report(EDDY_REPORT_SCOPE);
    EXPECT_EQ(eddy_await(quiet), 0);
    EXPECT_EQ(count_people(db), 0);
    EXPECT_EQ(report_count(EDDY_REPORT_SCOPE), 1);      // for a failed task there is none
    EDDY_AUTO(eddy_task) *task = eddy_create_task(leave_open, db, -EIO);
    EXPECT_EQ(eddy_await(task), -EIO);
    EXPECT_EQ(count_people(db), 0);
}

static int sleep_inside(eddy_sql *db)
{
    add_people(db, 2);
    return eddy_sleep(1000);
}

TEST(a_time_limit_inside_rolls_back)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_transaction(db, eddy_within(1, sleep_inside(db))), EDDY_TIMEDOUT);
    EXPECT_EQ(count_people(db), 0);
    EXPECT_EQ(eddy_within(1, eddy_sql_transaction(db, sleep_inside(db))), EDDY_TIMEDOUT);
    EXPECT_EQ(count_people(db), 0);
}

TEST(two_connections_wait_for_each_other)
{
    struct folder folder = make_folder();
    eddy_sql *db = NULL, *other = NULL;
    eddy_sql_options hasty = {.busy_timeout = 0.02};
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    REQUIRE(eddy_sql_open(folder.url, &hasty, &other) == 0);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    add_people(db, 1);
    EXPECT_EQ(eddy_sql_begin(other), EDDY_SQL_BUSY);
    message_has(EDDY_SQL_BUSY, "database is locked");
    EXPECT_EQ(count_people(other), 0);          // who only reads is not in the way
    EXPECT_EQ(eddy_sql_commit(db), 0);
    EXPECT_EQ(eddy_sql_begin(other), 0);
    EXPECT_EQ(count_people(other), 1);
    EXPECT_EQ(eddy_sql_rollback(other), 0);
    eddy_sql_free(other);
    eddy_sql_free(db);
    remove_folder(&folder);
}

EDDY_ASYNC(insert_one, (eddy_sql *, db), (int, id))
{
    return (int)eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(id));
}

static int run_text(eddy_sql *db, const char *text)
{
    return (int)eddy_sql_run(db, text);
}

static int query_text(eddy_sql *db, const char *text)
{
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    return eddy_sql_query(db, text, NONE, &rows);
}

static int fetch_text(eddy_sql *db, const char *text)
{
    EDDY_AUTO(eddy_sql_cursor) *row = NULL;
    return eddy_sql_fetch(db, text, NONE, &row);
}

static int execute_text(eddy_sql *db, const char *text)
{
    return (int)eddy_sql_execute_many(db, text, NULL, 0, 1);
}

static int prepare_text(eddy_sql *db, const char *text)
{
    EDDY_AUTO(eddy_sql_statement) *statement = NULL;
    EDDY_TRY(eddy_sql_prepare(db, text, &statement));
    return (int)eddy_sql_statement_execute(statement, NONE);
}

static int (*const ways[])(eddy_sql *db, const char *text) = {run_text, query_text, fetch_text,
                                                               execute_text, prepare_text};
enum { WAY_COUNT = sizeof ways / sizeof ways[0] };

TEST(text_can_not_begin_a_transaction_in_any_call)
{
    static const char *const texts[] = {"BEGIN", "begin immediate", "/* c */ BEGIN EXCLUSIVE;",
                                        "SAVEPOINT s", "BEGIN TRANSACTION"};
    struct folder folder = make_folder();
    eddy_sql *db = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    int id = 0;
    for (int i = 0; i < 5 * WAY_COUNT; i++) {
        EXPECT_EQ(ways[i / 5](db, texts[i % 5]), EDDY_EMISUSE);
        EDDY_AUTO(eddy_task) *other = eddy_create_task(insert_one, db, id++);
        EXPECT_EQ(eddy_await(other), 1);
    }
    EXPECT_EQ(eddy_sql_close(db), 0);
    eddy_sql_free(db);
    db = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(count_people(db), id);
    eddy_sql_free(db);
    remove_folder(&folder);
}

TEST(text_can_not_end_a_transaction)
{
    static const char *const texts[] = {"COMMIT", "END", "ROLLBACK", "BEGIN", "end transaction",
                                        "INSERT INTO person VALUES (50, ''); COMMIT; BEGIN"};
    EDDY_AUTO(eddy_sql) *db = open_people();
    for (int i = 0; i < 6 * WAY_COUNT; i++) {
        EXPECT_EQ(eddy_sql_begin(db), 0);
        add_people(db, 2);
        EXPECT_EQ(ways[i / 6](db, texts[i % 6]), EDDY_EMISUSE);
        EXPECT(eddy_sql_in_transaction(db));
        EXPECT_EQ(eddy_sql_rollback(db), 0);
        EXPECT_EQ(count_people(db), 0);
    }
    for (int i = 0; i < WAY_COUNT; i++) {       // outside there is none to end
        EXPECT(ways[i](db, "COMMIT") < 0);
        EXPECT(ways[i](db, "ROLLBACK") < 0);
        EXPECT(ways[i](db, "RELEASE s") < 0);
    }
    EXPECT_EQ(eddy_sql_run(db, "BEGIN; INSERT INTO person VALUES (1, ''); COMMIT"), 1);
    EXPECT_EQ(count_people(db), 1);
}

TEST(savepoints_nest_in_a_transaction)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    for (int i = 0; i < WAY_COUNT; i++) {
        if (ways[i] == execute_text)
            continue;                           // a batch is a savepoint of its own
        EXPECT_EQ(eddy_sql_begin(db), 0);
        EXPECT_EQ(run_text(db, "INSERT INTO person VALUES (1, '')"), 1);
        EXPECT_EQ(ways[i](db, "SAVEPOINT s"), 0);
        EXPECT_EQ(run_text(db, "INSERT INTO person VALUES (2, '')"), 1);
        EXPECT_EQ(ways[i](db, "ROLLBACK TO s"), 0);
        EXPECT_EQ(ways[i](db, "RELEASE s"), 0);
        EXPECT_EQ(execute_text(db, "RELEASE eddy_part"), EDDY_EMISUSE);
        EXPECT_EQ(eddy_sql_commit(db), 0);
        EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person"), 1);
    }
}

TEST(closing_an_open_transaction_is_an_error)
{
    eddy_sql *db = open_people();
    EXPECT_EQ(eddy_sql_begin(db), 0);
    add_people(db, 2);
    EXPECT_EQ(eddy_sql_close(db), EDDY_SQL_ABORTED);
    message_has(EDDY_SQL_ABORTED, "a transaction was open; it has been rolled back");
    EXPECT_EQ(eddy_sql_close(db), 0);
    eddy_sql_free(db);
    db = open_people();
    EXPECT_EQ(eddy_sql_begin_read(db), 0);
    EXPECT_EQ(eddy_sql_close(db), 0);           // nothing is lost
    eddy_sql_free(db);
}

RUN_TESTS(TEST_OF(commit_keeps_and_rollback_drops), TEST_OF(out_of_order_is_misuse),
          TEST_OF(the_scope_commits_or_rolls_back), TEST_OF(a_reading_transaction_can_not_write),
          TEST_OF(text_that_leaves_a_transaction_open_is_undone),
          TEST_OF(a_transaction_that_the_database_ended_is_not_gone_on_with),
          TEST_OF(a_commit_that_fails_has_rolled_back),
          TEST_OF(a_task_that_ends_inside_its_transaction_rolls_back),
          TEST_OF(a_time_limit_inside_rolls_back), TEST_OF(two_connections_wait_for_each_other),
          TEST_OF(text_can_not_begin_a_transaction_in_any_call),
          TEST_OF(text_can_not_end_a_transaction), TEST_OF(savepoints_nest_in_a_transaction),
          TEST_OF(closing_an_open_transaction_is_an_error))
