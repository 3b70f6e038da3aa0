/* SPDX-License-Identifier: MIT */
/*
 * task.h: tasks, which run coroutines concurrently: creating, naming, listing and cancelling them.
 *
 *     EDDY_AUTO(eddy_task) *task = eddy_create_task(aget_data, 1);
 *     ...
 *     reply r;
 *     EDDY_TRY(eddy_await(task, &r));
 *
 * The loop keeps every unfinished task alive, even one without other references. A task is a
 * future: everything in future.h applies to it.
 */
#ifndef EDDY_TASK_H
#define EDDY_TASK_H

#include <eddy/context_var.h>
#include <eddy/coro.h>

EDDY_BEGIN_DECLS

enum { EDDY_TASK_NAME_MAX = 64 }; /* bytes, with the terminating zero; longer names are cut */

/* A zero field means its default. */
typedef struct eddy_task_options {
    const char *name;   /* copied; NULL: the coroutine's name */
    size_t stack_size;  /* bytes; 0: the loop's default */
    bool eager_start;   /* run the first step at once, inside the call that creates the task */
    eddy_context *context; /* the context to run in, borrowed; NULL: a copy of the creator's */
} eddy_task_options;

/*
 * Creates a task that calls the coroutine function `name` with these arguments. The task starts in
 * the loop's next iteration. Returns a reference, which the caller frees with eddy_task_free().
 * Never NULL: if the task can't be created, the result is a task that has already failed
 * (-ENOMEM).
 */
#define eddy_create_task(name, ...) \
    eddy_task_create(eddy_coro(name __VA_OPT__(,) __VA_ARGS__), NULL)
#define eddy_create_task_with(name, ...) \
    eddy_task_create(eddy_coro_with(name, __VA_ARGS__), NULL)

/* The same, without returning a reference. If the task fails, its error is reported. */
#define eddy_start(name, ...) eddy__task_start(eddy_coro(name __VA_OPT__(,) __VA_ARGS__))
EDDY_API void eddy__task_start(eddy_coroutine *coroutine);

/* The same for a coroutine object, which is consumed, with options (NULL: all defaults). */
EDDY_API EDDY_CHECKED eddy_task *eddy_task_create(eddy_coroutine *coroutine,
                                                  const eddy_task_options *options);

/* Returns the running task, borrowed; NULL in callbacks, on other threads, and outside a loop. */
EDDY_API eddy_task *eddy_current_task(void);

/*
 * Stores up to `size` unfinished tasks, oldest first, each with a reference for the caller, and
 * returns how many unfinished tasks there are. If `out_tasks` is NULL, it only counts.
 */
EDDY_API size_t eddy_all_tasks(eddy_task **out_tasks, size_t size);

/*
 * The same, in a new array. eddy_tasks_free() frees the array and all its references.
 *
 *     eddy_task **tasks;
 *     ssize_t count = eddy_all_tasks_new(&tasks);
 *     for (ssize_t i = 0; i < count; i++)
 *         puts(eddy_task_get_name(tasks[i]));
 *     if (count >= 0)
 *         eddy_tasks_free(tasks, (size_t)count);
 *
 * Returns the number of tasks; 0 outside a loop, with *out_tasks set to NULL; or -ENOMEM.
 */
EDDY_API EDDY_CHECKED ssize_t eddy_all_tasks_new(eddy_task ***out_tasks);
EDDY_API void eddy_tasks_free(eddy_task **tasks, size_t count);

/* Returns the name, borrowed until it is changed. Never NULL. A bare future is named "future". */
EDDY_API const char *eddy_task_get_name(const eddy_task *task);
EDDY_API int eddy_task_set_name(eddy_task *task, const char *name); /* 0, -ENOMEM, EDDY_EMISUSE */

/* Returns the task's number, unique in the process. Tasks created later have larger numbers. */
EDDY_API uint64_t eddy_task_id(const eddy_task *task);

/* Return the name of the coroutine function, and the place where the task was created. */
EDDY_API const char *eddy_task_coroutine_name(const eddy_task *task);
EDDY_API const eddy_place *eddy_task_place(const eddy_task *task);

/* Return the number of pending cancellation requests; uncancel first removes one of them. */
EDDY_API int eddy_task_cancelling(const eddy_task *task);
EDDY_API int eddy_task_uncancel(eddy_task *task);

/* Aliases of functions in future.h, named for tasks. */
#define eddy_task_cancel eddy_future_cancel
#define eddy_task_result eddy_future_result
#define eddy_task_exception eddy_future_exception
#define eddy_task_add_done_callback eddy_future_add_done_callback
#define eddy_task_remove_done_callback eddy_future_remove_done_callback

/* The same, as functions: add a reference, free a reference, and read the task's state. */
static inline eddy_task *eddy_task_ref(eddy_task *task)
{
    return eddy_future_ref(task);
}
static inline void eddy_task_free(eddy_task *task)
{
    eddy_future_free(task);
}
static inline bool eddy_task_done(const eddy_task *task)
{
    return eddy_future_done(task);
}
static inline bool eddy_task_cancelled(const eddy_task *task)
{
    return eddy_future_cancelled(task);
}

/*
 * Suspends the task for `seconds`. For 0 or less it yields once; infinity sleeps until cancelled.
 * Timers never fire early.
 *
 * Returns 0, EDDY_CANCELLED, EDDY_EVALUE for a NaN, EDDY_EMISUSE outside a task.
 */
EDDY_API EDDY_SUSPENDS int eddy_sleep(double seconds);

/*
 * Returns a future that is done after `seconds`, for eddy_gather(), eddy_wait() and the like. It
 * needs no task: a million of these futures cost what ten thousand sleeping tasks do. The caller
 * owns the reference. Freeing it while pending, or cancelling it, also removes the timer. Never
 * NULL: if it can't be created, the result is a future that has already failed (EDDY_EVALUE for a
 * NaN, EDDY_EMISUSE outside a loop, -ENOMEM). Never suspends.
 */
EDDY_API EDDY_CHECKED eddy_future *eddy_sleep_start(double seconds);

EDDY_AUTO_FOR(eddy_task, eddy_future_free)

EDDY_END_DECLS

#endif
