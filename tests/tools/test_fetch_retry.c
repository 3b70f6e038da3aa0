/* SPDX-License-Identifier: MIT */
/*
 * test_fetch_retry.c: what the workers of `eddy fetch` try again, when, and how it ends in a row;
 * under the virtual clock, with answers that are made up.
 */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <eddy/http_mock.h>

#include "fetch_job.h"

enum { ROWS_MAX = 64 };

/* A job without a target: its rows are collected here. */
static struct job job;
static struct fetch_options options;
static struct row *rows[ROWS_MAX];
static size_t row_count;
static double ended;    // by eddy_time()

static eddy_http_mock *mock;

/* The words of the command line end with NULL; among them are the URL patterns. */
static void set_up(const char *const *words)
{
    static char *argv[32];
    static const uint64_t key[2] = {1, 2};
    int argc = 1;
    argv[0] = "fetch";
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)words[argc - 1];
    struct complaint complaint;
    EXPECT_EQ(fetch_options_parse(&options, argc, argv, &complaint), 0);
    job = (struct job){.options = &options, .list_fd = -1, .concurrency = options.concurrency};
    seen_init(&job.seen, key);
    seen_init(&job.known, key);
    backoff_init(&job.backoff, 1);
    hosts_init(&job.hosts, job.concurrency, options.max_wait, key);
    job.source = url_source_new();
    for (size_t i = 0; i < options.patterns.count; i++)
        EXPECT_EQ(url_source_add_pattern(job.source, options.patterns.items[i], NULL), 0);
    job.workers = calloc(job.concurrency, sizeof *job.workers);
    job.rows = eddy_queue_new(struct row *, 4);
    eddy_event_set(&job.has_room);
    show_begin(&job.show, &job.hosts, true, false, 0);
    EXPECT_EQ(eddy_http_mock_new(NULL, &mock), 0);
    row_count = 0;
}

#define SET_UP(...) set_up((const char *const[]){__VA_ARGS__, NULL})

static void answer(const char *url, eddy_http_mock_answer with)
{
    EXPECT_EQ(eddy_http_mock_add(mock, "GET", url, &with), 0);
}

static eddy_http_mock_answer refusal(int status, const char *retry_after)
{
    static eddy_http_header fields[2];
    fields[0] = (eddy_http_header){"Retry-After", retry_after};
    return (eddy_http_mock_answer){.status = status, .headers = fields, .text = "no"};
}

static const eddy_http_mock_answer good = {.text = "{}", .times = EDDY_HTTP_MOCK_ALWAYS};

/* Runs the job to its end, and collects its rows. */
static void fetch(void)
{
    EXPECT_EQ(eddy_http_session_new(
                  &(eddy_http_session_options){.connections_max = (unsigned)job.concurrency,
                                               .timeout = {.total = options.timeout}},
                  &job.session),
              0);
    job_start_worker(&job);
    struct row *row;
    while (eddy_queue_get(job.rows, &row) == 0) {
        REQUIRE(row_count < ROWS_MAX);
        rows[row_count++] = row;
    }
    ended = eddy_time();
    EXPECT_EQ(job.active_count, 0);
    EXPECT_EQ(job.hosts.request_count, 0);
}

static void tear_down(void)
{
    fetch_take_end(&job);
    show_end(&job.show);
    if (job.cut_off != NULL)
        eddy_handle_cancel(job.cut_off);
    eddy_handle_free(job.cut_off);
    for (size_t i = 0; i < row_count; i++)
        row_free(rows[i]);
    eddy_http_session_free(job.session);
    eddy_http_mock_free(mock);
    eddy_queue_free(job.rows);
    url_source_free(job.source);
    free(job.workers);
    hosts_fini(&job.hosts);
    reasons_fini(&job.reasons);
    seen_fini(&job.seen);
    seen_fini(&job.known);
    fetch_options_fini(&options);
}

/* The row of a URL; NULL when it has none. */
static const struct record *row_of(const char *url)
{
    for (size_t i = 0; i < row_count; i++)
        if (strcmp(rows[i]->url, url) == 0)
            return &rows[i]->record;
    return NULL;
}

static void expect_row(const char *url, int status, unsigned attempts, const char *error, int line)
{
    const struct record *record = row_of(url);
    bool is_right = record != NULL && record->status == status && record->attempts == attempts &&
                    (error == NULL ? record->error == NULL
                                   : record->error != NULL && strstr(record->error, error) != NULL);
    harness_expect(is_right, __FILE__, line, "%s: status %d, %u attempts, error '%s'", url,
                   record != NULL ? record->status : -1, record != NULL ? record->attempts : 0,
                   record == NULL          ? "no row"
                   : record->error == NULL ? "none"
                                           : record->error);
}

#define EXPECT_ROW(url, status, attempts, error) \
    expect_row((url), (status), (attempts), (error), __LINE__)

/* When request number `n` to `url` was made; -1: it wasn't. */
static double time_of(const char *url, size_t n)
{
    const eddy_http_mock_call *call;
    for (size_t i = 0; (call = eddy_http_mock_call_at(mock, i)) != NULL; i++)
        if (strcmp(call->url, url) == 0 && n-- == 0)
            return call->at;
    return -1;
}

static bool is_between(double low, double value, double high)
{
    return low <= value && value <= high;
}

TEST(a_refusal_pauses_its_host_and_no_other)
{
    SET_UP("http://a.test/{1..6}", "http://b.test/{1..6}", "-c", "2");
    answer("http://a.test/1", refusal(429, "60"));
    answer("http://*", good);
    fetch();
    EXPECT_EQ(row_count, 12);
    EXPECT_ROW("http://a.test/1", 200, 2, NULL);
    for (int i = 1; i <= 6; i++) {
        char url[32];
        snprintf(url, sizeof url, "http://b.test/%d", i);
        EXPECT(is_between(0, time_of(url, 0), 1));
        snprintf(url, sizeof url, "http://a.test/%d", i);
        EXPECT(i == 2 || is_between(60, time_of(url, i == 1), 62));
    }
    EXPECT_EQ(job.summary.retries, 1);
    tear_down();
}

TEST(a_paused_host_does_not_hold_the_only_worker)
{
    SET_UP("http://a.test/1", "http://b.test/{1..3}", "-c", "1");
    answer("http://a.test/1", refusal(503, "100"));
    answer("http://*", good);
    fetch();
    EXPECT(is_between(0, time_of("http://b.test/3", 0), 1));
    EXPECT_ROW("http://a.test/1", 200, 2, NULL);
    EXPECT_STR(rows[3]->url, "http://a.test/1");
    tear_down();
}

TEST(refusals_cost_no_retry)
{
    SET_UP("http://a.test/1", "--retries", "0");
    eddy_http_mock_answer busy = refusal(429, "2");
    busy.times = 5;
    answer("http://a.test/1", busy);
    answer("http://a.test/1", good);
    fetch();
    EXPECT_ROW("http://a.test/1", 200, 6, NULL);
    tear_down();
}

TEST(a_429_without_retry_after_costs_a_retry_and_pauses_its_host)
{
    SET_UP("http://a.test/{1..9}", "http://b.test/1", "-c", "1");
    answer("http://a.test/1", (eddy_http_mock_answer){.status = 429});
    answer("http://a.test/1", (eddy_http_mock_answer){.status = 429});
    answer("http://*", good);
    fetch();
    EXPECT_ROW("http://a.test/1", 200, 3, NULL);
    EXPECT(is_between(0.8, time_of("http://a.test/1", 1), 1.2));
    EXPECT(time_of("http://a.test/2", 0) > 3);
    EXPECT(time_of("http://b.test/1", 0) < 0.1);
    tear_down();
}

TEST(a_closed_host_takes_no_turns_of_the_rate)
{
    SET_UP("http://a.test/{1..40}", "-c", "1", "--max-wait", "0", "--rate", "1/s");
    answer("http://a.test/1", refusal(429, "3600"));
    fetch();
    EXPECT_EQ(row_count, 40);
    EXPECT(ended < 1);
    tear_down();
}

TEST(a_wait_beyond_the_bound_is_told_with_its_date)
{
    SET_UP("http://a.test/{1..9}", "http://b.test/1", "-c", "1", "--max-wait", "1m");
    answer("http://a.test/1", refusal(403, "3600"));
    answer("http://*", good);
    fetch();
    EXPECT(ended < 1);
    EXPECT_EQ(row_count, 10);
    EXPECT_ROW("http://a.test/1", 403, 1, "status 403; the server asks to wait until 20");
    EXPECT_ROW("http://a.test/2", 0, 0, "not requested: the server asks to wait until 20");
    EXPECT_ROW("http://a.test/9", 0, 0, "longer than --max-wait");
    EXPECT_ROW("http://b.test/1", 200, 1, NULL);
    EXPECT(row_of("http://a.test/9")->fetched_at_ms > 0);
    EXPECT_EQ(job.reasons.count, 2);
    tear_down();
}

TEST(what_is_tried_again_for_itself)
{
    static const int statuses[] = {408, 425, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        SET_UP("http://a.test/1");
        answer("http://a.test/1", (eddy_http_mock_answer){.status = statuses[i]});
        answer("http://a.test/1", good);
        double began = eddy_time();
        fetch();
        EXPECT_ROW("http://a.test/1", 200, 2, NULL);
        EXPECT(is_between(0.8, ended - began, 1.2));
        tear_down();
    }
}

TEST(with_retry_after_403_and_413_are_tried_again_too)
{
    static const int statuses[] = {403, 413};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        SET_UP("http://a.test/1", "http://a.test/plain");
        answer("http://a.test/1", refusal(statuses[i], "7"));
        answer("http://a.test/plain", (eddy_http_mock_answer){.status = statuses[i]});
        answer("http://a.test/1", good);
        fetch();
        EXPECT_ROW("http://a.test/1", 200, 2, NULL);
        EXPECT_ROW("http://a.test/plain", statuses[i], 1, NULL);
        EXPECT(time_of("http://a.test/1", 1) - time_of("http://a.test/1", 0) >= 7);
        tear_down();
    }
}

TEST(retries_end_in_a_failure_that_keeps_the_status)
{
    SET_UP("http://a.test/{408,500,cut,404}", "--retries", "2");
    answer("http://a.test/408", (eddy_http_mock_answer){.status = 408, .times = 9});
    answer("http://a.test/500", (eddy_http_mock_answer){.status = 500, .text = "oh", .times = 9});
    answer("http://a.test/cut",
           (eddy_http_mock_answer){
               .status = 200, .text = "half", .error = EDDY_HTTP_PARTIAL, .times = 9});
    answer("http://a.test/404", (eddy_http_mock_answer){.status = 404, .times = 9});
    fetch();
    EXPECT_ROW("http://a.test/408", 408, 3, "status 408");
    EXPECT_ROW("http://a.test/500", 500, 3, "status 500");
    EXPECT_ROW("http://a.test/cut", 200, 3, "");
    EXPECT_ROW("http://a.test/404", 404, 1, NULL);
    EXPECT_EQ(row_of("http://a.test/500")->body_size, 2);
    EXPECT(row_of("http://a.test/cut")->body == NULL);
    tear_down();
}

TEST(a_status_stays_whatever_becomes_of_the_body)
{
    eddy_http_header gzip[] = {{"Content-Encoding", "gzip"}, {"Retry-After", "5"}, {0}};
    SET_UP("http://a.test/{large,garbage,busy}", "--max-size", "10", "-c", "1");
    answer("http://a.test/large", (eddy_http_mock_answer){.status = 203, .text = "12345678901"});
    answer("http://a.test/garbage",
           (eddy_http_mock_answer){.status = 200, .headers = gzip, .text = "no gzip"});
    answer("http://a.test/busy",
           (eddy_http_mock_answer){.status = 429, .headers = gzip, .text = "no gzip"});
    answer("http://a.test/busy", good);
    fetch();
    EXPECT_ROW("http://a.test/large", 203, 1, "larger than 10 bytes");
    EXPECT_ROW("http://a.test/garbage", 200, 1, "gzip");
    EXPECT_ROW("http://a.test/busy", 200, 2, NULL);
    tear_down();
}

TEST(a_server_that_restarts_for_ten_seconds_is_outlasted)
{
    SET_UP("http://a.test/{1..40}", "-c", "10");
    // Ten are under way; each fails three times, the last time after eleven seconds or more.
    answer("http://a.test/*", (eddy_http_mock_answer){.error = -ECONNREFUSED, .times = 30});
    answer("http://a.test/*", good);
    fetch();
    EXPECT_EQ(row_count, 40);
    for (size_t i = 0; i < row_count; i++)
        EXPECT(rows[i]->record.error == NULL);
    EXPECT(ended > 11);
    // A host that is down is not asked by more than its ten.
    EXPECT_EQ(eddy_http_mock_count(mock, NULL, NULL), 70);
    tear_down();
}

static int interrupt(void *data)
{
    (void)data;
    job_stop(&job, STOP_INTERRUPTED);
    return 0;
}

TEST(an_interrupt_ends_a_pause_at_once_and_keeps_what_was_tried)
{
    SET_UP("http://a.test/{1..9}", "-c", "3");
    eddy_http_mock_answer busy = refusal(429, "100");
    busy.times = 3;
    busy.delay = 1;
    answer("http://a.test/*", busy);
    EXPECT_EQ(eddy_call_later(5, interrupt, NULL), 0);
    fetch();
    EXPECT(is_between(5, ended, 5.01));
    EXPECT_EQ(row_count, 3);
    EXPECT_ROW("http://a.test/1", 429, 1, "status 429; interrupted before it was tried again");
    EXPECT_ROW("http://a.test/3", 429, 1, "status 429");
    tear_down();
}

TEST(an_interrupt_keeps_what_waits_to_be_tried_again)
{
    SET_UP("http://a.test/{1..9}", "-c", "2", "--fail-on", "none");
    answer("http://a.test/*", (eddy_http_mock_answer){.status = 500, .times = 4});
    EXPECT_EQ(eddy_call_later(2, interrupt, NULL), 0);
    fetch();
    EXPECT(is_between(2, ended, 2.01));
    EXPECT_EQ(row_count, 2);
    EXPECT_ROW("http://a.test/1", 500, 2, "interrupted before it was tried again");
    tear_down();
}

TEST(the_rate_holds_also_after_a_pause)
{
    SET_UP("http://a.test/{1..20}", "-c", "20", "--rate", "2/s");
    answer("http://a.test/3", refusal(429, "10"));
    answer("http://a.test/*", good);
    fetch();
    EXPECT_EQ(row_count, 20);
    const eddy_http_mock_call *call;
    double last = -1;
    for (size_t i = 0; (call = eddy_http_mock_call_at(mock, i)) != NULL; i++) {
        EXPECT(call->at - last > 0.49);
        last = call->at;
    }
    EXPECT(is_between(11, time_of("http://a.test/3", 1), 13));
    tear_down();
}

TEST(too_few_descriptors_are_not_charged_to_urls)
{
    SET_UP("http://a.test/{1..20}", "-c", "8", "--retries", "0", "-q");
    answer("http://a.test/*", (eddy_http_mock_answer){.error = -EMFILE, .delay = 1, .times = 5});
    answer("http://a.test/*",
           (eddy_http_mock_answer){.text = "x", .delay = 1, .times = EDDY_HTTP_MOCK_ALWAYS});
    fetch();
    EXPECT_EQ(row_count, 20);
    for (size_t i = 0; i < row_count; i++)
        EXPECT(rows[i]->record.error == NULL && rows[i]->record.attempts == 1);
    EXPECT_EQ(job.concurrency, 3);
    tear_down();
}

RUN_TESTS(TEST_OF(a_refusal_pauses_its_host_and_no_other),
          TEST_OF(a_paused_host_does_not_hold_the_only_worker), TEST_OF(refusals_cost_no_retry),
          TEST_OF(a_429_without_retry_after_costs_a_retry_and_pauses_its_host),
          TEST_OF(a_closed_host_takes_no_turns_of_the_rate),
          TEST_OF(a_wait_beyond_the_bound_is_told_with_its_date),
          TEST_OF(what_is_tried_again_for_itself),
          TEST_OF(with_retry_after_403_and_413_are_tried_again_too),
          TEST_OF(retries_end_in_a_failure_that_keeps_the_status),
          TEST_OF(a_status_stays_whatever_becomes_of_the_body),
          TEST_OF(a_server_that_restarts_for_ten_seconds_is_outlasted),
          TEST_OF(an_interrupt_ends_a_pause_at_once_and_keeps_what_was_tried),
          TEST_OF(an_interrupt_keeps_what_waits_to_be_tried_again),
          TEST_OF(the_rate_holds_also_after_a_pause),
          TEST_OF(too_few_descriptors_are_not_charged_to_urls))
