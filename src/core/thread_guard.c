/* SPDX-License-Identifier: MIT */
/*
 * thread_guard.c: threads that Eddy starts, and the message when one overflows its stack.
 *
 * Such a thread blocks all signals sent to the process, but not its own faults: a blocked SIGSEGV
 * would end the program before the handler of arch/overflow.c could say why.
 *
 * Called by io/thread.c and core/watchdog.c, and by loop.c for its own stack.
 */
#include "base/symbol.h"
#include "core/core.h"

#include <eddy/stack.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

int eddy__thread_create(pthread_t *out_thread, void *(*run)(void *argument), void *argument)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    int err = pthread_create(out_thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0)
        atomic_fetch_add(&eddy__own_thread_count, 1); // the thread that joins it subtracts it
    return -err;
}

/* The program is ending: finding a name may use functions that handlers otherwise must not. */
size_t eddy__describe_native_overflow(const char *what, const void *pc, size_t stack_size, char *buf,
                                      size_t size)
{
    char place[2 * SYMBOL_NAME_MAX + 64];
    struct symbol symbol;
    eddy__symbol_find(pc, &symbol);
    eddy__symbol_format(&symbol, place, sizeof place);
    int n = snprintf(buf, size,
                     "eddy: stack overflow in %s, in %s: it runs on the thread's own stack (%zu KiB; "
                     "ulimit -s, or pthread_attr_setstacksize()); move large locals to the heap, or "
                     "the work to a task with a larger stack_size",
                     what, place, stack_size / 1024);
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

static size_t describe(void *argument, const void *pc, size_t stack_size, char *buf, size_t size)
{
    struct thread_guard *guard = argument;
    return eddy__describe_native_overflow(atomic_load(&guard->name), pc, stack_size, buf, size);
}

void eddy__thread_guard_begin(struct thread_guard *guard, const char *name)
{
    atomic_store(&guard->name, name);
    // Without memory for a signal stack, an overflow is not explained.
    guard->is_armed = eddy__overflow_guard_arm(&guard->overflow, NULL, NULL, guard) == 0;
    guard->overflow.describe_native = describe;
}

void eddy__thread_guard_end(struct thread_guard *guard)
{
    if (guard->is_armed)
        eddy__overflow_guard_disarm(&guard->overflow);
    guard->is_armed = false;
}

/* ---- threads that Eddy did not start ---------------------------------------------------------*/

struct guarded_thread {
    struct thread_guard guard;
    char name[64];
};

static pthread_key_t guards; // a guarded_thread for each thread that requested it
static pthread_once_t guards_once = PTHREAD_ONCE_INIT;
static bool has_guards;

static void end_guard(void *data)
{
    struct guarded_thread *guarded = data;
    eddy__thread_guard_end(&guarded->guard);
    free(guarded);
}

static void make_guards(void)
{
    has_guards = pthread_key_create(&guards, end_guard) == 0;
}

int eddy_guard_thread(const char *name)
{
    if (name == NULL)
        return eddy__misuse("eddy_guard_thread: a name is needed");
    if (eddy__loop_current() != NULL)
        return eddy__misuse("eddy_guard_thread: a loop runs on this thread, and reports overflows");
    pthread_once(&guards_once, make_guards);
    struct guarded_thread *guarded = has_guards ? pthread_getspecific(guards) : NULL;
    if (guarded == NULL) {
        guarded = calloc(1, sizeof *guarded); // until the thread ends: not of a loop's memory
        if (guarded == NULL || !has_guards || pthread_setspecific(guards, guarded) != 0) {
            free(guarded);
            return -ENOMEM;
        }
        eddy__thread_guard_begin(&guarded->guard, guarded->name);
    }
    snprintf(guarded->name, sizeof guarded->name, "the thread \"%.48s\"", name);
    return guarded->guard.is_armed ? 0 : -ENOMEM;
}
