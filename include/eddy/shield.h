/* SPDX-License-Identifier: MIT */
/*
 * shield.h: awaiting a task that must not be cancelled with the awaiting task.
 *
 *     EDDY_AUTO(eddy_task) *saving = eddy_create_task(save, document);
 *     int rc = eddy_shield(saving);               // if cancelled, `saving` continues
 *
 * Keep a reference to the task and await it again; otherwise its error is only reported.
 */
#ifndef EDDY_SHIELD_H
#define EDDY_SHIELD_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/*
 * Awaits `awaitable` as eddy_await() does, with the same results, but cancelling the awaiting task
 * does not cancel it. A coroutine object is consumed and becomes a task.
 */
#define eddy_shield(...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__shield_value, eddy__shield_status, )(__VA_ARGS__)
#define eddy__shield_status(awaitable) eddy__shield((awaitable), NULL, 0)
#define eddy__shield_value(awaitable, out_value) \
    eddy__shield((awaitable), (out_value), sizeof *(out_value))
EDDY_API EDDY_SUSPENDS int eddy__shield(eddy_future *awaitable, void *out_value, size_t size);

/*
 * Returns a shielding future without waiting. It ends as `awaitable` does; cancelling it does not
 * cancel `awaitable`. If `awaitable` is already done, returns that. The caller owns the reference.
 * Never NULL.
 */
EDDY_API EDDY_CHECKED eddy_future *eddy_shield_start(eddy_future *awaitable);

EDDY_END_DECLS

#endif
