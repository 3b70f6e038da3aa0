/* SPDX-License-Identifier: MIT */
/*
 * fetch_feed.c: the next URL, for whichever worker asks.
 *
 * One worker at a time goes to the source; the others wait for the lock, in a row. Lines of a list
 * may take their time: a pipe or terminal is waited for and then read, which doesn't block; a plain
 * file, which can't be waited for, is read on a thread. Either way one block at a time.
 *
 * What always holds:
 *   - Whoever leaves with a URL starts the next worker, so as long as there are URLs, and workers
 *     may be started, somebody is at the source.
 *   - A worker that has taken a URL has it alone: each is given out once, however often it comes.
 *   - No worker takes a URL while bodies of more than UNLANDED_MAX bytes wait for the landing.
 *
 * Called by fetch_work.c.
 */
#include "fetch_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPARED_IN_A_ROW_MAX = 1000,    // URLs that are passed over before other tasks have a turn
    BAD_LINES_TOLD_MAX = 10,
};

EDDY_ASYNC_TO(ssize_t, read_plain_file, (struct url_source *, source), (int, fd))
{
    *result = url_source_fill(source, fd);
    return 0;
}

/* Gives the source its next block. 0, or an error. */
static int read_list(struct job *job)
{
    ssize_t n;
    if (job->is_list_plain) {
        EDDY_TRY(eddy_to_thread(eddy_coro(read_plain_file, job->source, job->list_fd), &n));
    } else {
        int rc = eddy_wait_readable(job->list_fd);
        if (rc == -EPERM) {    // /dev/null and its like: never in the way
            job->is_list_plain = true;
            rc = 0;
        }
        if (rc < 0)
            return rc;
        n = url_source_fill(job->source, job->list_fd);
    }
    return n == -EAGAIN || n == -EINTR || n >= 0 ? 0 : (int)n;
}

static void tell_bad_line(struct job *job, const struct complaint *complaint)
{
    job->bad_line_count++;
    if (job->bad_line_count <= BAD_LINES_TOLD_MAX)
        show_say(&job->show, "%s", complaint->text);
    else if (job->bad_line_count == BAD_LINES_TOLD_MAX + 1)
        show_say(&job->show, "further lines that are no URLs are only counted");
}

static bool is_bad_url(int rc)
{
    return rc == -EINVAL || rc == -EMSGSIZE || rc == -EILSEQ;
}

/* The next URL as the source has it: 1, 0 at the end, or an error. */
static int next_url(struct job *job, struct url *out_url)
{
    for (;;) {
        struct complaint complaint;
        int rc = url_source_next(job->source, out_url, &complaint);
        if (rc >= 0)
            return rc;
        if (rc == -EAGAIN)
            EDDY_TRY(read_list(job));
        else if (is_bad_url(rc))
            tell_bad_line(job, &complaint);
        else
            return rc;
    }
}

static struct row *row_new(const struct url *url)
{
    struct row *row = calloc(1, sizeof *row + url->size + 1);
    if (row == NULL)
        return NULL;
    memcpy(row->url, url->text, url->size);
    row->url_size = url->size;
    row->record.url = row->url;
    return row;
}

/* Whether the URL is to be fetched: 1; or 0 because it has been, which is counted. */
static int is_wanted(struct job *job, const struct url *url)
{
    int is_new = seen_put(&job->seen, url->text, url->size);
    if (is_new < 0)
        return is_new;
    bool is_known = is_new && seen_has(&job->known, url->text, url->size);
    job->summary.repeated += !is_new;
    job->summary.skipped += is_known;
    job->show.spared += !is_new || is_known;
    return is_new && !is_known;
}

static int take_wanted(struct job *job, struct row **out_row)
{
    struct url url;
    for (unsigned spared = 0;; spared++) {
        if (spared == SPARED_IN_A_ROW_MAX) {
            EDDY_TRY(eddy_sleep(0));
            spared = 0;
        }
        int rc = next_url(job, &url);
        if (rc <= 0)
            return rc;
        rc = is_wanted(job, &url);
        if (rc < 0)
            return rc;
        if (rc == 0)
            continue;
        *out_row = row_new(&url);
        return *out_row != NULL ? 1 : -ENOMEM;
    }
}

int feed_take(struct job *job, struct row **out_row)
{
    EDDY_TRY(eddy_event_wait(&job->has_room));
    EDDY_TRY(eddy_lock_acquire(&job->feeding));
    int rc = 0;
    if (!job->is_drained && job->stop == STOP_NONE)
        rc = take_wanted(job, out_row);
    if (rc == 0)
        job->is_drained = true;
    EDDY_IGNORE(eddy_lock_release(&job->feeding));
    if (rc > 0)
        job_start_worker(job);
    else if (rc < 0 && rc != EDDY_CANCELLED)
        job_fail(job, rc,
                 job->options->urls != NULL ? "can't read the list of URLs" : "can't go on");
    return rc;
}

void row_free(struct row *row)
{
    if (row == NULL)
        return;
    eddy_http_response_free(row->response);
    free(row->content_type);
    free(row->error);
    free(row);
}
