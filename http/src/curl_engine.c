/* SPDX-License-Identifier: MIT */
/*
 * curl_engine.c: runs libcurl's multi interface on the thread's loop.
 *
 * There is one engine, with one multi handle, for each loop, so that all transfers of the loop
 * share connections, TLS sessions and name lookups. libcurl tells which descriptors to watch
 * (on_socket) and when to call it (on_timer); the loop then calls it:
 *
 *     descriptor ready --> on_readable --+
 *     timer, or kick ------> on_time ----+--> act() --> libcurl's work, callbacks of the transfers
 *                                                 \--> collect() --> job->done --> wakes a task
 *
 * Invariants:
 *   - libcurl runs in callbacks of the loop, except when a transfer is added, removed or resumed.
 *     So a transfer's callbacks run outside any task, where calls that would suspend are refused.
 *   - job->done is called after libcurl has returned and the handle has left the multi handle, so
 *     it may do anything but suspend.
 *   - Removing a transfer never blocks: session_origin.c looks names up, and where libcurl does it
 *     itself, CURLOPT_QUICK_EXIT abandons the thread instead of waiting for it.
 *   - No system call is made for SIGPIPE: CURLOPT_NOSIGNAL is set, and sends never raise it.
 *   - The loop's timer stays armed when libcurl asks for a later time; the deadline is checked
 *     again when it fires. So timers that move later with every request cost nothing.
 *
 * Owns the multi handle and the watches. The end of the loop closes the engine; sessions that still
 * hold it find it closed. A thread-local points to it: one loop a thread, one engine a loop.
 */
#include "curl_engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include <eddy/alloc.h>
#include <eddy/fd.h>

#include "errors.h"

enum { JOB_BUCKETS = 512 };

/* A descriptor that libcurl uses. */
struct curl_watch {
    struct curl_engine *engine;
    int fd;
    bool reads, writes;    // the directions that the loop watches
};

struct curl_engine {
    unsigned refs;    // one for the loop, one per session, one per transfer in progress
    eddy_loop *loop;
    CURLM *multi;       // NULL once closed
    long kept_max;      // idle connections
    unsigned depth;     // of nested calls into libcurl that may call back
    bool has_broken;    // the socket of some job could not be watched
    bool is_stuck;      // nothing will call libcurl: no memory for a timer

    eddy_handle *timer;    // armed for timer_due; NULL: not armed
    double timer_due;
    double wanted;     // the time at which libcurl wants a call; infinity: never
    bool is_kicked;    // a call is scheduled for the next iteration

    struct curl_watch **watches;    // by descriptor
    size_t watch_count;
    struct curl_sockets sockets;
    struct curl_job *jobs[JOB_BUCKETS];    // by easy handle
};

static _Thread_local struct curl_engine *engine_here;

/* --- Jobs ------------------------------------------------------------------------------------- */

static struct curl_job **bucket_of(struct curl_engine *engine, const CURL *easy)
{
    uintptr_t number = (uintptr_t)easy;
    return &engine->jobs[(number >> 4 ^ number >> 13) % JOB_BUCKETS];
}

static struct curl_job *find_job(struct curl_engine *engine, const CURL *easy)
{
    struct curl_job *job = *bucket_of(engine, easy);
    while (job && job->easy != easy)
        job = job->next;
    return job;
}

/* Removes the job from the engine and the multi handle. */
static void remove_job(struct curl_engine *engine, struct curl_job *job)
{
    struct curl_job **place = bucket_of(engine, job->easy);
    while (*place != job)
        place = &(*place)->next;
    *place = job->next;
    job->is_active = false;
    engine->depth++;
    curl_multi_remove_handle(engine->multi, job->easy);
    engine->depth--;
}

static void end_job(struct curl_engine *engine, struct curl_job *job, CURLcode result)
{
    remove_job(engine, job);
    job->result = result;
    job->done(job);
}

/* Ends the jobs whose socket is not watched, or all if there is no timer: they would never end. */
static void end_broken(struct curl_engine *engine)
{
    bool ends_all = engine->is_stuck;
    engine->has_broken = engine->is_stuck = false;
    for (size_t i = 0; i < JOB_BUCKETS; i++) {
        for (struct curl_job *job = engine->jobs[i], *next; job; job = next) {
            next = job->next;
            if (job->is_broken || ends_all)
                end_job(engine, job, CURLE_OUT_OF_MEMORY);
        }
    }
}

static void collect(struct curl_engine *engine)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(engine->multi, &left))) {
        struct curl_job *job = find_job(engine, message->easy_handle);
        if (message->msg == CURLMSG_DONE && job)
            end_job(engine, job, message->data.result);
    }
    if (engine->has_broken || engine->is_stuck)
        end_broken(engine);
}

static void act(struct curl_engine *engine, curl_socket_t fd, int events)
{
    int running;
    engine->refs++;    // job->done may free a session
    engine->depth++;
    curl_multi_socket_action(engine->multi, fd, events, &running);
    engine->depth--;
    collect(engine);
    eddy__curl_engine_unref(engine);
}

/* --- Time ------------------------------------------------------------------------------------- */

static int on_time(void *data);

static int arm(struct curl_engine *engine, double when)
{
    if (engine->timer && engine->timer_due <= when)
        return 0;    // it fires earlier, and checks the deadline again
    if (engine->timer) {
        eddy_handle_cancel(engine->timer);
        eddy_handle_free(engine->timer);
        engine->timer = NULL;
    }
    engine->timer_due = when;
    return eddy_call_at(when, on_time, engine, &engine->timer);
}

static int on_time(void *data)
{
    struct curl_engine *engine = data;
    eddy_handle_free(engine->timer);
    engine->timer = NULL;
    if (engine->wanted == EDDY_NO_TIMEOUT)
        return 0;
    if (eddy_time() < engine->wanted)
        return arm(engine, engine->wanted);
    engine->wanted = EDDY_NO_TIMEOUT;
    act(engine, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

/* One call starts all the transfers that an iteration has added. */
static int on_kick(void *data)
{
    struct curl_engine *engine = data;
    engine->is_kicked = false;
    if (engine->multi)
        act(engine, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

static int kick(struct curl_engine *engine)
{
    if (engine->is_kicked)
        return 0;
    int err = eddy_call_soon(on_kick, engine, NULL);
    engine->is_kicked = err == 0;
    return err;
}

static int on_timer(CURLM *multi, long timeout_ms, void *data)
{
    struct curl_engine *engine = data;
    (void)multi;
    int err = 0;
    engine->wanted = EDDY_NO_TIMEOUT;
    if (timeout_ms > 0) {
        engine->wanted = eddy_time() + (double)timeout_ms * 1e-3;
        err = arm(engine, engine->wanted);
    } else if (timeout_ms == 0) {
        err = kick(engine);
    }
    if (err < 0)
        engine->is_stuck = true;    // as in on_socket: -1 would make the multi handle unusable
    return 0;
}

/* --- Descriptors ------------------------------------------------------------------------------ */

static int on_readable(void *data)
{
    const struct curl_watch *watch = data;
    act(watch->engine, watch->fd, CURL_CSELECT_IN);
    return 0;
}

static int on_writable(void *data)
{
    const struct curl_watch *watch = data;
    act(watch->engine, watch->fd, CURL_CSELECT_OUT);
    return 0;
}

/*
 * Returns the watch of `fd`, created if there is none; NULL if memory is out. It stays until the
 * engine closes.
 */
static struct curl_watch *watch_of(struct curl_engine *engine, int fd)
{
    if ((size_t)fd >= engine->watch_count) {
        size_t count = ((size_t)fd + 64) * 2;
        struct curl_watch **watches =
            eddy_realloc(engine->watches, count * sizeof(struct curl_watch *));
        if (!watches)
            return NULL;
        for (size_t i = engine->watch_count; i < count; i++)
            watches[i] = NULL;
        engine->watches = watches;
        engine->watch_count = count;
    }
    if (!engine->watches[fd]) {
        struct curl_watch *watch = eddy_calloc(1, sizeof *watch);
        if (!watch)
            return NULL;
        watch->engine = engine;
        watch->fd = fd;
        engine->watches[fd] = watch;
    }
    return engine->watches[fd];
}

static int set_watch(struct curl_watch *watch, bool reads, bool writes)
{
    int err = 0;
    if (watch->reads && !reads)
        eddy_remove_reader(watch->fd);
    if (watch->writes && !writes)
        eddy_remove_writer(watch->fd);
    if (!watch->reads && reads)
        err = eddy_add_reader(watch->fd, on_readable, watch);
    watch->reads = reads && err == 0;
    if (err == 0 && !watch->writes && writes)
        err = eddy_add_writer(watch->fd, on_writable, watch);
    watch->writes = writes && err == 0;
    return err;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *of_socket)
{
    struct curl_engine *engine = data;
    (void)of_socket;
    struct curl_watch *watch = watch_of(engine, fd);
    int err = watch ? set_watch(watch, what == CURL_POLL_IN || what == CURL_POLL_INOUT,
                                what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
                    : -ENOMEM;
    if (err < 0 && what != CURL_POLL_REMOVE) {
        // Returning an error would end every transfer, so end only this one.
        struct curl_job *job = find_job(engine, easy);
        if (job)
            job->is_broken = engine->has_broken = true;
    }
    return 0;
}

/* --- Creation and destruction ----------------------------------------------------------------- */

static void free_watches(struct curl_engine *engine)
{
    for (size_t i = 0; i < engine->watch_count; i++) {
        if (engine->watches[i])
            set_watch(engine->watches[i], false, false);
        eddy_free(engine->watches[i]);
    }
    eddy_free(engine->watches);
    engine->watches = NULL;
    engine->watch_count = 0;
}

/* The loop has ended. Only streamed responses that are not freed can still be in progress. */
static int on_loop_close(void *data)
{
    struct curl_engine *engine = data;
    for (size_t i = 0; i < JOB_BUCKETS; i++)
        while (engine->jobs[i])
            end_job(engine, engine->jobs[i], CURLE_ABORTED_BY_CALLBACK);
    CURLM *multi = engine->multi;
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, NULL);
    curl_multi_cleanup(multi);
    engine->multi = NULL;
    free_watches(engine);
    if (engine->timer) {
        eddy_handle_cancel(engine->timer);
        eddy_handle_free(engine->timer);
        engine->timer = NULL;
    }
    engine_here = NULL;
    eddy__curl_engine_unref(engine);
    return 0;
}

static void init_libcurl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int make(struct curl_engine **out_engine)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_libcurl);
    eddy__http_errors_register();
    struct curl_engine *engine = eddy_calloc(1, sizeof *engine);
    if (!engine)
        return -ENOMEM;
    engine->refs = 1;
    engine->loop = eddy_get_running_loop();
    engine->wanted = EDDY_NO_TIMEOUT;
    engine->multi = curl_multi_init();
    int err = engine->multi ? eddy_loop_on_close(on_loop_close, engine) : -ENOMEM;
    if (err < 0) {
        curl_multi_cleanup(engine->multi);
        eddy_free(engine);
        return err;
    }
    curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine);
    curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine);
    *out_engine = engine;
    return 0;
}

int eddy__curl_engine_get(struct curl_engine **out_engine)
{
    if (!eddy_get_running_loop())
        return eddy_fail(EDDY_EMISUSE, "no loop runs on this thread");
    if (!engine_here)
        EDDY_TRY(make(&engine_here));
    EDDY_TRY(engine_here->loop == eddy_get_running_loop() ? 0 : EDDY_EMISUSE);
    engine_here->refs++;
    *out_engine = engine_here;
    return 0;
}

void eddy__curl_engine_unref(struct curl_engine *engine)
{
    if (--engine->refs > 0)
        return;
    eddy__curl_sockets_fini(&engine->sockets);
    eddy_free(engine);
}

bool eddy__curl_engine_is_closed(const struct curl_engine *engine)
{
    return !engine->multi;
}

struct curl_sockets *eddy__curl_engine_sockets(struct curl_engine *engine)
{
    return &engine->sockets;
}

void eddy__curl_engine_keep(struct curl_engine *engine, long count)
{
    if (count <= engine->kept_max)
        return;
    engine->kept_max = count;
    curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, count);
}

int eddy__curl_job_start(struct curl_engine *engine, struct curl_job *job)
{
    if (!engine->multi)
        return eddy_fail(EDDY_EMISUSE, "the loop of this session has ended");
    if (engine->depth > 0)
        return eddy_fail(EDDY_EMISUSE, "a callback of libcurl began a transfer");
    job->result = CURLE_OK;
    job->is_broken = false;
    CURLMcode code = curl_multi_add_handle(engine->multi, job->easy);
    if (code == CURLM_ADDED_ALREADY)
        return -EBUSY;
    if (code != CURLM_OK)
        return eddy_fail(code == CURLM_OUT_OF_MEMORY ? -ENOMEM : EDDY_EMISUSE, "%s",
                         curl_multi_strerror(code));
    struct curl_job **bucket = bucket_of(engine, job->easy);
    job->next = *bucket;
    *bucket = job;
    job->is_active = true;
    if (!engine->is_stuck)
        return 0;
    engine->is_stuck = false;
    remove_job(engine, job);
    return -ENOMEM;
}

void eddy__curl_job_stop(struct curl_engine *engine, struct curl_job *job)
{
    if (job->is_active)
        remove_job(engine, job);
}
