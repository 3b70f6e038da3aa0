/* SPDX-License-Identifier: MIT */
/*
 * inherit.h: what tasks, callbacks and work on threads inherit from their creator, behind one
 * pointer: context variables, and the nested run that they belong to; see inherit.c.
 *
 * NULL means nothing is inherited: programs that set no variable and nest no runs have only NULL.
 */
#ifndef EDDY_CORE_INHERIT_H
#define EDDY_CORE_INHERIT_H

#include "core/core.h"

enum inherited_kind {
    INHERITED_BINDINGS, // struct bindings: variables as they were; never changes
    INHERITED_CONTEXT,  // struct eddy_context: variables that their holder may set
    INHERITED_MARKED,   // struct marked: one of these, or nothing, and a nested run
};

struct inherited {
    _Atomic uint32_t refs;
    uint8_t kind; // enum inherited_kind
};

/* What is current outside tasks: the thread's own, or that of the running callback. */
extern _Thread_local struct inherited *eddy__thread_inherited
    __attribute__((tls_model("initial-exec")));

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

/* What something made here, on this loop, inherits: a reference or NULL. Returns 0 or -ENOMEM. */
int eddy__inherit_from(struct inherited *maker, struct inherited **out);

static inline int eddy__inherit(struct inherited **out)
{
    struct inherited *maker = *eddy__inherited_slot();
    *out = NULL;
    return EDDY__LIKELY(maker == NULL) ? 0 : eddy__inherit_from(maker, out);
}

/* The variables alone, as other threads and loops get them; cannot fail. */
struct inherited *eddy__inherit_variables(void);

/* Like eddy__inherit(), but in the given context. */
int eddy__inherit_in(eddy_context *context, struct inherited **out);

/*
 * Outside tasks: enter makes `own` current for a call that doesn't suspend; leave returns it with
 * what the call has set.
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

/* The value of `var`, borrowed; or NULL. */
struct bound_value *eddy__bindings_find(const struct bindings *bindings,
                                        const eddy_context_var *var);

/* The variables of `inherited`, which may be NULL. */
struct bindings *eddy__inherited_bindings(struct inherited *inherited);

/* The context that `inherited` is or marks; NULL if it is none. */
struct eddy_context *eddy__inherited_as_context(struct inherited *inherited);

/* The context of a holder, made if it has none of its own yet; borrowed, NULL without memory. */
struct eddy_context *eddy__inherited_context(struct inherited **slot);

struct eddy_context *eddy__context_with(struct bindings *bindings); // or NULL

/* Binds `var`, or unbinds it with a null `value`, of which a reference is taken. 0 or -ENOMEM. */
int eddy__context_bind(struct eddy_context *context, const eddy_context_var *var,
                       struct bound_value *value);

/* ---- nested runs -----------------------------------------------------------------------------*/

/*
 * A run inside a task. Everything made in it is marked with it, directly or indirectly. Belongs to
 * the loop's thread.
 */
struct nested_run {
    uint32_t refs;
    struct nested_run *outer; // a reference; NULL: the loop's own run
    size_t task_count;        // unfinished, also of runs nested in it
};

struct marked {
    struct inherited head;
    struct nested_run *run;  // a reference
    struct inherited *inner; // bindings, a context or NULL; a reference
};

struct nested_run *eddy__nested_run_new(struct nested_run *outer); // NULL without memory
struct nested_run *eddy__nested_run_ref(struct nested_run *run);   // NULL is fine
void eddy__nested_run_unref(struct nested_run *run);               // NULL is fine

/* What a nested run's first task inherits: the current variables and the mark. 0 or -ENOMEM. */
int eddy__inherit_marked(struct nested_run *run, struct inherited **out);

/* The innermost nested run that `inherited` is marked with; NULL: none. */
struct nested_run *eddy__nested_run_of(const struct inherited *inherited);

/* Whether `run` is `within` or nested in it; anything is within NULL. */
bool eddy__is_within(const struct nested_run *run, const struct nested_run *within);

/* Counts a task with this `inherited` that was made (+1) or has ended (-1). */
void eddy__nested_count(const struct inherited *inherited, int change);

#endif
