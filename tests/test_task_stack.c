/* SPDX-License-Identifier: MIT */
/* The stacks of tasks: the running one's, those of waiting ones, and those spread over several. */
#include "harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 64 };

/* The index of the frame that belongs to `function`, or to a part that was split off it; or -1. */
static int find(const eddy_frame *frames, ssize_t count, const char *function)
{
    size_t length = strlen(function);
    for (int i = 0; i < count && i < FRAMES; i++)
        if (strncmp(frames[i].function, function, length) == 0 &&
            (frames[i].function[length] == '\0' || frames[i].function[length] == '.'))
            return i;
    return -1;
}

__attribute__((noinline)) static int inner(double seconds)
{
    int rc = eddy_sleep(seconds);
    __asm__ volatile("" : "+r"(rc)); // no tail call: the frame is what is looked for
    return rc;
}

__attribute__((noinline)) static int middle(double seconds)
{
    int rc = inner(seconds);
    __asm__ volatile("" : "+r"(rc));
    return rc;
}

EDDY_ASYNC(sleeps_deep_down)
{
    return middle(1);
}

TEST(the_stack_of_a_waiting_task_leads_to_where_it_waits)
{
    eddy_frame frames[FRAMES];
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_deep_down);
    EXPECT_EQ(eddy_task_get_stack(task, frames, FRAMES), 0); // it has not begun
    EXPECT_EQ(eddy_sleep(0), 0);
    ssize_t n = eddy_task_get_stack(task, frames, FRAMES);
    EXPECT(n > 4);
    int at_sleep = find(frames, n, "eddy_sleep");
    int at_inner = find(frames, n, "inner");
    int at_middle = find(frames, n, "middle");
    int at_end = find(frames, n, "eddy__context_start");
    EXPECT(0 <= at_sleep && at_sleep < at_inner && at_inner + 1 == at_middle);
    EXPECT_EQ(at_end, n - 1); // nobody called that
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_task_get_stack(task, frames, FRAMES), 0);
}

TEST(a_count_is_had_without_room_and_what_fits_is_the_innermost)
{
    eddy_frame frames[FRAMES];
    eddy_frame few[2];
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_deep_down);
    EXPECT_EQ(eddy_sleep(0), 0);
    ssize_t n = eddy_task_get_stack(task, frames, FRAMES);
    EXPECT_EQ(eddy_task_get_stack(task, NULL, 0), n);
    EXPECT_EQ(eddy_task_get_stack(task, few, 2), n);
    EXPECT(few[0].address == frames[0].address && few[1].address == frames[1].address);
    EXPECT_EQ(eddy_await(task), 0);
}

__attribute__((noinline)) static ssize_t look_at_myself(eddy_frame *frames)
{
    ssize_t n = eddy_task_get_stack(eddy_current_task(), frames, FRAMES);
    __asm__ volatile("" : "+r"(n));
    return n;
}

TEST(the_running_task_sees_its_own_stack_from_the_caller_on)
{
    eddy_frame frames[FRAMES];
    ssize_t n = look_at_myself(frames);
    EXPECT_EQ(find(frames, n, "look_at_myself"), 0);
    EXPECT_EQ(find(frames, n, "eddy__context_start"), n - 1);
}

static eddy_frame seen[FRAMES];
static ssize_t seen_count;

EDDY_ASYNC(looks_at, (eddy_task *, task))
{
    seen_count = eddy_task_get_stack(task, seen, FRAMES);
    return 0;
}

__attribute__((noinline)) static void start_eagerly(void)
{
    EDDY_AUTO(eddy_task) *child = eddy_task_create(eddy_coro(looks_at, eddy_current_task()),
                                                   &(eddy_task_options){.eager_start = true});
    EXPECT(eddy_task_done(child));
}

TEST(a_task_that_starts_another_eagerly_waits_where_it_did_so)
{
    EXPECT_EQ(eddy_sleep(0), 0); // so that an older place to go on is known
    start_eagerly();
    EXPECT(find(seen, seen_count, "start_eagerly") >= 0);
    EXPECT(find(seen, seen_count, "looks_at__entry") < 0);
}

EDDY_GENERATOR(int, slow_numbers)
{
    EDDY_TRY(middle(1));
    return eddy_yield(1);
}

__attribute__((noinline)) static int ask(void)
{
    int rc = 0;
    eddy_for (int, i, eddy_generate(slow_numbers), &rc)
        EXPECT_EQ(i, 1);
    __asm__ volatile("" : "+r"(rc));
    return rc;
}

EDDY_ASYNC(asks)
{
    return ask();
}

TEST(the_stack_goes_through_a_generator_to_whoever_asks)
{
    eddy_frame frames[FRAMES];
    EDDY_AUTO(eddy_task) *task = eddy_create_task(asks);
    EXPECT_EQ(eddy_sleep(0), 0);
    ssize_t n = eddy_task_get_stack(task, frames, FRAMES);
    int at_inner = find(frames, n, "inner");
    EXPECT(at_inner >= 0 && at_inner < find(frames, n, "ask"));
    EXPECT_EQ(find(frames + n - 1, 1, "eddy__context_start"), 0);
    EXPECT_EQ(eddy_await(task), 0);
}

TEST(a_stack_is_printed_as_text)
{
    char *text = NULL;
    size_t size = 0;
    EDDY_AUTO(eddy_task) *task = eddy_create_task(sleeps_deep_down);
    EXPECT_EQ(eddy_task_set_name(task, "deep"), 0);
    EXPECT_EQ(eddy_sleep(0), 0);
    FILE *file = open_memstream(&text, &size);
    EXPECT_EQ(eddy_task_print_stack(task, file), 0);
    EXPECT_EQ(eddy_await(task), 0);
    EXPECT_EQ(eddy_task_print_stack(task, file), 0);
    fclose(file);
    const char *first = "Stack for task \"deep\" (most recent call first):\n  #0 ";
    EXPECT(strncmp(text, first, strlen(first)) == 0);
    EXPECT(strstr(text, " middle") != NULL && strstr(text, "(test_task_stack+0x") != NULL);
    EXPECT(strstr(text, "No stack for task \"deep\"\n") != NULL);
    free(text);
}

TEST(what_has_no_stack_has_no_frames)
{
    EXPECT_EQ(eddy_task_get_stack(NULL, NULL, 0), 0);
    EDDY_AUTO(eddy_future) *future = eddy_future_new(void);
    EXPECT_EQ(eddy_task_get_stack(future, NULL, 0), 0);
}

static ssize_t status_elsewhere;

static void *ask_elsewhere(void *task)
{
    status_elsewhere = eddy_task_get_stack(task, NULL, 0);
    return NULL;
}

TEST(another_thread_is_refused)
{
    pthread_t thread;
    EXPECT_EQ(pthread_create(&thread, NULL, ask_elsewhere, eddy_current_task()), 0);
    EXPECT_EQ(pthread_join(thread, NULL), 0);
    EXPECT_EQ(status_elsewhere, EDDY_EMISUSE);
}

/* ---- depths ----------------------------------------------------------------------------------*/

enum { DEEP = 24 * 1024 };

__attribute__((noinline)) static int go_deep(void)
{
    volatile char room[DEEP];
    for (size_t i = 0; i < sizeof room; i++)
        room[i] = (char)i;
    return room[DEEP / 2] != 0;
}

EDDY_ASYNC(goes_deep)
{
    EDDY_TRY(eddy_sleep(0));
    EDDY_IGNORE(go_deep());
    return 0;
}

EDDY_ASYNC(stays_up)
{
    return eddy_sleep(0);
}

EDDY_GENERATOR(int, yields_deep)
{
    EDDY_IGNORE(go_deep());
    return eddy_yield(1);
}

static const eddy_stack_depth *depth_of(const eddy_stack_depth *depths, size_t count,
                                        const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(depths[i].name, name) == 0)
            return &depths[i];
    return NULL;
}

TEST_WITH(how_deep_each_coroutine_went_can_be_asked, .virtual_clock = true, .measure_stacks = true)
{
    enum { ROOM = 8 };
    eddy_stack_depth depths[ROOM];
    EXPECT_EQ(eddy_stack_depths(NULL, 0), 0);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(eddy_gather(eddy_coro(goes_deep)), 0);
        EXPECT_EQ(eddy_gather(eddy_coro(stays_up)), 0); // on the very same stack
    }
    int rc = 0;
    eddy_for (int, item, eddy_generate(yields_deep), &rc)
        EXPECT_EQ(item, 1);
    EXPECT_EQ(rc, 0);
    EXPECT_EQ(eddy_stack_depths(NULL, 0), 3);
    EXPECT_EQ(eddy_stack_depths(depths, ROOM), 3);
    const eddy_stack_depth *deep = depth_of(depths, 3, "goes_deep");
    const eddy_stack_depth *up = depth_of(depths, 3, "stays_up");
    const eddy_stack_depth *generator = depth_of(depths, 3, "yields_deep");
    REQUIRE(deep != NULL && up != NULL && generator != NULL);
    EXPECT(deep == &depths[0] && deep->run_count == 2 && up->run_count == 2);
    EXPECT(deep->used_max >= DEEP && deep->used_max <= deep->stack_size);
    EXPECT(up->used_max > 0);
    EXPECT(up->used_max < DEEP || is_watched());
    EXPECT(generator->run_count == 1 && generator->used_max >= DEEP);
    EXPECT(strstr(deep->place->file, "test_task_stack.c") != NULL);
}

TEST(nothing_is_measured_unless_asked_for)
{
    EXPECT_EQ(eddy_gather(eddy_coro(goes_deep)), 0);
    EXPECT_EQ(eddy_stack_depths(NULL, 0), 0);
}

RUN_TESTS(TEST_OF(how_deep_each_coroutine_went_can_be_asked),
          TEST_OF(nothing_is_measured_unless_asked_for),
          TEST_OF(the_stack_of_a_waiting_task_leads_to_where_it_waits),
          TEST_OF(a_count_is_had_without_room_and_what_fits_is_the_innermost),
          TEST_OF(the_running_task_sees_its_own_stack_from_the_caller_on),
          TEST_OF(a_task_that_starts_another_eagerly_waits_where_it_did_so),
          TEST_OF(the_stack_goes_through_a_generator_to_whoever_asks),
          TEST_OF(a_stack_is_printed_as_text), TEST_OF(what_has_no_stack_has_no_frames),
          TEST_OF(another_thread_is_refused))
