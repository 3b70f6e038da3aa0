/* SPDX-License-Identifier: MIT */
/*
 * ops_queue.c: queues, and those that hand out the smallest or the newest item first.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

static void free_queue(void *it)
{
    eddy_queue_free(it);
}

/* NULL if the variable holds something else. */
static eddy_queue *queue_of(const struct op *op)
{
    const struct object *object = op->args[0].variable->object;
    return object != NULL && object->kind->free == free_queue ? object->it : NULL;
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

/* [type, maxsize]; 0 or less is no limit. */
static size_t size_max_of(const struct value *spec)
{
    bool has_limit = spec->count > 1 && spec->items[1].type == VALUE_INT;
    return has_limit && spec->items[1].number > 0 ? (size_t)spec->items[1].number : 0;
}

static int make_queue(struct run *run, const struct value *spec, void **out_it)
{
    (void)run;
    *out_it = eddy_queue_new(struct value, size_max_of(spec));
    return *out_it != NULL ? 0 : -ENOMEM;
}

/* Numbers by size; behind them texts by byte value. */
static int compare_values(const void *left, const void *right)
{
    const struct value *a = left;
    const struct value *b = right;
    if (a->type == VALUE_TEXT && b->type == VALUE_TEXT)
        return strcmp(a->text, b->text);
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->type != VALUE_INT)
        return 0;
    return (a->number > b->number) - (a->number < b->number);
}

static int make_priority_queue(struct run *run, const struct value *spec, void **out_it)
{
    (void)run;
    *out_it = eddy_priority_queue_new(struct value, size_max_of(spec), compare_values);
    return *out_it != NULL ? 0 : -ENOMEM;
}

static int make_lifo_queue(struct run *run, const struct value *spec, void **out_it)
{
    (void)run;
    *out_it = eddy_lifo_queue_new(struct value, size_max_of(spec));
    return *out_it != NULL ? 0 : -ENOMEM;
}

const struct object_kind queue_kind = {.type = "queue", .make = make_queue, .free = free_queue};

const struct object_kind priority_queue_kind = {
    .type = "pqueue", .make = make_priority_queue, .free = free_queue};

const struct object_kind lifo_queue_kind = {
    .type = "lqueue", .make = make_lifo_queue, .free = free_queue};
