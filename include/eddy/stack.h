/* SPDX-License-Identifier: MIT */
/*
 * stack.h: inspecting the stacks of tasks: their frames, and how many bytes they used.
 *
 *     EDDY_IGNORE(eddy_task_print_stack(task, NULL));          // to stderr
 *
 *     Stack for task "fetch-7" (most recent call first):
 *       #0  eddy_sleep+0x71 (libeddy.so.0+0xa0f1)
 *       #1  fetch+0x3b (app+0x12ab)
 *
 * A coroutine has its own stack, so this shows all calls from the task's first function to the
 * place where it waits; asyncio shows only the coroutine. Names come from the symbol tables of the
 * program and its libraries, including those of static functions unless they were stripped.
 * `addr2line -e app 0x12ab` turns an address into a file and a line.
 */
#ifndef EDDY_STACK_H
#define EDDY_STACK_H

#include <eddy/task.h>

#include <stdio.h>

EDDY_BEGIN_DECLS

/* Sizes: of a name in a frame, and of the part of a stack that is read. */
enum {
    EDDY_FRAME_NAME_MAX = 64, /* bytes, with the terminating zero; longer names are cut */
    EDDY_FRAMES_MAX = 128,    /* frames of a stack that are read: the innermost */
};

/* A stack frame: a function, and where it will continue. */
typedef struct eddy_frame {
    void *address;                      /* a return address */
    char function[EDDY_FRAME_NAME_MAX]; /* its name; "" when it isn't known */
    size_t offset;                      /* of the call in it, bytes */
    char object[EDDY_FRAME_NAME_MAX];   /* the program or library it belongs to; "" when unknown */
    size_t object_offset;               /* of the call in that file, bytes */
} eddy_frame;

/*
 * Stores at most `size` frames of an unfinished task of this loop, innermost first. For the
 * running task they start at the function that calls this; for another task, where it waits. If
 * `out_frames` is NULL, it only counts.
 *
 * Returns the number of frames, EDDY_FRAMES_MAX at most; 0 for a task that has not begun or has
 * ended, and for a bare future; EDDY_EMISUSE if not on the loop's thread. It reads files, which
 * takes some milliseconds. Never suspends.
 */
EDDY_API EDDY_CHECKED ssize_t eddy_task_get_stack(const eddy_task *task, eddy_frame *out_frames,
                                                  size_t size);

/* Writes the same as text to `file` (NULL: stderr). Returns 0, EDDY_EMISUSE as above, or -EIO. */
EDDY_API EDDY_CHECKED int eddy_task_print_stack(const eddy_task *task, FILE *file);

/* Writes "fetch+0x3b (app+0x12ab)" into `buf`; returns its length, as snprintf(3). */
EDDY_API size_t eddy_frame_format(const eddy_frame *frame, char *buf, size_t size);

/*
 * Makes an overflow of the calling thread's own stack be reported on stderr, with `name`, before
 * the program ends with SIGSEGV, until the thread ends. For threads that the program creates:
 * overflows in tasks, callbacks and functions of eddy_to_thread() are always reported. The name is
 * copied; another call changes it.
 *
 * Returns 0; -ENOMEM without memory for a signal stack; EDDY_EMISUSE without a name, or where a
 * loop runs. Does not suspend. Nothing is reported if the program handles SIGSEGV itself.
 */
EDDY_API EDDY_CHECKED int eddy_guard_thread(const char *name);

/* --- Stack depths ---------------------------------------------------------------------------- */

/* The stack use of one coroutine or generator function, over its runs that have ended. */
typedef struct eddy_stack_depth {
    const char *name;        /* of the function */
    const eddy_place *place; /* where it is defined */
    uint64_t run_count;      /* runs that have ended, each on its own stack */
    size_t used_max;         /* bytes of the deepest run, in whole pages */
    size_t stack_size;       /* bytes available to a run */
} eddy_stack_depth;

/*
 * Stores up to `size` of the running loop's records, in the order in which functions first ended,
 * and returns the number of records: 0 unless eddy_run_options.measure_stacks is set. If
 * `out_depths` is NULL, it only counts. Call it at the end of the main task, or in `on_closing`.
 *
 *     eddy_stack_depth depths[100];
 *     size_t n = eddy_stack_depths(depths, 100);
 *
 * Functions that a coroutine calls directly run on its stack and are included. `used_max` is never
 * too small, and at most two pages too large. A stack_size in eddy_task_options should exceed it.
 */
EDDY_API size_t eddy_stack_depths(eddy_stack_depth *out_depths, size_t size);

EDDY_END_DECLS

#endif
