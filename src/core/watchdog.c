/* SPDX-License-Identifier: MIT */
/*
 * watchdog.c: reports which task keeps the loop busy, while it does.
 *
 * A thread periodically reads the number of the current step. If it has been the same for too long,
 * the watchdog sends a signal to the loop's thread, whose handler records the return addresses on
 * the interrupted stack. The watchdog itself looks up names and writes the report to stderr. The
 * exception handler is user code on the loop's thread, which is busy: it is told when the step has
 * ended (EDDY_REPORT_SLOW).
 *
 *      loop's thread                     watchdog
 *      step_begins: number, name
 *        . . .                           the same number for too long
 *        handler: addresses  <--signal-- asks (ASKED)
 *          (TAKING, TAKEN)   --posts-->  finds names, writes
 *      step_ends: number
 *
 * Invariants:
 *   - The signal was unused: a real-time signal with the default disposition, taken by the first
 *     loop in debug mode, released by the last, and sent only while its handler is ours.
 *   - It is sent once per slow step, and not to a thread in a system call that would then fail with
 *     EINTR, such as sleeps and polls: the report then names the call instead of the stack. Calls
 *     that the kernel restarts, and computation, continue undisturbed.
 *   - The handler takes no lock, allocates nothing and preserves errno. It does nothing if it runs
 *     too late, for a step that has ended.
 *
 * Owned by debug.c.
 */
#include "core/debug.h"

#include "base/symbol.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    FRAMES_MAX = 48,       // shown in a report
    PERIOD_NS_MIN = 1000000, // between two checks
    ANSWER_S_MAX = 2,      // how long to wait for the handler
    OWN_FRAMES = 2,        // the handler, and the kernel's way into it
    SIGNALS_LEFT = 8,      // skipped at the upper end: others like them, and emulators lack some
};

enum phase {
    IDLE,
    ASKED,  // the signal was sent
    TAKING, // the handler runs
    TAKEN,
};

struct watchdog {
    pthread_t thread;
    pthread_t loop_thread;
    pid_t loop_tid;
    int64_t limit_ns;
    atomic_uint_fast64_t step; // odd while a step runs
    atomic_uint_fast64_t asked_step;
    atomic_int phase;
    sem_t taken;
    size_t count; // of addresses; the handler's until TAKEN
    void *addresses[FRAMES_MAX];

    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool is_stopping;   // guarded by lock, as is all below
    int64_t started_ns; // the step
    bool is_callback;
    char name[EDDY_TASK_NAME_MAX];
    const eddy_place *place; // or NULL
};

/* ---- the signal ------------------------------------------------------------------------------*/

static __thread struct watchdog *watching_us __attribute__((tls_model("initial-exec")));

/* Shared by the whole process. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned open_count;
static int signal_taken; // 0: none

static void on_signal(int signo, siginfo_t *info, void *ucontext)
{
    (void)signo, (void)info, (void)ucontext;
    struct watchdog *watchdog = watching_us;
    int expected = ASKED;
    int saved_errno = errno;
    if (watchdog == NULL || !atomic_compare_exchange_strong(&watchdog->phase, &expected, TAKING))
        return;
    watchdog->count = 0;
    if (atomic_load(&watchdog->step) == atomic_load(&watchdog->asked_step))
        watchdog->count = eddy__unwind_here(watchdog->addresses, FRAMES_MAX, OWN_FRAMES);
    atomic_store(&watchdog->phase, TAKEN);
    sem_post(&watchdog->taken);
    errno = saved_errno;
}

static bool is_handler_ours(int signo)
{
    struct sigaction now;
    return signo != 0 && sigaction(signo, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
           now.sa_sigaction == on_signal;
}

/* Takes an unused signal; 0 if all are in use. */
static int take_signal(void)
{
    struct sigaction ours = {.sa_sigaction = on_signal,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&ours.sa_mask);
    for (int signo = SIGRTMAX - SIGNALS_LEFT; signo >= SIGRTMIN; signo--) {
        struct sigaction now;
        if (sigaction(signo, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) &&
            now.sa_handler == SIG_DFL && sigaction(signo, &ours, NULL) == 0)
            return signo;
    }
    return 0;
}

static void join_signal(void)
{
    pthread_mutex_lock(&lock);
    if (open_count++ == 0)
        signal_taken = take_signal();
    pthread_mutex_unlock(&lock);
}

static void leave_signal(void)
{
    pthread_mutex_lock(&lock);
    if (--open_count == 0 && is_handler_ours(signal_taken))
        signal(signal_taken, SIG_DFL);
    pthread_mutex_unlock(&lock);
}

/* ---- the state of the loop's thread ----------------------------------------------------------*/

/* Calls that the kernel restarts after a handler with SA_RESTART. */
static const long restarted[] = {
    SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev, SYS_pwrite64,
    SYS_wait4, SYS_waitid, SYS_openat, SYS_flock, SYS_fcntl,
};

static bool is_restarted(long call, unsigned long long fourth_argument)
{
    if (call == SYS_futex)
        return fourth_argument == 0; // without a time limit
    for (size_t i = 0; i < sizeof restarted / sizeof *restarted; i++)
        if (restarted[i] == call)
            return true;
    return false;
}

/* The system call that the loop's thread waits in and that a signal would cut short; or -1. */
static long find_fragile_call(const struct watchdog *watchdog)
{
    char path[64];
    char text[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)watchdog->loop_tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return -1; // not available from the kernel
    text[n] = '\0';
    long call = -1;
    unsigned long long arguments[4];
    // "running", or the number of the call, -1 for a page fault, and its arguments.
    if (sscanf(text, "%ld %llx %llx %llx %llx", &call, &arguments[0], &arguments[1],
               &arguments[2], &arguments[3]) != 5)
        return -1;
    return call < 0 || is_restarted(call, arguments[3]) ? -1 : call;
}

/* Makes the handler record the stack. False if it can't, or the step has ended meanwhile. */
static bool ask_for_stack(struct watchdog *watchdog, uint64_t step)
{
    struct timespec deadline;
    pthread_mutex_lock(&lock);
    int signo = is_handler_ours(signal_taken) ? signal_taken : 0;
    pthread_mutex_unlock(&lock);
    if (signo == 0)
        return false;
    atomic_store(&watchdog->asked_step, step);
    atomic_store(&watchdog->phase, ASKED);
    if (pthread_kill(watchdog->loop_thread, signo) != 0) {
        atomic_store(&watchdog->phase, IDLE);
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += ANSWER_S_MAX;
    int err;
    while ((err = sem_clockwait(&watchdog->taken, CLOCK_MONOTONIC, &deadline)) < 0 &&
           errno == EINTR)
        continue;
    int expected = ASKED;
    // The thread blocks the signal; or the handler is running, and will post.
    if (err < 0 && atomic_compare_exchange_strong(&watchdog->phase, &expected, IDLE))
        return false;
    while (err < 0)
        err = sem_wait(&watchdog->taken);
    EDDY_ASSERT(atomic_load(&watchdog->phase) == TAKEN);
    atomic_store(&watchdog->phase, IDLE);
    return watchdog->count > 0;
}

/* ---- the report ------------------------------------------------------------------------------*/

struct text {
    char bytes[8192];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text->bytes + text->length, sizeof text->bytes - text->length, format,
                      arguments);
    va_end(arguments);
    if (n > 0)
        text->length += (size_t)n;
    if (text->length >= sizeof text->bytes)
        text->length = sizeof text->bytes - 1;
}

static void add_stack(struct text *text, struct watchdog *watchdog)
{
    for (size_t i = 0; i < watchdog->count; i++) {
        char line[256];
        struct symbol symbol;
        eddy__symbol_find(watchdog->addresses[i], &symbol);
        eddy__symbol_format(&symbol, line, sizeof line);
        add(text, "  #%-2zu %s\n", i, line);
    }
}

/* Names the task that keeps the loop busy. watchdog->lock is held. */
static void add_headline(struct text *text, const struct watchdog *watchdog, int64_t now_ns)
{
    if (watchdog->is_callback)
        add(text, "eddy: a callback");
    else
        add(text, "eddy: task \"%s\"", watchdog->name);
    if (watchdog->place != NULL)
        add(text, " (made at %s:%d)", watchdog->place->file, watchdog->place->line);
    add(text, " keeps the loop busy, for %.3f s so far:\n",
        eddy__seconds_of_ns(now_ns - watchdog->started_ns));
}

static void tell(struct watchdog *watchdog, struct text *text, uint64_t step)
{
    long call = find_fragile_call(watchdog);
    if (call >= 0)
        add(text, "  waiting in system call %ld, which is not interrupted for its stack\n", call);
    else if (ask_for_stack(watchdog, step))
        add_stack(text, watchdog);
    else
        add(text, "  its stack could not be had\n");
    // A failure can't be reported anywhere.
    ssize_t written = write(STDERR_FILENO, text->bytes, text->length);
    (void)written;
}

/* ---- the thread ------------------------------------------------------------------------------*/

static struct timespec later(int64_t ns)
{
    int64_t when_ns = eddy__ns_add(eddy__clock_now_ns(), ns);
    return (struct timespec){.tv_sec = when_ns / NS_PER_S, .tv_nsec = when_ns % NS_PER_S};
}

static void *watch(void *argument)
{
    struct watchdog *watchdog = argument;
    uint64_t told_step = 0;
    int64_t period_ns = watchdog->limit_ns / 2 > PERIOD_NS_MIN ? watchdog->limit_ns / 2
                                                               : PERIOD_NS_MIN;
    pthread_mutex_lock(&watchdog->lock);
    while (!watchdog->is_stopping) {
        struct timespec deadline = later(period_ns);
        pthread_cond_timedwait(&watchdog->stop, &watchdog->lock, &deadline);
        uint64_t step = atomic_load(&watchdog->step);
        int64_t now_ns = eddy__clock_now_ns();
        if (watchdog->is_stopping || step % 2 == 0 || step == told_step ||
            now_ns - watchdog->started_ns < watchdog->limit_ns)
            continue;
        told_step = step;
        struct text text = {.length = 0};
        add_headline(&text, watchdog, now_ns);
        pthread_mutex_unlock(&watchdog->lock);
        tell(watchdog, &text, step);
        pthread_mutex_lock(&watchdog->lock);
    }
    pthread_mutex_unlock(&watchdog->lock);
    return NULL;
}

static void init_parts(struct watchdog *watchdog)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watchdog->stop, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&watchdog->lock, NULL);
    sem_init(&watchdog->taken, 0, 0);
}

static void fini_parts(struct watchdog *watchdog)
{
    sem_destroy(&watchdog->taken);
    pthread_mutex_destroy(&watchdog->lock);
    pthread_cond_destroy(&watchdog->stop);
    eddy__free(watchdog);
}

struct watchdog *eddy__watchdog_open(int64_t limit_ns)
{
    struct watchdog *watchdog = eddy__zalloc(sizeof *watchdog);
    if (watchdog == NULL)
        return NULL;
    init_parts(watchdog);
    watchdog->loop_thread = pthread_self();
    watchdog->loop_tid = (pid_t)syscall(SYS_gettid);
    watchdog->limit_ns = limit_ns;
    // The unwinder's first-call initialization happens here, not in the handler.
    watchdog->count = eddy__unwind_here(watchdog->addresses, FRAMES_MAX, 0);
    if (eddy__thread_create(&watchdog->thread, watch, watchdog) != 0) {
        fini_parts(watchdog);
        return NULL;
    }
    join_signal();
    return watchdog;
}

void eddy__watchdog_close(struct watchdog *watchdog)
{
    if (watchdog == NULL)
        return;
    pthread_mutex_lock(&watchdog->lock);
    watchdog->is_stopping = true;
    pthread_cond_signal(&watchdog->stop);
    pthread_mutex_unlock(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    atomic_fetch_sub(&eddy__own_thread_count, 1);
    if (watching_us == watchdog)
        watching_us = NULL;
    leave_signal();
    fini_parts(watchdog);
}

void eddy__watchdog_step_begins(struct watchdog *watchdog, const struct eddy_future *task,
                                int64_t now_ns)
{
    watching_us = watchdog; // a thread may have several loops, of which one runs
    pthread_mutex_lock(&watchdog->lock);
    watchdog->started_ns = now_ns;
    watchdog->is_callback = task == NULL;
    watchdog->place = task != NULL ? eddy_task_place(task) : NULL;
    if (task != NULL)
        snprintf(watchdog->name, sizeof watchdog->name, "%s", eddy_task_get_name(task));
    atomic_fetch_add(&watchdog->step, 1);
    pthread_mutex_unlock(&watchdog->lock);
}

void eddy__watchdog_step_ends(struct watchdog *watchdog)
{
    pthread_mutex_lock(&watchdog->lock);
    atomic_fetch_add(&watchdog->step, 1);
    pthread_mutex_unlock(&watchdog->lock);
}
