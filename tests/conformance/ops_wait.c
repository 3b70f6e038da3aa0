/* SPDX-License-Identifier: MIT */
/*
 * ops_wait.c: waiting for some of several.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "machine.h"

/* The name of the first variable that holds a future, beside it. */
struct waited {
    const char *name;
    eddy_future *future;
};

static int compare_names(const void *left, const void *right)
{
    const struct waited *a = left;
    const struct waited *b = right;
    return strcmp(a->name, b->name);
}

/* Stores who is waited for, each once, sorted by name; their number, or EDDY_ETYPE for a call. */
static int list_waited(const struct arg *arg, struct waited *waited)
{
    int count = 0;
    for (size_t i = 0; i < arg->awaitable_count; i++) {
        const struct variable *variable = arg->awaitables[i].variable;
        if (variable == NULL)
            return EDDY_ETYPE;
        struct waited new = {variable->name, future_of(variable)};
        int k = 0;
        while (k < count && waited[k].future != new.future)
            k++;
        if (k == count)
            waited[count++] = new;
    }
    if (count > 0)
        qsort(waited, (size_t)count, sizeof *waited, compare_names);
    return count;
}

static struct value names_of(struct run *run, const struct waited *waited, int count, bool is_done)
{
    struct value *items = arena_take(run->program->arena, (size_t)count * sizeof *items);
    uint32_t n = 0;
    for (int i = 0; i < count; i++) {
        if (eddy_future_done(waited[i].future) == is_done)
            items[n++] = value_of_text(waited[i].name);
    }
    return value_of_list(items, n);
}

static eddy_return_when return_when_of(const char *mode)
{
    if (mode != NULL && strcmp(mode, "FIRST") == 0)
        return EDDY_FIRST_COMPLETED;
    return mode != NULL && strcmp(mode, "EXC") == 0 ? EDDY_FIRST_EXCEPTION : EDDY_ALL_COMPLETED;
}

/* ["wait", variables, timeout, mode]; all names are handed to Eddy, also those of the same future. */
OPERATION(wait_for_some)
{
    struct arena *arena = frame->run->program->arena;
    size_t given = op->args[0].awaitable_count;
    struct waited *waited = arena_take(arena, given * sizeof *waited);
    eddy_future **futures = arena_take(arena, given * sizeof *futures);
    int count = list_waited(&op->args[0], waited);
    if (count < 0)
        return count;
    for (size_t i = 0; i < given; i++)
        futures[i] = future_of(op->args[0].awaitables[i].variable);
    const struct value *mode = &op->args[2].value;
    int status = eddy_wait(futures, given, seconds_of(&op->args[1].value),
                           return_when_of(mode->type == VALUE_TEXT ? mode->text : NULL));
    if (status < 0)
        return status;
    *result = value_of_bool(true);
    TRACE(frame->run, op->kind->name, names_of(frame->run, waited, count, true),
          names_of(frame->run, waited, count, false));
    return FLOW_NEXT;
}

const struct op_kind wait_ops[] = {
    {"wait", "A|IS", LOG_NOTHING, wait_for_some},
    {0},
};
