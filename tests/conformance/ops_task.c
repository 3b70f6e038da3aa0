/* SPDX-License-Identifier: MIT */
/*
 * ops_task.c: tasks, and the time they spend.
 */
#include <string.h>

#include "arena.h"
#include "machine.h"

/* ["spawn", variable, coroutine, name, eager] */
OPERATION(spawn)
{
    struct variable *variable = op->args[0].variable;
    const struct value *name = &op->args[2].value;
    eddy_task_options options = {
        .name = name->type == VALUE_TEXT ? name->text : variable->name,
        .eager_start = value_is_true(&op->args[3].value),
    };
    eddy_task *task = eddy_task_create(new_call(op->args[1].function, 0), &options);
    bind(frame->run, variable, &task_kind, task);
    return FLOW_NEXT;
}

OPERATION(await)
{
    const struct awaitable *awaitable = &op->args[0].awaitables[0];
    int status = awaitable->call != NULL
                     ? call_inline(frame, awaitable->call, result)
                     : await_future(frame->run, future_of(awaitable->variable), result);
    return status < 0 ? status : FLOW_NEXT;
}

OPERATION(uncancel)
{
    *result = value_of_int(eddy_task_uncancel(future_of(op->args[0].variable)));
    return FLOW_NEXT;
}

OPERATION(cancelling)
{
    *result = value_of_int(eddy_task_cancelling(future_of(op->args[0].variable)));
    return FLOW_NEXT;
}

OPERATION(current)
{
    const char *name = current_name();
    *result = value_of_text(arena_text(frame->run->program->arena, name, strlen(name)));
    return FLOW_NEXT;
}

OPERATION(get_name)
{
    const char *name = eddy_task_get_name(future_of(op->args[0].variable));
    *result = value_of_text(arena_text(frame->run->program->arena, name, strlen(name)));
    return FLOW_NEXT;
}

OPERATION(set_name)
{
    return eddy_task_set_name(future_of(op->args[0].variable), op->args[1].value.text);
}

OPERATION(all_tasks)
{
    *result = value_of_int((int64_t)eddy_all_tasks(NULL, 0));
    return FLOW_NEXT;
}

OPERATION(sleep_for)
{
    return eddy_sleep(seconds_of(&op->args[0].value));
}

OPERATION(busy)
{
    return eddy_advance_clock(seconds_of(&op->args[0].value));
}

const struct op_kind task_ops[] = {
    {"spawn", "nc|Sf", LOG_NOTHING, spawn},
    {"await", "a", LOG_RESULT, await},
    {"uncancel", "T", LOG_RESULT, uncancel},
    {"cancelling", "T", LOG_RESULT, cancelling},
    {"current", "", LOG_ONLY, current},
    {"get_name", "T", LOG_RESULT, get_name},
    {"set_name", "Ts", LOG_NOTHING, set_name},
    {"all_tasks", "", LOG_ONLY, all_tasks},
    {"sleep", "i", LOG_FIRST, sleep_for},
    {"busy", "i", LOG_FIRST, busy},
    {0},
};

static void free_task(void *it)
{
    eddy_task_free(it);
}

const struct object_kind task_kind = {.is_future = true, .is_task = true, .free = free_task};
