/* SPDX-License-Identifier: MIT */
/*
 * call_graph.h: the tasks and futures that await a task or future, directly or not, with stacks.
 *
 *     EDDY_IGNORE(eddy_print_call_graph(NULL, NULL));          // the running task, to stderr
 *
 *     * task "fetch-7"
 *       + Call stack:
 *       |   eddy_sleep+0x71 (libeddy.so.0+0xa0f1)
 *       |   fetch+0x3b (app+0x12ab)
 *       + Awaited by:
 *          * gather
 *            + Awaited by:
 *               * task "main"
 *                 + Call stack:
 *                 |   eddy_gather+0x20 (libeddy.so.0+0xb120)
 *
 * A graph includes tasks that await the future in eddy_await(), eddy_wait_for() or eddy_wait(); its
 * gathers and shields; and the task that opened its group. It does not include other waiters: done
 * callbacks, eddy_as_completed and synchronisation primitives.
 */
#ifndef EDDY_CALL_GRAPH_H
#define EDDY_CALL_GRAPH_H

#include <eddy/stack.h>

EDDY_BEGIN_DECLS

/* The maximum depth of a graph, counted from the requested future. */
enum { EDDY_CALL_GRAPH_DEPTH_MAX = 64 };

/* A snapshot of a graph; holds references to its futures. */
typedef struct eddy_call_graph eddy_call_graph;

/* Whether the awaiters of a node are in the graph. */
typedef enum eddy_call_graph_note {
    EDDY_CALL_GRAPH_WHOLE,    /* all of them follow it */
    EDDY_CALL_GRAPH_REPEATED, /* an earlier node has the same future, with stack and awaiters */
    EDDY_CALL_GRAPH_TOO_DEEP, /* it is at EDDY_CALL_GRAPH_DEPTH_MAX: its awaiters are left out */
} eddy_call_graph_note;

/* A future in the graph. It awaits the nearest node before it that has a smaller depth. */
typedef struct eddy_call_graph_node {
    eddy_future *future; /* borrowed from the graph */
    size_t depth;        /* 0: the requested future */
    size_t frame_count;  /* of its stack; 0 unless it is a task that has begun */
    eddy_call_graph_note note;
} eddy_call_graph_node;

/*
 * Captures the graph of a future of this loop (NULL: the running task) into *out_graph. The caller
 * owns the graph and must free it on the loop's thread.
 *
 * Returns 0, -ENOMEM, or EDDY_EMISUSE for NULL outside a task, a coroutine object, or a future of
 * another thread's loop. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_capture_call_graph(eddy_future *future, eddy_call_graph **out_graph);

/* Returns the number of nodes, at least one. */
EDDY_API size_t eddy_call_graph_count(const eddy_call_graph *graph);

/*
 * Returns the node at `index`, borrowed; NULL past the last. After a node come its awaiters, each
 * followed by its own awaiters, in the order in which they will be notified of the outcome.
 */
EDDY_API const eddy_call_graph_node *eddy_call_graph_at(const eddy_call_graph *graph, size_t index);

/*
 * Stores up to `size` frames of the node at `index`, innermost first. Returns how many there are.
 * It reads files, which takes some milliseconds.
 */
EDDY_API size_t eddy_call_graph_stack(const eddy_call_graph *graph, size_t index,
                                      eddy_frame *out_frames, size_t size);

/* Frees the graph and releases its references. */
EDDY_API void eddy_call_graph_free(eddy_call_graph *graph);

/*
 * Captures a graph and stores it as text; the caller frees the text with eddy_free(). Returns 0 or
 * an error of eddy_capture_call_graph().
 */
EDDY_API EDDY_CHECKED int eddy_format_call_graph(eddy_future *future, char **out_text);

/* Captures a graph and writes it to `file` (NULL: stderr). Returns 0, the same errors, or -EIO. */
EDDY_API EDDY_CHECKED int eddy_print_call_graph(eddy_future *future, FILE *file);

EDDY_AUTO_FOR(eddy_call_graph, eddy_call_graph_free)

EDDY_END_DECLS

#endif
