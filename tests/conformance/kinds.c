/* SPDX-License-Identifier: MIT */
/*
 * kinds.c: the list of everything the interpreter knows. An operation or a type that isn't found
 * here is one that Eddy's API doesn't have yet: programs that use it are told apart from those that
 * fail. To add some, write an ops_*.c with a table of operations and its types, and enter them.
 */
#include <string.h>

#include "machine.h"

static const struct op_kind *const op_tables[] = {
    structure_ops, task_ops,   future_ops,       callback_ops, gather_ops,    timeout_ops,
    lock_ops,      queue_ops,  cell_ops,         event_ops,    condition_ops, barrier_ops,
    wait_ops,      shield_ops, as_completed_ops, group_ops,    generator_ops,
};

static const struct object_kind *const object_kinds[] = {
    &task_kind,
    &future_kind,
    &gather_kind,
    &handle_kind,
    &timeout_kind,
    &lock_kind,
    &semaphore_kind,
    &bounded_semaphore_kind,
    &queue_kind,
    &priority_queue_kind,
    &lifo_queue_kind,
    &event_kind,
    &condition_kind,
    &barrier_kind,
    &shield_kind,
    &as_completed_kind,
    &group_kind,
    &generator_kind,
};

size_t op_kind_count(void)
{
    size_t count = 0;
    while (op_kind_at(count) != NULL)
        count++;
    return count;
}

const struct op_kind *op_kind_at(size_t index)
{
    for (size_t i = 0; i < sizeof op_tables / sizeof *op_tables; i++) {
        for (const struct op_kind *kind = op_tables[i]; kind->name != NULL; kind++) {
            if (index-- == 0)
                return kind;
        }
    }
    return NULL;
}

const struct op_kind *find_op_kind(const char *name)
{
    for (size_t i = 0; i < sizeof op_tables / sizeof *op_tables; i++) {
        for (const struct op_kind *kind = op_tables[i]; kind->name != NULL; kind++) {
            if (strcmp(kind->name, name) == 0)
                return kind;
        }
    }
    return NULL;
}

const struct object_kind *find_object_kind(const char *type)
{
    for (size_t i = 0; i < sizeof object_kinds / sizeof *object_kinds; i++) {
        const struct object_kind *kind = object_kinds[i];
        if (kind->type != NULL && strcmp(kind->type, type) == 0)
            return kind;
    }
    return NULL;
}
