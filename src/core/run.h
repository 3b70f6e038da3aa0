/* SPDX-License-Identifier: MIT */
/*
 * run.h: what the files of core/ share about who runs next; see run.c.
 */
#ifndef EDDY_CORE_RUN_H
#define EDDY_CORE_RUN_H

#include "core/core.h"

/* The `run` of a task's step handle. */
void eddy__task_step(struct handle *handle);

/* Stops the running task, which somebody will make ready, and lets the next one go on. */
void eddy__run_next(struct task *self);

/* Runs a new task's first step at once, as the current task; returns when it stops or ends. */
void eddy__run_eagerly(struct task *task);

/*
 * Starts an iteration with what is ready, without asking kernel, threads or clock. False when that
 * has been put off long enough, or nothing is ready: then a whole turn is due.
 */
bool eddy__loop_begin_iteration(struct eddy_loop *loop);

/* Reports and drops the coroutine objects made in callbacks that nobody took; task.c. */
void eddy__loop_drop_unawaited(struct eddy_loop *loop);

/* Completes the future of a task whose body ended with `status`; task.c. */
void eddy__task_end(struct task *task, int status);

/* Ends a task that never began: cancelled before its first step, or no memory for its stack. */
void eddy__task_end_unbegun(struct task *task, int status);

/* Frees a callback that will never be called, if `handle` is one; callback.c, future.c. */
void eddy__callback_drop(struct handle *handle);
bool eddy__done_callback_drop(struct handle *handle);

/* Takes the calls that other threads have posted; inbox.c. */
struct inbox *eddy__inbox_new(void);
void eddy__inbox_close(struct inbox *inbox); // later posts are refused
void eddy__inbox_run(struct inbox *inbox);
void eddy__inbox_free(struct inbox *inbox);

#endif
