/* SPDX-License-Identifier: MIT */
/*
 * walk.c: walks the operations of a program: blocks, coroutines, callbacks, and the structure that
 * `try`, `repeat` and `if` give them.
 *
 * How a step ended is one number (machine.h). A loop consumes FLOW_BREAK and FLOW_CONTINUE, a
 * coroutine FLOW_RETURN, a `try` errors; everybody else passes on what isn't FLOW_NEXT.
 *
 * What always holds: an error under way is known to Eddy with its details. Whoever runs operations
 * before passing it on (handlers, `finally`) takes the details first and sends them on after.
 */
#include <string.h>

#include "errors.h"
#include "machine.h"

/* Logs the variable if it is unbound; NULL stands for none. */
static bool is_unbound(struct frame *frame, const struct op *op, const struct variable *variable)
{
    if (variable == NULL || is_bound(variable))
        return false;
    TRACE(frame->run, "unbound", value_of_text(op->kind->name), value_of_text(variable->name));
    return true;
}

/* Whether an operand is unbound; logs the first that is. */
static bool has_unbound(struct frame *frame, const struct op *op)
{
    const struct arg *arg = op->args;
    for (const char *letter = op->kind->shape; *letter != '\0'; letter++) {
        if (*letter == '|')
            continue;
        if (strchr("vFT", *letter) != NULL && is_unbound(frame, op, arg->variable))
            return true;
        size_t count = strchr("aA", *letter) != NULL ? arg->awaitable_count : 0;
        for (size_t i = 0; i < count; i++) {
            if (is_unbound(frame, op, arg->awaitables[i].variable))
                return true;
        }
        arg++;
    }
    return false;
}

/* Whether the operands that must be futures or tasks are. */
static bool has_futures(const struct op *op)
{
    const struct arg *arg = op->args;
    for (const char *letter = op->kind->shape; *letter != '\0'; letter++) {
        if (*letter == '|')
            continue;
        if (*letter == 'F' && future_of(arg->variable) == NULL)
            return false;
        if (*letter == 'T' && !is_task(arg->variable))
            return false;
        size_t count = strchr("aA", *letter) != NULL ? arg->awaitable_count : 0;
        for (size_t i = 0; i < count; i++) {
            const struct variable *variable = arg->awaitables[i].variable;
            if (variable != NULL && future_of(variable) == NULL)
                return false;
        }
        arg++;
    }
    return true;
}

static void log_op(struct run *run, const struct op *op, struct value result)
{
    const char *name = op->kind->name;
    switch (op->kind->log) {
    case LOG_NOTHING: break;
    case LOG_FIRST: TRACE(run, name, op->args[0].value); break;
    case LOG_RESULT: TRACE(run, name, op->args[0].value, result); break;
    case LOG_ONLY: TRACE(run, name, result); break;
    }
}

/* Every operation is counted, and so is every turn of a loop: so even an empty one ends. */
static int count_op(struct run *run)
{
    if (++run->op_count > run->program->ops_max)
        run_stop(run, "too many operations");
    return run->state == RUN_UNDER_WAY ? FLOW_NEXT : EDDY_CANCELLED;
}

int run_op(struct frame *frame, const struct op *op, struct value *result)
{
    *result = (struct value){0};
    int flow = count_op(frame->run);
    if (flow < 0 || has_unbound(frame, op))
        return flow;
    if (!has_futures(op))
        return EDDY_ETYPE;
    flow = op->kind->run(frame, op, result);
    if (flow == FLOW_NEXT)
        log_op(frame->run, op, *result);
    return flow;
}

int run_block(struct frame *frame, const struct block *block)
{
    int flow = FLOW_NEXT;
    struct value result;
    if (++frame->depth > DEPTH_MAX)
        run_stop(frame->run, "too deep");
    for (size_t i = 0; i < block->count && flow == FLOW_NEXT; i++)
        flow = run_op(frame, &block->ops[i], &result);
    frame->depth--;
    return flow;
}

/* --- Coroutines and callbacks ----------------------------------------------------------------- */

static struct value outcome_of_flow(struct run *run, int flow, struct value returned)
{
    if (flow >= 0)
        return flow == FLOW_RETURN ? returned : (struct value){0};
    return value_of_error(error_text(run->program, flow, eddy_error_get(flow)));
}

EDDY_ASYNC_TO(struct value, call, (struct function *, function), (unsigned, depth))
{
    struct run *run = function->run;
    struct frame frame = {.run = run, .depth = depth};
    if (!run->has_begun)
        run_begin(run);
    TRACE(run, "start", value_of_text(function->name));
    int flow = run_block(&frame, &function->body);
    struct value outcome = outcome_of_flow(run, flow, frame.returned);
    TRACE(run, "end", value_of_text(function->name), outcome);
    if (flow < 0)
        return flow;
    *result = outcome;
    return 0;
}

int call_inline(struct frame *frame, struct function *function, struct value *result)
{
    return call(result, function, frame->depth);
}

eddy_coroutine *new_call(struct function *function, unsigned depth)
{
    eddy_coroutine *coroutine = eddy_coro(call, function, depth);
    EDDY_IGNORE(eddy_task_set_name(coroutine, function->name));
    return coroutine;
}

eddy_future *take_awaitable(const struct awaitable *awaitable, unsigned depth)
{
    if (awaitable->call != NULL)
        return new_call(awaitable->call, depth);
    return future_of(awaitable->variable);
}

int run_generator_body(struct function *function)
{
    struct run *run = function->run;
    struct frame frame = {.run = run};
    TRACE(run, "start", value_of_text(function->name));
    int flow = run_block(&frame, &function->body);
    struct value outcome = outcome_of_flow(run, flow, (struct value){0});
    TRACE(run, "end", value_of_text(function->name), outcome);
    return flow < 0 ? flow : 0;
}

int call_callback(struct function *function)
{
    struct frame frame = {.run = function->run};
    TRACE(frame.run, "cb", value_of_text(function->name));
    int flow = run_block(&frame, &function->body);
    return flow < 0 ? flow : 0;
}

/* --- Errors ----------------------------------------------------------------------------------- */

OPERATION(raise_error)
{
    int status = op->args[0].status;
    return status == EDDY_CANCELLED ? eddy_error_raise(frame->run->cancellation) : status;
}

OPERATION(reraise)
{
    return frame->caught != NULL ? eddy_error_raise(frame->caught) : EDDY_EMISUSE;
}

/* What Eddy says of its own accord ("the run is ending") asyncio doesn't: docs/differences.md. */
OPERATION(log_message)
{
    bool is_asked_for = eddy_error_cancel_reason(frame->caught) == EDDY_CANCEL_REQUEST;
    *result = value_of_text(is_asked_for ? eddy_error_message(frame->caught) : NULL);
    return FLOW_NEXT;
}

static const struct clause *find_clause(const struct arg *clauses, const char *text)
{
    for (size_t i = 0; i < clauses->clause_count; i++) {
        const struct clause *clause = &clauses->clauses[i];
        for (size_t k = 0; k < clause->kind_count; k++) {
            if (error_is_kind(text, clause->kinds[k]))
                return clause;
        }
    }
    return NULL;
}

/* Runs the clause that takes the error, if there is one. */
static int handle(struct frame *frame, const struct arg *clauses, int status)
{
    struct run *run = frame->run;
    const char *text = error_text(run->program, status, eddy_error_get(status));
    const struct clause *clause = find_clause(clauses, text);
    if (clause == NULL || run->state != RUN_UNDER_WAY)
        return status;
    EDDY_AUTO(eddy_error) *caught = eddy_error_take(status);
    const eddy_error *outer = frame->caught;
    TRACE(run, "caught", value_of_text(text));
    frame->caught = caught;
    int flow = run_block(frame, &clause->body);
    frame->caught = outer;
    return flow;
}

/* Runs `finally` with `flow` under way, which goes on after it unless another error takes over. */
static int run_finally(struct frame *frame, const struct block *block, int flow)
{
    EDDY_AUTO(eddy_error) *under_way = flow < 0 ? eddy_error_take(flow) : NULL;
    int end = run_block(frame, block);
    if (end != FLOW_NEXT)
        return end;
    return under_way != NULL ? eddy_error_raise(under_way) : flow;
}

/* ["try", body, clauses, else, finally] */
OPERATION(run_try)
{
    const struct block *otherwise = &op->args[2].block;
    const struct block *finally = &op->args[3].block;
    int flow = run_block(frame, &op->args[0].block);
    if (flow < 0)
        flow = handle(frame, &op->args[1], flow);
    else if (flow == FLOW_NEXT)
        flow = run_block(frame, otherwise);
    return finally->is_given ? run_finally(frame, finally, flow) : flow;
}

/* --- The rest of the structure ---------------------------------------------------------------- */

OPERATION(run_return)
{
    frame->returned = op->args[0].value;
    return FLOW_RETURN;
}

OPERATION(run_break)
{
    return FLOW_BREAK;
}

OPERATION(run_continue)
{
    return FLOW_CONTINUE;
}

/* ["repeat", n, body] */
OPERATION(repeat)
{
    for (int64_t i = 0; i < op->args[0].value.number; i++) {
        int flow = count_op(frame->run);
        if (flow == FLOW_NEXT)
            flow = run_block(frame, &op->args[1].block);
        if (flow == FLOW_BREAK)
            break;
        if (flow != FLOW_NEXT && flow != FLOW_CONTINUE)
            return flow;
    }
    return FLOW_NEXT;
}

/* ["if", operation, then, else] */
OPERATION(run_if)
{
    int flow = run_op(frame, op->args[0].op, result);
    if (flow != FLOW_NEXT)
        return flow;
    return run_block(frame, &op->args[value_is_true(result) ? 1 : 2].block);
}

/* Nothing is to be done: what it logs is its argument. */
OPERATION(log_value)
{
    return FLOW_NEXT;
}

const struct op_kind structure_ops[] = {
    {"log", "x", LOG_FIRST, log_value},
    {"raise", "e", LOG_NOTHING, raise_error},
    {"reraise", "", LOG_NOTHING, reraise},
    {"errmsg", "", LOG_ONLY, log_message},
    {"try", "BH|BB", LOG_NOTHING, run_try},
    {"return", "|x", LOG_NOTHING, run_return},
    {"break", "", LOG_NOTHING, run_break},
    {"continue", "", LOG_NOTHING, run_continue},
    {"repeat", "iB", LOG_NOTHING, repeat},
    {"if", "OB|B", LOG_NOTHING, run_if},
    {0},
};
