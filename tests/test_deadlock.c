/* SPDX-License-Identifier: MIT */
/* A run in which nothing can become ready any more: what is said of it, and how it unwinds. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char order[128];

static void note(const char *text)
{
    strncat(order, text, sizeof order - strlen(order) - 1);
}

static int run(eddy_coroutine *main, eddy_run_options options)
{
    options.exception_handler = note_report;
    return eddy_run(main, &options);
}

#define VIRTUAL (eddy_run_options){.virtual_clock = true}

static eddy_semaphore never = EDDY_SEMAPHORE(0);

EDDY_ASYNC(waits_in_vain)
{
    int rc = eddy_semaphore_acquire(&never);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    note("unwound ");
    return rc;
}

EDDY_ASYNC(waits_for_one_in_vain)
{
    EXPECT_EQ(eddy_task_set_name(eddy_current_task(), "boss"), 0);
    EDDY_AUTO(eddy_task) *task = eddy_task_create(eddy_coro(waits_in_vain),
                                                  &(eddy_task_options){.name = "stuck"});
    return eddy_await(task);
}

TEST_PLAIN(a_deadlock_ends_a_virtual_run_with_a_report_of_who_waits_for_what)
{
    order[0] = '\0';
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(waits_for_one_in_vain), VIRTUAL), -EDEADLK);
    EXPECT_EQ(report_count(EDDY_REPORT_DEADLOCK), 1);
    EXPECT(strstr(last_report_message(), "\"boss\" waits in eddy_await for \"stuck\"") != NULL);
    EXPECT(strstr(last_report_message(), "\"stuck\" waits in eddy_semaphore_acquire") != NULL);
    EXPECT_STR(order, "unwound ");
    EXPECT(never.waiters.first == NULL);
}

static int notes_call(void *data)
{
    note(data);
    return 0;
}

EDDY_ASYNC(sleeps_without_end)
{
    EDDY_TRY(eddy_call_later(EDDY_NO_TIMEOUT, notes_call, NULL, NULL));
    return eddy_sleep(EDDY_NO_TIMEOUT);
}

TEST_PLAIN(what_is_due_at_the_end_of_time_is_a_deadlock)
{
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(sleeps_without_end), VIRTUAL), -EDEADLK);
}

static eddy_task *ring[2];

EDDY_ASYNC(awaits_the_other, (int, i))
{
    return eddy_await(ring[1 - i]);
}

EDDY_ASYNC(makes_a_ring)
{
    ring[0] = eddy_create_task(awaits_the_other, 0);
    ring[1] = eddy_create_task(awaits_the_other, 1);
    return eddy_await(ring[0]);
}

TEST_PLAIN(a_ring_is_a_deadlock_and_unwinds)
{
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(makes_a_ring), VIRTUAL), -EDEADLK);
    for (int i = 0; i < 2; i++) {
        EXPECT(eddy_task_cancelled(ring[i]));
        eddy_task_free(ring[i]);
    }
}

EDDY_ASYNC(waits_again_and_again)
{
    for (int i = 0; i < 5; i++)
        EXPECT_EQ(eddy_semaphore_acquire(&never), EDDY_CANCELLED);
    note("free");
    return 0;
}

TEST_PLAIN(a_task_that_waits_on_after_a_deadlock_is_cancelled_again)
{
    order[0] = '\0';
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(waits_again_and_again), VIRTUAL), -EDEADLK);
    EXPECT_STR(order, "free");
}

static eddy_condition locked_for_good;

static void note_free(void **memory)
{
    note("freed");
    eddy_free(*memory);
}

EDDY_ASYNC(waits_in_condition)
{
    __attribute__((cleanup(note_free))) void *memory = eddy_malloc(100);
    EXPECT(memory != NULL);
    EDDY_TRY(eddy_condition_acquire(&locked_for_good));
    int rc = eddy_condition_wait(&locked_for_good);
    EXPECT_EQ(rc, EDDY_CANCELLED);
    return rc;
}

EDDY_ASYNC(takes_the_lock_for_good)
{
    eddy_start(waits_in_condition);
    EDDY_TRY(eddy_sleep(0));
    EDDY_TRY(eddy_sleep(0));
    EDDY_TRY(eddy_condition_acquire(&locked_for_good));
    return eddy_semaphore_acquire(&never);
}

TEST_PLAIN(a_task_in_a_condition_whose_lock_is_never_released_unwinds_after_a_deadlock)
{
    order[0] = '\0';
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    locked_for_good = (eddy_condition)EDDY_CONDITION;
    expect_report(EDDY_REPORT_DEADLOCK);
    EXPECT_EQ(run(eddy_coro(takes_the_lock_for_good), VIRTUAL), -EDEADLK);
    EXPECT_STR(order, "freed");
}

static int release_never(void *data)
{
    return eddy_semaphore_release(data);
}

EDDY_ASYNC(is_saved_by_a_call)
{
    EDDY_TRY(eddy_call_soon_threadsafe(eddy_get_running_loop(), release_never, &never));
    return eddy_semaphore_acquire(&never);
}

TEST_PLAIN(a_call_that_is_on_its_way_prevents_a_deadlock)
{
    never = (eddy_semaphore)EDDY_SEMAPHORE(0);
    EXPECT_EQ(run(eddy_coro(is_saved_by_a_call), VIRTUAL), 0);
}

/* ---- under the real clock: what may still come from outside -----------------------------------*/

enum { REPORTED = 7, FINE = 0 };

static void exit_at_a_deadlock(const eddy_report *report, void *data)
{
    (void)data;
    if (report->kind == EDDY_REPORT_DEADLOCK)
        _exit(REPORTED);
}

/* Returns when the thread `tid` of process `pid` waits in the kernel. */
static void await_its_sleep(pid_t pid, long tid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/task/%ld/stat", (int)pid, tid);
    for (;;) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
        if (fd < 0 || n <= 0)
            _exit(9);
        close(fd);
        text[n] = '\0';
        const char *state = strrchr(text, ')');
        if (state != NULL && strncmp(state, ") S", 3) == 0)
            return;
        sched_yield();
    }
}

/* Another process sends us SIGINT once our loop sleeps. */
static void be_interrupted(void)
{
    pid_t us = getpid();
    signal(SIGINT, SIG_DFL);
    if (fork() != 0)
        return;
    await_its_sleep(us, us);
    kill(us, SIGINT);
    _exit(0);
}

static eddy_event news = EDDY_EVENT;

EDDY_ASYNC(waits_for_news)
{
    return eddy_event_wait(&news);
}

static int run_real(eddy_coroutine *main)
{
    return eddy_run(main, &(eddy_run_options){.exception_handler = exit_at_a_deadlock});
}

static int bring_news(void *data)
{
    (void)data;
    return eddy_event_set(&news);
}

static long loop_thread;

static void *calls_the_loop(void *loop)
{
    await_its_sleep(getpid(), loop_thread);
    EDDY_IGNORE(eddy_call_soon_threadsafe(loop, bring_news, NULL));
    return NULL;
}

EDDY_ASYNC(waits_for_a_thread)
{
    pthread_t thread;
    loop_thread = syscall(SYS_gettid);
    if (pthread_create(&thread, NULL, calls_the_loop, eddy_get_running_loop()) != 0)
        return -EAGAIN;
    int rc = eddy_event_wait(&news);
    pthread_join(thread, NULL);
    return rc;
}

static eddy_lock locks[2] = {EDDY_LOCK, EDDY_LOCK};

EDDY_ASYNC(takes_both, (int, first))
{
    EDDY_TRY(eddy_lock_acquire(&locks[first]));
    EDDY_TRY(eddy_sleep(0));
    return eddy_lock_acquire(&locks[1 - first]);
}

EDDY_ASYNC(locks_crosswise)
{
    return eddy_gather(eddy_coro(takes_both, 0), eddy_coro(takes_both, 1));
}

EDDY_ASYNC(sleeps_forever)
{
    return eddy_sleep(EDDY_NO_TIMEOUT);
}

int harness_child(const char *name)
{
    if (strcmp(name, "locks") == 0)
        return run_real(eddy_coro(locks_crosswise)) == 0 ? FINE : 1;
    if (strcmp(name, "thread") == 0)
        return run_real(eddy_coro(waits_for_a_thread)) == 0 ? FINE : 1;
    be_interrupted();
    eddy_coroutine *main =
        strcmp(name, "sleep") == 0 ? eddy_coro(sleeps_forever) : eddy_coro(waits_for_news);
    return run_real(main) == EDDY_INTERRUPTED ? FINE : 1;
}

static void expect_outcome(const char *name, int exit_status)
{
    char output[1024];
    // A sanitizer has threads of its own, which the loop can't tell from the program's.
    int status = is_watched() ? -1 : run_child(name, output, sizeof output);
    if (status == -1)
        return;
    EXPECT(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), exit_status);
}

TEST_PLAIN(two_tasks_that_lock_each_other_out_are_reported_under_the_real_clock)
{
    expect_outcome("locks", REPORTED);
}

TEST_PLAIN(a_program_that_waits_for_ctrl_c_is_not_called_deadlocked)
{
    expect_outcome("sleep", FINE);
    expect_outcome("event", FINE);
}

TEST_PLAIN(a_program_that_waits_for_a_thread_is_not_called_deadlocked)
{
    expect_outcome("thread", FINE);
}

RUN_TESTS(TEST_OF(a_deadlock_ends_a_virtual_run_with_a_report_of_who_waits_for_what),
          TEST_OF(what_is_due_at_the_end_of_time_is_a_deadlock),
          TEST_OF(a_ring_is_a_deadlock_and_unwinds),
          TEST_OF(a_task_that_waits_on_after_a_deadlock_is_cancelled_again),
          TEST_OF(a_task_in_a_condition_whose_lock_is_never_released_unwinds_after_a_deadlock),
          TEST_OF(a_call_that_is_on_its_way_prevents_a_deadlock),
          TEST_OF(two_tasks_that_lock_each_other_out_are_reported_under_the_real_clock),
          TEST_OF(a_program_that_waits_for_ctrl_c_is_not_called_deadlocked),
          TEST_OF(a_program_that_waits_for_a_thread_is_not_called_deadlocked))
