/* SPDX-License-Identifier: MIT */
/*
 * thread_future.c: coroutines that other threads hand to a loop.
 *
 * The object is shared by the thread, which waits on its condition variable, and the loop, which
 * stores the outcome when the task is done. The thread touches nothing that belongs to the loop:
 * value and error are copied (only the loop may change an error's reference count).
 *
 *     thread --post--> loop: a handle, so the task begins when asyncio's does --> task --> done
 *        `---- post: cancel ------^                        the outcome is copied here <--'
 *
 * A loop that waits for it has its own future (eddy_wrap_future) and a struct wrapped. That is
 * linked in `wraps` while the outcome is pending, and is posted to that loop when the outcome is
 * known:
 *
 *     in `wraps` --done--> posted --that loop's thread--> a handle queued, to copy --> freed
 *         `--its future is done first, or its loop closes--> freed
 *
 * Invariants:
 *   - `state` and the outcome's fields are guarded by `lock`; `task`, `step` and `pin` belong to
 *     the loop.
 *   - A loop that has accepted the post always completes it before the loop has closed, by its pin.
 *     So while the future is pending, and locked, the loop is alive.
 *   - So is the loop of each struct in `wraps`: it removes that, locked, before it has closed.
 */
#include "core/inherit.h"
#include "io/io.h"

#include <eddy/thread_future.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

struct eddy_thread_future {
    _Atomic uint32_t refs; // the thread's and the loop's, and the request to cancel
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint8_t state; // enum eddy_future_state
    bool has_value;
    bool is_awaited; // a handle was returned for it
    int status;
    struct eddy_error *error; // a copy that nothing else refers to; or NULL
    struct list wraps; // of struct wrapped; empty once it is done
    struct eddy_loop *loop;
    struct post start;
    struct post cancel;
    struct pin pin;
    struct handle step;          // used by the loop: to begin, then among the task's callbacks
    struct eddy_future *task;    // the coroutine object, then its task
    struct inherited *inherited; // what the task inherits
    size_t value_size;           // bytes
    void (*drop_value)(void *value);
    max_align_t value[];
};

/* Makes a future of a loop follow a thread future. All but `link` belongs to that loop. */
struct wrapped {
    struct link link; // in source->wraps, guarded by source->lock
    struct post post; // sent when the source is done
    struct eddy_thread_future *source; // a reference
    struct eddy_future *outer;         // a reference
    struct eddy_loop *loop;            // of `outer`
    struct handle arrival;                // queued when the post has arrived
    struct handle outer_done;          // among the callbacks of `outer`
    struct pin pin;
    bool is_holding; // the loop is held, because another one works for it
};

/* ---- shared ----------------------------------------------------------------------------------*/

static void unref(struct eddy_thread_future *future)
{
    if (atomic_fetch_sub_explicit(&future->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (future->has_value && future->drop_value != NULL)
        future->drop_value(future->value);
    eddy__error_unref(future->error);
    eddy__inherited_unref(future->inherited);
    pthread_cond_destroy(&future->changed);
    pthread_mutex_destroy(&future->lock);
    eddy__free(future);
}

static uint8_t state_of(struct eddy_thread_future *future)
{
    pthread_mutex_lock(&future->lock);
    uint8_t state = future->state;
    pthread_mutex_unlock(&future->lock);
    return state;
}

/* Completes the future, which is locked and pending. */
static void complete(struct eddy_thread_future *future, eddy_future_state state, int status)
{
    future->state = (uint8_t)state;
    future->status = status;
    pthread_cond_broadcast(&future->changed);
    struct link *link;
    while ((link = list_first(&future->wraps)) != NULL) {
        struct wrapped *wrapped = container_of(link, struct wrapped, link);
        list_remove(link);
        EDDY_IGNORE(eddy__loop_post(wrapped->loop, &wrapped->post)); // or that loop is closing
    }
}

/* ---- on the loop's thread --------------------------------------------------------------------*/

/* Copies the task's outcome, unless the thread's future has been cancelled already. */
static void take_outcome(struct eddy_thread_future *future)
{
    struct eddy_future *task = future->task;
    pthread_mutex_lock(&future->lock);
    if (future->state == EDDY_STATE_PENDING) {
        void *room = future->value_size > 0 ? future->value : NULL;
        int status = future->is_awaited ? eddy__future_take(task, room, future->value_size)
                                        : task->status;
        future->has_value = future->is_awaited && status >= 0 && room != NULL;
        future->error = eddy__error_copy(task->error);
        complete(future, (eddy_future_state)task->state, status);
    } else {
        eddy__future_look(task);
    }
    pthread_mutex_unlock(&future->lock);
}

/* The loop's last step: the task is done, or was refused, or the loop closes. */
static void let_go(struct pin *pin)
{
    struct eddy_thread_future *future = container_of(pin, struct eddy_thread_future, pin);
    eddy__handle_cancel(&future->step);
    if (eddy__future_is_done(future->task))
        take_outcome(future);
    pthread_mutex_lock(&future->lock);
    if (future->state == EDDY_STATE_PENDING)
        complete(future, EDDY_STATE_FAILED, -ESHUTDOWN);
    pthread_mutex_unlock(&future->lock);
    eddy_future_free(future->task);
    future->task = NULL;
    unref(future);
}

static void on_done(struct handle *handle)
{
    eddy__unpin(&container_of(handle, struct eddy_thread_future, step)->pin);
}

static void begin(struct handle *handle)
{
    struct eddy_thread_future *future = container_of(handle, struct eddy_thread_future, step);
    if (state_of(future) != EDDY_STATE_PENDING) {
        eddy__unpin(&future->pin); // cancelled before it began: the coroutine object is dropped
        return;
    }
    struct inherited *outer = eddy__inherited_enter(future->inherited);
    future->task = eddy_task_create(future->task, NULL);
    future->inherited = eddy__inherited_leave(outer);
    future->step.run = on_done;
    eddy__future_subscribe(future->task, &future->step);
}

static void queue_start(struct post *post)
{
    struct eddy_thread_future *future = container_of(post, struct eddy_thread_future, start);
    eddy__pin(&future->pin, let_go);
    eddy__loop_ready(future->loop, &future->step);
}

static void cancel_task(struct post *post)
{
    struct eddy_thread_future *future = container_of(post, struct eddy_thread_future, cancel);
    if (future->task != NULL && !eddy__is_coroutine(future->task)) {
        struct eddy_error *why =
            eddy__cancellation_new(EDDY_CANCEL_REQUEST, "cancelled by another thread", NULL);
        eddy__future_cancel_for(future->task, why);
        eddy__error_unref(why);
    }
    unref(future);
}

/* ---- on any thread ---------------------------------------------------------------------------*/

static struct eddy_thread_future *make_future(eddy_coroutine *coroutine, eddy_loop *loop)
{
    struct future_value value = eddy__future_value(coroutine);
    struct eddy_thread_future *future = eddy__zalloc(sizeof *future + value.size);
    if (future == NULL)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&future->lock, NULL);
    pthread_cond_init(&future->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    atomic_init(&future->refs, 1);
    future->state = EDDY_STATE_PENDING;
    list_init(&future->wraps);
    future->loop = loop;
    future->start.run = queue_start;
    future->cancel.run = cancel_task;
    future->step.run = begin;
    future->task = coroutine;
    future->inherited = eddy__inherit_variables();
    future->value_size = value.size;
    future->drop_value = value.drop;
    return future;
}

int eddy_run_coroutine_threadsafe(eddy_coroutine *coroutine, eddy_loop *loop,
                                  eddy_thread_future **out_future)
{
    if (coroutine != NULL && !eddy__is_coroutine(coroutine) && eddy__future_is_done(coroutine))
        return coroutine->status; // it could not be made
    if (coroutine == NULL || !eddy__is_coroutine(coroutine) || loop == NULL ||
        eddy__future_is_elsewhere(coroutine))
        return eddy__coro_refuse(coroutine, eddy__misuse("eddy_run_coroutine_threadsafe: a coroutine "
                                                         "object of this thread and a loop must be given"));
    struct eddy_thread_future *future = make_future(coroutine, loop);
    if (future == NULL)
        return eddy__coro_refuse(coroutine, -ENOMEM);
    // It no longer belongs to its maker, nor to its loop, if it has one.
    eddy__coro_take(eddy__task_of(coroutine));
    coroutine->stage = TASK_COROUTINE;
    coroutine->loop_id = 0;
    future->is_awaited = out_future != NULL;
    if (out_future != NULL)
        atomic_fetch_add_explicit(&future->refs, 1, memory_order_relaxed);
    int err = eddy__loop_post(loop, &future->start);
    if (err < 0) {
        atomic_store_explicit(&future->refs, 1, memory_order_relaxed);
        unref(future);
        return eddy__coro_refuse(coroutine, err);
    }
    if (out_future != NULL)
        *out_future = future;
    return 0;
}

/* Waits until the future, which is locked, isn't pending, or the timeout has expired. */
static void wait_locked(struct eddy_thread_future *future, double timeout)
{
    int64_t end_ns = eddy__ns_add(eddy__clock_now_ns(), eddy__ns_of_seconds(timeout));
    struct timespec end = {.tv_sec = (time_t)(end_ns / NS_PER_S), .tv_nsec = end_ns % NS_PER_S};
    int err = timeout > 0 ? 0 : ETIMEDOUT;
    while (future->state == EDDY_STATE_PENDING && err != ETIMEDOUT)
        err = end_ns == NS_NEVER ? pthread_cond_wait(&future->changed, &future->lock)
                                 : pthread_cond_timedwait(&future->changed, &future->lock, &end);
}

static int take_locked(struct eddy_thread_future *future, void *out_value, size_t size)
{
    if (future->state == EDDY_STATE_PENDING)
        return EDDY_TIMEDOUT;
    if (future->status < 0) {
        struct eddy_error *copy = eddy__error_copy(future->error);
        if (copy != NULL)
            eddy_error_raise(copy);
        eddy__error_unref(copy);
        return future->status;
    }
    if (out_value == NULL)
        return future->status;
    if (size != future->value_size)
        return eddy__misuse("eddy_thread_future_result: the value has another size");
    if (!future->has_value)
        return eddy__fail_plain(EDDY_EINVALIDSTATE, "the value has been taken already");
    memcpy(out_value, future->value, size);
    future->has_value = future->drop_value == NULL;
    return future->status;
}

int eddy__thread_future_result(eddy_thread_future *future, double timeout, void *out_value,
                               size_t size)
{
    if (future == NULL)
        return eddy__misuse("eddy_thread_future_result: there is no future");
    if (isnan(timeout))
        return eddy__fail_plain(EDDY_EVALUE, "eddy_thread_future_result: the time is not a number");
    pthread_mutex_lock(&future->lock);
    bool would_wait = future->state == EDDY_STATE_PENDING && timeout > 0;
    bool is_misuse = would_wait && future->loop == eddy__loop_current();
    if (would_wait && !is_misuse)
        wait_locked(future, timeout);
    int status = is_misuse ? 0 : take_locked(future, out_value, size);
    pthread_mutex_unlock(&future->lock);
    return is_misuse ? eddy__misuse("eddy_thread_future_result: the loop would wait for itself")
                     : status;
}

int eddy_thread_future_cancel(eddy_thread_future *future)
{
    if (future == NULL)
        return 0;
    pthread_mutex_lock(&future->lock);
    bool is_pending = future->state == EDDY_STATE_PENDING;
    if (is_pending) {
        complete(future, EDDY_STATE_CANCELLED, EDDY_CANCELLED);
        atomic_fetch_add_explicit(&future->refs, 1, memory_order_relaxed);
        // Still locked, so a loop that closes can't be gone before this is done.
        if (eddy__loop_post(future->loop, &future->cancel) < 0)
            atomic_fetch_sub_explicit(&future->refs, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&future->lock);
    return is_pending;
}

bool eddy_thread_future_done(eddy_thread_future *future)
{
    return future != NULL && state_of(future) != EDDY_STATE_PENDING;
}

bool eddy_thread_future_cancelled(eddy_thread_future *future)
{
    return future != NULL && state_of(future) == EDDY_STATE_CANCELLED;
}

void eddy_thread_future_free(eddy_thread_future *future)
{
    if (future != NULL)
        unref(future);
}

/* ---- a future of the loop that follows it, on that loop's thread -----------------------------*/

/* Leaves the source. True if that was pending: then no post of it will come any more. */
static bool leave_source(struct wrapped *wrapped)
{
    pthread_mutex_lock(&wrapped->source->lock);
    bool was_listed = link_is_linked(&wrapped->link);
    if (was_listed)
        list_remove(&wrapped->link);
    pthread_mutex_unlock(&wrapped->source->lock);
    return was_listed;
}

static void release_loop(struct wrapped *wrapped)
{
    if (wrapped->is_holding)
        eddy_loop_release(wrapped->loop);
    wrapped->is_holding = false;
}

static void drop_wrapped(struct pin *pin)
{
    struct wrapped *wrapped = container_of(pin, struct wrapped, pin);
    leave_source(wrapped);
    release_loop(wrapped);
    eddy__handle_cancel(&wrapped->arrival);
    eddy__handle_cancel(&wrapped->outer_done);
    eddy_future_free(wrapped->outer);
    unref(wrapped->source);
    eddy__free(wrapped);
}

/* Copies the source's value, or what is left of it, as a call that takes it would get it. */
static bool take_value_locked(struct eddy_thread_future *source, struct eddy_future *outer)
{
    if (!source->has_value)
        return false;
    memcpy(eddy__future_value(outer).at, source->value, source->value_size);
    source->has_value = source->drop_value == NULL;
    return true;
}

static void follow(struct eddy_thread_future *source, struct eddy_future *outer)
{
    pthread_mutex_lock(&source->lock);
    uint8_t state = source->state;
    int status = source->status;
    struct eddy_error *error = eddy__error_copy(source->error);
    bool has_value = state == EDDY_STATE_FINISHED && take_value_locked(source, outer);
    pthread_mutex_unlock(&source->lock);
    if (state == EDDY_STATE_CANCELLED)
        eddy__future_cancelled(outer, error);
    else if (state == EDDY_STATE_FAILED)
        eddy__future_fail(outer, status, error);
    else
        eddy__future_finish(outer, status, has_value);
    eddy__error_unref(error);
}

static void on_arrival(struct handle *handle)
{
    struct wrapped *wrapped = container_of(handle, struct wrapped, arrival);
    eddy__handle_cancel(&wrapped->outer_done);
    if (!eddy__future_is_done(wrapped->outer))
        follow(wrapped->source, wrapped->outer);
    eddy__unpin(&wrapped->pin);
}

static void queue_news(struct post *post)
{
    struct wrapped *wrapped = container_of(post, struct wrapped, post);
    release_loop(wrapped);
    eddy__loop_ready(wrapped->loop, &wrapped->arrival);
}

/* `outer` was done first, mostly by cancellation. If the source is done, its post is coming. */
static void on_outer_done(struct handle *handle)
{
    struct wrapped *wrapped = container_of(handle, struct wrapped, outer_done);
    if (!leave_source(wrapped))
        return;
    if (wrapped->outer->state == EDDY_STATE_CANCELLED)
        eddy_thread_future_cancel(wrapped->source);
    eddy__unpin(&wrapped->pin);
}

static void follow_when_done(struct wrapped *wrapped)
{
    struct eddy_thread_future *source = wrapped->source;
    pthread_mutex_lock(&source->lock);
    bool is_pending = source->state == EDDY_STATE_PENDING;
    if (is_pending) {
        // Before it is linked: the post may come at once. A loop that waits for itself is not held.
        wrapped->is_holding = source->loop != wrapped->loop;
        if (wrapped->is_holding)
            eddy_loop_hold(wrapped->loop);
        list_push(&source->wraps, &wrapped->link);
    }
    pthread_mutex_unlock(&source->lock);
    if (!is_pending)
        eddy__loop_ready(wrapped->loop, &wrapped->arrival);
}

eddy_future *eddy_wrap_future(eddy_thread_future *source)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (source == NULL || loop == NULL)
        return eddy__future_failed(EDDY_EMISUSE,
                                   "eddy_wrap_future: there is no future, or no loop runs here");
    struct eddy_future *outer = eddy__future_of_size(source->value_size, source->drop_value);
    struct wrapped *wrapped =
        eddy__future_is_done(outer) ? NULL : eddy__zalloc(sizeof *wrapped);
    if (wrapped == NULL) {
        eddy_future_free(outer);
        return eddy__future_unmade(-ENOMEM);
    }
    atomic_fetch_add_explicit(&source->refs, 1, memory_order_relaxed);
    *wrapped = (struct wrapped){
        .post.run = queue_news,
        .source = source,
        .outer = eddy_future_ref(outer),
        .loop = loop,
        .arrival.run = on_arrival,
        .outer_done.run = on_outer_done,
    };
    eddy__pin(&wrapped->pin, drop_wrapped);
    eddy__future_subscribe(outer, &wrapped->outer_done);
    follow_when_done(wrapped);
    return outer;
}
