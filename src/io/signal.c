/* SPDX-License-Identifier: MIT */
/*
 * signal.c: signals as callbacks of the loop.
 *
 * The signal handler only sets a flag and wakes the loop. In its next iteration the loop queues the
 * callbacks of all flags that are set. The table belongs to the process, as signal dispositions do;
 * only the main thread's loop writes it.
 */
#include "core/inherit.h"
#include "io/io.h"

#include <eddy/signal.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { SIGNALS = NSIG };

static struct watch {
    eddy_callback *callback; // NULL: not watched
    void *data;
    struct inherited *inherited; // of the code that added it
    struct sigaction old;
} watches[SIGNALS];

static atomic_bool is_pending[SIGNALS];
static struct eddy_loop *_Atomic watching_loop;

static void on_signal(int signal_number)
{
    int saved = errno;
    struct eddy_loop *loop = atomic_load(&watching_loop);
    atomic_store(&is_pending[signal_number], true);
    if (loop != NULL)
        eddy__loop_attend(loop);
    errno = saved;
}

static void deliver(struct eddy_loop *loop)
{
    if (atomic_load(&watching_loop) != loop)
        return;
    for (int i = 1; i < SIGNALS; i++) {
        if (!atomic_exchange(&is_pending[i], false) || watches[i].callback == NULL)
            continue;
        struct inherited *outer = eddy__inherited_enter(watches[i].inherited);
        int err = eddy_call_soon(watches[i].callback, watches[i].data, NULL);
        // Out of memory, the program must still be stoppable: call the callback here.
        if (err == -ENOMEM)
            err = watches[i].callback(watches[i].data);
        if (err < 0)
            eddy__report(&(eddy_report){
                .kind = EDDY_REPORT_CALLBACK,
                .message = "a signal's callback failed",
                .status = err,
            });
        eddy__inherited_leave(outer);
    }
}

static int remove_all(void *data)
{
    (void)data;
    for (int i = 1; i < SIGNALS; i++)
        eddy_remove_signal_handler(i);
    atomic_store(&watching_loop, NULL);
    return 0;
}

/* Claims the table for this loop. */
static int claim_table(struct eddy_loop *loop)
{
    if (getpid() != gettid())
        return eddy__misuse("eddy_add_signal_handler: only on the main thread");
    if (atomic_load(&watching_loop) == loop)
        return 0;
    int err = eddy_loop_on_close(remove_all, NULL);
    if (err < 0)
        return err;
    loop->deliver_signals = deliver;
    atomic_store(&watching_loop, loop);
    return 0;
}

int eddy_add_signal_handler(int signal_number, eddy_callback *callback, void *data)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL || callback == NULL)
        return eddy__misuse("eddy_add_signal_handler: no loop runs here, or no callback is given");
    if (signal_number < 1 || signal_number >= SIGNALS || signal_number == SIGKILL ||
        signal_number == SIGSTOP)
        return eddy__fail_plain(EDDY_EVALUE, "eddy_add_signal_handler: it can't be caught");
    int err = claim_table(loop);
    if (err < 0)
        return err;
    struct watch *watch = &watches[signal_number];
    bool is_new = watch->callback == NULL;
    watch->callback = callback;
    watch->data = data;
    eddy__inherited_unref(watch->inherited);
    watch->inherited = eddy__inherit_variables();
    if (!is_new)
        return 0;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (sigaction(signal_number, &action, &watch->old) < 0) {
        watch->callback = NULL;
        eddy__inherited_unref(watch->inherited);
        watch->inherited = NULL;
        return -errno;
    }
    loop->listen_count++;
    return 0;
}

int eddy_remove_signal_handler(int signal_number)
{
    struct eddy_loop *loop = eddy__loop_current();
    if (loop == NULL || atomic_load(&watching_loop) != loop || signal_number < 1 ||
        signal_number >= SIGNALS || watches[signal_number].callback == NULL)
        return 0;
    sigaction(signal_number, &watches[signal_number].old, NULL);
    watches[signal_number].callback = NULL;
    eddy__inherited_unref(watches[signal_number].inherited);
    watches[signal_number].inherited = NULL;
    atomic_store(&is_pending[signal_number], false);
    loop->listen_count--;
    return 1;
}
