/* SPDX-License-Identifier: MIT */
/*
 * ops_lock.c: what can be acquired and released, `with`, locks and semaphores.
 *
 * The operations serve every type that has the functions; a type without them is EDDY_ETYPE.
 */
#include "arena.h"
#include "machine.h"

OPERATION(acquire)
{
    struct object *object = op->args[0].variable->object;
    if (object == NULL || object->kind->acquire == NULL)
        return EDDY_ETYPE;
    return object->kind->acquire(object->it);
}

OPERATION(release)
{
    struct object *object = op->args[0].variable->object;
    if (object == NULL || object->kind->release == NULL)
        return EDDY_ETYPE;
    return object->kind->release(object->it);
}

OPERATION(locked)
{
    struct object *object = op->args[0].variable->object;
    if (object == NULL || object->kind->is_locked == NULL)
        return EDDY_ETYPE;
    *result = value_of_bool(object->kind->is_locked(object->it));
    return FLOW_NEXT;
}

static int with_acquired(struct frame *frame, const struct op *op, struct object *object)
{
    int flow = object->kind->acquire(object->it);
    if (flow < 0)
        return flow;
    TRACE(frame->run, "enter", op->args[0].value, value_of_text(NULL));
    flow = run_block(frame, &op->args[1].block);
    int status = object->kind->release(object->it);
    if (status < 0)
        return status;
    if (flow == FLOW_NEXT)
        TRACE(frame->run, "exit", op->args[0].value);
    return flow;
}

/* ["with", x, body] */
OPERATION(with)
{
    struct object *object = op->args[0].variable->object;
    if (object != NULL && object->kind->with != NULL)
        return object->kind->with(frame, op, object);
    if (object != NULL && object->kind->acquire != NULL)
        return with_acquired(frame, op, object);
    return EDDY_ETYPE;
}

const struct op_kind lock_ops[] = {
    {"acquire", "v", LOG_FIRST, acquire},
    {"release", "v", LOG_FIRST, release},
    {"locked", "v", LOG_RESULT, locked},
    {"with", "vB", LOG_NOTHING, with},
    {0},
};

/* --- Locks ------------------------------------------------------------------------------------ */

static int make_lock(struct run *run, const struct value *spec, void **out_it)
{
    (void)spec;
    *out_it = arena_take(run->program->arena, sizeof(eddy_lock));
    return eddy_lock_init(*out_it);
}

static int acquire_lock(void *it)
{
    return eddy_lock_acquire(it);
}

static int release_lock(void *it)
{
    return eddy_lock_release(it);
}

static bool lock_is_locked(const void *it)
{
    return eddy_lock_locked(it);
}

const struct object_kind lock_kind = {
    .type = "lock",
    .make = make_lock,
    .acquire = acquire_lock,
    .release = release_lock,
    .is_locked = lock_is_locked,
};

/* --- Semaphores ------------------------------------------------------------------------------- */

typedef int init_semaphore(eddy_semaphore *semaphore, long value);

static int make_with(init_semaphore *init, struct run *run, const struct value *spec, void **out_it)
{
    if (spec->count < 2 || spec->items[1].type != VALUE_INT)
        return EDDY_ETYPE;
    eddy_semaphore *semaphore = arena_take(run->program->arena, sizeof *semaphore);
    *out_it = semaphore;
    return init(semaphore, (long)spec->items[1].number);
}

static int make_semaphore(struct run *run, const struct value *spec, void **out_it)
{
    return make_with(eddy_semaphore_init, run, spec, out_it);
}

static int make_bounded(struct run *run, const struct value *spec, void **out_it)
{
    return make_with(eddy_bounded_semaphore_init, run, spec, out_it);
}

static int acquire_semaphore(void *it)
{
    return eddy_semaphore_acquire(it);
}

static int release_semaphore(void *it)
{
    return eddy_semaphore_release(it);
}

static bool semaphore_is_locked(const void *it)
{
    return eddy_semaphore_locked(it);
}

const struct object_kind semaphore_kind = {
    .type = "sem",
    .make = make_semaphore,
    .acquire = acquire_semaphore,
    .release = release_semaphore,
    .is_locked = semaphore_is_locked,
};

const struct object_kind bounded_semaphore_kind = {
    .type = "bsem",
    .make = make_bounded,
    .acquire = acquire_semaphore,
    .release = release_semaphore,
    .is_locked = semaphore_is_locked,
};
