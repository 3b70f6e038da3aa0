/* SPDX-License-Identifier: MIT */
/*
 * fetch_land.c: takes rows from the queue and lands them a batch at a time.
 *
 * A batch is full when it has --batch rows or BATCH_SIZE_MAX bytes of bodies. It is also written
 * when its first row has waited as long as the sink allows, so that a job that is killed loses half
 * a second of rows and not five hundred rows. The workers continue while a batch is written.
 *
 * Invariants:
 *   - A row is counted in the summary when it has landed, and not before.
 *   - After a failure, or when the pipe has no reader any more, rows are only freed, until the
 *     workers have ended.
 *   - The batch belongs to the job. A batch that failed is freed with the job, not earlier: if the
 *     wait for the thread that writes it was cut off, that thread may still read it.
 *   - The main task is never cancelled after the landing has begun.
 *
 * Called by fetch.c.
 */
#include "fetch_job.h"

#include <errno.h>
#include <stdlib.h>

enum { BATCH_SIZE_MAX = 8 << 20, BATCH_ROWS_FIRST = 512 };

static bool may_land(const struct job *job)
{
    return job->stop != STOP_FAILED && job->stop != STOP_PIPE_CLOSED;
}

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

static void batch_write(struct job *job)
{
    struct batch *batch = &job->batch;
    if (batch->count == 0 || !may_land(job))
        return;
    struct complaint complaint = {0};
    int rc = sink_write(job->sink, batch->records, batch->count, &complaint);
    if (rc >= 0) {
        batch_clear(job, batch, true);
    } else if (rc == -EPIPE) {
        batch_clear(job, batch, false);
        job_stop(job, STOP_PIPE_CLOSED);
    } else if (complaint.text[0] == '\0') {
        job_fail(job, rc, "can't land rows");
    } else if (job->stop != STOP_FAILED) {
        job->complaint = complaint;
        job_stop(job, STOP_FAILED);
    }
}

static bool is_full(const struct job *job, const struct batch *batch)
{
    return batch->count >= job->options->batch || batch->body_size >= BATCH_SIZE_MAX;
}

/* Takes the next row. Returns 0; EDDY_TIMEDOUT if the batch is due first; or why there are none. */
static int next_row(struct job *job, const struct batch *batch, struct row **out_row)
{
    int rc = eddy_queue_get_nowait(job->rows, out_row);
    if (rc != EDDY_QUEUE_EMPTY)
        return rc;
    if (batch->count == 0 || !may_land(job))
        return eddy_queue_get(job->rows, out_row);
    EDDY_TRY(eddy_timeout_at_begin(batch->due));
    rc = eddy_queue_get(job->rows, out_row);
    return eddy_timeout_end(rc);
}

static void drop_row(struct job *job, struct row *row)
{
    job->unlanded_size -= row->record.body_size;
    row_free(row);
}

static void take_row(struct job *job, struct row *row)
{
    struct batch *batch = &job->batch;
    if (!may_land(job)) {
        drop_row(job, row);
        return;
    }
    int rc = batch_put(batch, row);
    if (rc < 0) {
        job_fail(job, rc, "can't land a row");
        drop_row(job, row);
    } else if (batch->count == 1) {
        batch->due = eddy_time() + job->sink->patience;
    }
}

int fetch_land(struct job *job)
{
    struct batch *batch = &job->batch;
    int rc;
    for (;;) {
        struct row *row;
        rc = next_row(job, batch, &row);
        if (rc < 0 && rc != EDDY_TIMEDOUT)
            break;
        if (rc == 0)
            take_row(job, row);
        if (rc == EDDY_TIMEDOUT || is_full(job, batch) || eddy_time() >= batch->due)
            batch_write(job);
    }
    if (rc != EDDY_QUEUE_SHUTDOWN)
        return rc;
    batch_write(job);
    return 0;
}

void batch_fini(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        row_free(batch->rows[i]);
    free(batch->rows);
    free(batch->records);
    *batch = (struct batch){0};
}
