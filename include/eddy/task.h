/* SPDX-License-Identifier: MIT */
/*
 * task.h: coroutines that run concurrently, and what can be asked of them.
 *
 *     EDDY_AUTO(eddy_task) *task = eddy_create_task(aget_data, 1);
 *     ...
 *     reply r;
 *     EDDY_TRY(eddy_await(task, &r));
 *
 * The loop keeps every unfinished task alive, held or not. A task is a future: everything in
 * future.h applies to it.
 */
#ifndef EDDY_TASK_H
#define EDDY_TASK_H

#include <eddy/context_var.h>
#include <eddy/coro.h>

EDDY_BEGIN_DECLS

enum { EDDY_TASK_NAME_MAX = 64 }; /* bytes, with the terminating zero; longer names are cut */

/* Zero means the default throughout. */
typedef struct eddy_task_options {
    const char *name;   /* copied; NULL: the coroutine's name */
    size_t stack_size;  /* bytes; 0: the loop's */
    bool eager_start;   /* run the first step at once, inside the call that creates the task */
    eddy_context *context; /* that it runs in, borrowed; NULL: a copy of the maker's */
} eddy_task_options;

/*
 * Schedules the coroutine function `name` with these arguments as a task of its own; it starts in
 * the loop's next iteration. Returns a reference that the caller gives back with eddy_task_free().
 * Never NULL: what can't be created is a task that has failed already (-ENOMEM).
 */
#define eddy_create_task(name, ...) \
    eddy_task_create(eddy_coro(name __VA_OPT__(,) __VA_ARGS__), NULL)
#define eddy_create_task_with(name, ...) \
    eddy_task_create(eddy_coro_with(name, __VA_ARGS__), NULL)

/* The same without a handle. Its error, if it fails, goes to the exception handler. */
#define eddy_start(name, ...) eddy__task_start(eddy_coro(name __VA_OPT__(,) __VA_ARGS__))
EDDY_API void eddy__task_start(eddy_coroutine *coroutine);

/* The same for a coroutine object, which is used up, with options (NULL: all defaults). */
EDDY_API EDDY_CHECKED eddy_task *eddy_task_create(eddy_coroutine *coroutine,
                                                  const eddy_task_options *options);

/* The running task, lent; NULL in callbacks, on other threads, and outside a loop. */
EDDY_API eddy_task *eddy_current_task(void);

/*
 * Stores up to `size` unfinished tasks, oldest first, each with a reference for the caller, and
 * returns how many there are. With a null `out_tasks` it only counts.
 */
EDDY_API size_t eddy_all_tasks(eddy_task **out_tasks, size_t size);

/*
 * The same in an array that is made for it, given back with all references by eddy_tasks_free().
 *
 *     eddy_task **tasks;
 *     ssize_t count = eddy_all_tasks_new(&tasks);
 *     for (ssize_t i = 0; i < count; i++)
 *         puts(eddy_task_get_name(tasks[i]));
 *     if (count >= 0)
 *         eddy_tasks_free(tasks, (size_t)count);
 *
 * Returns their number; 0 outside a loop, and *out_tasks is NULL; or -ENOMEM.
 */
EDDY_API EDDY_CHECKED ssize_t eddy_all_tasks_new(eddy_task ***out_tasks);
EDDY_API void eddy_tasks_free(eddy_task **tasks, size_t count);

/* Never NULL. Lent until the name is changed. A bare future has the name "future". */
EDDY_API const char *eddy_task_get_name(const eddy_task *task);
EDDY_API int eddy_task_set_name(eddy_task *task, const char *name); /* 0, -ENOMEM, EDDY_EMISUSE */

/* A number that no other task of the process has; tasks made later have larger ones. */
EDDY_API uint64_t eddy_task_id(const eddy_task *task);

/* The name of the coroutine function, and where the task was made. */
EDDY_API const char *eddy_task_coroutine_name(const eddy_task *task);
EDDY_API const eddy_place *eddy_task_place(const eddy_task *task);

/* Cancellation requests that have not been taken back, and taking one back (what is left). */
EDDY_API int eddy_task_cancelling(const eddy_task *task);
EDDY_API int eddy_task_uncancel(eddy_task *task);

/* Other names for what future.h declares, so that a task can be spoken of as one. */
#define eddy_task_cancel eddy_future_cancel
#define eddy_task_result eddy_future_result
#define eddy_task_exception eddy_future_exception
#define eddy_task_add_done_callback eddy_future_add_done_callback
#define eddy_task_remove_done_callback eddy_future_remove_done_callback

/* The same, as functions: one more reference, giving one back, and how far the task is. */
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
 * Lets other tasks run for `seconds`; for 0 or less it yields once. Timers never fire early.
 *
 * Returns 0, EDDY_CANCELLED, EDDY_EVALUE for a NaN, EDDY_EMISUSE outside a task. Infinity sleeps until
 * cancelled.
 */
EDDY_API EDDY_SUSPENDS int eddy_sleep(double seconds);

/*
 * The same as a future, without a task that sleeps: done after `seconds`, for eddy_gather(),
 * eddy_wait() and their like. A million of them cost what ten thousand sleeping tasks do. The
 * reference is the caller's; given back while it is pending, the timer goes with it. Cancelling it
 * takes the timer back too. Never NULL: one that can't be made has failed already (EDDY_EVALUE for a
 * NaN, EDDY_EMISUSE outside a loop, -ENOMEM). Never suspends.
 */
EDDY_API EDDY_CHECKED eddy_future *eddy_sleep_start(double seconds);

EDDY_AUTO_FOR(eddy_task, eddy_future_free)

EDDY_END_DECLS

#endif
