/* SPDX-License-Identifier: MIT */
/*
 * loop.h: running a program, the clock, callbacks, and the loop's error reports.
 *
 *     int main(void) { return eddy_main(eddy_coro(app)); }
 *
 * A loop and all objects used in it belong to the thread that runs the loop. Another thread may
 * call eddy_call_soon_threadsafe(), eddy_run_coroutine_threadsafe() (thread_future.h),
 * eddy_wakeup_signal() (wakeup.h), eddy_loop_ref() and eddy_loop_free(). Every other function
 * returns EDDY_EMISUSE there, in every build, and changes nothing. A function that returns no
 * status (such as every free function) reports EDDY_REPORT_MISUSE to the exception handler
 * instead, and changes nothing either. Functions that only read (eddy_future_done()) don't detect
 * it. A double free stops the program with a message if it is detected; it is not if the memory
 * already belongs to another object.
 *
 * NULL in place of an object: functions that free or cancel accept NULL and do nothing. Functions
 * that return a status return EDDY_EMISUSE, with a message; or -ENOMEM if the object's constructor
 * returns NULL when out of memory (queues, timeouts, cancel scopes, generators, as_completed), so
 * the result of a constructor need not be checked. Functions that read a property return 0, false,
 * NULL or NaN. An out-parameter may be NULL only where its function says so.
 */
#ifndef EDDY_LOOP_H
#define EDDY_LOOP_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

typedef struct eddy_loop eddy_loop;

/* What a report is about. Reports go to the loop's exception handler. */
typedef enum eddy_report_kind {
    EDDY_REPORT_CALLBACK,        /* a callback failed */
    EDDY_REPORT_NEVER_AWAITED,   /* a coroutine object was dropped before it was used */
    EDDY_REPORT_NEVER_RETRIEVED, /* a task failed, and its error was never retrieved */
    EDDY_REPORT_SHIELD,          /* a shielded task failed after its waiter was cancelled */
    EDDY_REPORT_SHUTDOWN,        /* a task failed when it was cancelled at the end of the run */
    EDDY_REPORT_OUTLIVED,        /* a task was still unfinished when the loop closed */
    EDDY_REPORT_ASYNCGEN,        /* a generator failed when it was closed at the end of the run */
    EDDY_REPORT_DEADLOCK,        /* nothing is ready or pending, and no timer is armed; with a real
                                    clock, also nothing that a thread or Ctrl-C may wake */
    EDDY_REPORT_SCOPE,           /* a plain function left a scope open, or a successful task left an
                                    SQL transaction open */
    EDDY_REPORT_SLOW,            /* debug: a step took longer than slow_callback_duration */
    EDDY_REPORT_SWALLOWED,       /* debug: a cancelled task ended as if it had not been cancelled */
    EDDY_REPORT_UNCLOSED,        /* debug: an object was not closed before the loop closed */
    EDDY_REPORT_POLL,            /* polling the kernel for events failed; the run ends */
    EDDY_REPORT_SHORTAGE,        /* a listener can't accept: out of descriptors or memory */
    EDDY_REPORT_UNSENT,          /* written bytes were dropped, and no call returned the error */
    EDDY_REPORT_MISUSE,          /* a function that returns no status was misused */
    EDDY_REPORT_LEAKED,          /* debug: a reference was never freed */
} eddy_report_kind;

/* A report. It and everything it points to are valid until the handler returns. */
typedef struct eddy_report {
    eddy_report_kind kind;
    const char *message;      /* a sentence, never NULL */
    int status;               /* the error it is about, or 0 */
    const eddy_error *error;  /* the error's details, or NULL */
    eddy_task *task;          /* the task it is about, borrowed, or NULL */
    const char *name;         /* the task's name, or NULL */
    const eddy_place *place;  /* where the task was created, or NULL */
} eddy_report;

/* Handles a loop's reports, on its thread. `data` is the pointer set with it. Must not suspend. */
typedef void eddy_exception_handler(const eddy_report *report, void *data);

/* A zero field means its default. */
typedef struct eddy_run_options {
    bool virtual_clock;      /* time jumps to the next timer when nothing is ready */
    bool debug;              /* report slow steps, swallowed cancellations, unclosed objects: see
                                below; EDDY_DEBUG=1 in the environment also turns it on */
    bool eager_start;        /* tasks created while the loop runs start at once */
    bool keep_sigint;        /* leave Ctrl-C alone */
    bool measure_stacks;     /* record data for eddy_stack_depths(); costs system calls per task */
    size_t stack_size;       /* bytes of a task's stack: 64 KiB */
    unsigned threads_max;    /* threads for eddy_to_thread, at most 32 by default */
    unsigned lookup_threads_max; /* threads for name look-ups, at most: 16 */
    double slow_callback_duration; /* seconds: 0.1 */
    double flush_timeout;    /* seconds that the end of the run waits at most for streams to send
                                queued bytes and, if the poller has failed, for threads to end: 10.
                                Less than 0: it doesn't wait */
    eddy_exception_handler *exception_handler; /* default: writes the report to stderr */
    void *exception_handler_data;
    void (*on_main_done)(eddy_task *main, void *data); /* stopped, nothing is cancelled yet */
    void (*on_closing)(eddy_task *main, void *data);   /* everything has ended; eddy_time() works */
    void *hook_data;
} eddy_run_options;

/*
 * Debug mode costs about a microsecond per step and does not change the order of events. It adds:
 *
 *   - a watchdog thread: while a step takes longer than `slow_callback_duration`, it writes the
 *     task's name, place and stack to stderr. To get the stack, it sends an otherwise unused
 *     real-time signal to the loop's thread, once per slow step; never while that thread waits in
 *     a system call that the signal would end with EINTR;
 *   - EDDY_REPORT_SLOW when such a step has ended;
 *   - EDDY_REPORT_SWALLOWED when a cancellation was delivered to a task, but the task ended
 *     uncancelled with requests still counted (eddy_task_cancelling()): which await returned it,
 *     and where;
 *   - EDDY_REPORT_LEAKED for each task, future, generator, queue, timeout, cancel scope and handle
 *     that still has unfreed references at the end of the run, with the place where it was
 *     created;
 *   - EDDY_REPORT_UNCLOSED for each stream, listener, HTTP session and SQL connection that is still
 *     open when the loop closes, with the function that opened it.
 */

/*
 * Runs `main` as the main task of a new loop until it is done. Then cancels and awaits the
 * remaining tasks, closes generators and threads, and frees the loop.
 *
 *     int rc = eddy_run(eddy_coro(app), &(eddy_run_options){.virtual_clock = true});
 *
 * `main` is consumed. `options` may be NULL. Returns the status of the main task or its error
 * (details: eddy_error_get(), until the thread runs the next loop), or
 *   EDDY_INTERRUPTED  Ctrl-C cancelled the main task (handled on the main thread only, and only if
 *                     SIGINT has its default disposition), or came as it ended. The second Ctrl-C,
 *                     or one that comes when the main task is done, ends the program,
 *   -EDEADLK          under the virtual clock: nothing can ever become ready; every task has been
 *                     cancelled,
 *   EDDY_EMISUSE      called in a callback, or options out of range,
 *   -ENOMEM, -EMFILE, ...
 *   the negated errno of epoll_wait(2). The failure is reported (EDDY_REPORT_POLL). The run waits
 *                     for its threads, up to flush_timeout. Then the main task is cancelled and the
 *                     run ends as usual, but waits for a descriptor or a timer are cancelled.
 *
 * Called inside a task, it runs `main` as a child of that task on the running loop (as
 * nest_asyncio does). It suspends until `main` is done, until all tasks created by `main` and its
 * descendants have been cancelled and have ended, and until generators first used in them are
 * closed. Nothing else is affected. A cancellation of the calling task is passed to `main`; if it
 * comes during the cleanup, the call returns it instead of the status. Options can't be set for
 * that loop: any gives EDDY_EMISUSE.
 */
EDDY_API EDDY_CHECKED int eddy_run(eddy_coroutine *main, const eddy_run_options *options);

/* The same, storing the main task's result in *out_value. */
#define eddy_run_to(out_value, main, options) \
    eddy__run_to((out_value), sizeof *(out_value), (main), (options))
EDDY_API EDDY_CHECKED int eddy__run_to(void *out_value, size_t size, eddy_coroutine *main,
                                       const eddy_run_options *options);

/*
 * Runs a program: calls eddy_run(), and writes an error that it returns to stderr with its message,
 * place, cause and members. Returns an exit status: 0, 1, or 130 after Ctrl-C.
 */
EDDY_API EDDY_CHECKED int eddy_main(eddy_coroutine *main);
EDDY_API EDDY_CHECKED int eddy_main_with(eddy_coroutine *main, const eddy_run_options *options);

/* Returns the loop that runs on this thread, or NULL. */
EDDY_API eddy_loop *eddy_get_running_loop(void);

/*
 * Returns the loop that `future` was created on, borrowed. NULL if it was created outside a loop,
 * or if the loop has closed or belongs to another thread.
 */
EDDY_API eddy_loop *eddy_future_get_loop(const eddy_future *future);

/* The loop's clock in seconds: monotonic, with an arbitrary start; a virtual clock starts at 0. */
EDDY_API double eddy_time(void);

/* Advances a virtual clock by `seconds`, as busy work would. Returns 0 or EDDY_EMISUSE. */
EDDY_API EDDY_CHECKED int eddy_advance_clock(double seconds);

/* --- Callbacks ------------------------------------------------------------------------------- */

/* A callback. Returns 0 or more, or an error, which is reported. Must not suspend. */
typedef int eddy_callback(void *data);

/* A scheduled callback; reference-counted. */
typedef struct eddy_handle eddy_handle;

/*
 * Schedule a call of callback(data): in the next iteration; after `delay` seconds; or when
 * eddy_time() is `when`. Callbacks run in the order of registration, each once.
 *
 *     EDDY_TRY(eddy_call_later(2, say, "two seconds later"));
 *     EDDY_TRY(eddy_call_at(when, remind, user, &handle));     // may be cancelled; must be freed
 *
 * The last argument, the address of a handle or NULL, may be omitted. Return 0, -ENOMEM,
 * EDDY_EVALUE for a NaN, or EDDY_EMISUSE outside a loop.
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
 * The same as eddy_call_soon(), but callable from any thread; wakes the loop if it sleeps. The
 * calling thread must own a reference to the loop, unless the loop is known to run until the call
 * returns.
 *
 *     static void *work(void *data)        // a thread of the program's own
 *     {
 *         eddy_loop *loop = data;
 *         int rc = eddy_call_soon_threadsafe(loop, deliver, compute());
 *         if (rc < 0)
 *             ...                          // -ESHUTDOWN: the loop has ended, no call of deliver()
 *         eddy_loop_free(loop);
 *         return NULL;
 *     }
 *
 *     // in a task:
 *     pthread_create(&thread, NULL, work, eddy_loop_ref(eddy_get_running_loop()));
 *
 * Returns 0, -ESHUTDOWN if the loop accepts no more calls, -ENOMEM, or EDDY_EMISUSE for a NULL
 * loop or callback. An accepted call is made, or dropped when the loop closes. Its handle may be
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
 * Adds a reference to the loop, to be freed with eddy_loop_free(); returns `loop`. Callable on the
 * loop's thread and on any thread that has a reference. A reference does not keep the loop
 * running; it keeps the thread-safe functions safe to call, before and after the loop has ended.
 * Freeing more references than there are while the loop lives stops the program.
 */
EDDY_API eddy_loop *eddy_loop_ref(eddy_loop *loop);
EDDY_API void eddy_loop_free(eddy_loop *loop);

/*
 * Marks the loop as waiting for work elsewhere, such as on a thread: until eddy_loop_release(),
 * the loop is not considered deadlocked and its virtual clock waits. A hold also owns a reference.
 * It does not stop the loop from ending with its main task. Call both on the loop's thread, in
 * pairs; after the loop has ended, a remaining hold may be released on any thread.
 *
 * Return 0, EDDY_EMISUSE (not on the loop's thread, or released too often), or -ESHUTDOWN for a
 * hold after the loop's end.
 */
EDDY_API int eddy_loop_hold(eddy_loop *loop);
EDDY_API int eddy_loop_release(eddy_loop *loop);

/*
 * Registers callback(data) to be called once when the loop closes, after its last iteration, newest
 * first: for modules that keep data per loop. Returns 0, -ENOMEM, EDDY_EMISUSE outside a loop.
 */
EDDY_API EDDY_CHECKED int eddy_loop_on_close(eddy_callback *callback, void *data);

/*
 * For modules whose objects must be closed before the loop closes. In debug mode, eddy_note_open()
 * records that an object was opened here; `kind` is static text such as "a stream". A note without
 * a matching eddy_note_closed() when the loop closes is reported. The object owns the note: it
 * must call eddy_note_closed(), even after the loop has closed. Outside debug mode the note is
 * NULL; both accept it.
 */
typedef struct eddy_open_note eddy_open_note;
EDDY_API eddy_open_note *eddy_note_open(const char *kind);
EDDY_API void eddy_note_closed(eddy_open_note *note);

/*
 * Cancels the scheduled call. Returns 1, or 0 if it has already been called or cancelled;
 * EDDY_EMISUSE for a handle of another loop.
 */
EDDY_API int eddy_handle_cancel(eddy_handle *handle);
EDDY_API bool eddy_handle_cancelled(const eddy_handle *handle);
EDDY_API double eddy_handle_when(const eddy_handle *handle); /* due time; NaN if it has none */
EDDY_API void eddy_handle_free(eddy_handle *handle);         /* does not cancel the call */

/* --- Reports --------------------------------------------------------------------------------- */

/* Pass a report to the loop's handler, or the default one; the default one; and set the handler. */
EDDY_API void eddy_call_exception_handler(const eddy_report *report);
EDDY_API void eddy_default_exception_handler(const eddy_report *report);
EDDY_API void eddy_set_exception_handler(eddy_exception_handler *handler, void *data);

/* The handler that was set, and its data in *out_data if not NULL. NULL: default, or no loop. */
EDDY_API eddy_exception_handler *eddy_get_exception_handler(void **out_data);

EDDY_AUTO_FOR(eddy_handle, eddy_handle_free)
EDDY_AUTO_FOR(eddy_loop, eddy_loop_free)

EDDY_END_DECLS

#endif
