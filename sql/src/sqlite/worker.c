/* SPDX-License-Identifier: MIT */
/*
 * worker.c: a thread for each connection, and the queues between it and the loop.
 *
 *     loop's thread                                   the connection's thread
 *     submit()       --- queue (lock, changed) --->   work()  takes the first, runs it unlocked
 *     take_finished() <-- finished, one wakeup ----   queues it as finished
 *       settles all that is finished
 *
 * SQLite blocks: on disks, on locks, on long queries. A thread for each connection keeps its
 * commands in order and needs no tuned limit. A round trip costs some microseconds, so commands are
 * batches, and one wakeup serves all commands that finish before the loop takes them.
 *
 *     working --stop--> stopping --the thread ends--> over --joined--> gone
 *
 * Invariants:
 *   - Lock order: the worker's, then the loop's inbox. The lock is not held while SQLite works or a
 *     command is settled.
 *   - The loop is held while commands are outstanding, so that it doesn't report a deadlock, and
 *     its virtual clock stops.
 *   - The thread touches the loop only under the lock and while `loop` is set. stop() clears it.
 *   - A running command is stopped by its is_cancelled, which SQLite's progress and busy handlers
 *     check, never by sqlite3_interrupt(): that stops whatever is running when it arrives, and
 *     stays in effect while a cursor is open.
 *   - After stop(), a submitted command is settled as lost at once.
 *   - If a stopped thread is still busy (in a long call of SQLite, on a disk that hangs), the
 *     closing loop waits for it for some seconds; then it is detached, and frees the worker when it
 *     ends.
 *
 * Ownership: reference counts of the connection, of the thread, and of `home`, the list of the
 * workers of this thread's loop that are not gone.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <eddy/alloc.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <eddy/loop.h>
#include <eddy/stack.h>
#include <eddy/wakeup.h>

#include "../connection.h"
#include "engine.h"

enum { STACK_SIZE = 1024 * 1024 };              // bytes; SQLite's parser can recurse deeply
enum { PATIENCE_S = 5 };                        // seconds to wait for a stopped thread
enum { WORD_MAX = 16 };                         // bytes, with the terminating zero

struct queue {
    struct command *first, *last;
};

struct worker {
    pthread_mutex_t lock;
    pthread_cond_t changed;             // for either side; monotonic
    struct queue queue, finished;
    struct command *running;
    bool stop;                          // the thread must end
    bool is_over;                       // it has ended
    int references;
    eddy_loop *loop;                    // NULL: stopped
    eddy_wakeup *wakeup;                // of the loop; NULL: stopped

    struct engine engine;               // used only by the thread
    eddy_sql_options options;
    char journal_mode[WORD_MAX], synchronous[WORD_MAX];     // copies of the options

    // Used only by the loop's thread.
    pthread_t thread;
    size_t outstanding;                 // commands submitted and not settled
    struct worker *next;                // in `home`
};

/* The workers of this thread's loop that are not gone. The loop has no field for them. */
static _Thread_local struct {
    eddy_loop *loop;
    pid_t process;                      // a child of fork starts with an empty list
    struct worker *first;
} home;

static void push(struct queue *queue, struct command *command)
{
    command->next = NULL;
    if (queue->last != NULL)
        queue->last->next = command;
    else
        queue->first = command;
    queue->last = command;
}

static struct command *pop(struct queue *queue)
{
    struct command *command = queue->first;
    if (command == NULL)
        return NULL;
    queue->first = command->next;
    if (queue->first == NULL)
        queue->last = NULL;
    return command;
}

static bool take_out(struct queue *queue, struct command *command)
{
    struct command *before = NULL;
    for (struct command *at = queue->first; at != NULL; before = at, at = at->next) {
        if (at != command)
            continue;
        if (before != NULL)
            before->next = at->next;
        else
            queue->first = at->next;
        if (queue->last == at)
            queue->last = before;
        return true;
    }
    return false;
}

/* Releases the lock, which must be held, and one reference. */
static void unlock_and_unref(struct worker *worker)
{
    bool is_last = --worker->references == 0;
    pthread_mutex_unlock(&worker->lock);
    if (!is_last)
        return;
    pthread_cond_destroy(&worker->changed);
    pthread_mutex_destroy(&worker->lock);
    eddy_free(worker);
}

/* --- The connection's thread ------------------------------------------------------------------ */

/* Waits for a change for `ns` at most. Called with the lock held. */
static void wait_for_change(struct worker *worker, int64_t ns)
{
    int64_t until = eddy__sqlite_now_ns() + ns;
    struct timespec at = {until / 1000000000, until % 1000000000};
    pthread_cond_timedwait(&worker->changed, &worker->lock, &at);
}

/* The engine's pause. Returns false if the running command has been cancelled. */
static bool pause_for(void *data, int64_t ns)
{
    struct worker *worker = data;
    int64_t until = eddy__sqlite_now_ns() + ns;
    pthread_mutex_lock(&worker->lock);
    while (!eddy__sqlite_is_cancelled(&worker->engine) && eddy__sqlite_now_ns() < until)
        wait_for_change(worker, until - eddy__sqlite_now_ns());
    pthread_mutex_unlock(&worker->lock);
    return !eddy__sqlite_is_cancelled(&worker->engine);
}

/* Runs the first command of the queue. Called with the lock held; releases it during the run. */
static void run_first(struct worker *worker)
{
    struct command *command = pop(&worker->queue);
    worker->running = command;
    pthread_mutex_unlock(&worker->lock);
    eddy__sqlite_run(&worker->engine, command);
    pthread_mutex_lock(&worker->lock);
    worker->running = NULL;
    push(&worker->finished, command);
    if (worker->wakeup != NULL)         // fails if the loop closes; that takes finished commands
        EDDY_IGNORE(eddy_wakeup_signal(worker->wakeup));
}

static void *work(void *data)
{
    struct worker *worker = data;
    EDDY_IGNORE(eddy_guard_thread("eddy-sqlite") < 0); // if it fails, an overflow is not explained
    pthread_mutex_lock(&worker->lock);
    while (!worker->stop) {
        if (worker->queue.first != NULL)
            run_first(worker);
        else
            pthread_cond_wait(&worker->changed, &worker->lock);
    }
    pthread_mutex_unlock(&worker->lock);
    eddy__sqlite_close(&worker->engine);
    pthread_mutex_lock(&worker->lock);
    worker->is_over = true;
    pthread_cond_broadcast(&worker->changed);
    // stop() did not wait and settled the running command as lost: we have its last reference.
    struct command *orphan;
    while (worker->loop == NULL && (orphan = pop(&worker->finished)) != NULL)
        eddy__sql_command_free(orphan);
    unlock_and_unref(worker);
    return NULL;
}

/* --- The loop's thread ------------------------------------------------------------------------ */

static void settle(struct worker *worker, struct command *command, enum settlement how)
{
    if (--worker->outstanding == 0)
        eddy_loop_release(home.loop);
    eddy__sql_settle(command, how);
}

static void settle_all(struct worker *worker, struct queue *queue, enum settlement how)
{
    struct command *command;
    while ((command = pop(queue)) != NULL)
        settle(worker, command, how);
}

/* The callback of the wakeup. */
static int take_finished(void *data)
{
    struct worker *worker = data;
    pthread_mutex_lock(&worker->lock);
    struct queue finished = worker->finished;
    worker->finished = (struct queue){NULL, NULL};
    worker->references++;               // on_settled may free the connection
    pthread_mutex_unlock(&worker->lock);
    settle_all(worker, &finished, SETTLE_FINISHED);
    pthread_mutex_lock(&worker->lock);
    unlock_and_unref(worker);
    return 0;
}

/* Called with the lock held. */
static void cancel_running(struct worker *worker)
{
    if (worker->running != NULL)
        atomic_store_explicit(&worker->running->is_cancelled, true, memory_order_relaxed);
    pthread_cond_broadcast(&worker->changed);
}

/* Whether it failed because it was stopped: then its task gets the error of the closing. */
static bool was_cut(const struct command *command)
{
    return command->status < 0 && atomic_load(&command->is_cancelled);
}

/* Waits some seconds for the thread to end. Returns whether it has. Called with the lock held. */
static bool wait_for_end(struct worker *worker)
{
    int64_t until = eddy__sqlite_now_ns() + PATIENCE_S * INT64_C(1000000000);
    while (!worker->is_over && eddy__sqlite_now_ns() < until)
        wait_for_change(worker, until - eddy__sqlite_now_ns());
    return worker->is_over;
}

static void leave_home(struct worker *worker)
{
    struct worker **at = &home.first;
    while (*at != NULL && *at != worker)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = worker->next;
    pthread_mutex_lock(&worker->lock);
    unlock_and_unref(worker);
}

/* Joins the thread of a stopped worker, or detaches it if it hangs; removes it from home. */
static void join(struct worker *worker, enum stop_mode mode)
{
    pthread_mutex_lock(&worker->lock);
    bool is_over = mode == STOP_AND_WAIT ? wait_for_end(worker) : worker->is_over;
    pthread_mutex_unlock(&worker->lock);
    if (!is_over && mode == STOP_NOW)
        return;
    if (is_over)
        pthread_join(worker->thread, NULL);
    else
        pthread_detach(worker->thread);
    leave_home(worker);
}

/* Separates the thread from the loop. Takes its finished and queued commands. */
static void part(struct worker *worker, struct queue *finished, struct queue *lost)
{
    worker->loop = NULL;
    eddy_wakeup_free(worker->wakeup);
    worker->wakeup = NULL;
    *finished = worker->finished;
    *lost = worker->queue;
    worker->finished = worker->queue = (struct queue){NULL, NULL};
}

static void stop(void *remote, enum stop_mode mode)
{
    struct worker *worker = remote;
    struct queue finished, lost;
    pthread_mutex_lock(&worker->lock);
    if (worker->loop == NULL) {
        pthread_mutex_unlock(&worker->lock);
        return;
    }
    worker->references++;               // on_settled may free the connection
    worker->stop = true;
    cancel_running(worker);
    if (mode == STOP_AND_WAIT)
        wait_for_end(worker);
    part(worker, &finished, &lost);
    struct command *running = worker->running;
    if (running != NULL)
        eddy__sql_command_ref(running);
    pthread_mutex_unlock(&worker->lock);
    struct command *command;
    while ((command = pop(&finished)) != NULL)
        settle(worker, command, was_cut(command) ? SETTLE_LOST : SETTLE_FINISHED);
    if (running != NULL)
        settle(worker, running, SETTLE_LOST);
    settle_all(worker, &lost, SETTLE_LOST);
    join(worker, STOP_NOW);
    pthread_mutex_lock(&worker->lock);
    unlock_and_unref(worker);
}

static bool is_stopped(const void *remote)
{
    struct worker *worker = (struct worker *)remote;
    pthread_mutex_lock(&worker->lock);
    bool answer = worker->loop == NULL;
    pthread_mutex_unlock(&worker->lock);
    return answer;
}

static void submit(void *remote, struct command *command)
{
    struct worker *worker = remote;
    pthread_mutex_lock(&worker->lock);
    if (worker->loop == NULL) {
        pthread_mutex_unlock(&worker->lock);
        eddy__sql_settle(command, SETTLE_LOST);
        return;
    }
    push(&worker->queue, command);
    if (worker->outstanding++ == 0)
        eddy_loop_hold(worker->loop);
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

static void cancel(void *remote, struct command *command)
{
    struct worker *worker = remote;
    pthread_mutex_lock(&worker->lock);
    bool was_queued = take_out(&worker->queue, command);
    if (worker->running == command)
        cancel_running(worker);
    pthread_mutex_unlock(&worker->lock);
    if (was_queued)
        settle(worker, command, SETTLE_CANCELLED);
}

static void free_worker(void *remote)
{
    struct worker *worker = remote;
    pthread_mutex_lock(&worker->lock);
    unlock_and_unref(worker);
}

/* Called when the loop closes: stops all workers, and waits for the threads. */
static int leave_loop(void *data)
{
    (void)data;
    struct worker *worker;
    while ((worker = home.first) != NULL) {
        pthread_mutex_lock(&worker->lock);
        worker->references++;
        pthread_mutex_unlock(&worker->lock);
        stop(worker, STOP_NOW);
        if (home.first == worker)       // its thread had not ended yet
            join(worker, STOP_AND_WAIT);
        pthread_mutex_lock(&worker->lock);
        unlock_and_unref(worker);
    }
    home.loop = NULL;
    return 0;
}

/* Joins the threads that have ended since they were stopped. */
static void reap(void)
{
    struct worker *next;
    for (struct worker *worker = home.first; worker != NULL; worker = next) {
        next = worker->next;
        if (is_stopped(worker))
            join(worker, STOP_NOW);
    }
}

static int enter_home(struct worker *worker)
{
    if (home.loop != worker->loop || home.process != getpid()) {
        int rc = eddy_loop_on_close(leave_loop, NULL);
        if (rc < 0)
            return rc;
        home.loop = worker->loop;
        home.process = getpid();
        home.first = NULL;
    }
    reap();
    worker->next = home.first;
    home.first = worker;
    worker->references++;
    return 0;
}

/* Blocks all signals in the thread, except those that its own faults cause. */
static int start_thread(struct worker *worker)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    sigset_t blocked, before;
    pthread_attr_t attributes;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&blocked, faults[i]);
    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    int rc = pthread_create(&worker->thread, &attributes, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (rc == 0)
        pthread_setname_np(worker->thread, "eddy-sqlite");
    return -rc;
}

static struct worker *worker_new(const eddy_sql_options *options)
{
    struct worker *worker = eddy_calloc(1, sizeof *worker);
    if (worker == NULL)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&worker->lock, NULL);
    worker->references = 1;
    worker->loop = eddy_get_running_loop();
    worker->options = *options;
    worker->engine.options = &worker->options;
    worker->engine.pause = pause_for;
    worker->engine.pause_data = worker;
    return worker;
}

static int keep_word(char *kept, const char **word)
{
    if (*word == NULL)
        return 0;
    if (strlen(*word) >= WORD_MAX)
        return eddy_fail(EDDY_EVALUE, "eddy_sql_open: \"%s\" is no option of SQLite", *word);
    *word = strcpy(kept, *word);
    return 0;
}

static int start(const char *where, const eddy_sql_options *options, void **out_remote)
{
    (void)where;                        // the first command carries it
    struct worker *worker = worker_new(options);
    if (worker == NULL)
        return -ENOMEM;
    int rc = keep_word(worker->journal_mode, &worker->options.journal_mode);
    if (rc >= 0)
        rc = keep_word(worker->synchronous, &worker->options.synchronous);
    if (rc >= 0)
        rc = eddy_wakeup_new(take_finished, worker, &worker->wakeup);
    if (rc >= 0)
        rc = enter_home(worker);
    worker->references++;               // for the thread
    if (rc >= 0)
        rc = start_thread(worker);
    if (rc < 0) {
        leave_home(worker);
        eddy_wakeup_free(worker->wakeup);
        worker->references = 1;
        pthread_mutex_lock(&worker->lock);
        unlock_and_unref(worker);
        return rc;
    }
    *out_remote = worker;
    return 0;
}

const struct driver eddy__sql_sqlite = {
    .scheme = "sqlite:",
    .start = start,
    .submit = submit,
    .cancel = cancel,
    .stop = stop,
    .is_stopped = is_stopped,
    .free = free_worker,
};
