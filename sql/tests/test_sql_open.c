/* SPDX-License-Identifier: MIT */
/* test_sql_open.c: opening, closing, freeing and forgetting connections. */
#include "sql_test.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(a_database_in_memory_answers)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    REQUIRE(eddy_sql_open("sqlite::memory:", NULL, &db) == 0);
    int64_t n = 0;
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT 6 * 7", NONE, &n), 1);
    EXPECT_EQ(n, 42);
    EXPECT_EQ(eddy_sql_close(db), 0);
    EXPECT_EQ(eddy_sql_close(db), 0);
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT 1", NONE, &n), EDDY_SQL_CLOSED);
}

TEST(urls_that_make_no_sense_are_refused_with_a_sentence)
{
    eddy_sql *db = NULL;
    EXPECT_EQ(eddy_sql_open(NULL, NULL, &db), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_open("people.db", NULL, &db), EDDY_EVALUE);
    message_has(EDDY_EVALUE, "sqlite:people.db");
    EXPECT_EQ(eddy_sql_open("oracle://scott:tiger@host/db", NULL, &db), EDDY_EVALUE);
    message_has(EDDY_EVALUE, "\"oracle:\"");
    EXPECT(strstr(eddy_error_message(eddy_error_get(EDDY_EVALUE)), "tiger") == NULL);
    EXPECT_EQ(eddy_sql_open("sqlite:", NULL, &db), EDDY_EVALUE);
    EXPECT_EQ(eddy_sql_open("sqlite://people.db", NULL, &db), EDDY_EVALUE);
    eddy_sql_options options = {.journal_mode = "wal; DROP TABLE person"};
    EXPECT_EQ(eddy_sql_open("sqlite::memory:", &options, &db), EDDY_EVALUE);
    EXPECT(db == NULL);
}

TEST(codes_have_names)
{
    eddy_sql_free(open_people());
    EXPECT_STR(eddy_strerror(EDDY_SQL_CONSTRAINT), "constraint violated");
    EXPECT_STR(eddy_strerror(EDDY_SQL_CLOSED), "database connection closed");
}

TEST(a_file_gets_a_log_and_foreign_keys)
{
    struct folder folder = make_folder();
    eddy_sql *db = NULL;
    char *mode = NULL;
    int64_t keys = 0;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_fetch_text(db, "PRAGMA journal_mode", NONE, &mode), 1);
    EXPECT_STR(mode, "wal");
    EXPECT_EQ(eddy_sql_fetch_int(db, "PRAGMA foreign_keys", NONE, &keys), 1);
    EXPECT_EQ(keys, 1);
    eddy_free(mode);
    EXPECT_EQ(eddy_sql_close(db), 0);
    eddy_sql_free(db);
    remove_folder(&folder);
}

TEST(what_cant_be_opened_says_why)
{
    struct folder folder = make_folder();
    char url[128];
    eddy_sql *db = NULL;
    snprintf(url, sizeof url, "sqlite:%s/nowhere/test.db", folder.path);
    EXPECT_EQ(eddy_sql_open(url, NULL, &db), EDDY_SQL_CANTOPEN);
    message_has(EDDY_SQL_CANTOPEN, "nowhere/test.db: unable to open database file (No such file");
    eddy_sql_options options = {.must_exist = true};
    EXPECT_EQ(eddy_sql_open(folder.url, &options, &db), EDDY_SQL_CANTOPEN);
    snprintf(url, sizeof url, "sqlite:%s", folder.path);
    EXPECT_EQ(eddy_sql_open(url, NULL, &db), EDDY_SQL_CANTOPEN);
    remove_folder(&folder);
}

/* In a child, with a read-only file system of its own: its exit status, 77 where none can be had. */
static int open_read_only(const struct folder *folder)
{
    bool is_root = geteuid() == 0;
    if (unshare(CLONE_NEWNS | (is_root ? 0 : CLONE_NEWUSER)) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", folder->path, "tmpfs", MS_RDONLY, NULL) < 0)
        return 77;
    execl("/proc/self/exe", "test_sql_open", "--as-a-child", folder->url, (char *)NULL);
    return 77;
}

EDDY_ASYNC(open_in_vain, (const char *, url))
{
    eddy_sql *db = NULL;
    int rc = eddy_sql_open(url, NULL, &db);
    const char *message = eddy_error_message(eddy_error_get(rc));
    return rc == EDDY_SQL_CANTOPEN && strstr(message, "Read-only file system") != NULL ? 0 : rc;
}

TEST_PLAIN(a_read_only_file_system_is_called_so)
{
    struct folder folder = make_folder();
    pid_t child = fork();
    if (child == 0)
        _exit(open_read_only(&folder));
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    remove_folder(&folder);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    EXPECT_EQ(status, 0);
}

TEST(what_is_no_database_is_refused_at_once)
{
    struct folder folder = make_folder();
    FILE *file = fopen(folder.url + strlen("sqlite:"), "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    eddy_sql *db = NULL;
    EXPECT_EQ(eddy_sql_open(folder.url, NULL, &db), EDDY_SQL_CORRUPT);
    message_has(EDDY_SQL_CORRUPT, "file is not a database");
    remove_folder(&folder);
}

TEST(a_read_only_connection_reads)
{
    struct folder folder = make_folder();
    eddy_sql *db = NULL, *reader = NULL;
    REQUIRE(eddy_sql_open(folder.url, NULL, &db) == 0);
    EXPECT_EQ(eddy_sql_run(db, "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)"), 0);
    eddy_sql_options options = {.read_only = true};
    REQUIRE(eddy_sql_open(folder.url, &options, &reader) == 0);
    EXPECT_EQ(count_people(reader), 0);
    EXPECT_EQ(eddy_sql_run(reader, "DELETE FROM person"), EDDY_SQL_READONLY);
    eddy_sql_free(reader);
    eddy_sql_free(db);
    remove_folder(&folder);
}

TEST(a_path_is_only_a_path)
{
    struct folder folder = make_folder();
    char before[512];
    EXPECT(getcwd(before, sizeof before) != NULL && chdir(folder.path) == 0);
    eddy_sql *db = NULL;
    EXPECT_EQ(eddy_sql_open("sqlite:file:test.db?mode=memory", NULL, &db), 0);
    eddy_sql_free(db);
    EXPECT_EQ(access("file:test.db?mode=memory", F_OK), 0);
    EXPECT_EQ(chdir(before), 0);
    remove_folder(&folder);
}

TEST(a_connection_may_be_freed_without_being_closed)
{
    eddy_sql *db = open_people();
    eddy_sql_cursor *rows = NULL;
    eddy_sql_statement *statement = NULL;
    add_people(db, 1000);
    EXPECT_EQ(eddy_sql_prepare(db, "SELECT id FROM person", &statement), 0);
    EXPECT_EQ(eddy_sql_statement_query(statement, NONE, &rows), 0);
    EXPECT_EQ(eddy_sql_next(rows), 1);
    eddy_sql_free(db);
    int rc;
    int n = 1;
    while ((rc = eddy_sql_next(rows)) > 0)
        n++;
    EXPECT_EQ(rc, EDDY_SQL_CLOSED);         // what had arrived could still be read
    EXPECT_EQ(n, 256);
    eddy_sql_statement_free(statement);
    eddy_sql_cursor_free(rows);
}

static eddy_sql *forgotten;
static eddy_sql_cursor *forgotten_rows;

EDDY_ASYNC(forget_a_connection)
{
    forgotten = open_people();
    EXPECT_EQ(eddy_sql_begin(forgotten), 0);
    add_people(forgotten, 1000);
    EXPECT_EQ(eddy_sql_query(forgotten, "SELECT * FROM person", NONE, &forgotten_rows), 0);
    return 0;
}

TEST_PLAIN(the_end_of_the_loop_closes_what_was_forgotten)
{
    EXPECT_EQ(eddy_run(eddy_coro(forget_a_connection), NULL), 0);
    EXPECT_EQ(eddy_sql_next(forgotten_rows), EDDY_SQL_CLOSED);     // it ended with its task
    eddy_sql_cursor_free(forgotten_rows);
    eddy_sql_free(forgotten);
}

EDDY_ASYNC(use_the_forgotten)
{
    return (int)eddy_sql_run(forgotten, "SELECT 1");
}

TEST_PLAIN(a_connection_of_an_earlier_loop_is_refused)
{
    EXPECT_EQ(eddy_run(eddy_coro(forget_a_connection), NULL), 0);
    int rc = eddy_run(eddy_coro(use_the_forgotten), NULL);
    EXPECT(rc == EDDY_EMISUSE || rc == EDDY_SQL_CLOSED);
    eddy_sql_cursor_free(forgotten_rows);
    eddy_sql_free(forgotten);
}

TEST_PLAIN(outside_a_task_nothing_can_be_asked)
{
    eddy_sql *db = NULL;
    EXPECT_EQ(eddy_sql_open("sqlite::memory:", NULL, &db), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_run(NULL, "SELECT 1"), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_next(NULL), EDDY_EMISUSE);
    eddy_sql_free(NULL);
    eddy_sql_cursor_free(NULL);
    eddy_sql_statement_free(NULL);
}

EDDY_ASYNC(endless_query, (eddy_sql *, db))
{
    int64_t n;
    return eddy_sql_fetch_int(db, ENDLESS, NONE, &n);
}

TEST(who_waits_when_the_connection_is_freed_is_told)
{
    eddy_sql *db = open_people();
    EDDY_AUTO(eddy_task) *running = eddy_create_task(endless_query, db);
    EDDY_AUTO(eddy_task) *queued = eddy_create_task(endless_query, db);
    EXPECT_EQ(eddy_sleep(0), 0);
    eddy_sql_free(db);
    EXPECT_EQ(eddy_await(running), EDDY_SQL_CLOSED);
    EXPECT_EQ(eddy_await(queued), EDDY_SQL_CLOSED);
}

TEST_REAL(closing_is_bounded)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    eddy_sql_options options = {.close_timeout = 0.05};
    REQUIRE(eddy_sql_open("sqlite::memory:", &options, &db) == 0);
    EDDY_AUTO(eddy_task) *running = eddy_create_task(endless_query, db);
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_sql_close(db), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_sql_close(db), 0);
    EXPECT_EQ(eddy_await(running), EDDY_SQL_CLOSED);
}

EDDY_ASYNC(open_and_free)
{
    eddy_sql *db = NULL;
    int rc = eddy_sql_open("sqlite::memory:", NULL, &db);
    EXPECT(rc == 0 || db == NULL);
    eddy_sql_free(db);
    return rc;
}

TEST(a_cancelled_open_leaves_nothing_behind)
{
    for (int i = 0; i < 20; i++) {
        EDDY_AUTO(eddy_task) *task = eddy_create_task(open_and_free);
        for (int turns = 0; turns < i % 4; turns++)
            EXPECT_EQ(eddy_sleep(0), 0);
        bool was_done = eddy_task_done(task);
        eddy_task_cancel(task);
        EXPECT_EQ(eddy_await(task), was_done ? 0 : EDDY_CANCELLED);
    }
}

TEST(a_child_of_fork_leaves_the_connection_alone)
{
    eddy_sql *db = open_people();
    pid_t child = fork();
    if (child == 0) {
        eddy_sql_free(db);
        _exit(0);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(count_people(db), 0);
    eddy_sql_free(db);
}

TEST(null_where_an_object_is_required_is_misuse)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    eddy_sql_cursor *rows = NULL;
    eddy_sql_statement *statement = NULL;
    int64_t integer;
    EXPECT_EQ(eddy_sql_open("sqlite::memory:", NULL, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_close(NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_run(NULL, "SELECT 1"), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_run(db, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_execute_many(NULL, "SELECT 1", NULL, 0, 1), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_query(NULL, "SELECT 1", NONE, &rows), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_query(db, "SELECT 1", NONE, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_fetch(db, "SELECT 1", NONE, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_fetch_int(db, "SELECT 1", NONE, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_fetch_text(db, "SELECT 1", NONE, NULL), EDDY_EMISUSE);
    message_has(EDDY_EMISUSE, "eddy_sql_fetch_text: there is no place for the text");
    EXPECT_EQ(eddy_sql_prepare(NULL, "SELECT 1", &statement), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_prepare(db, "SELECT 1", NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_statement_execute(NULL, NONE), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_statement_query(NULL, NONE, &rows), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_begin(NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_commit(NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_commit_to(db, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_rollback(NULL), EDDY_EMISUSE);
    EXPECT(!eddy_sql_in_transaction(NULL));
    EXPECT_EQ(eddy_sql_next(NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_get_int(NULL, 0, &integer), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_column(NULL, "id"), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_query(db, "SELECT 1", NONE, &rows), 0);
    EXPECT_EQ(eddy_sql_next(rows), 1);
    EXPECT_EQ(eddy_sql_get_int(rows, 0, NULL), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_get_int(rows, eddy_sql_column(rows, NULL), &integer), EDDY_EMISUSE);
    EXPECT_EQ(eddy_sql_column_count(NULL), 0);
    EXPECT(eddy_sql_row(NULL) == NULL && eddy_sql_column_name(NULL, 0) == NULL);
    eddy_sql_cursor_free(rows);
    eddy_sql_cursor_free(NULL);
    eddy_sql_statement_free(NULL);
    eddy_sql_free(NULL);
}

static void *free_elsewhere(void *data)
{
    eddy_sql_cursor_free(data);
    return NULL;
}

/* In a child, as it ends the program. */
EDDY_ASYNC(free_cursor_on_a_thread)
{
    eddy_sql *db = open_people();
    eddy_sql_cursor *rows = NULL;
    EDDY_TRY(eddy_sql_query(db, "SELECT 1", NONE, &rows));
    pthread_t thread;
    pthread_create(&thread, NULL, free_elsewhere, rows);
    pthread_join(thread, NULL);
    return 0;
}

EDDY_ASYNC(free_twice, (bool, is_cursor))
{
    eddy_sql *db = NULL;
    eddy_sql_cursor *rows = NULL;
    EDDY_TRY(eddy_sql_open("sqlite::memory:", NULL, &db));
    EDDY_TRY(eddy_sql_query(db, "SELECT 1", NONE, &rows));
    eddy_sql_cursor_free(rows);
    if (is_cursor)
        eddy_sql_cursor_free(rows);
    eddy_sql_free(db);
    eddy_sql_free(db);
    return 0;
}

/* Frees nothing, so that what is marked as freed stays so. */
static void *resize_or_keep(void *data, void *memory, size_t size)
{
    (void)data;
    return size > 0 ? realloc(memory, size) : NULL;
}

int harness_child(const char *name)
{
    if (strncmp(name, "twice", 5) == 0)
        return eddy_set_allocator(&(eddy_allocator){.resize = resize_or_keep}) < 0
                   ? 1
                   : eddy_main(eddy_coro(free_twice, strcmp(name, "twice cursor") == 0));
    if (strncmp(name, "sqlite:", 7) == 0)
        return eddy_run(eddy_coro(open_in_vain, name), NULL) == 0 ? 0 : 1;
    return eddy_main(eddy_coro(free_cursor_on_a_thread));
}

TEST_PLAIN(freeing_on_another_thread_ends_the_program_with_a_sentence)
{
    char output[512];
    int status = run_child("free", output, sizeof output);
    if (status < 0)
        return;                                 // programs can't be started here
    EXPECT(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    EXPECT(strstr(output, "eddy_sql_cursor_free: the connection belongs to the loop of another "
                          "thread") != NULL);
}

static void expect_stop(const char *child, const char *sentence)
{
    char output[512];
    int status = is_watched() ? -1 : run_child(child, output, sizeof output); // they stop it before us
    if (status == -1)
        return;
    EXPECT(WIFSIGNALED(status));
    EXPECT(strstr(output, sentence) != NULL);
}

TEST_PLAIN(freeing_twice_ends_the_program_with_a_sentence)
{
    expect_stop("twice", "eddy_sql_free: the connection has been freed already");
    expect_stop("twice cursor", "eddy_sql_cursor_free: the cursor has been freed already");
}

RUN_TESTS(TEST_OF(a_database_in_memory_answers),
          TEST_OF(urls_that_make_no_sense_are_refused_with_a_sentence), TEST_OF(codes_have_names),
          TEST_OF(a_file_gets_a_log_and_foreign_keys), TEST_OF(what_cant_be_opened_says_why),
          TEST_OF(freeing_twice_ends_the_program_with_a_sentence),
          TEST_OF(a_read_only_file_system_is_called_so),
          TEST_OF(what_is_no_database_is_refused_at_once), TEST_OF(a_read_only_connection_reads),
          TEST_OF(a_path_is_only_a_path), TEST_OF(a_connection_may_be_freed_without_being_closed),
          TEST_OF(the_end_of_the_loop_closes_what_was_forgotten),
          TEST_OF(a_connection_of_an_earlier_loop_is_refused),
          TEST_OF(outside_a_task_nothing_can_be_asked),
          TEST_OF(who_waits_when_the_connection_is_freed_is_told), TEST_OF(closing_is_bounded),
          TEST_OF(a_cancelled_open_leaves_nothing_behind),
          TEST_OF(a_child_of_fork_leaves_the_connection_alone),
          TEST_OF(null_where_an_object_is_required_is_misuse),
          TEST_OF(freeing_on_another_thread_ends_the_program_with_a_sentence))
