/* SPDX-License-Identifier: MIT */
/*
 * fetch_try.c: one request, and what its outcome means.
 *
 *     answered 429, 503 or 403 with Retry-After    the host is paused; costs no retry
 *     answered 408, 425, 429, 5xx, or 413 with     tried again; in the end a failure if in --fail-on
 *       Retry-After
 *     answered otherwise                           a failure if in --fail-on; else answered
 *     not answered, cut off, timed out             tried again; in the end a failure
 *     too long, no such scheme, too many           a failure at once: the next answer would be the
 *       redirects, a wrong certificate             same
 *
 * A status that was received stays in the row, whatever becomes of the body. A row with an error is
 * a failure, one without is answered: that is how a later run tells what it has to try again, so
 * every failure gets a text.
 *
 * Called by fetch_work.c.
 */
#include "fetch_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <eddy/http_url.h>

#include "json_check.h"
#include "secret.h"

enum { BODY_SIZE_FIRST = 8192 };

void row_set_error(struct row *row, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    free(row->error);
    if (n >= 0)
        secret_remove(text);
    row->error = n >= 0 ? text : NULL;
    // Without memory for a text it still must not look answered.
    row->record.error = n >= 0 ? text : "not enough memory";
}

/* Forgets what an earlier try has left. */
static void clear(struct row *row)
{
    free(row->body);
    free(row->content_type);
    free(row->error);
    row->body = row->content_type = row->error = NULL;
    row->record = (struct record){.url = row->key, .attempts = row->record.attempts};
}

/* Header values are bytes; what lands as text must be text. 0 or -ENOMEM. */
static int set_content_type(struct row *row, const eddy_http_response *response)
{
    const char *value = eddy_http_response_header(response, "Content-Type");
    if (value == NULL)
        return 0;
    row->content_type = strdup(value);
    if (row->content_type == NULL)
        return -ENOMEM;
    row->record.content_type = row->content_type;
    if (utf8_is_valid(value, strlen(value)))
        return 0;
    for (char *c = row->content_type; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return 0;
}

/* --- The body --------------------------------------------------------------------------------- */

/* The length that the head announces, if the body comes as it is; -1: not told. */
static int64_t announced_length(const eddy_http_response *response)
{
    const char *length = eddy_http_response_header(response, "Content-Length");
    uint64_t size;
    if (length == NULL || eddy_http_response_header(response, "Content-Encoding") != NULL ||
        option_read_count(length, &size) < 0 || size > INT64_MAX)
        return -1;
    return (int64_t)size;
}

static int refuse_size(uint64_t max)
{
    return eddy_fail(EDDY_HTTP_TOO_LARGE, "the body is larger than %" PRIu64 " bytes", max);
}

/* Makes room in row->body for at least one byte more than `size`. */
static int reserve(struct row *row, size_t size, size_t *inout_capacity)
{
    if (size < *inout_capacity)
        return 0;
    size_t capacity = *inout_capacity > 0 ? *inout_capacity * 2 : BODY_SIZE_FIRST;
    char *body = realloc(row->body, capacity);
    if (body == NULL)
        return -ENOMEM;
    row->body = body;
    *inout_capacity = capacity;
    return 0;
}

/* Reads the body, which has at most `max` bytes, or fails. */
static int read_body(struct row *row, eddy_http_response *response, uint64_t max)
{
    size_t size = 0, capacity = 0;
    if (announced_length(response) > (int64_t)max)
        return refuse_size(max);
    for (;;) {
        EDDY_TRY(reserve(row, size, &capacity));
        ssize_t n = eddy_http_response_read(response, row->body + size, capacity - size);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        size += (size_t)n;
        if (size > max)
            return refuse_size(max);
    }
    // Rows wait to be landed by the size of their bodies, so no more memory than that is kept.
    char *body = realloc(row->body, size > 0 ? size : 1);
    row->body = body != NULL ? body : row->body;
    row->record.body = row->body;
    row->record.body_size = size;
    return 0;
}

/* --- Outcomes --------------------------------------------------------------------------------- */

/* Whether the server means the client and not the URL: all requests to it are to wait. */
static bool is_refusal(int status, double retry_after)
{
    return retry_after >= 0 && (status == 429 || status == 503 || status == 403);
}

static bool is_passing(int status, double retry_after)
{
    return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599) ||
           (status == 413 && retry_after >= 0);
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
    case -EMFILE:
    case -ENFILE: return TRY_NO_RESOURCE;
    default: return TRY_AGAIN;
    }
}

/* A status has come; `rc` is what became of the body. */
static enum try_outcome judge_answer(struct job *job, struct row *row, int rc, double retry_after)
{
    int status = row->record.status;
    if (status_set_has(&job->options->fail_on, status))
        row_set_error(row, "status %d", status);
    if (rc == EDDY_CANCELLED)
        return TRY_CUT_OFF;
    if (is_refusal(status, retry_after))
        return TRY_REFUSED;
    if (is_passing(status, retry_after))
        return TRY_AGAIN;
    if (rc < 0)
        return judge_error(rc);
    return row->error == NULL ? TRY_ANSWERED : TRY_FAILED;
}

/* The message behind the URL that it begins with, if that is `url` without user and fragment. */
static const char *skip_url(const char *message, const eddy_http_url *url)
{
    size_t origin_size = strlen(url->origin), size = origin_size + url->target.size;
    if (strncmp(message, url->origin, origin_size) != 0 ||
        strncmp(message + origin_size, url->target.data, url->target.size) != 0 ||
        strncmp(message + size, ": ", 2) != 0)
        return message;
    return message + size + 2;
}

/* Tells the error without the URL before it, which the row has anyway. */
static void record_error(struct row *row, int rc)
{
    EDDY_AUTO(eddy_http_url) *url = NULL;
    // What is no URL has failed with the message of this very call.
    EDDY_IGNORE(eddy_http_url_parse(row->url, row->url_size, 0, &url));
    const char *message = eddy_error_message(eddy_error_get(rc));
    if (message == NULL)
        message = eddy_strerror(rc);
    if (url != NULL)
        message = skip_url(message, url);
    row_set_error(row, "%s", message);
    for (char *c = row->error; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

int64_t fetch_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what is to land of a response. 0, or why there is no whole body. */
static int take_answer(struct job *job, struct row *row, eddy_http_response *response,
                       double *out_retry_after)
{
    row->record.status = eddy_http_response_status(response);
    *out_retry_after = eddy_http_response_retry_after(response);
    EDDY_TRY(set_content_type(row, response));
    return read_body(row, response, job->options->max_size);
}

enum try_outcome fetch_try(struct job *job, struct row *row, double *out_retry_after)
{
    // The body is read here: so the status is known whatever becomes of it.
    static const eddy_http_request_options streamed = {.stream = true,
                                                       .body_max = EDDY_HTTP_NO_LIMIT};
    eddy_http_response *response = NULL;
    *out_retry_after = -1;
    clear(row);
    row->record.attempts++;
    double began = eddy_time();
    int rc = eddy_http_session_get(job->session, row->url, &streamed, &response);
    if (rc == 0)
        rc = take_answer(job, row, response, out_retry_after);
    row->record.elapsed = eddy_time() - began;
    row->record.fetched_at_ms = fetch_now_ms();
    if (rc < 0)
        record_error(row, rc);
    eddy_http_response_free(response);
    return response != NULL ? judge_answer(job, row, rc, *out_retry_after) : judge_error(rc);
}
