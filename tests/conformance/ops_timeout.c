/* SPDX-License-Identifier: MIT */
/*
 * ops_timeout.c: timeout scopes, and wait_for.
 */
#include <errno.h>
#include <math.h>

#include "machine.h"

/* The body under the timeout; `is_declared` if it is entered by `with`. */
static int run_under(struct frame *frame, const struct op *op, eddy_timeout *timeout,
                     const struct block *body, bool is_declared)
{
    int flow = eddy_timeout_enter(timeout);
    if (flow < 0)
        return flow;
    if (is_declared)
        TRACE(frame->run, "enter", op->args[0].value, value_of_text(NULL));
    flow = eddy_timeout_end(run_block(frame, body));
    if (flow == FLOW_NEXT)
        TRACE(frame->run, "exit", op->args[0].value);
    return flow;
}

/* ["timeout", variable, delay, body] */
OPERATION(run_timeout)
{
    eddy_timeout *timeout = eddy_timeout_new(seconds_of(&op->args[1].value));
    bind(frame->run, op->args[0].variable, &timeout_kind, timeout);
    return run_under(frame, op, timeout, &op->args[2].block, false);
}

/* ["timeout_at", variable, when, body] */
OPERATION(run_timeout_at)
{
    eddy_timeout *timeout = eddy_timeout_at_new(seconds_of(&op->args[1].value));
    bind(frame->run, op->args[0].variable, &timeout_kind, timeout);
    return run_under(frame, op, timeout, &op->args[2].block, false);
}

static int with_timeout(struct frame *frame, const struct op *op, struct object *object)
{
    return run_under(frame, op, object->it, &op->args[1].block, true);
}

/* ["reschedule", timeout, delay] */
OPERATION(reschedule)
{
    eddy_timeout *timeout = it_of(op->args[0].variable, &timeout_kind);
    if (timeout == NULL)
        return EDDY_ETYPE;
    return eddy_timeout_reschedule(timeout, eddy_time() + seconds_of(&op->args[1].value));
}

OPERATION(expired)
{
    const eddy_timeout *timeout = it_of(op->args[0].variable, &timeout_kind);
    if (timeout == NULL)
        return EDDY_ETYPE;
    *result = value_of_bool(eddy_timeout_expired(timeout));
    return FLOW_NEXT;
}

OPERATION(when)
{
    const eddy_timeout *timeout = it_of(op->args[0].variable, &timeout_kind);
    if (timeout == NULL)
        return EDDY_ETYPE;
    double seconds = eddy_timeout_when(timeout);
    if (isfinite(seconds))
        *result = value_of_int(llround(seconds * 1000.0));
    return FLOW_NEXT;
}

/* ["wait_for", awaitable, timeout] */
OPERATION(wait_for)
{
    struct run *run = frame->run;
    eddy_future *future = take_awaitable(&op->args[0].awaitables[0], frame->depth);
    double seconds = seconds_of(&op->args[1].value);
    if (gather_behind(run, future) == NULL) {
        int status = eddy_wait_for(future, seconds, result);
        return status < 0 ? status : FLOW_NEXT;
    }
    int status = eddy_wait_for(future, seconds);
    if (status < 0)
        return status;
    *result = outcome_of(run, future);
    return FLOW_NEXT;
}

const struct op_kind timeout_ops[] = {
    {"timeout", "nIB", LOG_NOTHING, run_timeout},
    {"timeout_at", "nIB", LOG_NOTHING, run_timeout_at},
    {"reschedule", "vI", LOG_NOTHING, reschedule},
    {"expired", "v", LOG_RESULT, expired},
    {"when", "v", LOG_RESULT, when},
    {"wait_for", "aI", LOG_RESULT, wait_for},
    {0},
};

/* ["timeout", absolute deadline or null] */
static int make_timeout(struct run *run, const struct value *spec, void **out_it)
{
    (void)run;
    bool has_deadline = spec->count > 1 && spec->items[1].type == VALUE_INT;
    *out_it = eddy_timeout_at_new(has_deadline ? seconds_of(&spec->items[1]) : EDDY_NO_TIMEOUT);
    return *out_it != NULL ? 0 : -ENOMEM;
}

static void free_timeout(void *it)
{
    eddy_timeout_free(it);
}

const struct object_kind timeout_kind = {
    .type = "timeout", .make = make_timeout, .free = free_timeout, .with = with_timeout};
