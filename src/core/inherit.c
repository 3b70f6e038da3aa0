/* SPDX-License-Identifier: MIT */
/*
 * inherit.c: what new tasks and callbacks inherit, and how context variables are stored for that.
 *
 * Bindings are immutable once two holders share them: setting a variable makes new ones. So
 * inheriting takes one reference. Only code that sets a variable gets a context, an object with an
 * identity (a token refers to its context) that holds the current bindings.
 *
 *      task --> context --> bindings: request_id=7, user=...     it has set something itself
 *      child ------------------^                                 it has not
 *
 * Programs have a few dozen variables, set seldom and read often, so bindings are not a tree but a
 * sorted array, copied when a variable is set.
 *
 * Invariants:
 *   - Several threads may hold bindings and values: the counts are atomic, and only a sole holder
 *     changes the contents.
 *   - A context is changed only by the thread that it is on.
 *   - Inheriting, reading and releasing cannot fail.
 */
#include "core/inherit.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

_Thread_local struct inherited *eddy__thread_inherited;

/* ---- values ----------------------------------------------------------------------------------*/

static void add_reference(_Atomic uint32_t *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* Whether it was the last one. */
static bool drop_reference(_Atomic uint32_t *refs)
{
    return atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel) == 1;
}

struct bound_value *eddy__bound_value_new(const eddy_context_var *var, const void *data)
{
    struct bound_value *value = eddy__malloc(sizeof *value + var->size);
    if (value == NULL)
        return NULL;
    atomic_init(&value->refs, 1);
    value->drop = var->drop;
    memcpy(value->data, data, var->size);
    return value;
}

struct bound_value *eddy__bound_value_ref(struct bound_value *value)
{
    if (value != NULL)
        add_reference(&value->refs);
    return value;
}

void eddy__bound_value_unref(struct bound_value *value)
{
    if (value == NULL || !drop_reference(&value->refs))
        return;
    if (value->drop != NULL)
        value->drop(value->data);
    eddy__free(value);
}

/* ---- bindings --------------------------------------------------------------------------------*/

/* The index of `var`, or where it would be inserted. */
static uint32_t place_of(const struct bindings *bindings, const eddy_context_var *var)
{
    uint32_t low = 0, high = bindings != NULL ? bindings->count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((uintptr_t)bindings->all[middle].var < (uintptr_t)var)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stands_at(const struct bindings *bindings, uint32_t place, const eddy_context_var *var)
{
    return bindings != NULL && place < bindings->count && bindings->all[place].var == var;
}

struct bound_value *eddy__bindings_find(const struct bindings *bindings,
                                        const eddy_context_var *var)
{
    uint32_t place = place_of(bindings, var);
    return stands_at(bindings, place, var) ? bindings->all[place].value : NULL;
}

static void free_bindings(struct bindings *bindings)
{
    for (uint32_t i = 0; i < bindings->count; i++)
        eddy__bound_value_unref(bindings->all[i].value);
    eddy__free(bindings);
}

/* The same bindings, but with or without (`value` is NULL) one for `var`; NULL without memory. */
static struct bindings *rebind(const struct bindings *old, const eddy_context_var *var,
                               struct bound_value *value)
{
    uint32_t old_count = old != NULL ? old->count : 0;
    struct bindings *bindings =
        eddy__malloc(sizeof *bindings + (old_count + 1) * sizeof(struct binding));
    if (bindings == NULL)
        return NULL;
    atomic_init(&bindings->head.refs, 1);
    bindings->head.kind = INHERITED_BINDINGS;
    uint32_t count = 0, place = place_of(old, var);
    for (uint32_t i = 0; i <= old_count; i++) {
        if (i == place && value != NULL)
            bindings->all[count++] = (struct binding){var, eddy__bound_value_ref(value)};
        if (i == old_count || (i == place && old->all[i].var == var))
            continue;
        eddy__bound_value_ref(old->all[i].value);
        bindings->all[count++] = old->all[i];
    }
    bindings->count = count;
    return bindings;
}

/* ---- what is inherited -----------------------------------------------------------------------*/

struct inherited *eddy__inherited_ref(struct inherited *inherited)
{
    if (inherited != NULL)
        add_reference(&inherited->refs);
    return inherited;
}

static struct bindings *as_bindings(struct inherited *inherited)
{
    return container_of(inherited, struct bindings, head);
}

static struct eddy_context *as_context(struct inherited *inherited)
{
    return container_of(inherited, struct eddy_context, head);
}

static struct marked *as_marked(struct inherited *inherited)
{
    return container_of(inherited, struct marked, head);
}

static void unref_bindings(struct bindings *bindings)
{
    if (bindings != NULL)
        eddy__inherited_unref(&bindings->head);
}

void eddy__inherited_free(struct inherited *inherited)
{
    if (!drop_reference(&inherited->refs))
        return;
    if (inherited->kind == INHERITED_BINDINGS) {
        free_bindings(as_bindings(inherited));
    } else if (inherited->kind == INHERITED_CONTEXT) {
        unref_bindings(as_context(inherited)->bindings);
        eddy__free(as_context(inherited));
    } else {
        eddy__inherited_unref(as_marked(inherited)->inner);
        eddy__nested_run_unref(as_marked(inherited)->run);
        eddy__free(as_marked(inherited));
    }
}

/* Strips the mark, if there is one. */
static struct inherited *unmarked(struct inherited *inherited)
{
    bool is_marked = inherited != NULL && inherited->kind == INHERITED_MARKED;
    return is_marked ? as_marked(inherited)->inner : inherited;
}

struct eddy_context *eddy__inherited_as_context(struct inherited *inherited)
{
    struct inherited *inner = unmarked(inherited);
    return inner != NULL && inner->kind == INHERITED_CONTEXT ? as_context(inner) : NULL;
}

struct bindings *eddy__inherited_bindings(struct inherited *inherited)
{
    struct inherited *inner = unmarked(inherited);
    if (inner == NULL)
        return NULL;
    return inner->kind == INHERITED_BINDINGS ? as_bindings(inner) : as_context(inner)->bindings;
}

/* A reference to the variables of `maker`, unmarked. */
static struct inherited *variables_of(struct inherited *maker)
{
    struct bindings *bindings = eddy__inherited_bindings(maker);
    return bindings != NULL ? eddy__inherited_ref(&bindings->head) : NULL;
}

struct inherited *eddy__inherit_variables(void)
{
    return variables_of(*eddy__inherited_slot());
}

/* Marks `inner`, whose reference is consumed, also on failure. */
static int mark(struct nested_run *run, struct inherited *inner, struct inherited **out)
{
    struct marked *marked = eddy__malloc(sizeof *marked);
    if (marked == NULL) {
        eddy__inherited_unref(inner);
        return -ENOMEM;
    }
    atomic_init(&marked->head.refs, 1);
    marked->head.kind = INHERITED_MARKED;
    marked->run = run;
    marked->inner = inner;
    run->refs++;
    *out = &marked->head;
    return 0;
}

/* Stores in *out `inner`, a reference, with the mark of `like`, if any. */
static int mark_like(const struct inherited *like, struct inherited *inner, struct inherited **out)
{
    struct nested_run *run = eddy__nested_run_of(like);
    if (run != NULL)
        return mark(run, inner, out);
    *out = inner;
    return 0;
}

int eddy__inherit_from(struct inherited *maker, struct inherited **out)
{
    if (eddy__inherited_as_context(maker) != NULL)
        return mark_like(maker, variables_of(maker), out);
    *out = eddy__inherited_ref(maker); // it never changes: shared, with its mark
    return 0;
}

int eddy__inherit_in(eddy_context *context, struct inherited **out)
{
    return mark_like(*eddy__inherited_slot(), &eddy_context_ref(context)->head, out);
}

/* ---- nested runs -----------------------------------------------------------------------------*/

struct nested_run *eddy__nested_run_new(struct nested_run *outer)
{
    struct nested_run *run = eddy__malloc(sizeof *run);
    if (run == NULL)
        return NULL;
    *run = (struct nested_run){.refs = 1, .outer = eddy__nested_run_ref(outer)};
    return run;
}

struct nested_run *eddy__nested_run_ref(struct nested_run *run)
{
    if (run != NULL)
        run->refs++;
    return run;
}

void eddy__nested_run_unref(struct nested_run *run)
{
    while (run != NULL && --run->refs == 0) {
        struct nested_run *outer = run->outer;
        eddy__free(run);
        run = outer;
    }
}

int eddy__inherit_marked(struct nested_run *run, struct inherited **out)
{
    return mark(run, eddy__inherit_variables(), out);
}

struct nested_run *eddy__nested_run_of(const struct inherited *inherited)
{
    bool is_marked = inherited != NULL && inherited->kind == INHERITED_MARKED;
    return is_marked ? container_of(inherited, struct marked, head)->run : NULL;
}

bool eddy__is_within(const struct nested_run *run, const struct nested_run *within)
{
    while (run != within && run != NULL)
        run = run->outer;
    return run == within;
}

void eddy__nested_count(const struct inherited *inherited, int change)
{
    for (struct nested_run *run = eddy__nested_run_of(inherited); run != NULL; run = run->outer)
        run->task_count += (size_t)change;
}

/* ---- contexts --------------------------------------------------------------------------------*/

struct eddy_context *eddy__context_with(struct bindings *bindings)
{
    struct eddy_context *context = eddy__zalloc(sizeof *context);
    if (context == NULL)
        return NULL;
    atomic_init(&context->head.refs, 1);
    context->head.kind = INHERITED_CONTEXT;
    context->bindings = bindings;
    if (bindings != NULL)
        eddy__inherited_ref(&bindings->head);
    return context;
}

/* Releases what a thread has set when it ends. */
static pthread_key_t thread_key;

static void forget_at_exit(void *slot)
{
    struct inherited **inherited = slot;
    eddy__inherited_unref(*inherited);
    *inherited = NULL;
}

static void make_thread_key(void)
{
    pthread_key_create(&thread_key, forget_at_exit);
}

struct eddy_context *eddy__inherited_context(struct inherited **slot)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct eddy_context *context = eddy__inherited_as_context(*slot);
    if (context != NULL)
        return context;
    struct inherited *own = NULL;
    context = eddy__context_with(eddy__inherited_bindings(*slot));
    if (context == NULL || mark_like(*slot, &context->head, &own) < 0)
        return NULL;
    eddy__inherited_unref(*slot);
    *slot = own;
    if (slot == &eddy__thread_inherited) {
        pthread_once(&once, make_thread_key);
        pthread_setspecific(thread_key, slot);
    }
    return context;
}

int eddy__context_bind(struct eddy_context *context, const eddy_context_var *var,
                       struct bound_value *value)
{
    struct bindings *old = context->bindings;
    if (value == NULL && eddy__bindings_find(old, var) == NULL)
        return 0;
    bool is_empty = value == NULL && old->count == 1;
    struct bindings *bindings = is_empty ? NULL : rebind(old, var, value);
    if (bindings == NULL && !is_empty)
        return -ENOMEM;
    context->bindings = bindings;
    unref_bindings(old); // a destructor may run, and read the variables
    return 0;
}
