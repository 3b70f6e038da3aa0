/* SPDX-License-Identifier: MIT */
/*
 * fetch_try.c: makes one request and decides what its outcome means.
 *
 *     answered 429, 503 or 403 with Retry-After    the host is paused; costs no retry
 *     answered 408, 425, 429, 5xx, or 413 with     tried again; finally a failure if in --fail-on
 *       Retry-After
 *     answered otherwise                           a failure if in --fail-on; else answered
 *     not answered, cut off, timed out             tried again; finally a failure
 *     too long, no such scheme, too many           a failure at once: the next answer would be the
 *       redirects, a wrong certificate             same
 *
 * A status that was received is kept in the row, even if the body fails. A row with an error is a
 * failure; a row without one is answered. A later run uses this to find what it must try again, so
 * every failure gets an error text.
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
    // If there is no memory for a text, the row must still not count as answered.
    row->record.error = n >= 0 ? text : "not enough memory";
}

/* Clears the results of an earlier try. */
static void clear(struct row *row)
{
    free(row->body);
    free(row->content_type);
    free(row->error);
    row->body = row->content_type = row->error = NULL;
    row->record = (struct record){.url = row->key, .attempts = row->record.attempts};
}

/* Stores the content type. Header values are bytes; the stored text must be UTF-8. 0 or -ENOMEM. */
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

/* Returns the body's length by the head, if the body is not encoded; -1: unknown. */
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

/* Grows row->body so that it holds at least one byte more than `size`. */
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

/* Reads the body. Fails if it has more than `max` bytes. */
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
    // Waiting rows are limited by the sizes of their bodies, so unused memory is given back.
    char *body = realloc(row->body, size > 0 ? size : 1);
    row->body = body != NULL ? body : row->body;
    row->record.body = row->body;
    row->record.body_size = size;
    return 0;
}

/* --- Outcomes --------------------------------------------------------------------------------- */

/* Whether the refusal concerns the client and not this URL: then all requests to the host wait. */
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

/* Decides the outcome of a try that received a status; `rc` is the result of reading the body. */
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

/* Returns the message without a leading URL, if that is `url` without user and fragment. */
static const char *skip_url(const char *message, const eddy_http_url *url)
{
    size_t origin_size = strlen(url->origin), size = origin_size + url->target.size;
    if (strncmp(message, url->origin, origin_size) != 0 ||
        strncmp(message + origin_size, url->target.data, url->target.size) != 0 ||
        strncmp(message + size, ": ", 2) != 0)
        return message;
    return message + size + 2;
}

/* Records the error without a leading URL, which the row has anyway. */
static void record_error(struct row *row, int rc)
{
    EDDY_AUTO(eddy_http_url) *url = NULL;
    // If the URL can't be parsed, the error is the message of this call.
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

/* Stores the parts of a response that are landed. Returns 0, or why the body is not complete. */
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
    // The body is read here, so that the status is known even if the body fails.
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
