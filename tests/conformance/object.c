/* SPDX-License-Identifier: MIT */
/*
 * object.c: what variables hold, and the values that futures carry.
 *
 * What always holds: nothing that a program makes is given back before its run has ended; binding
 * a variable anew destroys nothing. The list of all objects owns them, variables only point.
 *
 * Every task and every future of the language carries one struct value, those that gather apart:
 * their value, a list, is read child by child.
 */
#include <string.h>

#include "arena.h"
#include "errors.h"
#include "machine.h"

struct object *bind(struct run *run, struct variable *variable, const struct object_kind *kind,
                    void *it)
{
    struct object *object = arena_take(run->program->arena, sizeof *object);
    *object = (struct object){.kind = kind, .it = it, .next = run->objects};
    run->objects = object;
    if (variable != NULL && !variable->is_self)
        variable->object = object;
    return object;
}

int make_object(struct run *run, const struct value *spec, struct variable *variable)
{
    const struct object_kind *kind = find_object_kind(spec->items[0].text);
    void *it = NULL;
    int status = kind != NULL ? kind->make(run, spec, &it) : EDDY_ETYPE;
    if (status >= 0)
        bind(run, variable, kind, it);
    return status;
}

void free_objects(struct run *run)
{
    for (struct object *each = run->objects; each != NULL; each = each->next) {
        if (each->kind->free != NULL)
            each->kind->free(each->it);
    }
    run->objects = NULL;
}

bool is_bound(const struct variable *variable)
{
    return variable->is_self ? eddy_current_task() != NULL : variable->object != NULL;
}

void *it_of(const struct variable *variable, const struct object_kind *kind)
{
    const struct object *object = variable->object;
    return object != NULL && object->kind == kind ? object->it : NULL;
}

eddy_future *future_of(const struct variable *variable)
{
    if (variable->is_self)
        return eddy_current_task();
    const struct object *object = variable->object;
    return object != NULL && object->kind->is_future ? object->it : NULL;
}

bool is_task(const struct variable *variable)
{
    return variable->is_self || (variable->object != NULL && variable->object->kind->is_task);
}

const eddy_future *gather_behind(const struct run *run, const eddy_future *future)
{
    const struct object *each = run->objects;
    while (each != NULL) {
        bool is_it = each->it == future;
        if (is_it && each->kind == &gather_kind)
            return future;
        if (is_it && each->source != NULL && each->source != future) {
            future = each->source;    // made earlier: it stands further down the list
            continue;
        }
        each = each->next;
    }
    return NULL;
}

int await_future(struct run *run, eddy_future *future, struct value *result)
{
    if (gather_behind(run, future) == NULL)
        return eddy_await(future, result);
    int status = eddy_await(future);
    if (status >= 0)
        *result = outcome_of(run, future);
    return status;
}

static struct value gathered(struct run *run, const eddy_future *gather)
{
    size_t count = eddy_gather_count(gather);
    struct value *items = arena_take(run->program->arena, count * sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = outcome_of(run, eddy_gather_child(gather, i));
    return value_of_list(items, (uint32_t)count);
}

struct value outcome_of(struct run *run, eddy_future *future)
{
    int status = eddy_future_exception(future);
    switch (eddy_future_get_state(future)) {
    case EDDY_STATE_FINISHED: break;
    case EDDY_STATE_FAILED:
        return value_of_error(error_text(run->program, status, eddy_future_error(future)));
    case EDDY_STATE_CANCELLED: return value_of_error("Cancelled");
    case EDDY_STATE_PENDING: return value_of_error("InvalidState");
    }
    const eddy_future *gather = gather_behind(run, future);
    if (gather != NULL)
        return gathered(run, gather);
    struct value value;
    return eddy_future_result(future, &value) >= 0 ? value : value_of_error("no value");
}

double seconds_of(const struct value *ms)
{
    return ms->type == VALUE_NULL ? EDDY_NO_TIMEOUT : (double)ms->number / 1000.0;
}
