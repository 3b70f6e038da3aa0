/* SPDX-License-Identifier: MIT */
/*
 * loop.h: running a program, time, callbacks, and what the loop reports.
 *
 *     int main(void) { return eddy_main(eddy_coro(app)); }
 *
 * A loop belongs to the thread that runs it, and so does everything that is used in it. Another thread
 * may call eddy_call_soon_threadsafe(), eddy_run_coroutine_threadsafe() (thread_future.h),
 * eddy_wakeup_signal() (wakeup.h), eddy_loop_ref() and eddy_loop_free(). Everything else answers
 * EDDY_EMISUSE there, in every build, and changes nothing. A function that returns no status (all that
 * free) reports EDDY_REPORT_MISUSE to the exception handler instead, and changes nothing either. What
 * only reads (eddy_future_done()) can't tell. A double free stops the program with a sentence, if it is
 * noticed: the memory may belong to another object by then.
 *
 * NULL in place of an object: what frees or cancels it accepts NULL and does nothing. What returns a
 * status answers EDDY_EMISUSE, with a sentence; or -ENOMEM where the constructor of such an object
 * returns NULL without memory (queues, timeouts, cancel scopes, generators, as_completed), so that a
 * constructor's result needs no check of its own. What asks a question answers as for an object that has
 * nothing: 0, false, NULL, NaN. An out-parameter may be NULL only where its function says so.
 */
#ifndef EDDY_LOOP_H
#define EDDY_LOOP_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

typedef struct eddy_loop eddy_loop;

/* What a report is about; the loop's exception handler gets them. */
typedef enum eddy_report_kind {
    EDDY_REPORT_CALLBACK,        /* a callback failed */
    EDDY_REPORT_NEVER_AWAITED,   /* a coroutine object was dropped that nobody had taken */
    EDDY_REPORT_NEVER_RETRIEVED, /* a task failed, and nobody looked at its error */
    EDDY_REPORT_SHIELD,          /* a shielded task failed after its waiter was cancelled */
    EDDY_REPORT_SHUTDOWN,        /* a task failed while the run's end cancelled it */
    EDDY_REPORT_OUTLIVED,        /* a task was still unfinished when the loop closed */
    EDDY_REPORT_ASYNCGEN,        /* a generator failed while the run's end closed it */
    EDDY_REPORT_DEADLOCK,        /* nothing is ready, no timer is armed, nothing is pending; under the
                                    real clock, also nothing that a thread or Ctrl-C may wake */
    EDDY_REPORT_SCOPE,           /* a scope was left open in a plain function, or an SQL transaction in a
                                    task that succeeded */
    EDDY_REPORT_SLOW,            /* debug: a step took longer than slow_callback_duration */
    EDDY_REPORT_SWALLOWED,       /* debug: a task that was cancelled ended as if it had not been */
    EDDY_REPORT_UNCLOSED,        /* debug: something was open that must be closed before the loop */
    EDDY_REPORT_POLL,            /* the kernel can't be asked for events any more; the run ends */
    EDDY_REPORT_SHORTAGE,        /* a listener can't accept: the machine is out of something */
    EDDY_REPORT_UNSENT,          /* bytes written to a stream were dropped, and no call said so */
    EDDY_REPORT_MISUSE,          /* a function that returns no status was called wrongly */
    EDDY_REPORT_LEAKED,          /* debug: a reference was never given back */
} eddy_report_kind;

/* A report, and all that it points to, lives as long as the call that hands it over. */
typedef struct eddy_report {
    eddy_report_kind kind;
    const char *message;      /* a sentence, never NULL */
    int status;               /* the error it is about, or 0 */
    const eddy_error *error;  /* what is known about it, or NULL */
    eddy_task *task;          /* the task it is about, lent, or NULL */
    const char *name;         /* its name, or NULL */
    const eddy_place *place;  /* where it was made, or NULL */
} eddy_report;

/* Gets the reports of a loop, on its thread, with the pointer it was set with. Must not suspend. */
typedef void eddy_exception_handler(const eddy_report *report, void *data);

/* Zero means the default throughout. */
typedef struct eddy_run_options {
    bool virtual_clock;      /* time jumps to the next timer when nothing is ready */
    bool debug;              /* report slow steps, swallowed cancellations, what is left open: see
                                below; also on with EDDY_DEBUG=1 in the environment */
    bool eager_start;        /* tasks created while the loop runs start at once */
    bool keep_sigint;        /* leave Ctrl-C alone */
    bool measure_stacks;     /* so that eddy_stack_depths() can tell; each task costs system calls */
    size_t stack_size;       /* bytes a task's stack has, 64 KiB */
    unsigned threads_max;    /* threads for eddy_to_thread, 32 at most by default */
    unsigned lookup_threads_max; /* threads for look-ups of names, 16 */
    double slow_callback_duration; /* seconds; 0.1 */
    double flush_timeout;    /* seconds for which the end of the run waits until streams have sent what
                                was written to them, and threads have ended when the poller has
                                failed; 10. Less than 0: it doesn't wait */
    eddy_exception_handler *exception_handler; /* default: writes the report to stderr */
    void *exception_handler_data;
    void (*on_main_done)(eddy_task *main, void *data); /* the loop has stopped, nothing is cancelled */
    void (*on_closing)(eddy_task *main, void *data);   /* everything has ended; time still reads */
    void *hook_data;
} eddy_run_options;

/*
 * Debug mode costs about a microsecond a step, and changes no order of events. It has:
 *
 *   - a watchdog: while a step takes longer than `slow_callback_duration`, the task's name, place and
 *     stack are written to stderr, by a thread of the watchdog's own (the loop's is busy). For the
 *     stack that thread sends a real-time signal which nobody uses, once a slow step; never to a
 *     thread that waits in a system call which would end with EINTR for it;
 *   - EDDY_REPORT_SLOW when such a step has ended;
 *   - EDDY_REPORT_SWALLOWED when a task got a cancellation and ended otherwise than cancelled, with
 *     requests still counted (eddy_task_cancelling()): which await it came out of, and where;
 *   - EDDY_REPORT_LEAKED for each task, future, generator, queue, timeout, cancel scope and handle of
 *     which a reference was not given back by the end of the run, with the place where it was made;
 *   - EDDY_REPORT_UNCLOSED for each stream, listener, HTTP session and SQL connection that is still
 *     open when the loop closes, with the function that opened it.
 */

/*
 * Runs `main` as the main task of a new loop, until it is done; then cancels and awaits the tasks
 * that are left, closes generators and threads, and frees the loop.
 *
 *     int rc = eddy_run(eddy_coro(app), &(eddy_run_options){.virtual_clock = true});
 *
 * `main` is used up. `options` may be NULL. Returns the status of the main task or its error
 * (details: eddy_error_get(), until the thread runs the next loop), or
 *   EDDY_INTERRUPTED  Ctrl-C cancelled the main task (taken on the main thread only, and only where
 *                     SIGINT has its default disposition), or came as it ended. The second Ctrl-C,
 *                     or one that comes when the main task is done, ends the program,
 *   -EDEADLK          under the virtual clock: nothing can ever become ready; every task has been
 *                     cancelled,
 *   EDDY_EMISUSE      called in a callback, or options out of range,
 *   -ENOMEM, -EMFILE, ...
 *   what epoll_wait(2) reports, negated. The failure is reported (EDDY_REPORT_POLL); threads at work for
 *                     the loop finish, for flush_timeout at most, then the main task is cancelled and the
 *                     run ends as ever, except that what waits for a descriptor or a timer is cancelled.
 *
 * Inside a task `main` becomes a child of that task, on the loop that is there (as nest_asyncio lets
 * it): the call suspends until it is done, and until the tasks made within, by it and whatever it
 * made, have been cancelled and have ended, and the generators first asked within are closed. Nothing
 * else is touched. A cancellation of the calling task goes to `main`; one that comes while the rest
 * is ended wins over the status. That loop's options can't be set: EDDY_EMISUSE if one is.
 */
EDDY_API EDDY_CHECKED int eddy_run(eddy_coroutine *main, const eddy_run_options *options);

/* The same, taking the main task's result into *out_value. */
#define eddy_run_to(out_value, main, options) \
    eddy__run_to((out_value), sizeof *(out_value), (main), (options))
EDDY_API EDDY_CHECKED int eddy__run_to(void *out_value, size_t size, eddy_coroutine *main,
                                       const eddy_run_options *options);

/*
 * Runs a program: eddy_run(), and an error that leaves it is written to stderr with its message,
 * place, cause and members. Returns an exit status: 0, 1, or 130 after Ctrl-C.
 */
EDDY_API EDDY_CHECKED int eddy_main(eddy_coroutine *main);
EDDY_API EDDY_CHECKED int eddy_main_with(eddy_coroutine *main, const eddy_run_options *options);

/* The loop that runs on this thread, or NULL. */
EDDY_API eddy_loop *eddy_get_running_loop(void);

/*
 * The loop that `future` was made on; lent. NULL if that was outside any loop, if the loop has closed,
 * or if it is another thread's.
 */
EDDY_API eddy_loop *eddy_future_get_loop(const eddy_future *future);

/* The loop's clock in seconds: monotonic, from an arbitrary start; virtual, it starts at 0. */
EDDY_API double eddy_time(void);

/* Under the virtual clock: lets `seconds` pass at once, as busy work would. 0, or EDDY_EMISUSE. */
EDDY_API EDDY_CHECKED int eddy_advance_clock(double seconds);

/* --- Callbacks ------------------------------------------------------------------------------- */

/* Returns 0 or more, or an error, which goes to the exception handler. Must not suspend. */
typedef int eddy_callback(void *data);

/* A callback that is to be called; shared by reference counts. */
typedef struct eddy_handle eddy_handle;

/*
 * Have the loop call callback(data): in the next iteration; after `delay` seconds; when eddy_time()
 * is `when`. In order of registration; each once.
 *
 *     EDDY_TRY(eddy_call_later(2, say, "two seconds later"));
 *     EDDY_TRY(eddy_call_at(when, remind, user, &handle));     // to be cancelled, perhaps, and freed
 *
 * The address of a handle, or NULL, may be left out. Return 0, -ENOMEM, EDDY_EVALUE for a NaN, or
 * EDDY_EMISUSE outside a loop.
 */
#define eddy_call_soon(...) \
    EDDY__SELECT3(__VA_ARGS__, eddy__call_soon, eddy__call_soon_plain, )(__VA_ARGS__)
#define eddy_call_later(...) \
    EDDY__SELECT4(__VA_ARGS__, eddy__call_later, eddy__call_later_plain, )(__VA_ARGS__)
#define eddy_call_at(...) \
    EDDY__SELECT4(__VA_ARGS__, eddy__call_at, eddy__call_at_plain, )(__VA_ARGS__)
#define EDDY__SELECT3(_1, _2, _3, chosen, ...) chosen
#define EDDY__SELECT4(_1, _2, _3, _4, chosen, ...) chosen
#define eddy__call_soon_plain(callback, data) eddy__call_soon((callback), (data), NULL)
#define eddy__call_later_plain(delay, callback, data) \
    eddy__call_later((delay), (callback), (data), NULL)
#define eddy__call_at_plain(when, callback, data) eddy__call_at((when), (callback), (data), NULL)
EDDY_API EDDY_CHECKED int eddy__call_soon(eddy_callback *callback, void *data,
                                          eddy_handle **out_handle);
EDDY_API EDDY_CHECKED int eddy__call_later(double delay, eddy_callback *callback, void *data,
                                           eddy_handle **out_handle);
EDDY_API EDDY_CHECKED int eddy__call_at(double when, eddy_callback *callback, void *data,
                                        eddy_handle **out_handle);

/*
 * The same as eddy_call_soon(), from any thread; wakes the loop if it sleeps. The calling thread must
 * own a reference to the loop, unless the loop is known to run until the call has returned.
 *
 *     static void *work(void *data)        // a thread of the program's own
 *     {
 *         eddy_loop *loop = data;
 *         int rc = eddy_call_soon_threadsafe(loop, deliver, compute());
 *         if (rc < 0)
 *             ...                          // -ESHUTDOWN: the loop has ended, deliver() is not called
 *         eddy_loop_free(loop);
 *         return NULL;
 *     }
 *
 *     // in a task:
 *     pthread_create(&thread, NULL, work, eddy_loop_ref(eddy_get_running_loop()));
 *
 * Returns 0, -ESHUTDOWN once the loop takes no more calls, -ENOMEM, or EDDY_EMISUSE without a loop or a
 * callback. A call that was accepted is made, or dropped when the loop closes. Its handle may be
 * cancelled, read and freed on any thread.
 */
#define eddy_call_soon_threadsafe(...)                                                             \
    EDDY__SELECT4(__VA_ARGS__, eddy__call_soon_threadsafe, eddy__call_soon_threadsafe_plain, )     \
    (__VA_ARGS__)
#define eddy__call_soon_threadsafe_plain(loop, callback, data) \
    eddy__call_soon_threadsafe((loop), (callback), (data), NULL)
EDDY_API EDDY_CHECKED int eddy__call_soon_threadsafe(eddy_loop *loop, eddy_callback *callback,
                                                     void *data, eddy_handle **out_handle);

/*
 * One more reference to the loop, to be given back with eddy_loop_free(); returns `loop`. On any thread
 * that has a reference, and on the loop's own. A reference does not keep the loop running: it keeps the
 * functions for other threads safe to call, before and after the loop has ended. Freeing one reference
 * too many while the loop lives stops the program.
 */
EDDY_API eddy_loop *eddy_loop_ref(eddy_loop *loop);
EDDY_API void eddy_loop_free(eddy_loop *loop);

/*
 * Says that work for this loop is under way elsewhere, on a thread say: the loop is not taken for
 * deadlocked, and the virtual clock waits. Holds a reference as well, until eddy_loop_release(). The
 * loop ends with its main task all the same. Called on the loop's thread, in pairs; a hold that is left
 * when the loop has ended is released on any thread.
 *
 * Return 0, EDDY_EMISUSE (another thread than the loop's, released too often), or -ESHUTDOWN: nothing
 * can be held after the loop's end.
 */
EDDY_API int eddy_loop_hold(eddy_loop *loop);
EDDY_API int eddy_loop_release(eddy_loop *loop);

/*
 * Has callback(data) called once when the loop closes, after its last iteration, newest first: for
 * modules that keep something for each loop. 0, -ENOMEM, EDDY_EMISUSE outside a loop.
 */
EDDY_API EDDY_CHECKED int eddy_loop_on_close(eddy_callback *callback, void *data);

/*
 * For modules whose objects must be closed before the loop does: in debug mode notes that something
 * was opened here, `kind` being static text like "a stream"; what has not been struck with
 * eddy_note_closed() when the loop closes is reported. The note is the object's: it is given back
 * there at the latest, also after the loop has closed. NULL outside debug mode, which is fine.
 */
typedef struct eddy_open_note eddy_open_note;
EDDY_API eddy_open_note *eddy_note_open(const char *kind);
EDDY_API void eddy_note_closed(eddy_open_note *note);

/*
 * Asks that the callback not be called. 1, or 0 if it has been called or cancelled already;
 * EDDY_EMISUSE for a handle of another loop.
 */
EDDY_API int eddy_handle_cancel(eddy_handle *handle);
EDDY_API bool eddy_handle_cancelled(const eddy_handle *handle);
EDDY_API double eddy_handle_when(const eddy_handle *handle); /* its due time; NaN if it has none */
EDDY_API void eddy_handle_free(eddy_handle *handle);         /* the reference; the call stands */

/* --- Reports --------------------------------------------------------------------------------- */

/* Hands a report to the loop's handler, or the default one; and what the default one does. */
EDDY_API void eddy_call_exception_handler(const eddy_report *report);
EDDY_API void eddy_default_exception_handler(const eddy_report *report);
EDDY_API void eddy_set_exception_handler(eddy_exception_handler *handler, void *data);

/* The handler that was set, its data in *out_data unless that is NULL; NULL: the default, or no loop. */
EDDY_API eddy_exception_handler *eddy_get_exception_handler(void **out_data);

EDDY_AUTO_FOR(eddy_handle, eddy_handle_free)
EDDY_AUTO_FOR(eddy_loop, eddy_loop_free)

EDDY_END_DECLS

#endif
