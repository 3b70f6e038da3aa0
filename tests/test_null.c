/* SPDX-License-Identifier: MIT */
/* NULL in place of an object: loop.h says what every function does with it. */
#include "harness.h"

#include <errno.h>
#include <math.h>

/* Misuse comes with a sentence. */
#define REFUSED(call) \
    EXPECT((call) == EDDY_EMISUSE && eddy_error_message(eddy_error_get(EDDY_EMISUSE)) != NULL)

/* What could not be made for want of memory: so does its use fail. */
#define NO_MEMORY(call) EXPECT_EQ((call), -ENOMEM)

TEST(what_frees_or_cancels_null_does_nothing)
{
    eddy_future_free(NULL);
    eddy_task_free(NULL);
    eddy_coro_free(NULL);
    eddy_queue_free(NULL);
    eddy_timeout_free(NULL);
    eddy_cancel_scope_free(NULL);
    eddy_as_completed_free(NULL);
    eddy_generator_free(NULL);
    eddy_context_free(NULL);
    eddy_context_token_free(NULL);
    eddy_thread_future_free(NULL);
    eddy_handle_free(NULL);
    eddy_runner_free(NULL);
    eddy_error_free(NULL);
    eddy_call_graph_free(NULL);
    eddy_loop_free(NULL);
    eddy_tasks_free(NULL, 0);
    eddy_free(NULL);
    eddy_note_closed(NULL);
    EXPECT_EQ(eddy_future_cancel(NULL), 0);
    EXPECT_EQ(eddy_handle_cancel(NULL), 0);
    EXPECT_EQ(eddy_thread_future_cancel(NULL), 0);
    EXPECT_EQ(eddy_cancel_scope_cancel(NULL), 0);
    EXPECT_EQ(eddy_group_cancel(NULL), 0);
}

TEST(what_returns_a_status_refuses_null)
{
    int value = 0;
    REFUSED(eddy_await(NULL));
    REFUSED(eddy_future_result(NULL));
    REFUSED(eddy_future_exception(NULL));
    REFUSED(eddy_future_set_result(NULL));
    REFUSED(eddy_future_set_exception(NULL, -EIO));
    REFUSED(eddy_future_add_done_callback(NULL, NULL, NULL));
    REFUSED(eddy_future_remove_done_callback(NULL, NULL, NULL));
    REFUSED(eddy_task_set_name(NULL, "x"));
    REFUSED(eddy_task_uncancel(NULL));
    REFUSED(eddy_all_tasks_new(NULL));
    REFUSED(eddy_lock_init(NULL));
    REFUSED(eddy_lock_acquire(NULL));
    REFUSED(eddy_lock_release(NULL));
    REFUSED(eddy_event_init(NULL));
    REFUSED(eddy_event_set(NULL));
    REFUSED(eddy_event_clear(NULL));
    REFUSED(eddy_event_wait(NULL));
    REFUSED(eddy_semaphore_init(NULL, 1));
    REFUSED(eddy_bounded_semaphore_init(NULL, 1));
    REFUSED(eddy_semaphore_acquire(NULL));
    REFUSED(eddy_semaphore_release(NULL));
    REFUSED(eddy_condition_init(NULL, NULL));
    REFUSED(eddy_condition_acquire(NULL));
    REFUSED(eddy_condition_release(NULL));
    REFUSED(eddy_condition_wait(NULL));
    REFUSED(eddy_condition_wait_for(NULL, NULL, NULL));
    REFUSED(eddy_condition_notify(NULL, 1));
    REFUSED(eddy_condition_notify_all(NULL));
    REFUSED(eddy_barrier_init(NULL, 1));
    REFUSED(eddy_barrier_wait(NULL));
    REFUSED(eddy_barrier_reset(NULL));
    REFUSED(eddy_barrier_abort(NULL));
    REFUSED(eddy_group_enter(NULL));
    REFUSED(eddy_group_end(NULL, 0));
    REFUSED(eddy_group_add_start(NULL, NULL, NULL));
    EXPECT_EQ(eddy_future_exception(eddy_group_add(NULL, NULL, NULL)), EDDY_EMISUSE);
    REFUSED(eddy_gather_all(NULL, 1, NULL));
    REFUSED(eddy_gather_results(NULL, &value, 1));
    REFUSED(eddy_wait(NULL, 1, 0, EDDY_ALL_COMPLETED));
    REFUSED(eddy_wait_for(NULL, 1));
    REFUSED(eddy_shield(NULL));
    REFUSED(eddy_to_thread(NULL));
    REFUSED(eddy_run(NULL, NULL));
    REFUSED(eddy_runner_open(NULL, NULL));
    REFUSED(eddy_runner_run(NULL, NULL));
    REFUSED(eddy_runner_close(NULL));
    REFUSED(eddy_loop_hold(NULL));
    REFUSED(eddy_loop_release(NULL));
    REFUSED(eddy_loop_on_close(NULL, NULL));
    REFUSED(eddy_call_soon(NULL, NULL));
    REFUSED(eddy_call_later(1, NULL, NULL));
    REFUSED(eddy_call_soon_threadsafe(NULL, NULL, NULL));
    REFUSED(eddy_run_coroutine_threadsafe(NULL, NULL, NULL));
    REFUSED(eddy_thread_future_result(NULL, 0));
    REFUSED(eddy_context_copy(NULL, NULL));
    REFUSED(eddy_add_signal_handler(1, NULL, NULL));
}

TEST(streams_refuse_null)
{
    char byte;
    eddy_span span;
    eddy_stream *stream = NULL;
    REFUSED(eddy_stream_read(NULL, &byte, 1));
    REFUSED(eddy_stream_peek(NULL, 1, &span));
    REFUSED(eddy_stream_peek_nowait(NULL, &span));
    REFUSED(eddy_stream_consume(NULL, 0));
    REFUSED(eddy_stream_read_exactly(NULL, &byte, 1));
    REFUSED(eddy_stream_read_until(NULL, "x", 1, &span));
    REFUSED(eddy_stream_readline(NULL, &span));
    REFUSED(eddy_anext(stream, &span));
    REFUSED(eddy_stream_write(NULL, "x", 1));
    REFUSED(eddy_stream_writev(NULL, NULL, 0));
    REFUSED(eddy_stream_drain(NULL));
    REFUSED(eddy_stream_shutdown(NULL));
    REFUSED(eddy_stream_close(NULL));
    REFUSED(eddy_stream_wait_closed(NULL));
    REFUSED(eddy_stream_abort(NULL));
    REFUSED(eddy_stream_peername(NULL, &byte, 1));
    REFUSED(eddy_stream_sockname(NULL, &byte, 1));
    eddy_stream_free(NULL);
    EXPECT(!eddy_stream_at_eof(NULL) && !eddy_stream_is_closing(NULL));
    EXPECT_EQ(eddy_stream_fd(NULL), -1);
    EXPECT_EQ(eddy_stream_get_write_buffer_size(NULL), 0);
}

TEST(connections_and_listeners_refuse_null)
{
    eddy_stream *stream;
    eddy_listener *listener;
    REFUSED(eddy_open_connection("127.0.0.1", NULL, NULL, &stream));
    REFUSED(eddy_open_connection("127.0.0.1", "1", NULL, NULL));
    REFUSED(eddy_open_unix_connection(NULL, NULL, &stream));
    REFUSED(eddy_open_unix_connection("@nobody", NULL, NULL));
    REFUSED(eddy_stream_from_fd(0, NULL, NULL));
    REFUSED(eddy_stream_pair(NULL, &stream, NULL));
    REFUSED(eddy_listen("127.0.0.1", NULL, NULL, &listener));
    REFUSED(eddy_listen("127.0.0.1", "0", NULL, NULL));
    REFUSED(eddy_listen_unix(NULL, NULL, &listener));
    REFUSED(eddy_listen_unix("@nobody", NULL, NULL));
    REFUSED(eddy_listener_accept(NULL, &stream));
    REFUSED(eddy_listener_accept_nowait(NULL, &stream));
    REFUSED(eddy_listener_close(NULL));
    eddy_listener_free(NULL);
    EXPECT_EQ(eddy_listener_port(NULL), 0);
}

TEST(futures_that_can_not_be_made_of_null_have_failed)
{
    eddy_future *made[] = {eddy_task_create(NULL, NULL), eddy_shield_start(NULL),
                           eddy_to_thread_start(NULL), eddy_wrap_future(NULL),
                           eddy_gather_all_start(NULL, 2, false)};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        REFUSED(eddy_future_exception(made[i]));
        eddy_future_free(made[i]);
    }
}

TEST(what_has_constructors_that_fail_without_memory_fails_likewise)
{
    int item = 0;
    eddy_future *done;
    eddy_queue *queue = NULL;
    eddy_generator *generator = NULL;
    NO_MEMORY(eddy_queue_put(queue, &item));
    NO_MEMORY(eddy_queue_get(queue, &item));
    NO_MEMORY(eddy_queue_put_nowait(queue, &item));
    NO_MEMORY(eddy_queue_get_nowait(queue, &item));
    NO_MEMORY(eddy_queue_task_done(queue));
    NO_MEMORY(eddy_queue_join(queue));
    NO_MEMORY(eddy_queue_shutdown(queue, true));
    NO_MEMORY(eddy_timeout_enter(NULL));
    NO_MEMORY(eddy_timeout_reschedule(NULL, 1));
    NO_MEMORY(eddy_cancel_scope_enter(NULL));
    NO_MEMORY(eddy_as_completed_next(NULL, &done));
    NO_MEMORY(eddy_generator_next(generator, &item));
    NO_MEMORY(eddy_generator_close(generator));
    NO_MEMORY(eddy_error_raise(NULL));
}

TEST(of_null_there_is_nothing_to_say)
{
    EXPECT(eddy_future_ref(NULL) == NULL);
    EXPECT_EQ(eddy_future_get_state(NULL), EDDY_STATE_PENDING);
    EXPECT(!eddy_future_done(NULL) && !eddy_future_cancelled(NULL) && !eddy_future_is_task(NULL));
    EXPECT(eddy_future_error(NULL) == NULL && eddy_future_value(NULL) == NULL);
    EXPECT(eddy_future_get_loop(NULL) == NULL);
    EXPECT(eddy_task_id(NULL) == 0 && eddy_task_cancelling(NULL) == 0);
    EXPECT(eddy_task_place(NULL) == NULL && eddy_task_get_context(NULL) == NULL);
    EXPECT(eddy_task_get_name(NULL) != NULL && eddy_task_coroutine_name(NULL) != NULL);
    EXPECT(!eddy_lock_locked(NULL) && !eddy_event_is_set(NULL) && !eddy_semaphore_locked(NULL));
    EXPECT(!eddy_condition_locked(NULL) && !eddy_barrier_broken(NULL));
    EXPECT(eddy_barrier_parties(NULL) == 0 && eddy_barrier_n_waiting(NULL) == 0);
    EXPECT(eddy_queue_qsize(NULL) == 0 && eddy_queue_maxsize(NULL) == 0);
    EXPECT(eddy_queue_empty(NULL) && !eddy_queue_full(NULL));
    EXPECT(isnan(eddy_timeout_when(NULL)) && !eddy_timeout_expired(NULL));
    EXPECT(!eddy_cancel_scope_cancelled(NULL) && !eddy_cancel_scope_caught(NULL));
    EXPECT(eddy_gather_count(NULL) == 0 && eddy_gather_child(NULL, 0) == NULL);
    EXPECT(eddy_as_completed_index(NULL, NULL) == 0);
    EXPECT(eddy_call_graph_count(NULL) == 0 && eddy_call_graph_at(NULL, 0) == NULL);
    EXPECT(eddy_call_graph_stack(NULL, 0, NULL, 0) == 0);
    EXPECT(!eddy_handle_cancelled(NULL) && isnan(eddy_handle_when(NULL)));
    EXPECT(!eddy_thread_future_done(NULL) && !eddy_thread_future_cancelled(NULL));
    EXPECT(eddy_context_ref(NULL) == NULL && eddy_loop_ref(NULL) == NULL);
    EXPECT(eddy_runner_get_loop(NULL) == NULL);
    EXPECT(eddy_error_code(NULL) == 0 && eddy_error_message(NULL) == NULL);
    EXPECT(eddy_error_place(NULL) == NULL && eddy_error_cause(NULL) == NULL);
    EXPECT(eddy_error_member_count(NULL) == 0 && eddy_error_member(NULL, 0) == NULL);
}

RUN_TESTS(TEST_OF(what_frees_or_cancels_null_does_nothing),
          TEST_OF(what_returns_a_status_refuses_null),
          TEST_OF(streams_refuse_null),
          TEST_OF(connections_and_listeners_refuse_null),
          TEST_OF(futures_that_can_not_be_made_of_null_have_failed),
          TEST_OF(what_has_constructors_that_fail_without_memory_fails_likewise),
          TEST_OF(of_null_there_is_nothing_to_say))
