/* SPDX-License-Identifier: MIT */
/* test_sql_cursor.c: rows, in batches, and reading their values. */
#include "sql_test.h"

TEST(a_cursor_yields_all_rows_in_order)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 1000);
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    REQUIRE(eddy_sql_query(db,
                           "SELECT id, name FROM person WHERE id > $1 AND name = $2 ORDER BY id",
                           EDDY_SQL_VALUES(eddy_sql_int(10), eddy_sql_text("name")), &rows) == 0);
    EXPECT_EQ(eddy_sql_column_count(rows), 2);
    EXPECT_STR(eddy_sql_column_name(rows, 1), "name");
    EXPECT(eddy_sql_column_name(rows, 2) == NULL);
    EXPECT(eddy_sql_row(rows) == NULL);
    int64_t expected = 11;
    int rc;
    while ((rc = eddy_sql_next(rows)) > 0) {
        int64_t id = 0;
        EXPECT_EQ(eddy_sql_get_int(rows, 0, &id), 0);
        EXPECT_EQ(id, expected++);
        EXPECT_STR(eddy_sql_row(rows)[1].bytes.data, "name");
    }
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(expected, 1001);
    EXPECT_EQ(eddy_sql_next(rows), 0);
    EXPECT(eddy_sql_row(rows) == NULL);
}

TEST(a_loop_walks_along_the_rows_of_a_query)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 600);
    int rc = -1;
    int64_t expected = 11;
    eddy_for (const eddy_sql_value *, row,
              eddy_sql_each(db, "SELECT id FROM person WHERE id > $1 ORDER BY id", eddy_sql_int(10)),
              &rc)
        EXPECT_EQ(row[0].integer, expected++);
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(expected, 601);
    eddy_for (const eddy_sql_value *, row, eddy_sql_each(db, "SELECT nonsense"), &rc)
        EXPECT(row == NULL);
    EXPECT_EQ(rc, EDDY_SQL_SYNTAX);
}

EDDY_ASYNC_TO(int64_t, ask_count, (eddy_sql *, db))
{
    return eddy_sql_fetch_int(db, "SELECT count(*) FROM person", NULL, 0, result);
}

TEST(a_loop_over_rows_that_is_left_early_lets_the_connection_go)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 1000);
    int rc = -1;
    eddy_for (const eddy_sql_value *, row, eddy_sql_each(db, "SELECT id FROM person"), &rc)
        if (row[0].integer == 3)
            break;
    EXPECT_EQ(rc, 1);
    int64_t count = 0;
    EDDY_AUTO(eddy_task) *other = eddy_create_task(ask_count, db);
    EXPECT_EQ(eddy_await(other, &count), 1);
    EXPECT_EQ(count, 1000);

    // A cursor in a variable is borrowed, and goes on.
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    REQUIRE(eddy_sql_query(db, "SELECT id FROM person ORDER BY id", NONE, &rows) == 0);
    eddy_for (const eddy_sql_value *, row, eddy_sql_aiter(rows), &rc)
        if (row[0].integer == 3)
            break;
    EXPECT_EQ(eddy_sql_next(rows), 1);
    EXPECT_EQ(eddy_sql_row(rows)[0].integer, 4);
}

TEST(batches_are_bounded_in_rows_and_bytes)
{
    eddy_sql_options options = {.batch_rows = 3, .batch_bytes = 1000};
    EDDY_AUTO(eddy_sql) *db = NULL;
    REQUIRE(eddy_sql_open("sqlite::memory:", &options, &db) == 0);
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    REQUIRE(eddy_sql_query(db,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                           "i < 50) SELECT i, zeroblob(i * 100), hex(zeroblob(i * 20)) FROM n",
                           NONE, &rows) == 0);
    for (int i = 1; i <= 50; i++) {
        eddy_span blob = {NULL, 0}, text = {NULL, 0};
        REQUIRE(eddy_sql_next(rows) == 1);
        EXPECT_EQ(eddy_sql_get_blob(rows, 1, &blob), 0);
        EXPECT_EQ(eddy_sql_get_text(rows, 2, &text), 0);
        EXPECT_EQ(blob.size, i * 100);
        EXPECT_EQ(strlen(text.data), i * 40);
    }
    EXPECT_EQ(eddy_sql_next(rows), 0);
}

TEST(a_query_without_rows_still_has_columns)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL, *row = NULL;
    EXPECT_EQ(eddy_sql_query(db, "SELECT * FROM person", NONE, &rows), 0);
    EXPECT_EQ(eddy_sql_column(rows, "name"), 1);
    EXPECT_EQ(eddy_sql_next(rows), 0);
    EXPECT_EQ(eddy_sql_fetch(db, "SELECT * FROM person", NONE, &row), 0);
    EXPECT(row == NULL);
}

TEST(values_of_another_type_are_refused)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EDDY_AUTO(eddy_sql_cursor) *row = NULL;
    REQUIRE(eddy_sql_fetch(db, "SELECT 1 AS i, '2' AS t, 2.5 AS d, NULL AS n", NONE, &row) == 1);
    int64_t i;
    double d = 0;
    eddy_span span;
    EXPECT_EQ(eddy_sql_get_int(row, 1, &i), EDDY_SQL_MISMATCH);
    message_has(EDDY_SQL_MISMATCH, "column 1 (t) is text, not an int");
    EXPECT_EQ(eddy_sql_get_int(row, 2, &i), EDDY_SQL_MISMATCH);
    EXPECT_EQ(eddy_sql_get_int(row, 3, &i), EDDY_SQL_MISMATCH);
    EXPECT_EQ(eddy_sql_get_int(row, 4, &i), EDDY_SQL_MISMATCH);
    EXPECT_EQ(eddy_sql_get_text(row, 0, &span), EDDY_SQL_MISMATCH);
    EXPECT_EQ(eddy_sql_get_double(row, 0, &d), 0);
    EXPECT(d == 1);
    EXPECT_EQ(eddy_sql_get_blob(row, 1, &span), 0);
    EXPECT_EQ(eddy_sql_get_int(row, eddy_sql_column(row, "nobody"), &i), EDDY_SQL_MISMATCH);
    message_has(EDDY_SQL_MISMATCH, "there is no column \"nobody\"");
}

TEST(an_error_in_the_middle_comes_after_the_rows_before)
{
    eddy_sql_options options = {.batch_rows = 2};
    EDDY_AUTO(eddy_sql) *db = NULL;
    REQUIRE(eddy_sql_open("sqlite::memory:", &options, &db) == 0);
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    REQUIRE(eddy_sql_query(db,
                           "WITH RECURSIVE n(i) AS (SELECT -9223372036854775804 UNION ALL SELECT "
                           "i - 1 FROM n) SELECT abs(i) FROM n",
                           NONE, &rows) == 0);
    int n = 0, rc;
    while ((rc = eddy_sql_next(rows)) > 0)
        n++;
    EXPECT_EQ(rc, EDDY_SQL_ERROR);
    message_has(EDDY_SQL_ERROR, "integer overflow");
    EXPECT_EQ(n, 4);
    EXPECT_EQ(eddy_sql_next(rows), EDDY_SQL_ERROR);
    EXPECT_EQ(eddy_sql_run(db, "SELECT 1"), 0);
}

TEST(a_cursor_may_be_left_in_the_middle)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 10000);
    for (int i = 0; i < 10; i++) {
        EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
        REQUIRE(eddy_sql_query(db, "SELECT * FROM person", NONE, &rows) == 0);
        EXPECT_EQ(eddy_sql_next(rows), 1);
    }
    EXPECT_EQ(eddy_sql_run(db, "DROP TABLE person"), 0);
}

TEST(its_task_may_write_between_two_rows)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 600);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE copy (id)"), 0);
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    REQUIRE(eddy_sql_query(db, "SELECT id FROM person", NONE, &rows) == 0);
    while (eddy_sql_next(rows) > 0)
        EXPECT_EQ(eddy_sql_run(db, "INSERT INTO copy VALUES ($1)", eddy_sql_row(rows)[0]), 1);
    int64_t n = 0;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT count(*) FROM copy", NONE, &n), 1);
    EXPECT_EQ(n, 600);
}

TEST(returning_rows_is_a_query)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    int64_t id = 0;
    EXPECT_EQ(eddy_sql_fetch_int(db, "INSERT INTO person (name) VALUES ($1) RETURNING id",
                                 EDDY_SQL_VALUES(eddy_sql_text("Han")), &id),
              1);
    EXPECT_EQ(id, 1);
    EXPECT_EQ(count_people(db), 1);
}

RUN_TESTS(TEST_OF(a_cursor_yields_all_rows_in_order),
          TEST_OF(a_loop_walks_along_the_rows_of_a_query),
          TEST_OF(a_loop_over_rows_that_is_left_early_lets_the_connection_go),
          TEST_OF(batches_are_bounded_in_rows_and_bytes),
          TEST_OF(a_query_without_rows_still_has_columns),
          TEST_OF(values_of_another_type_are_refused),
          TEST_OF(an_error_in_the_middle_comes_after_the_rows_before),
          TEST_OF(a_cursor_may_be_left_in_the_middle), TEST_OF(its_task_may_write_between_two_rows),
          TEST_OF(returning_rows_is_a_query))
