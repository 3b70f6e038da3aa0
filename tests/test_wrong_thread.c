/* SPDX-License-Identifier: MIT */
/*
 * Everything belongs to the thread of its loop: another one, with a loop of its own or without, gets
 * EDDY_EMISUSE and changes nothing.
 */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* What the loop's thread has, and a stranger tries to use. */
static struct {
    eddy_lock lock;
    eddy_event event;
    eddy_condition condition;
    eddy_semaphore semaphore;
    eddy_barrier barrier;
    eddy_queue *queue;
    eddy_future *future;
    eddy_future *done;
    eddy_task *task;
    eddy_coroutine *coroutine;
    eddy_stream *stream;
    eddy_group group;
    eddy_generator *generator;
    eddy_timeout *timeout;
    eddy_cancel_scope *scope;
    eddy_handle *handle;
    eddy_future *gather;
    eddy_queue *fresh; // that nobody has used
} ours;

EDDY_ASYNC(rests)
{
    return eddy_sleep(1);
}

EDDY_GENERATOR(int, one)
{
    return eddy_yield(1);
}

/* Whether the stranger's call was refused, with a sentence. */
#define REFUSED(call) EXPECT((call) == EDDY_EMISUSE && eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL)

static int no_call(void *data)
{
    (void)data;
    return 0;
}

static int ignore_done(eddy_future *future, void *data)
{
    (void)future, (void)data;
    return 0;
}

/* What needs no task. */
static void use_from_anywhere(void)
{
    int item = 7;
    char name[64];
    REFUSED(eddy_lock_release(&ours.lock));
    REFUSED(eddy_event_set(&ours.event));
    REFUSED(eddy_event_clear(&ours.event));
    REFUSED(eddy_condition_notify(&ours.condition, 1));
    REFUSED(eddy_condition_notify_all(&ours.condition));
    REFUSED(eddy_semaphore_release(&ours.semaphore));
    REFUSED(eddy_queue_put_nowait(ours.queue, &item));
    REFUSED(eddy_queue_get_nowait(ours.queue, &item));
    REFUSED(eddy_queue_task_done(ours.queue));
    REFUSED(eddy_queue_shutdown(ours.queue, true));
    REFUSED(eddy_future_cancel(ours.future));
    REFUSED(eddy_future_set_result(ours.future));
    REFUSED(eddy_future_set_exception(ours.future, -EIO));
    REFUSED(eddy_future_result(ours.done));
    REFUSED(eddy_future_exception(ours.done));
    REFUSED(eddy_future_add_done_callback(ours.future, ignore_done, NULL));
    REFUSED(eddy_future_add_done_callback(ours.done, ignore_done, NULL));
    REFUSED(eddy_future_remove_done_callback(ours.future, ignore_done, NULL));
    REFUSED(eddy_task_cancel(ours.task));
    REFUSED(eddy_task_set_name(ours.task, "stolen"));
    REFUSED(eddy_task_uncancel(ours.task));
    REFUSED(eddy_stream_write(ours.stream, "x", 1));
    REFUSED(eddy_stream_close(ours.stream));
    REFUSED(eddy_stream_abort(ours.stream));
    REFUSED(eddy_stream_wait_closed(ours.stream));
    REFUSED(eddy_stream_peername(ours.stream, name, sizeof name));
    REFUSED(eddy_stream_sockname(ours.stream, name, sizeof name));
    REFUSED(eddy_group_cancel(&ours.group));
    REFUSED(eddy_queue_put_nowait(ours.fresh, &item));
    REFUSED(eddy_queue_shutdown(ours.fresh, false));
    REFUSED(eddy_timeout_reschedule(ours.timeout, 1));
    REFUSED(eddy_cancel_scope_cancel(ours.scope));
    REFUSED(eddy_handle_cancel(ours.handle));
    REFUSED(eddy_gather_results(ours.gather, &item, 1));
    EXPECT(eddy_task_get_context(ours.task) == NULL);
}

/* What needs one. */
EDDY_ASYNC(uses_from_another_loop)
{
    int item = 7;
    REFUSED(eddy_lock_acquire(&ours.lock));
    REFUSED(eddy_event_wait(&ours.event));
    REFUSED(eddy_condition_acquire(&ours.condition));
    REFUSED(eddy_condition_wait(&ours.condition));
    eddy_condition on_foreign_lock = EDDY_CONDITION_ON(&ours.lock);
    REFUSED(eddy_condition_wait(&on_foreign_lock));
    REFUSED(eddy_semaphore_acquire(&ours.semaphore));
    REFUSED(eddy_barrier_wait(&ours.barrier));
    REFUSED(eddy_barrier_reset(&ours.barrier));
    REFUSED(eddy_queue_put(ours.queue, &item));
    REFUSED(eddy_queue_get(ours.queue, &item));
    REFUSED(eddy_queue_join(ours.queue));
    REFUSED(eddy_await(ours.future));
    REFUSED(eddy_await(ours.done));
    REFUSED(eddy_gather(ours.future));
    REFUSED(eddy_shield(ours.future));
    REFUSED(eddy_wait(&ours.future, 1, 1, EDDY_ALL_COMPLETED));
    REFUSED(eddy_wait_for(ours.future, 1));
    REFUSED(eddy_generator_next(ours.generator, &item));
    REFUSED(eddy_task_get_stack(ours.task, NULL, 0));
    REFUSED(eddy_timeout_enter(ours.timeout));
    REFUSED(eddy_cancel_scope_enter(ours.scope));
    REFUSED(eddy_gather(ours.future, ours.future));
    REFUSED(eddy_to_thread(ours.coroutine));
    REFUSED(eddy_run_coroutine_threadsafe(ours.coroutine, eddy_get_running_loop(), NULL));
    use_from_anywhere();
    EDDY_AUTO(eddy_task) *refused = eddy_task_create(ours.coroutine, NULL);
    REFUSED(eddy_await(refused));
    EXPECT_EQ(eddy_await(eddy_group_create_task(&ours.group, rests)), EDDY_EMISUSE);
    return 0;
}

static void *without_a_loop(void *unused)
{
    (void)unused;
    use_from_anywhere();
    REFUSED(eddy_await(ours.future));
    REFUSED(eddy_lock_acquire(&ours.lock));
    return NULL;
}

static void *with_a_loop(void *unused)
{
    (void)unused;
    EXPECT_EQ(eddy_run(eddy_coro(uses_from_another_loop), NULL), 0);
    return NULL;
}

static void have_all(void)
{
    memset(&ours, 0, sizeof ours);
    ours.lock = (eddy_lock)EDDY_LOCK;
    ours.event = (eddy_event)EDDY_EVENT;
    ours.condition = (eddy_condition)EDDY_CONDITION;
    ours.semaphore = (eddy_semaphore)EDDY_SEMAPHORE(2);
    ours.barrier = (eddy_barrier)EDDY_BARRIER(1);
    ours.queue = eddy_queue_new(int, 0);
    ours.future = eddy_future_new(void);
    ours.done = eddy_future_new(void);
    ours.task = eddy_create_task(rests);
    ours.coroutine = eddy_coro(rests);
    ours.generator = eddy_generator_new(one);
    ours.timeout = eddy_timeout_new(1);
    ours.scope = eddy_cancel_scope_new();
    ours.gather = eddy_gather_all_start(NULL, 0, false);
    ours.fresh = eddy_queue_new(int, 0);
    EXPECT_EQ(eddy_call_later(3600, no_call, NULL, &ours.handle), 0);
}

/* The first use binds what has no loop by birth. */
static void use_all(eddy_stream **other)
{
    int item = 0;
    EXPECT_EQ(eddy_lock_acquire(&ours.lock), 0);
    EXPECT_EQ(eddy_event_clear(&ours.event), 0);
    EXPECT_EQ(eddy_condition_acquire(&ours.condition), 0);
    EXPECT_EQ(eddy_condition_notify(&ours.condition, 1), 0);
    EXPECT_EQ(eddy_semaphore_acquire(&ours.semaphore), 0);
    EXPECT_EQ(eddy_barrier_wait(&ours.barrier), 0);
    EXPECT_EQ(eddy_queue_put_nowait(ours.queue, &(int){1}), 0);
    EXPECT_EQ(eddy_future_set_result(ours.done), 0);
    EXPECT_EQ(eddy_generator_next(ours.generator, &item), 1);
    EXPECT_EQ(eddy_stream_pair(NULL, &ours.stream, other), 0);
}

static void check_and_free_all(void)
{
    int item = 0;
    EXPECT(eddy_lock_locked(&ours.lock));
    EXPECT_EQ(eddy_lock_release(&ours.lock), 0);
    EXPECT(!eddy_event_is_set(&ours.event));
    EXPECT_EQ(eddy_condition_release(&ours.condition), 0);
    EXPECT_EQ(ours.semaphore.value, 1);
    EXPECT_EQ(eddy_queue_get(ours.queue, &item), 0);
    EXPECT_EQ(item, 1);
    EXPECT(!eddy_future_done(ours.future));
    EXPECT_STR(eddy_task_get_name(ours.task), "rests");
    EXPECT_EQ(eddy_await(ours.task), 0);
    EXPECT_EQ(eddy_await(ours.coroutine), 0);
    EXPECT(!eddy_stream_is_closing(ours.stream));
    eddy_queue_free(ours.queue);
    eddy_future_free(ours.future);
    eddy_future_free(ours.done);
    eddy_task_free(ours.task);
    eddy_stream_free(ours.stream);
    eddy_generator_free(ours.generator);
    eddy_timeout_free(ours.timeout);
    EXPECT(!eddy_cancel_scope_cancelled(ours.scope));
    eddy_cancel_scope_free(ours.scope);
    eddy_future_free(ours.gather);
    EXPECT_EQ(eddy_queue_qsize(ours.fresh), 0);
    EXPECT_EQ(eddy_queue_put_nowait(ours.fresh, &item), 0);
    eddy_queue_free(ours.fresh);
    EXPECT_EQ(eddy_handle_cancel(ours.handle), 1);
    eddy_handle_free(ours.handle);
}

static void let_a_stranger_try(void *(*stranger)(void *))
{
    pthread_t thread;
    eddy_stream *other = NULL;
    have_all();
    eddy_group_begin(&ours.group);
    use_all(&other);
    EXPECT_EQ(pthread_create(&thread, NULL, stranger, NULL), 0);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(eddy_group_end(&ours.group, 0), 0);
    check_and_free_all();
    eddy_stream_free(other);
}

TEST(a_thread_without_a_loop_can_use_nothing_of_a_loop)
{
    let_a_stranger_try(without_a_loop);
}

TEST(a_thread_with_a_loop_of_its_own_can_use_nothing_of_another)
{
    let_a_stranger_try(with_a_loop);
}

/* ---- what stays allowed ----------------------------------------------------------------------*/

static eddy_lock passed_on = EDDY_LOCK;
static eddy_event prepared = EDDY_EVENT;
static eddy_event unused_event = EDDY_EVENT;
static eddy_lock unused_lock = EDDY_LOCK;

EDDY_ASYNC(locks_what_is_passed_on)
{
    EDDY_TRY(eddy_event_wait(&prepared));
    return eddy_locked(&passed_on, eddy_sleep(0));
}

static void *run_on_a_thread(void *unused)
{
    (void)unused;
    EXPECT_EQ(eddy_run(eddy_coro(locks_what_is_passed_on), NULL), 0);
    return NULL;
}

TEST_PLAIN(what_one_loop_has_used_is_free_for_the_next_on_any_thread)
{
    pthread_t thread;
    EXPECT_EQ(eddy_event_set(&prepared), 0); // before any loop runs
    EXPECT_EQ(eddy_run(eddy_coro(locks_what_is_passed_on), NULL), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, run_on_a_thread, NULL), 0);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(eddy_run(eddy_coro(locks_what_is_passed_on), NULL), 0);
}

static eddy_task *kept_task;

EDDY_ASYNC(keeps_a_task)
{
    kept_task = eddy_create_task(rests);
    return eddy_await(kept_task);
}

static void *look_at_what_was_kept(void *unused)
{
    (void)unused;
    EXPECT_EQ(eddy_future_result(kept_task), 0);
    eddy_task_free(kept_task);
    return NULL;
}

TEST_PLAIN(a_future_whose_loop_has_ended_can_be_read_and_freed_anywhere)
{
    pthread_t thread;
    EXPECT_EQ(eddy_run(eddy_coro(keeps_a_task), &(eddy_run_options){.virtual_clock = true}), 0);
    EXPECT_EQ(pthread_create(&thread, NULL, look_at_what_was_kept, NULL), 0);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
}

static void *prepares_in_vain(void *unused)
{
    (void)unused;
    REFUSED(eddy_event_set(&unused_event));
    REFUSED(eddy_lock_release(&unused_lock));
    return NULL;
}

TEST(a_thread_without_a_loop_can_not_be_the_first_to_use_what_a_loop_may_have)
{
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, prepares_in_vain, NULL), 0);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT(!eddy_event_is_set(&unused_event));
}

/* ---- freeing ---------------------------------------------------------------------------------*/

static size_t kept_count;

static void count_kept(const eddy_report *report, void *data)
{
    (void)data;
    kept_count += report->kind == EDDY_REPORT_MISUSE && report->status == EDDY_EMISUSE;
}

EDDY_ASYNC(frees_what_is_not_its_own)
{
    eddy_future_free(ours.future);
    eddy_queue_free(ours.queue);
    eddy_generator_free(ours.generator);
    eddy_generator_set_name(ours.generator, "stolen");
    eddy_timeout_free(ours.timeout);
    eddy_cancel_scope_free(ours.scope);
    eddy_handle_free(ours.handle);
    eddy_stream_free(ours.stream);
    EXPECT(eddy_future_ref(ours.done) == ours.done);
    return 0;
}

static void *free_on_a_thread(void *unused)
{
    (void)unused;
    EXPECT_EQ(eddy_run(eddy_coro(frees_what_is_not_its_own),
                       &(eddy_run_options){.exception_handler = count_kept}), 0);
    return NULL;
}

TEST(freeing_from_another_thread_is_reported_and_frees_nothing)
{
    pthread_t thread;
    eddy_stream *other = NULL;
    have_all();
    use_all(&other);
    kept_count = 0;
    EXPECT_EQ(pthread_create(&thread, NULL, free_on_a_thread, NULL), 0);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(kept_count, 9);
    check_and_free_all();
    eddy_stream_free(other);
}

RUN_TESTS(TEST_OF(a_thread_without_a_loop_can_use_nothing_of_a_loop),
          TEST_OF(a_thread_with_a_loop_of_its_own_can_use_nothing_of_another),
          TEST_OF(what_one_loop_has_used_is_free_for_the_next_on_any_thread),
          TEST_OF(a_future_whose_loop_has_ended_can_be_read_and_freed_anywhere),
          TEST_OF(a_thread_without_a_loop_can_not_be_the_first_to_use_what_a_loop_may_have),
          TEST_OF(freeing_from_another_thread_is_reported_and_frees_nothing))
