/* SPDX-License-Identifier: MIT */
/*
 * fetch_job.h: one run of `eddy fetch`: the state that its tasks share.
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
 * request. So URLs are made only when needed, a list of ten million lines is never in memory, and a
 * paused host occupies no worker. A worker that has taken a row calls another worker if there may
 * be more to do. The main task lands the rows. When the last worker has ended, the queue is shut
 * down, and the landing ends when it is empty.
 *
 * Stopping early: job_stop() cancels the workers that are idle and tells the others to stop.
 * Requests under way have some seconds; then they are cancelled too and recorded as interrupted.
 * Completed rows are always landed, unless landing itself has failed.
 *
 * All of it belongs to one loop. The job outlives the loop's run, and so the threads that use it.
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

/* Limits on bodies that wait to be landed, in bytes and rows; at a limit no more URLs are taken. */
enum { UNLANDED_MAX = 32 << 20, ROWS_WAITING_MAX = 256 };

/* Limit, in bytes, on rows that are put aside; at the limit no further URL is taken. */
enum { ASIDE_MAX = 16 << 20 };

enum stop_reason {
    STOP_NONE,
    STOP_INTERRUPTED,    // Ctrl-C or SIGTERM
    STOP_PIPE_CLOSED,    // standard output has no reader any more
    STOP_FAILED,         // the job as a whole can't continue; `complaint` says why
};

/* One URL on its way to be a row. */
struct row {
    struct record record;           // its texts are in the fields below
    struct host_request request;    // its entry among the requests of its host
    unsigned retry_count;           // tries that failed and were followed by another
    char *body;                     // or NULL
    char *content_type;             // or NULL
    char *error;                    // or NULL
    const char *key;                // the URL as it is stored and shown, without a password
    size_t url_size;
    char url[];    // as it is requested; followed by the key
};

/* Rows that wait to be written. The records are in a separate array, as the sink takes them. */
struct batch {
    struct row **rows;
    struct record *records;
    size_t count, capacity;
    uint64_t body_size;
    double due;    // by eddy_time(): when the first of them has waited long enough
};

/* What a worker is doing, which decides whether job_stop() may cancel it. */
enum worker_state {
    WORKER_WAITS,         // for a row, or for its turn: cancelling it loses nothing
    WORKER_REQUESTS,      // it makes a request: cancelling it loses the answer
    WORKER_HANDS_OVER,    // it hands over a row: it is never cancelled
};

struct worker {
    struct job *job;
    eddy_task *task;    // NULL: not started, or ended
    enum worker_state state;
    bool is_superfluous;    // it ends, as there are too few descriptors for it
    eddy_event call;        // wakes it while it is idle: there may be something to do
    bool is_idle;           // in the list of idle workers
    struct worker *previous_idle, *next_idle;
};

struct job {
    const struct fetch_options *options;
    struct url_source *source;
    int list_fd;           // of --urls; -1: none
    bool is_list_plain;    // it is a plain file, which epoll can't wait for
    struct seen seen;      // URLs of this run
    struct seen known;     // URLs answered in an earlier one
    struct backoff backoff;
    struct sink *sink;
    struct show show;

    eddy_http_session *session;    // NULL: not created yet
    eddy_http_header *headers;
    char **header_texts;
    eddy_task *main;           // borrowed: the landing task
    struct hosts hosts;        // rows that are put aside, and those under way
    bool is_feeding;           // a worker is reading from the source
    bool is_drained;           // the source has no more URLs
    struct worker *idle;       // workers that wait for something to do
    eddy_handle *alarm;        // the timer for rows that are put aside; or NULL
    double alarm_at;           // by eddy_time(): when it expires
    double next_turn;          // by eddy_time(): when --rate allows the next request
    eddy_queue *rows;          // struct row *, from the workers to the landing
    uint64_t unlanded_size;    // bytes of bodies that wait to be landed
    eddy_event has_room;       // set while unlanded_size is within its limit
    struct batch batch;        // being landed; a thread may read it until the loop has closed
    size_t concurrency;        // options->concurrency, or fewer if descriptors are short
    struct worker *workers;    // that many
    size_t worker_count;       // started so far
    size_t active_count;       // of those, not ended yet
    eddy_handle *cut_off;      // the timer that cancels what is under way after an interrupt
    unsigned signal_count;     // of Ctrl-C and SIGTERM
    bool has_landed;           // every row has been handed to the sink

    enum stop_reason stop;
    bool has_told_resource;     // the lack of descriptors has been reported
    uint64_t bad_line_count;    // lines of the list that are no URLs
    struct summary summary;
    struct reasons reasons;    // why URLs weren't loaded
    struct complaint complaint;
};

/*
 * Stops the job early. The first reason is kept, unless a failure follows. May be called from any
 * task or callback of the loop.
 */
void job_stop(struct job *job, enum stop_reason reason);

/* Stops the job because of a failure, with a message for the user; the first failure is kept. */
void job_fail(struct job *job, int status, const char *what);

/* Makes Ctrl-C and SIGTERM stop the job, and a second one end the program. 0 or an error. */
int job_watch_signals(struct job *job);

/* Starts one more worker, if the concurrency allows one. */
void job_start_worker(struct job *job);

/*
 * Takes the next URL to be fetched from the source. Returns 1 and a row for it, which the caller
 * frees with row_free(); 0 when there are no more; or EDDY_CANCELLED. Suspends. Any other error
 * stops the job. To be called by one worker at a time: see job->is_feeding.
 */
int feed_next(struct job *job, struct row **out_row);

void row_free(struct row *row);

/*
 * Takes a row for the worker: one that was put aside and may be tried now, or a new one. Waits for
 * one if necessary. Returns 1 and a row that is under way at its host; 0 when there are no more; or
 * EDDY_CANCELLED. Any other error stops the job.
 */
int fetch_take(struct worker *worker, struct row **out_row);

/* Takes any row that is put aside, even if its time has not come; NULL: none. For a job's end. */
struct row *fetch_take_any(struct job *job);

/* Makes another worker, an idle or a new one, check whether there is something to do. */
void fetch_call_another(struct job *job);

/* Cancels the timer. */
void fetch_take_end(struct job *job);

/* Outcomes of fetch_try(), which makes one request for the row and records the result. Suspends. */
enum try_outcome {
    TRY_ANSWERED,       // the URL has its answer
    TRY_FAILED,         // trying again would not help
    TRY_AGAIN,          // a later try may succeed
    TRY_REFUSED,        // the host asks for a pause
    TRY_NO_RESOURCE,    // not sent: the program has too few descriptors
    TRY_CUT_OFF,        // cancelled
};
enum try_outcome fetch_try(struct job *job, struct row *row, double *out_retry_after);

/* Returns the current time, in milliseconds since 1970, UTC. */
int64_t fetch_now_ms(void);

/* Stores an error message in the row; the text is copied. */
void row_set_error(struct row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The main function of a worker task. */
EDDY_ASYNC_DECLARE(fetch_work, (struct worker *, worker));

/* Lands rows until there are no more. Suspends. Returns 0, or an error that stopped the job. */
int fetch_land(struct job *job);

/* Frees the rows that have not landed. No thread may use the job any more. */
void batch_fini(struct batch *batch);

#endif
