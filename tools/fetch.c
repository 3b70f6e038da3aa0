/* SPDX-License-Identifier: MIT */
/*
 * fetch.c: the command `eddy fetch`, from its command line to its exit status.
 *
 * The command line, patterns included, is checked completely before anything is opened. Then the
 * target is opened, before the first request: fetching is useless if the result can't be stored.
 * The rest runs in the loop (see fetch_job.h).
 *
 *     exit status 2    the command line can't be understood
 *                 1    a URL failed, or the job as a whole
 *               130    Ctrl-C or SIGTERM
 *                 0    every URL was answered
 *
 * Owns the job. Called by main.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch_job.h"
#include "foreign.h"
#include "pattern.h"
#include "preflight.h"
#include "secret.h"
#include "tool.h"

enum { EXIT_INTERRUPTED = 130, RESERVED_MAX = 20000000, REASONS_SHOWN_MAX = 10 };

/* --- Before the loop -------------------------------------------------------------------------- */

static void say(const struct complaint *complaint)
{
    fprintf(stderr, "eddy fetch: %s\n", complaint->text);
}

/* Prints the position of the error in a pattern. */
static void point_at(const char *text, size_t column)
{
    char lines[256];
    char *shown = strdup(text);
    if (shown == NULL)
        return;
    secret_mask(shown);
    pattern_point_at(shown, column, lines, sizeof lines);
    fprintf(stderr, "%s\n", lines);
    free(shown);
}

static int add_patterns(struct job *job)
{
    const struct text_list *patterns = &job->options->patterns;
    for (size_t i = 0; i < patterns->count; i++) {
        int err = url_source_add_pattern(job->source, patterns->items[i], &job->complaint);
        if (err == 0 && !job->options->is_quiet &&
            foreign_range(patterns->items[i], &job->complaint))
            say(&job->complaint);
        if (err == 0)
            continue;
        say(&job->complaint);
        if (job->complaint.column > 0)
            point_at(patterns->items[i], job->complaint.column);
        return EXIT_USAGE;
    }
    return 0;
}

static int open_list(struct job *job)
{
    const char *path = job->options->urls;
    job->list_fd = -1;
    if (path == NULL)
        return 0;
    url_source_expect_lines(job->source);
    job->list_fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    int err = job->list_fd < 0 || fstat(job->list_fd, &status) < 0 ? errno : 0;
    if (err == 0 && S_ISDIR(status.st_mode))
        err = EISDIR;
    if (err != 0) {
        fprintf(stderr, "eddy fetch: the list of URLs %s can't be read: %s\n",
                strcmp(path, "-") == 0 ? "on standard input" : path, strerror(err));
        return EXIT_FAILURE;
    }
    job->is_list_plain = S_ISREG(status.st_mode);
    return 0;
}

/* Splits "Name: value" texts into the form that the session takes. */
static int split_headers(struct job *job)
{
    const struct text_list *texts = &job->options->headers;
    job->headers = calloc(texts->count + 1, sizeof *job->headers);
    job->header_texts = calloc(texts->count + 1, sizeof *job->header_texts);
    if (job->headers == NULL || job->header_texts == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < texts->count; i++) {
        char *text = job->header_texts[i] = strdup(texts->items[i]);
        if (text == NULL)
            return -ENOMEM;
        char *colon = strchr(text, ':');
        *colon = '\0';
        char *value = colon + 1 + strspn(colon + 1, " \t");
        for (size_t n = strlen(value); n > 0 && strchr(" \t", value[n - 1]) != NULL; n--)
            value[n - 1] = '\0';
        job->headers[i] = (eddy_http_header){text, value};
    }
    return 0;
}

/* Fits the concurrency to the descriptor limit: one per request. Returns 0 or an exit status. */
static int fit_descriptors(struct job *job)
{
    size_t limit;
    job->concurrency = preflight_descriptors(job->options->concurrency, &limit);
    if (job->concurrency == 0) {
        fprintf(stderr,
                "eddy fetch: only %zu descriptors may be open (ulimit -n), and too few of them are "
                "free for one request; raise the limit\n",
                limit);
        return EXIT_FAILURE;
    }
    if (job->concurrency < job->options->concurrency)
        fprintf(
            stderr,
            "eddy fetch: only %zu descriptors may be open (ulimit -n): going on with %zu request%s "
            "at a time instead of %" PRIu64 "\n",
            limit, job->concurrency, job->concurrency == 1 ? "" : "s", job->options->concurrency);
    return 0;
}

static int refuse_memory(void)
{
    fprintf(stderr, "eddy fetch: there is not enough memory\n");
    return EXIT_FAILURE;
}

static int job_init(struct job *job, const struct fetch_options *options)
{
    uint64_t random[3] = {0};
    // If the kernel's random numbers are unavailable, use addresses of this process.
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        random[0] = random[1] = random[2] = (uintptr_t)job ^ (uint64_t)getpid();
    *job = (struct job){.options = options, .list_fd = -1, .summary.into = options->into};
    seen_init(&job->seen, random);
    seen_init(&job->known, random);
    backoff_init(&job->backoff, random[2]);
    job->source = url_source_new();
    if (job->source == NULL || split_headers(job) < 0)
        return refuse_memory();
    int status = add_patterns(job);
    if (status == 0 && preflight_proxies(&job->complaint) < 0) {
        say(&job->complaint);
        status = EXIT_FAILURE;
    }
    if (status == 0)
        status = open_list(job);
    if (status == 0)
        status = fit_descriptors(job);
    if (status != 0)
        return status;
    hosts_init(&job->hosts, job->concurrency, options->max_wait, random);
    job->workers = calloc(job->concurrency, sizeof *job->workers);
    return job->workers != NULL ? 0 : refuse_memory();
}

/* Frees what the workers use, after the last worker has ended. */
static void free_shared(struct job *job)
{
    struct row *row;
    while (job->rows != NULL && eddy_queue_get_nowait(job->rows, &row) == 0)
        row_free(row);
    eddy_queue_free(job->rows);
    eddy_http_session_free(job->session);
    job->rows = NULL;
    job->session = NULL;
}

/* Frees the job after the loop has closed: no task or thread of the loop uses it any more. */
static void job_fini(struct job *job)
{
    batch_fini(&job->batch);
    free_shared(job);
    sink_free(job->sink);
    url_source_free(job->source);
    if (job->list_fd > STDIN_FILENO)
        close(job->list_fd);
    for (size_t i = 0; job->header_texts != NULL && job->header_texts[i] != NULL; i++)
        free(job->header_texts[i]);
    free(job->header_texts);
    free(job->headers);
    free(job->workers);
    hosts_fini(&job->hosts);
    reasons_fini(&job->reasons);
    seen_fini(&job->seen);
    seen_fini(&job->known);
}

/* --- In the loop ------------------------------------------------------------------------------ */

static int open_session(struct job *job)
{
    const struct fetch_options *options = job->options;
    eddy_http_session_options wanted = {
        .headers = job->headers,
        .timeout = {.total = options->timeout,
                    .connect = options->timeout,
                    .read = options->timeout},
        .connections_max = (unsigned)job->concurrency,
        .cacert = options->cacert,
        .insecure = options->is_insecure,
        .cookies = options->has_cookies ? EDDY_HTTP_COOKIES_KEPT : EDDY_HTTP_COOKIES_REDIRECTS,
        .path_as_is = options->keeps_dots,
    };
    int rc = eddy_http_session_new(&wanted, &job->session);
    if (rc < 0)
        job_fail(job, rc, "can't begin");
    return rc;
}

static int open_target(struct job *job)
{
    struct complaint complaint = {0};
    int rc = sink_open(job->options, &job->known, &job->sink, &complaint);
    if (rc < 0 && rc != EDDY_CANCELLED) {
        job->complaint = complaint;
        job->stop = STOP_FAILED;
        if (complaint.text[0] == '\0')
            complain(&job->complaint, rc, 0, "%.200s can't be opened: %s", job->options->into,
                     eddy_strerror(rc));
    }
    return rc;
}

static int check_cacert(struct job *job)
{
    const struct fetch_options *options = job->options;
    int rc = options->is_insecure ? 0 : preflight_cacert(options->cacert, &job->complaint);
    if (rc < 0)
        job->stop = STOP_FAILED;
    return rc;
}

static int prepare(struct job *job)
{
    EDDY_TRY(job_watch_signals(job));
    EDDY_TRY(check_cacert(job));
    EDDY_TRY(open_target(job));
    uint64_t total = 0;
    bool has_total = url_source_count(job->source, &total);
    // While a table grows, the old and the new one exist at once; a known size avoids growing.
    if (has_total && total <= RESERVED_MAX)
        EDDY_TRY(seen_reserve(&job->seen, total));
    job->rows = eddy_queue_new(struct row *, ROWS_WAITING_MAX);
    if (job->rows == NULL)
        return -ENOMEM;
    EDDY_IGNORE(eddy_event_set(&job->has_room));
    EDDY_TRY(open_session(job));
    show_begin(&job->show, &job->hosts, job->options->is_quiet, has_total, total);
    return 0;
}

/* The main task: opens the target, lands the workers' rows, closes the target. */
EDDY_ASYNC(run_job, (struct job *, job))
{
    job->main = eddy_current_task();
    int rc = prepare(job);
    double began = eddy_time();
    if (rc == 0) {
        job_start_worker(job);
        rc = fetch_land(job);
        job->has_landed = true;
        fetch_take_end(job);
        if (job->cut_off != NULL)
            eddy_handle_cancel(job->cut_off);
        eddy_handle_free(job->cut_off);
    }
    if (rc < 0 && rc != EDDY_CANCELLED && job->stop != STOP_FAILED)
        job_fail(job, rc, "can't go on");
    if (job->session != NULL)
        show_end(&job->show);
    job->summary.elapsed = eddy_time() - began;
    if (rc == 0 && job->stop != STOP_FAILED) {
        struct complaint complaint = {0};
        rc = sink_finish(job->sink, job->stop == STOP_NONE, &complaint);
        if (rc < 0 && rc != -EPIPE) {
            job->complaint = complaint;
            job->stop = STOP_FAILED;
            if (complaint.text[0] == '\0')
                complain(&job->complaint, rc, 0, "%.200s can't be completed: %s",
                         job->options->into, eddy_strerror(rc));
        }
    }
    // Remaining workers (the poll has failed, for example) are cancelled after this task has ended.
    if (job->active_count == 0)
        free_shared(job);
    return rc;
}

/* --- After the loop --------------------------------------------------------------------------- */

static void print_summary(struct job *job)
{
    const struct fetch_options *options = job->options;
    struct summary *summary = &job->summary;
    struct bytes text = {0};
    FILE *out = stderr;
    summary->failed += job->bad_line_count;
    summary->was_interrupted = job->stop == STOP_INTERRUPTED;
    summary->reasons = &job->reasons;
    reasons_sort(&job->reasons);
    if (options->has_json_summary) {
        summary_write_json(summary, &text);
        out = options->target.is_stdout ? stderr : stdout;
    } else if (!options->is_quiet) {
        reasons_write(&job->reasons, REASONS_SHOWN_MAX, &text);
        summary_write(summary, &text);
    }
    if (text.err == 0 && text.size > 0)
        fwrite(text.data, 1, text.size, out);
    bytes_fini(&text);
}

static int conclude(struct job *job)
{
    if (job->stop == STOP_PIPE_CLOSED)
        return job->summary.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (job->stop == STOP_FAILED)
        say(&job->complaint);
    if (job->stop != STOP_FAILED || job->worker_count > 0)
        print_summary(job);
    if (job->stop == STOP_INTERRUPTED)
        return EXIT_INTERRUPTED;
    return job->stop == STOP_FAILED || job->summary.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const struct fetch_options *options)
{
    struct job job;
    int status = job_init(&job, options);
    if (status == 0) {
        int rc = eddy_run(eddy_coro(run_job, &job), &(eddy_run_options){.keep_sigint = true});
        if (rc < 0 && job.stop == STOP_NONE) {
            complain(&job.complaint, rc, 0, "can't go on: %s", eddy_strerror(rc));
            job.stop = STOP_FAILED;
        }
        status = conclude(&job);
    }
    job_fini(&job);
    return status;
}

int fetch_main(int argc, char **argv)
{
    struct fetch_options options;
    struct complaint complaint;
    int status = EXIT_SUCCESS;
    int outcome = fetch_options_parse(&options, argc, argv, &complaint);
    if (outcome == OPTIONS_HELP) {
        fetch_options_print_help(stdout);
    } else if (outcome == OPTIONS_VERSION) {
        printf("eddy %s\n", eddy_version());
    } else if (outcome < 0) {
        say(&complaint);
        status = EXIT_USAGE;
    } else {
        status = run(&options);
    }
    fetch_options_fini(&options);
    return status;
}
