/* SPDX-License-Identifier: MIT */
/* Iterators: what eddy_for walks along, how it ends, and who owns what on every way out. */
#include "harness.h"

#include <errno.h>
#include <string.h>

static int closed_count; // bodies of `ticker` that saw their end coming

EDDY_GENERATOR(int, ticker, (int, n))
{
    for (int i = 0; i < n; i++) {
        EDDY_TRY(eddy_sleep(1));
        int rc = eddy_yield(i);
        if (rc < 0) {
            closed_count++;
            return rc;
        }
    }
    return 0;
}

/* Lets the loop close what nobody holds any more. */
static void settle(void)
{
    EXPECT_EQ(eddy_sleep(0), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
}

/* ---- iterators of one's own ------------------------------------------------------------------*/

typedef struct countdown {
    int left;
    int failure; // at 1, if less than 0
} countdown;

EDDY_ITERATOR(int, countdown)
{
    if (self->left == 0)
        return EDDY_STOPITERATION;
    if (self->left == 1 && self->failure < 0)
        return eddy_fail(self->failure, "the last step failed");
    EDDY_TRY(eddy_sleep(1));
    *result = self->left--;
    return 5;
}

TEST(a_type_of_ones_own_is_walked_along)
{
    countdown from_three = {3, 0};
    int rc = -1, digits = 0;
    eddy_for (int, i, countdown_aiter(&from_three), &rc)
        digits = digits * 10 + i;
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(digits, 321);
    EXPECT(eddy_time() == 3);
    int item = 7;
    EXPECT_EQ(countdown_anext(&item, &from_three), EDDY_STOPITERATION);
    EXPECT_EQ(item, 7);
}

TEST(an_error_of_the_iterator_ends_the_loop_with_its_message)
{
    int rc = 0, count = 0;
    eddy_for (int, i, countdown_aiter(&(countdown){2, -EDOM}), &rc)
        count += i;
    EXPECT_EQ(rc, -EDOM);
    EXPECT_EQ(count, 2);
    EXPECT_STR(eddy_error_message(eddy_error_get(rc)), "the last step failed");
}

TEST(what_it_defines_is_a_coroutine_function)
{
    countdown from_two = {2, 0};
    int item = 0;
    EXPECT_EQ(eddy_await(eddy_coro(countdown_anext, &from_two), &item), 5);
    EXPECT_EQ(item, 2);
}

/* An iterator by hand, as a module makes one; it counts how often it is given back. */
static int given_back;

static int next_letter(void *object, void *out_item)
{
    const char **text = object;
    if (**text == '\0')
        return 0;
    *(char *)out_item = *(*text)++;
    return 1;
}

static void give_back(void *object)
{
    (void)object;
    given_back++;
}

static eddy_iterator letters(const char **text)
{
    return (eddy_iterator){
        .next = next_letter, .free = give_back, .object = text, .item_size = 1};
}

TEST(what_a_maker_returns_is_freed_once_on_every_way_out)
{
    const char *text = "abc";
    int rc = -1, count = 0;
    given_back = 0;
    eddy_for (char, c, letters(&text), &rc)
        count += c;
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(count, 'a' + 'b' + 'c');
    EXPECT_EQ(given_back, 1);

    text = "abc";
    eddy_for (char, c, letters(&text), &rc)
        if (c == 'b')
            break;
    EXPECT_EQ(rc, 1);
    EXPECT_STR(text, "c");
    EXPECT_EQ(given_back, 2);

    text = "abc";
    eddy_for (char, c, letters(&text), &rc) {
        if (c == 'b')
            goto out;
    }
    EXPECT(false);
out:
    EXPECT_EQ(given_back, 3);
}

EDDY_ASYNC(leave_by_try, (const char **, text))
{
    int rc;
    eddy_for (char, c, letters(text), &rc)
        EDDY_TRY(c == 'b' ? -EDOM : 0);
    return rc;
}

TEST(EDDY_TRY_inside_the_body_frees_it_too)
{
    const char *text = "abc";
    given_back = 0;
    EXPECT_EQ(leave_by_try(&text), -EDOM);
    EXPECT_EQ(given_back, 1);
}

TEST(an_item_of_another_size_is_misuse_before_the_first_step)
{
    const char *text = "abc";
    int rc = 0;
    given_back = 0;
    eddy_for (int, i, letters(&text), &rc)
        EXPECT_EQ(i, -1);
    EXPECT_EQ(rc, EDDY_EMISUSE);
    EXPECT_STR(text, "abc");
    EXPECT_EQ(given_back, 1);
}

TEST(what_could_not_be_made_ends_the_loop_with_the_reason)
{
    int rc = 0;
    eddy_for (int, i, ((eddy_iterator){.status = -EDOM}), &rc)
        EXPECT_EQ(i, -1);
    EXPECT_EQ(rc, -EDOM);
    eddy_generator *none = NULL;
    eddy_for (int, i, none, &rc)
        EXPECT_EQ(i, -1);
    EXPECT_EQ(rc, -ENOMEM);
    fail_allocation(0);
    eddy_for (int, i, eddy_generate(ticker, 3), &rc)
        EXPECT_EQ(i, -1);
    EXPECT_EQ(rc, -ENOMEM);
}

TEST(loops_nest_and_continue)
{
    int rc, inner_rc, digits = 0;
    eddy_for (int, i, eddy_generate(ticker, 4), &rc) {
        if (i == 1)
            continue;
        eddy_for (int, j, countdown_aiter(&(countdown){i, 0}), &inner_rc)
            digits = digits * 10 + j;
        EXPECT_EQ(inner_rc, 0);
    }
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(digits, 21321);
}

static int evaluated_count;

static eddy_queue *counted(eddy_queue *queue)
{
    evaluated_count++;
    return queue;
}

TEST(source_and_status_are_evaluated_once)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    for (int i = 0; i < 3; i++)
        EXPECT_EQ(eddy_queue_put_nowait(queue, &i), 0);
    eddy_queue_shutdown(queue, false);
    int statuses[2] = {9, 9}, *rc = statuses, sum = 0;
    evaluated_count = 0;
    eddy_for (int, i, counted(queue), rc++)
        sum += i;
    EXPECT_EQ(sum, 3);
    EXPECT_EQ(evaluated_count, 1);
    EXPECT_EQ(rc - statuses, 1);
    EXPECT_EQ(statuses[0], 0);
    EXPECT_EQ(statuses[1], 9);
}

/* ---- generators ------------------------------------------------------------------------------*/

TEST(a_borrowed_generator_stays_open_after_a_break)
{
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(ticker, 3);
    closed_count = 0;
    int rc;
    eddy_for (int, i, generator, &rc)
        if (i == 0)
            break;
    EXPECT_EQ(rc, 1);
    settle();
    EXPECT_EQ(closed_count, 0);
    int digits = 0;
    eddy_for (int, i, generator, &rc)
        digits = digits * 10 + i;
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(digits, 12);
}

EDDY_ASYNC(leave_by_return, (int, last))
{
    int rc;
    eddy_for (int, i, eddy_generate(ticker, 9), &rc)
        if (i == last)
            return i;
    return -1;
}

TEST(a_generator_made_in_place_is_closed_after_a_return)
{
    closed_count = 0;
    EXPECT_EQ(leave_by_return(2), 2);
    settle();
    EXPECT_EQ(closed_count, 1);
}

EDDY_ASYNC(walk_ticker)
{
    int rc;
    eddy_for (int, i, eddy_generate(ticker, 9), &rc)
        EXPECT_EQ(i, 0);
    return rc;
}

TEST(a_cancelled_loop_ends_with_the_cancellation)
{
    EDDY_AUTO(eddy_task) *task = eddy_create_task(walk_ticker);
    EXPECT_EQ(eddy_sleep(1.5), 0);
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
}

EDDY_GENERATOR(int, first_of, (eddy_generator *, other))
{
    int item;
    EDDY_TRY(eddy_anext(other, &item));
    EDDY_TRY(eddy_yield(item));
    EDDY_TRY(eddy_anext(other, &item));
    return eddy_yield(item);
}

TEST(the_end_of_one_generator_is_not_the_end_of_another)
{
    EDDY_AUTO(eddy_generator) *other = eddy_generator_new(ticker, 1);
    int rc, count = 0;
    eddy_for (int, i, eddy_generate(first_of, other), &rc)
        count += i + 1;
    EXPECT_EQ(count, 1);
    EXPECT_EQ(rc, EDDY_EMISUSE); // asyncio: RuntimeError, async generator raised StopAsyncIteration
}

/* ---- queues, streams, as_completed -----------------------------------------------------------*/

EDDY_ASYNC(produce, (eddy_queue *, queue), (int, n))
{
    for (int i = 1; i <= n; i++) {
        EDDY_TRY(eddy_sleep(1));
        EDDY_TRY(eddy_queue_put(queue, &i));
    }
    return eddy_queue_shutdown(queue, false);
}

TEST(a_queue_is_walked_along_until_it_is_shut_down_and_empty)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 1);
    EDDY_AUTO(eddy_task) *producer = eddy_create_task(produce, queue, 4);
    int rc, digits = 0;
    eddy_for (int, item, queue, &rc) {
        EXPECT_EQ(eddy_sleep(1.5), 0);
        digits = digits * 10 + item;
    }
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(digits, 1234);
    EXPECT_EQ(eddy_await(producer), 0);
    eddy_for (long, item, queue, &rc)
        EXPECT_EQ(item, 0);
    EXPECT_EQ(rc, EDDY_EMISUSE);
}

TEST(a_loop_over_a_queue_that_is_cancelled_loses_no_item)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    int rc = 0, item = 5;
    EXPECT_EQ(eddy_timeout_begin(1), 0);
    eddy_for (int, i, queue, &rc)
        EXPECT_EQ(i, 0);
    EXPECT_EQ(eddy_timeout_end(rc), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &item), 0);
    eddy_for (int, i, queue, &rc) {
        EXPECT_EQ(i, 5);
        break;
    }
    EXPECT_EQ(rc, 1);
}

TEST(a_stream_is_walked_along_line_by_line)
{
    EDDY_AUTO(eddy_stream) *here = NULL;
    EDDY_AUTO(eddy_stream) *there = NULL;
    REQUIRE(eddy_stream_pair(NULL, &here, &there) == 0);
    EXPECT_EQ(eddy_stream_write(there, "one\n\nthree", 10), 0);
    EXPECT_EQ(eddy_stream_close(there), 0);
    char text[32] = "";
    int rc;
    eddy_for (eddy_span, line, here, &rc) {
        strncat(text, line.data, line.size);
        strcat(text, "|");
    }
    EXPECT_EQ(rc, 0);
    EXPECT_STR(text, "one\n|\n|three|");
}

EDDY_ASYNC_TO(int, later, (int, seconds))
{
    EDDY_TRY(eddy_sleep(seconds));
    *result = seconds;
    return 0;
}

TEST(as_completed_hands_out_futures_in_the_order_of_their_ends)
{
    eddy_future *coros[] = {eddy_coro(later, 3), eddy_coro(later, 1), eddy_coro(later, 2)};
    int rc, digits = 0;
    eddy_for (eddy_future *, done, eddy_as_completed(coros, 3, EDDY_NO_TIMEOUT), &rc) {
        int seconds = 0;
        EXPECT_EQ(eddy_future_result(done, &seconds), 0);
        digits = digits * 10 + seconds;
    }
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(digits, 123);
}

TEST(as_completed_ends_with_a_timeout_and_leaves_the_tasks_running)
{
    EDDY_AUTO(eddy_task) *slow = eddy_create_task(later, 9);
    eddy_future *both[] = {slow, eddy_coro(later, 1)};
    int rc, count = 0;
    eddy_for (eddy_future *, done, eddy_as_completed(both, 2, 5), &rc)
        count += eddy_future_done(done);
    EXPECT_EQ(rc, EDDY_TIMEDOUT);
    EXPECT_EQ(count, 1);
    int seconds = 0;
    EXPECT_EQ(eddy_await(slow, &seconds), 0);
    EXPECT_EQ(seconds, 9);
}

/* ---- item by item ----------------------------------------------------------------------------*/

TEST(anext_gives_an_item_a_default_or_the_end)
{
    EDDY_AUTO(eddy_generator) *generator = eddy_generator_new(ticker, 1);
    int item = 9;
    EXPECT_EQ(eddy_anext(generator, &item), 0);
    EXPECT_EQ(item, 0);
    EXPECT_EQ(eddy_anext(generator, &item), EDDY_STOPITERATION);
    EXPECT_EQ(eddy_anext(generator, &item, 42), 0);
    EXPECT_EQ(item, 42);
    long wrong;
    EXPECT_EQ(eddy_anext(generator, &wrong), EDDY_EMISUSE);
}

TEST(an_iterator_can_be_kept_and_asked)
{
    const char *text = "abc";
    char c = 0;
    given_back = 0;
    {
        EDDY_AUTO(eddy_iterator) iterator = eddy_aiter(letters(&text));
        EXPECT_EQ(eddy_anext(&iterator, &c), 0);
        EXPECT_EQ(c, 'a');
        int rc;
        eddy_for (char, other, &iterator, &rc) {
            EXPECT_EQ(other, 'b');
            break;
        }
        EXPECT_EQ(given_back, 0);
        EXPECT_EQ(eddy_anext(&iterator, &c), 0);
        EXPECT_EQ(c, 'c');
        EXPECT_EQ(eddy_anext(&iterator, &c), EDDY_STOPITERATION);
    }
    EXPECT_EQ(given_back, 1);
}

TEST(aiter_of_a_pointer_borrows_it)
{
    EDDY_AUTO(eddy_queue) *queue = eddy_queue_new(int, 0);
    EXPECT_EQ(eddy_queue_put_nowait(queue, &(int){7}), 0);
    eddy_iterator iterator = eddy_aiter(queue);
    EXPECT(iterator.free == NULL);
    int item = 0;
    EXPECT_EQ(eddy_anext(&iterator, &item), 0);
    EXPECT_EQ(item, 7);
    eddy_iterator_fini(&iterator);
    EXPECT_EQ(eddy_queue_qsize(queue), 0);
}

RUN_TESTS(TEST_OF(a_type_of_ones_own_is_walked_along),
          TEST_OF(an_error_of_the_iterator_ends_the_loop_with_its_message),
          TEST_OF(what_it_defines_is_a_coroutine_function),
          TEST_OF(what_a_maker_returns_is_freed_once_on_every_way_out),
          TEST_OF(EDDY_TRY_inside_the_body_frees_it_too),
          TEST_OF(an_item_of_another_size_is_misuse_before_the_first_step),
          TEST_OF(what_could_not_be_made_ends_the_loop_with_the_reason),
          TEST_OF(loops_nest_and_continue),
          TEST_OF(source_and_status_are_evaluated_once),
          TEST_OF(a_borrowed_generator_stays_open_after_a_break),
          TEST_OF(a_generator_made_in_place_is_closed_after_a_return),
          TEST_OF(a_cancelled_loop_ends_with_the_cancellation),
          TEST_OF(the_end_of_one_generator_is_not_the_end_of_another),
          TEST_OF(a_queue_is_walked_along_until_it_is_shut_down_and_empty),
          TEST_OF(a_loop_over_a_queue_that_is_cancelled_loses_no_item),
          TEST_OF(a_stream_is_walked_along_line_by_line),
          TEST_OF(as_completed_hands_out_futures_in_the_order_of_their_ends),
          TEST_OF(as_completed_ends_with_a_timeout_and_leaves_the_tasks_running),
          TEST_OF(anext_gives_an_item_a_default_or_the_end),
          TEST_OF(an_iterator_can_be_kept_and_asked),
          TEST_OF(aiter_of_a_pointer_borrows_it))
