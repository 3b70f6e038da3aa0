/* SPDX-License-Identifier: MIT */
/*
 * ops_group.c: task groups.
 */
#include "arena.h"
#include "machine.h"

/* The body in the group; `is_declared` if it is entered by `with`. */
static int run_in(struct frame *frame, const struct op *op, eddy_group *group,
                  const struct block *body, bool is_declared)
{
    int flow = eddy_group_enter(group);
    if (flow < 0)
        return flow;
    if (is_declared)
        TRACE(frame->run, "enter", op->args[0].value, value_of_text(NULL));
    flow = eddy_group_end(group, run_block(frame, body));
    if (flow == FLOW_NEXT)
        TRACE(frame->run, "exit", op->args[0].value);
    return flow;
}

static eddy_group *new_group(struct run *run)
{
    return arena_take(run->program->arena, sizeof(eddy_group));    // all zero: EDDY_GROUP
}

/* ["taskgroup", variable, body] */
OPERATION(run_group)
{
    eddy_group *group = new_group(frame->run);
    bind(frame->run, op->args[0].variable, &group_kind, group);
    return run_in(frame, op, group, &op->args[1].block, false);
}

static int with_group(struct frame *frame, const struct op *op, struct object *object)
{
    return run_in(frame, op, object->it, &op->args[1].block, true);
}

/* ["tg_spawn", group, variable, coroutine, name, eager] */
OPERATION(spawn_in_group)
{
    eddy_group *group = it_of(op->args[0].variable, &group_kind);
    if (group == NULL)
        return EDDY_ETYPE;
    struct variable *variable = op->args[1].variable;
    const struct value *name = &op->args[3].value;
    eddy_task_options options = {
        .name = name->type == VALUE_TEXT ? name->text : variable->name,
        .eager_start = value_is_true(&op->args[4].value),
    };
    eddy_task *task = eddy_group_add(group, new_call(op->args[2].function, 0), &options);
    if (eddy_task_id(task) == 0)
        return eddy_future_exception(task);    // refused
    bind(frame->run, variable, &task_kind, eddy_task_ref(task));
    return FLOW_NEXT;
}

const struct op_kind group_ops[] = {
    {"taskgroup", "nB", LOG_NOTHING, run_group},
    {"tg_spawn", "vnc|Sf", LOG_NOTHING, spawn_in_group},
    {0},
};

static int make_group(struct run *run, const struct value *spec, void **out_it)
{
    (void)spec;
    *out_it = new_group(run);
    return 0;
}

const struct object_kind group_kind = {.type = "taskgroup", .make = make_group, .with = with_group};
