/* SPDX-License-Identifier: MIT */
/*
 * context_var.h: context variables, like Python's contextvars: values that tasks inherit, such as
 * the current request, its user or its language.
 *
 *     EDDY_CONTEXT_VAR(int, request_id, 0);
 *
 *     EDDY_ASYNC(serve, (int, id))
 *     {
 *         EDDY_TRY(eddy_context_var_set(&request_id, id));
 *         return answer();                        // and whatever it calls or starts, at any depth,
 *     }                                           // reads eddy_context_var_get(&request_id)
 *
 * A new task inherits the variables of its creator at that moment; the creator does not see what
 * the task sets. The same holds for callbacks, which inherit when they are registered, and for
 * functions on threads. A coroutine awaited inline and the body of a generator share the variables
 * of their task. Outside tasks each thread has its own variables; a run begins with them.
 *
 * A program that sets no variable pays nothing. Otherwise a task inherits all by one reference.
 */
#ifndef EDDY_CONTEXT_VAR_H
#define EDDY_CONTEXT_VAR_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

/* The description of a variable; part of what EDDY_CONTEXT_VAR defines. */
typedef struct eddy_context_var {
    const char *name;
    size_t size;                /* bytes of a value */
    size_t fallback_offset;     /* bytes from here to its default value */
    void (*drop)(void *value);  /* NULL: plain data */
} eddy_context_var;

/*
 * Define a variable of this type, at the top level of a file. After the name comes the default
 * value, {like, this} for a struct; if omitted, it is zero. destructor(type *) is called once for
 * each value that was set: when its last context releases it, on the thread that releases it.
 */
#define EDDY_CONTEXT_VAR(type, name, ...)                                                          \
    EDDY__CONTEXT_VAR_TYPE(type, name);                                                            \
    EDDY__UNUSED EDDY__CONTEXT_VAR(static, type, name, NULL __VA_OPT__(,) __VA_ARGS__)
#define EDDY_CONTEXT_VAR_OWNED(type, destructor, name, ...)                                        \
    EDDY__CONTEXT_VAR_TYPE(type, name);                                                            \
    EDDY__CONTEXT_VAR_DROPPER(type, destructor, name)                                              \
    EDDY__UNUSED EDDY__CONTEXT_VAR(static, type, name, name##__drop_value __VA_OPT__(,) __VA_ARGS__)

/* For a variable of several files: put DECLARE in the header, and one of the others in one file. */
#define EDDY_CONTEXT_VAR_DECLARE(type, name)                                                       \
    EDDY__CONTEXT_VAR_TYPE(type, name);                                                            \
    extern const struct name##__context_var name
#define EDDY_CONTEXT_VAR_DEFINE(type, name, ...)                                                   \
    EDDY__CONTEXT_VAR(, type, name, NULL __VA_OPT__(,) __VA_ARGS__)
#define EDDY_CONTEXT_VAR_DEFINE_OWNED(type, destructor, name, ...)                                 \
    EDDY__CONTEXT_VAR_DROPPER(type, destructor, name)                                              \
    EDDY__CONTEXT_VAR(, type, name, name##__drop_value __VA_OPT__(,) __VA_ARGS__)

#define EDDY__CONTEXT_VAR_TYPE(type, name)                                                         \
    struct name##__context_var {                                                                   \
        eddy_context_var var;                                                                      \
        EDDY__MEMBER(type, fallback)                                                               \
    }
#define EDDY__CONTEXT_VAR_DROPPER(type, destructor, name)                                          \
    static void name##__drop_value(void *eddy_value_)                                              \
    {                                                                                              \
        destructor((type *)eddy_value_);                                                           \
    }
#define EDDY__CONTEXT_VAR(linkage, type, name, drop_, ...)                                         \
    linkage const struct name##__context_var name = {                                              \
        .var = {#name, sizeof(type), offsetof(struct name##__context_var, fallback), drop_}        \
            __VA_OPT__(, .fallback = __VA_ARGS__)}

/*
 * Returns the variable's value in the current context, of the variable's type. What it points to is
 * borrowed until the variable is set or reset there, or the task ends. Never fails; any thread.
 */
#define eddy_context_var_get(var_)                                                                 \
    (*(__typeof__(&(var_)->fallback))eddy__context_var_get(&(var_)->var))
EDDY_API const void *eddy__context_var_get(const eddy_context_var *var);

/*
 * Sets the variable in the current context: for this task, and for all that it creates from now on.
 * The value is converted to the variable's type; (struct user){1, 2} needs no further parentheses.
 * Returns 0, or -ENOMEM: then nothing has changed, and the caller still owns the value.
 */
#define eddy_context_var_set(var_, ...) eddy_context_var_set_token(var_, NULL, __VA_ARGS__)

/*
 * The same, and stores a token that can restore the previous value:
 *
 *     EDDY_AUTO(eddy_context_token) *token = NULL;
 *     EDDY_TRY(eddy_context_var_set_token(&request_id, &token, 7));
 *     ...
 *     EDDY_TRY(eddy_context_var_reset(&request_id, token));
 *
 * The caller owns the token and frees it with eddy_context_token_free(), which resets nothing.
 */
#define eddy_context_var_set_token(var_, out_token, ...)                                           \
    eddy__status(__extension__({                                                                   \
        __typeof__((var_)->fallback) eddy_value_ = __VA_ARGS__;                                    \
        eddy__context_var_set(&(var_)->var, &eddy_value_, (out_token));                            \
    }))
typedef struct eddy_context_token eddy_context_token;
EDDY_API EDDY_CHECKED int eddy__context_var_set(const eddy_context_var *var, const void *value,
                                                eddy_context_token **out_token);

/*
 * Restores the variable's state from before `token` was made: its value, or not set. A token can be
 * used once. Returns 0, -ENOMEM,
 *   EDDY_EMISUSE  the token has already been used, or is NULL,
 *   EDDY_EVALUE   it was made by another variable, or in another context.
 */
#define eddy_context_var_reset(var_, token) eddy__context_var_reset(&(var_)->var, (token))
EDDY_API EDDY_CHECKED int eddy__context_var_reset(const eddy_context_var *var,
                                                  eddy_context_token *token);
EDDY_API void eddy_context_token_free(eddy_context_token *token); /* NULL is fine */

/* --- Contexts -------------------------------------------------------------------------------- */

/*
 * All variables that are set, as an object: reference-counted, used by one thread at a time.
 *
 *     EDDY_AUTO(eddy_context) *context = NULL;
 *     EDDY_TRY(eddy_copy_context(&context));
 *     eddy_task *task = eddy_task_create(eddy_coro(serve, 1),
 *                                        &(eddy_task_options){.context = context});
 */
typedef struct eddy_context eddy_context;

/* Create a copy of the current context, an empty context, a copy of `context`. 0 or -ENOMEM. */
EDDY_API EDDY_CHECKED int eddy_copy_context(eddy_context **out_context);
EDDY_API EDDY_CHECKED int eddy_context_new(eddy_context **out_context);
EDDY_API EDDY_CHECKED int eddy_context_copy(const eddy_context *context, eddy_context **out_context);

/* Take one more reference, returning `context`; release a reference (NULL is fine). */
EDDY_API eddy_context *eddy_context_ref(eddy_context *context);
EDDY_API void eddy_context_free(eddy_context *context);

/* Return a variable's value in a context, as eddy_context_var_get(); whether it is set there. */
#define eddy_context_get(context, var_)                                                            \
    (*(__typeof__(&(var_)->fallback))eddy__context_get((context), &(var_)->var))
#define eddy_context_has(context, var_) eddy__context_has((context), &(var_)->var)
EDDY_API const void *eddy__context_get(const eddy_context *context, const eddy_context_var *var);
EDDY_API bool eddy__context_has(const eddy_context *context, const eddy_context_var *var);

/*
 * Runs a coroutine object inline, as eddy_await() does, but in `context`, which keeps what the
 * function sets. Afterwards the previous context is current again. Also works outside tasks, for a
 * function that does not wait there.
 *
 *     int rc = eddy_context_run(context, eddy_coro(render, page), &text);
 *
 * The coroutine object is consumed. Returns what the function returned, or EDDY_EMISUSE: the
 * context is already entered, the argument is no coroutine object, or its value has another size.
 * Suspends when the function does. A cancellation is delivered to the function.
 */
#define eddy_context_run(context, ...)                                                             \
    EDDY__SELECT2(__VA_ARGS__, eddy__context_run_value, eddy__context_run_status, )                \
    (context, __VA_ARGS__)
#define eddy__context_run_status(context, coroutine)                                               \
    eddy__context_run((context), (coroutine), NULL, 0)
#define eddy__context_run_value(context, coroutine, out_value)                                     \
    eddy__context_run((context), (coroutine), (out_value), sizeof *(out_value))
EDDY_API EDDY_SUSPENDS int eddy__context_run(eddy_context *context, eddy_coroutine *coroutine,
                                             void *out_value, size_t size);

/* Returns the context of a task, borrowed until it ends; NULL after that, and without memory. */
EDDY_API eddy_context *eddy_task_get_context(eddy_task *task);

EDDY_AUTO_FOR(eddy_context, eddy_context_free)
EDDY_AUTO_FOR(eddy_context_token, eddy_context_token_free)

EDDY_END_DECLS

#endif
