/* SPDX-License-Identifier: MIT */
/*
 * ops_barrier.c: barriers.
 */
#include <limits.h>

#include "arena.h"
#include "machine.h"

/* NULL if the variable holds something else. */
static eddy_barrier *barrier_of(const struct op *op)
{
    return it_of(op->args[0].variable, &barrier_kind);
}

OPERATION(wait_barrier)
{
    eddy_barrier *barrier = barrier_of(op);
    if (barrier == NULL)
        return EDDY_ETYPE;
    int index = eddy_barrier_wait(barrier);
    if (index < 0)
        return index;
    *result = value_of_int(index);
    return FLOW_NEXT;
}

OPERATION(abort_barrier)
{
    eddy_barrier *barrier = barrier_of(op);
    return barrier != NULL ? eddy_barrier_abort(barrier) : EDDY_ETYPE;
}

OPERATION(reset_barrier)
{
    eddy_barrier *barrier = barrier_of(op);
    return barrier != NULL ? eddy_barrier_reset(barrier) : EDDY_ETYPE;
}

/* [parties, waiting, broken] */
OPERATION(barrier_info)
{
    const eddy_barrier *barrier = barrier_of(op);
    if (barrier == NULL)
        return EDDY_ETYPE;
    struct value *items = arena_take(frame->run->program->arena, 3 * sizeof *items);
    items[0] = value_of_int(eddy_barrier_parties(barrier));
    items[1] = value_of_int(eddy_barrier_n_waiting(barrier));
    items[2] = value_of_bool(eddy_barrier_broken(barrier));
    *result = value_of_list(items, 3);
    return FLOW_NEXT;
}

const struct op_kind barrier_ops[] = {
    {"bwait", "v", LOG_RESULT, wait_barrier},
    {"babort", "v", LOG_FIRST, abort_barrier},
    {"breset", "v", LOG_FIRST, reset_barrier},
    {"binfo", "v", LOG_RESULT, barrier_info},
    {0},
};

/* ["barrier", parties] */
static int make_barrier(struct run *run, const struct value *spec, void **out_it)
{
    bool has_parties = spec->count > 1 && spec->items[1].type == VALUE_INT;
    if (!has_parties || spec->items[1].number > INT_MAX)
        return EDDY_ETYPE;
    int64_t parties = spec->items[1].number;
    *out_it = arena_take(run->program->arena, sizeof(eddy_barrier));
    return eddy_barrier_init(*out_it, parties > 0 ? (int)parties : 0);
}

/* It is waited for at the beginning; nothing is to be done at the end. */
static int with_barrier(struct frame *frame, const struct op *op, struct object *object)
{
    int index = eddy_barrier_wait(object->it);
    if (index < 0)
        return index;
    TRACE(frame->run, "enter", op->args[0].value, value_of_int(index));
    int flow = run_block(frame, &op->args[1].block);
    if (flow == FLOW_NEXT)
        TRACE(frame->run, "exit", op->args[0].value);
    return flow;
}

const struct object_kind barrier_kind = {
    .type = "barrier", .make = make_barrier, .with = with_barrier};
