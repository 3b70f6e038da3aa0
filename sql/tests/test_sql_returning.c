/* SPDX-License-Identifier: MIT */
/* test_sql_returning.c: statements that write and answer with rows: done when success is told. */
#include "sql_test.h"

/* Parents 1 to 3; each child must have a parent when its transaction ends, not before. */
static void make_family(eddy_sql *db)
{
    EXPECT(eddy_sql_run(db, "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
                            "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES "
                            "parent (id) DEFERRABLE INITIALLY DEFERRED, name TEXT);"
                            "CREATE TABLE pet (id INTEGER);"
                            "CREATE TRIGGER orphan AFTER INSERT ON pet BEGIN "
                            "INSERT INTO child VALUES (NULL, 99, 'of the trigger'); END;"
                            "INSERT INTO parent VALUES (1), (2), (3);"
                            "INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'b')") >= 0);
}

static eddy_sql *open_family(void)
{
    eddy_sql *db = NULL;
    EXPECT_EQ(eddy_sql_open("sqlite::memory:", NULL, &db), 0);
    make_family(db);
    return db;
}

/* A number that changes with every row of the family. */
static int64_t sum_family(eddy_sql *db)
{
    int64_t sum = -1;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT (SELECT sum(id) FROM parent) * 1000000 + "
                                     "(SELECT sum(id + parent) FROM child) * 100 + "
                                     "(SELECT count(*) FROM pet)", NONE, &sum), 1);
    return sum;
}

#define MANY "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "

/* Each breaks a deferred foreign key, so each fails at its end, having answered with rows. */
static const char *const failing[] = {
    "INSERT INTO child VALUES (7, 99, 'x') RETURNING name, id",
    "INSERT INTO child VALUES (7, 1, 'x'), (8, 99, 'y') RETURNING name, id",
    "REPLACE INTO child VALUES (1, 99, 'x') RETURNING name, id",
    "INSERT INTO child VALUES (1, 1, 'x') ON CONFLICT (id) DO UPDATE SET parent = 99 "
    "RETURNING name, id",
    "UPDATE child SET parent = 99 RETURNING name, id",
    "DELETE FROM parent WHERE id = 1 RETURNING 'parent', id",
    "INSERT INTO pet VALUES (1) RETURNING 'pet', id",
    "WITH p(i) AS (VALUES (99)) INSERT INTO child SELECT 9, i, 'x' FROM p RETURNING name, id",
    MANY "INSERT INTO child SELECT i + 10, 99, 'x' FROM n RETURNING name, id",
};

enum { FAILING_COUNT = sizeof failing / sizeof failing[0] };

static int leave_loop_early(eddy_sql *db, const char *sql)
{
    int rc, rows = 0;
    eddy_for (const eddy_sql_value *, row, eddy_sql_each(db, sql), &rc) {
        EXPECT(row[0].type == EDDY_SQL_TEXT);
        if (++rows == 1)
            break;
    }
    return rc;
}

static int query_prepared(eddy_sql *db, const char *sql)
{
    EDDY_AUTO(eddy_sql_statement) *statement = NULL;
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EDDY_TRY(eddy_sql_prepare(db, sql, &statement));
    return eddy_sql_statement_query(statement, NONE, &rows);
}

TEST(a_statement_that_fails_at_its_end_is_an_error_of_every_call)
{
    EDDY_AUTO(eddy_sql) *db = open_family();
    int64_t before = sum_family(db);
    for (int i = 0; i < FAILING_COUNT; i++) {
        char *text = NULL;
        eddy_sql_cursor *rows = NULL;
        EXPECT_EQ(eddy_sql_fetch_text(db, failing[i], NONE, &text), EDDY_SQL_CONSTRAINT);
        EXPECT_EQ(eddy_sql_fetch(db, failing[i], NONE, &rows), EDDY_SQL_CONSTRAINT);
        EXPECT_EQ(eddy_sql_query(db, failing[i], NONE, &rows), EDDY_SQL_CONSTRAINT);
        EXPECT_EQ(leave_loop_early(db, failing[i]), EDDY_SQL_CONSTRAINT);
        EXPECT_EQ(query_prepared(db, failing[i]), EDDY_SQL_CONSTRAINT);
        EXPECT_EQ(eddy_sql_run(db, failing[i]), EDDY_SQL_CONSTRAINT);
        EXPECT(text == NULL && rows == NULL);
        EXPECT_EQ(sum_family(db), before);
    }
}

TEST(inside_a_transaction_its_commit_fails)
{
    EDDY_AUTO(eddy_sql) *db = open_family();
    int64_t before = sum_family(db);
    for (int i = 0; i < FAILING_COUNT; i++) {
        eddy_sql_cursor *rows = NULL;
        EXPECT_EQ(eddy_sql_begin(db), 0);
        EXPECT_EQ(eddy_sql_query(db, failing[i], NONE, &rows), 0);
        EXPECT_EQ(eddy_sql_next(rows), 1);
        eddy_sql_cursor_free(rows);
        eddy_sql_outcome outcome;
        EXPECT_EQ(eddy_sql_commit_to(db, &outcome), EDDY_SQL_CONSTRAINT);
        EXPECT_EQ(outcome, EDDY_SQL_ROLLED_BACK);
        EXPECT_EQ(sum_family(db), before);
    }
}

TEST(a_commit_that_meets_a_lock_is_an_error_and_leaves_nothing)
{
    struct folder folder = make_folder();
    eddy_sql_options options = {.journal_mode = "delete", .busy_timeout = -1, .batch_rows = 2};
    eddy_sql *db = NULL, *reader = NULL;
    REQUIRE(eddy_sql_open(folder.url, &options, &db) == 0);
    make_family(db);
    REQUIRE(eddy_sql_open(folder.url, &options, &reader) == 0);
    int64_t before = sum_family(db);
    eddy_sql_cursor *rows = NULL;
    EXPECT_EQ(eddy_sql_query(reader, "SELECT id FROM parent", NONE, &rows), 0);   // holds a lock
    int64_t id = -1;
    EXPECT_EQ(eddy_sql_fetch_int(db, "INSERT INTO child VALUES (7, 1, 'x') RETURNING id", NONE, &id),
              EDDY_SQL_BUSY);
    EXPECT_EQ(leave_loop_early(db, "INSERT INTO child VALUES (7, 1, 'x') RETURNING name"),
              EDDY_SQL_BUSY);
    EXPECT_EQ(id, -1);
    eddy_sql_cursor_free(rows);
    EXPECT_EQ(sum_family(reader), before);      // comes after the closing of the cursor
    EXPECT_EQ(sum_family(db), before);
    EXPECT_EQ(eddy_sql_fetch_int(db, "INSERT INTO child VALUES (7, 1, 'x') RETURNING id", NONE, &id),
              1);
    EXPECT_EQ(id, 7);
    eddy_sql_free(reader);
    eddy_sql_free(db);
    remove_folder(&folder);
}

EDDY_ASYNC(insert_and_free, (eddy_sql *, db), (int, reads))
{
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EDDY_TRY(eddy_sql_query(db, MANY "INSERT INTO child SELECT i + 10, 1, 'x' FROM n RETURNING id",
                            NONE, &rows));
    for (int i = 1; i <= reads; i++) {
        EXPECT_EQ(eddy_sql_next(rows), i <= 600);
        if (i <= 600)
            EXPECT_EQ(eddy_sql_row(rows)[0].integer, i + 10);
    }
    return 0;
}

TEST(its_rows_may_be_read_or_not)
{
    EDDY_AUTO(eddy_sql) *db = open_family();
    const int reads[] = {0, 1, 256, 257, 601};
    for (int i = 0; i < 5; i++) {
        EDDY_AUTO(eddy_task) *task = eddy_create_task(insert_and_free, db, reads[i]);
        EXPECT_EQ(eddy_await(task), 0);
        EXPECT_EQ(eddy_sql_run(db, "DELETE FROM child WHERE id > 10"), 600);
    }
    eddy_sql_cursor *rows = NULL;
    EXPECT_EQ(eddy_sql_query(db, "UPDATE child SET name = 'z' RETURNING id", NONE, &rows), 0);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(insert_and_free, db, 0);
    EXPECT_EQ(eddy_await(other), 0);            // the cursor holds no lease: it has all its rows
    EXPECT_EQ(eddy_sql_next(rows), 1);
    eddy_sql_cursor_free(rows);
}

TEST(a_pragma_is_done_when_it_answers)
{
    struct folder folder = make_folder();
    eddy_sql *db = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    char *mode = NULL;
    EXPECT_EQ(eddy_sql_fetch_text(db, "PRAGMA journal_mode = delete", NONE, &mode), 1);
    EXPECT_STR(mode, "delete");
    eddy_free(mode);
    int64_t version = 0;
    EXPECT_EQ(eddy_sql_fetch_int(db, "PRAGMA user_version = 7", NONE, &version), 0);
    EXPECT_EQ(eddy_sql_fetch_int(db, "PRAGMA user_version", NONE, &version), 1);
    EXPECT_EQ(version, 7);
    EXPECT_EQ(eddy_sql_run(db, "PRAGMA auto_vacuum = incremental; VACUUM; CREATE TABLE t (b); "
                               "INSERT INTO t VALUES (zeroblob(400000)); DROP TABLE t"), 1);
    eddy_sql_cursor *rows = NULL;
    EXPECT(eddy_sql_query(db, "PRAGMA incremental_vacuum", NONE, &rows) >= 0);      // a row a page
    eddy_sql_cursor_free(rows);
    EXPECT_EQ(eddy_sql_fetch_int(db, "PRAGMA freelist_count", NONE, &version), 1);
    EXPECT_EQ(version, 0);
    eddy_sql_free(db);
    remove_folder(&folder);
}

static int add_child(eddy_sql *db)
{
    int64_t id;
    return eddy_sql_fetch_int(db, "INSERT INTO child VALUES (7, 1, hex(zeroblob(2000))) RETURNING id, "
                                  "name", NONE, &id);
}

/* One allocation fails; the row is there if and only if success was told. */
static void add_child_without_memory(eddy_sql *db, long n, bool inside)
{
    if (inside)
        EXPECT_EQ(eddy_sql_begin(db), 0);
    fail_allocation(n);
    int rc = add_child(db);
    fail_allocation(-1);
    EXPECT(rc == 1 || rc == -ENOMEM);
    if (inside)
        EXPECT_EQ(eddy_sql_commit(db), 0);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM child WHERE id = 7"), rc == 1);
}

TEST(rows_that_do_not_fit_into_memory_undo_the_statement)
{
    EDDY_AUTO(eddy_sql) *db = open_family();
    EXPECT_EQ(add_child(db), 1);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM child WHERE id = 7"), 1);
    fail_allocation(-1);
    EXPECT_EQ(add_child(db), 1);
    long count = allocation_count();
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM child WHERE id = 7"), 1);
    for (long n = 0; n < 2 * count; n++)
        add_child_without_memory(db, n / 2, n % 2);
}

RUN_TESTS(TEST_OF(a_statement_that_fails_at_its_end_is_an_error_of_every_call),
          TEST_OF(inside_a_transaction_its_commit_fails),
          TEST_OF(a_commit_that_meets_a_lock_is_an_error_and_leaves_nothing),
          TEST_OF(its_rows_may_be_read_or_not), TEST_OF(a_pragma_is_done_when_it_answers),
          TEST_OF(rows_that_do_not_fit_into_memory_undo_the_statement))
