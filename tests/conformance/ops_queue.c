/* SPDX-License-Identifier: MIT */
/*
 * ops_queue.c: queues.
 */
#include <errno.h>

#include "machine.h"

/* NULL if the variable holds something else. */
static eddy_queue *queue_of(const struct op *op)
{
    return it_of(op->args[0].variable, &queue_kind);
}

OPERATION(put)
{
    eddy_queue *queue = queue_of(op);
    return queue != NULL ? eddy_queue_put(queue, &op->args[1].value) : EDDY_ETYPE;
}

OPERATION(put_nowait)
{
    eddy_queue *queue = queue_of(op);
    return queue != NULL ? eddy_queue_put_nowait(queue, &op->args[1].value) : EDDY_ETYPE;
}

OPERATION(get)
{
    eddy_queue *queue = queue_of(op);
    return queue != NULL ? eddy_queue_get(queue, result) : EDDY_ETYPE;
}

OPERATION(get_nowait)
{
    eddy_queue *queue = queue_of(op);
    return queue != NULL ? eddy_queue_get_nowait(queue, result) : EDDY_ETYPE;
}

OPERATION(join)
{
    eddy_queue *queue = queue_of(op);
    return queue != NULL ? eddy_queue_join(queue) : EDDY_ETYPE;
}

OPERATION(task_done)
{
    eddy_queue *queue = queue_of(op);
    return queue != NULL ? eddy_queue_task_done(queue) : EDDY_ETYPE;
}

/* ["shutdown", queue, immediate] */
OPERATION(shut_down)
{
    eddy_queue *queue = queue_of(op);
    bool immediate = value_is_true(&op->args[1].value);
    return queue != NULL ? eddy_queue_shutdown(queue, immediate) : EDDY_ETYPE;
}

OPERATION(qsize)
{
    eddy_queue *queue = queue_of(op);
    if (queue == NULL)
        return EDDY_ETYPE;
    *result = value_of_int((int64_t)eddy_queue_qsize(queue));
    return FLOW_NEXT;
}

OPERATION(empty)
{
    eddy_queue *queue = queue_of(op);
    if (queue == NULL)
        return EDDY_ETYPE;
    *result = value_of_bool(eddy_queue_empty(queue));
    return FLOW_NEXT;
}

OPERATION(full)
{
    eddy_queue *queue = queue_of(op);
    if (queue == NULL)
        return EDDY_ETYPE;
    *result = value_of_bool(eddy_queue_full(queue));
    return FLOW_NEXT;
}

const struct op_kind queue_ops[] = {
    {"put", "vx", LOG_FIRST, put},
    {"get", "v", LOG_RESULT, get},
    {"put_nowait", "vx", LOG_FIRST, put_nowait},
    {"get_nowait", "v", LOG_RESULT, get_nowait},
    {"join", "v", LOG_FIRST, join},
    {"task_done", "v", LOG_FIRST, task_done},
    {"shutdown", "v|f", LOG_FIRST, shut_down},
    {"qsize", "v", LOG_RESULT, qsize},
    {"empty", "v", LOG_RESULT, empty},
    {"full", "v", LOG_RESULT, full},
    {0},
};

/* ["queue", maxsize]; 0 or less is no limit. */
static int make_queue(struct run *run, const struct value *spec, void **out_it)
{
    (void)run;
    bool has_limit = spec->count > 1 && spec->items[1].type == VALUE_INT;
    int64_t limit = has_limit && spec->items[1].number > 0 ? spec->items[1].number : 0;
    *out_it = eddy_queue_new(struct value, (size_t)limit);
    return *out_it != NULL ? 0 : -ENOMEM;
}

static void free_queue(void *it)
{
    eddy_queue_free(it);
}

const struct object_kind queue_kind = {.type = "queue", .make = make_queue, .free = free_queue};
