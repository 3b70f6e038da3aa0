/* SPDX-License-Identifier: MIT */
/*
 * ops_gather.c: several awaitables at once.
 *
 * `gather` is `gather_start` and an await of what that made, as it is in asyncio: the values are
 * read from the children, which may be gathers themselves.
 */
#include "arena.h"
#include "machine.h"

static eddy_future *start_gather(struct frame *frame, const struct arg *awaitables,
                                 const struct arg *return_exceptions, struct variable *variable)
{
    struct arena *arena = frame->run->program->arena;
    size_t count = awaitables->awaitable_count;
    eddy_future **children = arena_take(arena, count * sizeof *children);
    for (size_t i = 0; i < count; i++)
        children[i] = take_awaitable(&awaitables->awaitables[i], 0);
    eddy_future *gather =
        eddy_gather_all_start(children, count, value_is_true(&return_exceptions->value));
    bind(frame->run, variable, &gather_kind, gather);
    return gather;
}

/* ["gather_start", variable, awaitables, return_exceptions] */
OPERATION(gather_start)
{
    start_gather(frame, &op->args[1], &op->args[2], op->args[0].variable);
    return FLOW_NEXT;
}

/* ["gather", awaitables, return_exceptions] */
OPERATION(gather)
{
    eddy_future *future = start_gather(frame, &op->args[0], &op->args[1], NULL);
    int status = await_future(frame->run, future, result);
    return status < 0 ? status : FLOW_NEXT;
}

const struct op_kind gather_ops[] = {
    {"gather", "A|f", LOG_ONLY, gather},
    {"gather_start", "nA|f", LOG_NOTHING, gather_start},
    {0},
};

static void free_gather(void *it)
{
    eddy_future_free(it);
}

const struct object_kind gather_kind = {.is_future = true, .free = free_gather};
