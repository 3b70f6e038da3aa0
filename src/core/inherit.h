/* SPDX-License-Identifier: MIT */
/*
 * inherit.h: what tasks, callbacks and work on threads have from who made them, behind one pointer;
 * see inherit.c.
 *
 * NULL says that there is nothing: so it is in programs that set no context variable.
 */
#ifndef EDDY_CORE_INHERIT_H
#define EDDY_CORE_INHERIT_H

#include "core/core.h"

enum inherited_kind {
    INHERITED_BINDINGS, // struct bindings: variables as they were; never changes
    INHERITED_CONTEXT,  // struct eddy_context: variables that their holder may set
};

struct inherited {
    _Atomic uint32_t refs;
    uint8_t kind; // enum inherited_kind
};

/* What holds outside of tasks: a thread's own, or that of the callback that runs. */
extern _Thread_local struct inherited *eddy__thread_inherited;

static inline struct inherited **eddy__inherited_slot(void)
{
    struct task *task = eddy__task_current();
    return task != NULL ? &task->activation->inherited : &eddy__thread_inherited;
}

struct inherited *eddy__inherited_ref(struct inherited *inherited); // NULL is fine
void eddy__inherited_free(struct inherited *inherited);

static inline void eddy__inherited_unref(struct inherited *inherited)
{
    if (inherited != NULL)
        eddy__inherited_free(inherited);
}

/* What is handed on to something made here, on this loop. A reference or NULL; cannot fail. */
struct inherited *eddy__inherit_from(struct inherited *maker);

static inline struct inherited *eddy__inherit(void)
{
    struct inherited *maker = *eddy__inherited_slot();
    return EDDY__LIKELY(maker == NULL) ? NULL : eddy__inherit_from(maker);
}

/*
 * Outside of tasks: lets `*own` hold, for a call that doesn't suspend, and takes it back with what the
 * call has set.
 */
static inline struct inherited *eddy__inherited_enter(struct inherited *own)
{
    struct inherited *outer = eddy__thread_inherited;
    eddy__thread_inherited = own;
    return outer;
}

static inline struct inherited *eddy__inherited_leave(struct inherited *outer)
{
    struct inherited *own = eddy__thread_inherited;
    eddy__thread_inherited = outer;
    return own;
}

/* ---- variables -------------------------------------------------------------------------------*/

/* A value that was set; shared by all contexts that have it. */
struct bound_value {
    _Atomic uint32_t refs;
    void (*drop)(void *value);
    max_align_t data[];
};

struct binding {
    const eddy_context_var *var;
    struct bound_value *value;
};

/* Bindings of variables, ordered by the variable's address. */
struct bindings {
    struct inherited head;
    uint32_t count;
    struct binding all[];
};

struct eddy_context {
    struct inherited head;
    bool is_entered;           // by eddy_context_run()
    struct bindings *bindings; // a reference; NULL: nothing is set
};

struct bound_value *eddy__bound_value_new(const eddy_context_var *var, const void *value);
struct bound_value *eddy__bound_value_ref(struct bound_value *value); // NULL is fine
void eddy__bound_value_unref(struct bound_value *value);

/* The value of `var`, lent; or NULL. */
struct bound_value *eddy__bindings_find(const struct bindings *bindings,
                                        const eddy_context_var *var);

/* The variables that `inherited`, or NULL, has. */
const struct bindings *eddy__inherited_bindings(const struct inherited *inherited);

/* The context of a holder, made if it has none of its own yet; lent, NULL without memory. */
struct eddy_context *eddy__inherited_context(struct inherited **slot);

struct eddy_context *eddy__context_with(const struct bindings *bindings); // or NULL

/* Binds `var`, or unbinds it with a null `value`, of which a reference is taken. 0 or -ENOMEM. */
int eddy__context_bind(struct eddy_context *context, const eddy_context_var *var,
                       struct bound_value *value);

#endif
