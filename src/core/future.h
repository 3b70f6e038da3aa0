/* SPDX-License-Identifier: MIT */
/*
 * future.h: everything that can be awaited: futures of all kinds, coroutine objects, tasks.
 *
 * Part of core.h, which includes it and lists the invariants.
 */
#ifndef EDDY_CORE_FUTURE_H
#define EDDY_CORE_FUTURE_H

/* ---- futures ---------------------------------------------------------------------------------*/

struct future_kind {
    const char *name; // "task", "gather"
    bool (*cancel)(struct eddy_future *future, struct eddy_error *why); // if pending
    size_t (*fini)(struct eddy_future *future); // releases its contents; returns its own bytes
    struct eddy_future *(*source)(const struct eddy_future *future); // its value's owner; or NULL
};

extern const struct future_kind eddy__future_bare;
extern const struct future_kind eddy__future_task;

/* The loop_id of a freed future; no loop has this id. */
#define LOOP_ID_FREED UINT32_MAX

/* Task fields are here where they fill space that would otherwise enlarge struct task. */
struct eddy_future {
    uint32_t refs;
    uint8_t state;                // enum eddy_future_state
    uint8_t stage;                // of a task: enum task_stage
    bool is_unlooked : 1;         // failed, and the error was not retrieved
    bool has_value : 1;           // it has a value that was not moved out
    bool is_reported : 1;         // as never retrieved
    bool must_cancel : 1;         // of a task: `error` says why, at its next step
    bool is_being_cancelled : 1;  // of a task: see eddy__future_cancel_for()
    bool is_tracked : 1;          // in debug mode: tracked.c
    int status;                   // once done: 0 or more, or the error
    uint32_t mark;                // of the last walk that visited it: eddy__future_mark()
    uint32_t loop_id;             // of its loop; 0: made outside any loop; or LOOP_ID_FREED
    int cancelling;               // of a task: requests that were not uncancelled
    const struct future_kind *kind;
    struct pile callbacks;    // handles, the latest on top
    struct eddy_error *error; // if failed or cancelled, or about to be; or NULL
};

/* A future whose result is set through the API. */
struct bare_future {
    struct eddy_future future; // first
    uint32_t value_size;       // bytes
    void (*drop_value)(void *value); // or NULL: plain data
    max_align_t value[];
};

/* The location of a future's value, set or not. */
struct future_value {
    void *at;
    uint32_t size;             // bytes; 0: it has none
    void (*drop)(void *value); // or NULL: plain data
};

static inline bool eddy__future_is_done(const struct eddy_future *future)
{
    return future->state != EDDY_STATE_PENDING;
}

/* The value of a task or a bare future; for other kinds, that of the source. */
struct future_value eddy__future_value(const struct eddy_future *future);

/*
 * Makes a future of any kind: `size` bytes that begin with a struct eddy_future, zeroed beyond it,
 * with one reference. Never NULL: without memory, a failed bare future is returned; check `kind`.
 */
struct eddy_future *eddy__future_new(const struct future_kind *kind, size_t size);

void eddy__future_queue_callbacks(struct eddy_future *future);

static inline void eddy__future_complete(struct eddy_future *future, eddy_future_state state,
                                         int status)
{
    EDDY_ASSERT(future->state == EDDY_STATE_PENDING);
    future->state = state;
    future->status = status;
    if (future->callbacks.top != NULL)
        eddy__future_queue_callbacks(future);
}

/* Complete a pending future and queue its callbacks. `error` is borrowed and may be NULL. */
static inline void eddy__future_finish(struct eddy_future *future, int status, bool has_value)
{
    future->has_value = has_value;
    eddy__future_complete(future, EDDY_STATE_FINISHED, status);
}

void eddy__future_fail(struct eddy_future *future, int status, struct eddy_error *error);
void eddy__future_cancelled(struct eddy_future *future, struct eddy_error *why);

/* Like asyncio's Future.cancel(); for a future of any kind, done or not. */
bool eddy__future_cancel_for(struct eddy_future *future, struct eddy_error *why);

void eddy__future_look_anew(struct eddy_future *future);

/* Marks its error as retrieved. */
static inline void eddy__future_look(struct eddy_future *future)
{
    if (EDDY__UNLIKELY(future->is_unlooked))
        eddy__future_look_anew(future);
}

/* Like eddy_future_free(), but faster if other references remain. */
static inline void eddy__future_unref(struct eddy_future *future)
{
    if (EDDY__LIKELY(future->refs > 1))
        future->refs--;
    else
        eddy_future_free(future);
}

/*
 * Links a handle that is part of another object into `future`'s callbacks, or queues it at once if
 * `future` is done. The object must unlink it (eddy__handle_cancel) or live until it has run.
 */
void eddy__future_subscribe(struct eddy_future *future, struct handle *handle);

/* Returns the status or error; stores the value in `out` (`size` bytes), unless `out` is NULL. */
static inline int eddy__future_take(struct eddy_future *future, void *out, size_t size);
int eddy__future_take_any(struct eddy_future *future, void *out, size_t size);

/*
 * Turns `awaitable` into a future, for gather and shield: a coroutine object is made a task, a
 * future gets one more reference. The returned reference is the caller's.
 */
struct eddy_future *eddy__future_of(struct eddy_future *awaitable);

/* Returned for a future that can't be made: it has failed already, and is never freed. */
struct eddy_future *eddy__future_unmade(int status);

/* Makes a bare future that has failed with a message, to return for one that can't be made. */
struct eddy_future *eddy__future_failed(int status, const char *sentence);

/* EDDY_EMISUSE if `future` is not of the running loop, or is a coroutine that was already used. */
static inline int eddy__future_check(const struct eddy_future *future);
int eddy__future_check_pending(const struct eddy_future *future);

/* ---- tasks -----------------------------------------------------------------------------------*/

enum task_stage {
    TASK_COROUTINE, // a coroutine object that was not taken: linked in `unawaited` of its creator
    TASK_TAKEN,     // run inline, by eddy_await() or a thread: never a task
    TASK_CREATED,   // its first step is queued
    TASK_RUNNING,   // has begun: running, ready or parked
    TASK_ENDED,
};

/*
 * Notifies the creator of many tasks when they end: one word in each task instead of a handle for
 * each. The notification runs like a handle, before the task's callbacks. A creator that merely
 * counts successful tasks sets `unended`: then run() is called only for tasks that fail or are
 * cancelled, and for the last of all to end.
 */
struct watcher {
    void (*run)(struct watcher *watcher, struct task *done);
    size_t left;    // tasks that have not ended, or not been notified of: run() subtracts one
    size_t unended; // tasks that have not ended; or 0: notify of each
};

/* Makes `watcher` watch a task that has just been made. */
void eddy__task_watch(struct task *task, struct watcher *watcher);

/* Stops watching, even if the notification is already queued. */
void eddy__task_unwatch(struct task *task);

/* State that few tasks need. */
struct task_extra {
    struct inherited *inherited;   // valid except at TASK_RUNNING: see eddy__task_hold()
    size_t stack_size;             // bytes requested; or 0
    char name[EDDY_TASK_NAME_MAX]; // "": the function's
};

/* A task's state from its first step to its end. Lies above the frames of its stack. */
struct activation {
    struct stack *stack;     // the stack it runs on: its own, or a generator's
    struct wait *wait;       // what it waits for; NULL: nothing
    struct scope *scopes;    // open scopes, newest first
    size_t scope_depth;      // how many
    size_t failed_begins;    // scopes that could not be opened for lack of memory, not ended yet
    const char *leaving;     // the function that is about to return an error; or NULL: scope.c
    int left_failure;        // of a group that could not begin and was left without its end; or 0
    struct eddy_error *error;         // travelling in it, see error.h
    struct eager_start *eager;        // what resumes when it first suspends; or NULL
    struct watcher *watcher;          // notified first when it is done; or NULL
    struct eddy_generator *generator; // the innermost whose body it runs; or NULL
    struct list unawaited;            // coroutine objects that it made and that were not taken
    struct task_extra *extra;         // or NULL
    struct inherited *inherited;      // from its creator, see inherit.h; NULL: nothing
    struct scope *ruling;          // the cancelled scope that rules it: cancel_region.c; or NULL
    struct scope *cancelled_above; // a cancelled scope around the task's group; or NULL
    uint8_t region_holds;          // internal awaits that persistent cancellation doesn't reach
};

struct task {
    struct eddy_future future; // first: a task is a future
    struct link all;           // in loop->tasks or unlooked, or its creator's unawaited list
    // The second cache line begins here; a switch touches no other.
    struct handle step; // queued when the task is to begin or to resume
    union {
        struct activation *activation; // at the stage TASK_RUNNING
        void *held;                    // at any other: see eddy__task_hold()
    };
    union {
        struct context context;  // where it resumes, at the stage TASK_RUNNING
        struct watcher *watcher; // at any other: see eddy__task_watcher()
    };
    const eddy_site *site; // where it was made, and of what
    uint64_t id;
};

_Static_assert(sizeof(struct task) == 120, "with eight bytes of arguments, two cache lines");
_Static_assert(offsetof(struct task, step) == 64, "a switch touches the second of them alone");

/* The watcher that is notified first when `task` is done; or NULL. */
static inline struct watcher **eddy__task_watcher(struct task *task)
{
    return task->future.stage == TASK_RUNNING ? &task->activation->watcher : &task->watcher;
}

/* What `task` waits for; NULL: nothing. */
static inline struct wait *eddy__task_wait(const struct task *task)
{
    return task->future.stage == TASK_RUNNING ? task->activation->wait : NULL;
}

/*
 * Stores what a task has while it has no stack: mostly nothing; a task_extra; or only what it
 * inherits, in the same field, with an odd address.
 */
static inline void eddy__task_hold(struct task *task, struct task_extra *extra,
                                   struct inherited *inherited)
{
    if (extra != NULL)
        extra->inherited = inherited;
    bool is_inherited = extra == NULL && inherited != NULL;
    task->held = is_inherited ? (char *)inherited + 1 : (char *)extra;
}

static inline bool eddy__task_holds_inherited_only(const struct task *task)
{
    return ((uintptr_t)task->held & 1) != 0;
}

static inline struct task_extra *eddy__task_extra(const struct task *task)
{
    if (task->future.stage == TASK_RUNNING)
        return task->activation->extra;
    return eddy__task_holds_inherited_only(task) ? NULL : task->held;
}

/* What it inherits, borrowed; or NULL. */
static inline struct inherited *eddy__task_inherited(const struct task *task)
{
    if (task->future.stage == TASK_RUNNING)
        return task->activation->inherited;
    if (task->held == NULL)
        return NULL;
    return eddy__task_holds_inherited_only(task) ? (struct inherited *)(void *)((char *)task->held - 1)
                                                 : ((struct task_extra *)task->held)->inherited;
}

/* The running task; NULL in callbacks and outside loops. */
static inline struct task *eddy__task_current(void);

/* The running task; if there is none, NULL with a misuse error for `function` in *out_err. */
static inline struct task *eddy__task_required(const char *function, int *out_err);
int eddy__task_missing(const char *function);

/* The task that `future` is; NULL if it is not a task, or is NULL. */
static inline const struct task *eddy__as_task(const struct eddy_future *future)
{
    return future != NULL && future->kind == &eddy__future_task
               ? container_of(future, const struct task, future)
               : NULL;
}

static inline struct task *eddy__task_of(struct eddy_future *future)
{
    EDDY_ASSERT(future->kind == &eddy__future_task);
    return container_of(future, struct task, future);
}

/*
 * Whether a cancellation is to be delivered at its next step. The loop counts such tasks, so that a
 * switch need not read the task.
 */
static inline bool eddy__task_must_cancel(const struct eddy_loop *loop, const struct task *task);
static inline void eddy__task_set_must_cancel(struct task *task, bool must_cancel);

/* Clears a cancellation that was due at its next step: it was delivered, or won't be. */
void eddy__task_forget_cancel(struct task *task);

/* The name that it was given, or its function's. */
static inline const char *eddy__task_name(const struct task *task)
{
    const struct task_extra *extra = eddy__task_extra(task);
    return extra != NULL && extra->name[0] != '\0' ? extra->name : task->site->function->name;
}

struct future_value eddy__task_value(const struct task *task);

static inline bool eddy__is_coroutine(const struct eddy_future *future)
{
    return future->kind == &eddy__future_task &&
           future->stage == TASK_COROUTINE;
}

/* Removes a coroutine object from its creator's list, for use inline or on a thread. */
void eddy__coro_take(struct task *task);

void *eddy__coro_arguments(struct task *task);

/* Runs a taken coroutine object inline; its value stays in it. Returns the status. */
int eddy__coro_run(struct task *task);

/*
 * For a call that fails although it consumes its argument: frees `awaitable` if it is a coroutine
 * object; anything else (or NULL) stays the caller's. Returns `err`.
 */
static inline int eddy__coro_refuse(struct eddy_future *awaitable, int err)
{
    if (awaitable != NULL && eddy__is_coroutine(awaitable))
        eddy_coro_free(awaitable);
    return err;
}

#endif
