/* SPDX-License-Identifier: MIT */
/*
 * fetch_land.c: takes rows as they come, and lands them a batch at a time.
 *
 * A batch is full when it has --batch rows or BATCH_SIZE_MAX bytes of bodies; it is also written
 * when its first row has waited as long as the sink says, so that a job that is killed has lost
 * half a second and not five hundred rows. While a batch is written, the workers go on.
 *
 * What always holds:
 *   - A row is counted in the summary when it has landed, and not before.
 *   - A row is freed here, whether it has landed or not. After a failure, or when nobody reads the
 *     pipe any more, rows are only freed, until the workers have ended.
 *   - Nobody cancels the main task once the landing has begun.
 *
 * Owns the batch. Called by fetch.c.
 */
#include "fetch_job.h"

#include <errno.h>
#include <stdlib.h>

enum { BATCH_SIZE_MAX = 8 << 20, BATCH_ROWS_FIRST = 512 };

/* Rows that wait to be written. The records lie in a row of their own, as the sink wants them. */
struct batch {
    struct row **rows;
    struct record *records;
    size_t count, capacity;
    uint64_t body_size;
    double due;    // by eddy_time(): when the first of them has waited enough
};

static int batch_put(struct batch *batch, struct row *row)
{
    if (batch->count == batch->capacity) {
        size_t capacity = batch->capacity > 0 ? batch->capacity * 2 : BATCH_ROWS_FIRST;
        struct row **rows = realloc(batch->rows, capacity * sizeof *rows);
        if (rows == NULL)
            return -ENOMEM;
        batch->rows = rows;
        struct record *records = realloc(batch->records, capacity * sizeof *records);
        if (records == NULL)
            return -ENOMEM;
        batch->records = records;
        batch->capacity = capacity;
    }
    batch->rows[batch->count] = row;
    batch->records[batch->count++] = row->record;
    batch->body_size += row->record.body_size;
    return 0;
}

static void count_row(struct summary *summary, const struct record *record)
{
    summary->body_size += record->body_size;
    if (record->error != NULL)
        summary->failed++;
    else if (record->status >= 200 && record->status <= 299)
        summary->loaded++;
    else if (record->status == 404 || record->status == 410)
        summary->not_found++;
    else
        summary->refused++;
}

static void batch_clear(struct job *job, struct batch *batch, bool has_landed)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (has_landed)
            count_row(&job->summary, &batch->rows[i]->record);
        row_free(batch->rows[i]);
    }
    job->unlanded_size -= batch->body_size;
    batch->count = 0;
    batch->body_size = 0;
    if (job->unlanded_size <= UNLANDED_MAX)
        EDDY_IGNORE(eddy_event_set(&job->has_room));
}

static bool may_land(const struct job *job)
{
    return job->stop != STOP_FAILED && job->stop != STOP_PIPE_CLOSED;
}

static void batch_write(struct job *job, struct batch *batch)
{
    bool has_landed = false;
    if (batch->count > 0 && may_land(job)) {
        struct complaint complaint = {0};
        int rc = sink_write(job->sink, batch->records, batch->count, &complaint);
        has_landed = rc >= 0;
        if (rc == -EPIPE) {
            job_stop(job, STOP_PIPE_CLOSED);
        } else if (rc < 0 && job->stop != STOP_FAILED) {
            job->complaint = complaint;
            job_stop(job, STOP_FAILED);
        }
    }
    batch_clear(job, batch, has_landed);
}

static bool is_full(const struct job *job, const struct batch *batch)
{
    return batch->count >= job->options->batch || batch->body_size >= BATCH_SIZE_MAX;
}

/* The next row: 0; EDDY_TIMEDOUT when the batch is due first; or why there are no more. */
static int next_row(struct job *job, const struct batch *batch, struct row **out_row)
{
    int rc = eddy_queue_get_nowait(job->rows, out_row);
    if (rc != EDDY_QUEUE_EMPTY)
        return rc;
    if (batch->count == 0)
        return eddy_queue_get(job->rows, out_row);
    EDDY_TRY(eddy_timeout_at_begin(batch->due));
    rc = eddy_queue_get(job->rows, out_row);
    return eddy_timeout_end(rc);
}

int fetch_land(struct job *job)
{
    struct batch batch = {0};
    int rc;
    for (;;) {
        struct row *row;
        rc = next_row(job, &batch, &row);
        if (rc < 0 && rc != EDDY_TIMEDOUT)
            break;
        if (rc == 0 && batch.count == 0)
            batch.due = eddy_time() + job->sink->patience;
        if (rc == 0 && batch_put(&batch, row) < 0) {
            job_fail(job, -ENOMEM, "can't land a row");
            row_free(row);
        }
        if (rc == EDDY_TIMEDOUT || is_full(job, &batch) || eddy_time() >= batch.due)
            batch_write(job, &batch);
    }
    batch_write(job, &batch);
    free(batch.rows);
    free(batch.records);
    return rc == EDDY_QUEUE_SHUTDOWN ? 0 : rc;
}
