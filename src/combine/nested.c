/* SPDX-License-Identifier: MIT */
/*
 * nested.c: eddy_run() inside a task.
 *
 * A library may call eddy_run() itself, inside a program that already has a loop. What it runs
 * becomes a child of the calling task, on the existing loop. The call returns when eddy_run() would
 * have: when everything made within has ended.
 *
 *      calling task --eddy_run--> nested main --> its tasks --> theirs     each marked by its maker
 *           |<------------------- done           `--cancelled, awaited--'
 *
 * What belongs to the run carries a mark, which is inherited as context variables are (inherit.c):
 * by tasks, by callbacks and so by the tasks that they make. Other threads don't inherit it.
 *
 * Invariants:
 *   - The calling task waits as if in an await: a cancellation is passed to the nested main task.
 *   - Whatever the outcome, everything made within has ended before the call returns.
 */
#include "combine/combine.h"
#include "core/inherit.h"

#include <eddy/loop.h>

#include <errno.h>

enum { WAIT_ROUNDS_MAX = 64 }; // cancellations while it ends the rest, then the task gives up

static bool are_default(const eddy_run_options *options)
{
    return options == NULL ||
           (!options->virtual_clock && !options->debug && !options->eager_start &&
            !options->keep_sigint && !options->measure_stacks && options->stack_size == 0 &&
            options->threads_max == 0 && options->lookup_threads_max == 0 &&
            options->slow_callback_duration == 0 && options->flush_timeout == 0 &&
            options->exception_handler == NULL && options->on_main_done == NULL &&
            options->on_closing == NULL);
}

/* Records a cancellation of the running task that did not come from `future`. */
static void note_cancellation(struct shutdown *shutdown)
{
    shutdown->is_cancelled = true;
    eddy__error_unref(shutdown->cancelled);
    shutdown->cancelled = eddy__error_ref(eddy__task_current()->activation->error);
}

int eddy__nested_wait(struct shutdown *shutdown, struct eddy_future *future)
{
    for (int round = 0; round < WAIT_ROUNDS_MAX && !eddy__future_is_done(future); round++)
        if (eddy__await(future, NULL, 0) == EDDY_CANCELLED)
            note_cancellation(shutdown);
    return eddy__future_is_done(future) ? 0 : -EDEADLK;
}

/* Makes the main task, marked as part of `run`. */
static int make_main(struct nested_run *run, eddy_coroutine *coroutine, eddy_task **out_main)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct inherited **slot = eddy__inherited_slot();
    struct inherited *marked, *own = *slot;
    bool is_eager = loop->is_eager;
    int err = eddy__inherit_marked(run, &marked);
    if (err < 0)
        return err;
    // Not eagerly: no code may run while this task has the mark for a moment.
    loop->is_eager = false;
    *slot = marked;
    *out_main = eddy_task_create(coroutine, NULL);
    *slot = own;
    loop->is_eager = is_eager;
    eddy__inherited_unref(marked);
    return 0;
}

/* Waits for the main task, then ends what it has left behind. */
static void run_to_the_end(struct shutdown *shutdown, eddy_task *main)
{
    // A cancellation passes through the await to the main task, and then is its outcome.
    int status = eddy__await(main, NULL, 0);
    if (status == EDDY_CANCELLED && main->state != EDDY_STATE_CANCELLED)
        note_cancellation(shutdown);
    // A cancelled scope must not keep us from ending what was made within.
    struct task *task = eddy__task_current();
    eddy__region_hold(task);
    int err = eddy__shutdown(shutdown);
    eddy__shutdown_unwind(shutdown, err < 0);
    eddy__region_release(task);
}

static int outcome_of(const struct shutdown *shutdown, eddy_task *main, void *out_value,
                      size_t size)
{
    if (!shutdown->is_cancelled && eddy__future_is_done(main))
        return eddy__future_take(main, out_value, size);
    eddy__future_look(main);
    eddy__error_travel(eddy__task_current(), shutdown->cancelled);
    return EDDY_CANCELLED;
}

int eddy__run_nested(void *out_value, size_t size, eddy_coroutine *coroutine,
                     const eddy_run_options *options)
{
    if (!are_default(options))
        return eddy__coro_refuse(coroutine, eddy__misuse("eddy_run: inside a task it runs on the loop that is "
                                                         "there, and can't set that loop's options"));
    struct nested_run *run =
        eddy__nested_run_new(eddy__nested_run_of(*eddy__inherited_slot()));
    if (run == NULL)
        return eddy__coro_refuse(coroutine, -ENOMEM);
    eddy_task *main;
    int status = make_main(run, coroutine, &main);
    if (status == 0) {
        struct shutdown shutdown = {.loop = eddy__loop_current(), .within = run};
        run_to_the_end(&shutdown, main);
        status = outcome_of(&shutdown, main, out_value, size);
        eddy__error_unref(shutdown.cancelled);
        eddy_task_free(main);
    } else {
        (void)eddy__coro_refuse(coroutine, status);
    }
    eddy__nested_run_unref(run);
    return status;
}
