/* SPDX-License-Identifier: MIT */
/*
 * call_graph.c: what waits for a future, and what waits for that, all the way up.
 *
 * Nothing is recorded while tasks wait. What is to be notified when a future completes has a handle
 * among its callbacks (or the task's one watcher word), and the handle's `run` function tells what
 * the handle is part of. Each file that owns such handles finds the waiter from one. So the graph
 * costs nothing until it is asked for, and then takes time in proportion to its size.
 *
 * The graph is a list in reading order: a node, then those that await it. It is built with a stack
 * of pending nodes, not by recursion, because this runs on the stack of a task.
 *
 * Invariants:
 *   - Each future is expanded once; where it appears again, a node says so. So cycles end.
 *   - Addresses are captured; names are looked up only when asked for, since that reads files.
 */
#include "combine/combine.h"
#include "core/stacks.h"

#include <eddy/call_graph.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct node {
    eddy_call_graph_node shown; // `future` is a reference
    void **addresses;           // of the frames; or NULL
};

struct nodes {
    struct node *at;
    size_t count;
    size_t room;
};

struct eddy_call_graph {
    struct nodes nodes;
};

/* The state while the graph is built. */
struct capture {
    struct nodes *nodes;
    struct nodes to_come;     // pending, the next one last; also references
    uint32_t walk;
    const void *caller;       // where our public function returns to
};

/* ---- lists of nodes --------------------------------------------------------------------------*/

static bool push(struct nodes *nodes, struct node node)
{
    if (nodes->count == nodes->room) {
        size_t room = nodes->room > 0 ? 2 * nodes->room : 8;
        struct node *at = eddy__realloc(nodes->at, room * sizeof *at);
        if (at == NULL)
            return false;
        nodes->at = at;
        nodes->room = room;
    }
    nodes->at[nodes->count++] = node;
    return true;
}

static void fini_nodes(struct nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        eddy_future_free(nodes->at[i].shown.future);
        eddy__free(nodes->at[i].addresses);
    }
    eddy__free(nodes->at);
}

/* ---- capturing -------------------------------------------------------------------------------*/

static struct eddy_future *task_behind(const struct handle *handle)
{
    if (handle->run != eddy__task_step)
        return NULL;
    return &container_of(handle, struct task, step)->future;
}

/* The owner of the handle: a task or another future; or NULL. */
static struct eddy_future *behind(const struct handle *handle)
{
    static struct eddy_future *(*const askers[])(const struct handle *) = {
        task_behind,        eddy__gather_behind, eddy__shield_behind,
        eddy__group_behind, eddy__wait_behind,   eddy__wait_for_behind,
    };
    for (size_t i = 0; i < sizeof askers / sizeof *askers; i++) {
        struct eddy_future *future = askers[i](handle);
        if (future != NULL)
            return future;
    }
    return NULL;
}

static bool add_to_come(struct capture *capture, struct eddy_future *awaiter, size_t depth)
{
    if (awaiter == NULL || eddy__future_is_done(awaiter))
        return true;
    struct node node = {.shown = {.future = awaiter, .depth = depth}};
    if (!push(&capture->to_come, node))
        return false;
    eddy_future_ref(awaiter);
    return true;
}

/* Adds what awaits `future`. The first to be notified comes last: it is expanded next. */
static bool find_awaiters(struct capture *capture, struct eddy_future *future, size_t depth)
{
    for (struct link *link = future->callbacks.top; link != NULL; link = link->next)
        if (!add_to_come(capture, behind(container_of(link, struct handle, link)), depth))
            return false;
    struct watcher *watcher = future->kind == &eddy__future_task && !eddy__future_is_done(future)
                                  ? *eddy__task_watcher(eddy__task_of(future))
                                  : NULL;
    return watcher == NULL || add_to_come(capture, eddy__gather_watching(watcher), depth);
}

/* Of the running task, the frames above the call of our public function are not its own. */
static size_t count_own(const struct capture *capture, void **addresses, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (addresses[i] == capture->caller)
            return i;
    return 0;
}

static bool find_stack(const struct capture *capture, struct node *node)
{
    const struct eddy_future *future = node->shown.future;
    if (future->kind != &eddy__future_task || future->stage != TASK_RUNNING ||
        eddy__future_is_done(future))
        return true;
    const struct task *task = container_of(future, const struct task, future);
    void *addresses[EDDY_FRAMES_MAX];
    size_t n = eddy__task_unwind(task, addresses, EDDY_FRAMES_MAX);
    size_t own = task == eddy__task_current() ? count_own(capture, addresses, n) : 0;
    if (n == own)
        return true;
    node->addresses = eddy__malloc((n - own) * sizeof *addresses);
    if (node->addresses == NULL)
        return false;
    memcpy(node->addresses, addresses + own, (n - own) * sizeof *addresses);
    node->shown.frame_count = n - own;
    return true;
}

static bool enter(struct capture *capture, struct node *node)
{
    if (!eddy__future_mark(node->shown.future, capture->walk)) {
        node->shown.note = EDDY_CALL_GRAPH_REPEATED;
        return true;
    }
    if (!find_stack(capture, node))
        return false;
    if (node->shown.depth < EDDY_CALL_GRAPH_DEPTH_MAX)
        return find_awaiters(capture, node->shown.future, node->shown.depth + 1);
    size_t before = capture->to_come.count;
    bool is_found = find_awaiters(capture, node->shown.future, node->shown.depth + 1);
    if (capture->to_come.count > before)
        node->shown.note = EDDY_CALL_GRAPH_TOO_DEEP;
    while (capture->to_come.count > before)
        eddy_future_free(capture->to_come.at[--capture->to_come.count].shown.future);
    return is_found;
}

/* Expands pending nodes, and those found meanwhile, until none is left; false: no memory. */
static bool enter_all(struct capture *capture)
{
    while (capture->to_come.count > 0) {
        struct node node = capture->to_come.at[capture->to_come.count - 1];
        if (!push(capture->nodes, node))
            return false;
        capture->to_come.count--;
        if (!enter(capture, &capture->nodes->at[capture->nodes->count - 1]))
            return false;
    }
    return true;
}

static int check(struct eddy_future *future)
{
    if (future == NULL)
        return eddy__misuse("eddy_capture_call_graph: there is no future, and no task runs here");
    if (eddy__future_is_elsewhere(future))
        return eddy__misuse("eddy_capture_call_graph: the future belongs to another loop");
    if (future->kind == &eddy__future_task && future->stage <= TASK_TAKEN)
        return eddy__misuse("eddy_capture_call_graph: a coroutine object is no task");
    return 0;
}

static int capture_graph(struct eddy_future *future, const void *caller,
                         struct eddy_call_graph **out_graph)
{
    struct task *current = eddy__task_current();
    if (future == NULL && current != NULL)
        future = &current->future;
    EDDY_TRY(check(future));
    struct eddy_call_graph *graph = eddy__zalloc(sizeof *graph);
    if (graph == NULL)
        return -ENOMEM;
    struct capture capture = {
        .nodes = &graph->nodes, .walk = eddy__future_walk(), .caller = caller};
    bool is_whole = push(&capture.to_come, (struct node){.shown.future = future});
    if (is_whole) {
        eddy_future_ref(future);
        is_whole = enter_all(&capture);
    }
    fini_nodes(&capture.to_come);
    if (!is_whole) {
        eddy_call_graph_free(graph);
        return -ENOMEM;
    }
    *out_graph = graph;
    return 0;
}

__attribute__((noinline)) int eddy_capture_call_graph(eddy_future *future,
                                                      eddy_call_graph **out_graph)
{
    return capture_graph(future, __builtin_return_address(0), out_graph);
}

void eddy_call_graph_free(eddy_call_graph *graph)
{
    if (graph == NULL)
        return;
    fini_nodes(&graph->nodes);
    eddy__free(graph);
}

/* ---- reading ---------------------------------------------------------------------------------*/

size_t eddy_call_graph_count(const eddy_call_graph *graph)
{
    return graph != NULL ? graph->nodes.count : 0;
}

const eddy_call_graph_node *eddy_call_graph_at(const eddy_call_graph *graph, size_t index)
{
    return graph != NULL && index < graph->nodes.count ? &graph->nodes.at[index].shown : NULL;
}

size_t eddy_call_graph_stack(const eddy_call_graph *graph, size_t index, eddy_frame *out_frames,
                             size_t size)
{
    if (graph == NULL || index >= graph->nodes.count)
        return 0;
    const struct node *node = &graph->nodes.at[index];
    for (size_t i = 0; out_frames != NULL && i < node->shown.frame_count && i < size; i++)
        eddy__frame_fill(node->addresses[i], &out_frames[i]);
    return node->shown.frame_count;
}

/* ---- text ------------------------------------------------------------------------------------*/

static void write_title(const struct node *node, int indent, FILE *file)
{
    const struct eddy_future *future = node->shown.future;
    fprintf(file, "%*s* %s", indent, "", future->kind->name);
    if (future->kind == &eddy__future_task)
        fprintf(file, " \"%s\"", eddy_task_get_name(future));
    if (node->shown.note == EDDY_CALL_GRAPH_REPEATED)
        fprintf(file, " (shown above)");
    fprintf(file, "\n");
}

static void write_stack(const struct node *node, int indent, FILE *file)
{
    if (node->shown.frame_count > 0)
        fprintf(file, "%*s  + Call stack:\n", indent, "");
    for (size_t i = 0; i < node->shown.frame_count; i++) {
        char text[256];
        eddy_frame frame;
        eddy__frame_fill(node->addresses[i], &frame);
        eddy_frame_format(&frame, text, sizeof text);
        fprintf(file, "%*s  |   %s\n", indent, "", text);
    }
}

static void write_graph(const struct eddy_call_graph *graph, FILE *file)
{
    enum { STEP = 5 }; // columns to the right for each level
    for (size_t i = 0; i < graph->nodes.count; i++) {
        const struct node *node = &graph->nodes.at[i];
        int indent = STEP * (int)node->shown.depth;
        write_title(node, indent, file);
        write_stack(node, indent, file);
        bool is_awaited = i + 1 < graph->nodes.count && node[1].shown.depth > node->shown.depth;
        if (is_awaited)
            fprintf(file, "%*s  + Awaited by:\n", indent, "");
        else if (node->shown.note == EDDY_CALL_GRAPH_TOO_DEEP)
            fprintf(file, "%*s  + Awaited by: (left out)\n", indent, "");
    }
}

static int write_captured(struct eddy_future *future, const void *caller, FILE *file)
{
    EDDY_AUTO(eddy_call_graph) *graph = NULL;
    EDDY_TRY(capture_graph(future, caller, &graph));
    write_graph(graph, file);
    return fflush(file) != 0 || ferror(file) ? -EIO : 0;
}

__attribute__((noinline)) int eddy_print_call_graph(eddy_future *future, FILE *file)
{
    return write_captured(future, __builtin_return_address(0), file != NULL ? file : stderr);
}

__attribute__((noinline)) int eddy_format_call_graph(eddy_future *future, char **out_text)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    if (file == NULL)
        return -ENOMEM;
    int err = write_captured(future, __builtin_return_address(0), file);
    if (fclose(file) != 0 || err == -EIO)
        err = -ENOMEM;
    char *copy = err == 0 ? eddy__malloc(length + 1) : NULL;
    if (copy != NULL)
        memcpy(copy, text, length + 1);
    free(text);
    if (err == 0 && copy == NULL)
        err = -ENOMEM;
    if (err == 0)
        *out_text = copy;
    return err;
}
