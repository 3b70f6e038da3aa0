/* SPDX-License-Identifier: MIT */
/*
 * ops_as_completed.c: several awaitables, as they are done.
 *
 * The iterator is kept until the program's end like everything else: one that was left early still
 * has its timer, as asyncio's has.
 */
#include <errno.h>
#include <string.h>

#include "arena.h"
#include "machine.h"

/* The index of `done` when those that were given twice are counted once. */
static int64_t distinct_index(const eddy_as_completed *order, const struct arg *arg,
                              const eddy_future *done)
{
    size_t end = eddy_as_completed_index(order, done);
    int64_t index = 0;
    for (size_t i = 0; i < end; i++) {
        const struct variable *variable = arg->awaitables[i].variable;
        size_t first = i;
        for (size_t k = 0; variable != NULL && k < i && first == i; k++) {
            const struct variable *other = arg->awaitables[k].variable;
            if (other != NULL && future_of(other) == future_of(variable))
                first = k;
        }
        index += first == i;
    }
    return index;
}

/* One turn: logs what is done, and runs the body. */
static int take(struct frame *frame, const struct op *op, const eddy_as_completed *order,
                eddy_future *done)
{
    struct run *run = frame->run;
    if (strcmp(op->args[0].value.text, "async") == 0) {
        int64_t index = distinct_index(order, &op->args[1], done);
        TRACE(run, "next", value_of_int(index), state_of(run, done));
    } else {
        struct value value;
        int status = take_result(run, done, &value);
        if (status < 0)
            return status;
        TRACE(run, "next", value);
    }
    return run_block(frame, &op->args[3].block);
}

/* ["as_completed", mode, awaitables, timeout, body] */
OPERATION(as_completed)
{
    const struct arg *arg = &op->args[1];
    struct arena *arena = frame->run->program->arena;
    eddy_future **futures = arena_take(arena, arg->awaitable_count * sizeof *futures);
    for (size_t i = 0; i < arg->awaitable_count; i++)
        futures[i] = take_awaitable(&arg->awaitables[i], 0);
    eddy_as_completed *order =
        eddy_as_completed_new(futures, arg->awaitable_count, seconds_of(&op->args[2].value));
    if (order == NULL)
        return -ENOMEM;
    bind(frame->run, NULL, &as_completed_kind, order);
    for (;;) {
        eddy_future *done;
        int flow = eddy_as_completed_next(order, &done);
        if (flow <= 0)
            return flow;
        flow = take(frame, op, order, done);
        if (flow == FLOW_BREAK)
            return FLOW_NEXT;
        if (flow != FLOW_NEXT && flow != FLOW_CONTINUE)
            return flow;
    }
}

const struct op_kind as_completed_ops[] = {
    {"as_completed", "sAIB", LOG_NOTHING, as_completed},
    {0},
};

static void free_order(void *it)
{
    eddy_as_completed_free(it);
}

const struct object_kind as_completed_kind = {.free = free_order};
