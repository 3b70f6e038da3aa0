/* SPDX-License-Identifier: MIT */
/*
 * ops_generator.c: generators.
 *
 * All generator functions of the language are one of Eddy's, whose items are values.
 */
#include <errno.h>

#include "machine.h"

EDDY_GENERATOR(struct value, walk, (struct function *, function))
{
    return run_generator_body(function);
}

/* NULL if the variable holds something else. */
static eddy_generator *generator_of(const struct op *op)
{
    return it_of(op->args[0].variable, &generator_kind);
}

/* ["agen", variable, generator function] */
OPERATION(new_generator)
{
    struct function *function = op->args[1].function;
    eddy_generator *generator = eddy_generator_new(walk, function);
    if (generator == NULL)
        return -ENOMEM;
    eddy_generator_set_name(generator, function->name);
    bind(frame->run, op->args[0].variable, &generator_kind, generator);
    return FLOW_NEXT;
}

/* How an operation ends that asked for an item; the end of the items is an error to it. */
static int flow_of(int status)
{
    if (status == 0)
        return EDDY_STOPITERATION;
    return status < 0 ? status : FLOW_NEXT;
}

OPERATION(next_item)
{
    eddy_generator *generator = generator_of(op);
    if (generator == NULL)
        return EDDY_ETYPE;
    return flow_of(eddy_generator_next(generator, result));
}

/* ["asend", generator, value]; to send null is to ask. */
OPERATION(send)
{
    eddy_generator *generator = generator_of(op);
    const struct value *value = &op->args[1].value;
    if (generator == NULL)
        return EDDY_ETYPE;
    if (value->type == VALUE_NULL)
        return flow_of(eddy_generator_next(generator, result));
    return flow_of(eddy_generator_send(generator, value, result));
}

/* ["athrow", generator, error] */
OPERATION(throw_into)
{
    eddy_generator *generator = generator_of(op);
    int error = op->args[1].status;
    if (generator == NULL)
        return EDDY_ETYPE;
    if (error == EDDY_CANCELLED)
        error = eddy_error_raise(frame->run->cancellation);
    return flow_of(eddy_generator_throw(generator, error, result));
}

OPERATION(close_generator)
{
    eddy_generator *generator = generator_of(op);
    return generator != NULL ? eddy_generator_close(generator) : EDDY_ETYPE;
}

/* ["for", generator, body] */
OPERATION(for_each)
{
    eddy_generator *generator = generator_of(op);
    if (generator == NULL)
        return EDDY_ETYPE;
    int status = FLOW_NEXT;
    eddy_for (struct value, item, generator, &status) {
        TRACE(frame->run, "item", op->args[0].value, item);
        int flow = run_block(frame, &op->args[1].block);
        if (flow == FLOW_BREAK)
            return FLOW_NEXT;
        if (flow != FLOW_NEXT && flow != FLOW_CONTINUE)
            return flow;
    }
    return status;
}

/* ["yield", value]; this is eddy_yield_to() for a body that stands in another function. */
OPERATION(yield)
{
    const struct value *item = &op->args[0].value;
    struct value sent = {0};
    int status = eddy__yield(item, sizeof *item, &sent, sizeof sent);
    if (status < 0)
        return status;
    TRACE(frame->run, "resumed", sent);
    return FLOW_NEXT;
}

const struct op_kind generator_ops[] = {
    {"agen", "ng", LOG_NOTHING, new_generator},
    {"anext", "v", LOG_RESULT, next_item},
    {"asend", "vx", LOG_RESULT, send},
    {"athrow", "ve", LOG_RESULT, throw_into},
    {"aclose", "v", LOG_FIRST, close_generator},
    {"for", "vB", LOG_NOTHING, for_each},
    {"yield", "x", LOG_NOTHING, yield},
    {0},
};

static void free_generator(void *it)
{
    eddy_generator_free(it);
}

const struct object_kind generator_kind = {.free = free_generator};
