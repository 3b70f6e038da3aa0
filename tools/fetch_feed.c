/* SPDX-License-Identifier: MIT */
/*
 * fetch_feed.c: takes the next URL of the source and makes a row of it.
 *
 * One worker at a time reads from the source. A list is read a block at a time. Reading may take
 * long: for a pipe or terminal the task waits until it is readable, so the read doesn't block; a
 * plain file can't be waited for, so it is read on a thread.
 *
 * Each URL is returned once, even if the source repeats it.
 *
 * Called by fetch_take.c.
 */
#include "fetch_job.h"

#include "secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <eddy/http_url.h>

enum { SPARED_IN_A_ROW_MAX = 1000 };    // URLs skipped at once before other tasks may run

EDDY_ASYNC_TO(ssize_t, read_plain_file, (struct url_source *, source), (int, fd))
{
    *result = url_source_fill(source, fd);
    return 0;
}

/* Feeds the next block of the list to the source. Returns 0 or an error. */
static int read_list(struct job *job)
{
    ssize_t n;
    if (job->is_list_plain) {
        EDDY_TRY(eddy_to_thread(eddy_coro(read_plain_file, job->source, job->list_fd), &n));
    } else {
        int rc = eddy_wait_readable(job->list_fd);
        if (rc == -EPERM) {    // /dev/null and the like: reading never blocks
            job->is_list_plain = true;
            rc = 0;
        }
        if (rc < 0)
            return rc;
        n = url_source_fill(job->source, job->list_fd);
    }
    return n == -EAGAIN || n == -EINTR || n >= 0 ? 0 : (int)n;
}

/* Reports a line that isn't a URL. Each one is reported, because it gets no row. */
static void tell_bad_line(struct job *job, const struct complaint *complaint)
{
    job->bad_line_count++;
    show_say(&job->show, "%s", complaint->text);
}

static bool is_bad_url(int rc)
{
    return rc == -EINVAL || rc == -EMSGSIZE || rc == -EILSEQ;
}

/* Takes the next URL from the source. Returns 1, 0 at the end, or an error. */
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

/* Enters the row's request at its host. If the URL can't be parsed, the try will fail. */
static int enter_host(struct job *job, struct row *row)
{
    EDDY_AUTO(eddy_http_url) *url = NULL;
    int rc = eddy_http_url_parse(row->url, row->url_size, 0, &url);
    if (rc == -ENOMEM)
        return rc;
    row->request.size = sizeof *row + row->url_size;
    return hosts_enter(&job->hosts, &row->request, rc == 0 ? url->origin : "");
}

static int row_new(struct job *job, const struct url *url, struct row **out_row)
{
    struct row *row = calloc(1, sizeof *row + 2 * (url->size + 1));
    if (row == NULL)
        return -ENOMEM;
    memcpy(row->url, url->text, url->size);
    row->url_size = url->size;
    row->key = memcpy(row->url + url->size + 1, url->text, url->size);
    secret_remove(row->url + url->size + 1);
    row->record.url = row->key;
    int rc = enter_host(job, row);
    if (rc < 0) {
        free(row);
        return rc;
    }
    *out_row = row;
    return 0;
}

/* Returns 1 if the URL is to be fetched; 0 if it was already fetched or taken, which is counted. */
static int is_wanted(struct job *job, const struct url *url)
{
    char key[URL_MAX + 1];
    memcpy(key, url->text, url->size);
    key[url->size] = '\0';
    size_t size = secret_remove(key);
    int is_new = seen_put(&job->seen, key, size);
    if (is_new < 0)
        return is_new;
    bool is_known = is_new && seen_has(&job->known, key, size);
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
        EDDY_TRY(row_new(job, &url, out_row));
        return 1;
    }
}

int feed_next(struct job *job, struct row **out_row)
{
    job->is_feeding = true;
    int rc = take_wanted(job, out_row);
    job->is_feeding = false;
    if (rc == 0)
        job->is_drained = true;
    else if (rc < 0 && rc != EDDY_CANCELLED)
        job_fail(job, rc,
                 job->options->urls != NULL ? "can't read the list of URLs" : "can't go on");
    return rc;
}

void row_free(struct row *row)
{
    if (row == NULL)
        return;
    free(row->body);
    free(row->content_type);
    free(row->error);
    free(row);
}
