/* SPDX-License-Identifier: MIT */
/*
 * ops_condition.c: conditions, with a lock of their own or on one that the program has.
 */
#include "arena.h"
#include "machine.h"

/* NULL if the variable holds something else. */
static eddy_condition *condition_of(const struct op *op)
{
    return it_of(op->args[0].variable, &condition_kind);
}

OPERATION(wait_condition)
{
    eddy_condition *condition = condition_of(op);
    return condition != NULL ? eddy_condition_wait(condition) : EDDY_ETYPE;
}

/* The arguments of `cwait_for`. */
static bool is_reached(void *data)
{
    const struct arg *args = data;
    return compares(args[1].cell->value, args[2].value.text, args[3].value.number);
}

/* ["cwait_for", condition, cell, comparison, number] */
OPERATION(wait_until)
{
    eddy_condition *condition = condition_of(op);
    if (condition == NULL)
        return EDDY_ETYPE;
    *result = value_of_bool(true);
    return eddy_condition_wait_for(condition, is_reached, op->args);
}

/* ["notify", condition, n] */
OPERATION(notify)
{
    eddy_condition *condition = condition_of(op);
    int64_t n = op->args[1].value.number;
    return condition != NULL ? eddy_condition_notify(condition, n > 0 ? (size_t)n : 0) : EDDY_ETYPE;
}

OPERATION(notify_all)
{
    eddy_condition *condition = condition_of(op);
    return condition != NULL ? eddy_condition_notify_all(condition) : EDDY_ETYPE;
}

const struct op_kind condition_ops[] = {
    {"cwait", "v", LOG_FIRST, wait_condition},
    {"cwait_for", "vlsi", LOG_RESULT, wait_until},
    {"notify", "vi", LOG_FIRST, notify},
    {"notify_all", "v", LOG_FIRST, notify_all},
    {0},
};

/* ["cond"] or ["cond", lock] */
static int make_condition(struct run *run, const struct value *spec, void **out_it)
{
    eddy_lock *lock = NULL;
    if (spec->count > 1) {
        if (spec->items[1].type != VALUE_TEXT)
            return EDDY_ETYPE;
        lock = it_of(program_variable(run->program, spec->items[1].text), &lock_kind);
        if (lock == NULL)
            return EDDY_ETYPE;
    }
    *out_it = arena_take(run->program->arena, sizeof(eddy_condition));
    return eddy_condition_init(*out_it, lock);
}

static int acquire_condition(void *it)
{
    return eddy_condition_acquire(it);
}

static int release_condition(void *it)
{
    return eddy_condition_release(it);
}

static bool condition_is_locked(const void *it)
{
    return eddy_condition_locked(it);
}

const struct object_kind condition_kind = {
    .type = "cond",
    .make = make_condition,
    .acquire = acquire_condition,
    .release = release_condition,
    .is_locked = condition_is_locked,
};
