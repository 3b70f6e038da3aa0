/* SPDX-License-Identifier: MIT */
/* test_sql_lease.c: several tasks on one connection. */
#include "sql_test.h"

EDDY_ASYNC(insert_in_transaction, (eddy_sql *, db), (int, id), (double, seconds))
{
    EDDY_TRY(eddy_sql_begin(db));
    EDDY_TRY(eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(id)));
    EDDY_TRY(eddy_sleep(seconds));
    int64_t n = 0;
    EDDY_TRY(eddy_sql_fetch_int(db, "SELECT count(*) FROM person", NONE, &n));
    EXPECT_EQ(n, id);
    return eddy_sql_commit(db);
}

TEST(transactions_of_tasks_follow_each_other_in_order)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_gather(eddy_coro(insert_in_transaction, db, 1, 1),
                          eddy_coro(insert_in_transaction, db, 2, 1),
                          eddy_coro(insert_in_transaction, db, 3, 1)),
              0);
    EXPECT_EQ(count_people(db), 3);
    EXPECT(eddy_time() == 3);
}

EDDY_ASYNC(insert_plainly, (eddy_sql *, db), (int, id))
{
    return (int)eddy_sql_run(db, "INSERT INTO person VALUES ($1, '')", eddy_sql_int(id));
}

TEST(what_others_ask_waits_for_the_transactions_end)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(insert_plainly, db, 1);
    EXPECT_EQ(eddy_sleep(10), 0);
    EXPECT(!eddy_task_done(other));
    EXPECT_EQ(eddy_sql_rollback(db), 0);
    EXPECT_EQ(eddy_await(other), 1);
    EXPECT_EQ(count_people(db), 1);             // and was not part of it
}

TEST(the_wait_is_bounded_and_says_for_whom)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    EXPECT_EQ(eddy_task_set_name(eddy_current_task(), "the holder"), 0);
    EXPECT_EQ(eddy_sql_begin(db), 0);
    EDDY_AUTO(eddy_task) *other = eddy_create_task(insert_plainly, db, 1);
    EXPECT_EQ(eddy_await(other), EDDY_TIMEDOUT);
    message_has(EDDY_TIMEDOUT, "not free for 60 s: task the holder has a transaction");
    EXPECT(eddy_time() == 60);
    EXPECT_EQ(eddy_sql_commit(db), 0);
}

EDDY_ASYNC(read_slowly, (eddy_sql *, db), (int *, out_rows))
{
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EDDY_TRY(eddy_sql_query(db, "SELECT * FROM person", NONE, &rows));
    int rc;
    while ((rc = eddy_sql_next(rows)) > 0)
        if (++*out_rows % 256 == 0)
            EDDY_TRY(eddy_sleep(1));
    return rc;
}

TEST(an_open_cursor_holds_others_off_until_its_last_batch)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 1000);
    int rows = 0;
    EDDY_AUTO(eddy_task) *reader = eddy_create_task(read_slowly, db, &rows);
    EXPECT_EQ(eddy_sleep(0.5), 0);
    EXPECT_EQ(rows, 256);
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person"), 1000);
    EXPECT(eddy_time() == 3);                   // the fourth batch was the last
    EXPECT_EQ(eddy_await(reader), 0);
    EXPECT_EQ(rows, 1000);
}

TEST(a_cursor_of_another_task_can_not_be_advanced)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    add_people(db, 1000);
    EDDY_AUTO(eddy_sql_cursor) *rows = NULL;
    EXPECT_EQ(eddy_sql_query(db, "SELECT * FROM person", NONE, &rows), 0);
    eddy_sql_cursor_free(rows);
    rows = NULL;
    EXPECT_EQ(eddy_sql_run(db, "DELETE FROM person WHERE id > 10"), 990);
}

TEST(cancelled_waiters_leave_the_row_in_order)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    enum { TASKS = 6 };
    eddy_task *tasks[TASKS];
    EXPECT_EQ(eddy_sql_begin(db), 0);
    for (int i = 0; i < TASKS; i++)
        tasks[i] = eddy_create_task(insert_plainly, db, i);
    EXPECT_EQ(eddy_sleep(0), 0);
    eddy_task_cancel(tasks[0]);
    eddy_task_cancel(tasks[3]);
    EXPECT_EQ(eddy_sql_commit(db), 0);
    eddy_task_cancel(tasks[1]);                 // it has been woken, and passes the wake on
    for (int i = 0; i < TASKS; i++) {
        bool was_cancelled = i == 0 || i == 1 || i == 3;
        EXPECT_EQ(eddy_await(tasks[i]), was_cancelled ? EDDY_CANCELLED : 1);
        eddy_task_free(tasks[i]);
    }
    int64_t n = count_people(db);
    EXPECT(n == 3 || n == 4);                   // the second one's insert may have been at work
}

TEST(single_statements_of_many_tasks_need_no_row)
{
    EDDY_AUTO(eddy_sql) *db = open_people();
    enum { TASKS = 500 };
    eddy_future *tasks[TASKS];
    for (int i = 0; i < TASKS; i++)
        tasks[i] = eddy_create_task(insert_plainly, db, i);
    EXPECT_EQ(eddy_gather_all(tasks, TASKS), 0);
    for (int i = 0; i < TASKS; i++)
        eddy_task_free(tasks[i]);
    EXPECT_EQ(count_people(db), TASKS);
}

EDDY_ASYNC(wait_for_the_child, (eddy_sql *, db))
{
    EDDY_TRY(eddy_sql_begin(db));
    EDDY_AUTO(eddy_task) *child = eddy_create_task(insert_plainly, db, 1);
    return eddy_await(child);
}

EDDY_ASYNC(open_then_wait_for_the_child)
{
    EDDY_AUTO(eddy_sql) *db = NULL;
    EDDY_TRY(eddy_sql_open("sqlite::memory:", &(eddy_sql_options){.wait_max = EDDY_NO_TIMEOUT},
                           &db));
    return wait_for_the_child(db);
}

static void ignore_report(const eddy_report *report, void *data)
{
    (void)report;
    (void)data;
}

TEST_PLAIN(a_ring_of_waits_shows_as_a_deadlock)
{
    eddy_run_options options = {.virtual_clock = true, .exception_handler = ignore_report};
    EXPECT_EQ(eddy_run(eddy_coro(open_then_wait_for_the_child), &options), -EDEADLK);
}

RUN_TESTS(TEST_OF(transactions_of_tasks_follow_each_other_in_order),
          TEST_OF(what_others_ask_waits_for_the_transactions_end),
          TEST_OF(the_wait_is_bounded_and_says_for_whom),
          TEST_OF(an_open_cursor_holds_others_off_until_its_last_batch),
          TEST_OF(a_cursor_of_another_task_can_not_be_advanced),
          TEST_OF(cancelled_waiters_leave_the_row_in_order),
          TEST_OF(single_statements_of_many_tasks_need_no_row),
          TEST_OF(a_ring_of_waits_shows_as_a_deadlock))
