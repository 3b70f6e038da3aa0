/* SPDX-License-Identifier: MIT */
/*
 * ops_event.c: events.
 */
#include "arena.h"
#include "machine.h"

/* NULL if the variable holds something else. */
static eddy_event *event_of(const struct op *op)
{
    return it_of(op->args[0].variable, &event_kind);
}

OPERATION(set)
{
    eddy_event *event = event_of(op);
    return event != NULL ? eddy_event_set(event) : EDDY_ETYPE;
}

OPERATION(clear)
{
    eddy_event *event = event_of(op);
    return event != NULL ? eddy_event_clear(event) : EDDY_ETYPE;
}

OPERATION(is_set)
{
    const eddy_event *event = event_of(op);
    if (event == NULL)
        return EDDY_ETYPE;
    *result = value_of_bool(eddy_event_is_set(event));
    return FLOW_NEXT;
}

OPERATION(wait_event)
{
    eddy_event *event = event_of(op);
    return event != NULL ? eddy_event_wait(event) : EDDY_ETYPE;
}

const struct op_kind event_ops[] = {
    {"set", "v", LOG_FIRST, set},
    {"clear", "v", LOG_FIRST, clear},
    {"is_set", "v", LOG_RESULT, is_set},
    {"wait_event", "v", LOG_FIRST, wait_event},
    {0},
};

static int make_event(struct run *run, const struct value *spec, void **out_it)
{
    (void)spec;
    *out_it = arena_take(run->program->arena, sizeof(eddy_event));
    return eddy_event_init(*out_it);
}

const struct object_kind event_kind = {.type = "event", .make = make_event};
