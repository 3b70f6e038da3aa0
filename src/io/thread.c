/* SPDX-License-Identifier: MIT */
/*
 * thread.c: blocking work on the loop's threads.
 *
 * A job is a coroutine object whose body runs on a worker. It belongs to the pool's queue, then to
 * the worker, and returns to the loop's thread as a post. The waiting task only lends the job a
 * pointer to its wait, and takes it back if it is cancelled; the job then wakes nothing, and is
 * freed when it is back. So a worker never touches a task's stack.
 *
 *      queued --a worker takes it--> running --post--> back on the loop's thread --> freed
 *         `--cancelled--> freed           `--the loop is closing--> freed by it
 *
 * eddy_to_thread_start() creates a future instead of a wait. Like a wait it is cancelled at once;
 * it completes with the value, which stays in the coroutine object. The job holds a reference to
 * it.
 *
 * Invariants:
 *   - job->wait, job->promise and job->is_back are touched by the loop's thread alone.
 *   - While jobs are queued or running the loop is held: it isn't deadlocked, its clock doesn't
 *     jump.
 *   - Workers block all signals but faults, so other threads get the process's signals.
 */
#include "core/inherit.h"
#include "io/io.h"

#include <eddy/thread.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { LOOKUP_THREADS_MAX = 16 };

struct job {
    struct post post;
    struct job *next; // in the pool's queue
    struct task *coroutine;
    struct eddy_loop *loop;
    struct thread_pool *pool;
    struct wait *wait;        // the task's; NULL after it was cancelled
    struct promise *promise;  // of eddy_to_thread_start(): a reference; NULL when it was cancelled
    bool is_back;             // on the loop's thread again
    bool has_begun;           // a worker has it, or had it
    struct eddy_error *error; // that came with the status
    struct inherited *inherited; // what the function on the thread inherits
    int status;
};

/* What eddy_to_thread_start() returns. */
struct promise {
    struct eddy_future future; // first: it is one
    struct job *job;           // NULL once it is done
    struct eddy_future *coroutine; // holds the value; a reference, NULL when it was cancelled
};

struct thread_pool {
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    struct job *first; // guarded by lock, as are all below but `threads`
    struct job **last;
    struct job *late; // done after the loop accepted no more posts
    size_t queued_count;
    unsigned idle_count; // workers that wait for work, those just signalled among them
    bool is_closing;
    unsigned thread_count;
    unsigned thread_max;
    pthread_t threads[];
};

static void forget_coroutine(struct promise *promise)
{
    struct eddy_future *coroutine = promise->coroutine;
    promise->coroutine = NULL;
    eddy_future_free(coroutine);
}

static void free_job(struct job *job)
{
    if (!job->has_begun)
        job->coroutine->future.stage = TASK_COROUTINE; // so its arguments are destroyed with it
    if (job->promise != NULL) {
        job->promise->job = NULL;
        if (!job->has_begun)
            forget_coroutine(job->promise);
        eddy_future_free(&job->promise->future);
    }
    eddy_future_free(&job->coroutine->future);
    eddy__error_unref(job->error);
    eddy__inherited_unref(job->inherited);
    eddy__free(job);
}

/* Completes the future with the job's outcome. The value stays in the coroutine object. */
static void keep_promise(struct job *job)
{
    struct eddy_future *future = &job->promise->future;
    if (job->status == EDDY_CANCELLED)
        eddy__future_cancelled(future, job->error);
    else if (job->status < 0)
        eddy__future_fail(future, job->status, job->error);
    else
        eddy__future_finish(future, job->status, false);
}

/* Called on the loop's thread, when the job is done. */
static void finish_job(struct post *post)
{
    struct job *job = container_of(post, struct job, post);
    eddy_loop_release(job->loop);
    job->is_back = true;
    if (job->wait != NULL) {
        eddy__wait_finish(job->wait, 0); // the waiting task takes the outcome and frees the job
        return;
    }
    if (job->promise != NULL)
        keep_promise(job);
    free_job(job);
}

/* The loop accepts no more posts: it frees the job after it has joined this thread. */
static void come_late(struct thread_pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    job->next = pool->late;
    pool->late = job;
    pthread_mutex_unlock(&pool->lock);
}

static struct job *take_job(struct thread_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->idle_count++;
    while (pool->first == NULL && !pool->is_closing)
        pthread_cond_wait(&pool->has_work, &pool->lock);
    pool->idle_count--;
    struct job *job = pool->first;
    if (job != NULL) {
        pool->first = job->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
        pool->queued_count--;
        job->has_begun = true;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *work(void *argument)
{
    struct thread_pool *pool = argument;
    struct job *job;
    struct thread_guard guard;
    eddy__thread_guard_begin(&guard, "a thread of eddy_to_thread()");
    while ((job = take_job(pool)) != NULL) {
        atomic_store(&guard.name, job->coroutine->site->function->name);
        eddy__inherited_enter(job->inherited);
        job->status = eddy__coro_run(job->coroutine);
        job->inherited = eddy__inherited_leave(NULL);
        job->error = eddy__run_error;
        eddy__run_error = NULL;
        if (eddy__loop_post(job->loop, &job->post) < 0)
            come_late(pool, job);
    }
    eddy__thread_guard_end(&guard);
    return NULL;
}

static unsigned default_thread_max(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus > 0 && cpus < 28 ? (unsigned)cpus + 4 : 32;
}

static void drop_queued(struct thread_pool *pool)
{
    while (pool->first != NULL) {
        struct job *job = pool->first;
        pool->first = job->next;
        eddy_loop_release(job->loop);
        free_job(job);
    }
}

/* The loop closes: queued jobs never run, running jobs are waited for. */
static int close_pool(void *data)
{
    struct thread_pool *pool = data;
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    drop_queued(pool);
    pthread_cond_broadcast(&pool->has_work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    atomic_fetch_sub(&eddy__own_thread_count, (int)pool->thread_count);
    while (pool->late != NULL) {
        struct job *job = pool->late;
        pool->late = job->next;
        eddy_loop_release(job->loop);
        free_job(job);
    }
    pthread_cond_destroy(&pool->has_work);
    pthread_mutex_destroy(&pool->lock);
    eddy__free(pool);
    return 0;
}

static unsigned thread_max_of(const struct eddy_loop *loop, enum thread_use use)
{
    if (use == THREADS_LOOKUP)
        return loop->options.lookup_threads_max > 0 ? loop->options.lookup_threads_max
                                                    : LOOKUP_THREADS_MAX;
    return loop->options.threads_max > 0 ? loop->options.threads_max : default_thread_max();
}

static struct thread_pool *open_pool(struct eddy_loop *loop, enum thread_use use)
{
    unsigned max = thread_max_of(loop, use);
    struct thread_pool *pool = eddy__zalloc(sizeof *pool + max * sizeof(pthread_t));
    if (pool == NULL)
        return NULL;
    pool->thread_max = max;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->has_work, NULL);
    if (eddy_loop_on_close(close_pool, pool) < 0) {
        eddy__free(pool);
        return NULL;
    }
    loop->threads[use] = pool;
    return pool;
}

static int start_worker(struct thread_pool *pool)
{
    int err = eddy__thread_create(&pool->threads[pool->thread_count], work, pool);
    if (err == 0)
        pool->thread_count++;
    return err;
}

/* Queues the job; starts a worker if each idle one has a job queued and the limit allows it. */
static int submit(struct thread_pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    int err = 0;
    if (pool->queued_count >= pool->idle_count && pool->thread_count < pool->thread_max)
        err = start_worker(pool);
    if (err == 0 || pool->thread_count > 0) {
        err = 0;
        *pool->last = job;
        pool->last = &job->next;
        pool->queued_count++;
        pthread_cond_signal(&pool->has_work);
    }
    pthread_mutex_unlock(&pool->lock);
    return err;
}

/* Removes the job from the queue; false if a worker has it. */
static bool withdraw(struct thread_pool *pool, struct job *job)
{
    bool is_queued = false;
    pthread_mutex_lock(&pool->lock);
    for (struct job **place = &pool->first; *place != NULL; place = &(*place)->next) {
        if (*place != job)
            continue;
        *place = job->next;
        if (pool->last == &job->next)
            pool->last = place;
        pool->queued_count--;
        is_queued = true;
        break;
    }
    pthread_mutex_unlock(&pool->lock);
    return is_queued;
}

/* The waiting task was cancelled: a job that has not begun or is back is freed, else runs on. */
static void abandon(struct job *job)
{
    job->wait = NULL;
    if (!job->is_back) {
        if (!withdraw(job->pool, job))
            return;
        eddy_loop_release(job->loop);
    }
    free_job(job);
}

static int wait_for_job(struct job *job, void *out_value, size_t size)
{
    struct wait wait;
    int err = eddy__wait_init(&wait, "eddy_to_thread");
    if (err == 0)
        err = submit(job->pool, job);
    if (err < 0) {
        free_job(job);
        return (int)eddy__io_end_call(err);
    }
    eddy_loop_hold(job->loop);
    job->wait = &wait;
    err = eddy__wait_park(&wait);
    if (err < 0) {
        abandon(job);
        return err;
    }
    int status = job->status;
    if (status >= 0)
        status = eddy__future_take(&job->coroutine->future, out_value, size);
    else
        eddy__error_travel(wait.task, job->error);
    free_job(job);
    return status;
}

/* Makes a job, and takes the coroutine object; NULL with an error, and the object is dropped. */
static struct job *new_job(eddy_coroutine *coroutine, enum thread_use use, int *out_err)
{
    struct eddy_loop *loop = eddy__loop_current();
    struct thread_pool *pool =
        loop->threads[use] != NULL ? loop->threads[use] : open_pool(loop, use);
    struct job *job = pool != NULL ? eddy__zalloc(sizeof *job) : NULL;
    if (job == NULL) {
        *out_err = eddy__coro_refuse(coroutine, -ENOMEM);
        return NULL;
    }
    job->post.run = finish_job;
    job->loop = loop;
    job->pool = pool;
    job->coroutine = eddy__task_of(coroutine);
    job->inherited = eddy__inherit_variables();
    eddy__coro_take(job->coroutine);
    coroutine->loop_id = 0; // no loop's: the worker may be the one that frees it
    return job;
}

static int run_on_thread(enum thread_use use, eddy_coroutine *coroutine, void *out_value,
                         size_t size)
{
    int err = 0;
    if (eddy__task_required("eddy_to_thread", &err) != NULL)
        err = eddy__future_check(coroutine);
    if (err < 0)
        return eddy__coro_refuse(coroutine, err);
    if (!eddy__is_coroutine(coroutine))
        return eddy__future_is_done(coroutine)
                   ? coroutine->status
                   : eddy__misuse("eddy_to_thread: this is no coroutine object");
    if (out_value != NULL && size != eddy__future_value(coroutine).size)
        return eddy__coro_refuse(coroutine, eddy__misuse("eddy_to_thread: the value has another size"));
    struct job *job = new_job(coroutine, use, &err);
    return job != NULL ? wait_for_job(job, out_value, size) : (int)eddy__io_end_call(err);
}

int eddy__to_thread(eddy_coroutine *coroutine, void *out_value, size_t size)
{
    return run_on_thread(THREADS_WORK, coroutine, out_value, size);
}

int eddy__to_lookup_thread(eddy_coroutine *coroutine, void *out_value, size_t size)
{
    return run_on_thread(THREADS_LOOKUP, coroutine, out_value, size);
}

/* ---- as a future -----------------------------------------------------------------------------*/

static bool cancel_promise(struct eddy_future *future, struct eddy_error *why)
{
    struct promise *promise = container_of(future, struct promise, future);
    struct job *job = promise->job;
    promise->job = NULL;
    job->promise = NULL;
    forget_coroutine(promise); // the job still has its own reference
    eddy__future_cancelled(future, why);
    abandon(job);
    eddy_future_free(future); // the job's reference
    return true;
}

static size_t fini_promise(struct eddy_future *future)
{
    struct promise *promise = container_of(future, struct promise, future);
    forget_coroutine(promise);
    return sizeof *promise;
}

static struct eddy_future *source_of_promise(const struct eddy_future *future)
{
    struct eddy_future *coroutine = container_of(future, const struct promise, future)->coroutine;
    return coroutine != NULL ? coroutine : eddy__future_unmade(EDDY_CANCELLED);
}

static const struct future_kind promise_kind = {"thread", cancel_promise, fini_promise,
                                                source_of_promise};

/* Makes the job's future, to which the job holds a reference; a failed one without memory. */
static struct eddy_future *promise(struct job *job)
{
    struct eddy_future *future = eddy__future_new(&promise_kind, sizeof(struct promise));
    if (future->kind != &promise_kind)
        return future;
    job->promise = container_of(future, struct promise, future);
    job->promise->job = job;
    job->promise->coroutine = eddy_future_ref(&job->coroutine->future);
    return eddy_future_ref(future);
}

/* Queues the job and returns its future, which has already failed if it can't be queued. */
static struct eddy_future *start(struct job *job)
{
    struct eddy_future *future = promise(job);
    bool is_made = job->promise != NULL;
    int err = is_made ? submit(job->pool, job) : 0;
    if (is_made && err == 0) {
        eddy_loop_hold(job->loop);
        return future;
    }
    free_job(job);
    if (is_made)
        eddy__future_fail(future, err, NULL);
    return future;
}

eddy_future *eddy_to_thread_start(eddy_coroutine *coroutine)
{
    if (coroutine != NULL && eddy__future_is_done(coroutine))
        return eddy_future_ref(coroutine); // it could not be made
    if (coroutine == NULL || !eddy__is_coroutine(coroutine) || eddy__loop_current() == NULL ||
        eddy__future_is_elsewhere(coroutine)) {
        EDDY_IGNORE(eddy__coro_refuse(coroutine, 0));
        return eddy__future_failed(EDDY_EMISUSE, "eddy_to_thread_start: this is no coroutine "
                                                 "object, or no loop runs on this thread");
    }
    int err = 0;
    struct job *job = new_job(coroutine, THREADS_WORK, &err);
    return job != NULL ? start(job) : eddy__future_unmade(err);
}
