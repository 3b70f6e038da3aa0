/* SPDX-License-Identifier: MIT */
/*
 * interrupt.c: Ctrl-C.
 *
 * While a loop runs on the main thread, if SIGINT had its default disposition, the first SIGINT
 * cancels the main task. The second ends the program, from the handler itself, so that a busy loop
 * can't delay it. Once the main task is done, the first SIGINT ends the program.
 */
#include "core/run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* The loop that an interrupt is for; written on the main thread only. */
static struct eddy_loop *_Atomic interrupted_loop;
static atomic_int interrupt_count;
static atomic_bool is_over; // its main task is done

static void on_sigint(int signal_number)
{
    int saved = errno;
    struct eddy_loop *loop = atomic_load(&interrupted_loop);
    if (loop == NULL || atomic_load(&is_over) || atomic_fetch_add(&interrupt_count, 1) > 0) {
        signal(signal_number, SIG_DFL);
        raise(signal_number); // kills as soon as this handler returns
    } else {
        eddy__loop_attend(loop);
    }
    errno = saved;
}

bool eddy__interrupt_arm(struct eddy_loop *loop)
{
    struct sigaction old;
    if (loop->options.keep_sigint || getpid() != gettid() ||
        atomic_load(&interrupted_loop) != NULL || sigaction(SIGINT, NULL, &old) < 0 ||
        (old.sa_flags & SA_SIGINFO) != 0 ||
        (old.sa_handler != SIG_DFL && old.sa_handler != on_sigint))
        return false;
    atomic_store(&interrupt_count, 0);
    atomic_store(&is_over, false);
    atomic_store(&interrupted_loop, loop);
    struct sigaction action = {.sa_handler = on_sigint, .sa_flags = SA_RESTART};
    return sigaction(SIGINT, &action, NULL) == 0;
}

bool eddy__interrupt_is_armed(const struct eddy_loop *loop)
{
    return atomic_load(&interrupted_loop) == loop && !atomic_load(&is_over) &&
           atomic_load(&interrupt_count) == 0;
}

bool eddy__interrupt_end(struct eddy_loop *loop)
{
    if (atomic_load(&interrupted_loop) != loop)
        return false;
    atomic_store(&is_over, true);
    return atomic_load(&interrupt_count) > 0 && !loop->is_interrupted;
}

void eddy__interrupt_disarm(struct eddy_loop *loop)
{
    struct sigaction current;
    const struct eddy_loop *armed = atomic_load(&interrupted_loop);
    // Armed for no loop: a signal handler added meanwhile has just restored ours.
    if (armed != loop && (armed != NULL || getpid() != gettid()))
        return;
    if (sigaction(SIGINT, NULL, &current) == 0 && current.sa_handler == on_sigint)
        signal(SIGINT, SIG_DFL);
    atomic_store(&interrupted_loop, NULL);
}

void eddy__interrupt_deliver(struct eddy_loop *loop)
{
    if (atomic_load(&interrupted_loop) != loop || atomic_load(&interrupt_count) == 0 ||
        loop->is_interrupted || loop->main == NULL || eddy__future_is_done(&loop->main->future))
        return;
    loop->is_interrupted = true;
    struct eddy_error *why = eddy__cancellation_new(EDDY_CANCEL_INTERRUPT, "Ctrl-C", NULL);
    eddy__future_cancel_for(&loop->main->future, why);
    eddy__error_unref(why);
}
