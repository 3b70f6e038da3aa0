/* SPDX-License-Identifier: MIT */
/*
 * call_graph.h: who waits for a task or future, who waits for them, and where each of them stands.
 *
 *     EDDY_IGNORE(eddy_print_call_graph(NULL, NULL));          // of the running task, to stderr
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
 * Found are tasks that await, in eddy_await() or eddy_wait_for() or eddy_wait(); gathers and shields
 * of it; and the task that has opened the group to which it belongs. Not found is who waits by other
 * means: in a done callback, an eddy_as_completed or a primitive of synchronisation.
 */
#ifndef EDDY_CALL_GRAPH_H
#define EDDY_CALL_GRAPH_H

#include <eddy/stack.h>

EDDY_BEGIN_DECLS

/* How far from the future that was asked for a graph goes. */
enum { EDDY_CALL_GRAPH_DEPTH_MAX = 64 };

/* What was found at a moment; keeps the futures in it. */
typedef struct eddy_call_graph eddy_call_graph;

/* Whether a node's own awaiters are in the graph. */
typedef enum eddy_call_graph_note {
    EDDY_CALL_GRAPH_WHOLE,    /* all of them follow it */
    EDDY_CALL_GRAPH_REPEATED, /* the future has come before, with stack and awaiters */
    EDDY_CALL_GRAPH_TOO_DEEP, /* it stands at EDDY_CALL_GRAPH_DEPTH_MAX, and theirs were left out */
} eddy_call_graph_note;

/* A future in the graph. It awaits the nearest node before it that has a smaller depth. */
typedef struct eddy_call_graph_node {
    eddy_future *future; /* lent by the graph */
    size_t depth;        /* 0: it was asked for */
    size_t frame_count;  /* of its stack: 0 unless it is a task that has begun */
    eddy_call_graph_note note;
} eddy_call_graph_node;

/*
 * Captures the graph of a future of this loop, NULL: of the running task, into *out_graph, to be
 * freed on the loop's thread.
 *
 * Returns 0, -ENOMEM, or EDDY_EMISUSE: NULL outside a task, a coroutine object, a future of another
 * thread's loop. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_capture_call_graph(eddy_future *future, eddy_call_graph **out_graph);

/* How many nodes there are, one at least. */
EDDY_API size_t eddy_call_graph_count(const eddy_call_graph *graph);

/*
 * The node at `index`; lent. A node is followed by those that await it, each with its own, in the
 * order in which they are to be told of the outcome. NULL beyond the last.
 */
EDDY_API const eddy_call_graph_node *eddy_call_graph_at(const eddy_call_graph *graph, size_t index);

/*
 * Stores up to `size` frames of the node at `index`, the innermost first; returns how many there are.
 * Reads files, so it takes some milliseconds.
 */
EDDY_API size_t eddy_call_graph_stack(const eddy_call_graph *graph, size_t index,
                                      eddy_frame *out_frames, size_t size);

/* Gives the graph and its references back. */
EDDY_API void eddy_call_graph_free(eddy_call_graph *graph);

/*
 * Captures a graph and stores it as text, to be freed with eddy_free(). Returns 0 or an error of
 * eddy_capture_call_graph().
 */
EDDY_API EDDY_CHECKED int eddy_format_call_graph(eddy_future *future, char **out_text);

/* Captures a graph and writes it to `file` (NULL: stderr). Returns 0, the same errors, or -EIO. */
EDDY_API EDDY_CHECKED int eddy_print_call_graph(eddy_future *future, FILE *file);

EDDY_AUTO_FOR(eddy_call_graph, eddy_call_graph_free)

EDDY_END_DECLS

#endif
