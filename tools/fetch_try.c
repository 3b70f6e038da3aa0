/* SPDX-License-Identifier: MIT */
/*
 * fetch_try.c: one request, and what its outcome means.
 *
 *     answered, status not in --fail-on     the row is answered; --resume leaves it alone
 *     answered 429 or 5xx                   tried again; in the end a failure if in --fail-on
 *     nobody there, cut off, timed out      tried again; in the end a failure
 *     too long, no such scheme, a ring of   a failure at once: the next answer would be the same
 *     redirects, a wrong certificate
 *
 * A row with an error is a failure, one without is answered: that is how a later run tells what it
 * has to try again, so every failure gets a text.
 *
 * Called by fetch_work.c.
 */
#include "fetch_job.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json_check.h"

void row_set_error(struct row *row, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    free(row->error);
    row->error = n >= 0 ? text : NULL;
    // Without memory for a text it still must not look answered.
    row->record.error = n >= 0 ? text : "not enough memory";
}

/* Forgets what an earlier try has left. */
static void clear(struct row *row)
{
    eddy_http_response_free(row->response);
    free(row->content_type);
    free(row->error);
    row->response = NULL;
    row->content_type = row->error = NULL;
    row->record = (struct record){.url = row->url, .attempts = row->record.attempts};
}

/* Header values are bytes; what lands as text must be text. */
static void set_content_type(struct row *row)
{
    const char *value = eddy_http_response_header(row->response, "Content-Type");
    row->record.content_type = value;
    if (value == NULL || utf8_is_valid(value, strlen(value)))
        return;
    row->record.content_type = row->content_type = strdup(value);
    for (char *c = row->content_type; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
}

static void set_answer(struct row *row, eddy_http_response *response)
{
    eddy_span body = eddy_http_response_body(response);
    row->response = response;
    row->record.status = eddy_http_response_status(response);
    row->record.body = body.data;
    row->record.body_size = body.size;
    set_content_type(row);
}

static bool is_passing(int status)
{
    return status == 429 || (status >= 500 && status <= 599);
}

static enum try_outcome judge_answer(struct job *job, struct row *row, double *out_retry_after)
{
    int status = row->record.status;
    if (status_set_has(&job->options->fail_on, status))
        row_set_error(row, "status %d", status);
    if (!is_passing(status))
        return row->error == NULL ? TRY_ANSWERED : TRY_FAILED;
    *out_retry_after = eddy_http_response_retry_after(row->response);
    return TRY_AGAIN;
}

static enum try_outcome judge_error(int rc)
{
    switch (rc) {
    case EDDY_CANCELLED: return TRY_CUT_OFF;
    case EDDY_EVALUE:
    case EDDY_HTTP_TOO_LARGE:
    case EDDY_HTTP_UNSUPPORTED:
    case EDDY_HTTP_TLS:
    case EDDY_HTTP_TOO_MANY_REDIRECTS:
    case EDDY_HTTP_DECODE:
    case EDDY_HTTP_URL: return TRY_FAILED;
    default: return TRY_AGAIN;
    }
}

/* Tells the error without the URL before it, which the row has anyway. */
static void record_error(struct row *row, int rc)
{
    const char *message = eddy_error_message(eddy_error_get(rc));
    if (message == NULL)
        message = eddy_strerror(rc);
    if (strncmp(message, row->url, row->url_size) == 0 &&
        strncmp(message + row->url_size, ": ", 2) == 0)
        message += row->url_size + 2;
    row_set_error(row, "%s", message);
    for (char *c = row->error; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum try_outcome fetch_try(struct job *job, struct row *row, double *out_retry_after)
{
    *out_retry_after = -1;
    clear(row);
    row->record.attempts++;
    double began = eddy_time();
    eddy_http_response *response;
    int rc = eddy_http_session_get(job->session, row->url, NULL, &response);
    row->record.elapsed = eddy_time() - began;
    row->record.fetched_at_ms = now_ms();
    if (rc < 0) {
        record_error(row, rc);
        return judge_error(rc);
    }
    set_answer(row, response);
    return judge_answer(job, row, out_retry_after);
}
