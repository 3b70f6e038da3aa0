/* SPDX-License-Identifier: MIT */
/* test_sql_faults.c: full disks, damaged files, killed processes, memory that is not there. */
#include "sql_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

TEST(a_full_disk_is_told_and_survived)
{
    struct folder folder = make_folder();
    eddy_sql *db = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    EXPECT_EQ(eddy_sql_run(db, "PRAGMA max_page_count = 10"), 0);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    add_people(db, 1);
    EXPECT_EQ(eddy_sql_run(db, "INSERT INTO person VALUES (2, zeroblob(100000))"), EDDY_SQL_FULL);
    message_has(EDDY_SQL_FULL, "test.db: database or disk is full");
    EXPECT_EQ(eddy_sql_end(db, EDDY_SQL_FULL), EDDY_SQL_FULL);
    EXPECT_EQ(count_people(db), 0);
    EXPECT_EQ(eddy_sql_run(db, "PRAGMA max_page_count = 1000"), 0);
    add_people(db, 1);
    eddy_sql_free(db);
    remove_folder(&folder);
}

TEST(a_file_that_may_not_grow_does_not_end_the_program)
{
    struct folder folder = make_folder();
    struct rlimit before, tight;
    eddy_sql *db = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = 256 * 1024;
    setrlimit(RLIMIT_FSIZE, &tight);
    // SQLite keeps the reason of a failed write to itself; SIGXFSZ is kept off its thread.
    ssize_t rc = eddy_sql_run(db, "INSERT INTO person VALUES (2, zeroblob(1000000))");
    EXPECT(rc == EDDY_SQL_FULL || rc == EDDY_SQL_IO);
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(count_people(db), 0);
    add_people(db, 10);
    eddy_sql_free(db);
    remove_folder(&folder);
}

TEST(a_damaged_file_is_told)
{
    struct folder folder = make_folder();
    eddy_sql *db = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    add_people(db, 10000);
    EXPECT_EQ(eddy_sql_close(db), 0);
    eddy_sql_free(db);
    FILE *file = fopen(folder.url + strlen("sqlite:"), "r+");
    fseek(file, 4096, SEEK_SET);
    for (int i = 0; i < 20000; i++)
        fputc(0x55, file);
    fclose(file);
    db = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    int64_t n;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT count(name) FROM person", NONE, &n), EDDY_SQL_CORRUPT);
    eddy_sql_free(db);
    remove_folder(&folder);
}

EDDY_ASYNC(insert_until_killed, (const char *, url), (int, report))
{
    eddy_sql *db = NULL;
    EDDY_TRY(eddy_sql_open(url, NULL, &db));
    EDDY_TRY(eddy_sql_run(db, "CREATE TABLE IF NOT EXISTS person (id INTEGER PRIMARY KEY, "
                              "name TEXT)"));
    for (;;) {
        EDDY_TRY(eddy_sql_begin(db));
        for (int i = 0; i < 5; i++) {
            if (write(report, "i", 1) != 1)
                return -EPIPE;
            EDDY_TRY(eddy_sql_run(db, "INSERT INTO person (name) VALUES (hex(zeroblob(500)))"));
        }
        EDDY_TRY(eddy_sql_commit(db));
        if (write(report, "c", 1) != 1)
            return -EPIPE;
    }
}

static pid_t start_victim(const char *url, int *out_reports)
{
    int ends[2];
    if (pipe(ends) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        EDDY_IGNORE(eddy_run(eddy_coro(insert_until_killed, url, ends[1]), NULL) < 0);
        _exit(1);
    }
    close(ends[1]);
    *out_reports = ends[0];
    return child;
}

EDDY_ASYNC(look_at_remains, (const char *, url), (int, commits))
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    EDDY_TRY(eddy_sql_open(url, NULL, &db));
    int64_t n = count_people(db), torn = -1;
    EXPECT(n % 5 == 0 && n >= commits * 5);
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT count(*) FROM person WHERE length(name) <> 1000", NONE,
                                 &torn), 1);
    EXPECT_EQ(torn, 0);
    return eddy_sql_close(db);
}

TEST_PLAIN(a_killed_process_leaves_whole_transactions)
{
    struct folder folder = make_folder();
    for (int round = 0; round < 8; round++) {
        int reports = -1;
        pid_t child = start_victim(folder.url, &reports);
        REQUIRE(child > 0);
        char byte;
        int commits = 0;
        // Six reports a transaction: each round ends at another step of one.
        for (int i = 0; i < 4 + 7 * round && read(reports, &byte, 1) == 1; i++)
            commits += byte == 'c';
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(reports, &byte, 1) == 1)
            commits += byte == 'c';
        close(reports);
        EXPECT_EQ(eddy_run(eddy_coro(look_at_remains, folder.url, commits), NULL), 0);
    }
    remove_folder(&folder);
}

/* A bit of everything; any step may fail for want of memory. */
static int everything(void)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EDDY_TRY(eddy_sql_open("sqlite::memory:", NULL, &db));
    EDDY_TRY(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"));
    EDDY_TRY(eddy_sql_begin(db));
    EDDY_TRY(eddy_sql_run(db, "INSERT INTO person VALUES (1, 'x')"));
    EDDY_TRY(eddy_sql_commit(db));
    int64_t id;
    EDDY_TRY(eddy_sql_fetch_int(db, "INSERT INTO person VALUES (2, 'y') RETURNING id", NONE, &id));
    EDDY_TRY(eddy_sql_query(db, "SELECT * FROM person", NONE, &rows));
    EDDY_TRY(eddy_sql_next(rows));
    return eddy_sql_close(db);
}

TEST(memory_that_is_not_there_is_an_error_and_no_hang)
{
    EXPECT_EQ(everything(), 0);
    fail_allocation(-1);
    EXPECT_EQ(everything(), 0);
    long count = allocation_count();
    EXPECT(count > 10);
    for (long n = 0; n < count; n++) {
        fail_allocation(n);
        int rc = everything();
        EXPECT(rc == 0 || rc == -ENOMEM);
        fail_allocations_from(n);
        rc = everything();
        EXPECT(rc == 0 || rc == -ENOMEM);
    }
    fail_allocation(-1);
}

RUN_TESTS(TEST_OF(a_full_disk_is_told_and_survived),
          TEST_OF(a_file_that_may_not_grow_does_not_end_the_program),
          TEST_OF(a_damaged_file_is_told),
          TEST_OF(a_killed_process_leaves_whole_transactions),
          TEST_OF(memory_that_is_not_there_is_an_error_and_no_hang))
