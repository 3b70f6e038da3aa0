/* SPDX-License-Identifier: MIT */
/* test_sql_execute.c: statements, values, batches, prepared statements, errors. */
#include "sql_test.h"

TEST(execute_returns_the_rows_changed)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 5);
    EXPECT_EQ(eddy_sql_run(db, "UPDATE person SET name = 'x' WHERE id > $1", eddy_sql_int(2)), 3);
    EXPECT_EQ(eddy_sql_run(db, "SELECT * FROM person"), 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE other (x)"), 0);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person WHERE id = 100"), 0);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person"), 5);
    EXPECT_EQ(eddy_sql_run(db, ""), 0);
    EXPECT_EQ(eddy_sql_run(db, "-- nothing"), 0);
}

TEST(several_statements_run_in_order)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES (1, 'a;b'); -- one; two\n"
                               "CREATE TABLE pet (id); INSERT INTO pet VALUES (1), (2); /* end */"),
              3);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM pet; DELETE FROM nowhere; DELETE FROM person"),
              EDDY_SQL_SYNTAX);
    EXPECT_EQ(count_people(db), 1);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person WHERE id = $1; DELETE FROM person",
                           eddy_sql_int(7)),
              EDDY_EMISUSE);
    EXPECT_EQ(count_people(db), 1);
}

TEST(values_come_back_as_they_went)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    static const char blob[] = {0, 1, 2, 0, '\xff'};
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE v (i, d, t, b, n, e)"), 0);
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO v VALUES ($1, $2, $3, $4, $5, $6)",
                           eddy_sql_int(INT64_MIN), eddy_sql_double(1e300),
                           eddy_sql_text("gr\xc3\xbc\xc3\x9f"), eddy_sql_blob(blob, sizeof blob),
                           eddy_sql_null(), eddy_sql_blob(NULL, 0)),
              1);
    EDDY_AUTO(eddy_sql_cursor) *row = NULL;
    REQUIRE(eddy_sql_fetch(db, "SELECT * FROM v", NONE, &row) == 1);
    int64_t i = 0;
    double d = 0;
    eddy_span text, bytes;
    EXPECT_EQ(eddy_sql_get_int(row, 0, &i), 0);
    EXPECT(i == INT64_MIN);
    EXPECT_EQ(eddy_sql_get_double(row, eddy_sql_column(row, "d"), &d), 0);
    EXPECT(d == 1e300);
    EXPECT_EQ(eddy_sql_get_text(row, 2, &text), 0);
    EXPECT_STR(text.data, "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(eddy_sql_get_blob(row, 3, &bytes), 0);
    EXPECT(bytes.size == sizeof blob && memcmp(bytes.data, blob, sizeof blob) == 0);
    EXPECT_EQ(eddy_sql_get_type(row, 4), EDDY_SQL_NULL);
    EXPECT_EQ(eddy_sql_get_blob(row, 5, &bytes), 0);
    EXPECT_EQ(bytes.size, 0);
}

TEST(parameters_are_numbered)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    char *text = NULL;
    EXPECT_EQ(eddy_sql_fetch_text(db, "SELECT $2 || $1 || $2",
                                  EDDY_SQL_VALUES(eddy_sql_text("a"), eddy_sql_text("b")), &text),
              1);
    EXPECT_STR(text, "bab");
    eddy_free(text);
    EXPECT_EQ(eddy_sql_fetch_text(db, "SELECT ? || ?",
                                  EDDY_SQL_VALUES(eddy_sql_text("a"), eddy_sql_text("b")), &text),
              1);
    EXPECT_STR(text, "ab");
    eddy_free(text);
}

TEST(the_number_of_values_must_be_right)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES ($1, $2)", eddy_sql_int(1)),
              EDDY_SQL_MISMATCH);
    message_has(EDDY_SQL_MISMATCH, "2 parameters, but 1 values");
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person", eddy_sql_int(1)), EDDY_SQL_MISMATCH);
    EXPECT_EQ(eddy_sql_execute(db, "SELECT $1", NULL, 1), EDDY_EVALUE);
    eddy_sql_value wrong = {.type = (eddy_sql_type)77};
    EXPECT_EQ(eddy_sql_execute(db, "SELECT $1", &wrong, 1), EDDY_EVALUE);
}

TEST(errors_have_codes_and_the_librarys_words)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 1);
    EXPECT_EQ(eddy_sql_run(db, "SELEKT 1"), EDDY_SQL_SYNTAX);
    message_has(EDDY_SQL_SYNTAX, "near \"SELEKT\": syntax error");
    EXPECT_EQ(eddy_sql_run(db, "SELECT * FROM nowhere"), EDDY_SQL_SYNTAX);
    message_has(EDDY_SQL_SYNTAX, "no such table: nowhere");
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES (1, 'again')"), EDDY_SQL_CONSTRAINT);
    message_has(EDDY_SQL_CONSTRAINT, "UNIQUE constraint failed: person.id");
    EXPECT_EQ(eddy_sql_run(db, "SELECT abs(-9223372036854775808)"), EDDY_SQL_ERROR);
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES ('not an int', '')"), EDDY_SQL_MISMATCH);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE pet (owner REFERENCES person (id))"), 0);
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO pet VALUES (99)"), EDDY_SQL_CONSTRAINT);
}

TEST(a_batch_is_all_or_nothing)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    enum { ROWS = 300 };
    eddy_sql_value values[ROWS][2];
    for (int i = 0; i < ROWS; i++) {
        values[i][0] = eddy_sql_int(i);
        values[i][1] = eddy_sql_text("somebody");
    }
    static const char insert[] = "INSERT INTO person VALUES ($1, $2)";
    EXPECT_EQ(eddy_sql_execute_many(db, insert, values[0], 2, ROWS), ROWS);
    EXPECT_EQ(count_people(db), ROWS);
    for (int i = 0; i < ROWS; i++)
        values[i][0] = eddy_sql_int(ROWS + i);
    values[ROWS - 1][0] = eddy_sql_int(0);
    EXPECT_EQ(eddy_sql_execute_many(db, insert, values[0], 2, ROWS), EDDY_SQL_CONSTRAINT);
    message_has(EDDY_SQL_CONSTRAINT, "row 300: UNIQUE");
    EXPECT_EQ(count_people(db), ROWS);
    EXPECT_EQ(eddy_sql_execute_many(db, insert, NULL, 2, 0), 0);
    EXPECT_EQ(eddy_sql_execute_many(db, insert, values[0], 1, 2), EDDY_SQL_MISMATCH);
    EXPECT_EQ(eddy_sql_execute_many(db, "", NULL, 0, 1), EDDY_SQL_SYNTAX);
    EXPECT_EQ(count_people(db), ROWS);
}

TEST(a_batch_inside_a_transaction_leaves_it_open_when_it_fails)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    eddy_sql_value values[] = {eddy_sql_int(2), eddy_sql_int(1)};
    EXPECT_EQ(eddy_sql_begin(db), 0);
    add_people(db, 1);
    EXPECT_EQ(eddy_sql_execute_many(db, "INSERT INTO person (id) VALUES ($1)", values, 1, 2),
              EDDY_SQL_CONSTRAINT);
    EXPECT(eddy_sql_in_transaction(db));
    EXPECT_EQ(count_people(db), 1);
    EXPECT_EQ(eddy_sql_commit(db), 0);
    EXPECT_EQ(count_people(db), 1);
}

TEST(a_prepared_statement_runs_again_and_again)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EDDY_AUTO(eddy_sql_statement) *insert = NULL, *select = NULL;
    REQUIRE(eddy_sql_prepare(db, "INSERT INTO person VALUES ($1, $2)", &insert) == 0);
    REQUIRE(eddy_sql_prepare(db, "SELECT name FROM person WHERE id = $1", &select) == 0);
    EXPECT_EQ(eddy_sql_statement_parameter_count(insert), 2);
    for (int i = 0; i < 10; i++)
        EXPECT_EQ(eddy_sql_statement_execute(
                      insert, EDDY_SQL_VALUES(eddy_sql_int(i), eddy_sql_text("n"))),
                  1);
    // Two cursors of one statement at once.
    EDDY_AUTO(eddy_sql_cursor) *first = NULL, *second = NULL;
    EXPECT_EQ(eddy_sql_statement_query(select, EDDY_SQL_VALUES(eddy_sql_int(1)), &first), 0);
    EXPECT_EQ(eddy_sql_statement_query(select, EDDY_SQL_VALUES(eddy_sql_int(2)), &second), 0);
    EXPECT_EQ(eddy_sql_next(first), 1);
    EXPECT_EQ(eddy_sql_next(second), 1);
    EXPECT_EQ(count_people(db), 10);
    eddy_sql_statement *none = NULL;
    EXPECT_EQ(eddy_sql_prepare(db, "SELECT 1; SELECT 2", &none), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_prepare(db, "", &none), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_prepare(db, "nonsense", &none), EDDY_SQL_SYNTAX);
    EXPECT(none == NULL);
}

TEST(a_statement_may_be_freed_while_its_cursor_is_open)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    eddy_sql_statement *select = NULL;
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    add_people(db, 1000);
    EXPECT_EQ(eddy_sql_prepare(db, "SELECT id FROM person", &select), 0);
    EXPECT_EQ(eddy_sql_statement_query(select, NONE, &rows), 0);
    eddy_sql_statement_free(select);
    int n = 0;
    while (eddy_sql_next(rows) > 0)
        n++;
    EXPECT_EQ(n, 1000);
}

TEST(the_cache_is_bounded_and_can_be_switched_off)
{
    for (int size = -1; size <= 2; size++) {
        eddy_sql_options options = {.statement_cache = size};
        EDDY_AUTO(eddy_sql) *db = NULL;
        REQUIRE(eddy_sql_open("sqlite::memory:", &options, &db) == 0);
        for (int i = 0; i < 100; i++) {
            char sql[32];
            int64_t n = -1;
            snprintf(sql, sizeof sql, "SELECT %d", i % 5);
            EXPECT_EQ(eddy_sql_fetch_int(db, sql, NONE, &n), 1);
            EXPECT_EQ(n, i % 5);
        }
    }
}

TEST(a_changed_table_is_seen_by_kept_statements)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 1);
    EDDY_AUTO(eddy_sql_cursor) *before = NULL, *after = NULL;
    EXPECT_EQ(eddy_sql_fetch(db, "SELECT * FROM person", NONE, &before), 1);
    EXPECT_EQ(eddy_sql_run(db, "ALTER TABLE person ADD COLUMN age DEFAULT 19"), 0);
    EXPECT_EQ(eddy_sql_fetch(db, "SELECT * FROM person", NONE, &after), 1);
    EXPECT_EQ(eddy_sql_column_count(before), 2);
    EXPECT_EQ(eddy_sql_column_count(after), 3);
    int64_t age = 0;
    EXPECT_EQ(eddy_sql_get_int(after, eddy_sql_column(after, "age"), &age), 0);
    EXPECT_EQ(age, 19);
}

TEST(prepared_statements_may_be_freed_in_any_order)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    static const int order[] = {2, 0, 4, 1, 3}; // from the middle, and both ends
    eddy_sql_statement *statements[5];
    for (int i = 0; i < 5; i++)
        EXPECT_EQ(eddy_sql_prepare(db, "SELECT 1", &statements[i]), 0);
    for (int i = 0; i < 5; i++) {
        eddy_sql_statement_free(statements[order[i]]);
        EXPECT_EQ(eddy_sql_run(db, "SELECT 1"), 0); // behind it
    }
}

/* A statement is kept without what follows it, or the work would grow with the square of the length. */
TEST(a_long_script_is_run_statement_by_statement)
{
    enum { STATEMENTS = 5000, SIZE = 40 };
    EDDY_AUTO(eddy_sql) *db = open_people();
    char *script = eddy_malloc(STATEMENTS * SIZE + 1);
    for (int i = 0; i < STATEMENTS; i++) {
        char statement[64];
        snprintf(statement, sizeof statement, "INSERT INTO person VALUES (%6d, ''); ", i + 1);
        memcpy(script + i * SIZE, statement, SIZE);
    }
    script[STATEMENTS * SIZE] = '\0';
    EXPECT_EQ(eddy_sql_execute(db, script, NULL, 0), STATEMENTS);
    EXPECT_EQ(count_people(db), STATEMENTS);
    eddy_free(script);
}

RUN_TESTS(TEST_OF(execute_returns_the_rows_changed), TEST_OF(several_statements_run_in_order),
          TEST_OF(values_come_back_as_they_went), TEST_OF(parameters_are_numbered),
          TEST_OF(the_number_of_values_must_be_right),
          TEST_OF(errors_have_codes_and_the_librarys_words), TEST_OF(a_batch_is_all_or_nothing),
          TEST_OF(a_batch_inside_a_transaction_leaves_it_open_when_it_fails),
          TEST_OF(a_prepared_statement_runs_again_and_again),
          TEST_OF(a_statement_may_be_freed_while_its_cursor_is_open),
          TEST_OF(the_cache_is_bounded_and_can_be_switched_off),
          TEST_OF(a_changed_table_is_seen_by_kept_statements),
          TEST_OF(prepared_statements_may_be_freed_in_any_order),
          TEST_OF(a_long_script_is_run_statement_by_statement))
