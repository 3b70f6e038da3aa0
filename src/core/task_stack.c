/* SPDX-License-Identifier: MIT */
/*
 * task_stack.c: the frames of a task, on whichever stacks they lie.
 *
 * A task may span several stacks: while it runs the body of a generator, it continues on the
 * generator's stack, and the asker is suspended on the previous one. Each piece but the innermost
 * is suspended. The innermost is one of three:
 *
 *      the running task               the current stack
 *      its creator, if it was eager   suspended in its eager start: run.c knows where
 *      any other                      suspended in its activation
 *
 * Called by debug reports too, through eddy__task_unwind().
 */
#include "core/run.h"
#include "core/stacks.h"

#include <eddy/stack.h>

#include <errno.h>
#include <string.h>

_Static_assert(sizeof((struct symbol *)NULL)->function == EDDY_FRAME_NAME_MAX, "names fit");

static const struct task *begun_task(const struct eddy_future *future)
{
    if (future == NULL || future->kind != &eddy__future_task || eddy__future_is_done(future))
        return NULL;
    const struct task *task = container_of(future, struct task, future);
    return task->future.stage == TASK_RUNNING ? task : NULL;
}

__attribute__((noinline)) size_t eddy__task_unwind(const struct task *task, void **addresses,
                                                   size_t size)
{
    size_t n;
    if (task == eddy__task_current()) {
        n = eddy__unwind_here(addresses, size, 1);
    } else {
        const struct context *context = eddy__eager_creator_context(task);
        n = eddy__unwind_suspended(context != NULL ? context : &task->context,
                                   addresses, size);
    }
    const struct eddy_generator *generator = task->activation->generator;
    while (generator != NULL && n < size) {
        const struct context *asker = eddy__generator_asker(&generator);
        n += eddy__unwind_suspended(asker, addresses + n, size - n);
    }
    return n;
}

void eddy__frame_fill(void *address, eddy_frame *out)
{
    struct symbol symbol;
    eddy__symbol_find(address, &symbol);
    *out = (eddy_frame){
        .address = address, .offset = symbol.offset, .object_offset = symbol.object_offset};
    memcpy(out->function, symbol.function, sizeof symbol.function);
    memcpy(out->object, symbol.object, sizeof symbol.object);
}

/* The addresses of `future`'s frames, or EDDY_EMISUSE. */
__attribute__((noinline)) static ssize_t unwind(const struct eddy_future *future,
                                                const char *sentence, void **addresses)
{
    if (future != NULL && eddy__future_is_elsewhere(future))
        return eddy__misuse(sentence);
    const struct task *task = begun_task(future);
    if (task == NULL)
        return 0;
    size_t n = eddy__task_unwind(task, addresses, EDDY_FRAMES_MAX);
    __asm__ volatile("" : "+r"(n)); // no tail call: skip_own() counts on this frame
    return (ssize_t)n;
}

/* The running task's two innermost frames left by eddy__task_unwind() are Eddy's: skip them. */
static ssize_t skip_own(const struct eddy_future *future, ssize_t n)
{
    const struct task *current = eddy__task_current();
    bool is_current = current != NULL && future == &current->future;
    return is_current && n > 2 ? 2 : 0;
}

ssize_t eddy_task_get_stack(const eddy_task *task, eddy_frame *out_frames, size_t size)
{
    void *addresses[EDDY_FRAMES_MAX];
    ssize_t n = unwind(task, "eddy_task_get_stack: the task belongs to another loop", addresses);
    if (n <= 0)
        return n;
    ssize_t own = skip_own(task, n);
    for (ssize_t i = own; out_frames != NULL && i < n && (size_t)(i - own) < size; i++)
        eddy__frame_fill(addresses[i], &out_frames[i - own]);
    return n - own;
}

int eddy_task_print_stack(const eddy_task *task, FILE *file)
{
    void *addresses[EDDY_FRAMES_MAX];
    ssize_t n = unwind(task, "eddy_task_print_stack: the task belongs to another loop", addresses);
    if (n < 0)
        return (int)n;
    if (file == NULL)
        file = stderr;
    ssize_t own = skip_own(task, n);
    if (fprintf(file, n > 0 ? "Stack for task \"%s\" (most recent call first):\n"
                            : "No stack for task \"%s\"\n",
                eddy_task_get_name(task)) < 0)
        return -EIO;
    for (ssize_t i = own; i < n; i++) {
        char text[256];
        eddy_frame frame;
        eddy__frame_fill(addresses[i], &frame);
        eddy_frame_format(&frame, text, sizeof text);
        if (fprintf(file, "  #%-2zd %s\n", i - own, text) < 0)
            return -EIO;
    }
    return 0;
}

size_t eddy_frame_format(const eddy_frame *frame, char *buf, size_t size)
{
    if (frame == NULL)
        return 0;
    struct symbol symbol = {.offset = frame->offset, .object_offset = frame->object_offset};
    memcpy(symbol.function, frame->function, sizeof symbol.function);
    memcpy(symbol.object, frame->object, sizeof symbol.object);
    return eddy__symbol_format(&symbol, buf, size);
}
