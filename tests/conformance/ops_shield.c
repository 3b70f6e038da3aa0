/* SPDX-License-Identifier: MIT */
/*
 * ops_shield.c: futures that can be cancelled alone.
 */
#include "machine.h"

/* What is known of the variable that a future stands in; a call has none. */
static struct object *start_shield(struct frame *frame, const struct awaitable *awaitable,
                                   struct variable *variable)
{
    eddy_future *inner = take_awaitable(awaitable, 0);
    const struct object *known = awaitable->variable != NULL ? awaitable->variable->object : NULL;
    eddy_future *future = eddy_shield_start(inner);
    const struct object_kind *kind = eddy_future_is_task(future) ? &task_kind : &shield_kind;
    if (known != NULL && future == inner)
        kind = known->kind;    // done already: it is the one that was given
    struct object *object = bind(frame->run, variable, kind, future);
    object->source = future != inner ? inner : known != NULL ? known->source : NULL;
    return object;
}

/* ["shield_start", variable, awaitable] */
OPERATION(shield_start)
{
    start_shield(frame, &op->args[1].awaitables[0], op->args[0].variable);
    return FLOW_NEXT;
}

/* ["shield", awaitable]; the list that a gather has is read by hand. */
OPERATION(shield)
{
    struct run *run = frame->run;
    const struct awaitable *awaitable = &op->args[0].awaitables[0];
    if (awaitable->call != NULL || gather_behind(run, future_of(awaitable->variable)) == NULL) {
        int status = eddy_shield(take_awaitable(awaitable, 0), result);
        return status < 0 ? status : FLOW_NEXT;
    }
    int status = await_future(run, start_shield(frame, awaitable, NULL)->it, result);
    return status < 0 ? status : FLOW_NEXT;
}

const struct op_kind shield_ops[] = {
    {"shield", "a", LOG_RESULT, shield},
    {"shield_start", "na", LOG_NOTHING, shield_start},
    {0},
};

static void free_shield(void *it)
{
    eddy_future_free(it);
}

const struct object_kind shield_kind = {.is_future = true, .free = free_shield};
