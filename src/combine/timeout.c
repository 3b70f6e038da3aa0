/* SPDX-License-Identifier: MIT */
/*
 * timeout.c: scopes with a deadline, and wait_for.
 *
 *      created --enter--> active --deadline--> expiring --end--> expired
 *                            `--end--> finished
 *
 * At the deadline the task is cancelled, and the request is counted. The end of the scope takes
 * that request back, and turns the cancellation into EDDY_TIMEDOUT if there was no other request
 * since the scope was entered: the count tells them apart.
 *
 * A timeout is shared: the open scope holds one reference, the user, who may query it later,
 * another.
 */
#include "combine/combine.h"

#include <eddy/timeout.h>

#include <errno.h>
#include <math.h>

enum timeout_state {
    TIMEOUT_CREATED,
    TIMEOUT_INVALID, // made with a time that is NaN: can't be entered
    TIMEOUT_ACTIVE,
    TIMEOUT_EXPIRING,
    TIMEOUT_EXPIRED,
    TIMEOUT_FINISHED,
};

struct eddy_timeout {
    struct scope scope;
    struct timer timer; // armed, or its handle queued, while active
    uint32_t refs;
    uint32_t loop_id; // that made or entered it; 0: none yet, or it has no user
    uint8_t state; // enum timeout_state
    int cancelling_before;
    int failure; // why it could not begin; or 0
    struct task *task; // that entered it; held until the end, maybe in another task (a generator's)
    int64_t when_ns;
};

static struct eddy_timeout *timeout_of(struct scope *scope)
{
    return container_of(scope, struct eddy_timeout, scope);
}

static void expire(struct handle *handle)
{
    struct timer *timer = container_of(handle, struct timer, handle);
    struct eddy_timeout *timeout = container_of(timer, struct eddy_timeout, timer);
    struct eddy_error *why =
        eddy__cancellation_new(EDDY_CANCEL_DEADLINE, NULL, timeout->scope.place);
    timeout->state = TIMEOUT_EXPIRING;
    eddy__future_cancel_for(&timeout->task->future, why);
    eddy__error_unref(why);
}

/* EDDY_TIMEDOUT, with the place where the timeout was set. */
static int timed_out(const struct eddy_timeout *timeout)
{
    struct eddy_error *error = eddy__error_new(EDDY_TIMEDOUT, timeout->scope.place, NULL);
    eddy__error_travel(eddy__task_current(), error);
    eddy__error_unref(error);
    return EDDY_TIMEDOUT;
}

static void let_go(struct task *task)
{
    if (task == eddy__task_current())
        task->future.refs--; // never the last: the task runs
    else
        eddy_future_free(&task->future);
}

static inline void unref(struct eddy_timeout *timeout)
{
    if (--timeout->refs > 0)
        return;
    if (timeout->loop_id != 0)
        eddy__untrack(timeout);
    eddy__block_free(timeout, sizeof *timeout);
}

static int end_scope(struct scope *scope, int status)
{
    struct eddy_timeout *timeout = timeout_of(scope);
    eddy__scope_pop(scope);
    eddy__timer_disarm(eddy__loop_current(), &timeout->timer);
    if (timeout->state == TIMEOUT_EXPIRING) {
        timeout->state = TIMEOUT_EXPIRED;
        int left = eddy_task_uncancel(&timeout->task->future);
        if (left <= timeout->cancelling_before && status == EDDY_CANCELLED)
            status = timed_out(timeout);
    } else {
        timeout->state = TIMEOUT_FINISHED;
    }
    if (timeout->failure < 0 && status >= 0)
        status = timeout->failure;
    let_go(timeout->task);
    unref(timeout);
    return status;
}

static struct eddy_timeout *new_timeout(int64_t when_ns)
{
    struct eddy_timeout *timeout = eddy__block_new(sizeof *timeout);
    if (timeout == NULL)
        return NULL;
    timeout->scope = (struct scope){.end = end_scope, .kind = "timeout"};
    timeout->timer.handle = (struct handle){.run = expire};
    timeout->timer.node = (struct heap_node){0};
    timeout->refs = 1;
    timeout->loop_id = 0;
    timeout->state = TIMEOUT_CREATED;
    timeout->failure = 0;
    timeout->when_ns = when_ns;
    return timeout;
}

static int64_t now_ns(void)
{
    struct eddy_loop *loop = eddy__loop_current();
    return loop != NULL ? eddy__loop_now_ns(loop) : 0;
}

static struct eddy_timeout *new_invalid(void)
{
    struct eddy_timeout *timeout = new_timeout(NS_NEVER);
    if (timeout != NULL)
        timeout->state = TIMEOUT_INVALID;
    return timeout;
}

/* Returns a timeout to the user; NULL without memory. */
static eddy_timeout *hand_out(struct eddy_timeout *timeout)
{
    if (timeout == NULL)
        return NULL;
    timeout->loop_id = eddy__loop_id();
    eddy__track(timeout, "timeout");
    return timeout;
}

eddy_timeout *eddy_timeout_new(double seconds)
{
    if (isnan(seconds))
        return hand_out(new_invalid());
    return hand_out(new_timeout(eddy__ns_add(now_ns(), eddy__ns_of_seconds(seconds))));
}

eddy_timeout *eddy_timeout_at_new(double when)
{
    return hand_out(isnan(when) ? new_invalid() : new_timeout(eddy__ns_of_seconds(when)));
}

void eddy_timeout_free(eddy_timeout *timeout)
{
    if (timeout == NULL)
        return;
    if (timeout->refs == 0)
        eddy__stop_for_misuse("eddy_timeout_free: the timeout has been freed already");
    if (timeout->loop_id != eddy__loop_id() && eddy__loop_is_elsewhere(timeout->loop_id)) {
        eddy__report_misuse("eddy_timeout_free: the timeout belongs to the loop of another thread; "
                            "it is kept");
        return;
    }
    unref(timeout);
}

/* Arms the deadline; one that has passed fires in the next iteration, as a callback would. */
static inline int arm(struct eddy_timeout *timeout, int64_t now_ns)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (timeout->when_ns == NS_NEVER)
        return 0;
    if (timeout->when_ns > now_ns)
        return eddy__timer_arm(loop, &timeout->timer, timeout->when_ns);
    eddy__loop_ready(loop, &timeout->timer.handle);
    return 0;
}

/* Opens the scope, and takes over one reference; on an error the caller keeps it. */
static int enter(struct eddy_timeout *timeout, int64_t now, const eddy_place *place,
                 const char *function)
{
    int err = 0;
    timeout->task = eddy__task_required("eddy_timeout_begin", &err);
    if (timeout->task == NULL)
        return err;
    err = arm(timeout, now);
    if (err < 0)
        return err;
    timeout->cancelling_before = timeout->task->future.cancelling;
    timeout->state = TIMEOUT_ACTIVE;
    timeout->scope.place = place;
    timeout->scope.function = function;
    timeout->task->future.refs++;
    eddy__scope_push(timeout->task, &timeout->scope);
    return 0;
}

int eddy__timeout_enter(eddy_timeout *timeout, const eddy_place *place, const char *function)
{
    if (timeout == NULL)
        return eddy__fail_plain(-ENOMEM, "the timeout is NULL: there was no memory for it");
    EDDY_TRY(eddy__bind(&timeout->loop_id, "eddy_timeout_enter"));
    if (timeout->state == TIMEOUT_INVALID)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_timeout_enter: the time is not a number");
    if (timeout->state != TIMEOUT_CREATED)
        return eddy__misuse("eddy_timeout_enter: the timeout has been entered before");
    int err = enter(timeout, now_ns(), place, function);
    if (err == 0)
        timeout->refs++;
    return err;
}

/*
 * Opens a scope in any case, so that its end finds it: one that failed never expires, and its end
 * returns the error. Without memory even for that, the task counts it.
 */
static int begin(int64_t when_ns, int64_t now, int failure, const eddy_place *place,
                 const char *function)
{
    int err = 0;
    struct task *task = eddy__task_required("eddy_timeout_begin", &err);
    if (task == NULL)
        return err;
    struct eddy_timeout *timeout = new_timeout(failure < 0 ? NS_NEVER : when_ns);
    if (timeout == NULL) {
        task->activation->failed_begins++;
        return -ENOMEM;
    }
    timeout->failure = failure;
    err = enter(timeout, now, place, function);
    if (err < 0) { // there was no memory for the timer
        timeout->failure = failure = err;
        timeout->when_ns = NS_NEVER;
        EDDY_IGNORE(enter(timeout, now, place, function));
    }
    return failure;
}

static int refuse_time(const char *sentence)
{
    return eddy__fail_plain(EDDY_EVALUE, sentence);
}

int eddy__timeout_begin(double seconds, const eddy_place *place, const char *function)
{
    if (isnan(seconds))
        return begin(0, 0, refuse_time("eddy_timeout_begin: the time is not a number"), place,
                     function);
    int64_t now = now_ns();
    return begin(eddy__ns_add(now, eddy__ns_of_seconds(seconds)), now, 0, place, function);
}

int eddy__timeout_at_begin(double when, const eddy_place *place, const char *function)
{
    if (isnan(when))
        return begin(0, 0, refuse_time("eddy_timeout_at_begin: the time is not a number"), place,
                     function);
    return begin(eddy__ns_of_seconds(when), now_ns(), 0, place, function);
}

int eddy_timeout_end(int status)
{
    struct task *task = eddy__task_current();
    if (task != NULL && task->activation->failed_begins > 0) {
        task->activation->failed_begins--;
        return status < 0 ? status : -ENOMEM;
    }
    struct scope *scope = eddy__scope_newest(task);
    if (scope == NULL || scope->end != end_scope)
        return eddy__misuse("eddy_timeout_end: the newest open scope is no timeout");
    if (EDDY__UNLIKELY(scope != task->activation->scopes))
        status = eddy__scope_end_left(task, status);
    return end_scope(scope, status);
}

eddy_timeout *eddy_timeout_current(void)
{
    struct task *task = eddy__task_current();
    for (struct scope *scope = task != NULL ? task->activation->scopes : NULL; scope != NULL;
         scope = scope->outer)
        if (scope->end == end_scope)
            return timeout_of(scope);
    return NULL;
}

double eddy_timeout_when(const eddy_timeout *timeout)
{
    return timeout != NULL ? eddy__seconds_of_ns(timeout->when_ns) : (double)NAN;
}

int eddy_timeout_reschedule(eddy_timeout *timeout, double when)
{
    if (timeout == NULL)
        return eddy__fail_plain(-ENOMEM, "the timeout is NULL: there was no memory for it");
    EDDY_TRY(eddy__bind(&timeout->loop_id, "eddy_timeout_reschedule"));
    if (isnan(when))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_timeout_reschedule: the time is not a number");
    if (timeout->state != TIMEOUT_ACTIVE)
        return eddy__misuse("eddy_timeout_reschedule: the timeout is not active");
    if (timeout->task->future.loop_id != eddy__loop_id())
        return eddy__misuse("eddy_timeout_reschedule: the timeout belongs to another loop");
    eddy__timer_disarm(eddy__loop_current(), &timeout->timer);
    timeout->when_ns = eddy__ns_of_seconds(when);
    return arm(timeout, now_ns());
}

bool eddy_timeout_expired(const eddy_timeout *timeout)
{
    return timeout != NULL && (timeout->state == TIMEOUT_EXPIRING || timeout->state == TIMEOUT_EXPIRED);
}
