/* SPDX-License-Identifier: MIT */
/*
 * depth.c: the deepest stack use of each coroutine, while stacks are measured.
 *
 * A measuring pool hands out stacks with untouched pages, so the pages resident when a body ends
 * are those that it used. One record for each function; there are only tens, so a list suffices.
 *
 * Owned by the loop. Called by run.c and generator.c before they return a stack to the pool.
 */
#include "core/core.h"

#include <eddy/stack.h>

struct depth {
    struct link link; // in loop->depths, in order of the first end
    const eddy_function *function;
    uint64_t run_count;
    size_t used_max;
    size_t stack_size; // of the run that went deepest
};

static struct depth *record_of(struct eddy_loop *loop, const eddy_function *function)
{
    for (struct link *link = list_first(&loop->depths); link != NULL;
         link = list_next(&loop->depths, link))
        if (container_of(link, struct depth, link)->function == function)
            return container_of(link, struct depth, link);
    struct depth *depth = eddy__zalloc(sizeof *depth);
    if (depth == NULL)
        return NULL;
    depth->function = function;
    list_push(&loop->depths, &depth->link);
    return depth;
}

void eddy__depth_note(struct eddy_loop *loop, const eddy_function *function,
                      const struct stack *stack)
{
    struct depth *depth = record_of(loop, function);
    if (depth == NULL)
        return;
    depth->run_count++;
    size_t used = eddy__stack_used(stack);
    if (used <= depth->used_max)
        return;
    depth->used_max = used;
    depth->stack_size = eddy__stack_size(stack);
}

void eddy__depths_forget(struct eddy_loop *loop)
{
    struct link *link;
    while ((link = list_pop(&loop->depths)) != NULL)
        eddy__free(container_of(link, struct depth, link));
}

size_t eddy_stack_depths(eddy_stack_depth *out_depths, size_t size)
{
    struct eddy_loop *loop = eddy__loop_current();
    size_t n = 0;
    if (loop == NULL)
        return 0;
    for (struct link *link = list_first(&loop->depths); link != NULL;
         link = list_next(&loop->depths, link), n++) {
        const struct depth *depth = container_of(link, struct depth, link);
        if (out_depths != NULL && n < size)
            out_depths[n] = (eddy_stack_depth){
                .name = depth->function->name,
                .place = &depth->function->place,
                .run_count = depth->run_count,
                .used_max = depth->used_max,
                .stack_size = depth->stack_size,
            };
    }
    return n;
}
