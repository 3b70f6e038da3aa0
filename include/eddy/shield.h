/* SPDX-License-Identifier: MIT */
/*
 * shield.h: waiting for something that must not be cancelled with the waiter.
 *
 *     EDDY_AUTO(eddy_task) *saving = eddy_create_task(save, document);
 *     int rc = eddy_shield(saving);               // cancelled: `saving` runs on
 *
 * Hold a reference to the task, and await it again: its error would otherwise only be reported.
 */
#ifndef EDDY_SHIELD_H
#define EDDY_SHIELD_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/*
 * Awaits `awaitable` as eddy_await() does, except that cancelling the awaiting task leaves it alone. A
 * coroutine object is used up and becomes a task.
 */
#define eddy_shield(...) \
    EDDY__SELECT2(__VA_ARGS__, eddy__shield_value, eddy__shield_status, )(__VA_ARGS__)
#define eddy__shield_status(awaitable) eddy__shield((awaitable), NULL, 0)
#define eddy__shield_value(awaitable, out_value) \
    eddy__shield((awaitable), (out_value), sizeof *(out_value))
EDDY_API EDDY_SUSPENDS int eddy__shield(eddy_future *awaitable, void *out_value, size_t size);

/*
 * The future that shields, without waiting: it ends as `awaitable` does, and cancelling it cancels it
 * alone. For one that is done already it is that one. The reference is the caller's; never NULL.
 */
EDDY_API EDDY_CHECKED eddy_future *eddy_shield_start(eddy_future *awaitable);

EDDY_END_DECLS

#endif
