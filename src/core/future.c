/* SPDX-License-Identifier: MIT */
/*
 * future.c: outcomes that can be awaited.
 *
 * A future goes from pending to finished, failed or cancelled, once. Its callbacks are handles: the
 * steps of tasks that await it, the parts of gathers, and the callbacks that users add. Completion
 * moves all at once to the ready queue, in order of registration; none is called here.
 *
 * Invariants:
 *   - A user's done callback holds a reference from the moment it is queued, not before: otherwise
 *     a future that never completes would keep itself alive.
 *   - `is_unlooked` is set only on a failed future. It is reported when the last reference goes.
 *   - A value with a destructor has one owner: the future until it is taken, then the taker.
 *
 * Owns its error, its value and the users' callbacks. Used by every later module.
 */
#include "core/debug.h"
#include "core/inherit.h"
#include "core/run.h"

#include <errno.h>
#include <string.h>

struct done_callback {
    struct handle handle;
    struct eddy_future *future; // a reference once queued
    eddy_done_callback *callback;
    void *data;
    struct inherited *inherited; // of the code that added it
};

static void run_done_callback(struct handle *handle);

static void free_done_callback(struct done_callback *done)
{
    eddy__inherited_unref(done->inherited);
    eddy__free(done);
}

/* ---- creation and destruction ----------------------------------------------------------------*/

static bool cancel_bare(struct eddy_future *future, struct eddy_error *why)
{
    eddy__future_cancelled(future, why);
    return true;
}

static size_t fini_bare(struct eddy_future *future)
{
    struct bare_future *bare = container_of(future, struct bare_future, future);
    if (future->has_value && bare->drop_value != NULL)
        bare->drop_value(bare->value);
    return sizeof *bare + bare->value_size;
}

const struct future_kind eddy__future_bare = {"future", cancel_bare, fini_bare, NULL};

struct future_value eddy__future_value(const struct eddy_future *future)
{
    while (future->kind->source != NULL)
        future = future->kind->source(future);
    if (future->kind == &eddy__future_task)
        return eddy__task_value(container_of(future, const struct task, future));
    if (future->kind != &eddy__future_bare)
        return (struct future_value){0};
    const struct bare_future *bare = container_of(future, const struct bare_future, future);
    return (struct future_value){(char *)bare + sizeof *bare, bare->value_size, bare->drop_value};
}

struct eddy_future *eddy__future_unmade(int status)
{
    static _Thread_local struct bare_future bares[2];
    struct eddy_future *future = &bares[status == -ENOMEM].future;
    future->refs = 1u << 30; // never freed
    future->state = EDDY_STATE_FAILED;
    future->status = status;
    future->kind = &eddy__future_bare;
    return future;
}

struct eddy_future *eddy__future_new(const struct future_kind *kind, size_t size)
{
    struct eddy_future *future = eddy__block_new(size);
    if (future == NULL)
        return eddy__future_unmade(-ENOMEM);
    memset(future, 0, size);
    future->refs = 1;
    future->kind = kind;
    const struct eddy_loop *loop = eddy__loop_current();
    if (EDDY__UNLIKELY(loop == NULL))
        return future;
    future->loop_id = loop->id;
    if (EDDY__UNLIKELY(loop->debug != NULL))
        eddy__track_future(future);
    return future;
}

eddy_future *eddy__future_of_size(size_t value_size, void (*drop)(void *value))
{
    if (value_size > UINT32_MAX - sizeof(struct bare_future))
        return eddy__future_unmade(EDDY_EVALUE);
    struct eddy_future *future =
        eddy__future_new(&eddy__future_bare, sizeof(struct bare_future) + value_size);
    if (eddy__future_is_done(future))
        return future;
    struct bare_future *bare = container_of(future, struct bare_future, future);
    bare->value_size = (uint32_t)value_size;
    bare->drop_value = drop;
    return future;
}

/* Reports misuse of another thread's future, whose reference count must not be touched. */
static bool is_misused_elsewhere(const struct eddy_future *future, const char *sentence)
{
    if (EDDY__LIKELY(future->loop_id == eddy__loop_id()))
        return false;
    if (future->loop_id == LOOP_ID_FREED)
        eddy__stop_for_misuse("eddy_future_free: the future has been freed already");
    if (!eddy__loop_is_elsewhere(future->loop_id))
        return false;
    eddy__report_misuse(sentence);
    return true;
}

eddy_future *eddy_future_ref(eddy_future *future)
{
    if (future == NULL ||
        is_misused_elsewhere(future, "eddy_future_ref: the future belongs to the loop of another "
                                     "thread; no reference is taken"))
        return future;
    future->refs++;
    return future;
}

static void drop_callbacks(struct eddy_future *future)
{
    struct link *link;
    while ((link = future->callbacks.top) != NULL) {
        link_remove(link);
        eddy__done_callback_drop(container_of(link, struct handle, link), false);
    }
}

static bool is_never_retrieved(const struct eddy_future *future)
{
    return future->is_unlooked && !future->is_reported && future->loop_id != 0 &&
           eddy__loop_here(future->loop_id) != NULL;
}

/* The last reference was released, and the error was never retrieved. */
static void report_never_retrieved(struct eddy_future *future)
{
    // The handler may use the task, and even keep a reference.
    future->refs = 1;
    future->is_reported = true;
    struct eddy_loop *running = eddy__loop;
    eddy__loop = eddy__loop_here(future->loop_id); // which may be idle
    eddy__report_task(EDDY_REPORT_NEVER_RETRIEVED, future, "an error was never looked at");
    eddy__loop = running;
    eddy_future_free(future);
}

static void give_back(struct eddy_future *future, size_t size)
{
    future->loop_id = LOOP_ID_FREED;
    eddy__block_free(future, size);
}

/* Whether it is a finished task, or a coroutine that ran inline, with nothing to release. */
static inline bool is_bare_shell(const struct eddy_future *future)
{
    if (future->kind != &eddy__future_task || future->callbacks.top != NULL || future->is_tracked ||
        !(future->stage == TASK_TAKEN || future->state == EDDY_STATE_FINISHED))
        return false;
    const struct task *task = container_of(future, const struct task, future);
    return task->held == NULL && task->site->function->drop_result == NULL;
}

/* Frees a future of any kind; the last reference was released. */
__attribute__((noinline)) static void free_any(struct eddy_future *future)
{
    if (EDDY__UNLIKELY(is_never_retrieved(future))) {
        report_never_retrieved(future);
        return;
    }
    if (EDDY__UNLIKELY(future->is_tracked))
        eddy__untrack_future(future);
    if (EDDY__UNLIKELY(future->callbacks.top != NULL))
        drop_callbacks(future);
    size_t size = future->kind->fini(future);
    if (EDDY__UNLIKELY(future->error != NULL))
        eddy__error_unref(future->error);
    give_back(future, size);
}

void eddy_future_free(eddy_future *future)
{
    if (future == NULL)
        return;
    if (is_misused_elsewhere(future, "eddy_future_free: the future belongs to the loop of another "
                                     "thread; it is kept"))
        return;
    if (--future->refs > 0)
        return;
    if (EDDY__LIKELY(is_bare_shell(future)))
        give_back(future, eddy__coro_size(eddy__task_of(future)->site->function));
    else
        free_any(future);
}

/* ---- completion ------------------------------------------------------------------------------*/

/* Queues them in order of registration: the pile has the latest on top. */
void eddy__future_queue_callbacks(struct eddy_future *future)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct link *place = &loop->ready.head;
    struct link *link;
    while ((link = future->callbacks.top) != NULL) {
        link_remove(link);
        struct handle *handle = container_of(link, struct handle, link);
        if (handle->run == run_done_callback)
            eddy_future_ref(future);
        link_insert_before(link, place);
        place = link;
    }
}

void eddy__future_fail(struct eddy_future *future, int status, struct eddy_error *error)
{
    future->error = eddy__error_ref(error);
    future->is_unlooked = true;
    eddy__future_complete(future, EDDY_STATE_FAILED, status);
}

void eddy__future_cancelled(struct eddy_future *future, struct eddy_error *why)
{
    future->error = eddy__error_ref(why);
    eddy__future_complete(future, EDDY_STATE_CANCELLED, EDDY_CANCELLED);
}

/* Whether this thread may take the outcome: any may, if the future's loop has closed. */
static int check_thread(const struct eddy_future *future)
{
    if (future == NULL)
        return eddy__misuse("the future is NULL");
    if (!eddy__future_is_elsewhere(future))
        return 0;
    return eddy__misuse("the future belongs to the loop of another thread");
}

/* Whether `future` may be completed or cancelled here: 0, or EDDY_EMISUSE. */
static int check_hands(const struct eddy_future *future)
{
    if (future->kind == &eddy__future_task && future->stage <= TASK_TAKEN)
        return eddy__misuse("a coroutine object is no task: it can only be awaited, or made one");
    if (EDDY__UNLIKELY(future->loop_id != eddy__loop_id()) && future->loop_id != 0)
        return eddy__misuse("the future belongs to another loop");
    return 0;
}

int eddy__future_cancel(eddy_future *future, const char *message, const eddy_place *place)
{
    if (future == NULL)
        return 0;
    int err = check_thread(future);
    if (err == 0 && eddy__future_is_done(future)) {
        eddy__future_look(future);
        return 0;
    }
    if (err == 0)
        err = check_hands(future);
    if (err < 0)
        return err;
    struct eddy_error *why = eddy__cancellation_new(EDDY_CANCEL_REQUEST, message, place);
    bool is_requested = eddy__future_cancel_for(future, why);
    eddy__error_unref(why);
    return is_requested;
}

int eddy__future_set_result(eddy_future *future, const void *value, size_t size)
{
    int err = check_thread(future);
    if (err < 0)
        return err;
    if (future->kind != &eddy__future_bare)
        return eddy__misuse("eddy_future_set_result: only a bare future is completed by hand");
    if (eddy__future_is_done(future))
        return EDDY_EINVALIDSTATE;
    err = check_hands(future);
    if (err < 0)
        return err;
    struct future_value place = eddy__future_value(future);
    if (size != place.size)
        return eddy__misuse("eddy_future_set_result: the value has another size");
    if (size > 0)
        memcpy(place.at, value, size);
    eddy__future_finish(future, 0, size > 0);
    return 0;
}

int eddy_future_set_exception(eddy_future *future, int error)
{
    int err = check_thread(future);
    if (err < 0)
        return err;
    if (future->kind != &eddy__future_bare)
        return eddy__misuse("eddy_future_set_exception: only a bare future is completed by hand");
    if (eddy__future_is_done(future))
        return EDDY_EINVALIDSTATE;
    err = check_hands(future);
    if (err < 0)
        return err;
    if (error >= 0)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_future_set_exception: the status is no error");
    struct task *task = eddy__task_current();
    struct eddy_error *known = task != NULL ? task->activation->error : NULL;
    eddy__future_fail(future, error, known != NULL && known->code == error ? known : NULL);
    return 0;
}

/* ---- retrieving the outcome ------------------------------------------------------------------*/

uint32_t eddy__future_walk(void)
{
    static _Thread_local uint32_t last;
    if (++last == 0)
        last = 1; // new futures have mark 0
    return last;
}

void eddy__future_look_anew(struct eddy_future *future)
{
    future->is_unlooked = false;
    if (future->kind == &eddy__future_task && link_is_linked(&eddy__task_of(future)->all))
        list_remove(&eddy__task_of(future)->all); // from loop->unlooked
}

/* Whether it is a finished task with plain data of this size: taking that leaves it in place. */
static inline bool is_plain_value(const struct eddy_future *future, size_t size)
{
    if (future->kind != &eddy__future_task || future->state != EDDY_STATE_FINISHED)
        return false;
    const struct eddy_function *function =
        container_of(future, struct task, future)->site->function;
    return future->has_value && function->drop_result == NULL && function->result_size == size;
}

int eddy__future_take_any(struct eddy_future *future, void *out, size_t size)
{
    if (EDDY__LIKELY(out != NULL && is_plain_value(future, size))) {
        struct task *task = eddy__task_of(future);
        size_t offset = eddy__coro_result_offset(task->site->function);
        eddy__copy(out, (const char *)task + offset, size);
        return future->status;
    }
    eddy__future_look(future);
    if (future->status < 0) {
        struct task *task = eddy__task_current();
        if (task != NULL)
            eddy__error_travel(task, future->error);
        return future->status;
    }
    if (out == NULL)
        return future->status;
    while (future->kind->source != NULL)
        future = future->kind->source(future);
    struct future_value value = eddy__future_value(future);
    if (size != value.size)
        return eddy__misuse("eddy_future_result: the value has another size");
    if (!future->has_value)
        return eddy__fail_plain(EDDY_EINVALIDSTATE, "the value has been taken already");
    eddy__copy(out, value.at, size);
    future->has_value = value.drop == NULL;
    return future->status;
}

int eddy__future_result(eddy_future *future, void *out_value, size_t size)
{
    int err = check_thread(future);
    if (err < 0)
        return err;
    if (!eddy__future_is_done(future))
        return EDDY_EINVALIDSTATE;
    return eddy__future_take(future, out_value, size);
}

int eddy_future_exception(eddy_future *future)
{
    int err = check_thread(future);
    if (err < 0)
        return err;
    if (!eddy__future_is_done(future))
        return EDDY_EINVALIDSTATE;
    return future->status < 0 ? eddy__future_take(future, NULL, 0) : 0;
}

eddy_future_state eddy_future_get_state(const eddy_future *future)
{
    return future != NULL ? (eddy_future_state)future->state : EDDY_STATE_PENDING;
}

bool eddy_future_done(const eddy_future *future)
{
    return future != NULL && eddy__future_is_done(future);
}

bool eddy_future_cancelled(const eddy_future *future)
{
    return future != NULL && future->state == EDDY_STATE_CANCELLED;
}

bool eddy_future_is_task(const eddy_future *future)
{
    return future != NULL && future->kind == &eddy__future_task;
}

const eddy_error *eddy_future_error(const eddy_future *future)
{
    return eddy_future_done(future) ? future->error : NULL;
}

const void *eddy_future_value(const eddy_future *future)
{
    if (future == NULL)
        return NULL;
    while (future->kind->source != NULL && future->state == EDDY_STATE_FINISHED)
        future = future->kind->source(future);
    return future->has_value ? eddy__future_value(future).at : NULL;
}

int eddy__future_check_pending(const struct eddy_future *future)
{
    if (future == NULL)
        return eddy__misuse("a null future was awaited");
    int err = check_thread(future);
    if (err < 0)
        return err;
    if (eddy__future_is_done(future))
        return 0;
    if (future->loop_id != eddy__loop_id() && !eddy__is_coroutine(future))
        return eddy__misuse("the future belongs to another loop");
    if (future->kind == &eddy__future_task && future->stage == TASK_TAKEN)
        return eddy__misuse("the coroutine object has been used already");
    return 0;
}

/* ---- callbacks -------------------------------------------------------------------------------*/

void eddy__future_subscribe(struct eddy_future *future, struct handle *handle)
{
    if (eddy__future_is_done(future))
        eddy__loop_ready(eddy__loop_current(), handle);
    else
        pile_push(&future->callbacks, &handle->link);
}

static void run_done_callback(struct handle *handle)
{
    struct done_callback *done = container_of(handle, struct done_callback, handle);
    struct inherited *outer = eddy__inherited_enter(done->inherited);
    int status = done->callback(done->future, done->data);
    if (status < 0)
        eddy__report(&(eddy_report){
            .kind = EDDY_REPORT_CALLBACK,
            .message = "a done callback failed",
            .status = status,
            .task = done->future,
            .name = eddy_task_get_name(done->future),
        });
    done->inherited = eddy__inherited_leave(outer);
    eddy_future_free(done->future);
    free_done_callback(done);
}

bool eddy__done_callback_drop(struct handle *handle, bool is_queued)
{
    if (handle->run != run_done_callback)
        return false;
    struct done_callback *done = container_of(handle, struct done_callback, handle);
    if (is_queued)
        eddy_future_free(done->future);
    free_done_callback(done);
    return true;
}

int eddy_future_add_done_callback(eddy_future *future, eddy_done_callback *callback, void *data)
{
    if (eddy__loop_current() == NULL || callback == NULL)
        return eddy__misuse("eddy_future_add_done_callback: no loop runs here, or no callback");
    int err = eddy__future_check(future);
    if (err < 0)
        return err;
    struct inherited *inherited;
    if (eddy__inherit(&inherited) < 0)
        return -ENOMEM;
    struct done_callback *done = eddy__malloc(sizeof *done);
    if (done == NULL) {
        eddy__inherited_unref(inherited);
        return -ENOMEM;
    }
    *done = (struct done_callback){
        .handle.run = run_done_callback, .future = future, .callback = callback, .data = data,
        .inherited = inherited};
    if (eddy__future_is_done(future))
        eddy_future_ref(future);
    eddy__future_subscribe(future, &done->handle);
    return 0;
}

int eddy_future_remove_done_callback(eddy_future *future, eddy_done_callback *callback, void *data)
{
    int removed = check_thread(future);
    if (removed == 0)
        removed = check_hands(future);
    if (removed < 0)
        return removed;
    struct link *link = future->callbacks.top;
    while (link != NULL) {
        struct handle *handle = container_of(link, struct handle, link);
        struct done_callback *done = container_of(handle, struct done_callback, handle);
        link = link->next;
        if (handle->run != run_done_callback || done->callback != callback || done->data != data)
            continue;
        link_remove(&handle->link);
        free_done_callback(done);
        removed++;
    }
    return removed;
}
