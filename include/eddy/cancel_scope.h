/* SPDX-License-Identifier: MIT */
/*
 * cancel_scope.h: a scope with persistent cancellation, for code that may ignore a single request.
 *
 *     EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
 *     EDDY_TRY(eddy_cancel_scope_enter(scope));
 *     int rc = serve(client, scope);                   // any task may cancel the scope
 *     rc = eddy_cancel_scope_end(rc);                  // 0 if this scope's cancellation ended it
 *
 * eddy_task_cancel() is delivered once, as in asyncio: a task that ignores it continues. In a
 * cancelled scope, every await that has to wait returns EDDY_CANCELLED until the scope ends, also
 * in the tasks of groups begun inside the scope. Put cleanup that must await in a shield:
 *
 *     if (rc == EDDY_CANCELLED)
 *         EDDY_IGNORE(eddy_shielded(eddy_within(5.0, say_goodbye(client))) < 0);
 *
 * The model is CancelScope in Trio and AnyIO. Scopes nest and end newest first. The function that
 * began a scope ends it; if a coroutine's body leaves early, Eddy does.
 */
#ifndef EDDY_CANCEL_SCOPE_H
#define EDDY_CANCEL_SCOPE_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* Reference-counted. An open scope holds one reference; yours lets you query it after its end. */
typedef struct eddy_cancel_scope eddy_cancel_scope;

/* Creates a scope, not yet entered; release with eddy_cancel_scope_free(). NULL without memory. */
EDDY_API EDDY_CHECKED eddy_cancel_scope *eddy_cancel_scope_new(void);
EDDY_API void eddy_cancel_scope_free(eddy_cancel_scope *scope);

/*
 * Enters the scope in the current task. If it is already cancelled, the next await is cancelled.
 * Returns 0, -ENOMEM for NULL, EDDY_EMISUSE outside a task or the second time: no scope has begun.
 */
#define eddy_cancel_scope_enter(scope) eddy__cancel_scope_enter((scope), EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__cancel_scope_enter(eddy_cancel_scope *scope,
                                                   const eddy_place *place, const char *function);

/* Creates and enters a scope: eddy_cancel_scope_current(). Returns 0, -ENOMEM or EDDY_EMISUSE. */
#define eddy_cancel_scope_begin() eddy__cancel_scope_begin(EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__cancel_scope_begin(const eddy_place *place, const char *function);

/*
 * Ends the newest scope, which must be a cancel scope; `status` is its body's. Returns 0 in place
 * of EDDY_CANCELLED if the cancellation was this scope's own, no other was requested, and no
 * enclosing scope is cancelled; otherwise `status`. Returns EDDY_EMISUSE if the newest scope is no
 * cancel scope. Never suspends.
 */
EDDY_API EDDY_CHECKED int eddy_cancel_scope_end(int status);

/*
 * Cancels the scope persistently: waits inside it return EDDY_CANCELLED. `message` (copied, may be
 * omitted) travels with the cancellation. Call it from any task or callback of the loop. Returns 1;
 * 0 for NULL or a scope already cancelled or ended; EDDY_EMISUSE on another thread.
 */
#define eddy_cancel_scope_cancel(...)                                                     \
    EDDY__SELECT2(__VA_ARGS__, eddy__cancel_scope_message, eddy__cancel_scope_plain, )    \
    (__VA_ARGS__)
#define eddy__cancel_scope_plain(scope) eddy__cancel_scope_cancel((scope), NULL, EDDY_HERE)
#define eddy__cancel_scope_message(scope, message) \
    eddy__cancel_scope_cancel((scope), (message), EDDY_HERE)
EDDY_API int eddy__cancel_scope_cancel(eddy_cancel_scope *scope, const char *message,
                                       const eddy_place *place);

/* Whether the scope has been cancelled; whether its end turned its own cancellation into 0. */
EDDY_API bool eddy_cancel_scope_cancelled(const eddy_cancel_scope *scope);
EDDY_API bool eddy_cancel_scope_caught(const eddy_cancel_scope *scope);

/* Returns the innermost open cancel scope of the current task, borrowed; NULL if there is none. */
EDDY_API eddy_cancel_scope *eddy_cancel_scope_current(void);

/*
 * Begin and end a shield: inside it, awaits are not affected by cancelled scopes around it. They
 * are still cancelled by eddy_task_cancel(), timeouts and inner scopes. After the shield, the next
 * await is cancelled again. Begin returns 0, or -ENOMEM or EDDY_EMISUSE (outside a task): no shield
 * has begun. End returns `status`, or EDDY_EMISUSE if the newest open scope is no shield.
 */
#define eddy_cancel_shield_begin() eddy__cancel_shield_begin(EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__cancel_shield_begin(const eddy_place *place, const char *function);
EDDY_API EDDY_CHECKED int eddy_cancel_shield_end(int status);

/* Runs `call` in a shield. Returns its status, or the error if the shield could not begin. */
#define eddy_shielded(call)                                                  \
    eddy__status(__extension__({                                             \
        int eddy_shielded_ = eddy_cancel_shield_begin();                     \
        if (eddy_shielded_ == 0)                                             \
            eddy_shielded_ = eddy_cancel_shield_end((call));                 \
        eddy_shielded_;                                                      \
    }))

EDDY_AUTO_FOR(eddy_cancel_scope, eddy_cancel_scope_free)

EDDY_END_DECLS

#endif
