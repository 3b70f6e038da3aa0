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
    bool (*cancel)(struct eddy_future *future, struct eddy_error *why); // of a pending one
    size_t (*fini)(struct eddy_future *future); // gives back what it has; returns its own bytes
    struct eddy_future *(*source)(const struct eddy_future *future); // whose value is this one's; or NULL
};

extern const struct future_kind eddy__future_bare;
extern const struct future_kind eddy__future_task;

/* The loop_id of a future that has been freed; no loop has it. */
#define LOOP_ID_FREED UINT32_MAX

/* What a task keeps here would only widen struct task. */
struct eddy_future {
    uint32_t refs;
    uint8_t state;                // enum eddy_future_state
    uint8_t stage;                // of a task: enum task_stage
    bool is_unlooked : 1;         // failed, and nobody has looked at the error
    bool has_value : 1;           // nobody has moved it away
    bool is_reported : 1;         // as never retrieved
    bool must_cancel : 1;         // of a task: `error` says why, at its next step
    bool is_being_cancelled : 1;  // of a task: see eddy__future_cancel_for()
    bool is_tracked : 1;          // in debug mode: tracked.c
    int status;                   // once done: 0 or more, or the error
    uint32_t mark;                // of the walk that saw it last: eddy__future_mark()
    uint32_t loop_id;             // of its loop; 0: it was made outside any; or LOOP_ID_FREED
    int cancelling;               // of a task: requests not taken back
    const struct future_kind *kind;
    struct pile callbacks;    // handles, the latest on top
    struct eddy_error *error; // of one failed or cancelled, or about to be; or NULL
};

/* A future whose value somebody sets. */
struct bare_future {
    struct eddy_future future; // first
    uint32_t value_size;       // bytes
    void (*drop_value)(void *value); // or NULL: plain data
    max_align_t value[];
};

/* Where a future's value lies, or will lie. */
struct future_value {
    void *at;
    uint32_t size;             // bytes; 0: it has none
    void (*drop)(void *value); // or NULL: plain data
};

static inline bool eddy__future_is_done(const struct eddy_future *future)
{
    return future->state != EDDY_STATE_PENDING;
}

/* Of a task or a bare future; of another its source's. */
struct future_value eddy__future_value(const struct eddy_future *future);

/*
 * A future of another kind: `size` bytes that begin with a struct eddy_future, zeroed beyond it,
 * with one reference. Never NULL: without memory it is a bare one that has failed; look at `kind`.
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

/* Complete a pending future; each queues its callbacks. `error` is borrowed and may be NULL. */
static inline void eddy__future_finish(struct eddy_future *future, int status, bool has_value)
{
    future->has_value = has_value;
    eddy__future_complete(future, EDDY_STATE_FINISHED, status);
}

void eddy__future_fail(struct eddy_future *future, int status, struct eddy_error *error);
void eddy__future_cancelled(struct eddy_future *future, struct eddy_error *why);

/* As asyncio's Future.cancel(): of any kind, done or not. */
bool eddy__future_cancel_for(struct eddy_future *future, struct eddy_error *why);

void eddy__future_look_anew(struct eddy_future *future);

/* Somebody has looked at its error. */
static inline void eddy__future_look(struct eddy_future *future)
{
    if (EDDY__UNLIKELY(future->is_unlooked))
        eddy__future_look_anew(future);
}

/* As eddy_future_free(), which is slower when other references are left. */
static inline void eddy__future_unref(struct eddy_future *future)
{
    if (EDDY__LIKELY(future->refs > 1))
        future->refs--;
    else
        eddy_future_free(future);
}

/*
 * A callback as part of another object: linked into `future`, queued at once when that is done. The
 * object must unlink it (eddy__handle_cancel) or live until it has run.
 */
void eddy__future_subscribe(struct eddy_future *future, struct handle *handle);

/* Takes the outcome: status or error, the value into `out` (of `size` bytes) unless NULL. */
static inline int eddy__future_take(struct eddy_future *future, void *out, size_t size);
int eddy__future_take_any(struct eddy_future *future, void *out, size_t size);

/*
 * What `awaitable` stands for as a future of its own, as gather and shield want it: a coroutine
 * object is made a task (and the reference is the caller's), a future gets one more reference.
 */
struct eddy_future *eddy__future_of(struct eddy_future *awaitable);

/* What stands for a future that can't be made: it has failed already, and is never freed. */
struct eddy_future *eddy__future_unmade(int status);

/* A bare future that has failed already, with a sentence: what stands for one that can't be made. */
struct eddy_future *eddy__future_failed(int status, const char *sentence);

/* EDDY_EMISUSE when `future` is not of the running loop, or a coroutine that has been used up. */
static inline int eddy__future_check(const struct eddy_future *future);
int eddy__future_check_pending(const struct eddy_future *future);

/* ---- tasks -----------------------------------------------------------------------------------*/

enum task_stage {
    TASK_COROUTINE, // an object that nobody has taken: linked in `unawaited` of its maker
    TASK_TAKEN,     // used up inline, by eddy_await() or a thread: never a task
    TASK_CREATED,   // its first step is queued
    TASK_RUNNING,   // has begun: running, ready or parked
    TASK_ENDED,
};

/*
 * Who has made many tasks and wants to be told of them: one word in each instead of a handle for
 * each. The news comes as a handle would, as the first of the task's callbacks. Who counts those
 * that end well, and does no more, sets `unended`: then only the last of all to end is told of in
 * any case.
 */
struct watcher {
    void (*run)(struct watcher *watcher, struct task *done);
    size_t left;    // tasks that have not ended, or whose news has not come: run() takes one off
    size_t unended; // tasks that have not ended; or 0: each is told of
};

/* Has `watcher` told of a task that has just been made. */
void eddy__task_watch(struct task *task, struct watcher *watcher);

/* It is no longer to be told, even if the news is on its way. */
void eddy__task_unwatch(struct task *task);

/* What few tasks have. */
struct task_extra {
    struct inherited *inherited;   // at other stages than TASK_RUNNING: see eddy__task_hold()
    size_t stack_size;             // bytes asked for; or 0
    char name[EDDY_TASK_NAME_MAX]; // "": the function's
};

/* What a task has from its first step to its end. Lies above the frames of its stack. */
struct activation {
    struct stack *stack;     // that it runs on: its own, or a generator's
    struct wait *wait;       // what it waits for; NULL: nothing
    struct scope *scopes;    // open ones, the newest first
    size_t scope_depth;      // how many
    size_t failed_begins;    // scopes that could not be opened for want of memory, not ended yet
    const char *leaving;     // the function that is about to return an error; or NULL: scope.c
    int left_failure;        // of a group that could not begin, and was left without its end; or 0
    struct eddy_error *error;         // travelling in it, see error.h
    struct eager_start *eager;        // who goes on when it first stops; or NULL
    struct watcher *watcher;          // who is told first that it is done; or NULL
    struct eddy_generator *generator; // the innermost whose body it runs; or NULL
    struct list unawaited;            // coroutine objects that it made and nobody took
    struct task_extra *extra;         // or NULL
    struct inherited *inherited;      // from who made it, see inherit.h; NULL: nothing
    struct scope *ruling;          // cancelled for good, and seen from here: cancel_region.c; or NULL
    struct scope *cancelled_above; // such a scope around the task's group; or NULL
    uint8_t region_holds;          // awaits of ours that scopes cancelled for good don't reach
};

struct task {
    struct eddy_future future; // first: a task is a future
    struct link all;           // in loop->tasks, or in the unawaited list of its maker
    // The second cache line begins here, and is all that a switch touches.
    struct handle step; // queued when the task is to begin or to go on
    union {
        struct activation *activation; // at the stage TASK_RUNNING
        void *held;                    // at any other: see eddy__task_hold()
    };
    union {
        struct context context;  // where it continues, at the stage TASK_RUNNING
        struct watcher *watcher; // at any other: see eddy__task_watcher()
    };
    const eddy_site *site; // where it was made, and of what
    uint64_t id;
};

_Static_assert(sizeof(struct task) == 120, "with eight bytes of arguments, two cache lines");
_Static_assert(offsetof(struct task, step) == 64, "a switch touches the second of them alone");

/* Who is told first that `task` is done; or NULL. */
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
 * What a task has while it has no stack: mostly nothing; something extra; or only what it inherits, in
 * the same place, with an odd address.
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

/* What it inherits, lent; or NULL. */
static inline struct inherited *eddy__task_inherited(const struct task *task)
{
    if (task->future.stage == TASK_RUNNING)
        return task->activation->inherited;
    if (task->held == NULL)
        return NULL;
    return eddy__task_holds_inherited_only(task) ? (struct inherited *)(void *)((char *)task->held - 1)
                                                 : ((struct task_extra *)task->held)->inherited;
}

/* The running task, NULL in callbacks and outside loops. */
static inline struct task *eddy__task_current(void);

/* The running task; NULL with a misuse error for `function` in *out_err otherwise. */
static inline struct task *eddy__task_required(const char *function, int *out_err);
int eddy__task_missing(const char *function);

/* NULL for what is no task, and for NULL. */
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
 * Whether a cancellation is to be delivered at its next step. The loop counts such tasks, so that a switch
 * need not look at the task.
 */
static inline bool eddy__task_must_cancel(const struct eddy_loop *loop, const struct task *task);
static inline void eddy__task_set_must_cancel(struct task *task, bool must_cancel);

/* A cancellation that was to be delivered at its next step has been, or won't be. */
void eddy__task_forget_cancel(struct task *task);

/* Its name as given, or its function's. */
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

/* Takes a coroutine object out of its maker's list, for use inline or on a thread. */
void eddy__coro_take(struct task *task);

void *eddy__coro_arguments(struct task *task);

/* Runs a taken coroutine object here; its value stays in it. Returns the status. */
int eddy__coro_run(struct task *task);

/*
 * What a call that uses up its argument does with it when it fails: a coroutine object is dropped,
 * anything else (NULL too) is the caller's and left alone. Returns `err`.
 */
static inline int eddy__coro_refuse(struct eddy_future *awaitable, int err)
{
    if (awaitable != NULL && eddy__is_coroutine(awaitable))
        eddy_coro_free(awaitable);
    return err;
}

#endif
