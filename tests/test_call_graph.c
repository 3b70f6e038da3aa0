/* SPDX-License-Identifier: MIT */
/* Who waits for whom: chains, gathers, shields, groups and waits; rings, depth, text, and no memory. */
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* "leaf <gather <main <...": names, and how deep each stands. */
static void outline(const eddy_call_graph *graph, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < eddy_call_graph_count(graph) && used < size; i++) {
        const eddy_call_graph_node *node = eddy_call_graph_at(graph, i);
        bool is_task = eddy_future_is_task(node->future);
        used += (size_t)snprintf(buf + used, size - used, "%s%zu:%s%s", i > 0 ? " " : "", node->depth,
                                 is_task ? eddy_task_get_name(node->future) : "-",
                                 node->note == EDDY_CALL_GRAPH_REPEATED   ? "!"
                                 : node->note == EDDY_CALL_GRAPH_TOO_DEEP ? "~"
                                                                          : "");
    }
}

static void expect_outline(eddy_future *future, const char *expected)
{
    EDDY_AUTO(eddy_call_graph) *graph = NULL;
    char text[1000] = "";
    EXPECT_EQ(eddy_capture_call_graph(future, &graph), 0);
    if (graph != NULL)
        outline(graph, text, sizeof text);
    EXPECT_STR(text, expected);
}

EDDY_ASYNC(sleeps)
{
    return eddy_sleep(10);
}

EDDY_ASYNC(awaits, (eddy_future *, other))
{
    return eddy_await(other);
}

static eddy_task *start(eddy_coroutine *coroutine, const char *name)
{
    return eddy_task_create(coroutine, &(eddy_task_options){.name = name});
}

/* ---- who is found ----------------------------------------------------------------------------*/

TEST(tasks_that_await_tasks_are_found_in_the_order_in_which_they_will_be_told)
{
    EDDY_AUTO(eddy_task) *leaf = start(eddy_coro(sleeps), "leaf");
    EDDY_AUTO(eddy_task) *first = start(eddy_coro(awaits, leaf), "first");
    EDDY_AUTO(eddy_task) *second = start(eddy_coro(awaits, leaf), "second");
    EDDY_AUTO(eddy_task) *above = start(eddy_coro(awaits, first), "above");
    expect_outline(leaf, "0:leaf"); // nobody has begun
    EXPECT_EQ(eddy_sleep(0), 0);
    expect_outline(leaf, "0:leaf 1:first 2:above 1:second");
    expect_outline(above, "0:above");
    EXPECT_EQ(eddy_await(above), 0);
    expect_outline(leaf, "0:leaf");
    EXPECT_EQ(eddy_await(second), 0);
}

TEST(a_bare_future_has_awaiters_too)
{
    EDDY_AUTO(eddy_future) *gate = eddy_future_new(void);
    EDDY_AUTO(eddy_task) *task = start(eddy_coro(awaits, gate), "task");
    EXPECT_EQ(eddy_sleep(0), 0);
    expect_outline(gate, "0:- 1:task");
    EXPECT_EQ(eddy_future_set_result(gate), 0);
    expect_outline(gate, "0:-"); // it is on its way
    EXPECT_EQ(eddy_await(task), 0);
}

EDDY_ASYNC(gathers, (eddy_future *, pending))
{
    eddy_future *both[] = {eddy_coro(sleeps), pending};
    return eddy_gather_all(both, 2);
}

/* An unfinished task by its name; lent by the loop. */
static eddy_task *find_task(const char *name)
{
    enum { ROOM = 20 };
    eddy_task *tasks[ROOM];
    eddy_task *found = NULL;
    size_t n = eddy_all_tasks(tasks, ROOM);
    for (size_t i = 0; i < n && i < ROOM; i++) {
        if (found == NULL && strcmp(eddy_task_get_name(tasks[i]), name) == 0)
            found = tasks[i];
        eddy_future_free(tasks[i]);
    }
    return found;
}

TEST(a_gather_stands_between_its_children_and_who_awaits_it)
{
    EDDY_AUTO(eddy_task) *pending = start(eddy_coro(sleeps), "pending");
    EDDY_AUTO(eddy_task) *task = start(eddy_coro(gathers, pending), "task");
    EXPECT_EQ(eddy_sleep(1), 0);
    expect_outline(pending, "0:pending 1:- 2:task");         // by its listener
    expect_outline(find_task("sleeps"), "0:sleeps 1:- 2:task"); // watched
    EXPECT_EQ(eddy_await(task), 0);
}

EDDY_ASYNC(shields, (eddy_future *, inner))
{
    return eddy_shield(inner);
}

TEST(a_shield_stands_between_and_a_cancelled_one_does_not)
{
    EDDY_AUTO(eddy_task) *inner = start(eddy_coro(sleeps), "inner");
    EDDY_AUTO(eddy_task) *task = start(eddy_coro(shields, inner), "task");
    EXPECT_EQ(eddy_sleep(1), 0);
    expect_outline(inner, "0:inner 1:- 2:task");
    EXPECT_EQ(eddy_task_cancel(task), 1);
    EXPECT_EQ(eddy_await(task), EDDY_CANCELLED);
    expect_outline(inner, "0:inner");
    EXPECT_EQ(eddy_await(inner), 0);
}

EDDY_ASYNC(opens_a_group)
{
    eddy_group group;
    eddy_group_begin(&group);
    eddy_group_create_task(&group, sleeps);
    return eddy_group_end(&group, eddy_sleep(5));
}

TEST(a_child_of_a_group_is_awaited_by_who_opened_it_from_the_beginning)
{
    EDDY_AUTO(eddy_task) *parent = start(eddy_coro(opens_a_group), "parent");
    EXPECT_EQ(eddy_sleep(1), 0);
    expect_outline(find_task("sleeps"), "0:sleeps 1:parent");
    EXPECT_EQ(eddy_sleep(7), 0);
    expect_outline(find_task("sleeps"), "0:sleeps 1:parent");
    EXPECT_EQ(eddy_await(parent), 0);
}

EDDY_ASYNC(waits_for_either, (eddy_future *, one), (eddy_future *, other))
{
    eddy_future *both[] = {one, other};
    return eddy_wait(both, 2, EDDY_NO_TIMEOUT, EDDY_ALL_COMPLETED);
}

EDDY_ASYNC(minds_its_end)
{
    int rc = eddy_sleep(EDDY_NO_TIMEOUT);
    EDDY_IGNORE(eddy_sleep(5));
    return rc;
}

EDDY_ASYNC(has_no_time, (eddy_future *, future))
{
    return eddy_wait_for(future, 0);
}

TEST(waits_with_and_without_time_are_found)
{
    EDDY_AUTO(eddy_task) *one = start(eddy_coro(sleeps), "one");
    EDDY_AUTO(eddy_task) *slow = start(eddy_coro(minds_its_end), "slow");
    EDDY_AUTO(eddy_task) *waiter = start(eddy_coro(waits_for_either, one, slow), "waiter");
    EXPECT_EQ(eddy_sleep(1), 0);
    EDDY_AUTO(eddy_task) *hasty = start(eddy_coro(has_no_time, slow), "hasty");
    EXPECT_EQ(eddy_sleep(1), 0);
    expect_outline(one, "0:one 1:waiter");
    expect_outline(slow, "0:slow 1:waiter 1:hasty");
    EXPECT_EQ(eddy_await(hasty), EDDY_TIMEDOUT);
    EXPECT_EQ(eddy_await(waiter), 2);
}

/* ---- where it ends ---------------------------------------------------------------------------*/

static eddy_task *ring[2];

EDDY_ASYNC(awaits_in_a_ring, (int, other))
{
    return eddy_await(ring[other]);
}

TEST(a_ring_ends_where_it_comes_back)
{
    ring[0] = start(eddy_coro(awaits_in_a_ring, 1), "zero");
    ring[1] = start(eddy_coro(awaits_in_a_ring, 0), "one");
    EXPECT_EQ(eddy_sleep(0), 0);
    expect_outline(ring[0], "0:zero 1:one 2:zero!");
    EXPECT_EQ(eddy_task_cancel(ring[0]), 1);
    EXPECT_EQ(eddy_await(ring[1]), EDDY_CANCELLED);
    eddy_future_free(ring[0]);
    eddy_future_free(ring[1]);
}

TEST(what_is_reached_in_two_ways_is_entered_once)
{
    EDDY_AUTO(eddy_task) *leaf = start(eddy_coro(sleeps), "leaf");
    EDDY_AUTO(eddy_task) *left = start(eddy_coro(awaits, leaf), "left");
    EDDY_AUTO(eddy_task) *right = start(eddy_coro(awaits, leaf), "right");
    EDDY_AUTO(eddy_task) *top = start(eddy_coro(waits_for_either, left, right), "top");
    EDDY_AUTO(eddy_task) *roof = start(eddy_coro(awaits, top), "roof");
    EXPECT_EQ(eddy_sleep(0), 0);
    expect_outline(leaf, "0:leaf 1:left 2:top 3:roof 1:right 2:top!");
    EXPECT_EQ(eddy_await(roof), 2); // both of them
}

TEST(a_long_chain_is_cut)
{
    enum { COUNT = EDDY_CALL_GRAPH_DEPTH_MAX + 2 };
    eddy_task *tasks[COUNT] = {start(eddy_coro(sleeps), "leaf")};
    for (int i = 1; i < COUNT; i++)
        tasks[i] = start(eddy_coro(awaits, tasks[i - 1]), "link");
    EXPECT_EQ(eddy_sleep(0), 0);
    for (int i = 0; i < 2; i++) { // the second is as long as fits
        EDDY_AUTO(eddy_call_graph) *graph = NULL;
        EXPECT_EQ(eddy_capture_call_graph(tasks[i], &graph), 0);
        EXPECT_EQ(eddy_call_graph_count(graph), EDDY_CALL_GRAPH_DEPTH_MAX + 1);
        const eddy_call_graph_node *last = eddy_call_graph_at(graph, EDDY_CALL_GRAPH_DEPTH_MAX);
        EXPECT(last->future == tasks[i + EDDY_CALL_GRAPH_DEPTH_MAX]);
        EXPECT_EQ(last->note, i == 0 ? EDDY_CALL_GRAPH_TOO_DEEP : EDDY_CALL_GRAPH_WHOLE);
        EXPECT(eddy_call_graph_at(graph, EDDY_CALL_GRAPH_DEPTH_MAX + 1) == NULL);
    }
    EXPECT_EQ(eddy_await(tasks[COUNT - 1]), 0);
    for (int i = 0; i < COUNT; i++)
        eddy_future_free(tasks[i]);
}

/* ---- stacks and text -------------------------------------------------------------------------*/

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Kept out of line, so that it is a frame of its own. */
__attribute__((noinline)) static int looks_at_itself(void)
{
    EDDY_AUTO(eddy_call_graph) *graph = NULL;
    int rc = eddy_capture_call_graph(NULL, &graph);
    if (rc < 0)
        return rc;
    eddy_frame frames[2] = {0};
    EXPECT(eddy_call_graph_at(graph, 0)->future == eddy_current_task());
    EXPECT(eddy_call_graph_stack(graph, 0, frames, 2) > 2);
    EXPECT_EQ(eddy_call_graph_stack(graph, 0, NULL, 0), eddy_call_graph_at(graph, 0)->frame_count);
    EXPECT(starts_with(frames[0].function, "looks_at_itself")); // nothing of ours lies above
    EXPECT_EQ(eddy_call_graph_stack(graph, 1, frames, 2), 0);
    return 0;
}

TEST(the_running_tasks_stack_begins_at_the_caller)
{
    EXPECT_EQ(looks_at_itself(), 0);
}

static int line_count(const char *text, const char *line)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        n++;
    return n;
}

TEST(the_text_has_names_stacks_and_notes)
{
    EDDY_AUTO(eddy_task) *leaf = start(eddy_coro(sleeps), "leaf");
    EDDY_AUTO(eddy_task) *task = start(eddy_coro(gathers, leaf), "task");
    EXPECT_EQ(eddy_sleep(1), 0);
    char *text = NULL;
    EXPECT_EQ(eddy_format_call_graph(leaf, &text), 0);
    REQUIRE(text != NULL);
    EXPECT(starts_with(text, "* task \"leaf\"\n  + Call stack:\n  |   "));
    EXPECT_EQ(line_count(text, "\n  + Awaited by:\n     * gather\n       + Awaited by:\n"
                               "          * task \"task\"\n            + Call stack:\n"),
              1);
    EXPECT(line_count(text, "  |   eddy_sleep") == 1);
    EXPECT_EQ(text[strlen(text) - 1], '\n');

    char *printed = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&printed, &size);
    EXPECT_EQ(eddy_print_call_graph(leaf, file), 0);
    fclose(file);
    EXPECT_STR(printed, text);
    free(printed);
    eddy_free(text);
    EXPECT_EQ(eddy_await(task), 0);
}

TEST(the_text_of_a_ring_says_where_it_closes)
{
    ring[0] = start(eddy_coro(awaits_in_a_ring, 1), "zero");
    ring[1] = start(eddy_coro(awaits_in_a_ring, 0), "one");
    EXPECT_EQ(eddy_sleep(0), 0);
    char *text = NULL;
    EXPECT_EQ(eddy_format_call_graph(ring[0], &text), 0);
    EXPECT_EQ(line_count(text, "          * task \"zero\" (shown above)\n"), 1);
    eddy_free(text);
    eddy_task_cancel(ring[0]);
    EXPECT_EQ(eddy_await(ring[1]), EDDY_CANCELLED);
    eddy_future_free(ring[0]);
    eddy_future_free(ring[1]);
}

TEST(what_cannot_be_written_is_an_error)
{
    FILE *full = fopen("/dev/full", "w");
    REQUIRE(full != NULL);
    EXPECT_EQ(eddy_print_call_graph(NULL, full), -EIO);
    fclose(full);
}

/* ---- rules -----------------------------------------------------------------------------------*/

static void *asks_elsewhere(void *future)
{
    eddy_call_graph *graph = NULL;
    EXPECT_EQ(eddy_capture_call_graph(future, &graph), EDDY_EMISUSE);
    EXPECT_EQ(eddy_capture_call_graph(NULL, &graph), EDDY_EMISUSE);
    EXPECT(graph == NULL);
    return NULL;
}

TEST(only_the_loops_own_thread_may_ask)
{
    pthread_t thread;
    eddy_call_graph *graph = NULL;
    REQUIRE(pthread_create(&thread, NULL, asks_elsewhere, eddy_current_task()) == 0);
    pthread_join(thread, NULL);
    eddy_coroutine *coroutine = eddy_coro(sleeps);
    EXPECT_EQ(eddy_capture_call_graph(coroutine, &graph), EDDY_EMISUSE);
    eddy_coro_free(coroutine);
    eddy_call_graph_free(NULL);
}

TEST(the_graph_keeps_what_it_shows)
{
    EDDY_AUTO(eddy_call_graph) *graph = NULL;
    eddy_task *leaf = start(eddy_coro(sleeps), "leaf");
    EXPECT_EQ(eddy_capture_call_graph(leaf, &graph), 0);
    EXPECT_EQ(eddy_await(leaf), 0);
    eddy_future_free(leaf);
    EXPECT_STR(eddy_task_get_name(eddy_call_graph_at(graph, 0)->future), "leaf");
}

TEST(without_memory_there_is_no_graph_and_nothing_is_lost)
{
    EDDY_AUTO(eddy_task) *leaf = start(eddy_coro(sleeps), "leaf");
    EDDY_AUTO(eddy_task) *task = start(eddy_coro(gathers, leaf), "task");
    EXPECT_EQ(eddy_sleep(1), 0);
    int rc = -ENOMEM;
    int failures = 0;
    for (; rc == -ENOMEM && failures < 100; failures++) {
        char *text = NULL;
        fail_allocation(failures);
        rc = eddy_format_call_graph(leaf, &text);
        fail_allocation(-1);
        EXPECT((rc == 0) == (text != NULL));
        eddy_free(text);
    }
    EXPECT_EQ(rc, 0);
    EXPECT(failures > 4); // graph, two lists, two stacks, text
    EXPECT_EQ(eddy_await(task), 0);
}

RUN_TESTS(TEST_OF(tasks_that_await_tasks_are_found_in_the_order_in_which_they_will_be_told),
          TEST_OF(a_bare_future_has_awaiters_too),
          TEST_OF(a_gather_stands_between_its_children_and_who_awaits_it),
          TEST_OF(a_shield_stands_between_and_a_cancelled_one_does_not),
          TEST_OF(a_child_of_a_group_is_awaited_by_who_opened_it_from_the_beginning),
          TEST_OF(waits_with_and_without_time_are_found),
          TEST_OF(a_ring_ends_where_it_comes_back),
          TEST_OF(what_is_reached_in_two_ways_is_entered_once),
          TEST_OF(a_long_chain_is_cut),
          TEST_OF(the_running_tasks_stack_begins_at_the_caller),
          TEST_OF(the_text_has_names_stacks_and_notes),
          TEST_OF(the_text_of_a_ring_says_where_it_closes),
          TEST_OF(what_cannot_be_written_is_an_error),
          TEST_OF(only_the_loops_own_thread_may_ask),
          TEST_OF(the_graph_keeps_what_it_shows),
          TEST_OF(without_memory_there_is_no_graph_and_nothing_is_lost))
