/* SPDX-License-Identifier: MIT */
/*
 * fetch_job.h: one run of `eddy fetch`, as its tasks share it.
 *
 *     patterns, list                                                database, file, pipe
 *          |                                                                ^
 *          v                                                                |
 *     feed_next() --URL--> fetch_take() --> worker: tries --row--> rows --> landing: batch by batch
 *                            ^              worker         (a queue)
 *                            |              ... as many as --concurrency
 *                            |                  |
 *                          hosts <--to be tried again, or its host is paused
 *
 * A worker takes a row that is put aside and may be tried now, or the next URL, and makes one
 * request. So no URL is made before its time, ten million lines are never in memory, and a paused
 * host holds no worker. A worker that has taken a row calls another, as long as there may be more to
 * do. The main task is the landing. When the last worker has ended, the queue is shut down, and the
 * landing ends when it is empty.
 *
 * How it stops early: job_stop() cancels the workers that are not in the middle of something, and
 * says so to the others. What is under way has some seconds, then it is cancelled too and recorded
 * as interrupted. Rows once made are always landed, unless landing itself has failed.
 *
 * All of it belongs to one loop. The job outlives the run, and so the threads that work for it.
 */
#ifndef EDDY_TOOLS_FETCH_JOB_H
#define EDDY_TOOLS_FETCH_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include <eddy.h>
#include <eddy/http_client.h>

#include "backoff.h"
#include "complaint.h"
#include "fetch_options.h"
#include "fetch_show.h"
#include "hosts.h"
#include "progress.h"
#include "reasons.h"
#include "record.h"
#include "seen.h"
#include "sink.h"
#include "url_source.h"

/* Bodies that wait to be landed may take so many bytes; then no further URL is taken. */
enum { UNLANDED_MAX = 32 << 20, ROWS_WAITING_MAX = 256 };

/* Rows that are put aside may take so many bytes; then no further URL is taken. */
enum { ASIDE_MAX = 16 << 20 };

enum stop_reason {
    STOP_NONE,
    STOP_INTERRUPTED,    // Ctrl-C or SIGTERM
    STOP_PIPE_CLOSED,    // nobody reads standard output any more
    STOP_FAILED,         // the job as a whole can't go on; `complaint` says why
};

/* One URL on its way to be a row. */
struct row {
    struct record record;           // its texts lie in the fields below
    struct host_request request;    // its place among those of its host
    unsigned retry_count;           // tries that failed and were followed by another
    char *body;                     // or NULL
    char *content_type;             // or NULL
    char *error;                    // or NULL
    const char *key;                // the URL as it is stored and shown, without a password
    size_t url_size;
    char url[];    // as it is requested; the key lies behind it
};

/* Rows that wait to be written. The records lie in an array of their own, as the sink wants them. */
struct batch {
    struct row **rows;
    struct record *records;
    size_t count, capacity;
    uint64_t body_size;
    double due;    // by eddy_time(): when the first of them has waited enough
};

/* What cancelling a worker would cut off. */
enum worker_state {
    WORKER_WAITS,         // for something to do, or for its turn: nothing is lost
    WORKER_REQUESTS,      // an answer on its way
    WORKER_HANDS_OVER,    // a row: never cut off
};

struct worker {
    struct job *job;
    eddy_task *task;    // NULL: not started, or ended
    enum worker_state state;
    bool is_superfluous;    // it ends, as there aren't descriptors for so many
    eddy_event call;        // while it is idle: there may be something to do
    bool is_idle;           // in the list of idle workers
    struct worker *previous_idle, *next_idle;
};

struct job {
    const struct fetch_options *options;
    struct url_source *source;
    int list_fd;           // of --urls; -1: none
    bool is_list_plain;    // a plain file, which epoll can't wait for
    struct seen seen;      // URLs of this run
    struct seen known;     // URLs answered in an earlier one
    struct backoff backoff;
    struct sink *sink;
    struct show show;

    eddy_http_session *session;    // NULL: not begun yet
    eddy_http_header *headers;
    char **header_texts;
    eddy_task *main;           // lent: the landing
    struct hosts hosts;        // rows that are put aside, and those under way
    bool is_feeding;           // a worker is at the source
    bool is_drained;           // there are no more URLs
    struct worker *idle;       // workers that wait for something to do
    eddy_handle *alarm;        // the timer for what is put aside; or NULL
    double alarm_at;           // by eddy_time(): when it goes off
    double next_turn;          // by eddy_time(): when --rate allows the next request
    eddy_queue *rows;          // struct row *, from the workers to the landing
    uint64_t unlanded_size;    // bytes of bodies that wait to be landed
    eddy_event has_room;       // unlanded_size is within its bound
    struct batch batch;        // what is being landed; a thread may read it until the loop has ended
    size_t concurrency;        // options->concurrency, or fewer if descriptors are short
    struct worker *workers;    // that many
    size_t worker_count;       // started so far
    size_t active_count;       // of those, not ended yet
    eddy_handle *cut_off;      // the timer that ends what an interrupt has left under way
    unsigned signal_count;     // of Ctrl-C and SIGTERM
    bool has_landed;           // every row has been handed to the sink

    enum stop_reason stop;
    bool has_told_resource;     // that descriptors are short
    uint64_t bad_line_count;    // lines of the list that are no URLs
    struct summary summary;
    struct reasons reasons;    // why URLs weren't loaded
    struct complaint complaint;
};

/*
 * Stops the job early; the first reason stands, unless a failure follows. To be called from any
 * task or callback of the loop.
 */
void job_stop(struct job *job, enum stop_reason reason);

/* The same for a failure, with a sentence for people; the first one stands. */
void job_fail(struct job *job, int status, const char *what);

/* Has Ctrl-C and SIGTERM stop the job, and a second one end the program. 0 or an error. */
int job_watch_signals(struct job *job);

/* Starts one more worker, if there may be more. */
void job_start_worker(struct job *job);

/*
 * Takes the next URL that is to be fetched from the source. Returns 1 and a row for it, which the
 * caller gives to row_free(); 0 when there are no more; or EDDY_CANCELLED. Suspends. Any other error
 * stops the job. One worker at a time: see job->is_feeding.
 */
int feed_next(struct job *job, struct row **out_row);

void row_free(struct row *row);

/*
 * Takes a row for the worker to work on: one that was put aside and may be tried now, or a new one.
 * Waits until there is one. Returns 1 and a row that is under way at its host; 0 when there are no
 * more; or EDDY_CANCELLED. Any other error stops the job.
 */
int fetch_take(struct worker *worker, struct row **out_row);

/* A row that is put aside, whatever it waits for; NULL: none. For the end of a job. */
struct row *fetch_take_any(struct job *job);

/* Has another worker look whether there is something to do: an idle one, or a new one. */
void fetch_call_another(struct job *job);

/* Ends the timer. */
void fetch_take_end(struct job *job);

/* Makes one request for the row and records how it went. Suspends. Returns what kind it was. */
enum try_outcome {
    TRY_ANSWERED,       // the URL has its answer
    TRY_FAILED,         // trying again would not help
    TRY_AGAIN,          // it may go better later
    TRY_REFUSED,        // the host asks to be left alone for a time
    TRY_NO_RESOURCE,    // it was not sent: the program has too few descriptors
    TRY_CUT_OFF,        // cancelled
};
enum try_outcome fetch_try(struct job *job, struct row *row, double *out_retry_after);

/* The time of the day, in milliseconds since 1970, UTC. */
int64_t fetch_now_ms(void);

/* Records an error of ours: the text is copied. */
void row_set_error(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A worker's life. */
EDDY_ASYNC_DECLARE(fetch_work, (struct worker *, worker));

/* Lands rows until there are no more. Suspends. 0, or an error for which the job has stopped. */
int fetch_land(struct job *job);

/* Frees the rows that have not landed. No thread may work for the job any more. */
void batch_fini(struct batch *batch);

#endif
