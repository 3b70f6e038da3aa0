/* SPDX-License-Identifier: MIT */
/*
 * ops_callback.c: callbacks of futures and of the loop, and their handles.
 */
#include "machine.h"

static int on_done(eddy_future *future, void *data)
{
    (void)future;
    return call_callback(data);
}

static int on_call(void *data)
{
    return call_callback(data);
}

OPERATION(add_callback)
{
    return eddy_future_add_done_callback(future_of(op->args[0].variable), on_done,
                                         op->args[1].function);
}

OPERATION(remove_callback)
{
    *result = value_of_int(eddy_future_remove_done_callback(future_of(op->args[0].variable),
                                                            on_done, op->args[1].function));
    return FLOW_NEXT;
}

OPERATION(call_soon)
{
    eddy_handle *handle;
    int status = eddy_call_soon(on_call, op->args[1].function, &handle);
    if (status >= 0)
        bind(frame->run, op->args[0].variable, &handle_kind, handle);
    return status;
}

OPERATION(call_later)
{
    eddy_handle *handle;
    double delay = seconds_of(&op->args[1].value);
    int status = eddy_call_later(delay, on_call, op->args[2].function, &handle);
    if (status >= 0)
        bind(frame->run, op->args[0].variable, &handle_kind, handle);
    return status;
}

OPERATION(call_at)
{
    eddy_handle *handle;
    double when = seconds_of(&op->args[1].value);
    int status = eddy_call_at(when, on_call, op->args[2].function, &handle);
    if (status >= 0)
        bind(frame->run, op->args[0].variable, &handle_kind, handle);
    return status;
}

OPERATION(cancel_handle)
{
    eddy_handle *handle = it_of(op->args[0].variable, &handle_kind);
    if (handle == NULL)
        return EDDY_ETYPE;
    eddy_handle_cancel(handle);
    return FLOW_NEXT;
}

OPERATION(handle_cancelled)
{
    const eddy_handle *handle = it_of(op->args[0].variable, &handle_kind);
    if (handle == NULL)
        return EDDY_ETYPE;
    *result = value_of_bool(eddy_handle_cancelled(handle));
    return FLOW_NEXT;
}

const struct op_kind callback_ops[] = {
    {"add_cb", "Fb", LOG_NOTHING, add_callback},
    {"remove_cb", "Fb", LOG_RESULT, remove_callback},
    {"call_soon", "Nb", LOG_NOTHING, call_soon},
    {"call_later", "Nib", LOG_NOTHING, call_later},
    {"call_at", "Nib", LOG_NOTHING, call_at},
    {"cancel_handle", "v", LOG_NOTHING, cancel_handle},
    {"handle_cancelled", "v", LOG_RESULT, handle_cancelled},
    {0},
};

static void free_handle(void *it)
{
    eddy_handle_free(it);
}

const struct object_kind handle_kind = {.free = free_handle};
