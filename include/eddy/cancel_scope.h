/* SPDX-License-Identifier: MIT */
/*
 * cancel_scope.h: a scope that can be cancelled for good, for code that checks carelessly.
 *
 *     EDDY_AUTO(eddy_cancel_scope) *scope = eddy_cancel_scope_new();
 *     EDDY_TRY(eddy_cancel_scope_enter(scope));
 *     int rc = serve(client, scope);                   // somebody may cancel the scope
 *     rc = eddy_cancel_scope_end(rc);                  // 0 when it was this scope's cancellation
 *
 * eddy_task_cancel() is delivered once, as in asyncio: a task that overlooks it goes on. In a scope that
 * has been cancelled every await that has to wait returns EDDY_CANCELLED, now and from then on, until
 * the scope ends; in the tasks of groups begun inside it too. Cleanup that must await stands in a
 * shield:
 *
 *     if (rc == EDDY_CANCELLED)
 *         EDDY_IGNORE(eddy_shielded(eddy_within(5.0, say_goodbye(client))) < 0);
 *
 * Trio's and AnyIO's CancelScope is the model. Scopes nest; they end newest first, by the function
 * that began them or, in a coroutine's body that leaves early, by Eddy.
 */
#ifndef EDDY_CANCEL_SCOPE_H
#define EDDY_CANCEL_SCOPE_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

/* Shared by reference counts: the open scope holds one, so that it can be asked after its end. */
typedef struct eddy_cancel_scope eddy_cancel_scope;

/* A scope that has not been entered; NULL without memory. Give it back with eddy_cancel_scope_free(). */
EDDY_API EDDY_CHECKED eddy_cancel_scope *eddy_cancel_scope_new(void);
EDDY_API void eddy_cancel_scope_free(eddy_cancel_scope *scope);

/*
 * Enters it in the current task. One that has been cancelled before cancels at the next await. Returns
 * 0, -ENOMEM for NULL, or EDDY_EMISUSE outside a task or the second time: then nothing has begun.
 */
#define eddy_cancel_scope_enter(scope) eddy__cancel_scope_enter((scope), EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__cancel_scope_enter(eddy_cancel_scope *scope,
                                                   const eddy_place *place, const char *function);

/* Makes one and enters it; eddy_cancel_scope_current() lends it. 0, -ENOMEM, EDDY_EMISUSE. */
#define eddy_cancel_scope_begin() eddy__cancel_scope_begin(EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__cancel_scope_begin(const eddy_place *place, const char *function);

/*
 * Ends the newest scope, which must be a cancel scope, with the status of its body. Returns 0 in
 * place of EDDY_CANCELLED when that was this scope's own, nobody has asked for another, and no scope
 * around it has been cancelled; else `status`; EDDY_EMISUSE when no cancel scope is open there. Never
 * suspends.
 */
EDDY_API EDDY_CHECKED int eddy_cancel_scope_end(int status);

/*
 * Cancels the scope for good; whoever waits in it goes on with EDDY_CANCELLED, and `message` (copied,
 * may be left out) travels with that. From any task or callback of the loop. Returns 1; 0 if it has
 * been cancelled already or has ended; EDDY_EMISUSE for NULL or on another thread.
 */
#define eddy_cancel_scope_cancel(...)                                                     \
    EDDY__SELECT2(__VA_ARGS__, eddy__cancel_scope_message, eddy__cancel_scope_plain, )    \
    (__VA_ARGS__)
#define eddy__cancel_scope_plain(scope) eddy__cancel_scope_cancel((scope), NULL, EDDY_HERE)
#define eddy__cancel_scope_message(scope, message) \
    eddy__cancel_scope_cancel((scope), (message), EDDY_HERE)
EDDY_API int eddy__cancel_scope_cancel(eddy_cancel_scope *scope, const char *message,
                                       const eddy_place *place);

/* Whether it has been cancelled; whether its end turned its own cancellation into 0. */
EDDY_API bool eddy_cancel_scope_cancelled(const eddy_cancel_scope *scope);
EDDY_API bool eddy_cancel_scope_caught(const eddy_cancel_scope *scope);

/* The innermost open cancel scope of the current task, lent; NULL if there is none. */
EDDY_API eddy_cancel_scope *eddy_cancel_scope_current(void);

/*
 * Begins and ends a region that scopes cancelled around it don't reach: awaits work as ever. Requests
 * of eddy_task_cancel(), timeouts and scopes inside it do. The end returns `status`; the next await is
 * cancelled again. Begin returns 0, or -ENOMEM, EDDY_EMISUSE outside a task: then nothing has begun;
 * the end EDDY_EMISUSE when the newest open scope is no shield.
 */
#define eddy_cancel_shield_begin() eddy__cancel_shield_begin(EDDY_HERE, __func__)
EDDY_API EDDY_CHECKED int eddy__cancel_shield_begin(const eddy_place *place, const char *function);
EDDY_API EDDY_CHECKED int eddy_cancel_shield_end(int status);

/* The status of `call` in such a region, or why it could not begin. */
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
