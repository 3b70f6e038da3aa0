/* SPDX-License-Identifier: MIT */
/*
 * stack.h: what lies on the stacks of tasks: who called whom, and how deep they went.
 *
 *     EDDY_IGNORE(eddy_task_print_stack(task, NULL));          // to stderr
 *
 *     Stack for task "fetch-7" (most recent call first):
 *       #0  eddy_sleep+0x71 (libeddy.so.0+0xa0f1)
 *       #1  fetch+0x3b (app+0x12ab)
 *
 * A coroutine has a stack of its own, so what is shown is the whole way from the task's first
 * function to the place where it waits, and not, as in asyncio, the coroutine alone. Names come from
 * the symbol tables of the program and its libraries, those of static functions too unless they
 * were stripped; `addr2line -e app 0x12ab` turns a place into a file and a line.
 */
#ifndef EDDY_STACK_H
#define EDDY_STACK_H

#include <eddy/task.h>

#include <stdio.h>

EDDY_BEGIN_DECLS

/* Sizes: of a name in a frame, and of what is looked at. */
enum {
    EDDY_FRAME_NAME_MAX = 64, /* bytes, with the terminating zero; longer names are cut */
    EDDY_FRAMES_MAX = 128,    /* frames of a stack that are looked at: the innermost */
};

/* One function on a stack, where it will go on. */
typedef struct eddy_frame {
    void *address;                      /* a return address */
    char function[EDDY_FRAME_NAME_MAX]; /* its name; "" when it isn't known */
    size_t offset;                      /* of the call in it, bytes */
    char object[EDDY_FRAME_NAME_MAX];   /* the program or library it belongs to; "" when unknown */
    size_t object_offset;               /* of the call in that file, bytes */
} eddy_frame;

/*
 * Stores the frames of an unfinished task of this loop, the innermost first, at most `size`: of the
 * running task itself, from the function that calls this; of another, from where it waits. With a null
 * `out_frames` it only counts.
 *
 * Returns how many there are, EDDY_FRAMES_MAX at most: 0 for a task that has not begun, has ended, or
 * is a bare future; or EDDY_EMISUSE on another thread than the loop's. Reads files, so it takes some
 * milliseconds, and never suspends.
 */
EDDY_API EDDY_CHECKED ssize_t eddy_task_get_stack(const eddy_task *task, eddy_frame *out_frames,
                                                  size_t size);

/* Writes the same as text to `file` (NULL: stderr). 0, EDDY_EMISUSE as above, or -EIO. */
EDDY_API EDDY_CHECKED int eddy_task_print_stack(const eddy_task *task, FILE *file);

/* Writes "fetch+0x3b (app+0x12ab)" into `buf`; returns its length, as snprintf(3). */
EDDY_API size_t eddy_frame_format(const eddy_frame *frame, char *buf, size_t size);

/*
 * Has an overflow of the calling thread's own stack reported on stderr, with `name`, before the program
 * ends with SIGSEGV, until the thread ends. For threads that the program makes itself: tasks, callbacks
 * and the functions of eddy_to_thread() are reported anyway. The name is copied, and may be given anew.
 *
 * Returns 0; -ENOMEM without memory for a stack to report on; EDDY_EMISUSE without a name, or where a loop
 * runs. Does not suspend. Nothing is reported where the program handles SIGSEGV itself.
 */
EDDY_API EDDY_CHECKED int eddy_guard_thread(const char *name);

/* --- How deep they went ---------------------------------------------------------------------- */

/* Of one coroutine or generator function: what its tasks, as far as they have ended, have used. */
typedef struct eddy_stack_depth {
    const char *name;        /* of the function */
    const eddy_place *place; /* where it is defined */
    uint64_t run_count;      /* bodies that have ended, on a stack of their own */
    size_t used_max;         /* bytes of the deepest, in whole pages */
    size_t stack_size;       /* bytes that one could have used */
} eddy_stack_depth;

/*
 * Stores up to `size` of the running loop's records, in the order in which functions first ended, and
 * returns how many there are: none unless eddy_run_options.measure_stacks is set. With a null
 * `out_depths` it only counts. Ask at the end of the main task, or in `on_closing`.
 *
 *     eddy_stack_depth depths[100];
 *     size_t n = eddy_stack_depths(depths, 100);
 *
 * What a body calls directly runs on its stack, and counts there. The figure is never too small, up
 * to two pages too large, and what a stack_size in eddy_task_options should leave room for.
 */
EDDY_API size_t eddy_stack_depths(eddy_stack_depth *out_depths, size_t size);

EDDY_END_DECLS

#endif
