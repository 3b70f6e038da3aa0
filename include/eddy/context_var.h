/* SPDX-License-Identifier: MIT */
/*
 * context_var.h: values that belong to a chain of tasks, as Python's contextvars: the request that is
 * served, its user, the language of its answers.
 *
 *     EDDY_CONTEXT_VAR(int, request_id, 0);
 *
 *     EDDY_ASYNC(serve, (int, id))
 *     {
 *         EDDY_TRY(eddy_context_var_set(&request_id, id));
 *         return answer();                        // and whatever it calls or starts, at any depth,
 *     }                                           // reads eddy_context_var_get(&request_id)
 *
 * A task begins with the variables that its maker has at that moment; what it sets is not seen by
 * its maker. So do callbacks, which take what is set when they are registered, and functions on
 * threads. What is awaited inline, and the body of a generator, shares the variables of the task
 * that it runs in. Outside of tasks each thread has variables of its own, with which a run begins.
 *
 * A program that sets none pays nothing; a task then inherits them all by one reference.
 */
#ifndef EDDY_CONTEXT_VAR_H
#define EDDY_CONTEXT_VAR_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

/* What Eddy knows of a variable; part of what EDDY_CONTEXT_VAR defines. */
typedef struct eddy_context_var {
    const char *name;
    size_t size;                /* bytes of a value */
    size_t fallback_offset;     /* bytes from here to its value where it isn't set */
    void (*drop)(void *value);  /* NULL: plain data */
} eddy_context_var;

/*
 * Define a variable of this type, at the top level of a file. After the name comes its value where it is
 * not set, {like, this} for a struct; left out, it is zero. With a destructor, destructor(type *) is
 * called for each value that was set, once, when the last context that has it lets go of it; on the
 * thread that lets go.
 */
#define EDDY_CONTEXT_VAR(type, name, ...)                                                          \
    EDDY__CONTEXT_VAR_TYPE(type, name);                                                            \
    EDDY__UNUSED EDDY__CONTEXT_VAR(static, type, name, NULL __VA_OPT__(,) __VA_ARGS__)
#define EDDY_CONTEXT_VAR_OWNED(type, destructor, name, ...)                                        \
    EDDY__CONTEXT_VAR_TYPE(type, name);                                                            \
    EDDY__CONTEXT_VAR_DROPPER(type, destructor, name)                                              \
    EDDY__UNUSED EDDY__CONTEXT_VAR(static, type, name, name##__drop_value __VA_OPT__(,) __VA_ARGS__)

/* For one of several files: DECLARE goes into the header, one of the others into one file. */
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
 * The variable's value in the current context, of the variable's type. What a value points to is lent
 * until the variable is set or reset there, or the task ends. Never fails, any thread.
 */
#define eddy_context_var_get(var_)                                                                 \
    (*(__typeof__(&(var_)->fallback))eddy__context_var_get(&(var_)->var))
EDDY_API const void *eddy__context_var_get(const eddy_context_var *var);

/*
 * Sets it in the current context: for this task, and for all that is made by it from now on. The
 * value is converted to the variable's type; (struct user){1, 2} needs no further parentheses.
 * Returns 0, or -ENOMEM: then nothing has changed, and the value is still the caller's.
 */
#define eddy_context_var_set(var_, ...) eddy_context_var_set_token(var_, NULL, __VA_ARGS__)

/*
 * The same, and *out_token can put back what was there before:
 *
 *     EDDY_AUTO(eddy_context_token) *token = NULL;
 *     EDDY_TRY(eddy_context_var_set_token(&request_id, &token, 7));
 *     ...
 *     EDDY_TRY(eddy_context_var_reset(&request_id, token));
 *
 * The token is the caller's, and given back with eddy_context_token_free(), which resets nothing.
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
 * Gives the variable the value, or the absence of one, that it had before `token` was made. Once for
 * each token. Returns 0, -ENOMEM,
 *   EDDY_EMISUSE  the token has been used already, or is NULL,
 *   EDDY_EVALUE   it was made by another variable, or in another context.
 */
#define eddy_context_var_reset(var_, token) eddy__context_var_reset(&(var_)->var, (token))
EDDY_API EDDY_CHECKED int eddy__context_var_reset(const eddy_context_var *var,
                                                  eddy_context_token *token);
EDDY_API void eddy_context_token_free(eddy_context_token *token); /* NULL is fine */

/* --- Contexts -------------------------------------------------------------------------------- */

/*
 * All variables that are set, as an object: shared by reference, used by one thread at a time.
 *
 *     EDDY_AUTO(eddy_context) *context = NULL;
 *     EDDY_TRY(eddy_copy_context(&context));
 *     eddy_task *task = eddy_task_create(eddy_coro(serve, 1),
 *                                        &(eddy_task_options){.context = context});
 */
typedef struct eddy_context eddy_context;

/* A copy of the current context; one in which nothing is set; a copy of a context. 0 or -ENOMEM. */
EDDY_API EDDY_CHECKED int eddy_copy_context(eddy_context **out_context);
EDDY_API EDDY_CHECKED int eddy_context_new(eddy_context **out_context);
EDDY_API EDDY_CHECKED int eddy_context_copy(const eddy_context *context, eddy_context **out_context);

/* One more reference, to be given back; returns `context`. And giving one back; NULL is fine. */
EDDY_API eddy_context *eddy_context_ref(eddy_context *context);
EDDY_API void eddy_context_free(eddy_context *context);

/* A variable's value in a context, as eddy_context_var_get(); and whether it is set there. */
#define eddy_context_get(context, var_)                                                            \
    (*(__typeof__(&(var_)->fallback))eddy__context_get((context), &(var_)->var))
#define eddy_context_has(context, var_) eddy__context_has((context), &(var_)->var)
EDDY_API const void *eddy__context_get(const eddy_context *context, const eddy_context_var *var);
EDDY_API bool eddy__context_has(const eddy_context *context, const eddy_context_var *var);

/*
 * Runs a coroutine object right here, as eddy_await() does, but in `context`, which keeps what the
 * function sets; then the current context is what it was. Works outside of tasks too, for a
 * function that does not wait there.
 *
 *     int rc = eddy_context_run(context, eddy_coro(render, page), &text);
 *
 * The coroutine object is used up. Returns what the function returned, or EDDY_EMISUSE: the context is
 * entered already, what is given is no coroutine object, or its value has another size. Suspends as
 * the function does; a cancellation is the function's to see.
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

/* The context that a task runs in, lent until it ends; NULL after that, and without memory. */
EDDY_API eddy_context *eddy_task_get_context(eddy_task *task);

EDDY_AUTO_FOR(eddy_context, eddy_context_free)
EDDY_AUTO_FOR(eddy_context_token, eddy_context_token_free)

EDDY_END_DECLS

#endif
