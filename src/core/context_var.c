/* SPDX-License-Identifier: MIT */
/*
 * context_var.c: context variables, their tokens, and contexts as objects.
 *
 * The public API over the storage in inherit.c. The rules are those of Python's contextvars: a
 * token restores the value from before the set that made it, once, in the context where it was
 * made; a context runs one thing at a time.
 */
#include "core/inherit.h"

#include <errno.h>

struct eddy_context_token {
    const eddy_context_var *var;
    struct eddy_context *context; // a reference
    struct bound_value *before;   // a reference; NULL: it was not set
    bool is_used;
};

/* ---- variables -------------------------------------------------------------------------------*/

static const void *value_in(const struct bindings *bindings, const eddy_context_var *var)
{
    const struct bound_value *value = eddy__bindings_find(bindings, var);
    return value != NULL ? (const char *)value->data : (const char *)var + var->fallback_offset;
}

const void *eddy__context_var_get(const eddy_context_var *var)
{
    return value_in(eddy__inherited_bindings(*eddy__inherited_slot()), var);
}

static eddy_context_token *make_token(struct eddy_context *context, const eddy_context_var *var)
{
    eddy_context_token *token = eddy__malloc(sizeof *token);
    if (token == NULL)
        return NULL;
    *token = (eddy_context_token){
        .var = var,
        .context = eddy_context_ref(context),
        .before = eddy__bound_value_ref(eddy__bindings_find(context->bindings, var)),
    };
    return token;
}

/* Releases a value whose bytes still belong to the caller. */
static void disown(struct bound_value *value)
{
    value->drop = NULL;
    eddy__bound_value_unref(value);
}

int eddy__context_var_set(const eddy_context_var *var, const void *data,
                          eddy_context_token **out_token)
{
    if (var == NULL || data == NULL)
        return eddy__misuse("eddy_context_var_set: the variable or its value is NULL");
    struct eddy_context *context = eddy__inherited_context(eddy__inherited_slot());
    struct bound_value *value = context != NULL ? eddy__bound_value_new(var, data) : NULL;
    if (value == NULL)
        return -ENOMEM;
    eddy_context_token *token = out_token != NULL ? make_token(context, var) : NULL;
    if ((out_token != NULL && token == NULL) || eddy__context_bind(context, var, value) < 0) {
        eddy_context_token_free(token);
        disown(value);
        return -ENOMEM;
    }
    eddy__bound_value_unref(value);
    if (out_token != NULL)
        *out_token = token;
    return 0;
}

int eddy__context_var_reset(const eddy_context_var *var, eddy_context_token *token)
{
    if (token == NULL || token->is_used)
        return eddy__misuse("eddy_context_var_reset: there is no token, or it has been used already");
    if (token->var != var)
        return eddy__fail_plain(EDDY_EVALUE,
                                "eddy_context_var_reset: the token was made by another variable");
    if (eddy__inherited_as_context(*eddy__inherited_slot()) != token->context)
        return eddy__fail_plain(EDDY_EVALUE,
                                "eddy_context_var_reset: the token was made in another context");
    int err = eddy__context_bind(token->context, var, token->before);
    token->is_used = err == 0;
    return err;
}

void eddy_context_token_free(eddy_context_token *token)
{
    if (token == NULL)
        return;
    eddy_context_free(token->context);
    eddy__bound_value_unref(token->before);
    eddy__free(token);
}

/* ---- contexts --------------------------------------------------------------------------------*/

static int hand_out(struct eddy_context *context, eddy_context **out_context)
{
    if (context == NULL)
        return -ENOMEM;
    *out_context = context;
    return 0;
}

int eddy_copy_context(eddy_context **out_context)
{
    return hand_out(eddy__context_with(eddy__inherited_bindings(*eddy__inherited_slot())),
                    out_context);
}

int eddy_context_new(eddy_context **out_context)
{
    return hand_out(eddy__context_with(NULL), out_context);
}

int eddy_context_copy(const eddy_context *context, eddy_context **out_context)
{
    if (context == NULL)
        return eddy__misuse("eddy_context_copy: the context is NULL");
    return hand_out(eddy__context_with(context->bindings), out_context);
}

eddy_context *eddy_context_ref(eddy_context *context)
{
    if (context != NULL)
        eddy__inherited_ref(&context->head);
    return context;
}

void eddy_context_free(eddy_context *context)
{
    if (context != NULL)
        eddy__inherited_unref(&context->head);
}

const void *eddy__context_get(const eddy_context *context, const eddy_context_var *var)
{
    return value_in(context != NULL ? context->bindings : NULL, var);
}

bool eddy__context_has(const eddy_context *context, const eddy_context_var *var)
{
    return context != NULL && eddy__bindings_find(context->bindings, var) != NULL;
}

eddy_context *eddy_task_get_context(eddy_task *future)
{
    if (future == NULL || future->kind != &eddy__future_task ||
        eddy__future_is_elsewhere(future) ||
        (future->stage != TASK_CREATED && future->stage != TASK_RUNNING))
        return NULL;
    struct task *task = eddy__task_of(future);
    if (future->stage == TASK_RUNNING)
        return eddy__inherited_context(&task->activation->inherited);
    struct inherited *inherited = eddy__task_inherited(task);
    eddy_context *context = eddy__inherited_context(&inherited);
    eddy__task_hold(task, eddy__task_extra(task), inherited);
    return context;
}

/* ---- running in a context --------------------------------------------------------------------*/

static int may_run(const eddy_context *context, const eddy_coroutine *coroutine,
                   const void *out_value, size_t size)
{
    if (context == NULL || coroutine == NULL || !eddy__is_coroutine(coroutine))
        return eddy__misuse("eddy_context_run: a context and a coroutine object must be given");
    if (eddy__future_is_elsewhere(coroutine))
        return eddy__misuse("eddy_context_run: the coroutine object belongs to another thread");
    if (context->is_entered ||
        eddy__inherited_as_context(*eddy__inherited_slot()) == context)
        return eddy__misuse("eddy_context_run: the context is entered already");
    if (out_value != NULL && size != eddy__future_value(coroutine).size)
        return eddy__misuse("eddy_context_run: the value has another size");
    return 0;
}

int eddy__context_run(eddy_context *context, eddy_coroutine *coroutine, void *out_value,
                      size_t size)
{
    if (coroutine != NULL && !eddy__is_coroutine(coroutine) && eddy__future_is_done(coroutine))
        return coroutine->status; // the coroutine object could not be made
    int err = may_run(context, coroutine, out_value, size);
    struct inherited *entered = NULL;
    if (err == 0)
        err = eddy__inherit_in(context, &entered);
    if (err < 0)
        return eddy__coro_refuse(coroutine, err);
    struct inherited *outer = *eddy__inherited_slot();
    *eddy__inherited_slot() = entered;
    context->is_entered = true;
    eddy__coro_take(eddy__task_of(coroutine));
    int status = eddy__coro_run(eddy__task_of(coroutine));
    context->is_entered = false;
    *eddy__inherited_slot() = outer;
    if (status >= 0)
        status = eddy__future_take(coroutine, out_value, size);
    eddy__inherited_unref(entered);
    eddy_future_free(coroutine);
    return status;
}
