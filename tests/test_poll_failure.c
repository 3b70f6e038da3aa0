/* SPDX-License-Identifier: MIT */
/* A poller that fails ends the run, in an order that frees nothing while a thread works on it. */
#include "fake_poll.h"
#include "gate.h"
#include "harness.h"

#include <errno.h>
#include <string.h>

/* The first report opens the gate: what stands at it goes on after the failure. */
static void open_gate_at_failure(const eddy_report *report, void *data)
{
    note_report(report, data);
    if (report->kind == EDDY_REPORT_POLL)
        gate_open();
}

static int run(eddy_coroutine *main, bool is_virtual)
{
    gate_close();
    expect_report(EDDY_REPORT_POLL);
    return eddy_run(main, &(eddy_run_options){.virtual_clock = is_virtual,
                                              .exception_handler = open_gate_at_failure});
}

/* Reads what never comes: 0 if that is cancelled, as it should be. */
static int read_in_vain(void)
{
    int fd;
    char byte;
    eddy_stream *stream = fake_stream(NULL, &fd);
    ssize_t n = eddy_stream_read(stream, &byte, 1);
    EXPECT_EQ(n, EDDY_CANCELLED);
    eddy_stream_free(stream);
    return n == EDDY_CANCELLED ? 0 : -EIO;
}

static int cleanup_count;

EDDY_ASYNC(reads)
{
    fake_poll_begin();
    fake_poll_fail(-EBADF);
    int rc = read_in_vain();
    cleanup_count++;
    return rc;
}

TEST_PLAIN(the_main_task_is_cancelled_and_the_run_returns_the_error)
{
    for (int is_virtual = 0; is_virtual <= 1; is_virtual++) {
        cleanup_count = 0;
        EXPECT_EQ(run(eddy_coro(reads), is_virtual), -EBADF);
        EXPECT_EQ(cleanup_count, 1);
        EXPECT_EQ(fake_poll_failures(), 1); // the poller is not asked again
        const eddy_error *error = eddy_error_get(-EBADF);
        EXPECT(error != NULL && strstr(eddy_error_message(error), "wait for events") != NULL);
    }
}

EDDY_ASYNC(sleeps)
{
    fake_poll_begin();
    fake_poll_fail(-EINVAL);
    EXPECT_EQ(eddy_sleep(3600), EDDY_CANCELLED);
    EXPECT_EQ(eddy_sleep(3600), EDDY_CANCELLED); // nothing can become ready: it is unwound
    cleanup_count++;
    return 0;
}

TEST_PLAIN(who_waits_again_after_the_cancellation_is_unwound)
{
    cleanup_count = 0;
    EXPECT_EQ(run(eddy_coro(sleeps), false), -EINVAL);
    EXPECT_EQ(cleanup_count, 1);
}

EDDY_ASYNC(child)
{
    EDDY_IGNORE(read_in_vain() < 0);
    cleanup_count++;
    return 0;
}

EDDY_ASYNC(has_children)
{
    eddy_group group;
    fake_poll_begin();
    fake_poll_fail(-EBADF);
    eddy_group_begin(&group);
    for (int i = 0; i < 3; i++)
        (void)eddy_group_create_task(&group, child);
    return eddy_group_end(&group, 0);
}

TEST_PLAIN(every_task_cleans_up)
{
    cleanup_count = 0;
    EXPECT_EQ(run(eddy_coro(has_children), false), -EBADF);
    EXPECT_EQ(cleanup_count, 3);
}

/* ---- threads at work -------------------------------------------------------------------------*/

enum { ROWS = 1000 };

struct rows {
    int values[ROWS];
    bool is_gone;
};

static struct rows rows; // stands for memory of main's frame, which ASan would watch

/* Reads the rows after the failure, and tells what it saw. */
EDDY_ASYNC(write_rows, (const struct rows *, rows), (bool *, out_were_gone))
{
    gate_pass();
    *out_were_gone = rows->is_gone;
    return 42;
}

/* Its rows are gone as soon as it goes on. */
static int write_on_thread(bool *out_were_gone)
{
    rows.is_gone = false;
    int rc = eddy_to_thread(eddy_coro(write_rows, &rows, out_were_gone));
    rows.is_gone = true;
    return rc;
}

EDDY_ASYNC(writes, (bool *, out_were_gone))
{
    fake_poll_begin();
    fake_poll_fail(-EBADF);
    EXPECT_EQ(write_on_thread(out_were_gone), 42); // it is not cancelled under the thread's hands
    return read_in_vain();
}

TEST_PLAIN(threads_finish_before_anything_is_cancelled)
{
    for (int is_virtual = 0; is_virtual <= 1; is_virtual++) {
        bool were_gone = true;
        EXPECT_EQ(run(eddy_coro(writes, &were_gone), is_virtual), -EBADF);
        EXPECT(!were_gone);
    }
}

/* Starts its thread when all has failed and the main task has been unwound once. */
EDDY_ASYNC(writes_late, (bool *, out_were_gone))
{
    fake_poll_begin();
    fake_poll_fail(-EBADF);
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(eddy_sleep(1), EDDY_CANCELLED);
    EXPECT_EQ(write_on_thread(out_were_gone), 42);
    return 0;
}

TEST_PLAIN(threads_that_start_while_frames_unwind_finish_too)
{
    bool were_gone = true;
    EXPECT_EQ(run(eddy_coro(writes_late, &were_gone), false), -EBADF);
    EXPECT(!were_gone);
}

/* ---- runners ---------------------------------------------------------------------------------*/

EDDY_ASYNC(nothing)
{
    return 0;
}

TEST_PLAIN(a_runner_whose_poller_failed_runs_nothing_more)
{
    eddy_runner *runner;
    gate_close();
    expect_report(EDDY_REPORT_POLL);
    REQUIRE(eddy_runner_open(&(eddy_run_options){.exception_handler = note_report}, &runner) == 0);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(reads)), -EBADF);
    EXPECT_EQ(eddy_runner_run(runner, eddy_coro(nothing)), -EBADF);
    eddy_runner_free(runner);
}

RUN_TESTS(
    TEST_OF(the_main_task_is_cancelled_and_the_run_returns_the_error),
    TEST_OF(who_waits_again_after_the_cancellation_is_unwound),
    TEST_OF(every_task_cleans_up),
    TEST_OF(threads_finish_before_anything_is_cancelled),
    TEST_OF(threads_that_start_while_frames_unwind_finish_too),
    TEST_OF(a_runner_whose_poller_failed_runs_nothing_more), )
