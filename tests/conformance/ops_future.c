/* SPDX-License-Identifier: MIT */
/*
 * ops_future.c: what can be asked of any future, tasks and gathers included, and bare futures.
 */
#include "arena.h"
#include "machine.h"

/* ["cancel", x, message] */
OPERATION(cancel)
{
    const struct value *message = &op->args[1].value;
    const char *text = message->type == VALUE_TEXT ? message->text : NULL;
    *result = value_of_bool(eddy_future_cancel(future_of(op->args[0].variable), text) > 0);
    return FLOW_NEXT;
}

OPERATION(done)
{
    *result = value_of_bool(eddy_future_done(future_of(op->args[0].variable)));
    return FLOW_NEXT;
}

OPERATION(cancelled)
{
    *result = value_of_bool(eddy_future_cancelled(future_of(op->args[0].variable)));
    return FLOW_NEXT;
}

/* ["result", value] or ["error", name] */
static struct value pair(struct run *run, const char *what, struct value value)
{
    struct value *items = arena_take(run->program->arena, 2 * sizeof *items);
    items[0] = value_of_text(what);
    items[1] = value;
    return value_of_list(items, 2);
}

struct value state_of(struct run *run, eddy_future *future)
{
    switch (eddy_future_get_state(future)) {
    case EDDY_STATE_CANCELLED: return value_of_text("cancelled");
    case EDDY_STATE_FINISHED: return pair(run, "result", outcome_of(run, future));
    case EDDY_STATE_FAILED: return pair(run, "error", value_of_text(outcome_of(run, future).text));
    default: return value_of_text("pending");
    }
}

OPERATION(state)
{
    *result = state_of(frame->run, future_of(op->args[0].variable));
    return FLOW_NEXT;
}

int take_result(struct run *run, eddy_future *future, struct value *result)
{
    if (gather_behind(run, future) == NULL)
        return eddy_future_result(future, result);
    int status = eddy_future_result(future);
    if (status >= 0)
        *result = outcome_of(run, future);
    return status;
}

OPERATION(result_of)
{
    int status = take_result(frame->run, future_of(op->args[0].variable), result);
    return status < 0 ? status : FLOW_NEXT;
}

OPERATION(exception)
{
    eddy_future *future = future_of(op->args[0].variable);
    int status = eddy_future_exception(future);
    if (eddy_future_get_state(future) == EDDY_STATE_FAILED)
        *result = outcome_of(frame->run, future);
    else if (status < 0)
        return status;
    return FLOW_NEXT;
}

OPERATION(set_result)
{
    return eddy_future_set_result(future_of(op->args[0].variable), &op->args[1].value);
}

OPERATION(set_exception)
{
    return eddy_future_set_exception(future_of(op->args[0].variable), op->args[1].status);
}

const struct op_kind future_ops[] = {
    {"cancel", "F|S", LOG_RESULT, cancel},
    {"done", "F", LOG_RESULT, done},
    {"cancelled", "F", LOG_RESULT, cancelled},
    {"state", "F", LOG_RESULT, state},
    {"result", "F", LOG_RESULT, result_of},
    {"exception", "F", LOG_RESULT, exception},
    {"set_result", "Fx", LOG_FIRST, set_result},
    {"set_exception", "Fe", LOG_FIRST, set_exception},
    {0},
};

static int make_future(struct run *run, const struct value *spec, void **out_it)
{
    (void)run;
    (void)spec;
    *out_it = eddy_future_new(struct value);
    return 0;
}

static void free_future(void *it)
{
    eddy_future_free(it);
}

const struct object_kind future_kind = {
    .type = "future", .is_future = true, .make = make_future, .free = free_future};
